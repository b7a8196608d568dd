/* winograd_problem.h - 3x3 convolutions with buffers of their own, and what Winograd's three passes
 * must make of them. */
#ifndef WINOGRAD_PROBLEM_H
#define WINOGRAD_PROBLEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../winograd_matrices.h"
#include "layers/convolution.h"

/* ---------------------------------------------------------------- problems */

typedef struct shape {
    int32_t pictures, h, w, c_in, c_out;
    int32_t top, bottom, left, right;
} shape;

/* Sizes that are no multiples of 4, below a tile and of one pixel; all paddings; few and many
 * channels; more tiles than channels ("wide") and fewer ("deep"). */
static const shape shapes[] = {
    { 1, 1, 1, 1, 1, 1, 1, 1, 1 },     { 1, 3, 3, 2, 3, 0, 0, 0, 0 },
    { 2, 1, 1, 17, 5, 2, 2, 2, 2 },    { 1, 2, 3, 4, 6, 1, 2, 0, 1 },
    { 3, 5, 7, 3, 2, 1, 1, 1, 1 },     { 2, 9, 11, 16, 8, 0, 1, 1, 0 },
    { 2, 13, 6, 5, 33, 2, 0, 1, 2 },   { 1, 8, 8, 32, 16, 1, 1, 1, 1 },
    { 1, 4, 4, 40, 30, 1, 1, 1, 1 },   { 2, 7, 7, 12, 129, 1, 1, 1, 1 },
    { 1, 6, 5, 130, 9, 1, 1, 1, 1 },   { 5, 17, 18, 9, 7, 2, 2, 2, 2 },
    { 1, 30, 33, 20, 19, 1, 1, 1, 1 },
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Blocks of exactly the size that is asked for, so that the address sanitizer sees a step too far.
 */
typedef struct problem {
    skc_kernels        kernels;
    skc_convolution    c;
    skc_layer_io       io;
    skc_layer_gradient gradient;
    size_t             x_count, y_count, w_count;
    float             *x, *y, *w, *bias, *dy, *dx, *dw;
    void              *scratch, *prepared;
} problem;

static inline float *filled(skc_random *random, size_t count)
{
    float *x = malloc(count * sizeof *x);

    assert_non_null(x);
    for (size_t i = 0; i < count; i++)
        x[i] = skc__random_between(random, -1, 1);
    return x;
}

static inline void *block(size_t bytes)
{
    void *to = aligned_alloc(64, (bytes + 63) / 64 * 64);

    assert_non_null(to);
    memset(to, 0xff, bytes); /* NaN: what was there does not count */
    return to;
}

static inline skc_convolution convolution_of(shape s, int32_t threads, bool training)
{
    skc_axis h = { s.h, s.h + s.top + s.bottom - 2, 3, 1, 1, s.top, s.bottom };
    skc_axis w = { s.w, s.w + s.left + s.right - 2, 3, 1, 1, s.left, s.right };

    return (skc_convolution){ .window           = { h, w },
                              .groups           = 1,
                              .c_in             = (size_t)s.c_in,
                              .c_out            = (size_t)s.c_out,
                              .pictures         = (size_t)s.pictures,
                              .planned_pictures = (size_t)s.pictures,
                              .threads          = threads,
                              .training         = training };
}

static inline void fill_in(problem *p, shape s)
{
    skc_random  random = skc__random_stream(4, 7, 19);
    skc_shape   in     = { s.pictures, s.h, s.w, s.c_in };
    skc_shape   out    = { s.pictures, p->c.window.h.out, p->c.window.w.out, s.c_out };
    skc_runtime runtime;

    p->x_count = skc__shape_count(in);
    p->y_count = skc__shape_count(out);
    p->w_count = 9 * p->c.c_in * p->c.c_out;
    p->x       = filled(&random, p->x_count);
    p->y       = filled(&random, p->y_count);
    p->w       = filled(&random, p->w_count);
    p->bias    = filled(&random, p->c.c_out);
    p->dy      = filled(&random, p->y_count);
    p->dx      = filled(&random, p->x_count);
    p->dw      = filled(&random, p->w_count);
    p->io      = (skc_layer_io){ .kernels   = &p->kernels,
                                 .threads   = p->c.threads,
                                 .training  = p->c.training,
                                 .n_in      = 1,
                                 .in        = { { .data = p->x, .shape = in } },
                                 .out       = p->y,
                                 .out_shape = out,
                                 .low       = -INFINITY,
                                 .high      = INFINITY,
                                 .param     = { p->w, p->bias },
                                 .scratch   = p->scratch,
                                 .prepared  = p->prepared };
    skc_runtime_init(&runtime);
    runtime.threads = p->c.threads;
    assert_int_equal(skc__pool_create(&runtime, &p->io.pool, NULL), SKC_OK);
    p->gradient = (skc_layer_gradient){ .out = p->dy, .in = { p->dx }, .param = { p->dw } };
}

/* The i-th shape on a kernel set; not training: with prepared weights. */
static inline problem *create(shape s, const char *set, int32_t threads, bool training)
{
    problem *p = calloc(1, sizeof *p);

    assert_non_null(p);
    assert_int_equal(skc__kernels_for(skc__cpu_probe(), set, &p->kernels, NULL), SKC_OK);
    p->c       = convolution_of(s, threads, training);
    p->scratch = block(skc__winograd_scratch_bytes(&p->c));
    if (!training)
        p->prepared = block(skc__winograd_prepared_bytes(&p->c));
    fill_in(p, s);
    if (!training)
        skc__winograd_prepare(&p->c, &p->io, p->prepared);
    return p;
}

static inline void destroy(problem *p)
{
    float *const floats[] = { p->x, p->y, p->w, p->bias, p->dy, p->dx, p->dw };

    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++)
        free(floats[i]);
    skc__pool_free(p->io.pool);
    free(p->scratch);
    free(p->prepared);
    free(p);
}

