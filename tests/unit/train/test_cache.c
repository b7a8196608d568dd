/* test_cache.c - the cache file: what is stored, in which order, and every way to be damaged. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/digest.h"
#include "core/file.h"
#include "../faults.h"
#include "train/cache.h"

enum { PICTURES = 12 };

typedef struct picture {
    skc_image *image;
    uint8_t   *bytes; /* PNG */
    size_t     size;
} picture;

static picture pictures[PICTURES];

/* Sizes from 5 x 40 to 60 x 40; every picture another. */
static int prepare(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PICTURES; i++) {
        int32_t  width = 5 + 5 * i;
        uint8_t *pixels;
        if (skc_image_create(width, 40, NULL, NULL, &pictures[i].image, NULL) != SKC_OK)
            return -1;
        pixels = skc_image_pixels_mutable(pictures[i].image);
        for (int32_t k = 0; k < width * 40 * 3; k++)
            pixels[k] = (uint8_t)(k * (i + 3) + k / 7);
        if (skc_image_encode(pictures[i].image, SKC_PNG, 90, NULL, &pictures[i].bytes,
                             &pictures[i].size, NULL) != SKC_OK)
            return -1;
    }
    return 0;
}

static int clean(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PICTURES; i++) {
        skc_image_free(pictures[i].image);
        skc_free(NULL, pictures[i].bytes);
    }
    return scratch_remove() == 8 ? 0 : -1; /* no temporary file was left */
}

static skc_runtime with_threads(int32_t threads)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    return runtime;
}

static skc_cache_item item(int32_t row, int32_t i)
{
    return (skc_cache_item){ row, pictures[i].bytes, pictures[i].size, "p.png" };
}

/* All pictures but 3, which is text, in rows that run backwards; side 24. */
static void write_cache(const char *path, int32_t threads)
{
    skc_runtime       runtime = with_threads(threads);
    skc_cache_writer *writer  = NULL;
    skc_cache_item    items[PICTURES];
    skc_error         results[PICTURES];

    for (int32_t i = 0; i < PICTURES; i++)
        items[i] = item(PICTURES - 1 - i, i);
    items[3].bytes = "not a picture";
    items[3].size  = 13;
    items[3].name  = "three.jpg";
    assert_int_equal(
        skc_cache_writer_create(path, PICTURES + 1, 24, "sha256:1", &runtime, &writer, NULL),
        SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items, 7, results, NULL), SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items + 7, PICTURES - 7, results + 7, NULL),
                     SKC_OK);
    for (int32_t i = 0; i < PICTURES; i++)
        assert_int_equal(results[i].status == SKC_OK, i != 3);
    assert_memory_equal(results[3].message, "three.jpg", 9);
    assert_int_equal(skc_cache_writer_finish(writer, NULL), SKC_OK);
}

