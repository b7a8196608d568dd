/* test_layers.c - what every layer of the registry promises: threads, buffers in place, fusion,
 * refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient.h"

#define FOR_EACH_LAYER(ops)                                                                        \
    for (const skc_layer_ops *const *ops = skc__layer_registry; *ops != NULL; ops++)
#define FOR_EACH_PROBE(text, ops)                                                                  \
    for (const char *const *text = (ops)->probes; *text != NULL; text++)

/* ---------------------------------------------------------------- registry */

static void test_the_registry_is_complete_and_found_by_name(void **state)
{
    static const char *const names[] = {
        "conv2d", "depthwise_conv2d", "dense",    "batchnorm", "relu",
        "relu6",  "sigmoid",          "max_pool", "avg_pool",  "global_avg_pool",
        "add",    "concat",           "flatten",  "dropout",   "softmax"
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_non_null(skc__layer_find(names[i]));
    FOR_EACH_LAYER(ops)
    assert_ptr_equal(skc__layer_find((*ops)->name), *ops);
    assert_null(skc__layer_find("conv3d"));
    assert_null(skc__layer_find(""));
}

static void test_every_default_is_in_its_range(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    for (const skc_field *f = (*ops)->fields; f != NULL && f->name != NULL; f++) {
        assert_non_null(f->help);
        assert_true(f->min <= f->max && f->offset < (*ops)->config_size);
        assert_true(f->required || (f->fallback >= f->min && f->fallback <= f->max));
    }
}

static void test_every_layer_has_a_probe_that_is_not_square(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    {
        bool found = false;
        FOR_EACH_PROBE(text, *ops)
        {
            probe *p = probe_create(*ops, *text, "scalar", 1, true);
            found    = found || p->shape[0].h != p->shape[0].w;
            probe_free(p);
        }
        assert_true(found);
    }
}

/* The graph plans for its largest batch and one number of threads, and runs with less. */
static void test_fewer_pictures_and_threads_need_no_more_room(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *p = probe_create_large(*ops, *text, "scalar", 7, true, 3);
        for (int32_t n = p->shape[0].n; n >= 1; n--) {
            skc_plan_context context = { .threads = 1 + n % 7, .training = n % 2 == 0 };
            skc_layer_plan   plan;
            for (int32_t k = 0; k < p->io.n_in; k++)
                p->shape[k].n = n;
            assert_int_equal((*ops)->infer(p->config, p->shape, p->io.n_in, &context, &plan, NULL),
                             SKC_OK);
            assert_true(plan.scratch_bytes <= p->plan.scratch_bytes);
            assert_true(plan.saved_bytes <= p->plan.saved_bytes);
            assert_int_equal(plan.out.n, n);
            assert_int_equal(plan.param_count, p->plan.param_count);
        }
        probe_free(p);
    }
}

/* ---------------------------------------------------------------- threads */

static probe *run_large(const skc_layer_ops *ops, const char *text, int32_t threads, bool training)
{
    probe *p = probe_create_large(ops, text, NULL, threads, training, 8);

    probe_forward(p);
    probe_backward(p);
    return p;
}

static void assert_close(const float *a, const float *b, size_t count, float tolerance)
{
    float largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(a[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= tolerance * largest))
            fail_msg("element %zu: %g and %g", i, (double)a[i], (double)b[i]);
}

typedef void (*comparison)(const float *a, const float *b, size_t count);

static void close_enough(const float *a, const float *b, size_t count)
{
    assert_close(a, b, count, 1e-5f);
}

static void same_bits(const float *a, const float *b, size_t count)
{
    assert_memory_equal(a, b, count * sizeof(float));
}

