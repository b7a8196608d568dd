/* json.h - the one place that knows the JSON library (jansson): strict parsing, typed look-ups. */
#ifndef SKC_CORE_JSON_H
#define SKC_CORE_JSON_H

#include "core/memory.h"

typedef struct json_t skc_json; /* jansson's type; opaque elsewhere */

/* Refuses duplicate keys, bad UTF-8 and trailing text; SKC_EFORMAT names line and column. */
skc_status skc__json_parse(const char *text, size_t size, const char *name, skc_json **out,
                           skc_error *err);
void       skc__json_free(skc_json *json);
/* Text with sorted keys left in their order; NULL when out of memory. */
char      *skc__json_text(const skc_json *json, bool indent, const skc_allocator *allocator,
                          skc_error *err);

skc_json *skc__json_object(void);
skc_json *skc__json_array(void);
/* Setters take the new value over, also when they fail; false: out of memory. */
bool      skc__json_set(skc_json *object, const char *key, skc_json *value);
bool      skc__json_append(skc_json *array, skc_json *value);
skc_json *skc__json_string(const char *text);
skc_json *skc__json_number(double value);
skc_json *skc__json_integer(int64_t value);
skc_json *skc__json_boolean(bool value);
skc_json *skc__json_copy(const skc_json *json);
bool      skc__json_equal(const skc_json *a, const skc_json *b);

/* NULL where the key is absent. */
const skc_json *skc__json_get(const skc_json *object, const char *key);
bool            skc__json_is_object(const skc_json *json);
bool            skc__json_is_array(const skc_json *json);
bool            skc__json_is_number(const skc_json *json); /* integers too */
bool            skc__json_is_integer(const skc_json *json);
bool            skc__json_is_boolean(const skc_json *json);
const char     *skc__json_as_string(const skc_json *json);  /* NULL: not a string */
double          skc__json_as_number(const skc_json *json);  /* NaN: not a number */
int64_t         skc__json_as_integer(const skc_json *json); /* 0: not an integer */
bool            skc__json_as_boolean(const skc_json *json);
size_t          skc__json_size(const skc_json *json); /* of an array or object; else 0 */
const skc_json *skc__json_at(const skc_json *array, size_t i);
/* Steps through an object: *iterator starts NULL; returns the value, NULL at the end. */
const skc_json *skc__json_next(const skc_json *object, void **iterator, const char **key);

#endif
