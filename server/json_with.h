/* json_with.h - builds JSON of which no member can be missing: memory that runs out leaves NULL. */
#ifndef SKC_SERVER_JSON_WITH_H
#define SKC_SERVER_JSON_WITH_H

#include <jansson.h>

/* Both take `value` over and return the object or list, or NULL, with everything released, where
 * either is NULL or there is no memory: "list = json_with_item(list, ...)" needs one test, at the
 * end. */
json_t *json_with(json_t *object, const char *key, json_t *value);
json_t *json_with_item(json_t *list, json_t *value);

#endif
