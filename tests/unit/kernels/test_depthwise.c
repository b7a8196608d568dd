/* test_depthwise.c - the depthwise rows of every set against the definition, summed in double. */
#include "kernel_test.h"

#include <stdlib.h>

enum { MAX_TAPS = 7 };

/* One call: inputs in guarded buffers, and which rows of the input there are. */
typedef struct problem {
    skc_depthwise g;
    uint32_t      present;          /* bit ky: row ky is not NULL */
    size_t        c, in, out, taps; /* channels and elements of an input row, an output row, w */
    const float  *rows[MAX_TAPS];
    float        *dy, *weights, *bias;
} problem;

static problem make_problem(skc_depthwise g, uint32_t present)
{
    problem p = { .g = g, .present = present, .c = (size_t)g.channels };

    p.in      = (size_t)g.width_in * p.c;
    p.out     = (size_t)g.width_out * p.c;
    p.taps    = (size_t)(g.kernel_h * g.kernel_w) * p.c;
    p.weights = fresh(8, p.taps);
    p.bias    = fresh(9, p.c);
    p.dy      = fresh(10, p.out);
    for (int32_t ky = 0; ky < g.kernel_h; ky++)
        p.rows[ky] = (present >> ky & 1) != 0 ? fresh((int)ky, p.in) : NULL;
    return p;
}

/* The input pixel of a tap, or -1. */
static int32_t input_pixel(const skc_depthwise *g, int32_t ox, int32_t kx)
{
    int32_t x = ox * g->stride - g->pad_left + kx * g->dilation;

    return x >= 0 && x < g->width_in ? x : -1;
}

static void expect_forward(const problem *p, const float *bias, float low, float high,
                           const float *y)
{
    for (int32_t ox = 0; ox < p->g.width_out; ox++)
        for (size_t i = 0; i < p->c; i++) {
            double sum = bias != NULL ? (double)bias[i] : 0, size = fabs(sum);

            for (int32_t ky = 0; ky < p->g.kernel_h; ky++)
                for (int32_t kx = 0; kx < p->g.kernel_w; kx++) {
                    int32_t x = input_pixel(&p->g, ox, kx);
                    size_t  w = (size_t)(ky * p->g.kernel_w + kx) * p->c + i;
                    double  term;

                    if (p->rows[ky] == NULL || x < 0)
                        continue;
                    term = (double)p->weights[w] * (double)p->rows[ky][(size_t)x * p->c + i];
                    sum += term;
                    size += fabs(term);
                }
            expect_close("depthwise_forward", (size_t)ox * p->c + i,
                         fmin(fmax(sum, (double)low), (double)high),
                         (double)y[(size_t)ox * p->c + i], size,
                         (double)(p->g.kernel_h * p->g.kernel_w + 1));
        }
}

static void check_forward(const problem *p)
{
    float *y = room(11, p->out);

    memset(y, 0xff, p->out * sizeof *y); /* NaN: what was there does not count */
    tested.depthwise_forward(&p->g, p->rows, p->weights, p->bias, -1, 1, y);
    expect_forward(p, p->bias, -1, 1, y);
    tested.depthwise_forward(&p->g, p->rows, p->weights, NULL, -INFINITY, INFINITY, y);
    expect_forward(p, NULL, -INFINITY, INFINITY, y);
}

/* dx of row ky at pixel ix, channel i, from `start` on. */
static void expect_dx(const problem *p, int32_t ky, int32_t ix, size_t i, double start, float got)
{
    double sum = start, size = fabs(start);

    for (int32_t ox = 0; ox < p->g.width_out; ox++)
        for (int32_t kx = 0; kx < p->g.kernel_w; kx++) {
            size_t w    = (size_t)(ky * p->g.kernel_w + kx) * p->c + i;
            double term = (double)p->weights[w] * (double)p->dy[(size_t)ox * p->c + i];

            if (input_pixel(&p->g, ox, kx) != ix)
                continue;
            sum += term;
            size += fabs(term);
        }
    expect_close("depthwise_backward_data", (size_t)ix * p->c + i, sum, (double)got, size,
                 (double)(p->g.kernel_w + 1));
}

static void check_backward_data(const problem *p)
{
    float *before = fresh(11, p->in), *dx[MAX_TAPS] = { NULL };

    for (int32_t ky = 0; ky < p->g.kernel_h; ky++)
        if (p->rows[ky] != NULL) /* the inputs' place: they play no part here */
            dx[ky] = copied((int)ky, p->in, before);
    tested.depthwise_backward_data(&p->g, p->dy, p->weights, dx);
    for (int32_t ky = 0; ky < p->g.kernel_h; ky++)
        for (size_t i = 0; dx[ky] != NULL && i < p->in; i++)
            expect_dx(p, ky, (int32_t)(i / p->c), i % p->c, (double)before[i], dx[ky][i]);
}

