/* target.c - what a request asks for: path and query of its first line, decoded and checked. */
#define _GNU_SOURCE
#include "http/target.h"

#include <jansson.h>
#include <string.h>

bool target_is_text(const char *text, size_t length)
{
    json_t *string;

    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    string = json_stringn(text, length); /* only of valid UTF-8 */
    json_decref(string);
    return string != NULL;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes in place; false where '%' is not followed by two digits, or the result is no text. */
static bool decode(char *text, bool form)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        int high, low;

        if (*from != '%') {
            *to++ = form && *from == '+' ? ' ' : *from;
            continue;
        }
        high = digit(from[1]);
        low  = high < 0 ? -1 : digit(from[2]);
        if (low < 0)
            return false;
        *to++ = (char)(high << 4 | low);
        from += 2;
    }
    *to = '\0';
    return target_is_text(text, (size_t)(to - text));
}

static bool has_dot_segment(const char *path)
{
    for (const char *segment = path; segment != NULL; segment = strchr(segment, '/')) {
        size_t length = strcspn(++segment, "/");

        if ((length == 1 || length == 2) && strncmp(segment, "..", length) == 0)
            return true;
    }
    return false;
}

static const char *parse_path(char *path)
{
    if (path[0] != '/')
        return "The path of the URL does not begin with '/'";
    if (strstr(path, "%2f") != NULL || strstr(path, "%2F") != NULL)
        return "The path of the URL has an escaped slash";
    if (!decode(path, false))
        return "The path of the URL is not UTF-8 text in valid escapes";
    if (strchr(path, '\\') != NULL || has_dot_segment(path))
        return "The path of the URL has '.', '..' or a backslash";
    return NULL;
}

static const char *parse_queries(char *text, target *out)
{
    while (text != NULL) {
        char *next  = strchr(text, '&');
        char *value = NULL;

        if (next != NULL)
            *next++ = '\0';
        value = strchr(text, '=');
        if (value != NULL)
            *value++ = '\0';
        else
            value = text + strlen(text);
        if (!decode(text, true) || !decode(value, true))
            return "The query of the URL is not UTF-8 text in valid escapes";
        if (text[0] != '\0' || value[0] != '\0') {
            if (out->count == TARGET_QUERIES)
                return "The query of the URL has more than 32 names";
            out->queries[out->count++] = (target_query){ text, value };
        }
        text = next;
    }
    return NULL;
}

const char *target_parse(char *text, target *out)
{
    target      parsed = { .path = text };
    char       *queries;
    const char *wrong;

    *out = (target){ .path = "" };
    if (strnlen(text, TARGET_BYTES + 1) > TARGET_BYTES)
        return "The URL has more than 4096 bytes";
    queries = strchr(text, '?');
    if (queries != NULL)
        *queries++ = '\0';
    wrong = parse_path(text);
    if (wrong == NULL)
        wrong = parse_queries(queries, &parsed);
    if (wrong == NULL)
        *out = parsed;
    return wrong;
}

const char *target_find(const target *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++)
        if (strcmp(t->queries[i].name, name) == 0)
            return t->queries[i].value;
    return NULL;
}
