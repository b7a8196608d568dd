/* test_curve.c - ROC, precision-recall and calibration curves of small sets known by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "core/random.h"
#include "skincnn.h"

static skc_evaluation *evaluate(const float *p, const int32_t *labels, int32_t count,
                                const bool *malignant)
{
    skc_evaluation_input input;
    skc_evaluation      *out = NULL;

    skc_evaluation_input_init(&input);
    input.count         = count;
    input.classes       = 2;
    input.probabilities = p;
    input.labels        = labels;
    input.malignant     = malignant;
    input.resamples     = 0;
    assert_int_equal(skc_evaluate(&input, NULL, &out, NULL), SKC_OK);
    return out;
}

static void assert_point(skc_curve_point point, double threshold, double x, double y)
{
    assert_true(point.threshold == threshold);
    assert_float_equal(point.x, x, 1e-12);
    assert_float_equal(point.y, y, 1e-12);
}

/* Scores of class 1: 0.75 (+), 0.5 (+ and -), 0.25 (-). */
static const float   small_p[]      = { .25f, .75f, .5f, .5f, .5f, .5f, .75f, .25f };
static const int32_t small_labels[] = { 1, 1, 0, 0 };

static void test_roc_has_one_corner_a_score(void **state)
{
    skc_evaluation        *e = evaluate(small_p, small_labels, 4, NULL);
    const skc_curve_point *points;
    int32_t                count;

    (void)state;
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, 1, &points, &count, NULL), SKC_OK);
    assert_int_equal(count, 4);
    assert_point(points[0], INFINITY, 0, 0);
    assert_point(points[1], 0.75, 0, 0.5);
    assert_point(points[2], 0.5, 0.5, 1);
    assert_point(points[3], 0.25, 1, 1);
    skc_evaluation_free(e);
}

static void test_pr_starts_at_full_precision(void **state)
{
    skc_evaluation        *e = evaluate(small_p, small_labels, 4, NULL);
    const skc_curve_point *points;
    int32_t                count;

    (void)state;
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_PR, 1, &points, &count, NULL), SKC_OK);
    assert_int_equal(count, 4);
    assert_point(points[0], INFINITY, 0, 1);
    assert_point(points[1], 0.75, 0.5, 1);
    assert_point(points[2], 0.5, 1, 2.0 / 3);
    assert_point(points[3], 0.25, 1, 0.5);
    skc_evaluation_free(e);
}

static void test_calibration_skips_empty_bins(void **state)
{
    skc_evaluation        *e = evaluate(small_p, small_labels, 4, NULL);
    const skc_curve_point *points;
    int32_t                count;

    (void)state;
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_CALIBRATION, 99, &points, &count, NULL),
                     SKC_OK);
    assert_int_equal(count, 2);
    assert_point(points[0], 2, 0.5, 0.5);
    assert_point(points[1], 2, 0.75, 1);
    skc_evaluation_free(e);
}

static void test_malignant_curve_is_the_summed_score(void **state)
{
    const bool             malignant[] = { false, true };
    skc_evaluation        *e           = evaluate(small_p, small_labels, 4, malignant);
    const skc_curve_point *own, *joint;
    int32_t                count, joint_count;

    (void)state;
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, 1, &own, &count, NULL), SKC_OK);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, -1, &joint, &joint_count, NULL),
                     SKC_OK);
    assert_int_equal(count, joint_count);
    for (int32_t i = 0; i < count; i++)
        assert_point(joint[i], own[i].threshold, own[i].x, own[i].y);
    skc_evaluation_free(e);
}

static void test_curves_that_do_not_exist(void **state)
{
    const int32_t          ones[] = { 1, 1, 1, 1 };
    skc_evaluation        *e      = evaluate(small_p, ones, 4, NULL);
    const skc_curve_point *points = NULL;
    int32_t                count  = -7;

    (void)state;
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, 1, &points, &count, NULL),
                     SKC_ENOTFOUND);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_PR, 0, &points, &count, NULL),
                     SKC_ENOTFOUND);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, -1, &points, &count, NULL), SKC_EINVAL);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, 2, &points, &count, NULL), SKC_EINVAL);
    assert_int_equal(skc_evaluation_curve(e, (skc_curve)9, 0, &points, &count, NULL), SKC_EINVAL);
    assert_null(points);
    assert_int_equal(count, -7);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_PR, 1, &points, &count, NULL), SKC_OK);
    skc_evaluation_free(e);
}

static void test_long_curves_are_thinned_to_512(void **state)
{
    enum { MANY = 5000 };
    float                 *p      = malloc(2 * MANY * sizeof *p);
    int32_t               *labels = malloc(MANY * sizeof *labels), count;
    skc_random             random = skc__random_stream(1, 2, 3);
    const skc_curve_point *points;
    skc_evaluation        *e;

    (void)state;
    for (int32_t i = 0; i < MANY; i++) {
        p[2 * i + 1] = skc__random_uniform(&random);
        p[2 * i]     = 1 - p[2 * i + 1];
        labels[i]    = skc__random_uniform(&random) < p[2 * i + 1];
    }
    e = evaluate(p, labels, MANY, NULL);
    assert_int_equal(skc_evaluation_curve(e, SKC_CURVE_ROC, 1, &points, &count, NULL), SKC_OK);
    assert_int_equal(count, 512);
    assert_point(points[0], INFINITY, 0, 0);
    assert_float_equal(points[511].x, 1, 0);
    assert_float_equal(points[511].y, 1, 0);
    for (int32_t i = 1; i < count; i++) {
        assert_true(points[i].threshold < points[i - 1].threshold);
        assert_true(points[i].x >= points[i - 1].x && points[i].y >= points[i - 1].y);
    }
    skc_evaluation_free(e);
    free(p);
    free(labels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roc_has_one_corner_a_score),
        cmocka_unit_test(test_pr_starts_at_full_precision),
        cmocka_unit_test(test_calibration_skips_empty_bins),
        cmocka_unit_test(test_malignant_curve_is_the_summed_score),
        cmocka_unit_test(test_curves_that_do_not_exist),
        cmocka_unit_test(test_long_curves_are_thinned_to_512),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