static void check_backward_weights(const problem *p)
{
    float *dw = copied(11, p->taps, p->weights);

    tested.depthwise_backward_weights(&p->g, p->rows, p->dy, dw);
    for (size_t w = 0; w < p->taps; w++) {
        int32_t kx = (int32_t)(w / p->c) % p->g.kernel_w, ky = (int32_t)(w / p->c) / p->g.kernel_w;
        size_t  i   = w % p->c;
        double  sum = (double)p->weights[w], size = fabs(sum);

        for (int32_t ox = 0; ox < p->g.width_out && p->rows[ky] != NULL; ox++) {
            int32_t x = input_pixel(&p->g, ox, kx);
            double  term;

            if (x < 0)
                continue;
            term = (double)p->rows[ky][(size_t)x * p->c + i] * (double)p->dy[(size_t)ox * p->c + i];
            sum += term;
            size += fabs(term);
        }
        expect_close("depthwise_backward_weights", w, sum, (double)dw[w], size,
                     (double)(p->g.width_out + 1));
    }
}

static void check(skc_depthwise g, uint32_t present)
{
    const problem p = make_problem(g, present);

    check_forward(&p);
    check_backward_weights(&p);
    check_backward_data(&p); /* last: overwrites the inputs */
}

/* The convolution that a layer would ask for with this padding on both sides; none when it gives no
 * output. */
static void check_padded(skc_depthwise g, uint32_t present)
{
    int32_t room_for = g.width_in + 2 * g.pad_left - (g.kernel_w - 1) * g.dilation;

    g.width_out = room_for > 0 ? (room_for - 1) / g.stride + 1 : 0;
    if (g.width_out > 0)
        check(g, present);
}

static void test_geometries(void **state)
{
    const int32_t kernels[][2] = { { 1, 1 }, { 2, 3 }, { 3, 3 }, { 5, 5 }, { 3, 4 }, { 7, 7 } };

    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int k = 0; k < 6; k++)
        for (int32_t width = 1; width < 16; width++)
            for (int32_t stride = 1; stride <= 3; stride++)
                for (int32_t dilation = 1; dilation <= 2; dilation++) {
                    int32_t  c   = 1 + (int32_t)skc__random_below(&source, 35);
                    int32_t  pad = (int32_t)skc__random_below(&source, (uint32_t)kernels[k][1]);
                    uint32_t all = (1u << kernels[k][0]) - 1;

                    check_padded((skc_depthwise){ c, width, 0, kernels[k][0], kernels[k][1], stride,
                                                  dilation, pad },
                                 width % 3 == 0 ? (uint32_t)skc__random_next(&source) & all : all);
                }
}

static void test_channels(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t c = 1; c <= 67; c++)
        for (int32_t kernel = 3; kernel <= 5; kernel += 2)
            for (int32_t stride = 1; stride <= 2; stride++)
                check_padded((skc_depthwise){ c, 11, 0, kernel, kernel, stride, 1, kernel / 2 },
                             c % 5 == 0 ? 0x15 : 0x1f);
}

/* Output pixels that see nothing but padding, on either side, and rows that are all outside. */
static void test_far_outside(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        check((skc_depthwise){ 5, 3, 20, 3, 3, 1, 1, 8 }, 7);
        check((skc_depthwise){ 17, 2, 9, 5, 5, 2, 1, 7 }, 0x1b);
        check((skc_depthwise){ 33, 4, 6, 3, 3, 2, 1, -1 }, 7);
        check((skc_depthwise){ 16, 6, 6, 3, 3, 1, 1, 1 }, 0);
    }
}

/* One input that is not a number spoils the pixels that see it, clamped or not, and no others. */
static void test_not_a_number_passes(void **state)
{
    const skc_depthwise g = { 19, 9, 9, 3, 3, 1, 1, 1 };

    (void)state;
    EACH_SET_AND_PLACEMENT
    for (int32_t bad = 0; bad < 9; bad++) {
        const problem p = make_problem(g, 7);
        float        *y = room(11, p.out);

        room(1, p.in)[(size_t)bad * p.c + 17] = NAN;
        tested.depthwise_forward(&g, p.rows, p.weights, p.bias, 0, 6, y);
        for (size_t i = 0; i < p.out; i++)
            assert_true(isnan(y[i]) == (i % p.c == 17 && abs((int32_t)(i / p.c) - bad) <= 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_geometries),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_far_outside),
        cmocka_unit_test(test_not_a_number_passes),
    };

    return cmocka_run_group_tests_name("depthwise", tests, map_slots, NULL);
}
