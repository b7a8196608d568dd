/* manifest.c - the table of pictures: path, label, group, split, source; CSV in and out. */
#include "train/manifest.h"

#include <string.h>

#include "core/utf8.h"
#include "train/csv.h"

/* Refused above: more text than a table of ten million pictures has. */
static const uint64_t max_file_bytes = (uint64_t)4 << 30;

enum { PATH, LABEL, GROUP, SPLIT, SOURCE, COLUMNS };
static const char *const column_names[COLUMNS] = { "path", "label", "group", "split", "source" };

static const char *const part_names[SKC_PARTS] = { "", "train", "val", "test" };

int32_t skc__part_number(const char *name)
{
    for (int32_t part = 0; part < SKC_PARTS; part++)
        if (strcmp(name, part_names[part]) == 0)
            return part;
    return -1;
}

/* ------------------------------------------------------------------ life */

skc_status skc_manifest_create(const skc_runtime *runtime, skc_manifest **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_manifest *manifest;

    if (out == NULL)
        return skc__fail(err, SKC_EINVAL, "manifest: out is NULL");
    manifest = skc__allocate_zeroed(&allocator, sizeof *manifest, err);
    if (manifest == NULL)
        return SKC_ENOMEM;
    manifest->allocator = allocator;
    skc__names_init(&manifest->paths, &allocator);
    skc__names_init(&manifest->labels, &allocator);
    skc__names_init(&manifest->groups, &allocator);
    skc__names_init(&manifest->sources, &allocator);
    *out = manifest;
    return SKC_OK;
}

void skc_manifest_free(skc_manifest *manifest)
{
    skc_allocator allocator;

    if (manifest == NULL)
        return;
    allocator = manifest->allocator;
    skc__names_free(&manifest->paths);
    skc__names_free(&manifest->labels);
    skc__names_free(&manifest->groups);
    skc__names_free(&manifest->sources);
    skc__release(&allocator, manifest->entries);
    skc__release(&allocator, manifest->parts);
    skc__release(&allocator, manifest);
}

/* ------------------------------------------------------------------ rows */

static skc_status check_text(const char *column, const char *text, skc_error *err)
{
    size_t length;

    if (text == NULL)
        return skc__fail(err, SKC_EINVAL, "the %s is NULL", column);
    length = strlen(text);
    if (length > SKC_MANIFEST_TEXT)
        return skc__fail(err, SKC_ELIMIT, "the %s has %zu bytes, over the limit of %d", column,
                         length, (int)SKC_MANIFEST_TEXT);
    if (skc__utf8_check(text, text + length) != text + length)
        return skc__fail(err, SKC_EINVAL, "the %s is not UTF-8", column);
    return SKC_OK;
}

static skc_status check_row(const skc_manifest_row *row, skc_error *err)
{
    const char *const text[COLUMNS] = { row->path, row->label, row->group, row->split,
                                        row->source };

    for (int32_t column = 0; column < COLUMNS; column++) {
        skc_status status = check_text(column_names[column], text[column], err);
        if (status != SKC_OK)
            return status;
        if (column <= LABEL && text[column][0] == '\0')
            return skc__fail(err, SKC_EINVAL, "the %s is empty", column_names[column]);
    }
    if (skc__part_number(row->split) < 0)
        return skc__fail(err, SKC_EINVAL,
                         "the split is \"%.40s\"; allowed are train, val, test or nothing",
                         row->split);
    return SKC_OK;
}

/* Room for one more row and one more group. */
static skc_status make_room(skc_manifest *manifest, skc_error *err)
{
    if (manifest->count == INT32_MAX || manifest->groups.count == INT32_MAX)
        return skc__fail(err, SKC_ELIMIT, "a manifest holds at most %d rows", INT32_MAX);
    if (!skc__grow(&manifest->allocator, (void **)&manifest->entries, &manifest->capacity,
                   manifest->count + 1, sizeof *manifest->entries, err) ||
        !skc__grow(&manifest->allocator, (void **)&manifest->parts, &manifest->parts_capacity,
                   manifest->groups.count + 1, sizeof *manifest->parts, err))
        return SKC_ENOMEM;
    return SKC_OK;
}

/* Turns the texts of a checked row into numbers. What it takes into the sets stays there, unused,
 * where a later step fails. */
static skc_status number_row(skc_manifest *manifest, const skc_manifest_row *row,
                             skc_manifest_entry *entry, skc_error *err)
{
    int32_t    groups = manifest->groups.count;
    skc_status status = make_room(manifest, err);

    entry->part  = skc__part_number(row->split);
    entry->group = -1;
    if (status == SKC_OK)
        status = skc__names_add(&manifest->labels, row->label, &entry->label, err);
    if (status == SKC_OK)
        status = skc__names_add(&manifest->sources, row->source, &entry->source, err);
    if (status == SKC_OK && row->group[0] != '\0')
        status = skc__names_add(&manifest->groups, row->group, &entry->group, err);
    if (status == SKC_OK && entry->group == groups)
        memset(manifest->parts[groups], 0, sizeof *manifest->parts);
    return status;
}

