/* test_optimiser.c - the update of a step: decay, clipping's norm, moments, averages. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "training.h"

static tiny_data data;

static training training_of(const skc_train_options *options)
{
    training t = training_start(&data, tiny_mixed, 2, options, 2);

    tiny_statistics(t.model);
    return t;
}

static const skc_param_spec *spec_of(const training *t, int32_t p)
{
    return skc__graph_param(&t->model->graph, p, NULL);
}

/* A gradient by formula; 0 with factor 0. */
static float gradient_at(int32_t p, size_t i, float factor)
{
    return factor * sinf((float)p + 0.3f * (float)i);
}

static void fill_gradients(training *t, float factor)
{
    for (int32_t p = 0; p < t->model->graph.param_count; p++)
        for (size_t i = 0; t->trainer->gradient[p] != NULL && i < skc__param_count(spec_of(t, p));
             i++)
            t->trainer->gradient[p][i] = gradient_at(p, i, factor);
}

static void test_norm(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t       = training_of(&options);
    double            sum     = 0;

    (void)state;
    fill_gradients(&t, 3);
    for (size_t i = 0; i < t.trainer->gradient_count; i++)
        sum += (double)t.trainer->gradients[i] * (double)t.trainer->gradients[i];
    assert_true(sum > 1);
    assert_true(fabs(skc__gradient_norm(t.trainer) - sqrt(sum)) < 1e-6 * sqrt(sum));
    training_end(&t);
}

/* With no gradient, only what decays moves, and by rate x decay of itself. */
static void assert_decays(skc_optimiser optimiser)
{
    skc_train_options options = tiny_options(1);
    training          t;
    size_t            count;
    float            *before, *at;
    int32_t           decayed = 0;

    options.optimiser    = optimiser;
    options.momentum     = 0;
    options.weight_decay = 0.1f;
    t                    = training_of(&options);
    before = at = copy_params(t.model, &count);
    skc__update(t.trainer, 0.5, 1);
    for (int32_t p = 0; p < t.model->graph.param_count; p++) {
        const skc_param_spec *spec   = spec_of(&t, p);
        bool                  weight = strcmp(spec->name, "weight") == 0;

        assert_int_equal(spec->decay, weight);
        decayed += weight;
        for (size_t i = 0; i < skc__param_count(spec); i++, at++)
            if (weight)
                assert_true(fabsf(t.model->param[p][i] - 0.95f * *at) <= 1e-6f * fabsf(*at));
            else if (spec->role == SKC_TRAINED)
                assert_true(t.model->param[p][i] == *at);
    }
    assert_int_equal(decayed, 5);
    free(before);
    training_end(&t);
}

static void test_decay(void **state)
{
    (void)state;
    assert_decays(SKC_SGD);
    assert_decays(SKC_ADAMW);
}

/* Two steps of Nesterov's momentum as PyTorch writes it, in double. */
static void test_sgd(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t;
    size_t            count;
    float            *before, *at;

    (void)state;
    options.weight_decay = 0.01f;
    t                    = training_of(&options);
    before = at = copy_params(t.model, &count);
    fill_gradients(&t, 2);
    for (int step = 0; step < 2; step++)
        skc__update(t.trainer, 0.1, 0.25);
    for (int32_t p = 0; p < t.model->graph.param_count; p++) {
        const skc_param_spec *spec = spec_of(&t, p);

        for (size_t i = 0; i < skc__param_count(spec); i++, at++) {
            double value = (double)*at, moment = 0;

            for (int step = 0; step < 2 && spec->role == SKC_TRAINED; step++) {
                double g = 0.25 * (double)gradient_at(p, i, 2) + (spec->decay ? 0.01 : 0) * value;

                moment = 0.9 * moment + g;
                value -= 0.1 * (g + 0.9 * moment);
            }
            if (spec->role == SKC_TRAINED)
                assert_true(fabs((double)t.model->param[p][i] - value) < 2e-6);
        }
    }
    free(before);
    training_end(&t);
}

/* The first step of AdamW goes the whole rate against the sign of the gradient. */
static void test_adamw(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t;
    size_t            count;
    float            *before, *at;

    (void)state;
    options.optimiser    = SKC_ADAMW;
    options.weight_decay = 0;
    t                    = training_of(&options);
    before = at = copy_params(t.model, &count);
    fill_gradients(&t, 2);
    skc__update(t.trainer, 0.01, 1);
    for (int32_t p = 0; p < t.model->graph.param_count; p++)
        for (size_t i = 0; i < skc__param_count(spec_of(&t, p)); i++, at++) {
            float g = gradient_at(p, i, 2);

            if (spec_of(&t, p)->role == SKC_TRAINED && fabsf(g) > 1e-3f)
                assert_true(fabsf(t.model->param[p][i] - *at + (g > 0 ? 0.01f : -0.01f)) < 1e-5f);
        }
    free(before);
    training_end(&t);
}

/* A young average follows with (1 + steps) / (10 + steps). */
static void test_average(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t;
    float             start, after;

    (void)state;
    options.ema = 0.5f;
    t           = training_of(&options);
    start       = t.trainer->average[0][0];
    fill_gradients(&t, 2);
    skc__update(t.trainer, 0.1, 1);
    after = t.model->param[0][0];
    assert_true(start != after);
    assert_true(fabsf(t.trainer->average[0][0] - (0.1f * start + 0.9f * after)) < 1e-6f);
    t.trainer->progress.total = 1000; /* now by options.ema */
    start                     = t.trainer->average[0][0];
    skc__update(t.trainer, 0.1, 1);
    after = t.model->param[0][0];
    assert_true(fabsf(t.trainer->average[0][0] - (0.5f * start + 0.5f * after)) < 1e-6f);
    assert_ptr_equal(skc__trainer_best(t.trainer), t.trainer->average);
    training_end(&t);
}

static void test_statistics_are_taken_over(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t       = training_of(&options);

    (void)state;
    for (int32_t p = 0; p < t.model->graph.param_count; p++) {
        assert_int_equal(t.trainer->statistic[p] != NULL, spec_of(&t, p)->role == SKC_STATISTIC);
        if (t.trainer->statistic[p] != NULL)
            t.trainer->statistic[p][0] = 42;
    }
    skc__update(t.trainer, 0.1, 1);
    for (int32_t p = 0; p < t.model->graph.param_count; p++)
        assert_int_equal(t.model->param[p][0] == 42, t.trainer->statistic[p] != NULL);
    training_end(&t);
}

static int set_up(void **state)
{
    (void)state;
    tiny_data_open(&data, 8, scratch_path("cache"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tiny_data_close(&data);
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm),    cmocka_unit_test(test_decay),
        cmocka_unit_test(test_sgd),     cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_average), cmocka_unit_test(test_statistics_are_taken_over),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
