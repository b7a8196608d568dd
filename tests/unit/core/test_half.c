/* test_half.c - half precision: every value there and back, and rounding to nearest even. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "core/half.h"

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The value of a half by the definition in IEEE 754-2008, 3.4. */
static double value_of(uint16_t half)
{
    int    exponent = half >> 10 & 31, fraction = half & 1023;
    double magnitude = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);

    return half & 0x8000 ? -magnitude : magnitude;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h <= UINT16_MAX; h++) {
        float value = skc__float_from_half((uint16_t)h);

        if ((h & 0x7fff) > 0x7c00) {
            assert_true(isnan(value));
            assert_int_equal(skc__half_from_float(value) & 0x7e00, 0x7e00);
            continue;
        }
        assert_int_equal(skc__half_from_float(value), h);
        if ((h & 0x7fff) == 0x7c00)
            assert_true(isinf(value) && (value < 0) == (h > 0x7fff));
        else
            assert_true((double)value == value_of((uint16_t)h));
    }
}

/* Between each two neighbours: below the middle, the middle (to even), above. */
static void test_nearest_even(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        double   middle = (value_of((uint16_t)h) + value_of((uint16_t)(h + 1))) / 2;
        float    exact  = (float)middle;
        uint16_t even   = (uint16_t)(h % 2 == 0 ? h : h + 1);

        assert_true((double)exact == middle);
        assert_int_equal(skc__half_from_float(nextafterf(exact, 0)), h);
        assert_int_equal(skc__half_from_float(exact), even);
        assert_int_equal(skc__half_from_float(-exact), even | 0x8000);
        assert_int_equal(skc__half_from_float(nextafterf(exact, INFINITY)), h + 1);
    }
}

static void test_extremes(void **state)
{
    (void)state;
    assert_int_equal(skc__half_from_float(65504), 0x7bff);
    assert_int_equal(skc__half_from_float(65519.996f), 0x7bff);
    assert_int_equal(skc__half_from_float(65520), 0x7c00);
    assert_int_equal(skc__half_from_float(-1e30f), 0xfc00);
    assert_int_equal(skc__half_from_float(INFINITY), 0x7c00);
    assert_int_equal(skc__half_from_float(1e-30f), 0);
    assert_int_equal(skc__half_from_float(-0.0f), 0x8000);
    assert_int_equal(bits_of(skc__float_from_half(0x8000)), 0x80000000u);
    assert_int_equal(skc__half_from_float(0x1p-25f), 0); /* half of the least: to even */
    assert_int_equal(skc__half_from_float(0x1.8p-25f), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_nearest_even),
        cmocka_unit_test(test_extremes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
