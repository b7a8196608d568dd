/* test_metrics.c - counting decided pictures: areas with ties, absent classes, bins, groups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "train/metrics.h"

enum { MAX_COUNT = 64, MAX_CLASSES = 4 };

typedef struct {
    skc_sample sample;
    skc_case   cases[MAX_COUNT];
    skc_ranked ranked[(MAX_CLASSES + 1) * MAX_COUNT];
    int32_t    group[MAX_COUNT], weights[MAX_COUNT];
    int64_t    confusion[MAX_CLASSES * MAX_CLASSES];
    skc_tally  tally;
    double     figures[SKC_METRIC_COUNT + SKC_CLASS_FIGURES * MAX_CLASSES];
} fixture;

static void setup(fixture *f, const skc_evaluation_input *input)
{
    *f = (fixture){ .sample = { .count         = input->count,
                                .classes       = input->classes,
                                .has_malignant = input->malignant != NULL } };

    f->sample.cases    = f->cases;
    f->sample.ranked   = f->ranked;
    f->sample.group    = f->group;
    f->tally.confusion = f->confusion;
    skc__sample_fill(&f->sample, input);
    for (int32_t i = 0; i < input->count; i++)
        f->weights[i] = 1;
}

static skc_evaluation_input input_of(const float *p, const int32_t *labels, int32_t count,
                                     int32_t classes)
{
    skc_evaluation_input input;

    skc_evaluation_input_init(&input);
    input.probabilities = p;
    input.labels        = labels;
    input.count         = count;
    input.classes       = classes;
    return input;
}

static double figure(const fixture *f, int32_t c, int32_t which)
{
    return f->figures[SKC_METRIC_COUNT + c * SKC_CLASS_FIGURES + which];
}

static void test_tied_scores_count_half(void **state)
{
    /* positives 0.75, 0.5, 0.25; negatives 0.5, 0.5, 0: 3 + (2 halves + 1) + 1 = 6 of 9 */
    const float   p[]      = { .25f, .75f, .5f, .5f, .75f, .25f, .5f, .5f, .5f, .5f, 1, 0 };
    const int32_t labels[] = { 1, 1, 1, 0, 0, 0 };
    fixture       f;

    (void)state;
    setup(&f, &(skc_evaluation_input){ sizeof(skc_evaluation_input), 6, 2, p, labels, NULL, NULL,
                                       NULL, 0.5f, 0, 1 });
    assert_float_equal(skc__auc(f.ranked + 6, 6, f.weights), 6.0 / 9, 1e-12);
    /* the other class is the mirror image */
    assert_float_equal(skc__auc(f.ranked, 6, f.weights), 6.0 / 9, 1e-12);
}

static void test_equal_scores_give_one_half(void **state)
{
    const float          p[]      = { .5f, .5f, .5f, .5f, .5f, .5f };
    const int32_t        labels[] = { 1, 0, 1 };
    skc_evaluation_input input    = input_of(p, labels, 3, 2);
    fixture              f;

    (void)state;
    setup(&f, &input);
    assert_float_equal(skc__auc(f.ranked, 3, f.weights), 0.5, 0);
}

static void test_weights_are_repetitions(void **state)
{
    const float   p[]      = { .25f, .75f, .5f, .5f, .75f, .25f, .5f, .5f };
    const float   twice[]  = { .25f, .75f, .25f, .75f, .25f, .75f, .75f, .25f, .5f, .5f, .5f, .5f };
    const int32_t labels[] = { 1, 1, 0, 0 }, repeated[] = { 1, 1, 1, 0, 0, 0 };
    const int32_t weights[] = { 3, 0, 1, 2 };
    skc_evaluation_input a = input_of(p, labels, 4, 2), b = input_of(twice, repeated, 6, 2);
    fixture              f, g;

    (void)state;
    setup(&f, &a);
    setup(&g, &b);
    skc__figures(&f.sample, weights, &f.tally, f.figures);
    skc__figures(&g.sample, g.weights, &g.tally, g.figures);
    for (int32_t i = 0; i < skc__figure_count(2); i++)
        if (isnan(g.figures[i]))
            assert_true(isnan(f.figures[i]));
        else
            assert_float_equal(f.figures[i], g.figures[i], 1e-12);
}

