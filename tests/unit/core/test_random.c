/* test_random.c - random streams: known answers, and the shape of their distributions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../../golden/streams.h"
#include "core/random.h"

static void test_known_answers(void **state)
{
    (void)state;
    for (int i = 0; i < GOLDEN_STREAMS; i++) {
        const struct golden_stream *g      = &golden_streams[i];
        skc_random                  random = skc__random_stream(g->seed, g->a, g->b);

        for (int k = 0; k < GOLDEN_NEXT; k++)
            assert_true(skc__random_next(&random) == g->next[k]);
        random = skc__random_stream(g->seed, g->a, g->b);
        assert_true(skc__random_uniform(&random) == (float)g->uniform / 16777216.0f);
        random = skc__random_stream(g->seed, g->a, g->b);
        assert_int_equal(skc__random_below(&random, 1000003), g->below);
        random = skc__random_stream(g->seed, g->a, g->b);
        assert_true(fabs((double)skc__random_normal(&random) - g->normal) < 1e-6);
    }
}

/* Mean and variance of what `draw` gives, from 20,000 values. */
static void moments(float (*draw)(skc_random *random), double *mean, double *variance)
{
    enum { COUNT = 20000 };
    skc_random random = skc__random_stream(3, 1, 4);
    double     sum = 0, squares = 0;

    for (int i = 0; i < COUNT; i++) {
        double x = (double)draw(&random);

        assert_true(isfinite(x));
        sum += x;
        squares += x * x;
    }
    *mean     = sum / COUNT;
    *variance = squares / COUNT - *mean * *mean;
}

static float in_unit(skc_random *random)
{
    float x = skc__random_uniform(random);

    assert_true(x >= 0 && x < 1);
    return x;
}

static float in_range(skc_random *random)
{
    float x = skc__random_between(random, -3, 5);

    assert_true(x >= -3 && x < 5);
    return x;
}

static void test_moments(void **state)
{
    double mean, variance;

    (void)state;
    moments(in_unit, &mean, &variance);
    assert_true(fabs(mean - 0.5) < 0.01 && fabs(variance - 1.0 / 12) < 0.003);
    moments(in_range, &mean, &variance);
    assert_true(fabs(mean - 1) < 0.08 && fabs(variance - 64.0 / 12) < 0.2);
    moments(skc__random_normal, &mean, &variance);
    assert_true(fabs(mean) < 0.03 && fabs(variance - 1) < 0.05);
}

static void test_below(void **state)
{
    skc_random random   = skc__random_stream(5, 0, 0);
    int        count[7] = { 0 };

    (void)state;
    for (int i = 0; i < 7000; i++)
        count[skc__random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(count[i], 880, 1120); /* 4 standard deviations */
    assert_int_equal(skc__random_below(&random, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_below),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
