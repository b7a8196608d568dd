/* test_dataset.c - which rows become a dataset, and the numbers of labels, groups and sources. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../faults.h"
#include "train/dataset.h"

enum { ROWS = 9 };

static const char table[] = "path,label,group,split,source\n"
                            "p0,nv,L7,train,ham\n"
                            "p1,mel,L3,train,isic\n"
                            "p2,nv,,train,\n"
                            "p3,nv,L9,test,isic\n" /* has no picture */
                            "p4,bcc,L3,test,ham\n"
                            "p5,mel,L7,train,\n"
                            "p6,nv,,train,isic\n"
                            "p7,rare,L1,,ham\n"
                            "p8,nv,p2,train,ham\n"; /* a group named like a path */

static const char *const labels[] = { "mel", "nv", "bcc" };

static skc_manifest *manifest;
static skc_cache    *cache;

static skc_cache *make_cache(int32_t rows, int32_t without)
{
    static const uint8_t pixels[16 * 16 * 3] = { 1, 2, 3 };
    skc_cache_writer    *writer              = NULL;
    skc_cache           *made                = NULL;
    skc_image           *image               = NULL;
    uint8_t             *bytes               = NULL;
    size_t               size;
    skc_error            result;

    assert_int_equal(skc_image_create(16, 16, pixels, NULL, &image, NULL), SKC_OK);
    assert_int_equal(skc_image_encode(image, SKC_PNG, 90, NULL, &bytes, &size, NULL), SKC_OK);
    assert_int_equal(
        skc_cache_writer_create(scratch_path("cache"), rows, 16, "", NULL, &writer, NULL), SKC_OK);
    for (int32_t row = 0; row < rows; row++) {
        skc_cache_item item = { row, bytes, size, "p" };
        if (row != without)
            assert_int_equal(skc_cache_writer_put(writer, &item, 1, &result, NULL), SKC_OK);
    }
    assert_int_equal(skc_cache_writer_finish(writer, NULL), SKC_OK);
    assert_int_equal(skc_cache_open(scratch_path("cache"), NULL, &made, NULL), SKC_OK);
    skc_image_free(image);
    skc_free(NULL, bytes);
    return made;
}

static int prepare(void **state)
{
    (void)state;
    if (skc_manifest_parse(table, sizeof table - 1, "t", NULL, &manifest, NULL) != SKC_OK)
        return -1;
    cache = make_cache(ROWS, 3);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    skc_manifest_free(manifest);
    skc_cache_free(cache);
    scratch_remove();
    return 0;
}

static void assert_numbers(const int32_t *numbers, int32_t count, const int32_t *expected)
{
    for (int32_t i = 0; i < count; i++)
        assert_int_equal(numbers[i], expected[i]);
}

#define NUMBERS(...) ((const int32_t[]){ __VA_ARGS__ })

static void test_one_part(void **state)
{
    skc_dataset *dataset = NULL;

    (void)state;
    assert_int_equal(skc_dataset_create(manifest, cache, "train", labels, 3, NULL, &dataset, NULL),
                     SKC_OK);
    assert_int_equal(skc_dataset_count(dataset), 6);
    assert_numbers(dataset->rows, 6, NUMBERS(0, 1, 2, 5, 6, 8));
    assert_numbers(skc_dataset_labels(dataset), 6, NUMBERS(1, 0, 1, 0, 1, 1));
    assert_numbers(skc_dataset_groups(dataset), 6, NUMBERS(0, 1, 2, 0, 3, 4));
    assert_numbers(skc_dataset_sources(dataset), 6, NUMBERS(0, 1, 2, 2, 1, 0));
    assert_int_equal(dataset->label_count, 3);
    assert_int_equal(dataset->group_count, 5);
    assert_int_equal(dataset->source_count, 3);
    assert_ptr_equal(dataset->cache, cache);
    assert_int_equal(skc_dataset_row(dataset, 3), 5);
    assert_int_equal(skc_dataset_row(dataset, 6), -1);
    assert_int_equal(skc_dataset_row(dataset, -1), -1);
    skc_dataset_free(dataset);
    skc_dataset_free(NULL);
}

