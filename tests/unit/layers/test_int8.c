/* test_int8.c - layers on bytes against their definition in real numbers: at most one step away,
 * and hardly ever that; the same bits for every set and number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"
#include "layers/int8.h"

static skc_random source;

/* A layer with random weights and input, all to be freed. */
typedef struct problem {
    skc_int8_layer layer;
    skc_int8_kind  kind;
    float         *weights, *weight_scale, *bias;
    uint8_t       *in;
    size_t         in_count, out_count;
} problem;

static void *room(size_t bytes)
{
    void *block = calloc(bytes + 1, 1);

    assert_non_null(block);
    return block;
}

static skc_axis axis(int32_t in, int32_t kernel, int32_t stride, int32_t dilation, int32_t before,
                     int32_t after)
{
    const int32_t reach = (kernel - 1) * dilation + 1;

    return (skc_axis){
        in, (in + before + after - reach) / stride + 1, kernel, stride, dilation, before, after
    };
}

static void fill(problem *p, size_t weights, size_t channels)
{
    skc_int8_layer *l = &p->layer;

    p->in_count     = skc__shape_count(l->in);
    p->out_count    = skc__shape_count(l->out);
    p->weights      = room(weights * sizeof(float));
    p->weight_scale = room(channels * sizeof(float));
    p->bias         = room(channels * sizeof(float));
    p->in           = room(p->in_count + SKC_INT8_SLACK);
    for (size_t c = 0; c < channels; c++) {
        p->weight_scale[c] = skc__random_between(&source, 0.001f, 0.01f);
        p->bias[c]         = skc__random_between(&source, -2, 2);
    }
    for (size_t i = 0; i < p->in_count; i++)
        p->in[i] = (uint8_t)skc__random_below(&source, 256);
    l->in_scale[0]  = (skc_int8_scale){ 0.013f, 77 };
    l->out_scale    = (skc_int8_scale){ 0.05f, 100 };
    l->low          = -3;
    l->high         = 5;
    l->threads      = 1;
    l->n_in         = 1;
    l->weights      = p->weights;
    l->weight_scale = p->weight_scale;
    l->bias         = p->bias;
}

/* Geometry of a convolution: groups of c_in to c_out channels. */
static problem make_convolution(int32_t n, skc_axis h, skc_axis w, size_t groups, size_t c_in,
                                size_t c_out, bool real)
{
    problem      p     = { .kind = SKC_INT8_CONVOLUTION };
    const size_t depth = (size_t)h.kernel * (size_t)w.kernel * c_in;

    p.layer.window =
        (skc_convolution){ .window = { h, w }, .groups = groups, .c_in = c_in, .c_out = c_out };
    p.layer.in   = (skc_shape){ n, h.in, w.in, (int32_t)(groups * c_in) };
    p.layer.out  = (skc_shape){ n, h.out, w.out, (int32_t)(groups * c_out) };
    p.layer.real = real;
    fill(&p, groups * c_out * depth, groups * c_out);
    for (size_t i = 0; i < groups * c_out * depth; i++)
        p.weights[i] =
            (float)((int)skc__random_below(&source, 255) - 127) * p.weight_scale[i / depth];
    return p;
}

static problem make_depthwise(int32_t n, skc_axis h, skc_axis w, size_t c)
{
    problem      p    = { .kind = SKC_INT8_DEPTHWISE };
    const size_t taps = (size_t)h.kernel * (size_t)w.kernel;

    p.layer.window = (skc_convolution){ .window = { h, w }, .groups = c, .c_in = 1, .c_out = 1 };
    p.layer.in     = (skc_shape){ n, h.in, w.in, (int32_t)c };
    p.layer.out    = (skc_shape){ n, h.out, w.out, (int32_t)c };
    fill(&p, taps * c, c);
    for (size_t i = 0; i < taps * c; i++)
        p.weights[i] = (float)((int)skc__random_below(&source, 255) - 127) * p.weight_scale[i % c];
    return p;
}

