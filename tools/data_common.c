/* data_common.c - what the sub-commands of skincnn-data share. */
#include "data.h"
#include "files.h"
#include "groups.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

skc_manifest *data_load(const char *path)
{
    skc_manifest *manifest;
    skc_error     err;

    if (skc_manifest_load(path, NULL, &manifest, &err) == SKC_OK)
        return manifest;
    cli_error("%s", err.message);
    return NULL;
}

skc_manifest *data_create(void)
{
    skc_manifest *manifest;
    skc_error     err;

    if (skc_manifest_create(NULL, &manifest, &err) == SKC_OK)
        return manifest;
    cli_error("%s", err.message);
    return NULL;
}

static skc_manifest *list_pictures(const char *path)
{
    skc_manifest *manifest = data_create();
    file_list     pictures = { 0 };
    skc_error     err;
    bool          fine = manifest != NULL && file_list_pictures(&pictures, path);

    for (size_t i = 0; fine && i < pictures.count; i++) {
        const char *name = pictures.paths[i];

        fine = skc_manifest_add(manifest, &(skc_manifest_row){ name, "picture", name, "", "" },
                                &err) == SKC_OK;
        if (!fine)
            cli_error("%s", err.message);
    }
    file_list_free(&pictures);
    if (fine)
        return manifest;
    skc_manifest_free(manifest);
    return NULL;
}

skc_manifest *data_open(const char *path, const char **base)
{
    const char *end = strrchr(path, '.');

    if (end != NULL && strcasecmp(end, ".csv") == 0) {
        *base = path;
        return data_load(path);
    }
    *base = NULL;
    return list_pictures(path);
}

/* ------------------------------------------------------------------ writing */

static int32_t count_split(const skc_manifest *manifest, const char *split)
{
    int32_t count = 0;

    for (int32_t i = 0; i < skc_manifest_count(manifest); i++)
        count += strcmp(skc_manifest_row_at(manifest, i).split, split) == 0;
    return count;
}

static void describe(const skc_manifest *manifest, const char *path)
{
    static const char *const splits[] = { "train", "val", "test", "" };

    printf("%s: %d pictures", path, (int)skc_manifest_count(manifest));
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        int32_t count = count_split(manifest, splits[i]);

        if (count > 0)
            printf(", %d %s", (int)count, splits[i][0] != '\0' ? splits[i] : "without a part");
    }
    printf("; %d groups\n", (int)groups_count(manifest));
}

static int save(skc_manifest *manifest, const char *path, const problems *list, bool say)
{
    skc_error err;
    int       result = problems_end(list) > 0 ? CLI_SOME_FAILED : CLI_OK;

    if (skc_manifest_count(manifest) == 0) {
        cli_error("no row is left: %s is not written", path);
        result = CLI_FAILED;
    } else if (skc_manifest_save(manifest, path, &err) != SKC_OK) {
        cli_error("%s", err.message);
        result = CLI_FAILED;
    } else if (say) {
        describe(manifest, path);
    }
    skc_manifest_free(manifest);
    return result;
}

int data_finish(skc_manifest *manifest, const char *path, const problems *list)
{
    return save(manifest, path, list, true);
}

int data_save(skc_manifest *manifest, const char *path, const problems *list)
{
    return save(manifest, path, list, false);
}

static bool copy_row(skc_manifest *to, const skc_manifest_row *row, const char *path,
                     problems *list)
{
    skc_manifest_row copy = *row;
    skc_error        err;
    skc_status       status;

    copy.path = path;
    status    = skc_manifest_add(to, &copy, &err);
    if (status == SKC_EINVAL)
        problem_add(list, "rows that a manifest cannot hold", "%s", err.message);
    else if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK || status == SKC_EINVAL;
}

bool data_copy(const skc_manifest *from, const char *from_path, skc_manifest *to,
               const char *to_path, const data_sieve *sieve, problems *list)
{
    skc_error err;
    char     *source = pictures_folder(from_path, &err);
    char     *target = source != NULL ? pictures_folder(to_path, &err) : NULL;
    bool      fine   = target != NULL;

    if (!fine)
        cli_error("%s", err.message);
    for (int32_t i = 0; i < skc_manifest_count(from) && fine; i++) {
        skc_manifest_row row = skc_manifest_row_at(from, i);
        char            *path;

        if (sieve != NULL && !sieve->keep(sieve->user, i, &row))
            continue;
        path = pictures_path(source, target, row.path);
        fine = copy_row(to, &row, path, list);
        free(path);
    }
    free(source);
    free(target);
    return fine;
}
