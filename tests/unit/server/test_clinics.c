/* test_clinics.c - the operator's directory of clinics, and the sample. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "assessment/clinics.h"
#include "json_faults.h"

static const char table[] = "\xef\xbb\xbfurl,name,rank,county,phone,address\r\n"
                            "https://a.example,\"甲, clinic\",1,臺北市,02-1,Road 1\r\n"
                            ",B,2,臺北市,02-2,Road 2\r\n\r\n"
                            "http://c.example,C,3,,,\r\n"
                            ",D,4,花蓮縣,03,Road 4\r\n";

static clinics *load(const char *text)
{
    clinics  *c;
    skc_error err;

    write_bytes(scratch_path("clinics.csv"), text, strlen(text));
    assert_works(clinics_load(scratch_path("clinics.csv"), &c, &err), err);
    return c;
}

static void refuses(const char *text, const char *message)
{
    clinics  *c;
    skc_error err;

    write_bytes(scratch_path("clinics.csv"), text, strlen(text));
    assert_fails(clinics_load(scratch_path("clinics.csv"), &c, &err), SKC_EFORMAT, err,
                 "clinics.csv", message);
}

static json_t *list_of(const clinics *c, const char *county)
{
    json_t *json = clinics_json(c, county);

    assert_non_null(json);
    return json;
}

static size_t count_of(const clinics *c, const char *county)
{
    json_t *json  = list_of(c, county);
    size_t  count = json_array_size(json_object_get(json, "clinics"));

    assert_int_equal(json_array_size(json_object_get(json, "counties")), 2);
    json_decref(json);
    return count;
}

static void test_directory(void **state)
{
    clinics      *c    = load(table);
    json_t       *json = list_of(c, NULL);
    const json_t *first;

    (void)state;
    assert_true(json_is_false(json_object_get(json, "sample")));
    first = json_array_get(json_object_get(json, "clinics"), 0);
    assert_int_equal(json_object_size(first), 5);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "甲, clinic");
    assert_string_equal(json_string_value(json_object_get(first, "url")), "https://a.example");
    json_decref(json);
    assert_int_equal(count_of(c, NULL), 4);
    assert_int_equal(count_of(c, "臺北市"), 2);
    assert_int_equal(count_of(c, "nowhere"), 0);
    assert_int_equal(count_of(c, ""), 1);
    clinics_free(c);
    clinics_free(NULL);
}

static void test_sample(void **state)
{
    clinics  *c;
    json_t   *json;
    skc_error err;

    (void)state;
    assert_works(clinics_load(NULL, &c, &err), err);
    json = list_of(c, NULL);
    assert_true(json_is_true(json_object_get(json, "sample")));
    assert_true(json_array_size(json_object_get(json, "clinics")) > 0);
    json_decref(json);
    clinics_free(c);
}

#define HEADING "name,county,address,phone,url\n"

static void test_refused(void **state)
{
    clinics  *c;
    skc_error err;

    (void)state;
    assert_int_equal(clinics_load("/nowhere.csv", &c, &err), SKC_ENOTFOUND);
    refuses("", "empty");
    refuses("name,county,address,url\n", "no column 'phone'");
    refuses(HEADING "A,b\n", "2 cells");
    refuses(HEADING "A,b,c,d,\n,b,c,d,\n", "clinic 2 has no name");
    refuses(HEADING "\xff,b,c,d,\n", "the name of clinic 1 is not UTF-8");
    refuses(HEADING "A,\xe5\x8f,c,d,\n", "the county of clinic 1 is not UTF-8");
    refuses(HEADING "A,b,\xc0\x80,d,\n", "the address of clinic 1 is not UTF-8");
    refuses(HEADING "A,b,c,\xed\xa0\x80,\n", "the phone of clinic 1 is not UTF-8");
    refuses(HEADING "A,b,c,d,https://\xff\n", "the url of clinic 1 is not UTF-8");
    refuses(HEADING "A,b,c,d,javascript:alert(1)\n", "https://");
}

static json_t *make(void *context)
{
    return clinics_json(context, NULL);
}

static void test_no_memory(void **state)
{
    clinics *c = load(table);

    (void)state;
    json_faults_check(make, c);
    clinics_free(c);
}

static int clean(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