#define EACH_SET(set) for (int32_t i_ = 0; (set = skc_kernel_set(i_)) != NULL; i_++)

/* ---------------------------------------------------------------- what is right */

/* A value in double, and what its error is in proportion to: the sum of the magnitudes of all
 * terms of Winograd's algorithm. */
typedef struct expected {
    double *value, *size;
} expected;

static winograd_matrices matrices;

static inline expected nothing(size_t count)
{
    expected e = { calloc(count, sizeof(double)), calloc(count, sizeof(double)) };

    assert_non_null(e.value);
    assert_non_null(e.size);
    return e;
}

static inline void forget(expected e)
{
    free(e.value);
    free(e.size);
}

/* Pixel (y, x) of channel c; 0 outside. */
static inline double pixel(const float *data, skc_shape s, int32_t n, int32_t y, int32_t x,
                           int32_t c)
{
    if (y < 0 || y >= s.h || x < 0 || x >= s.w)
        return 0;
    return (double)
        data[(((size_t)n * (size_t)s.h + (size_t)y) * (size_t)s.w + (size_t)x) * (size_t)s.c +
             (size_t)c];
}

/* Adds one channel's part of a 4x4 tile of results: of window x (6, 6) and filter g (3, 3). */
static inline void add_tile(const double *x, const double *g, double value[16], double size[16])
{
    double v[36], u[36], y[16], v_size[36], u_size[36], y_size[16], magnitude[36];

    winograd_transform(6, 6, matrices.b, x, v, v_size);
    winograd_transform(6, 3, matrices.g, g, u, u_size);
    for (int i = 0; i < 36; i++) {
        v[i] *= u[i];
        magnitude[i] = v_size[i] * u_size[i];
    }
    winograd_transform(4, 6, matrices.a_turned, v, y, NULL);
    winograd_transform(4, 6, matrices.a_turned, magnitude, y, y_size);
    for (int i = 0; i < 16; i++) {
        for (int t = 0; t < 9; t++)
            value[i] += g[t] * x[(i / 4 + t / 3) * 6 + i % 4 + t % 3];
        size[i] += y_size[i];
    }
}

/* One channel's window and filter, from c of the source to o of the result. */
static inline void take_window(const float *data, skc_shape in, const int32_t at[3], int32_t c,
                               int side, double *x)
{
    for (int i = 0; i < side * side; i++)
        x[i] = pixel(data, in, at[0], at[1] + i / side, at[2] + i % side, c);
}

static inline void take_filter(const problem *p, bool turned, int32_t o, int32_t c, double g[9])
{
    size_t c_in = p->c.c_in, row = (size_t)(turned ? c : o), column = (size_t)(turned ? o : c);

    for (size_t t = 0; t < 9; t++)
        g[t] = (double)p->w[(row * 9 + (turned ? 8 - t : t)) * c_in + column];
}

