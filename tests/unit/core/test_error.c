/* test_error.c - statuses, and messages that stay readable whatever goes into them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/error.h"
#include "core/utf8.h"

static void test_statuses(void **state)
{
    (void)state;
    assert_string_equal(skc_status_text(SKC_OK), "ok");
    assert_string_equal(skc_status_text(SKC_EDIVERGED), "training diverged");
    for (int i = 0; i < SKC_STATUS_COUNT; i++)
        assert_string_not_equal(skc_status_text((skc_status)i), "unknown status");
    assert_string_equal(skc_status_text(SKC_STATUS_COUNT), "unknown status");
    assert_string_equal(skc_status_text((skc_status)-1), "unknown status");
    assert_string_equal(skc_version(), SKC_VERSION);
}

static void test_message(void **state)
{
    skc_error err;

    (void)state;
    assert_int_equal(skc__fail(&err, SKC_EINVAL, "%s is %d", "batch", 0), SKC_EINVAL);
    assert_int_equal(err.status, SKC_EINVAL);
    assert_string_equal(err.message, "batch is 0");
    assert_int_equal(skc__fail_in(&err, SKC_EIO, "run"), SKC_EIO);
    assert_int_equal(err.status, SKC_EIO);
    assert_string_equal(err.message, "run: batch is 0");
    assert_int_equal(skc__fail(NULL, SKC_EIO, "%d", 1), SKC_EIO);
    assert_int_equal(skc__fail_in(NULL, SKC_EIO, "x"), SKC_EIO);
}

static void test_control_characters(void **state)
{
    skc_error err;

    (void)state;
    skc__fail(&err, SKC_EINVAL, "%s", "a\nb\tc\x1b[31m\x7f\xc3\xa4");
    assert_string_equal(err.message, "a?b?c?[31m?\xc3\xa4");
}

static void test_not_utf8(void **state)
{
    skc_error err;

    (void)state;
    skc__fail(&err, SKC_EINVAL, "%s", "caf\xe9.jpg: \xc3\xa9t\xc3\xa9 \xed\xa0\x80!");
    assert_string_equal(err.message, "caf?.jpg: \xc3\xa9t\xc3\xa9 ?\?\?!");
}

/* A message that is too long is cut, and never inside a character. */
static void test_truncation(void **state)
{
    char      text[2000] = "";
    skc_error err;

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x94\xac", 5);
        skc__fail(&err, SKC_EINVAL, "%s", text);
        assert_int_equal(strlen(err.message), sizeof err.message - 1);
        assert_int_equal(*skc__utf8_check(err.message, err.message + strlen(err.message)), '\0');
        skc__fail_in(&err, SKC_EINVAL, text);
        assert_int_equal(strlen(err.message), sizeof err.message - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statuses),           cmocka_unit_test(test_message),
        cmocka_unit_test(test_control_characters), cmocka_unit_test(test_not_utf8),
        cmocka_unit_test(test_truncation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
