/* ingest.c - recognises a data set and has it turned into a manifest. */
#include "ingest.h"
#include "archive.h"
#include "cli.h"
#include "failure.h"
#include "files.h"
#include "pictures.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ------------------------------------------------------------------ names */

typedef struct synonym {
    const char *name, *meaning;
} synonym;

static const char *find_meaning(const synonym *table, const char *text)
{
    for (; table->name != NULL; table++)
        if (strcasecmp(table->name, text) == 0)
            return table->meaning;
    return NULL;
}

const char *ingest_label(const char *text)
{
    static const synonym labels[] = {
        { "akiec", "akiec" },
        { "ak", "akiec" },
        { "bcc", "bcc" },
        { "bkl", "bkl" },
        { "df", "df" },
        { "mel", "mel" },
        { "nv", "nv" },
        { "vasc", "vasc" },
        { "scc", "scc" },
        { "benign", "benign" },
        { "malignant", "malignant" },
        { NULL, NULL },
    };

    return find_meaning(labels, text);
}

const char *ingest_split(const char *text)
{
    static const synonym splits[] = {
        { "train", "train" },    { "training", "train" }, { "val", "val" },      { "valid", "val" },
        { "validation", "val" }, { "test", "test" },      { "testing", "test" }, { NULL, NULL },
    };

    return find_meaning(splits, text);
}

/* ------------------------------------------------------------------ the way through */

static ingest_format recognise(const catalogue *c)
{
    ingest_format format = INGEST_IMAGEFOLDER;

    if (ingest_has_isic_folders(c))
        format = INGEST_ISIC_FOLDERS;
    for (int32_t i = 0; i < c->table_count; i++) {
        if (ingest_is_ham10000(&c->tables[i].table))
            return INGEST_HAM10000;
        if (ingest_has_labels(&c->tables[i].table))
            format = INGEST_ISIC_CSV;
    }
    return format;
}

skc_status ingest_add(const ingest_target *target, const char *location, const char *label,
                      const char *group, const char *split, skc_error *err)
{
    char            *path = pictures_path("/", target->folder, location);
    skc_manifest_row row  = { path, label, group, split, target->source };
    skc_error        reason;
    skc_status       status = skc_manifest_add(target->manifest, &row, &reason);

    free(path);
    if (status == SKC_EINVAL) { /* this row only, e.g. a name that is not UTF-8 */
        problem_add(target->problems, "rows that a manifest cannot hold", "%s", reason.message);
        return SKC_OK;
    }
    if (status != SKC_OK && err != NULL)
        *err = reason;
    return status;
}

static skc_status convert(const catalogue *c, const char *first_path, const ingest_options *options,
                          ingest_target *target, skc_error *err)
{
    ingest_format format = options->format == INGEST_AUTO ? recognise(c) : options->format;
    char         *source;
    skc_status    status;

    if (c->picture_count == 0)
        return failure(err, SKC_ENOTFOUND, "no pictures (.jpg, .jpeg, .png) were found");
    if (options->source != NULL || format == INGEST_HAM10000)
        source = cli_copy(options->source != NULL ? options->source : "ham10000");
    else
        source = catalogue_name(first_path);
    target->source = source;
    if (format == INGEST_HAM10000 || format == INGEST_ISIC_CSV)
        status = ingest_tables(c, format == INGEST_HAM10000, target, options->runtime, err);
    else
        status = ingest_folders(c, format == INGEST_ISIC_FOLDERS, target, err);
    free(source);
    if (status == SKC_OK && skc_manifest_count(target->manifest) == 0)
        return failure(err, SKC_ENOTFOUND, "no picture has a label");
    return status;
}

static skc_status fill(const catalogue *c, const char *first_path, const ingest_options *options,
                       problems *list, skc_manifest *manifest, skc_error *err)
{
    ingest_target target = { .manifest = manifest, .problems = list };
    char         *folder = pictures_folder(options->out, err);
    skc_status    status;

    if (folder == NULL)
        return SKC_ENOTFOUND;
    target.folder = folder;
    status        = convert(c, first_path, options, &target, err);
    free(folder);
    return status;
}

skc_status ingest(char *const *paths, int32_t path_count, const ingest_options *options,
                  problems *list, skc_manifest **out, skc_error *err)
{
    catalogue     c        = { 0 };
    skc_manifest *manifest = NULL;
    skc_status    status   = skc_manifest_create(options->runtime, &manifest, err);

    if (status != SKC_OK)
        return status;
    for (int32_t i = 0; i < path_count; i++)
        catalogue_add(&c, paths[i], list);
    catalogue_sort(&c);
    status = fill(&c, paths[0], options, list, manifest, err);
    catalogue_free(&c);
    if (status != SKC_OK) {
        skc_manifest_free(manifest);
        return status;
    }
    *out = manifest;
    return SKC_OK;
}
