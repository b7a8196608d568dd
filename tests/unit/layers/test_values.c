/* test_values.c - forward of the layers against numbers worked out by hand, and of convolutions
 * against the definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gradient.h"

/* A layer with this first input (NULL: as drawn); the rest is for the test to fill in. */
static probe *make(const char *layer, const char *text, bool training, const float *x)
{
    probe *p = probe_create(skc__layer_find(layer), text, NULL, 1, training);

    if (x != NULL)
        memcpy(p->in[0], x, p->in_count[0] * sizeof *x);
    return p;
}

static void assert_output(const probe *p, const float *expected, size_t count)
{
    assert_int_equal(p->out_count, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(p->io.out[i] - expected[i]) <= 1e-5f * fmaxf(1, fabsf(expected[i]))))
            fail_msg("element %zu: %g, expected %g", i, (double)p->io.out[i], (double)expected[i]);
}

#define ASSERT_OUTPUT(layer, ...)                                                                  \
    do {                                                                                           \
        const float expected_[] = { __VA_ARGS__ };                                                 \
        probe      *probe_      = (layer);                                                         \
        probe_forward(probe_);                                                                     \
        assert_output(probe_, expected_, sizeof expected_ / sizeof expected_[0]);                  \
        probe_free(probe_);                                                                        \
    } while (0)

static const float TO_16[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 };

/* ---------------------------------------------------------------- convolution */

/* Stride 2 on an even side: nothing is padded above and left, one pixel below and right. */
static void test_conv2d_same_is_as_in_tensorflow(void **state)
{
    probe *p = make("conv2d",
                    "{\"inputs\": [[1, 4, 4, 1]], \"filters\": 1, \"kernel\": 3, \"stride\": 2,"
                    " \"padding\": \"same\"}",
                    false, TO_16);

    (void)state;
    for (int i = 0; i < 9; i++)
        p->param[0][i] = 1;
    p->param[1][0] = 0.5f;
    ASSERT_OUTPUT(p, 54.5f, 45.5f, 72.5f, 54.5f);
}

typedef struct convolution {
    int32_t n, h, w, c, filters, kernel[2], stride[2], dilation[2], groups;
    int32_t padding[4]; /* top, bottom, left, right */
} convolution;

/* The definition, in double. */
static double convolve(const convolution *v, const probe *p, const int32_t at[4])
{
    int32_t c = v->c / v->groups, group = at[3] / (v->filters / v->groups);
    double  sum = p->param[1][at[3]];

    for (int32_t i = 0; i < v->kernel[0]; i++)
        for (int32_t j = 0; j < v->kernel[1]; j++) {
            int32_t row    = at[1] * v->stride[0] + i * v->dilation[0] - v->padding[0];
            int32_t column = at[2] * v->stride[1] + j * v->dilation[1] - v->padding[2];
            if (row < 0 || row >= v->h || column < 0 || column >= v->w)
                continue;
            for (int32_t k = 0; k < c; k++)
                sum += (double)
                           p->in[0][((at[0] * v->h + row) * v->w + column) * v->c + group * c + k] *
                       (double)p->param[0][((at[3] * v->kernel[0] + i) * v->kernel[1] + j) * c + k];
        }
    return sum;
}

static convolution draw_convolution(skc_random *random)
{
    convolution v = { .groups = 1 + (int32_t)skc__random_below(random, 3) };

    v.n       = 1 + (int32_t)skc__random_below(random, 3);
    v.h       = 9 + (int32_t)skc__random_below(random, 5);
    v.w       = 9 + (int32_t)skc__random_below(random, 40);
    v.c       = v.groups * (1 + (int32_t)skc__random_below(random, 5));
    v.filters = v.groups * (1 + (int32_t)skc__random_below(random, 4));
    for (int i = 0; i < 2; i++) {
        v.kernel[i]   = 1 + (int32_t)skc__random_below(random, 4);
        v.stride[i]   = 1 + (int32_t)skc__random_below(random, 3);
        v.dilation[i] = 1 + (int32_t)skc__random_below(random, 2);
    }
    for (int i = 0; i < 4; i++)
        v.padding[i] = (int32_t)skc__random_below(random, 6);
    return v;
}

