/* test_depthwise.c - the depthwise rows of every set against the definition, summed in double. */
#include "kernel_test.h"

#include <stdlib.h>

enum { MAX_TAPS = 7, Y = 7, WEIGHTS, BIAS, DY, DW };

/* One call: inputs in guarded buffers. */
typedef struct problem {
    skc_depthwise g;
    int32_t       n;                /* rows */
    size_t        c, in, out, taps; /* channels; values of an input row, of an output row, of dw */
    float        *rows[MAX_TAPS], *weights, *dy;
    const float  *from[MAX_TAPS]; /* where a row's weights begin: at their end for steps back */
} problem;

/* The weights of a row lie |weight_step| pixels apart. */
static problem make_problem(skc_depthwise g, int32_t n)
{
    problem p   = { .g = g, .n = n, .c = (size_t)g.channels };
    size_t  row = (size_t)(abs(g.weight_step) * (g.taps - 1) + 1) * p.c;

    p.in      = (size_t)g.width_in * p.c;
    p.out     = (size_t)g.width_out * p.c;
    p.taps    = (size_t)(n * g.taps) * p.c;
    p.weights = fresh(WEIGHTS, (size_t)n * row);
    p.dy      = fresh(DY, p.out);
    for (int32_t r = 0; r < n; r++) {
        p.rows[r] = fresh(r, p.in);
        p.from[r] = p.weights + (size_t)r * row + (g.weight_step < 0 ? row - p.c : 0);
    }
    return p;
}

/* The input value under a tap; NULL: it is outside. */
static const float *value_under(const problem *p, int32_t r, int32_t ox, int32_t k, size_t i)
{
    int32_t x = ox * p->g.stride - p->g.pad_left + k * p->g.dilation;

    return x >= 0 && x < p->g.width_in ? p->rows[r] + (size_t)x * p->c + i : NULL;
}

/* Value i of output pixel ox, whose sum starts from `start`. */
static void expect_sum(const problem *p, int32_t ox, size_t i, double start, float got)
{
    const skc_depthwise *g   = &p->g;
    double               sum = start, size = fabs(start);

    for (int32_t r = 0; r < p->n; r++)
        for (int32_t k = 0; k < g->taps; k++) {
            const float *x = value_under(p, r, ox, k, i);
            double       w = (double)p->from[r][k * g->weight_step * g->channels + (ptrdiff_t)i];

            sum += x != NULL ? w * (double)*x : 0;
            size += x != NULL ? fabs(w * (double)*x) : 0;
        }
    expect_close("depthwise", (size_t)ox * p->c + i,
                 fmin(fmax(sum, (double)g->low), (double)g->high), (double)got, size,
                 (double)(p->n * g->taps + 2));
}

/* What lies between the outputs, and before they were written, is NaN unless it is added to. */
static void check_row(const problem *p)
{
    const skc_depthwise *g    = &p->g;
    const size_t         step = (size_t)g->out_step * p->c;
    const size_t         all  = (size_t)(g->width_out - 1) * step + p->c;
    float               *y = room(Y, all), *before = malloc(all * sizeof *before);

    assert_non_null(before);
    for (size_t i = 0; i < all; i++)
        y[i] = before[i] = g->accumulate ? skc__random_between(&source, -2, 2) : NAN;
    tested.depthwise(g, p->n, (const float *const *)p->rows, p->from, y);
    for (size_t i = 0; i < all; i++) {
        size_t pixel = i / p->c, channel = i % p->c;
        double start = g->accumulate     ? (double)before[i]
                       : g->bias != NULL ? (double)g->bias[channel]
                                         : 0;

        if (pixel % (size_t)g->out_step == 0)
            expect_sum(p, (int32_t)(pixel / (size_t)g->out_step), channel, start, y[i]);
        else
            expect_same("depthwise", 1, before + i, y + i);
    }
    free(before);
}

