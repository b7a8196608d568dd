/* test_operating_point.c - thresholds on the malignant probability, against counting by hand. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "core/random.h"

static const float scores[]   = { 0.9f, 0.1f, 0.8f, 0.4f, 0.3f, 0.6f, 0.2f, 0.7f, 0.3f, 0.5f };
static const bool  positive[] = { true, false, true, false, true, false, false, true, false, true };
enum { COUNT = sizeof scores / sizeof *scores };

static skc_operating_point fit(double sensitivity)
{
    skc_operating_point point;
    skc_error           err;

    assert_works(skc_fit_operating_point(scores, positive, COUNT, sensitivity, &point, &err), err);
    return point;
}

static void test_by_hand(void **state)
{
    skc_operating_point p = fit(0.8);

    (void)state;
    assert_string_equal(p.name, "sensitivity_80");
    assert_true(p.threshold == 0.5f && p.sensitivity == 0.8f && p.specificity == 0.8f);
    p = fit(0.95); /* the last of the positives, and the negative of the same score */
    assert_string_equal(p.name, "sensitivity_95");
    assert_true(p.threshold == 0.3f && p.sensitivity == 1 && p.specificity == 0.4f);
    p = fit(0.925);
    assert_string_equal(p.name, "sensitivity_92.5");
    /* 0.6 + 1, and 0.8 + 0.8 at a lower threshold, which finds more */
    p = fit(-1);
    assert_string_equal(p.name, "youden");
    assert_true(p.threshold == 0.5f && p.sensitivity == 0.8f && p.specificity == 0.8f);
}

/* Shares counted anew, and no threshold anywhere with a larger sum than Youden's. */
static void test_random_scores(void **state)
{
    enum { MANY = 200 };
    float      s[MANY];
    bool       is[MANY];
    skc_random random = skc__random_stream(5, 0, 0);
    skc_error  err;

    (void)state;
    for (int i = 0; i < MANY; i++) {
        is[i] = skc__random_uniform(&random) < 0.3f;
        s[i]  = floorf(50 * fminf(0.999f, skc__random_uniform(&random) + (is[i] ? 0.2f : 0))) / 50;
    }
    for (int k = 0; k < 4; k++) {
        const double        wanted[] = { 0.5, 0.9, 1, -1 };
        skc_operating_point p;
        double              best = 0;

        assert_works(skc_fit_operating_point(s, is, MANY, wanted[k], &p, &err), err);
        for (int t = 0; t <= 51; t++) {
            float  threshold = t == 51 ? p.threshold : (float)t / 50;
            int    found = 0, kept = 0, positives = 0;
            double sum;

            for (int i = 0; i < MANY; i++) {
                positives += is[i];
                found += is[i] && s[i] >= threshold;
                kept += !is[i] && s[i] < threshold;
            }
            sum  = (double)found / positives + (double)kept / (MANY - positives);
            best = fmax(best, sum);
            if (t < 51)
                continue;
            assert_float_equal(p.sensitivity, (float)found / (float)positives, 1e-6f);
            assert_float_equal(p.specificity, (float)kept / (float)(MANY - positives), 1e-6f);
            assert_true(wanted[k] < 0 ? sum >= best - 1e-9 : (double)p.sensitivity >= wanted[k]);
        }
    }
}

static void test_refused(void **state)
{
    const float         wrong[] = { 0.5f, 1.5f };
    const bool          both[] = { true, false }, one[] = { true, true };
    skc_operating_point p;
    skc_error           err;

    (void)state;
    assert_fails(skc_fit_operating_point(wrong, both, 2, 0.9, &p, &err), SKC_EINVAL, err, "1.5");
    assert_fails(skc_fit_operating_point(scores, one, 2, 0.9, &p, &err), SKC_EINVAL, err, "2 of 2");
    assert_fails(skc_fit_operating_point(scores, both, 0, 0.9, &p, &err), SKC_EINVAL, err, "0");
    assert_fails(skc_fit_operating_point(NULL, both, 2, 0.9, &p, &err), SKC_EINVAL, err, "missing");
    assert_fails(skc_fit_operating_point(scores, both, 2, 1.1, &p, &err), SKC_EINVAL, err, "1.1");
    assert_fails(skc_fit_operating_point(scores, both, 2, (double)NAN, &p, &err), SKC_EINVAL, err,
                 "nan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_random_scores),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
