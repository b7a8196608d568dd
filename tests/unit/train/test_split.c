/* test_split.c - the split by group: against hashlib, against HAM10000's own, and its options. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../golden/split.h"
#include "core/file.h"
#include "../faults.h"
#include "train/csv.h"
#include "train/manifest.h"

enum { GOLDEN_ROWS = sizeof golden_rows / sizeof *golden_rows };

static skc_manifest *parse(const char *text)
{
    skc_manifest *manifest = NULL;
    skc_error     err      = { SKC_OK, "" };

    if (skc_manifest_parse(text, strlen(text), "m.csv", NULL, &manifest, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return manifest;
}

static skc_manifest *golden_manifest(const skc_runtime *runtime)
{
    skc_manifest *manifest = NULL;

    assert_int_equal(skc_manifest_create(runtime, &manifest, NULL), SKC_OK);
    for (int32_t i = 0; i < GOLDEN_ROWS; i++) {
        skc_manifest_row row = { golden_rows[i].path, golden_rows[i].label, golden_rows[i].group,
                                 "", "" };
        assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
    }
    return manifest;
}

static skc_split_options defaults(void)
{
    skc_split_options options;

    skc_split_options_init(&options);
    return options;
}

static const char *split_of(const skc_manifest *manifest, int32_t i)
{
    return skc_manifest_row_at(manifest, i).split;
}

static void test_as_hashlib_computes_it(void **state)
{
    skc_manifest     *manifest = golden_manifest(NULL);
    skc_split_options options  = defaults();

    (void)state;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    for (int32_t i = 0; i < GOLDEN_ROWS; i++)
        assert_string_equal(split_of(manifest, i), golden_rows[i].at_20 ? "test" : "train");
    assert_int_equal(skc_manifest_leaks(manifest, NULL), 0);
    options.seed    = "other";
    options.percent = 35;
    options.to      = "val";
    options.rest    = "";
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    for (int32_t i = 0; i < GOLDEN_ROWS; i++)
        assert_string_equal(split_of(manifest, i), golden_rows[i].at_35 ? "val" : "");
    skc_manifest_free(manifest);
}

static void test_only_rows_of_one_part(void **state)
{
    skc_manifest     *manifest = golden_manifest(NULL);
    skc_split_options options  = defaults();
    int32_t           val      = 0;

    (void)state;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    options.from = "train";
    options.to   = "val";
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    for (int32_t i = 0; i < GOLDEN_ROWS; i++) {
        assert_int_equal(strcmp(split_of(manifest, i), "test") == 0, golden_rows[i].at_20);
        val += strcmp(split_of(manifest, i), "val") == 0;
    }
    assert_in_range(val, 3, 10);
    assert_int_equal(skc_manifest_leaks(manifest, NULL), 0);
    skc_manifest_free(manifest);
}

/* 50 % of 4 pictures of x: g's pictures count as x, its first label, so g fits only if it comes
 * before the others; either way y has none of its own and nothing of y is asked for. */
static void test_a_group_with_two_labels_counts_with_its_first(void **state)
{
    skc_manifest     *manifest = parse("path,label,group\na,x,g\nb,y,g\nc,x,\nd,x,\n");
    skc_split_options options  = defaults();
    int32_t           test     = 0;

    (void)state;
    options.percent = 50;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    for (int32_t i = 0; i < 4; i++)
        test += strcmp(split_of(manifest, i), "test") == 0;
    assert_int_equal(test, 2);
    assert_string_equal(split_of(manifest, 0), split_of(manifest, 1));
    skc_manifest_free(manifest);
}

/* 25 % of 2 pictures is a half, which is rounded up to 1; 24 % of 2 down to 0. */
static void test_a_half_is_rounded_up(void **state)
{
    skc_split_options options = defaults();

    (void)state;
    for (int32_t percent = 24; percent <= 25; percent++) {
        skc_manifest *manifest = parse("path,label\na,x\nb,x\n");
        int32_t       test     = 0;
        options.percent        = percent;
        assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
        for (int32_t i = 0; i < 2; i++)
            test += strcmp(split_of(manifest, i), "test") == 0;
        assert_int_equal(test, percent - 24);
        skc_manifest_free(manifest);
    }
}

/* A picture without a group whose path is a group's name is not of that group. */
static void test_a_path_is_not_a_group(void **state)
{
    skc_manifest     *manifest = parse("path,label,group\ng,x,\na,x,g\nb,x,g\nc,x,g\n");
    skc_split_options options  = defaults();

    (void)state;
    options.percent = 25;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    assert_string_equal(split_of(manifest, 0), "test");
    for (int32_t i = 1; i < 4; i++)
        assert_string_equal(split_of(manifest, i), "train");
    skc_manifest_free(manifest);
}

static void test_an_empty_manifest(void **state)
{
    skc_manifest     *manifest = parse("path,label\n");
    skc_split_options options  = defaults();

    (void)state;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    skc_manifest_free(manifest);
}

