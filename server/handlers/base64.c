/* base64.c - pictures out of base64 in the forms that people send, over libsodium's decoder. */
#include "handlers/base64.h"
#include "failure.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHITE " \t\r\n\f\v"

enum { LONGEST_TYPE = 100 };

static bool is_white(char c)
{
    return c != '\0' && strchr(WHITE, c) != NULL;
}

/* Skips "data:image/jpeg;base64,", in which capitals are no matter, and white space before it;
 * false: it begins so and does not go on so. */
static bool skip_data_url(const char **text, size_t *length)
{
    static const char begin[] = "data:", end[] = ";base64,";
    size_t            at;

    for (; *length > 0 && is_white(**text); ++*text)
        --*length;
    if (*length < sizeof begin - 1 || strncasecmp(*text, begin, sizeof begin - 1) != 0)
        return true;
    for (at = sizeof begin - 1; at + sizeof end - 1 <= *length && at < LONGEST_TYPE; at++)
        if (strncasecmp(*text + at, end, sizeof end - 1) == 0) {
            *text += at + sizeof end - 1;
            *length -= at + sizeof end - 1;
            return true;
        }
    return false;
}

/* Without white space and padding at the end: at most two '=', and only where they fill up to a
 * multiple of four is not asked, because many senders get it wrong. */
static size_t trimmed(const char *text, size_t length)
{
    int padding = 0;

    while (length > 0 && (is_white(text[length - 1]) || (text[length - 1] == '=' && padding < 2)))
        padding += text[--length] == '=';
    return length;
}

static skc_status fail_at(const char *name, const char *begin, const char *at, size_t left,
                          skc_error *err)
{
    if (left == 0)
        return failure(err, SKC_EFORMAT, "%s: the base64 ends in the middle of a byte", name);
    if (*at > ' ' && *at < 0x7f)
        return failure(err, SKC_EFORMAT, "%s: '%c' at character %td is not base64 here", name, *at,
                       at - begin + 1);
    return failure(err, SKC_EFORMAT, "%s: the character with the code %d at %td is not base64",
                   name, (unsigned char)*at, at - begin + 1);
}

skc_status base64_decode(const char *text, size_t length, const char *name, unsigned char **bytes,
                         size_t *size, skc_error *err)
{
    const char    *begin = text, *end;
    unsigned char *decoded;
    int            variant = sodium_base64_VARIANT_ORIGINAL_NO_PADDING;

    if (!skip_data_url(&text, &length))
        return failure(err, SKC_EFORMAT, "%s: a data URL must go on with ';base64,'", name);
    length = trimmed(text, length);
    if (length == 0)
        return failure(err, SKC_EINVAL, "%s: there is nothing in it", name);
    if (memchr(text, '-', length) != NULL || memchr(text, '_', length) != NULL)
        variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    decoded = malloc(length / 4 * 3 + 3);
    if (decoded == NULL)
        return failure_memory(err);
    if (sodium_base642bin(decoded, length / 4 * 3 + 3, text, length, WHITE, size, &end, variant) !=
            0 ||
        end != text + length) {
        free(decoded);
        return fail_at(name, begin, end, (size_t)(text + length - end), err);
    }
    *bytes = decoded;
    return SKC_OK;
}

char *base64_data_url(const char *type, const void *bytes, size_t size)
{
    size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    size_t head    = strlen(type) + sizeof "data:;base64,";
    char  *url     = malloc(head + encoded);
    int    length;

    if (url == NULL)
        return NULL;
    length = snprintf(url, head, "data:%s;base64,", type);
    sodium_bin2base64(url + length, encoded, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    return url;
}
