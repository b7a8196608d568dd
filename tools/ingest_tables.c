/* ingest_tables.c - data sets whose labels stand in tables: HAM10000 and the ISIC challenges.
 *
 * Every table with a column of picture ids is read. The labels come from one of these forms, the
 * group (lesion, else patient) and the split from any of the tables:
 *  - HAM10000: lesion_id, image_id, dx, ...
 *  - ISIC 2017: image_id, melanoma, seborrheic_keratosis [, part]
 *  - ISIC 2018 and 2019: image, MEL, NV, BCC, AKIEC or AK, BKL, DF, VASC [, SCC, UNK]
 *  - ISIC 2020: image_name, patient_id [, lesion_id], ..., benign_malignant, target */
#include "cli.h"
#include "failure.h"
#include "files.h"
#include "ingest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { CLASSES = 10 };

static const char *const class_columns[CLASSES] = { "mel", "nv", "bcc",  "akiec", "ak",
                                                    "bkl", "df", "vasc", "scc",   "unk" };

/* The columns of one table; -1 where it lacks them. */
typedef struct form {
    int32_t id, dx, melanoma, keratosis, benign_malignant, target;
    int32_t classes[CLASSES];
    int32_t lesion, patient, split;
} form;

/* One picture as the tables describe it. */
typedef struct record {
    char       *id;
    const char *label;            /* static */
    const char *lesion, *patient; /* in the tables' texts */
    const char *split;            /* static; "" when unknown */
    const char *table;            /* where the label stands */
} record;

typedef struct records {
    record *items;
    int32_t count, capacity;
} records;

/* ------------------------------------------------------------------ forms */

static int32_t first_column(const csv *table, const char *const *names)
{
    int32_t column = -1;

    for (; *names != NULL && column < 0; names++)
        column = csv_column(table, *names);
    return column;
}

static form find_form(const csv *table)
{
    static const char *const ids[]    = { "image_id", "image_name", "image", "isic_id", NULL };
    static const char *const splits[] = { "split", "part", NULL };
    form                     f;

    f.id               = first_column(table, ids);
    f.dx               = csv_column(table, "dx");
    f.melanoma         = csv_column(table, "melanoma");
    f.keratosis        = csv_column(table, "seborrheic_keratosis");
    f.benign_malignant = csv_column(table, "benign_malignant");
    f.target           = csv_column(table, "target");
    for (int32_t i = 0; i < CLASSES; i++)
        f.classes[i] = csv_column(table, class_columns[i]);
    f.lesion  = csv_column(table, "lesion_id");
    f.patient = csv_column(table, "patient_id");
    f.split   = first_column(table, splits);
    return f;
}

static bool is_one_hot(const form *f)
{
    return f->classes[0] >= 0 && f->classes[1] >= 0;
}

static bool has_labels(const form *f)
{
    return f->id >= 0 && (f->dx >= 0 || (f->melanoma >= 0 && f->keratosis >= 0) || is_one_hot(f) ||
                          f->benign_malignant >= 0 || f->target >= 0);
}

bool ingest_has_labels(const csv *table)
{
    form f = find_form(table);

    return has_labels(&f);
}

bool ingest_is_ham10000(const csv *table)
{
    form f = find_form(table);

    return f.id >= 0 && f.dx >= 0 && f.lesion >= 0;
}

static bool is_set(const csv *table, int32_t row, int32_t column)
{
    return strtod(csv_cell(table, row, column), NULL) >= 0.5;
}

/* The one class that is set; NULL when none or more than one is. */
static const char *one_hot_label(const csv *table, const form *f, int32_t row)
{
    const char *label = NULL;

    for (int32_t i = 0; i < CLASSES; i++) {
        if (!is_set(table, row, f->classes[i]))
            continue;
        if (label != NULL)
            return NULL;
        label = class_columns[i];
    }
    return label;
}

