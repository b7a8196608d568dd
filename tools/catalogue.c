/* catalogue.c - walks folders and archives once and keeps pictures' names and tables' texts. */
#define _XOPEN_SOURCE 700 /* realpath, scandir */
#include "catalogue.h"
#include "archive.h"
#include "cli.h"
#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32, TABLE_BYTES = 64000000 };

static const char unreadable[] = "unreadable inputs";

/* ------------------------------------------------------------------ names */

static bool ends_with(const char *text, const char *ending)
{
    size_t length = strlen(text), tail = strlen(ending);

    return length >= tail && strcasecmp(text + length - tail, ending) == 0;
}

/* HAM10000_metadata comes without an ending from Dataverse; the hmnist tables of the Kaggle copy
 * hold pixels, not labels. */
static bool is_table_name(const char *name)
{
    if (strncasecmp(file_name(name), "hmnist_", 7) == 0)
        return false;
    return ends_with(name, ".csv") || ends_with(name, ".tab") || ends_with(name, ".tsv") ||
           ends_with(name, "HAM10000_metadata");
}

/* Files that the ISIC archive and HAM10000 ship beside the pictures, named after them. */
static bool is_companion(const char *id)
{
    return ends_with(id, "_segmentation") || ends_with(id, "_superpixels");
}

static char *without_ending(const char *name)
{
    char *copy = cli_copy(name), *dot = strrchr(copy, '.');

    if (dot != NULL && dot != copy)
        *dot = '\0';
    return copy;
}

/* The name itself, but for archives without their ending. */
static char *folder_name(const char *name)
{
    char *stem = archive_is_name(name) ? without_ending(name) : cli_copy(name);

    if (archive_is_name(name) && ends_with(stem, ".tar"))
        stem[strlen(stem) - 4] = '\0';
    return stem;
}

char *catalogue_name(const char *path)
{
    char *absolute = realpath(path, NULL);
    char *name     = folder_name(file_name(absolute != NULL ? absolute : path));

    free(absolute);
    return name;
}

/* ------------------------------------------------------------------ adding */

static void add_picture(catalogue *c, const char *location, const char *inner)
{
    char *id = without_ending(file_name(inner));

    if (is_companion(id)) {
        c->companions++;
        free(id);
        return;
    }
    if (c->picture_count == c->picture_capacity) {
        c->picture_capacity = c->picture_capacity == 0 ? 1024 : c->picture_capacity * 2;
        c->pictures = cli_memory(c->pictures, (size_t)c->picture_capacity, sizeof *c->pictures);
    }
    c->pictures[c->picture_count++] =
        (catalogue_picture){ cli_copy(location), cli_copy(inner), id };
}

/* Takes over `text`, which has a NUL after its `size` bytes. */
static void add_table(catalogue *c, const char *location, char *text, size_t size, problems *list)
{
    catalogue_table entry = { .location = NULL };
    skc_error       err;

    if (csv_parse(text, size, location, &entry.table, &err) != SKC_OK) {
        problem_add(list, unreadable, "%s", err.message);
        return;
    }
    if (c->table_count == c->table_capacity) {
        c->table_capacity = c->table_capacity == 0 ? 8 : c->table_capacity * 2;
        c->tables         = cli_memory(c->tables, (size_t)c->table_capacity, sizeof *c->tables);
    }
    entry.location              = cli_copy(location);
    c->tables[c->table_count++] = entry;
}

static void add_table_member(catalogue *c, archive_stream *stream, const char *location,
                             problems *list)
{
    unsigned char *bytes;
    size_t         size;
    skc_error      err;
    char          *text;

    if (archive_stream_read(stream, &bytes, &size, &err) != SKC_OK) {
        problem_add(list, unreadable, "%s", err.message);
        return;
    }
    text       = cli_memory(bytes, size + 1, 1);
    text[size] = '\0';
    add_table(c, location, text, size, list);
}

static void add_member(catalogue *c, archive_stream *stream, const char *path, const char *inner,
                       const char *member, problems *list)
{
    char *location = cli_format("%s!%s", path, member);
    char *below    = cli_format("%s/%s", inner, member);

    if (strstr(below, "__MACOSX/") != NULL || file_name(member)[0] == '.')
        c->companions++;
    else if (file_is_picture(member))
        add_picture(c, location, below);
    else if (is_table_name(member))
        add_table_member(c, stream, location, list);
    else if (archive_is_name(member))
        problem_add(list, "archives within archives",
                    "%s: an archive within an archive: unpack %s first", location, path);
    free(location);
    free(below);
}

