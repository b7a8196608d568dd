/* test_bootstrap.c - intervals: percentiles, coverage, groups, and the same bits for any threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "core/random.h"
#include "train/metrics.h"

enum { COUNT = 240 };

typedef struct {
    float   p[2 * COUNT];
    int32_t labels[COUNT], groups[COUNT];
} pictures;

/* Pictures that are right with probability `share`; `copies` in a row are one lesion, all alike. */
static void draw_pictures(pictures *out, uint64_t seed, float share, int32_t copies)
{
    skc_random random = skc__random_stream(seed, 0, 0);
    bool       right  = false;

    for (int32_t i = 0; i < COUNT; i++) {
        if (i % copies == 0)
            right = skc__random_uniform(&random) < share;
        out->labels[i]    = i / copies % 2;
        out->groups[i]    = i / copies;
        out->p[2 * i]     = (out->labels[i] == 0) == right ? 0.75f : 0.25f;
        out->p[2 * i + 1] = 1 - out->p[2 * i];
    }
}

static skc_evaluation *evaluate(const pictures *set, bool grouped, int32_t resamples,
                                int32_t threads)
{
    skc_evaluation_input input;
    skc_evaluation      *out = NULL;
    skc_runtime          runtime;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    skc_evaluation_input_init(&input);
    input.count         = COUNT;
    input.classes       = 2;
    input.probabilities = set->p;
    input.labels        = set->labels;
    input.groups        = grouped ? set->groups : NULL;
    input.resamples     = resamples;
    assert_int_equal(skc_evaluate(&input, &runtime, &out, NULL), SKC_OK);
    return out;
}

static skc_interval accuracy(const pictures *set, bool grouped, int32_t resamples)
{
    skc_evaluation *evaluation = evaluate(set, grouped, resamples, 1);
    skc_interval    out        = skc_evaluation_metric(evaluation, SKC_ACCURACY);

    skc_evaluation_free(evaluation);
    return out;
}

static void test_percentiles_are_linear_between_ranks(void **state)
{
    double       figures[2 * 41], scratch[41];
    skc_interval out;

    (void)state;
    for (int32_t i = 0; i < 41; i++) {
        figures[2 * i]     = 40 - i;
        figures[2 * i + 1] = NAN;
    }
    out = skc__percentiles(figures, 41, 2, 20, scratch);
    assert_float_equal(out.value, 20, 0);
    assert_float_equal(out.low, 1, 1e-12);
    assert_float_equal(out.high, 39, 1e-12);
    out = skc__percentiles(figures + 1, 41, 2, 20, scratch);
    assert_true(isnan(out.low) && isnan(out.high));
    out = skc__percentiles(figures, 2, 2, 39, scratch); /* 40 and 39 */
    assert_float_equal(out.low, 39.025, 1e-12);
    assert_float_equal(out.high, 39.975, 1e-12);
}

static void test_interval_covers_the_truth(void **state)
{
    const float share   = 0.8f;
    int32_t     covered = 0, runs = 200;
    pictures    set;

    (void)state;
    for (int32_t i = 0; i < runs; i++) {
        skc_interval found;

        draw_pictures(&set, (uint64_t)i, share, 1);
        found = accuracy(&set, false, 200);
        assert_true(found.low <= found.value && found.value <= found.high);
        covered += found.low <= (double)share && (double)share <= found.high;
    }
    assert_in_range(covered, runs * 90 / 100, runs * 99 / 100);
}

/* With four equal pictures a lesion the true spread is twice what drawing pictures gives. */
static void test_groups_widen_the_interval(void **state)
{
    pictures     set;
    skc_interval by_lesion, by_picture;
    double       wider;

    (void)state;
    draw_pictures(&set, 3, 0.7f, 4);
    by_lesion  = accuracy(&set, true, 1000);
    by_picture = accuracy(&set, false, 1000);
    wider      = (by_lesion.high - by_lesion.low) / (by_picture.high - by_picture.low);
    assert_float_equal(by_lesion.value, by_picture.value, 0);
    assert_true(wider > 1.7 && wider < 2.3);
}

static void test_threads_do_not_change_a_bit(void **state)
{
    pictures        set;
    skc_evaluation *one, *other;

    (void)state;
    draw_pictures(&set, 5, 0.7f, 3);
    one = evaluate(&set, true, 333, 1);
    for (int32_t threads = 2; threads <= 7; threads += 5) {
        other = evaluate(&set, true, 333, threads);
        for (int32_t m = 0; m < SKC_METRIC_COUNT; m++) {
            skc_interval a = skc_evaluation_metric(one, (skc_metric)m);
            skc_interval b = skc_evaluation_metric(other, (skc_metric)m);

            assert_memory_equal(&a, &b, sizeof a);
        }
        skc_evaluation_free(other);
    }
    skc_evaluation_free(one);
}

static void test_one_group_has_no_interval(void **state)
{
    pictures     set;
    skc_interval found;

    (void)state;
    draw_pictures(&set, 5, 0.7f, 1);
    memset(set.groups, 0, sizeof set.groups);
    found = accuracy(&set, true, 100);
    assert_true(!isnan(found.value));
    assert_true(isnan(found.low) && isnan(found.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percentiles_are_linear_between_ranks),
        cmocka_unit_test(test_interval_covers_the_truth),
        cmocka_unit_test(test_groups_widen_the_interval),
        cmocka_unit_test(test_threads_do_not_change_a_bit),
        cmocka_unit_test(test_one_group_has_no_interval),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