static skc_cache *open_cache(const char *path)
{
    skc_cache *cache = NULL;
    skc_error  err   = { SKC_OK, "" };

    if (skc_cache_open(path, NULL, &cache, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return cache;
}

static void test_pictures_come_back(void **state)
{
    skc_cache *cache;
    skc_image *image = NULL;

    (void)state;
    write_cache(scratch_path("c"), 2);
    cache = open_cache(scratch_path("c"));
    assert_int_equal(skc_cache_rows(cache), PICTURES + 1);
    assert_int_equal(skc_cache_side(cache), 24);
    assert_string_equal(skc_cache_key(cache), "sha256:1");
    for (int32_t i = 0; i < PICTURES; i++) {
        int32_t    row = PICTURES - 1 - i, width, height;
        skc_pixels pixels;
        skc_image *expected = NULL;
        assert_int_equal(skc_cache_has(cache, row), i != 3);
        if (i == 3)
            continue;
        skc__staged_size(5 + 5 * i, 40, 24, &width, &height);
        assert_int_equal(skc_image_resize(pictures[i].image, width, height, &expected, NULL),
                         SKC_OK);
        pixels = skc__cache_pixels(cache, row);
        assert_int_equal(pixels.width, width);
        assert_int_equal(pixels.height, height);
        assert_memory_equal(pixels.data, skc_image_pixels(expected),
                            (size_t)width * (size_t)height * 3);
        assert_int_equal(skc_cache_image(cache, row, NULL, &image, NULL), SKC_OK);
        assert_int_equal(skc_image_width(image), width);
        assert_memory_equal(skc_image_pixels(image), pixels.data,
                            (size_t)width * (size_t)height * 3);
        skc_image_free(image);
        skc_image_free(expected);
    }
    assert_false(skc_cache_has(cache, PICTURES)); /* never put */
    assert_false(skc_cache_has(cache, PICTURES + 1));
    assert_false(skc_cache_has(cache, -1));
    assert_int_equal(skc_cache_image(cache, PICTURES, NULL, &image, NULL), SKC_ENOTFOUND);
    skc_cache_free(cache);
    skc_cache_free(NULL);
}

static void test_threads_do_not_change_the_file(void **state)
{
    skc_mapping one, five;

    (void)state;
    write_cache(scratch_path("one"), 1);
    write_cache(scratch_path("five"), 5);
    assert_int_equal(skc__file_map(scratch_path("one"), &one, NULL), SKC_OK);
    assert_int_equal(skc__file_map(scratch_path("five"), &five, NULL), SKC_OK);
    assert_int_equal(one.size, five.size);
    assert_memory_equal(one.bytes, five.bytes, one.size);
    skc__file_unmap(&one);
    skc__file_unmap(&five);
}

static void test_rows_that_are_refused(void **state)
{
    skc_cache_writer *writer  = NULL;
    skc_cache_item    items[] = { item(0, 0), item(0, 1), item(2, 2), item(-1, 3), item(1, 4) };
    skc_error         results[5];
    skc_cache        *cache;

    (void)state;
    assert_int_equal(skc_cache_writer_create(scratch_path("r"), 2, 64, "", NULL, &writer, NULL),
                     SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items, 5, results, NULL), SKC_OK);
    assert_int_equal(results[0].status, SKC_OK);
    assert_string_equal(results[1].message, "p.png: row 0 has a picture already");
    assert_string_equal(results[2].message, "p.png: row 2 of a cache of 2 rows");
    assert_string_equal(results[3].message, "p.png: row -1 of a cache of 2 rows");
    assert_int_equal(results[3].status, SKC_EINVAL);
    assert_int_equal(results[4].status, SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items, 0, NULL, NULL), SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items, 1, NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_put(writer, NULL, 1, results, NULL), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_put(writer, items, -1, results, NULL), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_finish(writer, NULL), SKC_OK);
    cache = open_cache(scratch_path("r"));
    assert_int_equal(skc__cache_pixels(cache, 0).width, 5); /* the first one stayed */
    assert_int_equal(skc__cache_pixels(cache, 1).width, 25);
    skc_cache_free(cache);
}

