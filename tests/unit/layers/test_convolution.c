/* test_convolution.c - the three passes of a convolution against the definition: every kind of
 * window, views, kernel sets and threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "layers/convolution.h"

typedef struct shape {
    int32_t n, h, w, c, filters, groups;
    int32_t kernel[2], stride[2], dilation[2], padding[4]; /* top, bottom, left, right */
} shape;

static const shape shapes[] = {
    /* one pixel after another */
    { 3, 7, 5, 20, 17, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 } },
    { 2, 9, 40, 6, 8, 2, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 } },
    { 300, 1, 1, 3, 2, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 } },
    /* phases without taps */
    { 2, 7, 6, 5, 4, 1, { 1, 1 }, { 2, 2 }, { 1, 1 }, { 0 } },
    { 2, 8, 9, 4, 3, 1, { 2, 1 }, { 3, 5 }, { 1, 1 }, { 1, 0, 2, 0 } },
    { 1, 11, 8, 2, 3, 1, { 3, 2 }, { 4, 2 }, { 2, 2 }, { 3, 3, 1, 2 } },
    { 1, 3, 2, 2, 3, 1, { 2, 2 }, { 3, 3 }, { 1, 1 }, { 4, 4, 4, 4 } },
    /* the usual ones */
    { 2, 12, 11, 3, 8, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 2, 12, 10, 8, 33, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 2, 13, 9, 5, 6, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, { 0, 1, 0, 1 } },
    { 1, 23, 21, 3, 16, 1, { 7, 7 }, { 2, 2 }, { 1, 1 }, { 3, 3, 3, 3 } },
    { 2, 6, 7, 4, 5, 1, { 3, 2 }, { 1, 1 }, { 1, 1 }, { 0 } },
    /* more filters than a block of packed weights */
    { 1, 3, 3, 7, 300, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 1, 3, 3, 300, 3, 1, { 2, 2 }, { 1, 1 }, { 1, 1 }, { 0, 1, 0, 1 } },
    /* groups, dilation, padding wider than the kernel, a kernel wider than the picture */
    { 2, 5, 6, 6, 9, 3, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 1, 9, 8, 8, 4, 4, { 3, 2 }, { 2, 1 }, { 2, 3 }, { 2, 1, 3, 0 } },
    { 2, 9, 7, 2, 3, 1, { 2, 3 }, { 1, 2 }, { 3, 2 }, { 2, 0, 1, 3 } },
    { 1, 4, 5, 3, 4, 1, { 3, 3 }, { 1, 1 }, { 6, 4 }, { 6, 6, 4, 4 } },
    { 2, 2, 3, 2, 3, 1, { 2, 3 }, { 1, 1 }, { 1, 1 }, { 5, 4, 0, 7 } },
    { 1, 1, 1, 2, 3, 1, { 1, 1 }, { 40, 3 }, { 1, 1 }, { 30, 2, 2, 0 } },
    { 1, 5, 4, 1, 1, 1, { 5, 7 }, { 1, 1 }, { 1, 1 }, { 2, 2, 3, 3 } },
    /* several bands in a picture, and pictures in a band */
    { 1, 90, 37, 24, 5, 1, { 3, 3 }, { 1, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
    { 40, 3, 4, 9, 4, 1, { 3, 3 }, { 2, 1 }, { 1, 1 }, { 1, 1, 1, 1 } },
};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* One convolution with its buffers, and what the definition says. */
typedef struct fixture {
    shape              s;
    skc_kernels        kernels;
    skc_pool          *pool;
    skc_convolution    c;
    skc_layer_io       io;
    skc_layer_gradient gradient;
    size_t             nx, ny, nw;
    float             *x, *w, *y, *z, *dy, *dx, *dw, *channel[7];
    double            *want[3], *size[3]; /* y, dx, dw */
} fixture;

enum { Y, DX, DW };
enum { VIEW_INPUT = 1, VIEW_GRADIENT = 2, BIAS_AND_CLAMP = 4, ACCUMULATE = 8 };

static skc_random numbers;

static void *allocate(size_t bytes)
{
    void *block = malloc(bytes + 1);

    assert_non_null(block);
    return block;
}

static float *drawn(size_t n)
{
    float *x = allocate(n * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = skc__random_between(&numbers, -1, 1);
    return x;
}

static void make_io(fixture *f, int what)
{
    float *const *v = f->channel;

    f->io =
        (skc_layer_io){ .kernels = &f->kernels,
                        .threads = f->c.threads,
                        .pool    = f->pool,
                        .n_in    = 1,
                        .in  = { { .data = f->x, .shape = { f->s.n, f->s.h, f->s.w, f->s.c } } },
                        .out = f->y,
                        .out_shape = { f->s.n, f->c.window.h.out, f->c.window.w.out, f->s.filters },
                        .low       = -INFINITY,
                        .high      = INFINITY,
                        .param     = { f->w } };
    f->gradient = (skc_layer_gradient){ .out = f->dy, .in = { f->dx }, .param = { f->dw } };
    f->gradient.accumulate[0] = (what & ACCUMULATE) != 0;
    if ((what & VIEW_INPUT) != 0)
        f->io.in[0].view = (skc_view){ true, v[0], v[1], -0.5f, 0.75f };
    if ((what & VIEW_GRADIENT) != 0)
        f->gradient.out_view =
            (skc_gradient_view){ v[2], v[3], v[4], { true, v[5], v[6], -0.5f, 0.75f } };
    if ((what & BIAS_AND_CLAMP) != 0) {
        f->io.param[1] = v[2];
        f->io.low      = -0.4f;
        f->io.high     = 0.9f;
    }
}

static skc_pool *make_pool(int32_t threads)
{
    skc_runtime runtime;
    skc_pool   *pool;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    return pool;
}

static void make(fixture *f, const shape *s, const char *set, int32_t threads, int what)
{
    const int32_t     *p = s->padding;
    skc_window_options o = { { s->kernel[0], s->kernel[1] },
                             { s->stride[0], s->stride[1] },
                             { s->dilation[0], s->dilation[1] },
                             { SKC_PADDING_EXPLICIT, p[0], p[1], p[2], p[3] },
                             false };

    memset(f, 0, sizeof *f);
    numbers = skc__random_stream(1, 4, 9);
    f->s    = *s;
    assert_int_equal(skc__kernels_for(skc__cpu_probe(), set, &f->kernels, NULL), SKC_OK);
    f->pool = make_pool(threads);
    f->c    = (skc_convolution){ .window   = skc__window(&o, (skc_shape){ s->n, s->h, s->w, s->c }),
                                 .groups   = (size_t)s->groups,
                                 .c_in     = (size_t)(s->c / s->groups),
                                 .c_out    = (size_t)(s->filters / s->groups),
                                 .pictures = (size_t)s->n,
                                 .planned_pictures = (size_t)s->n,
                                 .threads          = threads,
                                 .training         = true };
    f->nx   = (size_t)(s->n * s->h * s->w * s->c);
    f->ny   = (size_t)(s->n * f->c.window.h.out * f->c.window.w.out * s->filters);
    f->nw   = (size_t)(s->filters * s->kernel[0] * s->kernel[1]) * f->c.c_in;
    f->x    = drawn(f->nx);
    f->w    = drawn(f->nw);
    f->y    = drawn(f->ny);
    f->z    = drawn(f->ny);
    f->dy   = drawn(f->ny);
    f->dx   = drawn(f->nx);
    f->dw   = drawn(f->nw);
    for (int i = 0; i < 7; i++)
        f->channel[i] = drawn((size_t)(s->c > s->filters ? s->c : s->filters));
    make_io(f, what);
}

static void release(fixture *f)
{
    float *const all[] = { f->x, f->w, f->y, f->z, f->dy, f->dx, f->dw };

    for (int i = 0; i < 7; i++) {
        free(all[i]);
        free(f->channel[i]);
    }
    for (int i = 0; i < 3; i++) {
        free(f->want[i]);
        free(f->size[i]);
    }
    skc__pool_free(f->pool);
}

/* ---------------------------------------------------------------- the definition */

static double *start(fixture *f, int which, size_t n, const float *from)
{
    f->want[which] = allocate(n * sizeof(double));
    f->size[which] = allocate(n * sizeof(double));
    for (size_t i = 0; i < n; i++) {
        f->want[which][i] = from != NULL ? (double)from[i] : 0;
        f->size[which][i] = fabs(f->want[which][i]);
    }
    return f->want[which];
}

static double *read_input(const fixture *f)
{
    const skc_view *v = &f->io.in[0].view;
    double         *x = allocate(f->nx * sizeof *x);

    for (size_t i = 0; i < f->nx; i++) {
        size_t c = i % (size_t)f->s.c;

        x[i] = (double)f->x[i];
        if (v->on)
            x[i] = fmin(fmax(x[i] * (double)v->scale[c] + (double)v->shift[c], (double)v->low),
                        (double)v->high);
    }
    return x;
}

/* Gradients where a rounding decides whether they are kept are made 0. */
static double *read_gradient(const fixture *f)
{
    const skc_gradient_view *g  = &f->gradient.out_view;
    double                  *dz = allocate(f->ny * sizeof *dz);

    for (size_t i = 0; i < f->ny; i++) {
        size_t c = i % (size_t)f->s.filters;
        double z = (double)f->z[i], at;

        dz[i] = (double)f->dy[i];
        if (!g->after.on)
            continue;
        at = z * (double)g->after.scale[c] + (double)g->after.shift[c];
        if (fabs(at + 0.5) < 1e-5 || fabs(at - 0.75) < 1e-5)
            f->dy[i] = 0;
        dz[i] = at > -0.5 && at < 0.75 ? (double)f->dy[i] : 0;
        dz[i] = (double)g->a[c] * dz[i] + (double)g->b[c] * z + (double)g->d[c];
    }
    return dz;
}

static void add(fixture *f, int which, size_t i, double term)
{
    f->want[which][i] += term;
    f->size[which][i] += fabs(term);
}

/* What place (picture, row, column) of a filter takes part in. */
static void define_place(fixture *f, const double *x, const double *dz, size_t at)
{
    const skc_window *w   = &f->c.window;
    const size_t      all = (size_t)f->s.filters, filter = at % all, pixel = at / all;
    const int32_t     left    = (int32_t)(pixel % (size_t)w->w.out);
    const int32_t     top     = (int32_t)(pixel / (size_t)w->w.out % (size_t)w->h.out);
    const size_t      picture = pixel / (size_t)w->w.out / (size_t)w->h.out;
    const size_t      channel = filter / f->c.c_out * f->c.c_in;

    for (int32_t i = 0; i < w->h.kernel; i++)
        for (int32_t j = 0; j < w->w.kernel; j++) {
            int32_t row    = top * w->h.stride + i * w->h.dilation - w->h.before;
            int32_t column = left * w->w.stride + j * w->w.dilation - w->w.before;
            size_t  from, weight;

            if (row < 0 || row >= f->s.h || column < 0 || column >= f->s.w)
                continue;
            from   = ((picture * (size_t)f->s.h + (size_t)row) * (size_t)f->s.w + (size_t)column);
            from   = from * (size_t)f->s.c + channel;
            weight = (filter * (size_t)w->h.kernel + (size_t)i) * (size_t)w->w.kernel + (size_t)j;
            weight *= f->c.c_in;
            for (size_t k = 0; k < f->c.c_in; k++) {
                add(f, Y, at, x[from + k] * (double)f->w[weight + k]);
                add(f, DX, from + k, dz[at] * (double)f->w[weight + k]);
                add(f, DW, weight + k, dz[at] * x[from + k]);
            }
        }
}

static void define(fixture *f)
{
    double *x = read_input(f), *dz = read_gradient(f);

    start(f, Y, f->ny, NULL);
    start(f, DX, f->nx, f->gradient.accumulate[0] ? f->dx : NULL);
    start(f, DW, f->nw, f->dw);
    for (size_t i = 0; i < f->ny; i++)
        define_place(f, x, dz, i);
    for (size_t i = 0; i < f->ny && f->io.param[1] != NULL; i++) {
        add(f, Y, i, (double)f->io.param[1][i % (size_t)f->s.filters]);
        f->want[Y][i] = fmin(fmax(f->want[Y][i], (double)f->io.low), (double)f->io.high);
    }
    free(x);
    free(dz);
}

/* ---------------------------------------------------------------- the passes */

/* With scratch of exactly the size that was asked for, full of what must not matter. */
static void give_scratch(fixture *f, size_t bytes)
{
    f->io.scratch = allocate(bytes);
    memset(f->io.scratch, 0xff, bytes);
}

static void run_direct(fixture *f)
{
    give_scratch(f, skc__direct_scratch_bytes(&f->c));
    skc__direct_forward(&f->c, &f->io);
    f->io.out = f->z;
    skc__direct_backward(&f->c, &f->io, &f->gradient);
    free(f->io.scratch);
}

static void compare(const fixture *f, int which, size_t n, const float *got)
{
    static const char *const names[] = { "y", "dx", "dw" };
    const double             bound   = 1e-5;

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - f->want[which][i]) <= bound * (f->size[which][i] + 1e-3)))
            fail_msg("%s of shape %d %d %d %d -> %d, kernel %d %d, %s, %d threads: [%zu] is %g, "
                     "not %g",
                     names[which], f->s.n, f->s.h, f->s.w, f->s.c, f->s.filters, f->s.kernel[0],
                     f->s.kernel[1], f->kernels.name, f->c.threads, i, (double)got[i],
                     f->want[which][i]);
}