/* What the row says, in the table's own words; NULL when it says nothing clear. */
static const char *label_text(const csv *table, const form *f, int32_t row)
{
    if (f->dx >= 0)
        return csv_cell(table, row, f->dx);
    if (is_one_hot(f))
        return one_hot_label(table, f, row);
    if (f->melanoma >= 0 && f->keratosis >= 0) {
        bool melanoma  = is_set(table, row, f->melanoma);
        bool keratosis = is_set(table, row, f->keratosis);

        return melanoma && keratosis ? NULL : melanoma ? "mel" : keratosis ? "bkl" : "nv";
    }
    if (f->benign_malignant >= 0)
        return csv_cell(table, row, f->benign_malignant);
    return is_set(table, row, f->target) ? "malignant" : "benign";
}

/* ------------------------------------------------------------------ records */

static char *picture_id(const char *cell)
{
    const char *dot = strrchr(cell, '.');

    return file_is_picture(cell) ? cli_format("%.*s", (int)(dot - cell), cell) : cli_copy(cell);
}

static void add_record(records *r, const record *item)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 1024 : r->capacity * 2;
        r->items    = cli_memory(r->items, (size_t)r->capacity, sizeof *r->items);
    }
    r->items[r->count++] = *item;
}

static void read_labels(records *r, const catalogue_table *t, problems *list)
{
    form f = find_form(&t->table);

    for (int32_t row = 1; has_labels(&f) && row < t->table.rows; row++) {
        const char *id    = csv_cell(&t->table, row, f.id);
        const char *text  = label_text(&t->table, &f, row);
        const char *label = text != NULL ? ingest_label(text) : NULL;

        if (label == NULL)
            problem_add(list, "unknown labels", "%s: %s: %s%s%s", t->location, id,
                        text != NULL ? "unknown label \"" : "not exactly one label is set",
                        text != NULL ? text : "", text != NULL ? "\"" : "");
        else
            add_record(r, &(record){ picture_id(id), label, "", "", "", t->location });
    }
}

static int compare_records(const void *left, const void *right)
{
    const record *a = left, *b = right;
    int           order = strcmp(a->id, b->id);

    return order != 0 ? order : strcmp(a->table, b->table);
}

static void sort_records(records *r, problems *list)
{
    int32_t kept = 0;

    if (r->count > 0)
        qsort(r->items, (size_t)r->count, sizeof *r->items, compare_records);
    for (int32_t i = 0; i < r->count; i++) {
        if (kept > 0 && strcmp(r->items[kept - 1].id, r->items[i].id) == 0) {
            problem_add(list, "duplicate rows", "%s: %s has a second row", r->items[i].table,
                        r->items[i].id);
            free(r->items[i].id);
        } else {
            r->items[kept++] = r->items[i];
        }
    }
    r->count = kept;
}

static record *find_record(const records *r, const char *id)
{
    int32_t low = 0, high = r->count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int     order  = strcmp(r->items[middle].id, id);

