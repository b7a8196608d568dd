/* test_pictures.c - pictures of files and archives, their cache, and near-duplicates among them. */
#define _XOPEN_SOURCE 700 /* mkdtemp, nftw */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../tools/duplicates.h"
#include "../../../tools/generate.h"
#include "../../../tools/pictures.h"

#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEMBERS = 150 }; /* more than two batches */

typedef struct folder {
    char path[64], manifest[96], cache[96], tar[96];
} folder;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void encode(int32_t n, int32_t view, uint8_t **bytes, size_t *size)
{
    generate_request request = { 3, n % GENERATE_CLASSES, n, view, 24 };
    skc_image       *image;

    assert_int_equal(generate_picture(&request, NULL, &image, NULL), SKC_OK);
    assert_int_equal(skc_image_encode(image, SKC_PNG, 90, NULL, bytes, size, NULL), SKC_OK);
    skc_image_free(image);
}

static void add_member(struct archive *writer, const char *name, const uint8_t *bytes, size_t size)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(writer, bytes, size), (la_ssize_t)size);
    archive_entry_free(entry);
}

/* Members 0.png, 1.png, ... and "text.png", which is none. */
static void make_tar(const char *path)
{
    struct archive *writer = archive_write_new();

    archive_write_set_format_ustar(writer);
    assert_int_equal(archive_write_open_filename(writer, path), ARCHIVE_OK);
    for (int32_t i = 0; i < MEMBERS; i++) {
        char     name[32];
        uint8_t *bytes;
        size_t   size;

        encode(i, 0, &bytes, &size);
        snprintf(name, sizeof name, "%d.png", (int)i);
        add_member(writer, name, bytes, size);
        skc_free(NULL, bytes);
    }
    add_member(writer, "text.png", (const uint8_t *)"text", 4);
    archive_write_close(writer);
    archive_write_free(writer);
}

static int set_up(void **state)
{
    static folder f;
    char          path[96];
    uint8_t      *bytes;
    size_t        size;
    FILE         *file;

    strcpy(f.path, "/tmp/skincnn-pictures-XXXXXX");
    if (mkdtemp(f.path) == NULL)
        return -1;
    snprintf(f.manifest, sizeof f.manifest, "%s/m.csv", f.path);
    snprintf(f.cache, sizeof f.cache, "%s/cache", f.path);
    snprintf(f.tar, sizeof f.tar, "%s/x.tar", f.path);
    make_tar(f.tar);
    snprintf(path, sizeof path, "%s/single.png", f.path);
    encode(0, 1, &bytes, &size);
    file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        return -1;
    skc_free(NULL, bytes);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    folder *f = *state;

    return nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void add_row(skc_manifest *manifest, const char *path)
{
    skc_manifest_row row = { path, "nv", "", "train", "" };

    assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
}

/* Rows in another order than the archive's; the last four are wrong in four ways. */
static skc_manifest *make_manifest(bool with_wrong)
{
    skc_manifest *manifest;
    char          path[64];

    assert_int_equal(skc_manifest_create(NULL, &manifest, NULL), SKC_OK);
    for (int32_t i = MEMBERS - 1; i >= 0; i--) {
        snprintf(path, sizeof path, "x.tar!%d.png", (int)i);
        add_row(manifest, path);
        if (i == MEMBERS / 2)
            add_row(manifest, "single.png");
    }
    if (!with_wrong)
        return manifest;
    add_row(manifest, "x.tar!text.png");
    add_row(manifest, "x.tar!missing.png");
    add_row(manifest, "missing.png");
    add_row(manifest, "missing.zip!0.png");
    return manifest;
}

typedef struct record {
    int32_t failures, last_row, done;
    bool    stop;
} record;

static void on_progress(void *user, int32_t done, int32_t total)
{
    record *r = user;

    assert_true(done >= r->done && done <= total);
    r->done = done;
}

static void on_failure(void *user, int32_t row, const skc_error *err)
{
    record *r = user;

    assert_true(row > MEMBERS);
    assert_true(err->message[0] != '\0');
    r->failures++;
}

static bool on_stop(void *user)
{
    return ((record *)user)->stop;
}

static pictures_options options_for(const folder *f, record *r)
{
    return (pictures_options){ .manifest_path = f->manifest,
                               .user          = r,
                               .progress      = on_progress,
                               .failed        = on_failure,
                               .stop          = on_stop };
}

/* The cache's pictures are those of the archive, each in its own row. */
static void check_cache(const skc_cache *cache)
{
    assert_int_equal(skc_cache_rows(cache), MEMBERS + 5);
    for (int32_t row = 0; row < MEMBERS + 1; row++) {
        int32_t    n = MEMBERS - 1 - row + (row > MEMBERS - 1 - MEMBERS / 2), view = 0;
        uint8_t   *bytes;
        size_t     size;
        skc_image *image, *expected;

        if (row == MEMBERS - MEMBERS / 2)
            n = 0, view = 1;
        encode(n, view, &bytes, &size);
        assert_int_equal(skc_image_decode(bytes, size, "p", NULL, NULL, &expected, NULL), SKC_OK);
        assert_true(skc_cache_has(cache, row));
        assert_int_equal(skc_cache_image(cache, row, NULL, &image, NULL), SKC_OK);
        assert_memory_equal(skc_image_pixels(image), skc_image_pixels(expected), 24 * 24 * 3);
        skc_image_free(image);
        skc_image_free(expected);
        skc_free(NULL, bytes);
    }
    for (int32_t row = MEMBERS + 1; row < MEMBERS + 5; row++)
        assert_false(skc_cache_has(cache, row));
}

static ino_t inode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_ino;
}

