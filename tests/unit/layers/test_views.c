/* test_views.c - layers that read inputs or gradients through a view find what would be stored. */
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

static float *random_vector(uint64_t seed, int32_t count)
{
    skc_random random = skc__random_stream(seed, 5, 0);
    float     *x      = calloc((size_t)count, sizeof *x);

    assert_non_null(x);
    for (int32_t i = 0; i < count; i++) {
        float size = skc__random_between(&random, 0.5f, 1.5f);
        x[i]       = skc__random_below(&random, 2) == 0 ? size : -size;
    }
    return x;
}

static void assert_close(const probe *p, const char *what, const float *a, const float *b,
                         size_t count)
{
    float largest = 0;

    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(a[i]));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 2e-5f * largest))
            fail_msg("%s, %s, element %zu: %g stored, %g viewed", p->ops->name, what, i,
                     (double)a[i], (double)b[i]);
}

/* p: everything stored; q: something viewed. */
static void assert_same_results(const probe *p, const probe *q)
{
    assert_close(p, "out", p->io.out, q->io.out, p->out_count);
    for (int32_t k = 0; k < p->io.n_in; k++)
        assert_close(p, "input gradient", p->d_in[k], q->d_in[k], p->in_count[k]);
    for (int32_t i = 0; i < p->plan.param_count; i++)
        if (p->d_param[i] != NULL)
            assert_close(p, p->plan.param[i].name, p->d_param[i], q->d_param[i], p->param_count[i]);
}

/* ---------------------------------------------------------------- inputs */

enum { FORMS = 3 }; /* of a view: clamp alone, affine alone, both */

static skc_view make_view(int form, const float *scale, const float *shift)
{
    return (skc_view){ .on    = true,
                       .scale = form > 0 ? scale : NULL,
                       .shift = form > 0 ? shift : NULL,
                       .low   = form != 1 ? -0.5f : -INFINITY,
                       .high  = form != 1 ? 1.25f : INFINITY };
}

static void store_view(const probe *p, const skc_view *view, int32_t k)
{
    size_t c = (size_t)p->shape[k].c;

    if (view->scale == NULL)
        p->kernels.clamp(p->in_count[k], view->low, view->high, p->in[k], p->in[k]);
    else
        p->kernels.affine_clamp(p->in_count[k] / c, c, p->in[k], view->scale, view->shift,
                                view->low, view->high, p->in[k]);
}

/* Inputs whose bit is in `viewed` are read through a view of a form that differs between them. */
static void check_input_view(const skc_layer_ops *ops, const char *text, const char *kernels,
                             int32_t times, unsigned viewed, int form)
{
    probe *p = probe_create_large(ops, text, kernels, 2, true, times);
    probe *q = probe_create_large(ops, text, kernels, 2, true, times);
    float *scale[SKC_MAX_INPUTS], *shift[SKC_MAX_INPUTS];

    for (int32_t k = 0; k < p->io.n_in; k++) {
        skc_view view;

        scale[k] = random_vector(10 + (uint64_t)k, p->shape[k].c);
        shift[k] = random_vector(20 + (uint64_t)k, p->shape[k].c);
        view     = make_view((form + k) % FORMS, scale[k], shift[k]);
        if (viewed >> k & 1) {
            store_view(p, &view, k);
            q->io.in[k].view = view;
        }
    }
    probe_forward(p);
    probe_backward(p);
    probe_forward(q);
    probe_backward(q);
    assert_same_results(p, q);
    for (int32_t k = 0; k < p->io.n_in; k++) {
        free(scale[k]);
        free(shift[k]);
    }
    probe_free(p);
    probe_free(q);
}

static void test_viewed_inputs(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    for (int form = 0; form < FORMS && (*ops)->reads_views; form++)
        for (unsigned viewed = 1; viewed < 1u << (*ops)->min_inputs; viewed++)
            for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
                for (int32_t times = 1; times <= 3; times += 2)
                    check_input_view(*ops, *text, skc_kernel_set(i), times, viewed, form);
}

/* ---------------------------------------------------------------- gradients */

/* Of a gradient's view: the clamp behind the layer alone, a map with a clamp, and without. */
static skc_gradient_view make_gradient_view(int form, float *const *numbers)
{
    skc_gradient_view view = { .after = make_view(form == 0   ? 0
                                                  : form == 1 ? 2
                                                              : 1,
                                                  numbers[3], numbers[4]) };

    if (form > 0) {
        view.a = numbers[0];
        view.b = numbers[1];
        view.d = numbers[2];
    }
    return view;
}

static void store_gradient_view(const probe *p, const skc_gradient_view *view)
{
    const skc_masked_affine map = { view->a,           view->b,           view->d,
                                    view->after.scale, view->after.shift, view->after.low,
                                    view->after.high };
    size_t                  c   = (size_t)p->plan.out.c;

    p->kernels.masked_affine(p->out_count / c, c, &map, p->d_out, p->io.out, p->d_out);
}

