/* json.c - the one place that knows the JSON library (jansson): strict parsing, typed look-ups. */
#include "core/json.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* jansson's look-ups take json_t *; none of those used here writes to it. */
static json_t *writable(const skc_json *json)
{
    return (json_t *)(uintptr_t)json;
}

skc_status skc__json_parse(const char *text, size_t size, const char *name, skc_json **out,
                           skc_error *err)
{
    json_error_t problem;
    json_t      *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &problem);

    if (json == NULL)
        return skc__fail(err, SKC_EFORMAT, "%s: JSON line %d, column %d: %s", name, problem.line,
                         problem.column, problem.text);
    *out = json;
    return SKC_OK;
}

void skc__json_free(skc_json *json)
{
    json_decref(json);
}

char *skc__json_text(const skc_json *json, bool indent, const skc_allocator *allocator,
                     skc_error *err)
{
    size_t flags = JSON_REAL_PRECISION(9) | (indent ? JSON_INDENT(1) : JSON_COMPACT);
    size_t size  = json_dumpb(json, NULL, 0, flags);
    char  *text  = size > 0 ? skc__allocate(allocator, size + 1, err) : NULL;

    if (text == NULL) {
        skc__fail(err, SKC_ENOMEM, "out of memory for a JSON text of %zu bytes", size);
        return NULL;
    }
    json_dumpb(json, text, size, flags);
    text[size] = '\0';
    return text;
}

skc_json *skc__json_object(void)
{
    return json_object();
}

skc_json *skc__json_array(void)
{
    return json_array();
}

bool skc__json_set(skc_json *object, const char *key, skc_json *value)
{
    return json_object_set_new(object, key, value) == 0;
}

bool skc__json_append(skc_json *array, skc_json *value)
{
    return json_array_append_new(array, value) == 0;
}

skc_json *skc__json_string(const char *text)
{
    return json_string(text);
}

skc_json *skc__json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

skc_json *skc__json_integer(int64_t value)
{
    return json_integer(value);
}

skc_json *skc__json_boolean(bool value)
{
    return json_boolean(value);
}

skc_json *skc__json_copy(const skc_json *json)
{
    return json_deep_copy(json);
}

bool skc__json_equal(const skc_json *a, const skc_json *b)
{
    return json_equal(a, b);
}

const skc_json *skc__json_get(const skc_json *object, const char *key)
{
    return json_object_get(object, key);
}

bool skc__json_is_object(const skc_json *json)
{
    return json_is_object(json);
}

bool skc__json_is_array(const skc_json *json)
{
    return json_is_array(json);
}

bool skc__json_is_number(const skc_json *json)
{
    return json_is_number(json);
}

bool skc__json_is_integer(const skc_json *json)
{
    return json_is_integer(json);
}

bool skc__json_is_boolean(const skc_json *json)
{
    return json_is_boolean(json);
}

const char *skc__json_as_string(const skc_json *json)
{
    return json_string_value(json);
}

double skc__json_as_number(const skc_json *json)
{
    return json_is_number(json) ? json_number_value(json) : NAN;
}

int64_t skc__json_as_integer(const skc_json *json)
{
    return json_integer_value(json);
}

bool skc__json_as_boolean(const skc_json *json)
{
    return json_is_true(json);
}

size_t skc__json_size(const skc_json *json)
{
    return json_is_array(json) ? json_array_size(json) : json_object_size(json);
}

const skc_json *skc__json_at(const skc_json *array, size_t i)
{
    return json_array_get(array, i);
}

const skc_json *skc__json_next(const skc_json *object, void **iterator, const char **key)
{
    json_t *json = writable(object);

    *iterator = *iterator == NULL ? json_object_iter(json) : json_object_iter_next(json, *iterator);
    if (*iterator == NULL)
        return NULL;
    *key = json_object_iter_key(*iterator);
    return json_object_iter_value(*iterator);
}
