/* test_manifest.c - the table of pictures: parsing, what is refused and how, changing, saving. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/file.h"
#include "../faults.h"
#include "train/manifest.h"

static skc_manifest *parse(const char *text)
{
    skc_manifest *manifest = NULL;
    skc_error     err      = { SKC_OK, "" };

    if (skc_manifest_parse(text, strlen(text), "m.csv", NULL, &manifest, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return manifest;
}

static void assert_row(const skc_manifest *manifest, int32_t i, const char *const expected[5])
{
    skc_manifest_row row = skc_manifest_row_at(manifest, i);

    assert_string_equal(row.path, expected[0]);
    assert_string_equal(row.label, expected[1]);
    assert_string_equal(row.group, expected[2]);
    assert_string_equal(row.split, expected[3]);
    assert_string_equal(row.source, expected[4]);
}

#define ROW(...) ((const char *const[5]){ __VA_ARGS__ })

static void test_columns_in_any_order(void **state)
{
    skc_manifest *manifest = parse("source,age,label,split,path,group\r\n"
                                   "ham,80,nv,train,\"images.tar!a,1.jpg\",L1\r\n"
                                   ",,mel,,b.jpg,\r\n");

    (void)state;
    assert_int_equal(skc_manifest_count(manifest), 2);
    assert_row(manifest, 0, ROW("images.tar!a,1.jpg", "nv", "L1", "train", "ham"));
    assert_row(manifest, 1, ROW("b.jpg", "mel", "", "", ""));
    assert_row(manifest, 2, ROW("", "", "", "", ""));
    assert_row(manifest, -1, ROW("", "", "", "", ""));
    skc_manifest_free(manifest);
}

static void test_only_path_and_label_are_needed(void **state)
{
    skc_manifest *manifest = parse("path,label\na,x\n");

    (void)state;
    assert_row(manifest, 0, ROW("a", "x", "", "", ""));
    skc_manifest_free(manifest);
    manifest = parse("label,path\n");
    assert_int_equal(skc_manifest_count(manifest), 0);
    skc_manifest_free(manifest);
}

static void assert_refused(const char *text, size_t size, skc_status status, const char *message)
{
    skc_manifest *manifest = NULL;
    skc_error     err;

    assert_int_equal(skc_manifest_parse(text, size, "m.csv", NULL, &manifest, &err), status);
    assert_int_equal(err.status, status);
    assert_string_equal(err.message, message);
    assert_null(manifest);
}

#define REFUSED(text, message) assert_refused(text, sizeof text - 1, SKC_EFORMAT, message)
#define NAMED_COLUMNS                                                                              \
    "the first line of a manifest names its columns: path,label and perhaps group,split,source"

static void test_what_is_refused(void **state)
{
    (void)state;
    REFUSED("", "m.csv line 1: there is no column \"path\"; " NAMED_COLUMNS);
    REFUSED("\nPath,label\n", "m.csv line 2: there is no column \"path\"; " NAMED_COLUMNS);
    REFUSED("path,dx\na,nv\n", "m.csv line 1: there is no column \"label\"; " NAMED_COLUMNS);
    REFUSED("path,label,path\n", "m.csv line 1: there are two columns \"path\"");
    REFUSED("path,label\na,nv\nb\n", "m.csv line 3: 1 fields, but the first line has 2");
    REFUSED("path,label\na,nv,\n", "m.csv line 2: 3 fields, but the first line has 2");
    REFUSED("path,label\na,\n", "m.csv line 2: the label is empty");
    REFUSED("path,label\n,nv\n", "m.csv line 2: the path is empty");
    REFUSED("path,label,split\na,nv,Test\n",
            "m.csv line 2: the split is \"Test\"; allowed are train, val, test or nothing");
    REFUSED("path,label\na,\"nv\n", "m.csv line 2: field 2: the closing quote is missing");
    REFUSED("path,label\na,n\0v\n", "m.csv line 2: a NUL byte");
    REFUSED("path,label\na,n\xffv\n", "m.csv line 2: byte 0xff is not UTF-8");
}

static void test_a_path_twice_names_both_lines(void **state)
{
    (void)state;
    REFUSED("path,label\na,x\nb,\"two\nlines\"\nc,x\n\nb,y\n",
            "m.csv line 7: path \"b\" stands in line 3 already");
    REFUSED("\n\npath,label\na,x\na,x\n", "m.csv line 5: path \"a\" stands in line 4 already");
}

static void test_a_long_text(void **state)
{
    static char   text[9000] = "path,label\n";
    skc_manifest *manifest   = NULL;
    size_t        head       = strlen(text);

    (void)state;
    memset(text + head, 'x', 8192);
    memcpy(text + head + 8192, ",nv\n", 5);
    assert_refused(text, strlen(text), SKC_ELIMIT,
                   "m.csv line 2: the path has 8192 bytes, over the limit of 8191");
    memcpy(text + head + 8191, ",nv\n", 5);
    manifest = parse(text);
    assert_int_equal(strlen(skc_manifest_row_at(manifest, 0).path), 8191);
    skc_manifest_free(manifest);
}

static void test_null_arguments(void **state)
{
    skc_manifest    *manifest = NULL;
    skc_manifest_row row      = { "a", "x", "", "", NULL };
    skc_error        err;

    (void)state;
    assert_int_equal(skc_manifest_create(NULL, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_parse(NULL, 3, "m", NULL, &manifest, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_parse("a", 1, "m", NULL, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_load(NULL, NULL, &manifest, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_add(NULL, &row, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_create(NULL, &manifest, &err), SKC_OK);
    assert_int_equal(skc_manifest_add(manifest, &row, &err), SKC_EINVAL);
    assert_string_equal(err.message, "the source is NULL");
    assert_int_equal(skc_manifest_save(manifest, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_save(NULL, "x", NULL), SKC_EINVAL);
    skc_manifest_free(manifest);
    skc_manifest_free(NULL);
}

static void test_add_and_set(void **state)
{
    skc_manifest    *manifest = NULL;
    skc_manifest_row row      = { "a", "x", "g", "train", "s" };
    skc_error        err;

    (void)state;
    assert_int_equal(skc_manifest_create(NULL, &manifest, NULL), SKC_OK);
    assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
    assert_int_equal(skc_manifest_add(manifest, &row, &err), SKC_EINVAL);
    assert_string_equal(err.message, "path \"a\" is in row 0 already");
    row.path = "b";
    assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
    row.path = "a";
    assert_int_equal(skc_manifest_set(manifest, 1, &row, &err), SKC_EINVAL);
    assert_int_equal(skc_manifest_set(manifest, 2, &row, &err), SKC_EINVAL);
    assert_string_equal(err.message, "row 2 of a manifest of 2 rows");
    row       = skc_manifest_row_at(manifest, 1); /* texts of the manifest itself */
    row.split = "val";
    assert_int_equal(skc_manifest_set(manifest, 1, &row, NULL), SKC_OK);
    assert_row(manifest, 1, ROW("b", "x", "g", "val", "s"));
    row.path  = "c";
    row.group = "";
    row.label = "";
    assert_int_equal(skc_manifest_set(manifest, 1, &row, &err), SKC_EINVAL);
    assert_row(manifest, 1, ROW("b", "x", "g", "val", "s"));
    row.label = "y\xc0";
    assert_int_equal(skc_manifest_set(manifest, 1, &row, &err), SKC_EINVAL);
    assert_string_equal(err.message, "the label is not UTF-8");
    row.label = "y";
    assert_int_equal(skc_manifest_set(manifest, 1, &row, &err), SKC_OK);
    assert_row(manifest, 1, ROW("c", "y", "", "val", "s"));
    row.path = "b"; /* free again */
    assert_int_equal(skc_manifest_add(manifest, &row, NULL), SKC_OK);
    assert_int_equal(skc_manifest_count(manifest), 3);
    skc_manifest_free(manifest);
}

