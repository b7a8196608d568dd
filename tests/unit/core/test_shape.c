/* test_shape.c - elements of a shape, and what is too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/shape.h"

static void test_count(void **state)
{
    (void)state;
    assert_int_equal(skc__shape_count((skc_shape){ 2, 3, 5, 7 }), 210);
    assert_int_equal(skc__shape_count((skc_shape){ 1, 1, 1, 1 }), 1);
    assert_int_equal(skc__shape_count((skc_shape){ 0, 3, 5, 7 }), 0);
    assert_int_equal(skc__shape_count((skc_shape){ 2, -3, -5, 7 }), 0);
    assert_true(skc__shape_count((skc_shape){ 1 << 17, 1 << 17, 1, 1 }) == SKC_MAX_ELEMENTS);
    assert_int_equal(skc__shape_count((skc_shape){ 1 << 17, 1 << 17, 1, 2 }), 0);
    assert_int_equal(skc__shape_count((skc_shape){ INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX }),
                     0);
}

static void test_equal(void **state)
{
    const skc_shape a = { 1, 2, 3, 4 };

    (void)state;
    assert_true(skc__shape_equal(a, a));
    assert_false(skc__shape_equal(a, (skc_shape){ 9, 2, 3, 4 }));
    assert_false(skc__shape_equal(a, (skc_shape){ 1, 9, 3, 4 }));
    assert_false(skc__shape_equal(a, (skc_shape){ 1, 2, 9, 4 }));
    assert_false(skc__shape_equal(a, (skc_shape){ 1, 2, 3, 9 }));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_count),
                                        cmocka_unit_test(test_equal) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