static skc_cache *open_cache(const folder *f, const skc_manifest *manifest, int32_t side)
{
    record           r       = { 0 };
    pictures_options options = options_for(f, &r);
    skc_cache       *cache   = NULL;
    skc_error        err     = { .status = SKC_OK };

    assert_int_equal(pictures_cache(manifest, &options, f->cache, side, &cache, &err), SKC_OK);
    assert_int_equal(r.failures, 4);
    return cache;
}

static void test_cache(void **state)
{
    const folder *f        = *state;
    skc_manifest *manifest = make_manifest(true);
    skc_cache    *cache    = open_cache(f, manifest, 32);
    ino_t         first    = inode_of(f->cache);
    FILE         *tar;

    check_cache(cache);
    skc_cache_free(cache);
    /* Again: the same file, and the same complaints. */
    cache = open_cache(f, manifest, 32);
    check_cache(cache);
    skc_cache_free(cache);
    assert_int_equal(inode_of(f->cache), first);
    /* Another side, or an archive that has changed: made anew. The old file is kept open meanwhile,
     * so that its number cannot be given out again. */
    tar = fopen(f->cache, "rb");
    skc_cache_free(open_cache(f, manifest, 16));
    assert_int_not_equal(inode_of(f->cache), first);
    fclose(tar);
    first = inode_of(f->cache);
    tar   = fopen(f->tar, "ab");
    assert_int_equal(fputc(0, tar), 0);
    fclose(tar);
    tar = fopen(f->cache, "rb");
    skc_cache_free(open_cache(f, manifest, 16));
    assert_int_not_equal(inode_of(f->cache), first);
    fclose(tar);
    skc_manifest_free(manifest);
}

static void test_stop(void **state)
{
    const folder    *f        = *state;
    record           r        = { .stop = true };
    pictures_options options  = options_for(f, &r);
    skc_manifest    *manifest = make_manifest(true);
    skc_cache       *cache    = NULL;
    char             path[128];
    skc_error        err;

    snprintf(path, sizeof path, "%s/stopped", f->path);
    assert_int_equal(pictures_cache(manifest, &options, path, 32, &cache, &err), SKC_EINVAL);
    assert_string_equal(err.message, "interrupted");
    assert_null(cache);
    assert_int_not_equal(access(path, F_OK), 0);
    skc_manifest_free(manifest);
}