static void test_absent_class_is_left_out(void **state)
{
    const float          p[] = { .75f, .25f, 0, .25f, .5f, .25f, .25f, .25f, .5f, .75f, 0, .25f };
    const int32_t        labels[] = { 0, 1, 0, 1 }; /* decided: 0, 1, 2, 0 */
    skc_evaluation_input input    = input_of(p, labels, 4, 3);
    fixture              f;

    (void)state;
    setup(&f, &input);
    skc__figures(&f.sample, f.weights, &f.tally, f.figures);
    for (int32_t k = 0; k < SKC_CLASS_FIGURES; k++)
        assert_true(isnan(figure(&f, 2, k)));
    assert_float_equal(f.figures[SKC_BALANCED_ACCURACY], 0.5, 1e-12);
    assert_float_equal(f.figures[SKC_MACRO_PRECISION], 0.75, 1e-12); /* 1/2 and 1/1 */
    assert_float_equal(f.figures[SKC_ACCURACY], 0.5, 1e-12);
    assert_true(isnan(f.figures[SKC_SENSITIVITY]));
    assert_true(isnan(f.figures[SKC_MALIGNANT_AUC]));
}

static void test_never_decided_class_has_precision_zero(void **state)
{
    const float          p[]      = { .75f, .25f, .75f, .25f };
    const int32_t        labels[] = { 0, 1 };
    skc_evaluation_input input    = input_of(p, labels, 2, 2);
    fixture              f;

    (void)state;
    setup(&f, &input);
    skc__figures(&f.sample, f.weights, &f.tally, f.figures);
    assert_float_equal(figure(&f, 1, SKC_FIGURE_PRECISION), 0, 0);
    assert_float_equal(figure(&f, 1, SKC_FIGURE_F1), 0, 0);
    assert_float_equal(figure(&f, 0, SKC_FIGURE_PRECISION), 0.5, 0);
}

static void test_bins_are_closed_above(void **state)
{
    /* 0.6 x 15 = 9: bin 8 ends there, inclusive; 1 is in the last */
    const float          p[]      = { .6f, .4f, 0, 1, .5f, .5f };
    const int32_t        labels[] = { 0, 1, 1 };
    skc_evaluation_input input    = input_of(p, labels, 3, 2);
    fixture              f;

    (void)state;
    setup(&f, &input);
    assert_int_equal(f.cases[0].bin, (double)0.6f * 15 > 9 ? 9 : 8);
    assert_int_equal(f.cases[1].bin, SKC_ECE_BINS - 1);
    assert_int_equal(f.cases[2].bin, 7);
    assert_false(f.cases[2].right); /* the first of equals is decided */
}

static void test_zero_probability_is_a_finite_loss(void **state)
{
    const float          p[]      = { 1, 0 };
    const int32_t        labels[] = { 1 };
    skc_evaluation_input input    = input_of(p, labels, 1, 2);
    fixture              f;

    (void)state;
    setup(&f, &input);
    assert_float_equal(f.cases[0].loss, -log(SKC_SMALLEST_PROBABILITY), 1e-12);
}

static void test_groups_are_numbered_densely(void **state)
{
    const float          p[]      = { 1, 0, 1, 0, 1, 0, 1, 0 };
    const int32_t        labels[] = { 0, 0, 0, 0 }, groups[] = { 9, INT32_MIN, 9, INT32_MAX };
    skc_evaluation_input input = input_of(p, labels, 4, 2);
    fixture              f;

    (void)state;
    input.groups = groups;
    setup(&f, &input);
    assert_int_equal(f.sample.groups, 3);
    assert_int_equal(f.group[0], 1);
    assert_int_equal(f.group[1], 0);
    assert_int_equal(f.group[2], 1);
    assert_int_equal(f.group[3], 2);
}

static void test_threshold_is_inclusive(void **state)
{
    const float          p[]         = { .5f, .25f, .25f, .75f, .125f, .125f };
    const int32_t        labels[]    = { 1, 2 };
    const bool           malignant[] = { false, true, true };
    skc_evaluation_input input       = input_of(p, labels, 2, 3);
    fixture              f;

    (void)state;
    input.malignant = malignant;
    setup(&f, &input);
    skc__figures(&f.sample, f.weights, &f.tally, f.figures);
    assert_float_equal(f.figures[SKC_SENSITIVITY], 0.5, 0);
    assert_true(isnan(f.figures[SKC_SPECIFICITY]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tied_scores_count_half),
        cmocka_unit_test(test_equal_scores_give_one_half),
        cmocka_unit_test(test_weights_are_repetitions),
        cmocka_unit_test(test_absent_class_is_left_out),
        cmocka_unit_test(test_never_decided_class_has_precision_zero),
        cmocka_unit_test(test_bins_are_closed_above),
        cmocka_unit_test(test_zero_probability_is_a_finite_loss),
        cmocka_unit_test(test_groups_are_numbered_densely),
        cmocka_unit_test(test_threshold_is_inclusive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
