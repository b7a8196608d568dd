/* test_depthwise_conv2d.c - forward and backward against the definition, in double, for every kind
 * of window, views, kernel sets and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gradient.h"
#include "layers/geometry.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_VIEW = 1, GRADIENT_VIEW = 2, CLAMP = 4, ACCUMULATE = 8 };
enum { CHANNELS = 48 };

static const char *const texts[] = {
    "{\"inputs\": [[2, 9, 16, 19]], \"kernel\": 3, \"padding\": 1}",
    "{\"inputs\": [[3, 7, 7, 16]], \"kernel\": 3, \"padding\": 1, \"stride\": 2}",
    "{\"inputs\": [[1, 15, 30, 40]], \"kernel\": 3, \"padding\": \"same\", \"stride\": 2}",
    "{\"inputs\": [[2, 12, 17, 20]], \"kernel\": 5, \"padding\": 2}",
    "{\"inputs\": [[1, 13, 16, 33]], \"kernel\": 5, \"padding\": \"same\", \"stride\": 2}",
    "{\"inputs\": [[2, 6, 9, 7]], \"kernel\": 1, \"stride\": 2}",
    "{\"inputs\": [[2, 11, 9, 5]], \"kernel\": [2, 4], \"stride\": [3, 2], \"padding\": [1, 2]}",
    "{\"inputs\": [[1, 14, 12, 6]], \"kernel\": [3, 3], \"stride\": [2, 4], \"dilation\": [3, 2],"
    " \"padding\": [4, 3, 2, 5]}",
    "{\"inputs\": [[2, 3, 4, 9]], \"kernel\": 2, \"stride\": 5, \"padding\": 7}",
    "{\"inputs\": [[1, 2, 3, 4]], \"kernel\": 7, \"dilation\": 2, \"padding\": 9}",
    "{\"inputs\": [[1, 16, 1, 48]], \"kernel\": [6, 1], \"stride\": [4, 1], \"dilation\": [2, 1],"
    " \"padding\": [3, 0]}",
    /* Viewed, a picture's rows are made in more than one go, and of the second in any case. */
    "{\"inputs\": [[2, 44, 40, 48]], \"kernel\": 3, \"padding\": 1}",
    "{\"inputs\": [[1, 40, 33, 48]], \"kernel\": 5, \"padding\": 2, \"stride\": [1, 2]}",
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

/* A layer, what its views need, and what it should give. */
typedef struct fixture {
    probe     *p;
    skc_window window;
    float      channel[7][CHANNELS];
    float     *z; /* the output that the gradient's view reads */
    double    *x, *dz, *y, *dx, *dw, *db;
} fixture;

static double *doubles(size_t n)
{
    double *d = calloc(n, sizeof *d);

    assert_non_null(d);
    return d;
}

static void set_views(fixture *f, int what)
{
    probe *p = f->p;

    if ((what & INPUT_VIEW) != 0)
        p->io.in[0].view = (skc_view){ true, f->channel[0], f->channel[1], -0.5f, 1 };
    if ((what & GRADIENT_VIEW) != 0)
        p->gradient.out_view =
            (skc_gradient_view){ f->channel[2],
                                 f->channel[3],
                                 f->channel[4],
                                 { true, f->channel[5], f->channel[6], -0.5f, 0.75f } };
    if ((what & CLAMP) != 0) {
        p->io.low  = -0.25f;
        p->io.high = 0.5f;
    }
    p->gradient.accumulate[0] = (what & ACCUMULATE) != 0;
}

/* The options once more, from the output's shape: the probe keeps its config to itself. */
static skc_window window_of(const probe *p)
{
    return skc__window(p->config, p->shape[0]); /* the window is the first of the options */
}

static void make(fixture *f, const char *text, const char *set, int32_t threads, int what)
{
    skc_random random = skc__random_stream(3, 5, 8);

    memset(f, 0, sizeof *f);
    f->p      = probe_create(skc__layer_find("depthwise_conv2d"), text, set, threads, true);
    f->window = window_of(f->p);
    f->z      = calloc(f->p->out_count, sizeof *f->z);
    assert_non_null(f->z);
    for (size_t i = 0; i < f->p->out_count; i++)
        f->z[i] = skc__random_between(&random, -1, 1);
    for (size_t i = 0; i < 7; i++)
        for (size_t c = 0; c < CHANNELS; c++)
            f->channel[i][c] = skc__random_between(&random, -1, 1);
    f->x  = doubles(f->p->in_count[0]);
    f->dx = doubles(f->p->in_count[0]);
    f->dz = doubles(f->p->out_count);
    f->y  = doubles(f->p->out_count);
    f->dw = doubles(f->p->param_count[0]);
    f->db = doubles(f->p->param_count[1]);
    set_views(f, what);
}

