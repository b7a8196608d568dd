/* json_build.c - builds and saves JSON; ends the program when out of memory, like cli_memory. */
#include "json_build.h"
#include "cli.h"
#include "failure.h"
#include "files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *json_checked(json_t *value)
{
    if (value == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return value;
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, json_checked(value)) != 0)
        json_checked(NULL);
}

void json_push(json_t *list, json_t *value)
{
    if (json_array_append_new(list, json_checked(value)) != 0)
        json_checked(NULL);
}

json_t *json_number(double value)
{
    return json_checked(isfinite(value) ? json_real(value) : json_null());
}

skc_status json_save(const json_t *value, const char *path, skc_error *err)
{
    char      *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    char      *lines;
    skc_status status;

    if (text == NULL)
        return failure_memory(err);
    lines  = cli_format("%s\n", text);
    status = file_write(path, lines, strlen(lines), err);
    free(lines);
    free(text);
    return status;
}