static void test_leaks(void **state)
{
    skc_manifest *manifest =
        parse("path,label,group,split\n"
              "a,x,g1,train\nb,x,g1,\nc,x,g2,train\nd,x,g2,test\n"
              "e,x,g3,val\nf,x,g3,test\ng,x,g3,train\nh,x,,train\ni,x,,test\n");
    const char      *example = "untouched";
    skc_manifest_row row     = skc_manifest_row_at(manifest, 3);

    (void)state;
    assert_int_equal(skc_manifest_leaks(manifest, &example), 2);
    assert_string_equal(example, "g2");
    row.split = "train";
    assert_int_equal(skc_manifest_set(manifest, 3, &row, NULL), SKC_OK);
    assert_int_equal(skc_manifest_leaks(manifest, &example), 1);
    assert_string_equal(example, "g3");
    for (int32_t i = 4; i < 7; i++) {
        row       = skc_manifest_row_at(manifest, i);
        row.group = "";
        assert_int_equal(skc_manifest_set(manifest, i, &row, NULL), SKC_OK);
    }
    example = "untouched";
    assert_int_equal(skc_manifest_leaks(manifest, &example), 0);
    assert_string_equal(example, "untouched");
    assert_int_equal(skc_manifest_leaks(manifest, NULL), 0);
    skc_manifest_free(manifest);
}

