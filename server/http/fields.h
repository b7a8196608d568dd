/* fields.h - values of header fields: media types, entity tags, names. */
#ifndef SKC_SERVER_HTTP_FIELDS_H
#define SKC_SERVER_HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FIELDS_MEDIA_TYPE = 96 };

/* Whether it may be the name of a field, or a method: one or more of RFC 9110's token characters.
 */
bool fields_is_token(const char *text, size_t length);
/* Whether it may be the value of a field: no control character but the tab. */
bool fields_is_value(const char *text, size_t length);
/* "Image/PNG; q=1" as "image/png"; "" where it is no media type. */
void fields_media_type(const char *value, char type[FIELDS_MEDIA_TYPE]);
/* Whether `list`, with spaces between, has the type; "*" stands for any. */
bool fields_accepts(const char *list, const char *type);
/* Whether If-None-Match names the tag, whose weakness does not matter, or is "*". */
bool fields_tag_matches(const char *if_none_match, const char *tag);
/* A Content-Length: digits only. */
bool fields_length(const char *value, uint64_t *out);

#endif