static void compare_results(const probe *p, const probe *q, comparison compare)
{
    compare(p->io.out, q->io.out, p->out_count);
    for (int32_t k = 0; k < p->io.n_in; k++)
        compare(p->d_in[k], q->d_in[k], p->in_count[k]);
    for (int32_t i = 0; i < p->plan.param_count; i++) {
        if (p->d_param[i] != NULL)
            compare(p->d_param[i], q->d_param[i], p->param_count[i]);
        if (p->io.stat[i] != NULL)
            compare(p->stat[i], q->stat[i], p->param_count[i]);
    }
}

static void test_threads_agree_and_repeat_bit_for_bit(void **state)
{
    static const int32_t threads[] = { 2, 3, 35 };

    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *one = run_large(*ops, *text, 1, true);
        for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
            probe *p = run_large(*ops, *text, threads[i], true);
            probe *q = run_large(*ops, *text, threads[i], true);
            compare_results(one, p, close_enough);
            compare_results(p, q, same_bits);
            probe_free(p);
            probe_free(q);
        }
        probe_free(one);
    }
}

/* ---------------------------------------------------------------- in place */

static void check_in_place(const skc_layer_ops *ops, const char *text, bool training)
{
    probe *p       = probe_create(ops, text, NULL, 1, training);
    probe *q       = probe_create(ops, text, NULL, 1, training);
    float *out     = q->io.out;
    bool   forward = ops->in_place && (ops->backward_reads & SKC_BACKWARD_READS_INPUT) == 0;

    if (forward)
        q->io.out = q->in[0];
    if (ops->in_place_backward)
        q->gradient.in[0] = q->d_out;
    probe_forward(p);
    probe_backward(p);
    probe_forward(q);
    probe_backward(q);
    same_bits(p->io.out, q->io.out, p->out_count);
    for (int32_t k = 0; k < p->io.n_in; k++)
        same_bits(p->d_in[k], q->gradient.in[k], p->in_count[k]);
    for (int32_t i = 0; i < p->plan.param_count; i++)
        if (p->d_param[i] != NULL)
            same_bits(p->d_param[i], q->d_param[i], p->param_count[i]);
    q->io.out = out;
    probe_free(p);
    probe_free(q);
}

static void test_in_place_gives_the_same(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    for (int training = 0; training < 2; training++)
        check_in_place(*ops, *text, training != 0);
}

/* ---------------------------------------------------------------- fusion */

static void test_a_fused_clamp_is_the_separate_one(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *p   = probe_create(*ops, *text, NULL, 2, false);
        probe *q   = probe_create(*ops, *text, NULL, 2, false);
        p->io.low  = -0.25f;
        p->io.high = 0.5f;
        probe_forward(p);
        probe_forward(q);
        q->kernels.clamp(q->out_count, -0.25f, 0.5f, q->io.out, q->io.out);
        if ((*ops)->absorbs_clamp)
            same_bits(p->io.out, q->io.out, p->out_count);
        probe_free(p);
        probe_free(q);
    }
}

static void test_as_clamp_is_the_layer(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    {
        float  low = NAN, high = NAN;
        probe *p = probe_create(*ops, (*ops)->probes[0], NULL, 1, false);
        if ((*ops)->as_clamp != NULL) {
            probe_forward(p);
            (*ops)->as_clamp(p->config, &low, &high);
            p->kernels.clamp(p->out_count, low, high, p->in[0], p->in[0]);
            same_bits(p->io.out, p->in[0], p->out_count);
        }
        probe_free(p);
    }
}

static float *random_vector(uint64_t seed, int32_t count)
{
    skc_random random = skc__random_stream(seed, 0, 0);
    float     *x      = calloc((size_t)count, sizeof *x);

    assert_non_null(x);
    for (int32_t i = 0; i < count; i++)
        x[i] = skc__random_between(&random, 0.5f, 2);
    return x;
}

/* y (pixels, c) = x scale + shift. */
static void apply_affine(const probe *p, const float *x, const float *scale, const float *shift,
                         float *y)
{
    size_t c = (size_t)p->plan.out.c;

    for (size_t i = 0; i < p->out_count; i++)
        y[i] = x[i] * scale[i % c] + shift[i % c];
}

