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
    { .channels = 16, .width_in = 6, .width_out = 3, .kernel_h = 2, .kernel_w = 2, .stride = 2 },
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

static void check_shape(const skc_max_pool *g, bool odd)
{
    size_t       n      = (size_t)g->width_out * (size_t)g->channels;
    size_t       x_size = (size_t)g->kernel_h * (size_t)g->width_in * (size_t)g->channels;
    float       *x = fresh(0, x_size), *want = fresh(1, n), *got = fresh(2, n), *dy = fresh(5, n);
    float       *dx = fresh(6, x_size), *also = copied(7, x_size, dx);
    uint16_t    *from = shorts(3, n), *taken = shorts(4, n);
    const float *rows[MAX_KERNEL];
    float       *dx_rows[MAX_KERNEL], *also_rows[MAX_KERNEL];

    make_rows(g, x, rows);
    if (odd)
        spoil(x_size, x);
    SCALAR->max_pool_forward(g, rows, want, from);
    tested.max_pool_forward(g, rows, got, taken);
    expect_same("max_pool_forward", n, want, got);
    assert_memory_equal(from, taken, n * sizeof *from);
    tested.max_pool_forward(g, rows, fresh(2, n), NULL);
    expect_same("max_pool_forward", n, want, got);
    for (int32_t k = 0; k < g->kernel_h; k++) {
        dx_rows[k]   = rows[k] == NULL ? NULL : dx + (rows[k] - x);
        also_rows[k] = rows[k] == NULL ? NULL : also + (rows[k] - x);
    }
    SCALAR->max_pool_backward(g, from, dy, dx_rows);
    tested.max_pool_backward(g, from, dy, also_rows);
    expect_same("max_pool_backward", x_size, dx, also);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_agree),
        cmocka_unit_test(test_what_is_chosen),
    };

    return cmocka_run_group_tests_name("max_pool", tests, map_slots, NULL);
}
