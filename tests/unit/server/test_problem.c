/* test_problem.c - the table of problems: statuses and codes that callers rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/problem.h"

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < HTTP_PROBLEM_COUNT; i++) {
        http_problem_info info = http_problem_of((http_problem)i);

        assert_in_range(info.status, 400, 599);
        assert_true(strlen(info.title) > 0);
        assert_int_equal(strspn(info.code, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(info.code));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(info.code, http_problem_of((http_problem)k).code);
        if (info.status == 429 || info.status == 503)
            assert_true(info.retry > 0);
    }
}

static void test_the_right_row(void **state)
{
    (void)state;
    assert_string_equal(http_problem_of(HTTP_BUSY).code, "busy");
    assert_int_equal(http_problem_of(HTTP_QUOTA).status, 429);
    assert_int_equal(http_problem_of(HTTP_TIMEOUT).status, 408);
    assert_int_equal(http_problem_of(HTTP_PROBLEM_COUNT).status, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_the_right_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
