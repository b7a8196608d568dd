/* pictures.c - walks a manifest's pictures in the order in which they can be read fastest. */
#define _XOPEN_SOURCE 700 /* strndup, st_mtim, realpath */
#include "pictures.h"
#include "archive.h"
#include "cli.h"
#include "failure.h"
#include "files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A batch is handed on when it is full by either measure, so that memory stays bounded. */
enum { BATCH_ITEMS = 64, BATCH_BYTES = 64 << 20 };

/* One row: where its picture is. */
typedef struct place {
    char       *location; /* "folder/a.jpg" or "folder/b.tar!c.jpg" */
    size_t      archive;  /* length of the archive's path within it; 0: a single file */
    const char *member;   /* within location; NULL: a single file */
    int32_t     row;
    bool        found;
} place;

typedef struct walk {
    const pictures_options *options;
    pictures_batch          batch;
    void                   *batch_user;
    place                  *places; /* files first, then by archive and member */
    int32_t                 total, done;
    size_t                  bytes;
    int32_t                 count;
    skc_cache_item          items[BATCH_ITEMS];
    void                   *blocks[BATCH_ITEMS]; /* the bytes of the items, to be released */
    skc_error               results[BATCH_ITEMS];
} walk;

/* ------------------------------------------------------------------ places */

char *pictures_location(const char *manifest_path, const char *path)
{
    const char *slash = manifest_path != NULL ? strrchr(manifest_path, '/') : NULL;

    if (slash == NULL) /* "-" would be standard input */
        return cli_format("%s%s", strcmp(path, "-") == 0 ? "./" : "", path);
    if (path[0] == '/')
        return cli_copy(path);
    return cli_format("%.*s/%s", (int)(slash - manifest_path), manifest_path, path);
}

char *pictures_folder(const char *manifest_path, skc_error *err)
{
    const char *slash = strrchr(manifest_path, '/');
    char       *folder =
        slash == NULL ? cli_copy(".")
                            : cli_format("%.*s", slash > manifest_path ? (int)(slash - manifest_path) : 1,
                                         manifest_path);
    char *absolute = realpath(folder, NULL);

    if (absolute == NULL)
        failure(err, SKC_ENOTFOUND, "%s: the folder %s: %s", manifest_path, folder,
                strerror(errno));
    free(folder);
    return absolute;
}

char *pictures_path(const char *from, const char *folder, const char *path)
{
    char  *absolute = path[0] == '/' ? cli_copy(path) : file_join(from, path), *relative;
    size_t length   = strlen(folder);

    if (strncmp(absolute, folder, length) != 0 || absolute[length] != '/')
        return absolute;
    relative = cli_copy(absolute + length + 1);
    free(absolute);
    return relative;
}

static int compare_places(const void *left, const void *right)
{
    const place *a = left, *b = right;
    size_t       shared = a->archive < b->archive ? a->archive : b->archive;
    int          order;

    if (a->archive == 0 && b->archive == 0)
        return a->row < b->row ? -1 : a->row > b->row;
    order = strncmp(a->location, b->location, shared);
    if (order == 0)
        order = (a->archive > b->archive) - (a->archive < b->archive);
    return order != 0 ? order : strcmp(a->member, b->member);
}

static place *find_places(const skc_manifest *manifest, const char *manifest_path)
{
    int32_t count  = skc_manifest_count(manifest);
    place  *places = cli_memory(NULL, (size_t)count + 1, sizeof *places);

    for (int32_t i = 0; i < count; i++) {
        place *p = &places[i];

        *p          = (place){ .row = i };
        p->location = pictures_location(manifest_path, skc_manifest_row_at(manifest, i).path);
        p->member   = archive_split_path(p->location, &p->archive);
    }
    qsort(places, (size_t)count, sizeof *places, compare_places);
    return places;
}

static void free_places(place *places, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        free(places[i].location);
    free(places);
}

/* ------------------------------------------------------------------ batches */

static void report_failure(walk *w, int32_t row, const skc_error *err)
{
    if (w->options->failed != NULL)
        w->options->failed(w->options->user, row, err);
}

static skc_status flush(walk *w, skc_error *err)
{
    skc_status status = SKC_OK;

    if (w->count > 0) {
        memset(w->results, 0, sizeof w->results);
        status = w->batch(w->batch_user, w->items, w->count, w->results, err);
    }
    for (int32_t i = 0; i < w->count; i++) {
        if (status == SKC_OK && w->results[i].status != SKC_OK)
            report_failure(w, w->items[i].row, &w->results[i]);
        free(w->blocks[i]);
    }
    w->done += w->count;
    w->count = 0;
    w->bytes = 0;
    if (status == SKC_OK && w->options->progress != NULL)
        w->options->progress(w->options->user, w->done, w->total);
    if (status == SKC_OK && w->options->stop != NULL && w->options->stop(w->options->user))
        return failure(err, SKC_EINVAL, "interrupted");
    return status;
}