static void release(fixture *f)
{
    double *const all[] = { f->x, f->dz, f->y, f->dx, f->dw, f->db };

    for (int i = 0; i < 6; i++)
        free(all[i]);
    free(f->z);
    probe_free(f->p);
}

/* ---------------------------------------------------------------- the definition */

static void view_input(fixture *f)
{
    const skc_view *v = &f->p->io.in[0].view;

    for (size_t i = 0; i < f->p->in_count[0]; i++) {
        size_t c = i % (size_t)f->p->shape[0].c;

        f->x[i] = (double)f->p->in[0][i];
        if (v->on)
            f->x[i] = fmin(fmax(f->x[i] * (double)v->scale[c] + (double)v->shift[c], -0.5), 1);
    }
}

/* Gradients where a rounding decides whether they are kept are made 0. */
static void view_gradient(fixture *f)
{
    const skc_gradient_view *v = &f->p->gradient.out_view;

    for (size_t i = 0; i < f->p->out_count; i++) {
        size_t c = i % (size_t)f->p->shape[0].c;
        double z = (double)f->z[i], at;

        f->dz[i] = (double)f->p->d_out[i];
        if (!v->after.on)
            continue;
        at = z * (double)v->after.scale[c] + (double)v->after.shift[c];
        if (fabs(at + 0.5) < 1e-5 || fabs(at - 0.75) < 1e-5)
            f->p->d_out[i] = 0;
        f->dz[i] = at > -0.5 && at < 0.75 ? (double)f->p->d_out[i] : 0;
        f->dz[i] = (double)v->a[c] * f->dz[i] + (double)v->b[c] * z + (double)v->d[c];
    }
}

/* What output value `at` takes part in. */
static void define_value(fixture *f, size_t at)
{
    const skc_window *w = &f->window;
    const size_t      c = (size_t)f->p->shape[0].c, i = at % c, pixel = at / c;
    const int32_t     left    = (int32_t)(pixel % (size_t)w->w.out) * w->w.stride - w->w.before;
    const size_t      row     = pixel / (size_t)w->w.out;
    const int32_t     top     = (int32_t)(row % (size_t)w->h.out) * w->h.stride - w->h.before;
    const size_t      picture = row / (size_t)w->h.out;

    f->db[i] += f->dz[at];
    f->y[at] = (double)f->p->param[1][i];
    for (int32_t ky = 0; ky < w->h.kernel; ky++)
        for (int32_t kx = 0; kx < w->w.kernel; kx++) {
            int32_t iy = top + ky * w->h.dilation, ix = left + kx * w->w.dilation;
            size_t  weight = (size_t)(ky * w->w.kernel + kx) * c + i, from;

            if (iy < 0 || iy >= w->h.in || ix < 0 || ix >= w->w.in)
                continue;
            from =
                ((picture * (size_t)w->h.in + (size_t)iy) * (size_t)w->w.in + (size_t)ix) * c + i;
            f->y[at] += f->x[from] * (double)f->p->param[0][weight];
            f->dx[from] += f->dz[at] * (double)f->p->param[0][weight];
            f->dw[weight] += f->dz[at] * f->x[from];
        }
    f->y[at] = fmin(fmax(f->y[at], (double)f->p->io.low), (double)f->p->io.high);
}

static void define(fixture *f)
{
    view_input(f);
    view_gradient(f);
    for (size_t at = 0; at < f->p->out_count; at++)
        define_value(f, at);
}

/* ---------------------------------------------------------------- the passes */

static void spoil_scratch(const fixture *f)
{
    memset(f->p->io.scratch, 0xff, f->p->plan.scratch_bytes);
}

/* Parameters' gradients, and dx where it is added to, start from 1; else dx is NaN before. */
static void run(fixture *f)
{
    probe *p    = f->p;
    float *z    = p->io.out;
    bool   adds = p->gradient.accumulate[0];

    spoil_scratch(f);
    p->ops->forward(p->config, &p->io);
    for (size_t i = 0; i < p->in_count[0]; i++)
        p->d_in[0][i] = adds ? 1 : NAN;
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < p->param_count[k]; i++)
            p->d_param[k][i] = 1;
    spoil_scratch(f);
    p->io.out = f->z;
    p->ops->backward(p->config, &p->io, &p->gradient);
    p->io.out = z;
}