static void compare_all(const fixture *f)
{
    compare(f, Y, f->ny, f->y);
    compare(f, DX, f->nx, f->dx);
    compare(f, DW, f->nw, f->dw);
}

static void check_each_shape(int32_t threads, int what)
{
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++)
        for (size_t i = 0; i < SHAPES; i++) {
            fixture f;

            make(&f, &shapes[i], skc_kernel_set(set), threads, what);
            define(&f);
            run_direct(&f);
            compare_all(&f);
            release(&f);
        }
}

static void test_plain(void **state)
{
    (void)state;
    check_each_shape(1, 0);
}

static void test_views(void **state)
{
    (void)state;
    check_each_shape(1, VIEW_INPUT);
    check_each_shape(1, VIEW_GRADIENT | ACCUMULATE);
    check_each_shape(2, VIEW_INPUT | VIEW_GRADIENT);
}

static void test_bias_clamp_and_adding(void **state)
{
    (void)state;
    check_each_shape(1, BIAS_AND_CLAMP | ACCUMULATE);
}

static void test_threads(void **state)
{
    (void)state;
    check_each_shape(2, ACCUMULATE);
    check_each_shape(5, BIAS_AND_CLAMP | VIEW_INPUT);
}

/* So many values that a band's are called for while the one before is multiplied. */
static void test_more_than_caches_hold(void **state)
{
    static const shape far[] = {
        { 2, 651, 653, 2, 3, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 } },
        { 2, 371, 301, 20, 1, 1, { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 0, 1, 1 } },
    };

    (void)state;
    for (int i = 0; i < 4; i++) {
        fixture f;

        make(&f, &far[i / 2], NULL, 2, i % 2 * (VIEW_INPUT | VIEW_GRADIENT));
        define(&f);
        run_direct(&f);
        compare_all(&f);
        release(&f);
    }
}

