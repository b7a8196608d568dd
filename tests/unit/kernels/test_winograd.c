/* test_winograd.c - the Winograd transforms of every set against their definition in double. */
#include "kernel_test.h"

#include "../winograd_matrices.h"

enum { STEPS = 36 };

static winograd_matrices matrices;

static int prepare(void **state)
{
    matrices = winograd_from_points();
    return map_slots(state);
}

/* Tiles in a row: from the picture's left edge or up to two pixels before it, with the last tile
 * whole or not. */
typedef struct shape {
    skc_winograd_tiles w;
    uint32_t           present; /* bit i: row i is not NULL */
} shape;

static shape random_shape(size_t channels, int side)
{
    shape s = { .present = 0x3f };

    s.w.tiles         = 1 + skc__random_below(&source, 3);
    s.w.channels      = channels;
    s.w.first         = -(ptrdiff_t)skc__random_below(&source, side == 6 ? 3 : 1);
    s.w.width         = (ptrdiff_t)(4 * (s.w.tiles - 1) + 1 + skc__random_below(&source, 8));
    s.w.pixel_step    = channels + skc__random_below(&source, 2);
    s.w.position_step = s.w.tiles * channels + skc__random_below(&source, 5);
    if (skc__random_below(&source, 2) == 0)
        s.present = skc__random_below(&source, 64);
    return s;
}

/* Values from a row's first pixel to its last channel. */
static size_t row_values(const shape *s)
{
    return (size_t)(s->w.width - 1) * s->w.pixel_step + s->w.channels;
}

static size_t transformed_values(const shape *s)
{
    return (STEPS - 1) * s->w.position_step + s->w.tiles * s->w.channels;
}

/* -1: outside. */
static ptrdiff_t place(const shape *s, int row, size_t tile, int j, size_t c)
{
    ptrdiff_t x = s->w.first + (ptrdiff_t)(4 * tile) + j;

    if ((s->present >> row & 1) == 0 || x < 0 || x >= s->w.width)
        return -1;
    return x * (ptrdiff_t)s->w.pixel_step + (ptrdiff_t)c;
}

/* ---------------------------------------------------------------- pixels to positions */

static void expect_transformed(const char *name, const shape *s, int side, const double *t,
                               const float *const *row, const float *got)
{
    for (size_t tile = 0; tile < s->w.tiles; tile++)
        for (size_t c = 0; c < s->w.channels; c++) {
            double x[36], y[36], size[36];

            for (int i = 0; i < side * side; i++) {
                ptrdiff_t at = place(s, i / side, tile, i % side, c);

                x[i] = at < 0 ? 0 : (double)row[i / side][at];
            }
            winograd_transform(6, side, t, x, y, size);
            for (size_t i = 0; i < STEPS; i++) {
                size_t at = i * s->w.position_step + tile * s->w.channels + c;

                expect_close(name, at, y[i], (double)got[at], size[i], 16);
            }
        }
}

static void check_pixels(size_t channels, int side)
{
    const shape  s = random_shape(channels, side);
    const float *row[6];
    float       *v = room(7, transformed_values(&s));

    for (int i = 0; i < 6; i++)
        row[i] = (s.present >> i & 1) != 0 ? fresh(i, row_values(&s)) : NULL;
    memset(v, 0xff, transformed_values(&s) * sizeof *v);
    if (side == 6) {
        tested.winograd_input(&s.w, row, v);
        expect_transformed("winograd_input", &s, 6, matrices.b, row, v);
    } else {
        tested.winograd_gradient(&s.w, row, v);
        expect_transformed("winograd_gradient", &s, 4, matrices.a, row, v);
    }
}

static void test_windows_and_gradients_are_transformed(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t channels = 1; channels < 50; channels++)
        for (int k = 0; k < 6; k++) {
            check_pixels(channels, 6);
            check_pixels(channels, 4);
        }
}

/* ---------------------------------------------------------------- positions to pixels */

static void expect_output(const shape *s, const skc_winograd_finish *f, const float *m,
                          float *const *before, float *const *got)
{
    for (size_t tile = 0; tile < s->w.tiles; tile++)
        for (size_t c = 0; c < s->w.channels; c++) {
            double x[36], y[16], size[16];

            for (size_t i = 0; i < STEPS; i++)
                x[i] = (double)m[i * s->w.position_step + tile * s->w.channels + c];
            winograd_transform(4, 6, matrices.a_turned, x, y, size);
            for (int i = 0; i < 16; i++) {
                ptrdiff_t at    = place(s, i / 4, tile, i % 4, c);
                double    added = f->bias != NULL ? (double)f->bias[c] : 0;

                if (at < 0)
                    continue;
                added += f->accumulate ? (double)before[i / 4][at] : 0;
                expect_close("winograd_output", (size_t)at,
                             fmin(fmax(y[i] + added, (double)f->low), (double)f->high),
                             (double)got[i / 4][at], size[i] + 4, 20);
            }
        }
}

/* What lies between pixels, or beyond the tiles, stays. */
static void expect_untouched(const shape *s, float *const *before, float *const *got)
{
    for (int i = 0; i < 4; i++)
        for (size_t at = 0; (s->present >> i & 1) != 0 && at < row_values(s); at++)
            if (at % s->w.pixel_step >= s->w.channels ||
                at / s->w.pixel_step >= (size_t)s->w.first + 4 * s->w.tiles)
                assert_memory_equal(&before[i][at], &got[i][at], sizeof(float));
}