static void check_weights(const problem *p)
{
    float *before = fresh(BIAS, p->taps), *dw = copied(DW, p->taps, before);

    tested.depthwise_weights(&p->g, p->n, (const float *const *)p->rows, p->dy, dw);
    for (size_t w = 0; w < p->taps; w++) {
        int32_t k = (int32_t)(w / p->c) % p->g.taps, r = (int32_t)(w / p->c) / p->g.taps;
        double  sum = (double)before[w], size = fabs(sum);

        for (int32_t ox = 0; ox < p->g.width_out; ox++) {
            const float *x    = value_under(p, r, ox, k, w % p->c);
            double       term = (double)p->dy[(size_t)ox * p->c + w % p->c];

            sum += x != NULL ? term * (double)*x : 0;
            size += x != NULL ? fabs(term * (double)*x) : 0;
        }
        expect_close("depthwise_weights", w, sum, (double)dw[w], size,
                     (double)(p->g.width_out + 1));
    }
}

/* As it stands, added to and spread out with weights from last to first, and streamed with a bias
 * and a clamp while what comes next is called for. */
static void check(skc_depthwise g, int32_t n)
{
    problem p;

    g.weight_step = g.out_step = 1;
    g.low                      = -INFINITY;
    g.high                     = INFINITY;
    p                          = make_problem(g, n);
    check_row(&p);
    check_weights(&p);
    g.accumulate  = true;
    g.weight_step = -2;
    g.out_step    = 3;
    p             = make_problem(g, n);
    check_row(&p);
    g.accumulate = false;
    g.stream     = true;
    g.out_step   = 1;
    g.bias       = fresh(BIAS, (size_t)g.channels);
    g.low        = -1;
    g.high       = 1;
    p            = make_problem(g, n);
    for (int i = 0; i < SKC_AHEAD; i++)
        p.g.ahead[i] = (skc_ahead){ p.dy, p.out };
    check_row(&p);
    check_weights(&p);
}

/* The row that a layer would ask for with this padding on both sides; none when it has no pixels.
 */
static void check_padded(skc_depthwise g, int32_t n)
{
    int32_t room_for = g.width_in + 2 * g.pad_left - (g.taps - 1) * g.dilation;

    g.width_out = room_for > 0 ? (room_for - 1) / g.stride + 1 : 0;
    if (g.width_out > 0)
        check(g, n);
}

static skc_depthwise row_of(int32_t c, int32_t width, int32_t taps, int32_t stride,
                            int32_t dilation, int32_t pad)
{
    return (skc_depthwise){ .channels = c,
                            .width_in = width,
                            .taps     = taps,
                            .stride   = stride,
                            .dilation = dilation,
                            .pad_left = pad };
}

static void test_geometries(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t taps = 1; taps <= MAX_TAPS; taps++)
        for (int32_t width = 1; width < 24; width++)
            for (int32_t stride = 1; stride <= 3; stride++)
                for (int32_t dilation = 1; dilation <= 2; dilation++) {
                    int32_t c   = 1 + (int32_t)skc__random_below(&source, 35);
                    int32_t pad = (int32_t)skc__random_below(&source, (uint32_t)taps);
                    int32_t n   = 1 + (int32_t)skc__random_below(&source, (uint32_t)taps);

                    check_padded(row_of(c, width, taps, stride, dilation, pad), n);
                }
}

static void test_channels(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t c = 1; c <= 67; c++)
        for (int32_t taps = 3; taps <= 5; taps += 2)
            for (int32_t stride = 1; stride <= 2; stride++)
                check_padded(row_of(c, 16, taps, stride, 1, taps / 2), c % 5 == 0 ? 2 : taps);
}

/* Whole tiles inside, and nothing but whole cache lines, so that streamed rows really are. */
static void test_long_rows(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t taps = 3; taps <= 5; taps += 2)
        for (int32_t stride = 1; stride <= 2; stride++)
            for (int32_t width = 40; width < 47; width++)
                check_padded(row_of(32, width, taps, stride, 1, taps / 2), taps);
}