/* Either gradient alone is what both together give; what is not wanted is not written. */
static void test_one_gradient(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (int views = 0; views < 2; views++) {
            const int what = views * (VIEW_INPUT | VIEW_GRADIENT);
            fixture   f;

            make(&f, &shapes[i], NULL, 2, what);
            define(&f);
            f.gradient.param[0] = NULL;
            run_direct(&f);
            compare(&f, DX, f.nx, f.dx);
            f.io.out            = f.y;
            f.gradient.in[0]    = NULL;
            f.gradient.param[0] = f.dw;
            memset(f.dx, 0xff, f.nx * sizeof *f.dx);
            run_direct(&f);
            compare(&f, DW, f.nw, f.dw);
            for (size_t k = 0; k < f.nx; k++)
                assert_true(isnan(f.dx[k]));
            release(&f);
        }
}

static void expect_same_bits(const fixture *a, const fixture *b)
{
    assert_memory_equal(a->y, b->y, a->ny * sizeof(float));
    assert_memory_equal(a->dx, b->dx, a->nx * sizeof(float));
    assert_memory_equal(a->dw, b->dw, a->nw * sizeof(float));
}

static void test_same_threads_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (int32_t threads = 1; threads < 4; threads++) {
            const int what = VIEW_INPUT | VIEW_GRADIENT | BIAS_AND_CLAMP;
            fixture   a, b;

            make(&a, &shapes[i], NULL, threads, what);
            make(&b, &shapes[i], NULL, threads, what);
            run_direct(&a);
            run_direct(&b);
            expect_same_bits(&a, &b);
            release(&a);
            release(&b);
        }
}

