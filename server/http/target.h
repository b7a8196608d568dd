/* target.h - what a request asks for: path and query of its first line, decoded and checked. */
#ifndef SKC_SERVER_HTTP_TARGET_H
#define SKC_SERVER_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

enum { TARGET_BYTES = 4096, TARGET_QUERIES = 32 };

typedef struct target_query {
    const char *name, *value;
} target_query;

typedef struct target {
    const char  *path;
    target_query queries[TARGET_QUERIES];
    size_t       count;
} target;

/* Decodes `text` in place; `out` points into it. NULL, or what is wrong with it, in a sentence for
 * the caller; then path is "" and there are no queries. Refused are more than TARGET_BYTES bytes or
 * TARGET_QUERIES queries, escapes that are none, control characters and
 * bytes that are not UTF-8 once decoded, and in the path also an escaped slash, a backslash, and
 * "." and ".." as a segment. */
const char *target_parse(char *text, target *out);
/* The first value of the name; NULL where absent. */
const char *target_find(const target *t, const char *name);

/* Whether it is UTF-8 without control characters. */
bool target_is_text(const char *text, size_t length);

#endif