static void write_text(const convolution *v, const char *filters, char text[400])
{
    snprintf(text, 400,
             "{\"inputs\": [[%d, %d, %d, %d]], %s \"kernel\": [%d, %d], \"stride\": [%d, %d],"
             " \"dilation\": [%d, %d], \"padding\": [%d, %d, %d, %d]}",
             v->n, v->h, v->w, v->c, filters, v->kernel[0], v->kernel[1], v->stride[0],
             v->stride[1], v->dilation[0], v->dilation[1], v->padding[0], v->padding[1],
             v->padding[2], v->padding[3]);
}

static void check_convolution(const convolution *v, const probe *p)
{
    skc_shape    s = p->plan.out;
    const float *y = p->io.out;
    int32_t      at[4];

    for (at[0] = 0; at[0] < s.n; at[0]++)
        for (at[1] = 0; at[1] < s.h; at[1]++)
            for (at[2] = 0; at[2] < s.w; at[2]++)
                for (at[3] = 0; at[3] < s.c; at[3]++, y++)
                    assert_true(fabs(*y - convolve(v, p, at)) <= 1e-4);
}

static void test_conv2d_is_its_definition(void **state)
{
    skc_random random = skc__random_stream(1, 2, 3);

    (void)state;
    for (int round = 0; round < 60; round++) {
        convolution v = draw_convolution(&random);
        char        filters[60], text[400];
        probe      *p;

        snprintf(filters, sizeof filters, "\"filters\": %d, \"groups\": %d,", v.filters, v.groups);
        write_text(&v, filters, text);
        p = probe_create(skc__layer_find("conv2d"), text, NULL, 1 + round % 3, false);
        probe_forward(p);
        check_convolution(&v, p);
        probe_free(p);
    }
}

/* It is a convolution with as many groups as channels; its weights are (kernel_h, kernel_w, c). */
static void test_depthwise_conv2d_is_its_definition(void **state)
{
    skc_random random = skc__random_stream(4, 5, 6);

    (void)state;
    for (int round = 0; round < 60; round++) {
        convolution v = draw_convolution(&random);
        char        text[400];
        float       weights[16 * 15];
        probe      *p;

        v.filters = v.groups = v.c;
        write_text(&v, "", text);
        p = probe_create(skc__layer_find("depthwise_conv2d"), text, NULL, 1 + round % 3, false);
        probe_forward(p);
        memcpy(weights, p->param[0], p->param_count[0] * sizeof(float));
        for (size_t i = 0, c = (size_t)v.c, taps = p->param_count[0] / c; i < taps * c; i++)
            p->param[0][i % c * taps + i / c] = weights[i];
        check_convolution(&v, p);
        probe_free(p);
    }
}

static void test_a_convolution_counts_its_multiplications(void **state)
{
    const skc_plan_context context = { .threads = 1, .training = false };
    skc_layer_plan         plan;

    (void)state;
    assert_int_equal(probe_infer(skc__layer_find("conv2d"),
                                 "{\"inputs\": [[2, 5, 7, 6]], \"filters\": 4, \"kernel\": 3,"
                                 " \"groups\": 2, \"padding\": \"same\"}",
                                 &context, &plan, NULL),
                     SKC_OK);
    assert_int_equal(plan.macs, 2 * 5 * 7 * 4 * 3 * 3 * 3);
    assert_int_equal(plan.param[0].fan_in, 27);
    assert_true(plan.param[0].decay);
    assert_false(plan.param[1].decay);
    assert_int_equal(plan.param[1].fan_in, 0);
}

static void test_dense_reads_rows_then_columns_then_channels(void **state)
{
    static const float weights[] = { 1, 10, 100, 1000, 0, 0, 1, 0 };
    probe *p = make("dense", "{\"inputs\": [[1, 1, 2, 2]], \"units\": 2}", false, TO_16);

    (void)state;
    memcpy(p->param[0], weights, sizeof weights);
    p->param[1][0] = 0.5f;
    p->param[1][1] = 0;
    ASSERT_OUTPUT(p, 4321.5f, 3);
}

/* ---------------------------------------------------------------- pooling */

static void test_pools_in_ceil_mode_and_without(void **state)
{
    (void)state;
    ASSERT_OUTPUT(
        make("max_pool", "{\"inputs\": [[1, 1, 5, 1]], \"kernel\": [1, 2]}", false, TO_16), 2, 4);
    ASSERT_OUTPUT(make("max_pool",
                       "{\"inputs\": [[1, 1, 5, 1]], \"kernel\": [1, 2],"
                       " \"ceil_mode\": true}",
                       true, TO_16),
                  2, 4, 5);
    ASSERT_OUTPUT(make("avg_pool",
                       "{\"inputs\": [[1, 1, 5, 1]], \"kernel\": [1, 2],"
                       " \"ceil_mode\": true}",
                       false, TO_16),
                  1.5f, 3.5f, 5);
    ASSERT_OUTPUT(make("avg_pool",
                       "{\"inputs\": [[1, 1, 5, 1]], \"kernel\": [1, 2],"
                       " \"ceil_mode\": true, \"count_include_pad\": true}",
                       false, TO_16),
                  1.5f, 3.5f, 5);
}