static void assert_refused(skc_split_options options, const char *message)
{
    skc_manifest *manifest = parse("path,label,split\na,x,train\nb,x,val\n");
    skc_error     err;

    assert_int_equal(skc_manifest_split(manifest, &options, &err), SKC_EINVAL);
    assert_string_equal(err.message, message);
    assert_string_equal(split_of(manifest, 0), "train");
    assert_string_equal(split_of(manifest, 1), "val");
    skc_manifest_free(manifest);
}

static void test_options_that_are_refused(void **state)
{
    static char       seed[300];
    skc_split_options options = defaults();

    (void)state;
    memset(seed, 's', 256);
    options.percent = 0;
    assert_refused(options, "split: percent is 0; allowed are 1..99");
    options.percent = 100;
    assert_refused(options, "split: percent is 100; allowed are 1..99");
    options      = defaults();
    options.seed = NULL;
    assert_refused(options, "split: the seed is a text of at most 255 bytes");
    options.seed = seed;
    assert_refused(options, "split: the seed is a text of at most 255 bytes");
    options    = defaults();
    options.to = "holdout";
    assert_refused(options, "split: to is \"holdout\"; allowed are train, val, test or \"\"");
    options.to = NULL;
    assert_refused(options, "split: to is NULL; allowed are train, val, test or \"\"");
    options.to = "train";
    assert_refused(options, "split: to and rest are both \"train\"");
    options      = defaults();
    options.rest = "x";
    assert_refused(options, "split: rest is \"x\"; allowed are train, val, test or \"\"");
    options      = defaults();
    options.from = "x";
    assert_refused(options, "split: from is \"x\"; allowed are train, val, test or \"\"");
    options             = defaults();
    options.struct_size = 0;
    assert_refused(options, "split: options were not set by skc_split_options_init");
    assert_int_equal(skc_manifest_split(NULL, &options, NULL), SKC_EINVAL);
}

static void test_failing_memory(void **state)
{
    faults            f        = { 0, 0 };
    skc_runtime       runtime  = faults_runtime(&f);
    skc_manifest     *manifest = golden_manifest(&runtime);
    skc_split_options options  = defaults();

    (void)state;
    f.fail_at = 1;
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_ENOMEM);
    for (int32_t i = 0; i < GOLDEN_ROWS; i++)
        assert_string_equal(split_of(manifest, i), "");
    skc_manifest_free(manifest);
    assert_int_equal(f.live, 0);
}

/* ------------------------------------------------------------------ HAM10000 */

static bool map_shared(const char *name, skc_mapping *file)
{
    const char *shared = getenv("SKINCNN_SHARED");
    char        path[4096];

    snprintf(path, sizeof path, "%s/data/ham10000/%s", shared != NULL ? shared : "../shared", name);
    return skc__file_map(path, file, NULL) == SKC_OK;
}

static skc_csv_reader reader;

static bool next(void)
{
    bool more;

    assert_int_equal(skc__csv_next(&reader, &more, NULL), SKC_OK);
    return more;
}

/* lesion_id,image_id,dx,... as downloaded. */
static skc_manifest *ham_manifest(const skc_mapping *metadata)
{
    skc_manifest *manifest = NULL;

    assert_int_equal(skc_manifest_create(NULL, &manifest, NULL), SKC_OK);
    skc__csv_start(&reader, (const char *)metadata->bytes, metadata->size, "metadata.csv");
    assert_true(next());
    while (next()) {
        skc_manifest_row row = { reader.field[1], reader.field[2], reader.field[0], "", "" };
        assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
    }
    return manifest;
}

static void test_ham10000_as_published(void **state)
{
    skc_split_options options = defaults();
    skc_manifest     *manifest;
    skc_mapping       metadata, split;
    int32_t           rows = 0;

    (void)state;
    if (!map_shared("metadata.csv", &metadata)) {
        print_message("skipped: no data/ham10000 under SKINCNN_SHARED or ../shared\n");
        skip();
    }
    assert_true(map_shared("split.csv", &split));
    manifest = ham_manifest(&metadata);
    assert_int_equal(skc_manifest_count(manifest), 10015);
    assert_int_equal(skc_manifest_split(manifest, &options, NULL), SKC_OK);
    skc__csv_start(&reader, (const char *)split.bytes, split.size, "split.csv");
    assert_true(next());
    for (; next(); rows++) {
        int32_t row = skc__names_find(&manifest->paths, reader.field[0]);
        assert_true(row >= 0);
        assert_string_equal(split_of(manifest, row), reader.field[1]);
    }
    assert_int_equal(rows, 10015);
    skc_manifest_free(manifest);
    skc__file_unmap(&metadata);
    skc__file_unmap(&split);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_hashlib_computes_it),
        cmocka_unit_test(test_only_rows_of_one_part),
        cmocka_unit_test(test_a_group_with_two_labels_counts_with_its_first),
        cmocka_unit_test(test_a_half_is_rounded_up),
        cmocka_unit_test(test_a_path_is_not_a_group),
        cmocka_unit_test(test_an_empty_manifest),
        cmocka_unit_test(test_options_that_are_refused),
        cmocka_unit_test(test_failing_memory),
        cmocka_unit_test(test_ham10000_as_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