static void add_archive(catalogue *c, const char *path, const char *inner, problems *list)
{
    const archive_limits limits = { TABLE_BYTES, ARCHIVE_MAX_MEMBERS };
    archive_stream      *stream = NULL;
    const char          *member = "";
    skc_error            err;
    skc_status           status = archive_stream_open(path, &limits, &stream, &err);

    while (status == SKC_OK && member != NULL) {
        status = archive_stream_next(stream, &member, &err);
        if (status == SKC_OK && member != NULL)
            add_member(c, stream, path, inner, member, list);
    }
    if (status != SKC_OK)
        problem_add(list, unreadable, "%s", err.message);
    archive_stream_close(stream);
}

static void add_file(catalogue *c, const char *path, const char *inner, problems *list)
{
    skc_error err;
    char     *text;
    size_t    size;

    if (archive_is_name(path)) {
        add_archive(c, path, inner, list);
    } else if (file_is_picture(path)) {
        add_picture(c, path, inner);
    } else if (is_table_name(path)) {
        if (file_read(path, TABLE_BYTES, &text, &size, &err) == SKC_OK)
            add_table(c, path, text, size, list);
        else
            problem_add(list, unreadable, "%s", err.message);
    }
}

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void add_path(catalogue *c, const char *path, const char *inner, int32_t depth,
                     problems *list);

static void add_folder(catalogue *c, const char *path, const char *inner, int32_t depth,
                       problems *list)
{
    struct dirent **entries;
    int             count = scandir(path, &entries, visible, alphasort);

    if (count < 0) {
        problem_add(list, unreadable, "%s: %s", path, strerror(errno));
        return;
    }
    for (int i = 0; i < count; i++) {
        char *child = file_join(path, entries[i]->d_name);
        char *stem  = folder_name(entries[i]->d_name);
        char *below = file_join(inner, stem);

        add_path(c, child, below, depth + 1, list);
        free(below);
        free(stem);
        free(child);
        free(entries[i]);
    }
    free(entries);
}

static void add_path(catalogue *c, const char *path, const char *inner, int32_t depth,
                     problems *list)
{
    struct stat info;

    if (stat(path, &info) != 0)
        problem_add(list, unreadable, "%s: %s", path, strerror(errno));
    else if (S_ISREG(info.st_mode))
        add_file(c, path, inner, list);
    else if (!S_ISDIR(info.st_mode)) /* a pipe or device would be read for ever */
        problem_add(list, unreadable, "%s: neither a file nor a folder", path);
    else if (file_leads_back(path))
        problem_add(list, unreadable, "%s: a link to a folder above", path);
    else if (depth < MAX_DEPTH)
        add_folder(c, path, inner, depth, list);
    else
        problem_add(list, unreadable, "%s: folders are nested more than %d deep", path, MAX_DEPTH);
}

void catalogue_add(catalogue *c, const char *path, problems *list)
{
    char *absolute = realpath(path, NULL);
    char *stem;

    if (absolute == NULL) {
        problem_add(list, unreadable, "%s: %s", path, strerror(errno));
        return;
    }
    stem = catalogue_name(absolute);
    if (!file_is_folder(absolute) && !archive_is_name(absolute) && !file_is_picture(absolute) &&
        !is_table_name(absolute))
        problem_add(list, unreadable, "%s: not a folder, archive, table or picture", path);
    add_path(c, absolute, stem, 0, list);
    free(stem);
    free(absolute);
}

/* ------------------------------------------------------------------ looking up */

static int compare_pictures(const void *left, const void *right)
{
    const catalogue_picture *a = left, *b = right;
    int                      order = strcmp(a->id, b->id);

    return order != 0 ? order : strcmp(a->location, b->location);
}

void catalogue_sort(catalogue *c)
{
    if (c->picture_count > 0)
        qsort(c->pictures, (size_t)c->picture_count, sizeof *c->pictures, compare_pictures);
}

const catalogue_picture *catalogue_find(const catalogue *c, const char *id, int32_t *count)
{
    int32_t low = 0, high = c->picture_count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;

        if (strcmp(c->pictures[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *count = 0;
    while (low + *count < c->picture_count && strcmp(c->pictures[low + *count].id, id) == 0)
        ++*count;
    return *count > 0 ? &c->pictures[low] : NULL;
}

void catalogue_free(catalogue *c)
{
    for (int32_t i = 0; i < c->picture_count; i++) {
        free(c->pictures[i].location);
        free(c->pictures[i].inner);
        free(c->pictures[i].id);
    }
    for (int32_t i = 0; i < c->table_count; i++) {
        free(c->tables[i].location);
        csv_free(&c->tables[i].table);
    }
    free(c->pictures);
    free(c->tables);
    *c = (catalogue){ 0 };
}