static void test_avg_pool_leaves_padding_out_unless_asked(void **state)
{
    (void)state;
    ASSERT_OUTPUT(make("avg_pool",
                       "{\"inputs\": [[1, 3, 3, 1]], \"kernel\": 2, \"stride\": 1,"
                       " \"padding\": \"same\"}",
                       false, TO_16),
                  3, 4, 4.5f, 6, 7, 7.5f, 7.5f, 8.5f, 9);
    ASSERT_OUTPUT(make("avg_pool",
                       "{\"inputs\": [[1, 3, 3, 1]], \"kernel\": 2, \"stride\": 1,"
                       " \"padding\": \"same\", \"count_include_pad\": true}",
                       false, TO_16),
                  3, 4, 2.25f, 6, 7, 3.75f, 3.75f, 4.25f, 2.25f);
}

static void test_max_pool_never_takes_padding_and_shows_nan(void **state)
{
    static const float x[] = { -5, -3, NAN, -7 };
    probe             *p   = make("max_pool",
                                  "{\"inputs\": [[1, 1, 4, 1]], \"kernel\": [1, 2],"
                                                " \"stride\": 1, \"padding\": [0, 0, 1, 1]}",
                                  true, x);

    (void)state;
    probe_forward(p);
    assert_true(p->io.out[0] == -5 && p->io.out[1] == -3 && p->io.out[4] == -7);
    assert_true(isnan(p->io.out[2]) && isnan(p->io.out[3]));
    free(p->io.saved);
    p->io.saved = NULL; /* the way of inference */
    probe_forward(p);
    assert_true(p->io.out[0] == -5 && p->io.out[1] == -3 && p->io.out[4] == -7);
    assert_true(isnan(p->io.out[2]) && isnan(p->io.out[3]));
    probe_free(p);
}

static void test_global_avg_pool_keeps_channels_apart(void **state)
{
    (void)state;
    ASSERT_OUTPUT(make("global_avg_pool", "{\"inputs\": [[2, 2, 1, 3]]}", false, TO_16), 2.5f, 3.5f,
                  4.5f, 8.5f, 9.5f, 10.5f);
}

/* ---------------------------------------------------------------- others */

/* 1, 2, 3, 6: mean 3, variance 3.5 (biased), 14 / 3 (unbiased). */
static void test_batchnorm_by_the_batch_and_by_running_statistics(void **state)
{
    static const float x[]  = { 1, 2, 3, 6 };
    const char        *text = "{\"inputs\": [[4, 1, 1, 1]], \"epsilon\": 0.5}";
    probe             *p    = make("batchnorm", text, true, x);

    (void)state;
    p->param[0][0] = 2;
    p->param[1][0] = 1;
    p->param[2][0] = 10;
    p->param[3][0] = 1;
    probe_forward(p);
    assert_float_equal(p->stat[2][0], 9.3f, 1e-5f);
    assert_float_equal(p->stat[3][0], 0.9f + 0.1f * 14 / 3, 1e-5f);
    ASSERT_OUTPUT(p, -1, 0, 1, 4);
    p              = make("batchnorm", text, false, x);
    p->param[0][0] = 2;
    p->param[1][0] = 1;
    p->param[2][0] = 2;
    p->param[3][0] = 3.5f;
    ASSERT_OUTPUT(p, 0, 1, 2, 5);
}

/* All alike, and far from 0: the variance is 0, not below. */
static void test_batchnorm_of_a_constant_channel_is_the_shift(void **state)
{
    static const float x[] = { 1e6f, 1e6f, 1e6f };
    probe             *p   = make("batchnorm", "{\"inputs\": [[3, 1, 1, 1]]}", true, x);

    (void)state;
    probe_forward(p);
    probe_backward(p);
    for (int i = 0; i < 3; i++)
        assert_true(isfinite(p->d_in[0][i]) && fabsf(p->io.out[i] - p->param[1][0]) < 20);
    assert_true(p->stat[3][0] >= 0 && p->stat[3][0] < p->param[3][0]);
    probe_free(p);
}

