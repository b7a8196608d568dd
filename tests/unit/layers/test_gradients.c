/* test_gradients.c - backward of every layer in the registry against central differences, and the
 * checker itself against planted faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gradient.h"

static void check_layer(const skc_layer_ops *ops, const char *kernels)
{
    char report[256];

    assert_non_null(ops->probes);
    assert_non_null(ops->probes[0]);
    for (const char *const *text = ops->probes; *text != NULL; text++)
        for (int training = 0; training < 2; training++)
            if (!gradients_agree(ops, *text, kernels, training != 0, report))
                fail_msg("%s kernels, training %d, %s: %s", kernels, training, *text, report);
}

static void test_every_layer_with_every_kernel_set(void **state)
{
    (void)state;
    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
        for (const skc_layer_ops *const *ops = skc__layer_registry; *ops != NULL; ops++)
            check_layer(*ops, skc_kernel_set(i));
}

static void test_a_gradient_not_wanted_changes_no_other(void **state)
{
    (void)state;
    for (const skc_layer_ops *const *ops = skc__layer_registry; *ops != NULL; ops++) {
        probe *p = probe_create(*ops, (*ops)->probes[0], "scalar", 1, true);
        probe *q = probe_create(*ops, (*ops)->probes[0], "scalar", 1, true);

        probe_forward(p);
        probe_forward(q);
        probe_backward(p);
        q->gradient.in[0] = NULL;
        probe_backward(q);
        for (int32_t i = 0; i < p->plan.param_count; i++)
            if (p->d_param[i] != NULL)
                assert_memory_equal(p->d_param[i], q->d_param[i],
                                    p->param_count[i] * sizeof(float));
        for (int32_t k = 1; k < p->io.n_in; k++)
            assert_memory_equal(p->d_in[k], q->d_in[k], p->in_count[k] * sizeof(float));
        q->gradient.in[0] = q->d_in[0];
        memset(q->gradient.param, 0, sizeof q->gradient.param);
        probe_backward(q);
        assert_memory_equal(p->d_in[0], q->d_in[0], p->in_count[0] * sizeof(float));
        probe_free(p);
        probe_free(q);
    }
}

/* ---------------------------------------------------------------- planted faults */

static const skc_layer_ops *broken; /* the layer that the faults below call, then spoil */

static void multiply(float *x, size_t count, float factor)
{
    for (size_t i = 0; i < count; i++)
        x[i] *= factor;
}

static size_t input_count(const skc_layer_io *io)
{
    return skc__shape_count(io->in[0].shape);
}

static void wrong_sign(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    broken->backward(config, io, g);
    multiply(g->in[0], input_count(io), -1);
}

static void wrong_factor(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    broken->backward(config, io, g);
    multiply(g->in[0], input_count(io), 1.002f);
}

static void wrong_divisor(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    float area = (float)(io->in[0].shape.h * io->in[0].shape.w);

    broken->backward(config, io, g);
    multiply(g->in[0], input_count(io), area / (area + 1));
}

static void never_adds(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    skc_layer_gradient other = *g;

    memset(other.accumulate, 0, sizeof other.accumulate);
    broken->backward(config, io, &other);
}

static void always_adds(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    skc_layer_gradient other = *g;

    for (int32_t k = 0; k < io->n_in; k++)
        other.accumulate[k] = true;
    broken->backward(config, io, &other);
}

static void overwrites_params(const void *config, const skc_layer_io *io,
                              const skc_layer_gradient *g)
{
    skc_layer_plan         plan;
    const skc_plan_context context = { .threads = 1, .training = true };

    assert_int_equal(broken->infer(config, &io->in[0].shape, 1, &context, &plan, NULL), SKC_OK);
    multiply(g->param[0], param_elements(&plan.param[0]), 0);
    broken->backward(config, io, g);
}

static void skips_last_input(const void *config, const skc_layer_io *io,
                             const skc_layer_gradient *g)
{
    broken->backward(config, io, g);
    g->in[0][input_count(io) - 1] = 0;
}

/* Rows and columns of the first picture and channel change places. */
static void wrong_axis(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    size_t side =
        (size_t)(io->in[0].shape.h < io->in[0].shape.w ? io->in[0].shape.h : io->in[0].shape.w);
    size_t width = (size_t)io->in[0].shape.w, c = (size_t)io->in[0].shape.c;

    broken->backward(config, io, g);
    for (size_t i = 0; i < side; i++)
        for (size_t k = 0; k < i; k++) {
            float *a = &g->in[0][(i * width + k) * c], *b = &g->in[0][(k * width + i) * c];
            float  swap = *a;
            *a          = *b;
            *b          = swap;
        }
}

static void nothing(const void *config, const skc_layer_io *io, const skc_layer_gradient *g)
{
    (void)config, (void)io, (void)g;
}

typedef struct fault {
    const char *layer;
    void (*backward)(const void *config, const skc_layer_io *io, const skc_layer_gradient *g);
} fault;

static void test_planted_faults_are_found(void **state)
{
    static const fault faults[] = {
        { "conv2d", wrong_sign },       { "conv2d", wrong_factor },
        { "conv2d", wrong_axis },       { "conv2d", never_adds },
        { "conv2d", always_adds },      { "conv2d", overwrites_params },
        { "conv2d", skips_last_input }, { "conv2d", nothing },
        { "batchnorm", wrong_factor },  { "batchnorm", overwrites_params },
        { "batchnorm", wrong_axis },    { "softmax", wrong_sign },
        { "softmax", wrong_factor },    { "global_avg_pool", wrong_divisor },
        { "avg_pool", wrong_divisor },  { "max_pool", wrong_axis },
        { "max_pool", never_adds },     { "dense", overwrites_params },
        { "dense", skips_last_input },  { "relu", always_adds },
        { "add", never_adds },          { "sigmoid", wrong_divisor },
    };
    char report[256];

    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        skc_layer_ops ops;

        broken = skc__layer_find(faults[i].layer);
        assert_non_null(broken);
        ops          = *broken;
        ops.backward = faults[i].backward;
        if (gradients_agree(&ops, ops.probes[0], "scalar", true, report))
            fail_msg("fault %zu, in %s, was not found", i, ops.name);
        assert_non_null(strstr(report, "analytic"));
        assert_non_null(strstr(report, ops.name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_layer_with_every_kernel_set),
        cmocka_unit_test(test_a_gradient_not_wanted_changes_no_other),
        cmocka_unit_test(test_planted_faults_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
