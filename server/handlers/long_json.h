/* long_json.h - JSON whose pictures in base64 are not copied: they stay where they lie in the body.
 *
 * jansson reads a text character by character, and most of a body is one text.
 */
#ifndef SKC_SERVER_HANDLERS_LONG_JSON_H
#define SKC_SERVER_HANDLERS_LONG_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { LONG_JSON_MOST = 16, LONG_JSON_RANDOM = 16, LONG_JSON_MARK = 2 * LONG_JSON_RANDOM + 2 };

typedef struct long_text {
    const char *begin;
    size_t      length;
} long_text;

typedef struct long_json {
    json_t   *json; /* in which long texts are replaced by a mark; the caller's */
    long_text text[LONG_JSON_MOST];
    size_t    count;
    char      random[2 * LONG_JSON_RANDOM + 1]; /* a mark begins so: nobody can have sent it */
} long_json;

/* As json_loadb with JSON_REJECT_DUPLICATES, but that "image", the elements of "images" and their
 * "image" are left in the body where they have `least` characters or more; ask long_json_text for
 * them. Everything else is as jansson has it. False: not JSON, or no memory. */
bool        long_json_read(const char *body, size_t size, size_t least, long_json *out,
                           json_error_t *error);
/* The characters of a JSON string, which may lie in the body. */
const char *long_json_text(const long_json *from, const json_t *string, size_t *length);

#endif
