/* fuzz_manifest.c - any bytes as a manifest: read, split, saved, and the same when read again. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "skincnn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_equal(const skc_manifest *a, const skc_manifest *b)
{
    require(skc_manifest_count(a) == skc_manifest_count(b));
    for (int32_t i = 0; i < skc_manifest_count(a); i++) {
        skc_manifest_row x = skc_manifest_row_at(a, i);
        skc_manifest_row y = skc_manifest_row_at(b, i);
        require(strcmp(x.path, y.path) == 0 && strcmp(x.label, y.label) == 0 &&
                strcmp(x.group, y.group) == 0 && strcmp(x.split, y.split) == 0 &&
                strcmp(x.source, y.source) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    skc_manifest     *manifest = NULL;
    skc_manifest     *again    = NULL;
    skc_split_options options;
    skc_error         err;
    char              path[64];

    if (skc_manifest_parse((const char *)data, size, "fuzz", NULL, &manifest, &err) != SKC_OK) {
        require(strncmp(err.message, "fuzz line ", 10) == 0);
        return 0;
    }
    skc_split_options_init(&options);
    require(skc_manifest_split(manifest, &options, &err) == SKC_OK);
    require(skc_manifest_leaks(manifest, NULL) == 0);
    snprintf(path, sizeof path, "/tmp/skincnn-fuzz-manifest-%ld.csv", (long)getpid());
    require(skc_manifest_save(manifest, path, &err) == SKC_OK);
    require(skc_manifest_load(path, NULL, &again, &err) == SKC_OK);
    unlink(path);
    require_equal(manifest, again);
    skc_manifest_free(manifest);
    skc_manifest_free(again);
    return 0;
}
