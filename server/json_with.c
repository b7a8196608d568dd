/* json_with.c - builds JSON of which no member can be missing: memory that runs out leaves NULL. */
#include "json_with.h"

#include <stddef.h>

static json_t *unless(int failed, json_t *container)
{
    if (failed == 0)
        return container;
    json_decref(container);
    return NULL;
}

json_t *json_with(json_t *object, const char *key, json_t *value)
{
    return unless(json_object_set_new(object, key, value), object);
}

json_t *json_with_item(json_t *list, json_t *value)
{
    return unless(json_array_append_new(list, value), list);
}
