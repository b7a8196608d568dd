/* test_calibrate.c - temperature, threshold and class weights against numpy and by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../golden/evaluate.h"
#include "core/random.h"
#include "skincnn.h"

static void fill_golden(float *p)
{
    for (int32_t i = 0; i < GOLDEN_COUNT * GOLDEN_CLASSES; i++)
        p[i] = (float)(golden_sixtyfourths[i] / 64);
}

/* ---------------------------------------------------------------- temperature */

static void test_temperature_is_that_of_numpy(void **state)
{
    float p[GOLDEN_COUNT * GOLDEN_CLASSES], temperature = 0;

    (void)state;
    fill_golden(p);
    assert_int_equal(
        skc_fit_temperature(p, golden_labels, GOLDEN_COUNT, GOLDEN_CLASSES, &temperature, NULL),
        SKC_OK);
    assert_float_equal(temperature, golden_temperature, 1e-3);
}

/* Labels drawn from softmax(z), rows given as softmax(2.5 z): the temperature is 2.5. */
static void test_temperature_undoes_sharpening(void **state)
{
    enum { MANY = 8000 };
    float     *p = malloc(2 * MANY * sizeof *p), temperature = 0;
    int32_t   *labels = malloc(MANY * sizeof *labels);
    skc_random random = skc__random_stream(4, 0, 0);

    (void)state;
    for (int32_t i = 0; i < MANY; i++) {
        double z     = 1.5 * (double)skc__random_normal(&random);
        p[2 * i + 1] = (float)(1 / (1 + exp(-2.5 * z)));
        p[2 * i]     = 1 - p[2 * i + 1];
        labels[i]    = (double)skc__random_uniform(&random) < 1 / (1 + exp(-z));
    }
    assert_int_equal(skc_fit_temperature(p, labels, MANY, 2, &temperature, NULL), SKC_OK);
    assert_float_equal(temperature, 2.5, 0.15);
    free(p);
    free(labels);
}

static void test_temperature_stays_in_its_range(void **state)
{
    const float   sharp[] = { .75f, .25f, .25f, .75f }, flat[] = { .5f, .5f, .5f, .5f };
    const int32_t right[] = { 0, 1 }, wrong[] = { 1, 0 };
    float         t = -1;

    (void)state;
    assert_int_equal(skc_fit_temperature(sharp, right, 2, 2, &t, NULL), SKC_OK);
    assert_float_equal(t, 0.05, 1e-6);
    assert_int_equal(skc_fit_temperature(sharp, wrong, 2, 2, &t, NULL), SKC_OK);
    assert_float_equal(t, 20, 1e-3);
    assert_int_equal(skc_fit_temperature(flat, right, 2, 2, &t, NULL), SKC_OK);
    assert_float_equal(t, 1, 0);
}

/* ---------------------------------------------------------------- threshold */

static void test_threshold_is_that_of_numpy(void **state)
{
    float scores[GOLDEN_COUNT], threshold = 0;
    bool  positive[GOLDEN_COUNT];

    (void)state;
    for (int32_t i = 0; i < GOLDEN_COUNT; i++) {
        scores[i] = 0;
        for (int32_t c = 0; c < GOLDEN_CLASSES; c++)
            if (golden_malignant[c])
                scores[i] += (float)(golden_sixtyfourths[i * GOLDEN_CLASSES + c] / 64);
        positive[i] = golden_malignant[golden_labels[i]];
    }
    assert_int_equal(skc_fit_threshold(scores, positive, GOLDEN_COUNT, 0.9, &threshold, NULL),
                     SKC_OK);
    assert_float_equal(threshold, golden_threshold_90, 0);
}

static void test_threshold_at_every_sensitivity(void **state)
{
    float scores[20], threshold = 0;
    bool  positive[20];

    (void)state;
    for (int32_t i = 0; i < 20; i++) {
        scores[i]   = (float)(i * 7 % 20) / 20; /* 0, 1/20 ... 19/20 in another order */
        positive[i] = true;
    }
    for (int32_t k = 1; k <= 20; k++) {
        assert_int_equal(skc_fit_threshold(scores, positive, 20, k / 20.0, &threshold, NULL),
                         SKC_OK);
        assert_float_equal(threshold, (float)(20 - k) / 20, 0);
        assert_int_equal(
            skc_fit_threshold(scores, positive, 20, (k - 0.5) / 20.0, &threshold, NULL), SKC_OK);
        assert_float_equal(threshold, (float)(20 - k) / 20, 0);
    }
    assert_int_equal(skc_fit_threshold(scores, positive, 20, 0, &threshold, NULL), SKC_OK);
    assert_float_equal(threshold, 0.95f, 0);
}

static void test_threshold_refuses_bad_input(void **state)
{
    const float scores[]   = { 0.5f, NAN };
    const bool  positive[] = { true, true }, none[] = { false, false };
    float       threshold = -7;
    skc_error   err;

    (void)state;
    assert_int_equal(skc_fit_threshold(scores, positive, 2, 0.9, &threshold, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "score 1"));
    assert_int_equal(skc_fit_threshold(scores, none, 1, 0.9, &threshold, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "positive"));
    assert_int_equal(skc_fit_threshold(scores, positive, 1, 1.5, &threshold, &err), SKC_EINVAL);
    assert_int_equal(skc_fit_threshold(scores, positive, 1, NAN, &threshold, &err), SKC_EINVAL);
    assert_int_equal(skc_fit_threshold(scores, positive, 0, 0.9, &threshold, &err), SKC_EINVAL);
    assert_int_equal(skc_fit_threshold(NULL, positive, 1, 0.9, &threshold, &err), SKC_EINVAL);
    assert_float_equal(threshold, -7, 0);
}