        if (order == 0)
            return &r->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void read_details(const records *r, const catalogue_table *t)
{
    form f = find_form(&t->table);

    for (int32_t row = 1; f.id >= 0 && row < t->table.rows; row++) {
        char       *id    = picture_id(csv_cell(&t->table, row, f.id));
        record     *item  = find_record(r, id);
        const char *split = ingest_split(csv_cell(&t->table, row, f.split));

        free(id);
        if (item == NULL)
            continue;
        if (item->lesion[0] == '\0')
            item->lesion = csv_cell(&t->table, row, f.lesion);
        if (item->patient[0] == '\0')
            item->patient = csv_cell(&t->table, row, f.patient);
        if (item->split[0] == '\0' && split != NULL)
            item->split = split;
    }
}

static const char *group_of(const record *item)
{
    return item->lesion[0] != '\0' ? item->lesion : item->patient;
}

static void free_records(records *r)
{
    for (int32_t i = 0; i < r->count; i++)
        free(r->items[i].id);
    free(r->items);
}

/* ------------------------------------------------------------------ the split of HAM10000 */

/* The rule looks at every row of the table, with or without a picture, so that a part of the data
 * set is split as the whole is. */
static skc_status split_rows(const records *r, skc_manifest *rows, skc_error *err)
{
    skc_split_options options;
    skc_status        status = SKC_OK;

    for (int32_t i = 0; i < r->count && status == SKC_OK; i++) {
        const record    *item = &r->items[i];
        skc_manifest_row row  = { item->id, item->label, group_of(item), "", "" };

        status = skc_manifest_add(rows, &row, err);
    }
    skc_split_options_init(&options);
    return status == SKC_OK ? skc_manifest_split(rows, &options, err) : status;
}

static skc_status apply_rule(records *r, problems *list, const skc_runtime *runtime, skc_error *err)
{
    skc_manifest *rows;
    skc_status    status = skc_manifest_create(runtime, &rows, err);

    if (status != SKC_OK)
        return status;
    status = split_rows(r, rows, err);
    for (int32_t i = 0; i < r->count && status == SKC_OK; i++) {
        record     *item  = &r->items[i];
        const char *split = ingest_split(skc_manifest_row_at(rows, i).split);

        if (item->split[0] != '\0' && strcmp(item->split, split) != 0)
            problem_add(list, "splits that differ from the rule",
                        "%s: a table says %s, the rule says %s", item->id, item->split, split);
        item->split = split;
    }
    skc_manifest_free(rows);
    return status;
}

/* ------------------------------------------------------------------ rows and pictures */

/* The test part of ISIC 2018 lies beside HAM10000 on Dataverse and has the same columns, but is no
 * part of it. */
static bool is_elsewhere(bool ham10000, const char *location)
{
    return ham10000 && strstr(location, "ISIC2018_Task3_Test") != NULL;
}

/* The Kaggle archive holds every picture twice, in folders whose names differ in case only. */
static bool is_same_place(const catalogue_picture *a, const catalogue_picture *b)
{
    return strcasecmp(a->inner, b->inner) == 0;
}

static skc_status add_rows(const catalogue *c, const records *r, const ingest_target *target,
                           bool *used, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < r->count && status == SKC_OK; i++) {
        const record            *item = &r->items[i];
        int32_t                  count;
        const catalogue_picture *picture = catalogue_find(c, item->id, &count);

        if (picture == NULL) {
            problem_add(target->problems, "rows without a picture", "%s: %s has no picture",
                        item->table, item->id);
            continue;
        }
        for (int32_t k = 0; k < count; k++) {
            used[picture - c->pictures + k] = true;
            if (k > 0 && !is_same_place(picture, picture + k))
                problem_add(target->problems, "duplicate pictures",
                            "%s: a second picture of that name; %s is taken", picture[k].location,
                            picture->location);
        }
        status =
            ingest_add(target, picture->location, item->label, group_of(item), item->split, err);
    }
    return status;
}

static skc_status join(const catalogue *c, const records *r, bool ham10000,
                       const ingest_target *target, skc_error *err)
{
    bool      *used = cli_memory(NULL, (size_t)c->picture_count + 1, sizeof *used);
    skc_status status;

    memset(used, 0, (size_t)c->picture_count * sizeof *used);
    status = add_rows(c, r, target, used, err);
    for (int32_t i = 0; i < c->picture_count && status == SKC_OK; i++)
        if (!used[i] && !is_elsewhere(ham10000, c->pictures[i].location))
            problem_add(target->problems, "pictures without a row", "%s: no row gives it a label",
                        c->pictures[i].location);
    free(used);
    return status;
}

skc_status ingest_tables(const catalogue *c, bool ham10000, const ingest_target *target,
                         const skc_runtime *runtime, skc_error *err)
{
    records    r      = { 0 };
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < c->table_count; i++)
        if (!is_elsewhere(ham10000, c->tables[i].location))
            read_labels(&r, &c->tables[i], target->problems);
    sort_records(&r, target->problems);
    for (int32_t i = 0; i < c->table_count; i++)
        read_details(&r, &c->tables[i]);
    if (r.count == 0)
        status = failure(err, SKC_ENOTFOUND,
                         "no table gives labels: it needs the column dx, melanoma and "
                         "seborrheic_keratosis, MEL and NV, benign_malignant, or target");
    else if (ham10000)
        status = apply_rule(&r, target->problems, runtime, err);
    if (status == SKC_OK)
        status = join(c, &r, ham10000, target, err);
    free_records(&r);
    return status;
}