/* Output pixels that see nothing but padding, on either side; more padding than there is of the
 * row; no rows at all. */
static void test_far_outside(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        skc_depthwise g = row_of(5, 3, 3, 1, 1, 8);

        g.width_out = 20;
        check(g, 3);
        g           = row_of(17, 2, 5, 2, 1, 7);
        g.width_out = 9;
        check(g, 4);
        g           = row_of(33, 4, 3, 2, 1, -1);
        g.width_out = 6;
        check(g, 3);
        g           = row_of(16, 6, 3, 1, 1, 1);
        g.width_out = 6;
        check(g, 0);
    }
}

/* Rows made together have the bits that each has alone; what is outside is NULL. */
static void check_together(skc_depthwise g, int32_t count, int32_t n)
{
    const float *rows[SKC_DEPTHWISE_LIST];
    problem      p;
    float       *y, *alone;

    g.weight_step = g.out_step = 1;
    g.low                      = -1;
    g.high                     = 1;
    p                          = make_problem(g, n);
    p.g.bias                   = count % 2 == 0 ? fresh(BIAS, p.c) : NULL;
    y                          = room(Y, (size_t)count * p.out);
    alone                      = malloc(p.out * sizeof *alone);
    assert_non_null(alone);
    for (int32_t k = 0; k < count * n; k++)
        rows[k] = skc__random_below(&source, 4) == 0
                      ? NULL
                      : p.rows[skc__random_below(&source, (uint32_t)n)];
    if (count % 3 == 0)
        p.g.ahead[0] = (skc_ahead){ p.dy, p.out };
    tested.depthwise_rows(&p.g, count, n, rows, p.weights, y);
    for (int32_t j = 0; j < count; j++) {
        const float *there[MAX_TAPS], *with[MAX_TAPS];
        int32_t      m = 0;

        for (int32_t r = 0; r < n; r++)
            if (rows[j * n + r] != NULL) {
                there[m]  = rows[j * n + r];
                with[m++] = p.from[r];
            }
        tested.depthwise(&p.g, m, there, with, alone);
        expect_same("depthwise_rows", p.out, alone, y + (size_t)j * p.out);
    }
    free(alone);
}

static void test_rows_together(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t taps = 1; taps <= MAX_TAPS; taps++)
        for (int32_t stride = 1; stride <= 2; stride++)
            for (int32_t count = 1; count <= 7; count++) {
                int32_t       c = count < 3 ? 150 : 1 + (int32_t)skc__random_below(&source, 50);
                skc_depthwise g = row_of(c, 14, taps, stride, 1, taps / 2);

                g.width_out = (14 + 2 * g.pad_left - taps) / stride + 1;
                check_together(g, count, 1 + (int32_t)skc__random_below(&source, (uint32_t)taps));
                check_together(g, count, taps);
            }
}

/* One input that is not a number spoils the pixels that see it, clamped or not, and no others. */
static void test_not_a_number_passes(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t bad = 0; bad < 9; bad++) {
        skc_depthwise g = row_of(19, 9, 3, 1, 1, 1);
        problem       p;
        float        *y;

        g.width_out   = 9;
        g.weight_step = g.out_step        = 1;
        g.high                            = 6;
        p                                 = make_problem(g, 3);
        y                                 = room(Y, p.out);
        p.rows[1][(size_t)bad * p.c + 17] = NAN;
        tested.depthwise(&g, 3, (const float *const *)p.rows, p.from, y);
        for (size_t i = 0; i < p.out; i++)
            assert_true(isnan(y[i]) == (i % p.c == 17 && abs((int32_t)(i / p.c) - bad) <= 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometries),    cmocka_unit_test(test_channels),
        cmocka_unit_test(test_long_rows),     cmocka_unit_test(test_far_outside),
        cmocka_unit_test(test_rows_together), cmocka_unit_test(test_not_a_number_passes),
    };

    return cmocka_run_group_tests_name("depthwise", tests, map_slots, NULL);
}
