/* fuzz_clinics.c - any bytes as the operator's directory of clinics. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "assessment/clinics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A directory that was read can always be shown. */
static void check(const clinics *c)
{
    json_t       *json = clinics_json(c, NULL);
    const json_t *county;

    require(json != NULL && json_is_false(json_object_get(json, "sample")));
    county = json_array_get(json_object_get(json, "counties"), 0);
    if (county != NULL) {
        json_t *some = clinics_json(c, json_string_value(county));

        require(json_array_size(json_object_get(some, "clinics")) > 0);
        json_decref(some);
    }
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int       file = memfd_create("clinics", MFD_CLOEXEC);
    char      path[40];
    clinics  *c;
    skc_error err;

    require(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (clinics_load(path, &c, &err) == SKC_OK) {
        check(c);
        clinics_free(c);
    }
    close(file);
    return 0;
}