static void test_saved_is_loaded_again(void **state)
{
    static const char expected[] = "path,label,group,split,source\n"
                                   "\"a,\"\"1\"\".jpg\",nv,\"L\n1\",train,ham\n"
                                   "b.jpg,mel,,,\n";
    skc_manifest     *manifest   = parse("label,path,group,split,source,more\n"
                                               "nv,\"a,\"\"1\"\".jpg\",\"L\n1\",train,ham,1\n"
                                               "mel,b.jpg,,,,2\n");
    const char       *path       = scratch_path("m.csv");
    skc_mapping       file;
    skc_error         err;

    (void)state;
    assert_int_equal(skc_manifest_save(manifest, path, &err), SKC_OK);
    skc_manifest_free(manifest);
    assert_int_equal(skc__file_map(path, &file, &err), SKC_OK);
    assert_int_equal(file.size, sizeof expected - 1);
    assert_memory_equal(file.bytes, expected, sizeof expected - 1);
    skc__file_unmap(&file);
    assert_int_equal(skc_manifest_load(path, NULL, &manifest, &err), SKC_OK);
    assert_row(manifest, 0, ROW("a,\"1\".jpg", "nv", "L\n1", "train", "ham"));
    assert_row(manifest, 1, ROW("b.jpg", "mel", "", "", ""));
    assert_int_equal(skc_manifest_save(manifest, "/nonexistent/m.csv", &err), SKC_ENOTFOUND);
    skc_manifest_free(manifest);
}

static void test_files_that_cannot_be_loaded(void **state)
{
    skc_manifest *manifest = NULL;
    const char   *path     = scratch_path("no-label.csv");
    skc_error     err;

    (void)state;
    assert_int_equal(skc_manifest_load("/nonexistent/m.csv", NULL, &manifest, &err), SKC_ENOTFOUND);
    assert_int_equal(skc_manifest_load("/tmp", NULL, &manifest, &err), SKC_EINVAL);
    assert_int_equal(skc__file_write(path, "path\na\n", 7, NULL), SKC_OK);
    assert_int_equal(skc_manifest_load(path, NULL, &manifest, &err), SKC_EFORMAT);
    assert_memory_equal(err.message, path, strlen(path));
    assert_non_null(strstr(err.message, " line 1: there is no column \"label\""));
    assert_null(manifest);
}

static void test_many_rows(void **state)
{
    enum { ROWS = 200000 };
    skc_manifest *manifest = NULL;
    char         *text     = malloc(ROWS * 40);
    size_t        used     = 0;
    skc_error     err;

    (void)state;
    assert_non_null(text);
    used += (size_t)sprintf(text, "path,label,group\n");
    for (int32_t i = 0; i < ROWS; i++)
        used += (size_t)sprintf(text + used, "images/%d.jpg,%d,G%d\n", i, i % 7, i / 2);
    assert_int_equal(skc_manifest_parse(text, used, "big", NULL, &manifest, NULL), SKC_OK);
    assert_int_equal(skc_manifest_count(manifest), ROWS);
    assert_row(manifest, ROWS - 1, ROW("images/199999.jpg", "2", "G99999", "", ""));
    assert_int_equal(manifest->groups.count, ROWS / 2);
    skc_manifest_free(manifest);
    used += (size_t)sprintf(text + used, "images/123456.jpg,1,\n");
    assert_int_equal(skc_manifest_parse(text, used, "big", NULL, &manifest, &err), SKC_EFORMAT);
    assert_string_equal(
        err.message, "big line 200002: path \"images/123456.jpg\" stands in line 123458 already");
    free(text);
}

static skc_status parse_and_change(void *context, const skc_runtime *runtime)
{
    const char      *text     = context;
    skc_manifest    *manifest = NULL;
    skc_manifest_row row;
    skc_status status = skc_manifest_parse(text, strlen(text), "m.csv", runtime, &manifest, NULL);

    if (status != SKC_OK)
        return status;
    for (int32_t i = 0; i < 40 && status == SKC_OK; i++) {
        char path[16];
        snprintf(path, sizeof path, "new-%d", i);
        row    = (skc_manifest_row){ path, path, path, "test", path };
        status = skc_manifest_set(manifest, 0, &row, NULL);
        if (status != SKC_OK) /* the row is as it was */
            assert_string_equal(skc_manifest_row_at(manifest, 0).group,
                                skc_manifest_row_at(manifest, 0).path);
    }
    assert_int_equal(skc_manifest_leaks(manifest, NULL), 0);
    skc_manifest_free(manifest);
    return status;
}

static void test_failing_memory(void **state)
{
    char   text[2000];
    size_t used = (size_t)sprintf(text, "path,label,group,split,source\n");

    (void)state;
    for (int32_t i = 0; i < 40; i++)
        used += (size_t)sprintf(text + used, "p%d,l%d,p%d,train,s%d\n", i, i, i, i);
    assert_true(faults_count(parse_and_change, text) > 20);
}

static int clean(void **state)
{
    (void)state;
    return scratch_remove() == 2 ? 0 : -1; /* no temporary file was left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns_in_any_order),
        cmocka_unit_test(test_only_path_and_label_are_needed),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_path_twice_names_both_lines),
        cmocka_unit_test(test_a_long_text),
        cmocka_unit_test(test_null_arguments),
        cmocka_unit_test(test_add_and_set),
        cmocka_unit_test(test_leaks),
        cmocka_unit_test(test_saved_is_loaded_again),
        cmocka_unit_test(test_files_that_cannot_be_loaded),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_failing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, clean);
}