static void test_prepared_weights_give_the_same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        const int what = VIEW_INPUT | BIAS_AND_CLAMP;
        fixture   a, b;
        void     *prepared;

        make(&a, &shapes[i], NULL, 2, what);
        make(&b, &shapes[i], NULL, 2, what);
        give_scratch(&a, skc__direct_scratch_bytes(&a.c));
        skc__direct_forward(&a.c, &a.io);
        free(a.io.scratch);

        b.c.training = false;
        prepared     = allocate(skc__direct_prepared_bytes(&b.c));
        skc__direct_prepare(&b.c, &b.io, prepared);
        b.io.prepared = prepared;
        give_scratch(&b, skc__direct_scratch_bytes(&b.c));
        skc__direct_forward(&b.c, &b.io);
        free(b.io.scratch);
        free(prepared);
        expect_same_bits(&a, &b);
        release(&a);
        release(&b);
    }
}

/* Scratch for the most pictures and threads is enough for fewer of both. */
static void test_fewer_pictures_and_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (int32_t threads = 1; threads <= 4; threads++)
            for (int training = 0; training < 2; training++) {
                skc_convolution most;
                fixture         f;

                make(&f, &shapes[i], NULL, threads, 0);
                f.c.training  = training != 0;
                most          = f.c;
                most.pictures = most.planned_pictures = 2 * f.c.pictures + 5;
                most.threads                          = 4;
                assert_true(skc__direct_scratch_bytes(&most) >= skc__direct_scratch_bytes(&f.c));
                release(&f);
            }
}