static void compare(const char *what, const fixture *f, size_t n, const double *want, double start,
                    const float *got)
{
    double size = 1;

    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs(want[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - start - want[i]) <= 1e-5 * size))
            fail_msg("%s of %s, %dx%d kernel: [%zu] is %g, not %g", what, f->p->kernels.name,
                     f->window.h.kernel, f->window.w.kernel, i, (double)got[i], start + want[i]);
}

static void compare_all(const fixture *f)
{
    const probe *p = f->p;

    compare("y", f, p->out_count, f->y, 0, p->io.out);
    compare("dx", f, p->in_count[0], f->dx, p->gradient.accumulate[0] ? 1 : 0, p->d_in[0]);
    compare("dw", f, p->param_count[0], f->dw, 1, p->d_param[0]);
    compare("db", f, p->param_count[1], f->db, 1, p->d_param[1]);
}

static void check_each(int32_t threads, int what)
{
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++)
        for (size_t i = 0; i < TEXTS; i++) {
            fixture f;

            make(&f, texts[i], skc_kernel_set(set), threads, what);
            define(&f);
            run(&f);
            compare_all(&f);
            release(&f);
        }
}

static void test_plain(void **state)
{
    (void)state;
    check_each(1, 0);
    check_each(1, CLAMP | ACCUMULATE);
}

static void test_views(void **state)
{
    (void)state;
    check_each(1, INPUT_VIEW);
    check_each(1, GRADIENT_VIEW | ACCUMULATE);
    check_each(2, INPUT_VIEW | GRADIENT_VIEW | CLAMP);
}

static void test_threads(void **state)
{
    (void)state;
    check_each(2, 0);
    check_each(3, INPUT_VIEW | GRADIENT_VIEW);
    check_each(7, ACCUMULATE | GRADIENT_VIEW);
}

/* Each gradient alone has the bits that it has with the others. */
static void test_one_gradient(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++)
        for (int alone = 0; alone < 3; alone++) {
            fixture all, one;
            probe  *p;

            make(&all, texts[i], NULL, 2, INPUT_VIEW | GRADIENT_VIEW);
            make(&one, texts[i], NULL, 2, INPUT_VIEW | GRADIENT_VIEW);
            p = one.p;
            if (alone != 0)
                p->gradient.in[0] = NULL;
            for (int k = 0; k < 2; k++)
                if (alone != k + 1)
                    p->gradient.param[k] = NULL;
            run(&all);
            run(&one);
            if (alone == 0)
                assert_memory_equal(p->d_in[0], all.p->d_in[0], p->in_count[0] * sizeof(float));
            else
                assert_memory_equal(p->d_param[alone - 1], all.p->d_param[alone - 1],
                                    p->param_count[alone - 1] * sizeof(float));
            for (size_t k = 0; alone != 0 && k < p->in_count[0]; k++)
                assert_true(isnan(p->d_in[0][k]));
            for (size_t k = 0; alone == 0 && k < p->param_count[0]; k++)
                assert_true(p->d_param[0][k] == 1);
            release(&all);
            release(&one);
        }
}

static void test_same_threads_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < TEXTS; i++)
        for (int32_t threads = 1; threads < 5; threads++) {
            fixture a, b;

            make(&a, texts[i], NULL, threads, INPUT_VIEW | GRADIENT_VIEW);
            make(&b, texts[i], NULL, threads, INPUT_VIEW | GRADIENT_VIEW);
            run(&a);
            run(&b);
            assert_memory_equal(a.p->io.out, b.p->io.out, a.p->out_count * sizeof(float));
            assert_memory_equal(a.p->d_in[0], b.p->d_in[0], a.p->in_count[0] * sizeof(float));
            for (int k = 0; k < 2; k++)
                assert_memory_equal(a.p->d_param[k], b.p->d_param[k],
                                    a.p->param_count[k] * sizeof(float));
            release(&a);
            release(&b);
        }
}

/* So much that outputs go past the caches and rows are called for early: the same numbers. */
static void test_far(void **state)
{
    static const char *const far[] = {
        "{\"inputs\": [[2, 370, 362, 32]], \"kernel\": 3, \"padding\": 1}",
        "{\"inputs\": [[1, 531, 502, 32]], \"kernel\": 3, \"padding\": 1, \"stride\": 2}",
    };

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int what = 0; what <= 3; what += 3) {
            fixture f;

            make(&f, far[i], NULL, 2, what);
            define(&f);
            run(&f);
            compare_all(&f);
            release(&f);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_one_gradient),
        cmocka_unit_test(test_same_threads_same_bits),
        cmocka_unit_test(test_far),
    };

    return cmocka_run_group_tests_name("depthwise_conv2d", tests, NULL, NULL);
}
