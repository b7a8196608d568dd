/* test_band.c - rows and pixels fetched with their view, and with zeros around them. */
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
#include "layers/band.h"

enum { N = 3, H = 4, W = 5, MAX_C = 37, MOST = N * H * W * MAX_C };

static const float UNTOUCHED = 12345;

static skc_random  source_of_numbers;
static skc_kernels kernels;
static float       data[MOST], z[MOST];
static float       a[MAX_C], b[MAX_C], d[MAX_C], scale[MAX_C], shift[MAX_C];

static void draw(size_t n, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] = skc__random_between(&source_of_numbers, -2, 2);
}

static int draw_all(void **state)
{
    (void)state;
    source_of_numbers = skc__random_stream(3, 5, 8);
    draw(MOST, data);
    draw(MOST, z);
    for (int i = 0; i < 5; i++)
        draw(MAX_C, (float *const[]){ a, b, d, scale, shift }[i]);
    return 0;
}

static bool pick_set(int32_t i)
{
    const char *name = skc_kernel_set(i);

    return name != NULL && skc__kernels_for(skc__cpu_probe(), name, &kernels, NULL) == SKC_OK;
}

/* The views that there are: of an input none, a clamp, an affine map and a clamp; of a gradient
 * a clamp, the same behind an affine map, both with what a normalisation hands back. */
enum { PLAIN, CLAMPED, MAPPED, KEPT, KEPT_MAPPED, PASSED, PASSED_MAPPED, VIEWS };

static skc_source make_source(int view, int32_t c)
{
    const skc_view clamp = { true, NULL, NULL, -0.5f, 1 }, map = { true, scale, shift, -0.5f, 1 };
    skc_source     s = { .data = data, .shape = { N, H, W, c } };

    if (view == CLAMPED || view == MAPPED)
        s.view = view == CLAMPED ? clamp : map;
    if (view >= KEPT) {
        s.z                   = z;
        s.gradient_view.after = view == KEPT || view == PASSED ? clamp : map;
    }
    if (view >= PASSED) {
        s.gradient_view.a = a;
        s.gradient_view.b = b;
        s.gradient_view.d = d;
    }
    return s;
}

/* Value i of the source, as it is to be read, and the size of what it is made of. Where a rounding
 * decides what is kept, *size is infinite. */
static double read_value(const skc_source *s, size_t i, double *size)
{
    const skc_gradient_view *g = &s->gradient_view;
    const skc_view          *v = s->z != NULL ? &g->after : &s->view;
    const size_t             c = i % (size_t)s->shape.c;
    double                   x = s->z != NULL ? (double)s->z[i] : (double)s->data[i], y = x, kept;

    if (v->scale != NULL)
        y = x * (double)v->scale[c] + (double)v->shift[c];
    *size = fabs(x) + fabs(y) + 8;
    if (s->z == NULL)
        return v->on ? fmin(fmax(y, (double)v->low), (double)v->high) : x;
    if (fabs(y - (double)v->low) < 1e-5 || fabs(y - (double)v->high) < 1e-5)
        *size = (double)INFINITY;
    kept = y > (double)v->low && y < (double)v->high ? (double)s->data[i] : 0;
    return g->a == NULL ? kept : (double)g->a[c] * kept + (double)g->b[c] * x + (double)g->d[c];
}

static void check_value(const skc_source *s, size_t i, float got)
{
    double size, want = read_value(s, i, &size);

    if (!(fabs((double)got - want) <= 4 * (double)FLT_EPSILON * size))
        fail_msg("%s, value %zu of %d channels: %g, not %g", kernels.name, i, s->shape.c,
                 (double)got, want);
}

static void check_row(const skc_source *s, size_t picture, int32_t row, int32_t left, int32_t right,
                      size_t stride, const float *got)
{
    const size_t c = (size_t)s->shape.c;

    for (int32_t x = -left; x < W + right; x++, got += stride)
        for (size_t k = 0; k < c; k++) {
            size_t at = ((picture * H + (size_t)row) * W + (size_t)x) * c + k;

            if (row >= 0 && row < H && x >= 0 && x < W)
                check_value(s, at, got[k]);
            else
                assert_true(got[k] == 0 && !signbit(got[k]));
        }
}

static void check_rows(const skc_source *s, int32_t first, int32_t count, int32_t left,
                       int32_t right, size_t gap)
{
    const size_t stride = (size_t)s->shape.c + gap, row = (size_t)(left + W + right) * stride;
    const size_t all = (size_t)count * row;
    float       *to  = malloc((all + 1) * sizeof *to);

    assert_non_null(to);
    for (size_t i = 0; i <= all; i++)
        to[i] = UNTOUCHED;
    skc__fetch_rows(&kernels, s, 1, first, count, left, right, stride, to);
    assert_true(to[all] == UNTOUCHED);
    for (int32_t i = 0; i < count; i++)
        check_row(s, 1, first + i, left, right, stride, to + (size_t)i * row);
    free(to);
}

static void test_rows(void **state)
{
    (void)state;
    for (int32_t set = 0; pick_set(set); set++)
        for (int view = PLAIN; view < VIEWS; view++)
            for (int32_t c = 1; c <= MAX_C; c += 9) {
                const skc_source s = make_source(view, c);

                check_rows(&s, 0, H, 0, 0, 0);
                check_rows(&s, 1, 2, 0, 0, 0);
                check_rows(&s, -2, H + 5, 0, 0, 0);
                check_rows(&s, -1, H + 2, 1, 2, 0);
                check_rows(&s, 1, 1, 2, 0, 3);
                check_rows(&s, -3, 2, 0, 1, 0);
                check_rows(&s, H, 2, 1, 1, 1);
                check_rows(&s, 2, 0, 1, 1, 0);
            }
}

static void test_pixels(void **state)
{
    float to[MOST + 1];

    (void)state;
    for (int32_t set = 0; pick_set(set); set++)
        for (int view = PLAIN; view < VIEWS; view++)
            for (int32_t c = 1; c <= MAX_C; c += 12) {
                const skc_source s     = make_source(view, c);
                const size_t     begin = 7, end = N * H * W - 4, n = (end - begin) * (size_t)c;

                to[n] = UNTOUCHED;
                skc__fetch_pixels(&kernels, &s, begin, end, to);
                assert_true(to[n] == UNTOUCHED);
                for (size_t i = 0; i < n; i++)
                    check_value(&s, begin * (size_t)c + i, to[i]);
            }
}

static void test_sources_of_a_call(void **state)
{
    skc_layer_io       io       = { .out = z, .out_shape = { N, H, W, 3 } };
    skc_layer_gradient gradient = { .out = data };
    skc_source         s;

    (void)state;
    io.in[1] = (skc_input){ data, { N, H, W, 2 }, { false, NULL, NULL, 0, 0 } };
    s        = skc__input_source(&io, 1);
    assert_true(s.data == data && s.z == NULL && s.shape.c == 2 && skc__source_is_plain(&s));
    io.in[1].view.on = true;
    s                = skc__input_source(&io, 1);
    assert_false(skc__source_is_plain(&s));

    s = skc__gradient_source(&io, &gradient);
    assert_true(s.data == data && s.z == z && s.shape.c == 3 && skc__source_is_plain(&s));
    gradient.out_view.after.on = true;
    s                          = skc__gradient_source(&io, &gradient);
    assert_false(skc__source_is_plain(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_sources_of_a_call),
    };

    return cmocka_run_group_tests_name("band", tests, draw_all, NULL);
}
