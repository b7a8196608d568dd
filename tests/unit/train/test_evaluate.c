/* test_evaluate.c - figures against numpy, refused input, and failing allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../golden/evaluate.h"
#include "skincnn.h"

static float golden_p[GOLDEN_COUNT * GOLDEN_CLASSES];

static skc_evaluation_input golden_input(void)
{
    skc_evaluation_input input;

    for (int32_t i = 0; i < GOLDEN_COUNT * GOLDEN_CLASSES; i++)
        golden_p[i] = (float)(golden_sixtyfourths[i] / 64);
    skc_evaluation_input_init(&input);
    input.count         = GOLDEN_COUNT;
    input.classes       = GOLDEN_CLASSES;
    input.probabilities = golden_p;
    input.labels        = golden_labels;
    input.groups        = golden_groups;
    input.class_weights = golden_weights;
    input.malignant     = golden_malignant;
    input.threshold     = golden_threshold;
    return input;
}

/* The same numbers up to rounding; the ends of the interval up to the noise of the resamples. */
static void assert_golden(skc_interval found, int32_t i)
{
    double noise = 0.02 + 0.1 * (golden_high[i] - golden_low[i]);

    assert_true(fabs(found.value - golden_figures[i]) < 1e-12);
    assert_float_equal(found.low, golden_low[i], noise);
    assert_float_equal(found.high, golden_high[i], noise);
}

static void test_figures_are_those_of_numpy(void **state)
{
    skc_evaluation_input input      = golden_input();
    skc_evaluation      *evaluation = NULL;

    (void)state;
    assert_int_equal(skc_evaluate(&input, NULL, &evaluation, NULL), SKC_OK);
    assert_int_equal(SKC_METRIC_COUNT, 10);
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        assert_golden(skc_evaluation_metric(evaluation, (skc_metric)m), m);
    for (int32_t c = 0; c < GOLDEN_CLASSES; c++) {
        skc_class_metrics found   = skc_evaluation_class(evaluation, c);
        int32_t           support = 0, first = SKC_METRIC_COUNT + 4 * c;

        for (int32_t i = 0; i < GOLDEN_COUNT; i++)
            support += golden_labels[i] == c;
        assert_int_equal(found.support, support);
        assert_golden(found.recall, first);
        assert_golden(found.precision, first + 1);
        assert_golden(found.f1, first + 2);
        assert_golden(found.auc, first + 3);
    }
    assert_memory_equal(skc_evaluation_confusion(evaluation), golden_confusion,
                        sizeof golden_confusion);
    skc_evaluation_free(evaluation);
}

static void test_all_right_and_one_class_only(void **state)
{
    const float          p[]      = { 1, 0, 1, 0, 1, 0 };
    const int32_t        labels[] = { 0, 0, 0 };
    skc_evaluation_input input    = golden_input();
    skc_evaluation      *e        = NULL;
    skc_interval         found;

    (void)state;
    input.count         = 3;
    input.classes       = 2;
    input.probabilities = p;
    input.labels        = labels;
    input.groups        = NULL;
    input.class_weights = NULL;
    input.malignant     = NULL;
    assert_int_equal(skc_evaluate(&input, NULL, &e, NULL), SKC_OK);
    found = skc_evaluation_metric(e, SKC_ACCURACY);
    assert_true(found.value == 1 && found.low == 1 && found.high == 1);
    assert_float_equal(skc_evaluation_metric(e, SKC_BALANCED_ACCURACY).value, 1, 0);
    assert_float_equal(skc_evaluation_metric(e, SKC_LOG_LOSS).value, 0, 0);
    assert_float_equal(skc_evaluation_metric(e, SKC_ECE).value, 0, 0);
    assert_true(isnan(skc_evaluation_metric(e, SKC_MACRO_AUC).value));
    assert_true(isnan(skc_evaluation_metric(e, SKC_MACRO_AUC).high));
    assert_true(isnan(skc_evaluation_metric(e, SKC_SENSITIVITY).value));
    assert_int_equal(skc_evaluation_class(e, 1).support, 0);
    assert_true(isnan(skc_evaluation_class(e, 1).recall.value));
    assert_true(isnan(skc_evaluation_class(e, 2).recall.value)); /* beyond the classes */
    assert_true(isnan(skc_evaluation_metric(e, SKC_METRIC_COUNT).value));
    skc_evaluation_free(e);
}

static void test_no_resamples_no_intervals(void **state)
{
    skc_evaluation_input input = golden_input();
    skc_evaluation      *e     = NULL;
    skc_interval         found;

    (void)state;
    input.resamples = 0;
    assert_int_equal(skc_evaluate(&input, NULL, &e, NULL), SKC_OK);
    found = skc_evaluation_metric(e, SKC_MACRO_AUC);
    assert_float_equal(found.value, golden_figures[SKC_MACRO_AUC], 1e-9);
    assert_true(isnan(found.low) && isnan(found.high));
    skc_evaluation_free(e);
}