static void check_gradient_view(const skc_layer_ops *ops, const char *text, const char *kernels,
                                int32_t times, int form)
{
    probe            *p = probe_create_large(ops, text, kernels, 2, true, times);
    probe            *q = probe_create_large(ops, text, kernels, 2, true, times);
    float            *numbers[5];
    skc_gradient_view view;

    for (uint64_t i = 0; i < 5; i++)
        numbers[i] = random_vector(30 + i, p->plan.out.c);
    view = make_gradient_view(form, numbers);
    if (form == 0 && ops->absorbs_clamp) { /* as the graph has it: out is clamped already */
        p->io.low = q->io.low = view.after.low;
        p->io.high = q->io.high = view.after.high;
    }
    probe_forward(p);
    probe_forward(q);
    store_gradient_view(p, &view);
    q->gradient.out_view = view;
    probe_backward(p);
    probe_backward(q);
    assert_same_results(p, q);
    q->gradient.out_view.after.on = false;
    for (int i = 0; i < 5; i++)
        free(numbers[i]);
    probe_free(p);
    probe_free(q);
}

static void test_viewed_gradients(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    for (int form = 0; form < 3 && (*ops)->reads_gradient_views; form++)
        for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
            for (int32_t times = 1; times <= 3; times += 2)
                check_gradient_view(*ops, *text, skc_kernel_set(i), times, form);
}

/* ---------------------------------------------------------------- layers with a view */

/* Stored is what forward and backward write; viewed what others make of the numbers that they keep,
 * called without room for either. */
static void check_own_view(const skc_layer_ops *ops, const char *text, bool training, float low,
                           float high)
{
    probe            *p   = probe_create(ops, text, NULL, 2, training);
    probe            *q   = probe_create(ops, text, NULL, 2, training);
    float            *out = q->io.out;
    size_t            c = (size_t)p->plan.out.c, rows = p->out_count / c;
    skc_gradient_view view = { 0 };

    p->io.low = q->io.low = low;
    p->io.high = q->io.high = high;
    probe_forward(p);
    q->io.out = NULL;
    probe_forward(q);
    ops->as_gradient_view(q->io.saved, p->plan.out.c, &view);
    q->kernels.affine_clamp(rows, c, q->in[0], view.after.scale, view.after.shift, low, high, out);
    assert_memory_equal(out, p->io.out, p->out_count * sizeof *out);
    probe_backward(p);
    q->gradient.in[0] = NULL;
    probe_backward(q);
    view.after.low  = low;
    view.after.high = high;
    q->kernels.masked_affine(rows, c,
                             &(skc_masked_affine){ view.a, view.b, view.d, view.after.scale,
                                                   view.after.shift, low, high },
                             q->d_out, q->in[0], q->d_in[0]);
    q->io.out = out;
    assert_same_results(p, q);
    probe_free(p);
    probe_free(q);
}

static void test_layers_with_a_view(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    for (int training = 0; training < 2 && (*ops)->as_gradient_view != NULL; training++) {
        check_own_view(*ops, *text, training != 0, -INFINITY, INFINITY);
        check_own_view(*ops, *text, training != 0, 0, INFINITY);
        check_own_view(*ops, *text, training != 0, -0.5f, 0.75f);
    }
}

/* Backward with a clamp fused behind is backward of what the clamp's own backward hands on. */
static void check_own_clamp(const skc_layer_ops *ops, const char *text, bool training,
                            bool accumulate)
{
    probe *p = probe_create_large(ops, text, NULL, 2, training, 3);
    probe *q = probe_create_large(ops, text, NULL, 2, training, 3);

    p->gradient.accumulate[0] = q->gradient.accumulate[0] = accumulate;
    probe_forward(p);
    p->kernels.clamp_backward(p->out_count, -0.5f, 0.75f, p->io.out, p->d_out, false, p->d_out);
    probe_backward(p);
    q->io.low  = -0.5f;
    q->io.high = 0.75f;
    probe_forward(q);
    probe_backward(q);
    p->kernels.clamp(p->out_count, -0.5f, 0.75f, p->io.out, p->io.out);
    assert_same_results(p, q);
    probe_free(p);
    probe_free(q);
}

static void test_layers_that_mask_themselves(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    for (int i = 0; i < 4 && (*ops)->absorbs_clamp && (*ops)->as_gradient_view != NULL; i++)
        check_own_clamp(*ops, *text, i / 2 != 0, i % 2 != 0);
}

/* max(clamp(x)) = clamp(max(x)), forward and backward. */
static void test_clamps_before_and_behind(void **state)
{
    (void)state;
    FOR_EACH_LAYER(ops)
    FOR_EACH_PROBE(text, *ops)
    {
        probe *p = probe_create(*ops, *text, NULL, 2, true);
        probe *q = probe_create(*ops, *text, NULL, 2, true);

        if ((*ops)->commutes_with_clamp) {
            const skc_view behind = { .on = true, .low = -1, .high = 1.5f };

            p->kernels.clamp(p->in_count[0], behind.low, behind.high, p->in[0], p->in[0]);
            probe_forward(p);
            probe_backward(p);
            p->kernels.clamp_backward(p->in_count[0], behind.low, behind.high, p->in[0], p->d_in[0],
                                      false, p->d_in[0]);
            q->io.low                  = behind.low;
            q->io.high                 = behind.high;
            q->gradient.out_view.after = behind;
            probe_forward(q);
            probe_backward(q);
            assert_same_results(p, q);
        }
        probe_free(p);
        probe_free(q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_viewed_inputs),
        cmocka_unit_test(test_viewed_gradients),
        cmocka_unit_test(test_layers_with_a_view),
        cmocka_unit_test(test_layers_that_mask_themselves),
        cmocka_unit_test(test_clamps_before_and_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
