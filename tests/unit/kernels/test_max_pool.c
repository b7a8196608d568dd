/* test_max_pool.c - max pooling rows of every kernel set against the scalar set, bit for bit. */
#include "kernel_test.h"

#include <stdlib.h>

static const skc_max_pool shapes[] = {
    { .channels = 1, .width_in = 8, .width_out = 4, .kernel_h = 2, .kernel_w = 2, .stride = 2 },
    { .channels  = 3,
      .width_in  = 7,
      .width_out = 4,
      .kernel_h  = 3,
      .kernel_w  = 3,
      .stride    = 2,
      .pad_left  = 1 },
    { .channels = 16, .width_in = 7, .width_out = 3, .kernel_h = 2, .kernel_w = 2, .stride = 2 },
    { .channels  = 33,
      .width_in  = 9,
      .width_out = 9,
      .kernel_h  = 3,
      .kernel_w  = 3,
      .stride    = 1,
      .pad_left  = 1 },
    { .channels  = 70,
      .width_in  = 5,
      .width_out = 3,
      .kernel_h  = 1,
      .kernel_w  = 4,
      .stride    = 2,
      .pad_left  = 2 },
    { .channels = 2, .width_in = 70, .width_out = 2, .kernel_h = 64, .kernel_w = 64, .stride = 6 },
};

enum { MAX_KERNEL = 64, BLOCK = 1 << 15 };

static uint16_t *shorts(int slot, size_t n)
{
    return memset(room(slot, (n + 1) / 2), 0xee, n * sizeof(uint16_t));
}

/* Rows of x, some outside; with few different numbers, so that some are equal. */
static void make_rows(const skc_max_pool *g, float *x, const float **rows)
{
    size_t row  = (size_t)g->width_in * (size_t)g->channels;
    int    kept = 0;

    for (size_t i = 0; i < (size_t)g->kernel_h * row; i++)
        x[i] = floorf(4 * x[i]);
    for (int32_t k = 0; k < g->kernel_h; k++) {
        bool outside = kept > 0 && skc__random_below(&source, 4) == 0;

        rows[k] = outside ? NULL : x + (size_t)k * row;
        kept += !outside;
    }
}

/* y: what forward made, with what it chose. */
static void check_backward(const skc_max_pool *shape, const float *x, const float *const *rows,
                           const uint16_t *from, const float *y)
{
    const float  bounds[][2] = { { -INFINITY, INFINITY }, { 0, INFINITY }, { -1, 2 } };
    const bool   apart       = shape->kernel_w == shape->stride && shape->pad_left == 0;
    const size_t n           = (size_t)shape->width_out * (size_t)shape->channels;
    const size_t row         = (size_t)shape->width_in * (size_t)shape->channels;
    const size_t size        = (size_t)shape->kernel_h * row;

    for (size_t i = 0; i < 6; i++) {
        skc_max_pool g  = *shape;
        float       *dy = fresh(5, n), *dx = fresh(6, size), *also = copied(7, size, dx);
        float       *dx_rows[MAX_KERNEL], *also_rows[MAX_KERNEL];

        g.low      = bounds[i / 2][0];
        g.high     = bounds[i / 2][1];
        g.disjoint = i % 2 == 1 && apart;
        for (int32_t k = 0; k < g.kernel_h; k++) {
            dx_rows[k]   = rows[k] == NULL ? NULL : dx + (rows[k] - x);
            also_rows[k] = rows[k] == NULL ? NULL : also + (rows[k] - x);
        }
        SCALAR->max_pool_backward(&g, from, y, dy, dx_rows);
        tested.max_pool_backward(&g, from, y, dy, also_rows);
        expect_same("max_pool_backward", size, dx, also);
    }
}

static void check_shape(const skc_max_pool *g, bool odd)
{
    size_t       n      = (size_t)g->width_out * (size_t)g->channels;
    size_t       x_size = (size_t)g->kernel_h * (size_t)g->width_in * (size_t)g->channels;
    float       *x = fresh(0, x_size), *want = fresh(1, n), *got = fresh(2, n);
    uint16_t    *from = shorts(3, n), *taken = shorts(4, n);
    const float *rows[MAX_KERNEL];

    make_rows(g, x, rows);
    if (odd)
        spoil(x_size, x);
    SCALAR->max_pool_forward(g, rows, want, from);
    tested.max_pool_forward(g, rows, got, taken);
    expect_same("max_pool_forward", n, want, got);
    assert_memory_equal(from, taken, n * sizeof *from);
    tested.max_pool_forward(g, rows, fresh(2, n), NULL);
    expect_same("max_pool_forward", n, want, got);
    check_backward(g, x, rows, from, want);
}

static void test_sets_agree(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int round = 0; round < 10; round++)
            check_shape(&shapes[i], round % 2 != 0);
}

/* The first of equal numbers, negative ones beside padding, and a number that is none. */
static void test_what_is_chosen(void **state)
{
    const skc_max_pool g     = { .channels  = 1,
                                 .width_in  = 4,
                                 .width_out = 2,
                                 .kernel_h  = 2,
                                 .kernel_w  = 3,
                                 .stride    = 3,
                                 .pad_left  = 1 };
    const float        top[] = { -3, -1, -1, 2 }, bottom[] = { -2, -1, 7, NAN };
    const float *const rows[] = { top, bottom }, *const half[] = { NULL, bottom };
    float    y[2];
    uint16_t chosen[2];

    (void)state;
    for (int32_t s = 0; pick_set(s); s++) {
        tested.max_pool_forward(&g, rows, y, chosen);
        assert_true(y[0] == -1 && isnan(y[1]));
        assert_true(chosen[0] == 2 && chosen[1] == 4);
        tested.max_pool_forward(&g, half, y, chosen);
        assert_true(y[0] == -1 && isnan(y[1]) && chosen[0] == 5);
    }
}

/* By hand: 3 was chosen from the first row, 4 from the second; -1 is cut. */
static void test_backward(void **state)
{
    skc_max_pool   g        = { .channels  = 1,
                                .width_in  = 7,
                                .width_out = 3,
                                .kernel_h  = 2,
                                .kernel_w  = 2,
                                .stride    = 2,
                                .low       = 0,
                                .high      = INFINITY };
    const uint16_t chosen[] = { 1, 2, 0 };
    const float    y[] = { 3, 4, -1 }, dy[] = { 10, 20, 30 };

    (void)state;
    for (int32_t s = 0; pick_set(s); s++) {
        float        a[7] = { 1, 1, 1, 1, 1, 1, 1 }, b[7] = { 1, 1, 1, 1, 1, 1, 1 };
        float *const rows[] = { a, b }, *const first[] = { a, NULL };

        g.disjoint = false;
        tested.max_pool_backward(&g, chosen, y, dy, rows);
        assert_memory_equal(a, ((float[]){ 1, 11, 1, 1, 1, 1, 1 }), sizeof a);
        assert_memory_equal(b, ((float[]){ 1, 1, 21, 1, 1, 1, 1 }), sizeof b);
        g.disjoint = true;
        tested.max_pool_backward(&g, chosen, y, dy, first);
        assert_memory_equal(a, ((float[]){ 0, 10, 0, 0, 0, 0, 1 }), sizeof a);
        assert_memory_equal(b, ((float[]){ 1, 1, 21, 1, 1, 1, 1 }), sizeof b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_agree),
        cmocka_unit_test(test_what_is_chosen),
        cmocka_unit_test(test_backward),
    };

    return cmocka_run_group_tests_name("max_pool", tests, map_slots, NULL);
}