/* ---------------------------------------------------------------- far outputs */

/* n floats at a cache line. */
static float *lines_of(size_t n)
{
    float *block = aligned_alloc(64, (n * sizeof *block + 63) / 64 * 64);

    assert_non_null(block);
    return block;
}

/* Runs picture `at` of the fixture alone, to y and dx. */
static void run_alone(const fixture *f, size_t at, float *y, float *dx)
{
    const size_t n     = (size_t)f->s.n;
    fixture      alone = *f;

    alone.c.pictures        = 1;
    alone.io.in[0].shape.n  = 1;
    alone.io.out_shape.n    = 1;
    alone.io.in[0].data     = f->x + at * (f->nx / n);
    alone.io.out            = y;
    alone.z                 = y;
    alone.gradient.out      = f->dy + at * (f->ny / n);
    alone.gradient.in[0]    = dx;
    alone.gradient.param[0] = NULL;
    run_direct(&alone);
}

/* More than caches hold goes past them: bit by bit what one picture after the other gives. */
static void test_far_outputs(void **state)
{
    const shape s = { 8, 200, 180, 16, 16, 1, { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0 } };

    (void)state;
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
        fixture f;
        float  *y, *dx, *one, *own;

        make(&f, &s, skc_kernel_set(set), 2, BIAS_AND_CLAMP);
        assert_true(f.ny > 1 << 22);
        y                   = lines_of(f.ny);
        dx                  = lines_of(f.nx);
        one                 = lines_of(f.ny / 8 + f.nx / 8);
        own                 = f.z;
        f.io.out            = y;
        f.z                 = y;
        f.gradient.in[0]    = dx;
        f.gradient.param[0] = NULL;
        run_direct(&f);
        for (size_t i = 0; i < 8; i++) {
            run_alone(&f, i, one, one + f.ny / 8);
            assert_memory_equal(y + i * (f.ny / 8), one, f.ny / 8 * sizeof *y);
            assert_memory_equal(dx + i * (f.nx / 8), one + f.ny / 8, f.nx / 8 * sizeof *y);
        }
        free(y);
        free(dx);
        free(one);
        f.z = own;
        release(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_views),
        cmocka_unit_test(test_bias_clamp_and_adding),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_more_than_caches_hold),
        cmocka_unit_test(test_one_gradient),
        cmocka_unit_test(test_same_threads_same_bits),
        cmocka_unit_test(test_prepared_weights_give_the_same_bits),
        cmocka_unit_test(test_fewer_pictures_and_threads),
        cmocka_unit_test(test_far_outputs),
    };

    return cmocka_run_group_tests_name("convolution", tests, NULL, NULL);
}