static void count_in(skc_manifest *manifest, skc_manifest_entry entry, int32_t change)
{
    if (entry.group >= 0)
        manifest->parts[entry.group][entry.part] += change;
}

void skc__manifest_move(skc_manifest *manifest, int32_t row, int32_t part)
{
    count_in(manifest, manifest->entries[row], -1);
    manifest->entries[row].part = part;
    count_in(manifest, manifest->entries[row], +1);
}

static skc_status add_row(skc_manifest *manifest, const skc_manifest_row *row, skc_error *err)
{
    skc_manifest_entry entry;
    int32_t            number;
    skc_status         status = number_row(manifest, row, &entry, err);

    if (status == SKC_OK)
        status = skc__names_add(&manifest->paths, row->path, &number, err);
    if (status != SKC_OK)
        return status;
    manifest->entries[number] = entry;
    manifest->count           = manifest->paths.count;
    count_in(manifest, entry, +1);
    return SKC_OK;
}

skc_status skc_manifest_add(skc_manifest *manifest, const skc_manifest_row *row, skc_error *err)
{
    int32_t    there;
    skc_status status;

    if (manifest == NULL || row == NULL)
        return skc__fail(err, SKC_EINVAL, "manifest: a NULL argument");
    status = check_row(row, err);
    if (status != SKC_OK)
        return status;
    there = skc__names_find(&manifest->paths, row->path);
    if (there >= 0)
        return skc__fail(err, SKC_EINVAL, "path \"%.300s\" is in row %d already", row->path, there);
    return add_row(manifest, row, err);
}

skc_status skc_manifest_set(skc_manifest *manifest, int32_t i, const skc_manifest_row *row,
                            skc_error *err)
{
    skc_manifest_entry entry;
    int32_t            there;
    skc_status         status;

    if (manifest == NULL || row == NULL)
        return skc__fail(err, SKC_EINVAL, "manifest: a NULL argument");
    if (i < 0 || i >= manifest->count)
        return skc__fail(err, SKC_EINVAL, "row %d of a manifest of %d rows", i, manifest->count);
    status = check_row(row, err);
    if (status != SKC_OK)
        return status;
    there = skc__names_find(&manifest->paths, row->path);
    if (there >= 0 && there != i)
        return skc__fail(err, SKC_EINVAL, "path \"%.300s\" is in row %d already", row->path, there);
    status = number_row(manifest, row, &entry, err);
    if (status == SKC_OK && there != i)
        status = skc__names_rename(&manifest->paths, i, row->path, err);
    if (status != SKC_OK)
        return status;
    count_in(manifest, manifest->entries[i], -1);
    manifest->entries[i] = entry;
    count_in(manifest, entry, +1);
    return SKC_OK;
}

int32_t skc_manifest_count(const skc_manifest *manifest)
{
    return manifest->count;
}

skc_manifest_row skc_manifest_row_at(const skc_manifest *manifest, int32_t i)
{
    const skc_manifest_entry *entry;

    if (i < 0 || i >= manifest->count)
        return (skc_manifest_row){ "", "", "", "", "" };
    entry = &manifest->entries[i];
    return (skc_manifest_row){
        .path   = manifest->paths.text[i],
        .label  = manifest->labels.text[entry->label],
        .group  = entry->group < 0 ? "" : manifest->groups.text[entry->group],
        .split  = part_names[entry->part],
        .source = manifest->sources.text[entry->source],
    };
}

int32_t skc_manifest_leaks(const skc_manifest *manifest, const char **example)
{
    int32_t leaks = 0;

    for (int32_t group = 0; group < manifest->groups.count; group++) {
        const int32_t *parts = manifest->parts[group];
        if ((parts[1] > 0) + (parts[2] > 0) + (parts[3] > 0) < 2)
            continue;
        if (leaks == 0 && example != NULL)
            *example = manifest->groups.text[group];
        leaks++;
    }
    return leaks;
}

/* ------------------------------------------------------------------ reading and writing */

/* position[column] = field of the header that names it, -1 where there is none. */
static skc_status read_header(skc_csv_reader *csv, int32_t position[COLUMNS], skc_error *err)
{
    bool       more   = false;
    skc_status status = skc__csv_next(csv, &more, err);

    if (status != SKC_OK)
        return status;
    for (int32_t column = 0; column < COLUMNS; column++) {
        position[column] = -1;
        for (int32_t field = 0; field < csv->count; field++) {
            if (strcmp(csv->field[field], column_names[column]) != 0)
                continue;
            if (position[column] >= 0)
                return skc__csv_fail(csv, err, SKC_EFORMAT, "there are two columns \"%s\"",
                                     column_names[column]);
            position[column] = field;
        }
        if (column <= LABEL && position[column] < 0)
            return skc__csv_fail(
                csv, err, SKC_EFORMAT,
                "there is no column \"%s\"; the first line of a manifest names its "
                "columns: path,label and perhaps group,split,source",
                column_names[column]);
    }
    return SKC_OK;
}