/* Takes over `bytes`. */
static skc_status push(walk *w, const place *p, void *bytes, size_t size, skc_error *err)
{
    w->items[w->count]  = (skc_cache_item){ p->row, bytes, size, p->location };
    w->blocks[w->count] = bytes;
    w->count++;
    w->bytes += size;
    return w->count == BATCH_ITEMS || w->bytes >= BATCH_BYTES ? flush(w, err) : SKC_OK;
}

static void skip(walk *w, const place *p, const skc_error *err)
{
    report_failure(w, p->row, err);
    w->done++;
}

/* ------------------------------------------------------------------ reading */

/* A pipe would be waited for, a device read for ever. */
static skc_status read_file(const char *path, char **bytes, size_t *size, skc_error *err)
{
    struct stat info;

    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return failure(err, SKC_EINVAL, "%s: not a regular file", path);
    return file_read(path, ARCHIVE_MAX_BYTES, bytes, size, err);
}

static skc_status read_files(walk *w, int32_t count, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < count && status == SKC_OK; i++) {
        char     *bytes;
        size_t    size;
        skc_error reason;

        if (read_file(w->places[i].location, &bytes, &size, &reason) == SKC_OK)
            status = push(w, &w->places[i], bytes, size, err);
        else
            skip(w, &w->places[i], &reason);
    }
    return status;
}

