/* data.h - the sub-commands of skincnn-data and the settings that they share. */
#ifndef SKC_TOOLS_DATA_H
#define SKC_TOOLS_DATA_H

#include "cli.h"
#include "pictures.h"
#include "problems.h"

typedef enum data_labels { DATA_DIAGNOSIS, DATA_MALIGNANCY } data_labels;

/* Each sub-command has options for some of these. */
typedef struct data_settings {
    const char *out, *source;
    bool        json;
    int32_t     threads;
    const char *kernels;

    int32_t     format;                       /* ingest: an ingest_format */
    int32_t     count, size;                  /* generate */
    int32_t     labels;                       /* generate: a data_labels */
    int32_t     image_format;                 /* generate: an skc_picture_format */
    int32_t     quality;                      /* generate: of JPEG */
    uint64_t    seed;                         /* generate */
    int32_t     kind;                         /* generate: a bad_kind */
    const char *spoil;                        /* generate: pictures to begin with */
    const char *to;                           /* map: task; split: name of the new part */
    cli_list    rename_labels, rename_splits; /* map: OLD=NEW */
    const char *split_seed, *from, *rest;     /* split */
    int32_t     percent;
    cli_list    keep_labels, keep_splits, keep_sources; /* filter */
    bool        without_leaks;
    float       threshold; /* duplicates, check */
    bool        pictures;  /* check */
    const char *write_groups;
} data_settings;

int data_generate(const cli_call *call);
int data_ingest(const cli_call *call);
int data_map(const cli_call *call);
int data_merge(const cli_call *call);
int data_split(const cli_call *call);
int data_filter(const cli_call *call);
int data_stats(const cli_call *call);
int data_duplicates(const cli_call *call);
int data_check(const cli_call *call);
int data_quality(const cli_call *call);

/* ------------------------------------------------------------------ shared by them */

/* NULL after a message. */
skc_manifest *data_load(const char *path);
skc_manifest *data_create(void);

/* The pictures that `path` names: the rows of a manifest (a name that ends in .csv), those in a
 * folder, or one. *base is what pictures_options.manifest_path has to be. NULL after a message. */
skc_manifest *data_open(const char *path, const char **base);

/* Saves, says what was written, releases the manifest. Exit status: CLI_SOME_FAILED when there were
 * problems, CLI_FAILED when it could not be written or has no row. */
int data_finish(skc_manifest *manifest, const char *path, const problems *list);

/* The same, silent but for errors and problems. */
int data_save(skc_manifest *manifest, const char *path, const problems *list);

/* Changes a row on its way, or leaves it out by returning false. */
typedef struct data_sieve {
    bool (*keep)(void *user, int32_t i, skc_manifest_row *row);
    void *user;
} data_sieve;

/* Adds the rows of `from` (which lies at from_path) that pass the sieve (NULL: all) to `to` (which
 * will lie at to_path), paths adapted. One that is there already is a problem. False after a
 * message. */
bool data_copy(const skc_manifest *from, const char *from_path, skc_manifest *to,
               const char *to_path, const data_sieve *sieve, problems *list);

#endif
