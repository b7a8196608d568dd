/* ingest.h - turns data sets as downloaded into a manifest. */
#ifndef SKC_TOOLS_INGEST_H
#define SKC_TOOLS_INGEST_H

#include "catalogue.h"

#define INGEST_FORMATS "auto|ham10000|isic-folders|isic-csv|imagefolder"

typedef enum ingest_format {
    INGEST_AUTO, /* a table with labels decides, else folders of benign and malignant, else folders
                  */
    INGEST_HAM10000,
    INGEST_ISIC_FOLDERS,
    INGEST_ISIC_CSV,
    INGEST_IMAGEFOLDER
} ingest_format;

typedef struct ingest_options {
    ingest_format format;
    const char   *source; /* NULL: "ham10000", else the last name of the first path */
    const char   *out;    /* the manifest's path: what lies below its folder is named from there */
    const skc_runtime *runtime;
} ingest_options;

/* Adds what was found; single inputs that fail go to `list`. Fails when nothing is recognised. */
SKC_MUST_CHECK skc_status ingest(char *const *paths, int32_t path_count,
                                 const ingest_options *options, problems *list, skc_manifest **out,
                                 skc_error *err);

/* ------------------------------------------------------------------ the two kinds of data set */

typedef struct ingest_target {
    const char   *source, *folder; /* of the manifest, absolute */
    skc_manifest *manifest;
    problems     *problems;
} ingest_target;

SKC_MUST_CHECK skc_status ingest_add(const ingest_target *target, const char *location,
                                     const char *label, const char *group, const char *split,
                                     skc_error *err);

/* Lower case and the challenges' synonyms: "AK" is akiec. NULL when it is none of the nine
 * diagnoses and two classes that the project knows. */
const char *ingest_label(const char *text);
/* "train", "val", "test", from their usual names; NULL when it is none. */
const char *ingest_split(const char *text);

/* Tables that name pictures: HAM10000 and the ISIC challenges. */
bool                      ingest_has_labels(const csv *table);
bool                      ingest_is_ham10000(const csv *table);
SKC_MUST_CHECK skc_status ingest_tables(const catalogue *c, bool ham10000,
                                        const ingest_target *target, const skc_runtime *runtime,
                                        skc_error *err);

/* Folders that name labels: .../<split>/<label>/picture.jpg. */
bool                      ingest_has_isic_folders(const catalogue *c);
SKC_MUST_CHECK skc_status ingest_folders(const catalogue *c, bool isic, const ingest_target *target,
                                         skc_error *err);

#endif
