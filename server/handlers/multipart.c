/* multipart.c - the parts of a multipart/form-data body (RFC 7578), which lies in memory. */
#define _GNU_SOURCE
#include "handlers/multipart.h"
#include "failure.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_BOUNDARY = 70, LONGEST_HEAD = 4096 }; /* RFC 2046, 5.1.1 */

/* Copies a value, quoted or not, of at most room - 1 characters; NULL: too long, or its quote is
 * open. Returns what follows it. */
static const char *value(const char *text, const char *end, char *out, size_t room)
{
    bool   quoted = text < end && *text == '"';
    size_t n      = 0;

    text += quoted;
    while (text < end && (quoted ? *text != '"' : *text != ';' && !isspace((unsigned char)*text))) {
        text += quoted && *text == '\\' && text + 1 < end;
        if (n + 1 >= room)
            return NULL;
        out[n++] = *text++;
    }
    out[n] = '\0';
    return quoted && text == end ? NULL : text + quoted;
}

/* The value of `key` in "...; key=value; key2=\"value\""; false: there is none. */
static bool parameter(const char *text, size_t length, const char *key, char *out, size_t room)
{
    const char *end = text + length;
    char        other[LONGEST_HEAD];

    text = memchr(text, ';', length);
    while (text != NULL && text < end) {
        size_t name = strlen(key);
        bool   mine;

        do
            text++;
        while (text < end && (*text == ' ' || *text == '\t'));
        mine =
            (size_t)(end - text) > name && strncasecmp(text, key, name) == 0 && text[name] == '=';
        text = memchr(text, '=', (size_t)(end - text));
        if (text == NULL)
            return false;
        text = value(text + 1, end, mine ? out : other, mine ? room : sizeof other);
        if (mine)
            return text != NULL && out[0] != '\0';
        if (text != NULL)
            text = memchr(text, ';', (size_t)(end - text));
    }
    return false;
}

/* The name of the field from the head of a part, "Content-Disposition: form-data; name=\"x\"". */
static bool read_head(const char *head, size_t length, multipart_part *part)
{
    static const char field[] = "content-disposition:";
    const char       *end     = head + length;

    while (head < end) {
        const char *stop = memmem(head, (size_t)(end - head), "\r\n", 2);
        size_t      line = (size_t)((stop == NULL ? end : stop) - head);

        if (line >= sizeof field - 1 && strncasecmp(head, field, sizeof field - 1) == 0)
            return parameter(head, line, "name", part->name, sizeof part->name);
        head += line + 2;
    }
    return false;
}

/* *at: behind the line end of a delimiter; then behind the delimiter that ends the part. */
static skc_status read_part(const char **at, const char *end, const char *delimiter,
                            multipart_part *part, int32_t number, skc_error *err)
{
    const char *head = *at, *stop = memmem(head, (size_t)(end - head), "\r\n\r\n", 4);
    const char *next;

    if (stop == NULL || stop - head > LONGEST_HEAD ||
        memmem(head - 2, (size_t)(stop - head) + 2, delimiter, strlen(delimiter)) != NULL ||
        !read_head(head, (size_t)(stop - head), part))
        return failure(err, SKC_EFORMAT,
                       "part %d has no head with 'Content-Disposition: form-data; name=\"...\"'",
                       number);
    part->bytes = stop + 4;
    next        = memmem(part->bytes, (size_t)(end - part->bytes), delimiter, strlen(delimiter));
    if (next == NULL)
        return failure(err, SKC_EFORMAT, "the body ends inside part %d", number);
    part->size = (size_t)(next - part->bytes);
    *at        = next + strlen(delimiter);
    return SKC_OK;
}

skc_status multipart_read(const char *type, const char *body, size_t size, multipart_part *parts,
                          int32_t most, int32_t *count, skc_error *err)
{
    char        delimiter[LONGEST_BOUNDARY + 5] = "\r\n--";
    const char *end = body + size, *at = body;
    int32_t     n = 0;

    if (!parameter(type, strlen(type), "boundary", delimiter + 4, LONGEST_BOUNDARY + 1))
        return failure(err, SKC_EFORMAT, "Content-Type has no boundary of 1 to %d characters",
                       LONGEST_BOUNDARY);
    /* the first delimiter may stand at the very beginning, without a line end before it */
    if (size >= strlen(delimiter) - 2 && memcmp(body, delimiter + 2, strlen(delimiter) - 2) == 0)
        at += strlen(delimiter) - 2;
    else if ((at = memmem(body, size, delimiter, strlen(delimiter))) != NULL)
        at += strlen(delimiter);
    else
        return failure(err, SKC_EFORMAT, "the boundary of Content-Type is not in the body");
    for (; end - at < 2 || memcmp(at, "--", 2) != 0; n++) {
        skc_status status;

        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        if (end - at < 2 || memcmp(at, "\r\n", 2) != 0)
            return failure(err, SKC_EFORMAT, "the body ends without its closing boundary");
        if (n == most)
            return failure(err, SKC_ELIMIT, "there are more than %d parts", most);
        at += 2;
        status = read_part(&at, end, delimiter, &parts[n], n + 1, err);
        if (status != SKC_OK)
            return status;
    }
    *count = n;
    return SKC_OK;
}