static void test_as_affine_is_the_layer_at_inference(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *p     = probe_create(*ops, *text, NULL, 1, false);
        float *scale = random_vector(1, p->plan.out.c), *shift = random_vector(2, p->plan.out.c);
        if ((*ops)->as_affine != NULL) {
            const float *const *param = (const float *const *)p->io.param;
            probe_forward(p);
            (*ops)->as_affine(p->config, param, p->plan.out.c, scale, shift);
            apply_affine(p, p->in[0], scale, shift, p->in[0]);
            assert_close(p->io.out, p->in[0], p->out_count, 1e-6f);
        }
        free(scale);
        free(shift);
        probe_free(p);
    }
}

/* Gives the layer a bias as folding does: the plan anew, the bias zero where it had none. */
static void give_bias(probe *p)
{
    const skc_plan_context context = { .threads = 1, .training = false };

    p->ops->add_bias(p->config);
    assert_int_equal(p->ops->infer(p->config, p->shape, 1, &context, &p->plan, NULL), SKC_OK);
    assert_int_equal(p->plan.param_count, 2);
    if (p->param[1] == NULL)
        p->param[1] = calloc(param_elements(&p->plan.param[1]), sizeof(float));
    p->io.param[1] = p->param[1];
}

static void test_an_absorbed_affine_is_the_one_behind_the_layer(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *p     = probe_create(*ops, *text, NULL, 1, false);
        probe *q     = probe_create(*ops, *text, NULL, 1, false);
        float *scale = random_vector(3, p->plan.out.c), *shift = random_vector(4, p->plan.out.c);
        if ((*ops)->absorb_affine != NULL) {
            probe_forward(p);
            apply_affine(p, p->io.out, scale, shift, p->io.out);
            give_bias(q);
            (*ops)->absorb_affine(q->config, q->param, q->plan.out.c, &q->plan, scale, shift);
            probe_forward(q);
            assert_close(p->io.out, q->io.out, p->out_count, 1e-6f);
        }
        free(scale);
        free(shift);
        probe_free(p);
        probe_free(q);
    }
}

/* ---------------------------------------------------------------- refusals */

typedef struct refusal {
    const char *layer, *text;
    skc_status  status;
    const char *message; /* part of it */
} refusal;