static void check_output(size_t channels)
{
    const shape         s = random_shape(channels, 4);
    skc_winograd_finish f = { .accumulate = skc__random_below(&source, 2) == 0,
                              .low        = -INFINITY,
                              .high       = INFINITY,
                              .stream     = skc__random_below(&source, 2) == 0 };
    const float        *m = fresh(8, transformed_values(&s));
    float              *before[4], *row[4];

    if (skc__random_below(&source, 2) == 0)
        f.bias = fresh(9, channels);
    if (skc__random_below(&source, 2) == 0) {
        f.low  = 0;
        f.high = 6;
    }
    for (int i = 0; i < 4; i++) {
        bool there = (s.present >> i & 1) != 0;

        before[i] = there ? fresh(i, row_values(&s)) : NULL;
        row[i]    = there ? copied(4 + i, row_values(&s), before[i]) : NULL;
    }
    tested.winograd_output(&s.w, m, &f, row);
    expect_output(&s, &f, m, before, row);
    expect_untouched(&s, before, row);
}

static void test_outputs_are_transformed_and_finished(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t channels = 1; channels < 50; channels++)
        for (int k = 0; k < 8; k++)
            check_output(channels);
}

/* ---------------------------------------------------------------- filters */

/* Filters with their taps in order, or in reverse as backward data reads them. */
static skc_winograd_filters random_filters(size_t channels)
{
    skc_winograd_filters f = { .filters = 1 + skc__random_below(&source, 3), .channels = channels };
    const ptrdiff_t      tap = (ptrdiff_t)(channels + skc__random_below(&source, 3));

    f.tap_step      = skc__random_below(&source, 2) == 0 ? tap : -tap;
    f.filter_step   = 9 * tap + 1;
    f.position_step = f.filters * channels + skc__random_below(&source, 3);
    return f;
}

static size_t filter_values(const skc_winograd_filters *f)
{
    ptrdiff_t tap = f->tap_step < 0 ? -f->tap_step : f->tap_step;

    return (size_t)((ptrdiff_t)(f->filters - 1) * f->filter_step + 8 * tap) + f->channels;
}

/* Value `tap` of filter k, from the first in memory. */
static size_t tap_at(const skc_winograd_filters *f, size_t k, int tap, size_t c)
{
    ptrdiff_t first = f->tap_step < 0 ? -8 * f->tap_step : 0;

    return (size_t)((ptrdiff_t)k * f->filter_step + first + tap * f->tap_step + (ptrdiff_t)c);
}

static void check_filters(size_t channels)
{
    const skc_winograd_filters f = random_filters(channels);
    const float               *g = fresh(0, filter_values(&f));
    float                     *u = room(1, (STEPS - 1) * f.position_step + f.filters * channels);

    tested.winograd_filters(&f, g + tap_at(&f, 0, 0, 0), u);
    for (size_t k = 0; k < f.filters; k++)
        for (size_t c = 0; c < channels; c++) {
            double x[9], y[36], size[36];

            for (int t = 0; t < 9; t++)
                x[t] = (double)g[tap_at(&f, k, t, c)];
            winograd_transform(6, 3, matrices.g, x, y, size);
            for (size_t i = 0; i < STEPS; i++)
                expect_close("winograd_filters", i, y[i],
                             (double)u[i * f.position_step + k * channels + c], size[i], 16);
        }
}

static void check_filters_gradient(size_t channels)
{
    const skc_winograd_filters f      = random_filters(channels);
    const size_t               values = filter_values(&f);
    const float               *du = fresh(0, (STEPS - 1) * f.position_step + f.filters * channels);
    const float               *before = fresh(1, values);
    float                     *dg     = copied(2, values, before);

    tested.winograd_filters_gradient(&f, du, dg + tap_at(&f, 0, 0, 0));
    for (size_t k = 0; k < f.filters; k++)
        for (size_t c = 0; c < channels; c++) {
            double x[36], y[9], size[9];

            for (size_t i = 0; i < STEPS; i++)
                x[i] = (double)du[i * f.position_step + k * channels + c];
            winograd_transform(3, 6, matrices.g_turned, x, y, size);
            for (int t = 0; t < 9; t++) {
                size_t at = tap_at(&f, k, t, c);

                expect_close("winograd_filters_gradient", at, (double)before[at] + y[t],
                             (double)dg[at], size[t] + magnitude(before[at]), 20);
            }
        }
}

static void test_filters_and_their_gradients_are_transformed(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t channels = 1; channels < 50; channels++)
        for (int k = 0; k < 4; k++) {
            check_filters(channels);
            check_filters_gradient(channels);
        }
}

/* ---------------------------------------------------------------- the algorithm */

/* The matrices belong together: A' ((G g G') . (B' x B)) A is a 3x3 convolution. */
static void test_the_transforms_make_a_convolution(void **state)
{
    double x[36], g[9], v[36], u[36], y[16];

    (void)state;
    for (int i = 0; i < 36; i++)
        x[i] = (double)skc__random_between(&source, -1, 1);
    for (int i = 0; i < 9; i++)
        g[i] = (double)skc__random_between(&source, -1, 1);
    winograd_transform(6, 6, matrices.b, x, v, NULL);
    winograd_transform(6, 3, matrices.g, g, u, NULL);
    for (int i = 0; i < 36; i++)
        v[i] *= u[i];
    winograd_transform(4, 6, matrices.a_turned, v, y, NULL);
    for (int i = 0; i < 16; i++) {
        double sum = 0;

        for (int t = 0; t < 9; t++)
            sum += g[t] * x[(i / 4 + t / 3) * 6 + i % 4 + t % 3];
        assert_true(fabs(sum - y[i]) < 1e-13);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows_and_gradients_are_transformed),
        cmocka_unit_test(test_outputs_are_transformed_and_finished),
        cmocka_unit_test(test_filters_and_their_gradients_are_transformed),
        cmocka_unit_test(test_the_transforms_make_a_convolution),
    };

    return cmocka_run_group_tests(tests, prepare, NULL);
}