/* The convolution of `data`, with `top` and `left` zeros before it: y, or turned dx of dy. */
static inline expected convolved(const problem *p, const float *data, bool turned)
{
    const skc_shape in   = turned ? p->io.out_shape : p->io.in[0].shape;
    const skc_shape out  = turned ? p->io.in[0].shape : p->io.out_shape;
    const int32_t   top  = turned ? 2 - p->c.window.h.before : p->c.window.h.before;
    const int32_t   left = turned ? 2 - p->c.window.w.before : p->c.window.w.before;
    expected        e    = nothing(skc__shape_count(out));

    for (int32_t n = 0; n < out.n; n++)
        for (int32_t y = 0; y < out.h; y += 4)
            for (int32_t x = 0; x < out.w; x += 4)
                for (int32_t o = 0; o < out.c; o++) {
                    const int32_t at[] = { n, y - top, x - left };
                    double        window[36], filter[9], value[16] = { 0 }, size[16] = { 0 };

                    for (int32_t c = 0; c < in.c; c++) {
                        take_window(data, in, at, c, 6, window);
                        take_filter(p, turned, o, c, filter);
                        add_tile(window, filter, value, size);
                    }
                    for (int i = 0; i < 16; i++) {
                        size_t row = (size_t)n * (size_t)out.h + (size_t)(y + i / 4);
                        size_t to  = (row * (size_t)out.w + (size_t)(x + i % 4)) * (size_t)out.c;

                        if (y + i / 4 >= out.h || x + i % 4 >= out.w)
                            continue;
                        e.value[to + (size_t)o] = value[i];
                        e.size[to + (size_t)o]  = size[i];
                    }
                }
    return e;
}

/* Adds one tile's part of a filter's gradient: of window x (6, 6) and gradient z (4, 4). */
static inline void add_filter(const double *x, const double *z, double *value, double *size,
                              size_t step)
{
    double v[36], u[36], v_size[36], u_size[36], dg[9], dg_size[9];

    winograd_transform(6, 6, matrices.b, x, v, v_size);
    winograd_transform(6, 4, matrices.a, z, u, u_size);
    for (int i = 0; i < 36; i++)
        v_size[i] *= u_size[i];
    winograd_transform(3, 6, matrices.g_turned, v_size, dg, dg_size);
    for (int t = 0; t < 9; t++) {
        for (int i = 0; i < 16; i++)
            value[(size_t)t * step] += z[i] * x[(i / 4 + t / 3) * 6 + i % 4 + t % 3];
        size[(size_t)t * step] += dg_size[t];
    }
}

static inline expected weights_gradient(const problem *p, const float *data, const float *dz)
{
    const skc_shape in = p->io.in[0].shape, out = p->io.out_shape;
    expected        e = nothing(p->w_count);

    for (int32_t n = 0; n < out.n; n++)
        for (int32_t y = 0; y < out.h; y += 4)
            for (int32_t x = 0; x < out.w; x += 4)
                for (int32_t i = 0; i < out.c * in.c; i++) {
                    const int32_t o = i / in.c, c = i % in.c, tile[] = { n, y, x };
                    const int32_t at[] = { n, y - p->c.window.h.before, x - p->c.window.w.before };
                    size_t        to   = (size_t)o * 9 * (size_t)in.c + (size_t)c;
                    double        window[36], gradient[16];

                    take_window(data, in, at, c, 6, window);
                    take_window(dz, out, tile, o, 4, gradient);
                    add_filter(window, gradient, e.value + to, e.size + to, (size_t)in.c);
                }
    return e;
}

/* |got - want| <= (terms + 40) FLT_EPSILON size, `added` having been added to both. */
static inline void expect(const char *what, expected e, size_t terms, const float *added,
                          size_t period, const float *got, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double more  = added != NULL ? (double)added[i % period] : 0;
        double bound = (double)(terms + 40) * (double)FLT_EPSILON * (e.size[i] + fabs(more));

        if (!(fabs((double)got[i] - e.value[i] - more) <= bound))
            fail_msg("%s: [%zu] is %g, not %g", what, i, (double)got[i], e.value[i] + more);
    }
}

static inline float *copy_of(const float *x, size_t count)
{
    return memcpy(block(count * sizeof *x), x, count * sizeof *x);
}

#endif
