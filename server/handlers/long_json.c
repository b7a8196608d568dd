/* long_json.c - cuts long plain texts out of a body before jansson reads it.
 *
 * Why this changes nothing: outside of texts, JSON has no quotation marks, and a text ends at the
 * first one that no backslash stands before. So as long as jansson finds no fault, both see texts
 * begin and end at the same places, and what is cut (printable ASCII without backslashes) is as
 * valid within a text as the mark that takes its place. Where jansson does find a fault, or a mark
 * is not in the place of a picture, the body is read again as it came.
 */
#include "handlers/long_json.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what is cut */

/* At the quotation mark that ends the text; `end`: there is none. */
static const char *text_end(const char *at, const char *end)
{
    const char *quote = memchr(at, '"', (size_t)(end - at));

    if (quote == NULL || memchr(at, '\\', (size_t)(quote - at)) == NULL)
        return quote != NULL ? quote : end;
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return at;
}

static bool is_plain(const char *text, size_t length)
{
    uint8_t other = 0;

    for (size_t i = 0; i < length; i++) {
        uint8_t c = (uint8_t)text[i];

        other |= (uint8_t)((c < 0x20) | (c >= 0x7f) | (c == '\\'));
    }
    return other == 0;
}

static void find_texts(const char *body, size_t size, size_t least, long_json *out)
{
    const char *at = body, *end = body + size;

    while (out->count < LONG_JSON_MOST && (at = memchr(at, '"', (size_t)(end - at))) != NULL) {
        long_text text = { .begin = ++at };

        at          = text_end(at, end);
        text.length = (size_t)(at - text.begin);
        if (at == end)
            return;
        at++;
        if (text.length >= least && is_plain(text.begin, text.length))
            out->text[out->count++] = text;
    }
}

/* ------------------------------------------------------------------ marks */

static void make_random(long_json *out)
{
    unsigned char bytes[LONG_JSON_RANDOM];

    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(out->random, sizeof out->random, bytes, sizeof bytes);
}

/* The body with marks for texts; released with free. NULL: out of memory. */
static char *cut_texts(const char *body, size_t size, const long_json *from, size_t *left)
{
    size_t      room = size + from->count * LONG_JSON_MARK;
    char       *cut, *to;
    const char *at = body;

    for (size_t i = 0; i < from->count; i++)
        room -= from->text[i].length;
    cut = to = malloc(room + 1);
    if (cut == NULL)
        return NULL;
    for (size_t i = 0; i < from->count; i++) {
        size_t between = (size_t)(from->text[i].begin - at);

        memcpy(to, at, between);
        to += between;
        to += snprintf(to, LONG_JSON_MARK + 1, "%s%02x", from->random, (unsigned)i & 0xff);
        at = from->text[i].begin + from->text[i].length;
    }
    memcpy(to, at, (size_t)(body + size - at));
    *left = room;
    return cut;
}

/* The text that a mark stands for; NULL: the string is no mark. */
static const long_text *behind(const long_json *from, const json_t *string)
{
    size_t prefix = sizeof from->random - 1;

    if (from->count == 0 || json_string_length(string) != LONG_JSON_MARK ||
        memcmp(json_string_value(string), from->random, prefix) != 0)
        return NULL;
    return &from->text[strtoul(json_string_value(string) + prefix, NULL, 16)];
}

const char *long_json_text(const long_json *from, const json_t *string, size_t *length)
{
    const long_text *text = behind(from, string);

    *length = text != NULL ? text->length : json_string_length(string);
    return text != NULL ? text->begin : json_string_value(string);
}

static size_t count_pictures(const long_json *from)
{
    const json_t *images = json_object_get(from->json, "images"), *image;
    size_t        count  = behind(from, json_object_get(from->json, "image")) != NULL, i;

    json_array_foreach(images, i, image) count +=
        behind(from, image) != NULL || behind(from, json_object_get(image, "image")) != NULL;
    return count;
}

/* ------------------------------------------------------------------ reading */

static json_t *read_cut(const char *body, size_t size, const long_json *from)
{
    size_t  left;
    char   *cut  = cut_texts(body, size, from, &left);
    json_t *json = cut != NULL ? json_loadb(cut, left, JSON_REJECT_DUPLICATES, NULL) : NULL;

    free(cut);
    return json;
}

bool long_json_read(const char *body, size_t size, size_t least, long_json *out,
                    json_error_t *error)
{
    *out = (long_json){ .json = NULL };
    find_texts(body, size, least, out);
    if (out->count > 0) {
        make_random(out);
        out->json = read_cut(body, size, out);
        if (out->json != NULL && count_pictures(out) == out->count)
            return true;
        json_decref(out->json);
        out->count = 0;
    }
    out->json = json_loadb(body, size, JSON_REJECT_DUPLICATES, error);
    return out->json != NULL;
}