static void release(problem *p)
{
    free(p->weights);
    free(p->weight_scale);
    free(p->bias);
    free(p->in);
}

/* What place (row, column) of channel c of a picture is in real numbers, clamped. */
static double definition(const problem *p, size_t picture, int32_t row, int32_t column, size_t c)
{
    const skc_int8_layer  *l     = &p->layer;
    const skc_convolution *w     = &l->window;
    const bool             apart = p->kind == SKC_INT8_DEPTHWISE;
    const size_t           all = (size_t)l->in.c, group = c / w->c_out;
    double                 sum = (double)l->bias[c];

    for (int32_t i = 0; i < w->window.h.kernel; i++)
        for (int32_t k = 0; k < w->window.w.kernel; k++) {
            const int32_t y =
                row * w->window.h.stride + i * w->window.h.dilation - w->window.h.before;
            const int32_t x =
                column * w->window.w.stride + k * w->window.w.dilation - w->window.w.before;
            const size_t tap  = (size_t)(i * w->window.w.kernel + k);
            const size_t taps = (size_t)(w->window.h.kernel * w->window.w.kernel);

            if (y < 0 || y >= l->in.h || x < 0 || x >= l->in.w)
                continue;
            for (size_t z = 0; z < w->c_in; z++) {
                const uint8_t *pixel =
                    p->in +
                    ((picture * (size_t)l->in.h + (size_t)y) * (size_t)l->in.w + (size_t)x) * all;
                const float weight =
                    apart ? p->weights[tap * all + c] : p->weights[(c * taps + tap) * w->c_in + z];

                sum += (double)(pixel[group * w->c_in + z] - l->in_scale[0].zero) *
                       (double)l->in_scale[0].scale * (double)weight;
            }
        }
    return fmax((double)l->low, fmin(sum, (double)l->high));
}

/* Runs it; the result is to be freed. */
static void *run(problem *p, int32_t threads, const char *set)
{
    const skc_int8_ops *ops = skc__int8_find(p->kind);
    skc_runtime         runtime;
    skc_kernels         kernels;
    skc_pool           *pool;
    skc_int8_io         io  = { .layer = &p->layer, .n = p->layer.in.n, .in = { p->in } };
    void               *out = room(p->out_count * (p->layer.real ? sizeof(float) : 1));

    skc_runtime_init(&runtime);
    runtime.threads  = threads;
    runtime.kernels  = set;
    p->layer.threads = threads;
    assert_int_equal(skc__kernels(&runtime, &kernels, NULL), SKC_OK);
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    assert_true(ops->suits == NULL || ops->suits(&p->layer));
    io.kernels        = &kernels.int8;
    io.pool           = pool;
    io.out            = p->layer.real ? NULL : out;
    io.real           = p->layer.real ? out : NULL;
    io.scratch        = room(ops->scratch_bytes(&p->layer));
    p->layer.prepared = room(ops->prepared_bytes(&p->layer));
    ops->prepare(&p->layer, p->layer.prepared, io.scratch);
    ops->forward(&io);
    skc__pool_free(pool);
    free(p->layer.prepared);
    free(io.scratch);
    return out;
}

static void check_definition(const problem *p, const void *got)
{
    const skc_int8_layer *l     = &p->layer;
    const size_t          c_all = (size_t)l->out.c;
    size_t                off = 0, seen = 0;

    for (size_t i = 0; i<p->out_count; i += p->out_count> 3000 ? 1 + p->out_count / 3000 : 1) {
        const size_t pixel = i / c_all, wide = (size_t)l->out.w, high = (size_t)l->out.h;
        const double value = definition(p, pixel / (wide * high), (int32_t)(pixel / wide % high),
                                        (int32_t)(pixel % wide), i % c_all);
        const double bytes = value / (double)l->out_scale.scale + l->out_scale.zero;

        seen++;
        if (l->real) {
            assert_true(fabs((double)((const float *)got)[i] - value) < 1e-4);
            continue;
        }
        assert_true(fabs(((const uint8_t *)got)[i] - bytes) < 0.51);
        off += ((const uint8_t *)got)[i] != lrint(bytes);
    }
    assert_true(off <= 1 + seen / 100);
}