static const refusal refusals[] = {
    { "conv2d", "{\"inputs\": [[1, 8, 8, 32]], \"filters\": 6, \"kernel\": 3, \"groups\": 3}",
      SKC_EMISMATCH, "conv2d: groups 3 does not divide 32 input channels" },
    { "conv2d", "{\"inputs\": [[1, 8, 8, 32]], \"filters\": 6, \"kernel\": 3, \"groups\": 4}",
      SKC_EMISMATCH, "conv2d: groups 4 does not divide 6 filters" },
    { "conv2d", "{\"inputs\": [[1, 4, 9, 3]], \"filters\": 6, \"kernel\": [5, 3]}", SKC_EMISMATCH,
      "conv2d: a 5x3 kernel with dilation 1x1 does not fit into 4x9 pixels" },
    { "conv2d", "{\"inputs\": [[1, 4, 9, 3]], \"filters\": 6, \"kernel\": 3, \"dilation\": 2}",
      SKC_EMISMATCH, "with dilation 2x2 does not fit into 4x9 pixels" },
    { "conv2d", "{\"inputs\": [[1, 64, 64, 65536]], \"filters\": 8, \"kernel\": 64}", SKC_ELIMIT,
      "conv2d: a filter reads 268435456 values at once" },
    { "conv2d", "{\"inputs\": [[64, 4096, 4096, 1]], \"filters\": 64, \"kernel\": 1}", SKC_ELIMIT,
      "conv2d: an output of 64 x 4096 x 4096 x 64 values" },
    { "conv2d", "{\"inputs\": [[1, 64, 64, 4096]], \"filters\": 1048576, \"kernel\": 64}",
      SKC_ELIMIT, "weights" },
    { "depthwise_conv2d", "{\"inputs\": [[1, 2, 9, 3]], \"kernel\": 3}", SKC_EMISMATCH,
      "depthwise_conv2d: a 3x3 kernel" },
    { "depthwise_conv2d",
      "{\"inputs\": [[1, 1, 1, 1073741824]], \"kernel\": 64,"
      " \"padding\": \"same\"}",
      SKC_ELIMIT, "64x64 weights for 1073741824 channels" },
    { "max_pool", "{\"inputs\": [[1, 8, 8, 3]], \"kernel\": 2, \"padding\": 2}", SKC_EMISMATCH,
      "max_pool: padding 2, 2, 2, 2; each must be below the 2x2 kernel's side" },
    { "max_pool", "{\"inputs\": [[1, 2, 8, 3]], \"kernel\": 3}", SKC_EMISMATCH,
      "max_pool: a 3x3 kernel" },
    { "max_pool", "{\"inputs\": [[1, 65536, 65536, 1]], \"kernel\": 2}", SKC_ELIMIT,
      "max_pool: 65536x65536 pixels" },
    { "avg_pool", "{\"inputs\": [[1, 8, 8, 3]], \"kernel\": [2, 3], \"padding\": [0, 0, 0, 3]}",
      SKC_EMISMATCH, "avg_pool: padding 0, 0, 0, 3; each must be below the 2x3 kernel's" },
    { "add", "{\"inputs\": [[1, 8, 8, 3], [1, 8, 8, 4]]}", SKC_EMISMATCH,
      "add: input 2 is 8x8 with 4 channels, input 1 8x8 with 3" },
    { "concat", "{\"inputs\": [[1, 8, 8, 3], [1, 8, 8, 5], [1, 7, 8, 4]]}", SKC_EMISMATCH,
      "concat: input 3 is 7x8, input 1 8x8" },
    { "flatten", "{\"inputs\": [[1, 65536, 65536, 1]]}", SKC_ELIMIT, "flatten: an output of" },
    { "dense", "{\"inputs\": [[1, 4096, 4096, 2]], \"units\": 10}", SKC_ELIMIT,
      "dense: 10 units of 33554432 inputs each" },
    { "dense", "{\"inputs\": [[1048576, 1, 1, 1]], \"units\": 1048576}", SKC_ELIMIT,
      "dense: an output of" },
};

static void test_what_does_not_fit_is_refused_with_the_reason(void **state)
{
    const skc_plan_context context = { .threads = 1, .training = true };

    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const refusal *r    = &refusals[i];
        skc_error      err  = { 0 };
        skc_layer_plan plan = { .macs = 12345 };

        assert_int_equal(probe_infer(skc__layer_find(r->layer), r->text, &context, &plan, &err),
                         r->status);
        if (strstr(err.message, r->message) == NULL)
            fail_msg("\"%s\" is not in \"%s\"", r->message, err.message);
        assert_int_equal(plan.macs, 12345);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_registry_is_complete_and_found_by_name),
        cmocka_unit_test(test_every_default_is_in_its_range),
        cmocka_unit_test(test_every_layer_has_a_probe_that_is_not_square),
        cmocka_unit_test(test_fewer_pictures_and_threads_need_no_more_room),
        cmocka_unit_test(test_threads_agree_and_repeat_bit_for_bit),
        cmocka_unit_test(test_in_place_gives_the_same),
        cmocka_unit_test(test_a_fused_clamp_is_the_separate_one),
        cmocka_unit_test(test_as_clamp_is_the_layer),
        cmocka_unit_test(test_as_affine_is_the_layer_at_inference),
        cmocka_unit_test(test_an_absorbed_affine_is_the_one_behind_the_layer),
        cmocka_unit_test(test_what_does_not_fit_is_refused_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
