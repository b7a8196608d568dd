/* quality_json.c - a picture's quality as JSON. */
#include "quality_json.h"

static json_t *lesion_json(const skc_quality *q)
{
    json_t *lesion = json_checked(json_object());

    json_put(lesion, "x", json_integer(q->lesion.x));
    json_put(lesion, "y", json_integer(q->lesion.y));
    json_put(lesion, "width", json_integer(q->lesion.width));
    json_put(lesion, "height", json_integer(q->lesion.height));
    json_put(lesion, "share", json_number((double)q->lesion_share));
    json_put(lesion, "offset", json_number((double)q->lesion_offset));
    json_put(lesion, "cut", json_boolean(q->lesion_cut));
    return lesion;
}

json_t *quality_json(const skc_quality *q)
{
    const struct {
        const char *name;
        float       value;
    } measures[] = {
        { "sharpness", q->sharpness }, { "brightness", q->brightness },
        { "contrast", q->contrast },   { "noise", q->noise },
        { "dark", q->dark },           { "bright", q->bright },
        { "white", q->white },         { "structure", q->structure },
        { "flat", q->flat },           { "edges", q->edges },
        { "grid", q->grid },
    };
    json_t *object = json_checked(json_object());

    json_put(object, "accepted", json_boolean(q->reason == SKC_QUALITY_GOOD));
    json_put(object, "reason", json_string(skc_quality_name(q->reason)));
    json_put(object, "width", json_integer(q->width));
    json_put(object, "height", json_integer(q->height));
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        json_put(object, measures[i].name, json_number((double)measures[i].value));
    json_put(object, "lesion", q->has_lesion ? lesion_json(q) : json_null());
    return object;
}