static void check(problem p)
{
    const size_t bytes = p.out_count * (p.layer.real ? sizeof(float) : 1);
    void        *want  = run(&p, 1, "scalar");

    check_definition(&p, want);
    for (int32_t threads = 1; threads <= 3; threads++)
        for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
            void *got = run(&p, threads, skc_kernel_set(set));

            assert_memory_equal(got, want, bytes);
            free(got);
        }
    free(want);
    release(&p);
}

static void test_convolutions(void **state)
{
    (void)state;
    check(make_convolution(1, axis(9, 3, 1, 1, 1, 1), axis(7, 3, 1, 1, 1, 1), 1, 5, 7, false));
    check(make_convolution(2, axis(13, 7, 2, 1, 3, 3), axis(15, 7, 2, 1, 2, 3), 1, 3, 64, false));
    check(make_convolution(3, axis(8, 1, 1, 1, 0, 0), axis(5, 1, 1, 1, 0, 0), 1, 24, 33, false));
    check(make_convolution(1, axis(11, 1, 2, 1, 0, 0), axis(12, 1, 3, 1, 0, 0), 1, 17, 20, false));
    check(make_convolution(1, axis(9, 2, 1, 3, 2, 0), axis(10, 3, 2, 2, 1, 3), 1, 4, 19, false));
    check(make_convolution(2, axis(6, 3, 1, 1, 1, 1), axis(6, 3, 1, 1, 1, 1), 4, 3, 5, false));
    check(make_convolution(1, axis(4, 2, 3, 1, 5, 4), axis(3, 2, 3, 1, 4, 5), 1, 6, 4, false));
    check(make_convolution(4, axis(1, 1, 1, 1, 0, 0), axis(1, 1, 1, 1, 0, 0), 1, 300, 11, true));
}

/* So large that threads split columns, or that a picture takes several bands. */
static void test_large_convolutions(void **state)
{
    (void)state;
    check(make_convolution(1, axis(7, 3, 1, 1, 1, 1), axis(7, 3, 1, 1, 1, 1), 1, 96, 256, false));
    check(make_convolution(1, axis(90, 3, 1, 1, 1, 1), axis(80, 3, 1, 1, 1, 1), 1, 64, 5, false));
    check(make_convolution(1, axis(3, 1, 1, 1, 0, 0), axis(2500, 1, 1, 1, 0, 0), 1, 8, 9, false));
}

static void test_depthwise(void **state)
{
    (void)state;
    check(make_depthwise(2, axis(9, 3, 1, 1, 1, 1), axis(7, 3, 1, 1, 1, 1), 24));
    check(make_depthwise(1, axis(12, 5, 2, 1, 2, 2), axis(11, 5, 2, 1, 1, 2), 37));
    check(make_depthwise(1, axis(9, 2, 1, 3, 2, 0), axis(10, 3, 2, 2, 1, 3), 5));
    check(make_depthwise(1, axis(8, 3, 1, 1, 0, 0), axis(8, 3, 1, 1, 0, 0), 16));
    check(make_depthwise(1, axis(60, 3, 1, 1, 1, 1), axis(90, 3, 1, 1, 1, 1), 96));
}

/* Sums over more products than 32 bits are sure to hold are left to floats. */
static void test_too_deep(void **state)
{
    problem p = make_convolution(1, axis(1, 1, 1, 1, 0, 0), axis(1, 1, 1, 1, 0, 0), 1,
                                 SKC_INT8_MAX_SUM + 1, 1, false);

    (void)state;
    assert_false(skc__int8_find(p.kind)->suits(&p.layer));
    p.layer.window.c_in--;
    assert_true(skc__int8_find(p.kind)->suits(&p.layer));
    release(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_large_convolutions),
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_too_deep),
    };

    source = skc__random_stream(8, 8, 8);
    return cmocka_run_group_tests_name("int8 layers", tests, NULL, NULL);
}