static void test_seed_decides_the_intervals(void **state)
{
    skc_evaluation_input input = golden_input();
    double               low[3];

    (void)state;
    for (int32_t i = 0; i < 3; i++) {
        skc_evaluation *e = NULL;

        input.seed = i == 2 ? 2 : 1;
        assert_int_equal(skc_evaluate(&input, NULL, &e, NULL), SKC_OK);
        low[i] = skc_evaluation_metric(e, SKC_LOG_LOSS).low;
        skc_evaluation_free(e);
    }
    assert_true(low[0] == low[1]);
    assert_true(low[0] != low[2]);
}

static void assert_refused(const skc_evaluation_input *input, const char *word)
{
    skc_evaluation *e = NULL;
    skc_error       err;

    assert_int_equal(skc_evaluate(input, NULL, &e, &err), SKC_EINVAL);
    assert_null(e);
    assert_non_null(strstr(err.message, word));
}

static void test_bad_settings_are_refused(void **state)
{
    skc_evaluation_input input                       = golden_input(), bad;
    const float          zero_weight[GOLDEN_CLASSES] = { 1, 0, 1, 1 };
    skc_error            err;

    (void)state;
    assert_refused(NULL, "skc_evaluation_input_init");
    bad             = input;
    bad.struct_size = 8;
    assert_refused(&bad, "skc_evaluation_input_init");
    bad       = input;
    bad.count = 0;
    assert_refused(&bad, "0 pictures");
    bad         = input;
    bad.classes = 1;
    assert_refused(&bad, "1 classes");
    bad           = input;
    bad.resamples = -1;
    assert_refused(&bad, "-1 resamples");
    bad           = input;
    bad.threshold = NAN;
    assert_refused(&bad, "threshold");
    bad               = input;
    bad.class_weights = zero_weight;
    assert_refused(&bad, "class weight 1");
    bad        = input;
    bad.labels = NULL;
    assert_refused(&bad, "labels");
    assert_int_equal(skc_evaluate(&input, NULL, NULL, &err), SKC_EINVAL);
}

static void test_bad_rows_are_named(void **state)
{
    skc_evaluation_input input = golden_input();
    int32_t              labels[GOLDEN_COUNT];

    (void)state;
    golden_p[17 * GOLDEN_CLASSES + 2] += 0.01f;
    assert_refused(&input, "row 17: probabilities sum");
    golden_p[17 * GOLDEN_CLASSES + 2] = NAN;
    assert_refused(&input, "row 17: probability 2");
    golden_p[17 * GOLDEN_CLASSES + 2] = -0.25f;
    assert_refused(&input, "row 17: probability 2");
    input = golden_input();
    memcpy(labels, golden_labels, sizeof labels);
    input.labels = labels;
    labels[119]  = GOLDEN_CLASSES;
    assert_refused(&input, "row 119: label 4");
    labels[119] = -1;
    assert_refused(&input, "row 119: label -1");
}

static void test_metrics_have_names(void **state)
{
    (void)state;
    assert_string_equal(skc_metric_name(SKC_BALANCED_ACCURACY), "balanced_accuracy");
    assert_string_equal(skc_metric_text(SKC_ACCURACY), "share of pictures decided rightly");
    assert_string_equal(skc_metric_name(SKC_METRIC_COUNT), "unknown");
    assert_string_equal(skc_metric_text((skc_metric)-1), "unknown metric");
    skc_evaluation_free(NULL);
}

typedef struct {
    int32_t left, live;
} budget;

static void *limited(void *user, size_t bytes)
{
    budget *b = user;

    if (b->left-- <= 0)
        return NULL;
    b->live++;
    return malloc(bytes);
}

static void *limited_again(void *user, void *block, size_t bytes)
{
    (void)user;
    return realloc(block, bytes);
}

static void counted_free(void *user, void *block)
{
    budget *b = user;

    b->live--;
    free(block);
}

static void test_every_failing_allocation_is_reported(void **state)
{
    skc_evaluation_input input = golden_input();
    skc_status           status;
    int32_t              allowed = 0;

    (void)state;
    input.resamples = 5;
    do {
        budget          b = { allowed, 0 };
        skc_evaluation *e = NULL;
        skc_error       err;
        skc_runtime     runtime;

        skc_runtime_init(&runtime);
        runtime.allocator = (skc_allocator){ limited, limited_again, counted_free, &b };
        status            = skc_evaluate(&input, &runtime, &e, &err);
        assert_true(status == SKC_OK || (status == SKC_ENOMEM && e == NULL));
        skc_evaluation_free(e);
        assert_int_equal(b.live, 0);
        allowed++;
    } while (status != SKC_OK);
    assert_true(allowed > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures_are_those_of_numpy),
        cmocka_unit_test(test_all_right_and_one_class_only),
        cmocka_unit_test(test_no_resamples_no_intervals),
        cmocka_unit_test(test_seed_decides_the_intervals),
        cmocka_unit_test(test_bad_settings_are_refused),
        cmocka_unit_test(test_bad_rows_are_named),
        cmocka_unit_test(test_metrics_have_names),
        cmocka_unit_test(test_every_failing_allocation_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