static void test_activations(void **state)
{
    static const float x[]  = { -2, 0, 3, 7 };
    const char        *text = "{\"inputs\": [[1, 1, 1, 4]]}";

    (void)state;
    ASSERT_OUTPUT(make("relu", text, false, x), 0, 0, 3, 7);
    ASSERT_OUTPUT(make("relu6", text, false, x), 0, 0, 3, 6);
    ASSERT_OUTPUT(make("sigmoid", text, false, x), 0.11920292f, 0.5f, 0.95257413f, 0.99908895f);
    ASSERT_OUTPUT(make("softmax", text, false, x), 1.21067e-4f, 8.94571e-4f, 0.0179679f, 0.981016f);
}

static void test_softmax_and_sigmoid_of_extreme_numbers_stay_finite(void **state)
{
    static const float x[]  = { 1000, -1000, 999, 88 };
    const char        *text = "{\"inputs\": [[1, 1, 1, 4]]}";

    (void)state;
    ASSERT_OUTPUT(make("softmax", text, false, x), 0.7310586f, 0, 0.26894142f, 0);
    ASSERT_OUTPUT(make("sigmoid", text, false, x), 1, 0, 1, 1);
}

static void test_concat_add_and_flatten(void **state)
{
    probe *p = make("concat", "{\"inputs\": [[1, 1, 2, 2], [1, 1, 2, 1]]}", false, TO_16);

    (void)state;
    p->in[1][0] = 5;
    p->in[1][1] = 6;
    ASSERT_OUTPUT(p, 1, 2, 5, 3, 4, 6);
    p = make("add", "{\"inputs\": [[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 1, 2]]}", false, TO_16);
    p->in[1][0] = 10;
    p->in[1][1] = 20;
    p->in[2][0] = 100;
    p->in[2][1] = 200;
    ASSERT_OUTPUT(p, 111, 222);
    p = make("flatten", "{\"inputs\": [[2, 1, 2, 2]]}", false, TO_16);
    assert_true(skc__shape_equal(p->plan.out, (skc_shape){ 2, 1, 1, 4 }));
    ASSERT_OUTPUT(p, 1, 2, 3, 4, 5, 6, 7, 8);
}

static size_t count_zeros(const probe *p)
{
    size_t zeros = 0;

    for (size_t i = 0; i < p->out_count; i++)
        if (p->io.out[i] == 0)
            zeros++;
        else
            assert_true(p->io.out[i] == p->in[0][i] * (1 / (1 - 0.25f)));
    return zeros;
}

/* 100,000 numbers: the share of zeros has a standard deviation of 0.0014. */
static void test_dropout_drops_its_rate_and_keeps_the_mean(void **state)
{
    const char *text = "{\"inputs\": [[10, 20, 25, 20]], \"rate\": 0.25}";
    probe      *p    = make("dropout", text, true, NULL);
    probe      *q    = make("dropout", text, true, NULL);

    (void)state;
    probe_forward(p);
    assert_in_range(count_zeros(p), 24400, 25600);
    q->io.seed++;
    probe_forward(q);
    assert_memory_not_equal(p->io.out, q->io.out, p->out_count * sizeof(float));
    p->io.training = false;
    probe_forward(p);
    assert_memory_equal(p->io.out, p->in[0], p->out_count * sizeof(float));
    probe_free(p);
    probe_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv2d_same_is_as_in_tensorflow),
        cmocka_unit_test(test_conv2d_is_its_definition),
        cmocka_unit_test(test_depthwise_conv2d_is_its_definition),
        cmocka_unit_test(test_a_convolution_counts_its_multiplications),
        cmocka_unit_test(test_dense_reads_rows_then_columns_then_channels),
        cmocka_unit_test(test_pools_in_ceil_mode_and_without),
        cmocka_unit_test(test_avg_pool_leaves_padding_out_unless_asked),
        cmocka_unit_test(test_max_pool_never_takes_padding_and_shows_nan),
        cmocka_unit_test(test_global_avg_pool_keeps_channels_apart),
        cmocka_unit_test(test_batchnorm_by_the_batch_and_by_running_statistics),
        cmocka_unit_test(test_batchnorm_of_a_constant_channel_is_the_shift),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_softmax_and_sigmoid_of_extreme_numbers_stay_finite),
        cmocka_unit_test(test_concat_add_and_flatten),
        cmocka_unit_test(test_dropout_drops_its_rate_and_keeps_the_mean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