static void test_paths(void **state)
{
    static const struct {
        const char *from, *folder, *path, *expected;
    } cases[] = {
        { "/a", "/a", "x.jpg", "x.jpg" },      { "/a/b", "/a", "x.jpg", "b/x.jpg" },
        { "/a", "/a/b", "x.jpg", "/a/x.jpg" }, { "/a", "/a/b", "b/x.tar!y", "x.tar!y" },
        { "/a", "/ab", "/abc/x", "/abc/x" },   { "/a", "/b", "/b/c/x", "c/x" },
    };
    char *location;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *path = pictures_path(cases[i].from, cases[i].folder, cases[i].path);

        assert_string_equal(path, cases[i].expected);
        free(path);
    }
    location = pictures_location("set/m.csv", "a.jpg");
    assert_string_equal(location, "set/a.jpg");
    free(location);
    location = pictures_location("m.csv", "-");
    assert_string_equal(location, "./-");
    free(location);
}

/* ------------------------------------------------------------------ duplicates */

static skc_status keep_signatures(void *user, const skc_cache_item *items, int32_t count,
                                  skc_error *results, skc_error *err)
{
    float(*all)[SKC_SIGNATURE_SYMMETRIES][SKC_SIGNATURE_VALUES] = user;

    (void)results;
    for (int32_t i = 0; i < count; i++) {
        skc_image *image;

        assert_int_equal(
            skc_image_decode(items[i].bytes, items[i].size, "p", NULL, NULL, &image, err), SKC_OK);
        assert_int_equal(skc_image_signature(image, all[items[i].row], err), SKC_OK);
        skc_image_free(image);
    }
    return SKC_OK;
}

static double compare(float (*a)[SKC_SIGNATURE_VALUES], float (*b)[SKC_SIGNATURE_VALUES])
{
    double best = -1;

    for (int32_t v = 0; v < SKC_SIGNATURE_SYMMETRIES; v++) {
        double sum = 0;

        for (int32_t i = 0; i < SKC_SIGNATURE_VALUES; i++)
            sum += (double)a[0][i] * (double)b[v][i];
        best = sum > best ? sum : best;
    }
    return best;
}

/* The shortcut finds what multiplying everything out finds, at a threshold with many pairs. */
static void test_duplicates(void **state)
{
    const folder    *f                                          = *state;
    record           r                                          = { 0 };
    pictures_options options                                    = options_for(f, &r);
    skc_manifest    *manifest                                   = make_manifest(false);
    int32_t          rows                                       = skc_manifest_count(manifest);
    float(*all)[SKC_SIGNATURE_SYMMETRIES][SKC_SIGNATURE_VALUES] = calloc((size_t)rows, sizeof *all);
    const float    threshold                                    = 0.93F;
    duplicate_list found                                        = { NULL, 0 };
    size_t         expected                                     = 0;

    assert_int_equal(pictures_read(manifest, &options, keep_signatures, all, NULL), SKC_OK);
    r = (record){ 0 };
    assert_int_equal(duplicates_find(manifest, &options, threshold, 2, &found, NULL), SKC_OK);
    for (int32_t a = 0; a < rows; a++) {
        for (int32_t b = a + 1; b < rows; b++) {
            double alike = compare(all[a], all[b]);

            if (alike < (double)threshold)
                continue;
            assert_true(expected < found.count);
            assert_int_equal(found.pairs[expected].a, a);
            assert_int_equal(found.pairs[expected].b, b);
            assert_float_equal(found.pairs[expected].similarity, alike, 1e-5);
            expected++;
        }
    }
    assert_int_equal(found.count, expected);
    assert_true(found.count > 20);
    free(found.pairs);
    free(all);
    skc_manifest_free(manifest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test_setup_teardown(test_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_duplicates, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
