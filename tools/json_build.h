/* json_build.h - builds and saves JSON; ends the program when out of memory, like cli_memory. */
#ifndef SKC_TOOLS_JSON_BUILD_H
#define SKC_TOOLS_JSON_BUILD_H

#include "skincnn.h"

#include <jansson.h>

/* The value itself, unless it is NULL. */
json_t *json_checked(json_t *value);

/* Both take `value` over. */
void json_put(json_t *object, const char *key, json_t *value);
void json_push(json_t *list, json_t *value);

/* What is not finite becomes null. */
json_t *json_number(double value);

/* Writes it to a file for people and programs: to a temporary one, synced, renamed. */
SKC_MUST_CHECK skc_status json_save(const json_t *value, const char *path, skc_error *err);

#endif
