/* config.c - a layer's options between JSON and its config struct, by its field table. */
#include "graph/config.h"

#include <math.h>
#include <string.h>

typedef struct slot {
    const skc_field *field;
    unsigned char   *address; /* of the field in the config struct */
    const char      *where;
    skc_error       *err;
} slot;

static skc_status wrong_type(const slot *s, const char *expected)
{
    return skc__fail(s->err, SKC_EFORMAT, "%s: %s must be %s", s->where, s->field->name, expected);
}

static skc_status check_range(const slot *s, double value)
{
    if (value >= s->field->min && value <= s->field->max)
        return SKC_OK;
    return skc__fail(s->err, SKC_EFORMAT, "%s: %s is %g; %g..%g is allowed", s->where,
                     s->field->name, value, s->field->min, s->field->max);
}

static skc_status read_integer(const slot *s, const skc_json *json, int32_t *out)
{
    int64_t    value;
    skc_status status;

    if (!skc__json_is_integer(json))
        return wrong_type(s, "a whole number");
    value  = skc__json_as_integer(json);
    status = check_range(s, (double)value);
    if (status == SKC_OK)
        *out = (int32_t)value;
    return status;
}

static skc_status parse_int(const slot *s, const skc_json *json)
{
    int32_t    value  = (int32_t)s->field->fallback;
    skc_status status = json != NULL ? read_integer(s, json, &value) : SKC_OK;

    memcpy(s->address, &value, sizeof value);
    return status;
}

static skc_status parse_float(const slot *s, const skc_json *json)
{
    float      value  = (float)s->field->fallback;
    skc_status status = SKC_OK;

    if (json != NULL) {
        if (!skc__json_is_number(json))
            return wrong_type(s, "a number");
        status = check_range(s, skc__json_as_number(json));
        value  = (float)skc__json_as_number(json);
    }
    memcpy(s->address, &value, sizeof value);
    return status;
}

static skc_status parse_bool(const slot *s, const skc_json *json)
{
    bool value = s->field->fallback != 0;

    if (json != NULL) {
        if (!skc__json_is_boolean(json))
            return wrong_type(s, "true or false");
        value = skc__json_as_boolean(json);
    }
    memcpy(s->address, &value, sizeof value);
    return SKC_OK;
}

/* A number for all, or an array of exactly `count`. */
static skc_status read_numbers(const slot *s, const skc_json *json, int32_t *values, size_t count)
{
    skc_status status = SKC_OK;

    if (!skc__json_is_array(json)) {
        status = read_integer(s, json, &values[0]);
        for (size_t i = 1; i < count; i++)
            values[i] = values[0];
        return status;
    }
    if (skc__json_size(json) != count)
        return wrong_type(s, count == 2 ? "a number or [height, width]"
                                        : "[top, bottom, left, right]");
    for (size_t i = 0; i < count && status == SKC_OK; i++)
        status = read_integer(s, skc__json_at(json, i), &values[i]);
    return status;
}

static skc_status parse_pair(const slot *s, const skc_json *json)
{
    int32_t    pair[2] = { (int32_t)s->field->fallback, (int32_t)s->field->fallback };
    skc_status status  = json != NULL ? read_numbers(s, json, pair, 2) : SKC_OK;

    memcpy(s->address, pair, sizeof pair);
    return status;
}

static skc_status parse_padding(const slot *s, const skc_json *json)
{
    skc_padding padding = { SKC_PADDING_VALID, 0, 0, 0, 0 };
    const char *word    = skc__json_as_string(json);
    skc_status  status  = SKC_OK;
    int32_t     n[4]    = { 0, 0, 0, 0 };

    if (word != NULL && strcmp(word, "same") == 0) {
        padding.mode = SKC_PADDING_SAME;
    } else if (word != NULL && strcmp(word, "valid") != 0) {
        return wrong_type(s, "\"same\", \"valid\", a number, [h, w] or [top, bottom, left, right]");
    } else if (word == NULL && json != NULL) {
        padding.mode = SKC_PADDING_EXPLICIT;
        if (skc__json_size(json) == 2) {
            status = read_numbers(s, json, n, 2);
            n[2] = n[3] = n[1];
            n[1]        = n[0];
        } else {
            status = read_numbers(s, json, n, 4);
        }
        padding.top    = n[0];
        padding.bottom = n[1];
        padding.left   = n[2];
        padding.right  = n[3];
    }
    memcpy(s->address, &padding, sizeof padding);
    return status;
}

static skc_status parse_field(const slot *s, const skc_json *json)
{
    if (json == NULL && s->field->required)
        return skc__fail(s->err, SKC_EFORMAT, "%s: %s is missing", s->where, s->field->name);
    switch (s->field->kind) {
    case SKC_FIELD_INT:
        return parse_int(s, json);
    case SKC_FIELD_FLOAT:
        return parse_float(s, json);
    case SKC_FIELD_BOOL:
        return parse_bool(s, json);
    case SKC_FIELD_PAIR:
        return parse_pair(s, json);
    case SKC_FIELD_PADDING:
        return parse_padding(s, json);
    }
    return SKC_EINVAL;
}

static bool known_key(const skc_layer_ops *ops, const char *key)
{
    if (strcmp(key, "name") == 0 || strcmp(key, "type") == 0 || strcmp(key, "inputs") == 0)
        return true;
    for (const skc_field *f = ops->fields; f != NULL && f->name != NULL; f++)
        if (strcmp(key, f->name) == 0)
            return true;
    return false;
}

skc_status skc__config_parse(const skc_layer_ops *ops, const skc_json *json, const char *where,
                             void *config, skc_error *err)
{
    void       *iterator = NULL;
    const char *key;
    skc_status  status = SKC_OK;

    while (skc__json_next(json, &iterator, &key) != NULL)
        if (!known_key(ops, key))
            return skc__fail(err, SKC_EFORMAT, "%s: %s has no option \"%.40s\"", where, ops->name,
                             key);
    for (const skc_field *f = ops->fields; f != NULL && f->name != NULL; f++) {
        slot s = { f, (unsigned char *)config + f->offset, where, err };

        status = parse_field(&s, skc__json_get(json, f->name));
        if (status != SKC_OK)
            return status;
    }
    return status;
}