static void test_arguments_that_are_refused(void **state)
{
    skc_cache_writer *writer = NULL;
    skc_cache        *cache  = NULL;
    const char       *path   = scratch_path("refused");
    skc_runtime       many   = with_threads(257);
    skc_error         err;
    char              key[257];

    (void)state;
    memset(key, 'k', 256);
    key[256] = '\0';
    assert_int_equal(skc_cache_writer_create(path, 0, 64, "", NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, -5, 64, "", NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, 1, 15, "", NULL, &writer, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "side is 15; allowed are 16..4096"));
    assert_int_equal(skc_cache_writer_create(path, 1, 4097, "", NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, 1, 64, key, NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, 1, 64, NULL, NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(NULL, 1, 64, "", NULL, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, 1, 64, "", NULL, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create(path, 1, 64, "", &many, &writer, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_create("/nonexistent/c", 1, 64, "", NULL, &writer, &err),
                     SKC_ENOTFOUND);
    assert_null(writer);
    assert_int_equal(skc_cache_writer_put(NULL, NULL, 0, NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_cache_writer_finish(NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_cache_open(NULL, NULL, &cache, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_open(path, NULL, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_cache_open(path, NULL, &cache, &err), SKC_ENOTFOUND);
    skc_cache_writer_abandon(NULL);
}

static void test_an_abandoned_cache_leaves_the_old_one(void **state)
{
    skc_cache_writer *writer = NULL;
    skc_cache_item    one    = item(0, 0);
    skc_error         result;
    skc_cache        *cache;
    const char       *path = scratch_path("kept");

    (void)state;
    write_cache(path, 1);
    assert_int_equal(skc_cache_writer_create(path, 1, 64, "new", NULL, &writer, NULL), SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, &one, 1, &result, NULL), SKC_OK);
    skc_cache_writer_abandon(writer);
    cache = open_cache(path);
    assert_string_equal(skc_cache_key(cache), "sha256:1");
    skc_cache_free(cache);
}

/* A file-size limit stands in for a full disk: the write fails, the old file stays, the rest of the
 * calls say so, and no temporary file is left. */
static void test_a_full_disk(void **state)
{
    struct rlimit     before, small;
    skc_cache_writer *writer = NULL;
    skc_cache_item    items[4];
    skc_error         results[4], err;
    const char       *path = scratch_path("full");

    (void)state;
    for (int32_t i = 0; i < 4; i++)
        items[i] = item(i, 8 + i);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small          = before;
    small.rlim_cur = 8000;
    setrlimit(RLIMIT_FSIZE, &small);
    assert_int_equal(skc_cache_writer_create(path, 4, 64, "", NULL, &writer, &err), SKC_OK);
    assert_int_equal(skc_cache_writer_put(writer, items, 4, results, &err), SKC_EIO);
    assert_int_equal(skc_cache_writer_put(writer, items, 4, results, &err), SKC_EIO);
    assert_non_null(strstr(err.message, "an earlier write failed"));
    assert_int_equal(skc_cache_writer_finish(writer, &err), SKC_EIO);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(access(path, F_OK), -1);
}

/* ------------------------------------------------------------------ damage */

/* Opens a cache of these bytes; gives back what is said about it. */
static const char *open_bytes(const unsigned char *bytes, size_t size, skc_status expected)
{
    static skc_error err;
    skc_cache       *cache = NULL;
    const char      *path  = scratch_path("damaged");

    assert_int_equal(skc__file_write(path, bytes, size, NULL), SKC_OK);
    err.message[0] = '\0';
    assert_int_equal(skc_cache_open(path, NULL, &cache, &err), expected);
    skc_cache_free(cache);
    assert_true(err.message[0] == '\0' || strncmp(err.message, path, strlen(path)) == 0);
    return err.message + (err.message[0] == '\0' ? 0 : strlen(path));
}

enum { HEADER = 296, ENTRY = 16, TABLE_END = HEADER + ENTRY * (PICTURES + 1) };

static unsigned char *read_cache(size_t *size)
{
    skc_allocator  allocator = skc__allocator(NULL);
    unsigned char *bytes     = NULL;

    write_cache(scratch_path("sound"), 1);
    assert_int_equal(skc__file_read(scratch_path("sound"), 1 << 24, &allocator, &bytes, size, NULL),
                     SKC_OK);
    assert_true(*size > TABLE_END);
    return bytes;
}

static void test_every_bit_of_header_and_table(void **state)
{
    size_t         size;
    unsigned char *bytes = read_cache(&size);

    (void)state;
    open_bytes(bytes, size, SKC_OK);
    for (size_t i = 0; i < TABLE_END; i++) {
        skc_cache  *cache = NULL;
        const char *path  = scratch_path("damaged");
        bytes[i] ^= (unsigned char)(1u << i % 8);
        assert_int_equal(skc__file_write(path, bytes, size, NULL), SKC_OK);
        assert_int_not_equal(skc_cache_open(path, NULL, &cache, NULL), SKC_OK);
        bytes[i] ^= (unsigned char)(1u << i % 8);
    }
    free(bytes);
}

static void test_truncation(void **state)
{
    size_t         size;
    unsigned char *bytes = read_cache(&size);

    (void)state;
    assert_string_equal(open_bytes(bytes, 0, SKC_EFORMAT), ": the file is empty");
    assert_string_equal(open_bytes((const unsigned char *)"path,label\n", 11, SKC_EFORMAT),
                        ": not a picture cache");
    assert_string_equal(open_bytes(bytes, HEADER - 1, SKC_EFORMAT), ": not a picture cache");
    for (size_t cut = HEADER; cut < TABLE_END; cut += 40)
        assert_non_null(strstr(open_bytes(bytes, cut, SKC_EFORMAT), " bytes instead of "));
    assert_non_null(strstr(open_bytes(bytes, size - 1, SKC_EFORMAT), " bytes instead of "));
    free(bytes);
}

/* Puts right the checksums of a doctored file, as somebody would who means harm. */
static void seal(unsigned char *bytes, size_t size)
{
    uint64_t size64 = size;
    uint32_t crc    = skc__crc32(bytes + HEADER, TABLE_END - HEADER);

    memcpy(bytes + 16, &size64, 8);
    memcpy(bytes + 32, &crc, 4);
    memset(bytes + 36, 0, 4);
    crc = skc__crc32(bytes, HEADER);
    memcpy(bytes + 36, &crc, 4);
}

static const char *doctored(size_t at, uint64_t value, size_t value_bytes, skc_status expected)
{
    size_t         size;
    unsigned char *bytes = read_cache(&size);
    const char    *message;

    memcpy(bytes + at, &value, value_bytes);
    seal(bytes, size);
    message = open_bytes(bytes, size, expected);
    free(bytes);
    return message;
}

static void test_lies_under_right_checksums(void **state)
{
    static const char impossible[] = ": damaged: impossible rows, side or key";
    static const char row_0[]      = ": damaged: row 0 has an impossible size or place";
    size_t            size;
    unsigned char    *bytes = read_cache(&size);

    (void)state;
    doctored(8, 0x01020304, 4, SKC_OK); /* nothing changed: sealing alone does no harm */
    assert_non_null(strstr(doctored(8, 0x04030201, 4, SKC_EUNSUPPORTED), "byte order"));
    assert_non_null(strstr(doctored(12, 2, 4, SKC_EUNSUPPORTED), "a cache of format 2"));
    assert_string_equal(doctored(24, 0, 4, SKC_EFORMAT), impossible);
    assert_string_equal(doctored(24, 0xffffffff, 4, SKC_EFORMAT), impossible);
    assert_string_equal(doctored(24, 0x7fffffff, 4, SKC_EFORMAT), impossible);
    assert_non_null(strstr(doctored(24, 1 << 24, 4, SKC_EFORMAT), "too short for a table"));
    assert_string_equal(doctored(28, 8, 4, SKC_EFORMAT), impossible);
    assert_string_equal(doctored(HEADER, size, 8, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER, UINT64_MAX, 8, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER, TABLE_END - 1, 8, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER, 0, 8, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER + 8, 0, 4, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER + 8, 0xffffffff, 4, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER + 8, 0x7fffffff, 4, SKC_EFORMAT), row_0);
    assert_string_equal(doctored(HEADER + 12, 25, 4, SKC_EFORMAT), row_0);
    memset(bytes + 40, 'k', 256);
    seal(bytes, size);
    assert_string_equal(open_bytes(bytes, size, SKC_EFORMAT), impossible);
    free(bytes);
}

/* ------------------------------------------------------------------ failing memory */

static skc_status write_two(void *context, const skc_runtime *runtime)
{
    skc_cache_writer *writer  = NULL;
    skc_cache_item    items[] = { item(0, 10), item(1, 2) };
    skc_error         results[2];
    skc_status        status = skc_cache_writer_create(context, 2, 24, "k", runtime, &writer, NULL);

    if (status != SKC_OK)
        return status;
    status = skc_cache_writer_put(writer, items, 2, results, NULL);
    for (int32_t i = 0; i < 2 && status == SKC_OK; i++)
        status = results[i].status;
    if (status != SKC_OK) {
        skc_cache_writer_abandon(writer);
        return status;
    }
    return skc_cache_writer_finish(writer, NULL);
}

static skc_status open_two(void *context, const skc_runtime *runtime)
{
    skc_cache *cache  = NULL;
    skc_image *image  = NULL;
    skc_status status = skc_cache_open(context, runtime, &cache, NULL);

    if (status != SKC_OK)
        return status;
    status = skc_cache_image(cache, 1, runtime, &image, NULL);
    skc_image_free(image);
    skc_cache_free(cache);
    return status;
}

static void test_failing_memory(void **state)
{
    char path[512];

    (void)state;
    snprintf(path, sizeof path, "%s", scratch_path("memory"));
    assert_true(faults_count(write_two, path) >= 6);
    assert_true(faults_count(open_two, path) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_come_back),
        cmocka_unit_test(test_threads_do_not_change_the_file),
        cmocka_unit_test(test_rows_that_are_refused),
        cmocka_unit_test(test_arguments_that_are_refused),
        cmocka_unit_test(test_an_abandoned_cache_leaves_the_old_one),
        cmocka_unit_test(test_a_full_disk),
        cmocka_unit_test(test_every_bit_of_header_and_table),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_lies_under_right_checksums),
        cmocka_unit_test(test_failing_memory),
    };

    return cmocka_run_group_tests(tests, prepare, clean);
}
