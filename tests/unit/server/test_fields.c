/* test_fields.c - values of header fields, request ids, origins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/cors.h"
#include "http/fields.h"
#include "http/identity.h"

static void test_media_types(void **state)
{
    static const char *const cases[][2] = {
        { "application/json", "application/json" },
        { "Image/JPEG; q=1", "image/jpeg" },
        { "multipart/form-data;boundary=x", "multipart/form-data" },
        { "text/plain ", "text/plain" },
        { "", "" },
        { "json", "" },
        { "/json", "" },
        { "text/", "" },
        { "a/b/c", "" },
        { "te xt/plain", "" },
        { "\"a\"/b", "" },
    };
    char long_type[2 * FIELDS_MEDIA_TYPE], type[FIELDS_MEDIA_TYPE];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fields_media_type(cases[i][0], type);
        assert_string_equal(type, cases[i][1]);
    }
    memset(long_type, 'a', sizeof long_type);
    long_type[1]                    = '/';
    long_type[sizeof long_type - 1] = '\0';
    fields_media_type(long_type, type);
    assert_string_equal(type, "");
}

static void test_accepts(void **state)
{
    (void)state;
    assert_true(fields_accepts("image/jpeg image/png", "image/png"));
    assert_true(fields_accepts("image/jpeg image/png", "image/jpeg"));
    assert_false(fields_accepts("image/jpeg image/png", "image/pn"));
    assert_false(fields_accepts("image/jpeg image/png", "image/pngs"));
    assert_false(fields_accepts("image/jpeg image/png", ""));
    assert_false(fields_accepts("", "image/png"));
    assert_true(fields_accepts("text/plain *", ""));
}

static void test_tags(void **state)
{
    static const struct {
        const char *field, *tag;
        bool        matches;
    } cases[] = {
        { "\"a\"", "\"a\"", true },
        { "\"b\"", "\"a\"", false },
        { "\"b\", \"a\"", "\"a\"", true },
        { "\"b\",W/\"a\"", "\"a\"", true },
        { "\"a\"", "W/\"a\"", true },
        { "*", "\"a\"", true },
        { "\"a", "\"a\"", false },
        { "", "\"a\"", false },
        { "a", "\"a\"", false },
        { " , ,\"a\"", "\"a\"", true },
        { "\"x,\\\"a\\\"\"", "\"a\"", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fields_tag_matches(cases[i].field, cases[i].tag), cases[i].matches);
}

static void test_lengths(void **state)
{
    static const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1,1", "18446744073709551616", "99999999999999999999999"
    };
    uint64_t length;

    (void)state;
    assert_true(fields_length("0", &length));
    assert_int_equal(length, 0);
    assert_true(fields_length("0123", &length));
    assert_int_equal(length, 123);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(fields_length(bad[i], &length));
}

static void test_tokens(void **state)
{
    (void)state;
    assert_true(fields_is_token("X-API-Key", 9));
    assert_false(fields_is_token("", 0));
    assert_false(fields_is_token("a b", 3));
    assert_false(fields_is_token("a\0b", 3));
    assert_false(fields_is_token("\xc3\xa4", 2));
    assert_true(fields_is_value("a\tb \xc3\xa4", 6));
    assert_false(fields_is_value("a\r\nb", 4));
    assert_false(fields_is_value("a\0b", 3));
}

static void test_ids(void **state)
{
    char first[IDENTITY_BYTES], second[IDENTITY_BYTES], longest[IDENTITY_BYTES + 1];

    (void)state;
    assert_true(identity_make(first));
    assert_true(identity_make(second));
    assert_int_equal(strlen(first), IDENTITY_OWN);
    assert_int_equal(strspn(first, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), IDENTITY_OWN);
    assert_string_not_equal(first, second);
    assert_true(strncmp(first, second, 10) <= 0);
    assert_true(identity_allowed(first));
    assert_true(identity_allowed("a-b_C9"));
    assert_false(identity_allowed(""));
    assert_false(identity_allowed("a b"));
    assert_false(identity_allowed("a\"b"));
    memset(longest, 'a', sizeof longest);
    longest[64] = '\0';
    assert_true(identity_allowed(longest));
    longest[64] = 'a';
    longest[65] = '\0';
    assert_false(identity_allowed(longest));
}

static void test_origins(void **state)
{
    static const char *const some[] = { "https://a.example", "https://b.example", NULL };
    static const char *const any[]  = { "*", NULL };

    (void)state;
    assert_string_equal(cors_allowed(some, "https://b.example"), "https://b.example");
    assert_null(cors_allowed(some, "https://b.example.evil"));
    assert_null(cors_allowed(some, "http://b.example"));
    assert_null(cors_allowed(some, NULL));
    assert_string_equal(cors_allowed(any, "https://c.example"), "*");
    assert_null(cors_allowed(NULL, "https://a.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_media_types), cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_tags),        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_tokens),      cmocka_unit_test(test_ids),
        cmocka_unit_test(test_origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