static void test_rows_without_a_picture_are_left_out(void **state)
{
    skc_dataset *dataset = NULL;

    (void)state;
    assert_int_equal(skc_dataset_create(manifest, cache, "test", labels, 3, NULL, &dataset, NULL),
                     SKC_OK);
    assert_int_equal(skc_dataset_count(dataset), 1);
    assert_int_equal(skc_dataset_row(dataset, 0), 4);
    assert_int_equal(skc_dataset_groups(dataset)[0], 0);
    skc_dataset_free(dataset);
}

static void test_all_parts(void **state)
{
    static const char *const more[]  = { "rare", "nv", "mel", "bcc" };
    skc_dataset             *dataset = NULL;

    (void)state;
    assert_int_equal(skc_dataset_create(manifest, cache, NULL, more, 4, NULL, &dataset, NULL),
                     SKC_OK);
    assert_int_equal(skc_dataset_count(dataset), ROWS - 1);
    assert_numbers(dataset->rows, ROWS - 1, NUMBERS(0, 1, 2, 4, 5, 6, 7, 8));
    assert_numbers(dataset->labels, ROWS - 1, NUMBERS(1, 2, 1, 3, 2, 1, 0, 1));
    assert_numbers(dataset->groups, ROWS - 1, NUMBERS(0, 1, 2, 1, 0, 3, 4, 5));
    skc_dataset_free(dataset);
    assert_int_equal(skc_dataset_create(manifest, cache, "", more, 4, NULL, &dataset, NULL),
                     SKC_OK);
    assert_int_equal(skc_dataset_count(dataset), 1);
    skc_dataset_free(dataset);
}

static void assert_refused(const skc_cache *over, const char *split, const char *const *names,
                           int32_t count, skc_status status, const char *message)
{
    skc_dataset *dataset = NULL;
    skc_error    err;

    assert_int_equal(skc_dataset_create(manifest, over, split, names, count, NULL, &dataset, &err),
                     status);
    assert_string_equal(err.message, message);
    assert_null(dataset);
}

static void test_what_is_refused(void **state)
{
    static const char *const twice[] = { "nv", "mel", "bcc", "nv" };
    static const char *const empty[] = { "nv", "" };
    skc_cache               *other   = make_cache(ROWS - 1, -1);

    (void)state;
    assert_refused(cache, NULL, labels, 3, SKC_EMISMATCH,
                   "p7: label \"rare\" is not one of the 3 labels");
    assert_refused(cache, "train", labels, 1, SKC_EMISMATCH,
                   "p0: label \"nv\" is not one of the 1 labels");
    assert_refused(cache, "train", twice, 4, SKC_EINVAL, "dataset: labels 0 and 3 are both \"nv\"");
    assert_refused(cache, "train", empty, 2, SKC_EINVAL, "dataset: label 1 is empty");
    assert_refused(cache, "train", labels, 0, SKC_EINVAL, "dataset: label_count is 0; at least 1");
    assert_refused(cache, "val", labels, 3, SKC_ENOTFOUND,
                   "dataset: the cache has no picture of split \"val\"");
    assert_refused(cache, "dev", labels, 3, SKC_EINVAL,
                   "dataset: split is \"dev\"; allowed are train, val, test or \"\"");
    assert_refused(cache, "train", NULL, 3, SKC_EINVAL, "dataset: a NULL argument");
    assert_refused(NULL, "train", labels, 3, SKC_EINVAL, "dataset: a NULL argument");
    assert_refused(other, "train", labels, 3, SKC_EMISMATCH,
                   "dataset: the cache is for 8 rows, the manifest has 9");
    skc_cache_free(other);
}

static skc_status create(void *context, const skc_runtime *runtime)
{
    skc_manifest *own     = NULL;
    skc_dataset  *dataset = NULL;
    skc_status    status  = skc_manifest_parse(table, sizeof table - 1, "t", runtime, &own, NULL);

    (void)context;
    if (status == SKC_OK)
        status = skc_dataset_create(own, cache, "train", labels, 3, runtime, &dataset, NULL);
    skc_manifest_free(own);
    if (status == SKC_OK)
        assert_int_equal(skc_dataset_sources(dataset)[1], 1); /* lives on without the manifest */
    skc_dataset_free(dataset);
    return status;
}

static void test_failing_memory(void **state)
{
    (void)state;
    assert_true(faults_count(create, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_part),
        cmocka_unit_test(test_rows_without_a_picture_are_left_out),
        cmocka_unit_test(test_all_parts),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_failing_memory),
    };

    return cmocka_run_group_tests(tests, prepare, clean);
}