/* ---------------------------------------------------------------- class weights */

static double balanced_accuracy(const float *p, const int32_t *labels, int32_t count,
                                int32_t classes, const float *weights)
{
    skc_evaluation_input input;
    skc_evaluation      *e = NULL;
    double               out;

    skc_evaluation_input_init(&input);
    input.count         = count;
    input.classes       = classes;
    input.probabilities = p;
    input.labels        = labels;
    input.class_weights = weights;
    input.resamples     = 0;
    assert_int_equal(skc_evaluate(&input, NULL, &e, NULL), SKC_OK);
    out = skc_evaluation_metric(e, SKC_BALANCED_ACCURACY).value;
    skc_evaluation_free(e);
    return out;
}

/* Two classes have one degree of freedom: every cut between two scores can be tried. */
/* Pictures of 3 classes, of which the first is `often` times as frequent: the true class scores
 * `own` on average, and the probabilities follow the frequencies to the power `follow`. */
static int32_t skewed(float *p, int32_t *labels, int32_t often, double follow)
{
    int32_t count = 0;

    for (int32_t i = 0; i < 40 * (often + 2); i++, count++) {
        double score[3], sum = 0;

        labels[count] = i % (often + 2) < often ? 0 : i % (often + 2) - often + 1;
        for (int32_t c = 0; c < 3; c++) {
            double noise = (double)((i * 7 + c * 13) % 17) / 17;

            score[c] =
                (0.6 + noise + (c == labels[count] ? 0.8 : 0)) * (c == 0 ? pow(often, follow) : 1);
            sum += score[c];
        }
        for (int32_t c = 0; c < 3; c++)
            p[3 * count + c] = (float)(score[c] / sum);
    }
    return count;
}

static void test_weights_undo_the_frequencies(void **state)
{
    static float   p[3 * 1000];
    static int32_t labels[1000];
    const float    even[3] = { 1, 1, 1 };
    float          weights[3];
    int32_t        count = skewed(p, labels, 20, 1);

    (void)state;
    assert_int_equal(skc_fit_class_weights(p, labels, count, 3, weights, NULL), SKC_OK);
    assert_true(weights[0] < 0.3f);
    assert_float_equal(weights[1], 1, 0);
    assert_float_equal(weights[2], 1, 0);
    assert_true(balanced_accuracy(p, labels, count, 3, weights) >
                balanced_accuracy(p, labels, count, 3, even) + 0.1);
}

static void test_weights_leave_balanced_scores_alone(void **state)
{
    static float   p[3 * 1000];
    static int32_t labels[1000];
    float          weights[3];
    int32_t        count = skewed(p, labels, 20, 0);

    (void)state;
    assert_int_equal(skc_fit_class_weights(p, labels, count, 3, weights, NULL), SKC_OK);
    assert_true(weights[0] > 0.5f);
}

/* One rare picture that only an absurd weight would get right must not bend the others. */
static void test_weights_do_not_follow_one_picture(void **state)
{
    static float   p[3 * 1001];
    static int32_t labels[1001];
    float          before[3], after[3];
    int32_t        count = skewed(p, labels, 20, 1);

    (void)state;
    assert_int_equal(skc_fit_class_weights(p, labels, count, 3, before, NULL), SKC_OK);
    labels[count]    = 2;
    p[3 * count]     = 0.999f;
    p[3 * count + 1] = 0.0009f;
    p[3 * count + 2] = 0.0001f;
    assert_int_equal(skc_fit_class_weights(p, labels, count + 1, 3, after, NULL), SKC_OK);
    for (int32_t c = 0; c < 3; c++)
        assert_true(after[c] > before[c] / 2 && after[c] < before[c] * 2);
}

static void test_weights_of_absent_and_certain_classes(void **state)
{
    const float   p[]      = { 1, 0, 0, 0, 1, 0 };
    const int32_t labels[] = { 0, 1 };
    float         weights[3];

    (void)state;
    assert_int_equal(skc_fit_class_weights(p, labels, 2, 3, weights, NULL), SKC_OK);
    for (int32_t c = 0; c < 3; c++)
        assert_true(isfinite(weights[c]) && weights[c] > 0);
    assert_float_equal(balanced_accuracy(p, labels, 2, 3, weights), 1, 0);
}

static void test_bad_rows_are_refused(void **state)
{
    const float   p[]      = { 0.5f, 0.25f };
    const int32_t labels[] = { 0 };
    float         out[2]   = { -7, -7 };
    skc_error     err;

    (void)state;
    assert_int_equal(skc_fit_temperature(p, labels, 1, 2, out, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "row 0"));
    assert_int_equal(skc_fit_class_weights(p, labels, 1, 2, out, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "row 0"));
    assert_int_equal(skc_fit_temperature(p, labels, 1, 2, NULL, &err), SKC_EINVAL);
    assert_int_equal(skc_fit_class_weights(p, labels, 1, 2, NULL, &err), SKC_EINVAL);
    assert_float_equal(out[0], -7, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_temperature_is_that_of_numpy),
        cmocka_unit_test(test_temperature_undoes_sharpening),
        cmocka_unit_test(test_temperature_stays_in_its_range),
        cmocka_unit_test(test_threshold_is_that_of_numpy),
        cmocka_unit_test(test_threshold_at_every_sensitivity),
        cmocka_unit_test(test_threshold_refuses_bad_input),
        cmocka_unit_test(test_weights_undo_the_frequencies),
        cmocka_unit_test(test_weights_leave_balanced_scores_alone),
        cmocka_unit_test(test_weights_do_not_follow_one_picture),
        cmocka_unit_test(test_weights_of_absent_and_certain_classes),
        cmocka_unit_test(test_bad_rows_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