static place *find_member(place *places, int32_t count, const char *member)
{
    int32_t low = 0, high = count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        int     order  = strcmp(places[middle].member, member);

        if (order == 0)
            return &places[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* Reads what is wanted of one open archive; *damage says why it could not be read to its end. */
static skc_status read_stream(walk *w, archive_stream *stream, place *places, int32_t count,
                              skc_error *damage, skc_error *err)
{
    int32_t     left = count;
    const char *member;

    while (left > 0 && archive_stream_next(stream, &member, damage) == SKC_OK && member != NULL) {
        place         *p = find_member(places, count, member);
        unsigned char *bytes;
        size_t         size;
        skc_error      reason;
        skc_status     status;

        if (p == NULL || p->found)
            continue;
        p->found = true;
        left--;
        if (archive_stream_read(stream, &bytes, &size, &reason) != SKC_OK) {
            skip(w, p, &reason);
            continue;
        }
        status = push(w, p, bytes, size, err);
        if (status != SKC_OK)
            return status;
    }
    return SKC_OK;
}

static skc_status read_archive(walk *w, place *places, int32_t count, skc_error *err)
{
    char           *path   = strndup(places[0].location, places[0].archive);
    archive_stream *stream = NULL;
    skc_error       damage = { .status = SKC_OK };
    skc_status      status = SKC_OK;

    if (path == NULL)
        return failure_memory(err);
    if (archive_stream_open(path, NULL, &stream, &damage) == SKC_OK)
        status = read_stream(w, stream, places, count, &damage, err);
    archive_stream_close(stream);
    for (int32_t i = 0; i < count && status == SKC_OK; i++) {
        skc_error reason = damage;

        if (places[i].found)
            continue;
        if (damage.status == SKC_OK)
            failure(&reason, SKC_ENOTFOUND, "%s: no member \"%s\"", path, places[i].member);
        skip(w, &places[i], &reason);
    }
    free(path);
    return status;
}

static skc_status read_all(walk *w, skc_error *err)
{
    int32_t    start = 0, end;
    skc_status status;

    while (start < w->total && w->places[start].archive == 0)
        start++;
    status = read_files(w, start, err);
    for (; start < w->total && status == SKC_OK; start = end) {
        const place *first = &w->places[start];

        end = start + 1;
        while (end < w->total && w->places[end].archive == first->archive &&
               strncmp(w->places[end].location, first->location, first->archive) == 0)
            end++;
        status = read_archive(w, &w->places[start], end - start, err);
    }
    return status == SKC_OK ? flush(w, err) : status;
}

skc_status pictures_read(const skc_manifest *manifest, const pictures_options *options,
                         pictures_batch batch, void *batch_user, skc_error *err)
{
    walk      *w = cli_memory(NULL, 1, sizeof *w);
    skc_status status;

    *w        = (walk){ .options = options, .batch = batch, .batch_user = batch_user };
    w->total  = skc_manifest_count(manifest);
    w->places = find_places(manifest, options->manifest_path);
    status    = read_all(w, err);
    for (int32_t i = 0; i < w->count; i++) /* what an early end left */
        free(w->blocks[i]);
    free_places(w->places, w->total);
    free(w);
    return status;
}

/* ------------------------------------------------------------------ the cache */

static void describe_file(FILE *text, const char *path)
{
    struct stat info;

    if (stat(path, &info) == 0)
        fprintf(text, " %" PRId64 " %" PRId64 ".%09ld", (int64_t)info.st_size,
                (int64_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

/* What a cache depends on: every row's path, in order, and the state of the files behind them. */
static bool cache_key(const skc_manifest *manifest, const char *manifest_path, int32_t side,
                      char key[128])
{
    char  *bytes = NULL, *last = cli_copy(""), hex[65];
    size_t size = 0, archive;
    FILE  *text = open_memstream(&bytes, &size);

    for (int32_t i = 0; text != NULL && i < skc_manifest_count(manifest); i++) {
        char *location = pictures_location(manifest_path, skc_manifest_row_at(manifest, i).path);

        fprintf(text, "%s", location);
        if (archive_split_path(location, &archive) != NULL)
            location[archive] = '\0';
        if (strcmp(location, last) != 0)
            describe_file(text, location);
        fputc('\n', text);
        free(last);
        last = location;
    }
    free(last);
    if (text == NULL || fclose(text) != 0) {
        free(bytes);
        return false;
    }
    skc_sha256(bytes, size, hex);
    snprintf(key, 128, "pictures-1 side %d %s", (int)side, hex);
    free(bytes);
    return true;
}

/* NULL when there is no cache made from exactly this. */
static skc_cache *open_same(const char *path, const char *key, int32_t rows, int32_t side,
                            const skc_runtime *runtime)
{
    skc_cache *cache = NULL;

    if (!file_exists(path) || skc_cache_open(path, runtime, &cache, NULL) != SKC_OK)
        return NULL;
    if (strcmp(skc_cache_key(cache), key) == 0 && skc_cache_rows(cache) == rows &&
        skc_cache_side(cache) == side)
        return cache;
    skc_cache_free(cache);
    return NULL;
}

static void report_missing(const skc_manifest *manifest, const pictures_options *options,
                           const skc_cache *cache)
{
    for (int32_t i = 0; i < skc_cache_rows(cache) && options->failed != NULL; i++) {
        skc_error err;

        if (skc_cache_has(cache, i))
            continue;
        failure(&err, SKC_EFORMAT, "%s: could not be read when the cache was made",
                skc_manifest_row_at(manifest, i).path);
        options->failed(options->user, i, &err);
    }
}

static skc_status put_batch(void *user, const skc_cache_item *items, int32_t count,
                            skc_error *results, skc_error *err)
{
    return skc_cache_writer_put(user, items, count, results, err);
}

/* A file that is there already may be replaced only if it is empty or a picture cache, perhaps old:
 * whoever mistypes --cache must not lose a manifest or a photograph. */
static skc_status check_replaceable(const char *path, skc_error *err)
{
    static const char magic[]             = "SKCCACHE";
    char              found[sizeof magic] = "";
    size_t            size                = 0;
    FILE             *file;

    if (!file_exists(path))
        return SKC_OK;
    file = fopen(path, "rb");
    if (file != NULL) {
        size = fread(found, 1, sizeof magic - 1, file);
        fclose(file);
    }
    if (file != NULL && (size == 0 || strcmp(found, magic) == 0))
        return SKC_OK;
    return failure(err, SKC_EINVAL, "%s: it exists and is no picture cache; it is not replaced",
                   path);
}

static skc_status make_cache(const skc_manifest *manifest, const pictures_options *options,
                             const char *path, int32_t side, const char *key, skc_error *err)
{
    skc_cache_writer *writer;
    skc_status        status;

    status = check_replaceable(path, err);
    if (status == SKC_OK)
        status = skc_cache_writer_create(path, skc_manifest_count(manifest), side, key,
                                         options->runtime, &writer, err);
    if (status != SKC_OK)
        return status;
    status = pictures_read(manifest, options, put_batch, writer, err);
    if (status == SKC_OK)
        return skc_cache_writer_finish(writer, err);
    skc_cache_writer_abandon(writer);
    return status;
}

skc_status pictures_cache(const skc_manifest *manifest, const pictures_options *options,
                          const char *cache_path, int32_t side, skc_cache **out, skc_error *err)
{
    char       key[128];
    skc_cache *cache;
    skc_status status;

    if (!cache_key(manifest, options->manifest_path, side, key))
        return failure_memory(err);
    cache = open_same(cache_path, key, skc_manifest_count(manifest), side, options->runtime);
    if (cache != NULL) {
        report_missing(manifest, options, cache);
        *out = cache;
        return SKC_OK;
    }
    status = make_cache(manifest, options, cache_path, side, key, err);
    return status == SKC_OK ? skc_cache_open(cache_path, options->runtime, out, err) : status;
}