/* Line of a row that has been read before. */
static int64_t line_of(skc_csv_reader *csv, int32_t row)
{
    bool more = true;

    skc__csv_start(csv, csv->text, (size_t)(csv->end - csv->text), csv->name);
    for (int32_t record = -1; record <= row && more; record++) /* -1: the header */
        if (skc__csv_next(csv, &more, NULL) != SKC_OK)
            break;
    return csv->line;
}

static skc_status refuse_duplicate(skc_csv_reader *csv, const char *path, int32_t row,
                                   skc_error *err)
{
    int64_t line  = csv->line;
    int64_t first = line_of(csv, row);

    return skc__fail(err, SKC_EFORMAT, "%s line %lld: path \"%.200s\" stands in line %lld already",
                     csv->name, (long long)line, path, (long long)first);
}

static skc_status read_row(skc_manifest *manifest, skc_csv_reader *csv, int32_t fields,
                           const int32_t position[COLUMNS], skc_error *err)
{
    const char      *text[COLUMNS];
    skc_manifest_row row;
    skc_error        inner;
    skc_status       status;
    int32_t          there;

    if (csv->count != fields)
        return skc__csv_fail(csv, err, SKC_EFORMAT, "%d fields, but the first line has %d",
                             csv->count, fields);
    for (int32_t column = 0; column < COLUMNS; column++)
        text[column] = position[column] < 0 ? "" : csv->field[position[column]];
    row    = (skc_manifest_row){ text[PATH], text[LABEL], text[GROUP], text[SPLIT], text[SOURCE] };
    status = check_row(&row, &inner);
    if (status == SKC_EINVAL)
        status = SKC_EFORMAT;
    if (status == SKC_OK) {
        there = skc__names_find(&manifest->paths, row.path);
        if (there >= 0)
            return refuse_duplicate(csv, manifest->paths.text[there], there, err);
        status = add_row(manifest, &row, &inner);
    }
    return status == SKC_OK ? SKC_OK : skc__csv_fail(csv, err, status, "%s", inner.message);
}

static skc_status read_rows(skc_manifest *manifest, skc_csv_reader *csv, skc_error *err)
{
    int32_t    position[COLUMNS];
    bool       more   = true;
    skc_status status = read_header(csv, position, err);
    int32_t    fields = csv->count;

    while (status == SKC_OK) {
        status = skc__csv_next(csv, &more, err);
        if (!more)
            break;
        if (status == SKC_OK)
            status = read_row(manifest, csv, fields, position, err);
    }
    return status;
}

skc_status skc_manifest_parse(const char *text, size_t size, const char *name,
                              const skc_runtime *runtime, skc_manifest **out, skc_error *err)
{
    skc_allocator   allocator = skc__allocator(runtime);
    skc_manifest   *manifest  = NULL;
    skc_csv_reader *csv;
    skc_status      status;

    if (out == NULL || (text == NULL && size > 0))
        return skc__fail(err, SKC_EINVAL, "manifest: a NULL argument");
    csv = skc__allocate(&allocator, sizeof *csv, err);
    if (csv == NULL)
        return SKC_ENOMEM;
    skc__csv_start(csv, size > 0 ? text : "", size, name != NULL ? name : "manifest");
    status = skc_manifest_create(runtime, &manifest, err);
    if (status == SKC_OK)
        status = read_rows(manifest, csv, err);
    skc__release(&allocator, csv);
    if (status == SKC_OK)
        *out = manifest;
    else
        skc_manifest_free(manifest);
    return status;
}

skc_status skc_manifest_load(const char *path, const skc_runtime *runtime, skc_manifest **out,
                             skc_error *err)
{
    skc_allocator  allocator = skc__allocator(runtime);
    unsigned char *bytes;
    size_t         size;
    skc_status     status;

    if (path == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "manifest: a NULL argument");
    status = skc__file_read(path, max_file_bytes, &allocator, &bytes, &size, err);
    if (status != SKC_OK)
        return status;
    status = skc_manifest_parse((const char *)bytes, size, path, runtime, out, err);
    skc__release(&allocator, bytes);
    return status;
}

skc_status skc_manifest_save(const skc_manifest *manifest, const char *path, skc_error *err)
{
    skc_csv_writer csv;

    if (manifest == NULL || path == NULL)
        return skc__fail(err, SKC_EINVAL, "manifest: a NULL argument");
    skc__csv_open(&csv, path, err);
    skc__csv_put(&csv, column_names, COLUMNS);
    for (int32_t i = 0; i < manifest->count; i++) {
        skc_manifest_row  row           = skc_manifest_row_at(manifest, i);
        const char *const text[COLUMNS] = { row.path, row.label, row.group, row.split, row.source };
        skc__csv_put(&csv, text, COLUMNS);
    }
    return skc__csv_commit(&csv);
}
