/* test_calibrate_ranges.c - scales of bytes for numbers that were seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "model/calibrate_ranges.h"

enum { COUNT = 100000 };

static float        values[COUNT];
static skc_observed seen;

static void observe(void)
{
    memset(&seen, 0, sizeof seen);
    skc__observe_range(&seen, values, COUNT / 2);
    skc__observe_range(&seen, values + COUNT / 2, COUNT / 2);
    skc__observe_bins(&seen, values, COUNT);
}

static double highest(skc_int8_scale s)
{
    return (double)s.scale * (255 - s.zero);
}

static double lowest(skc_int8_scale s)
{
    return -(double)s.scale * s.zero;
}

static void test_range(void **state)
{
    const skc_int8_scale s = skc__scale_of_range(-1, 3);

    (void)state;
    assert_true(fabs(lowest(s) + 1) < (double)s.scale && fabs(highest(s) - 3) < (double)s.scale);
    assert_int_equal(skc__scale_of_range(0, 3).zero, 0);
    assert_int_equal(skc__scale_of_range(-3, 0).zero, 255);
    assert_true(skc__scale_of_range(0, 0).scale == SKC_INT8_LEAST);
    assert_true(skc__scale_of_range(-1e38f, 1e38f).scale == SKC_INT8_MOST);
}

/* Even numbers in -2..6: nothing is gained by leaving any out. */
static void test_even(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++)
        values[i] = -2 + 8 * (float)i / (COUNT - 1);
    observe();
    assert_true(seen.low == -2 && seen.high == 6);
    for (int rule = 0; rule < SKC_RANGE_RULES; rule++) {
        const skc_int8_scale s = skc__choose_scale(&seen, (skc_range_rule)rule);

        assert_true(fabs(lowest(s) + 2) < 0.05 && fabs(highest(s) - 6) < 0.05);
    }
}

/* One number far from all others: only the whole range reaches it. */
static void test_outlier(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)i / COUNT;
    values[77] = 10;
    observe();
    assert_true(highest(skc__choose_scale(&seen, SKC_RANGE_WHOLE)) > 9.9);
    assert_true(highest(skc__choose_scale(&seen, SKC_RANGE_PERCENTILE)) < 1.1);
    assert_true(highest(skc__choose_scale(&seen, SKC_RANGE_LEAST_ERROR)) < 9.9);
    assert_true(highest(skc__choose_scale(&seen, SKC_RANGE_LEAST_ERROR)) > 0.9);
}

static void test_zeros(void **state)
{
    (void)state;
    memset(values, 0, sizeof values);
    observe();
    for (int rule = 0; rule < SKC_RANGE_RULES; rule++)
        assert_true(skc__choose_scale(&seen, (skc_range_rule)rule).scale > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_even),
        cmocka_unit_test(test_outlier),
        cmocka_unit_test(test_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
