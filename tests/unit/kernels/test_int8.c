/* test_int8.c - int8 rows of every set against the scalar set, bit by bit, and that against sums
 * in 64 bits. */
#include "kernel_test.h"

typedef uint8_t byte;

/* Room for n bytes where `placement` says; unaligned by one byte. */
static byte *byte_room(int slot, size_t n)
{
    byte *base = (byte *)slots[slot];

    assert_true(n < SLOT_FLOATS * sizeof(float));
    return placement == AT_END     ? base + SLOT_FLOATS * sizeof(float) - n
           : placement == AT_START ? base
                                   : base + 1;
}

static byte *fresh_bytes(int slot, size_t n)
{
    byte *x = byte_room(slot, n);

    for (size_t i = 0; i < n; i++)
        x[i] = (byte)skc__random_below(&source, 256);
    return x;
}

/* -127..127, often at the ends. */
static int8_t fresh_weight(void)
{
    const uint64_t r = skc__random_below(&source, 400);

    return (int8_t)(r < 255 ? (int)r - 127 : r % 2 == 0 ? 127 : -127);
}

static float *fresh_scales(int slot, size_t n, float low, float high)
{
    float *x = room(slot, n);

    for (size_t i = 0; i < n; i++)
        x[i] = skc__random_between(&source, low, high);
    return x;
}

static void expect_same_bytes(const char *row, size_t n, const byte *want, const byte *got)
{
    for (size_t i = 0; i < n; i++)
        if (want[i] != got[i])
            fail_msg("%s of %s: [%zu] of %zu is %d, not %d", row, tested.name, i, n, got[i],
                     want[i]);
}

/* ---------------------------------------------------------------- product */

typedef struct problem {
    skc_int8_product p;
    int8_t           weights[20000];
    ptrdiff_t        run[9];
    const byte      *left[64];
    float            scale[160], shift[160];
} problem;

/* Rows start anywhere in a buffer that ends SKC_INT8_SLACK bytes behind the last byte they read. */
static void make_problem(problem *all, size_t m, size_t n, size_t runs, size_t length)
{
    skc_int8_product *p     = &all->p;
    const size_t      reach = 3 * m + runs * (length + 5), depth = skc__int8_depth(runs, length);
    const byte       *from   = fresh_bytes(0, reach + SKC_INT8_SLACK);
    int8_t           *packed = (int8_t *)byte_room(1, skc__int8_packed_size(runs, length, n));

    assert_true(n * runs * length <= sizeof all->weights && depth >= runs * length);
    for (size_t i = 0; i < n * runs * length; i++)
        all->weights[i] = fresh_weight();
    skc__int8_pack(runs, length, n, all->weights, packed);
    for (size_t r = 0; r < runs; r++)
        all->run[r] = (ptrdiff_t)(r * (length + 5));
    for (size_t i = 0; i < m; i++)
        all->left[i] = from + i * 3 - 7;
    for (size_t i = 0; i < 160; i++) {
        all->scale[i] = skc__random_between(&source, 1e-4f, 2e-3f);
        all->shift[i] = skc__random_between(&source, -50, 300);
    }
    *p = (skc_int8_product){ .m           = m,
                             .n           = n,
                             .runs        = runs,
                             .length      = length,
                             .run         = all->run,
                             .left        = all->left,
                             .left_offset = 7,
                             .right       = packed,
                             .finish      = { all->scale, all->shift, 0, 255 },
                             .step        = n + 3 };
}

/* What the definition says, in 64 bits. */
static void expect_product(const problem *all, const byte *got)
{
    const skc_int8_product *p = &all->p;

    for (size_t i = 0; i < p->m; i++)
        for (size_t c = 0; c < p->n; c++) {
            int64_t sum = 0;
            float   value;

            for (size_t k = 0; k < p->runs * p->length; k++)
                sum += p->left[i][p->left_offset + p->run[k / p->length] +
                                  (ptrdiff_t)(k % p->length)] *
                       (int64_t)all->weights[c * p->runs * p->length + k];
            value = (float)sum * all->scale[c] + all->shift[c];
            value = fminf(fmaxf(value, p->finish.low), p->finish.high);
            assert_int_equal(got[i * p->step + c], lrintf(value));
        }
}

static void check_product(problem *all)
{
    skc_int8_product *p     = &all->p;
    const size_t      bytes = p->m > 0 ? (p->m - 1) * p->step + p->n : 0;
    byte             *want = byte_room(2, bytes), *got = byte_room(3, bytes);
    float            *want_real = room(4, bytes), *got_real = room(5, bytes);

    memset(want, 77, bytes);
    memset(got, 77, bytes);
    memset(want_real, 0, bytes * sizeof(float));
    memset(got_real, 0, bytes * sizeof(float));
    p->out = want;
    SCALAR->int8.product(p);
    expect_product(all, want);
    p->out = got;
    tested.int8.product(p);
    expect_same_bytes("product", bytes, want, got);
    p->out  = NULL;
    p->real = want_real;
    SCALAR->int8.product(p);
    p->real = got_real;
    tested.int8.product(p);
    expect_same("product", bytes, want_real, got_real);
}

static void test_product(void **state)
{
    static problem all;

    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        for (size_t n = 1; n < 150; n += 1 + n / 9) {
            make_problem(&all, 1 + n % 29, n, 1 + n % 3, 1 + n % 23);
            check_product(&all);
        }
        for (size_t m = 0; m < 40; m++) {
            make_problem(&all, m, m % 2 == 0 ? 64 : 24, 9, 4);
            check_product(&all);
        }
        make_problem(&all, 5, 33, 2, 9);
        all.p.finish.low  = 30;
        all.p.finish.high = 31;
        check_product(&all);
    }
}

/* The largest sum there may be, and scales that make infinity of it. */
static void test_product_extremes(void **state)
{
    static byte      x[SKC_INT8_MAX_SUM];
    static int8_t    w[SKC_INT8_MAX_SUM], packed[SKC_INT8_MAX_SUM * SKC_INT8_COLUMNS];
    const byte      *left      = x;
    ptrdiff_t        run       = 0;
    float            scale[17] = { 1, 0x1p120f }, shift[17] = { 0, -1e30f }, real = 0;
    skc_int8_product p = { 1,
                           1,
                           1,
                           SKC_INT8_MAX_SUM,
                           &run,
                           &left,
                           0,
                           packed,
                           { scale, shift, -INFINITY, INFINITY },
                           NULL,
                           &real,
                           1 };

    (void)state;
    memset(x, 255, sizeof x);
    for (int sign = -1; sign <= 1; sign += 2) {
        memset(w, sign * 127, sizeof w);
        skc__int8_pack(1, SKC_INT8_MAX_SUM, 1, w, packed);
        for (int32_t set = 0; pick_set(set); set++) {
            byte out = 7;

            p.out = NULL;
            tested.int8.product(&p);
            assert_true(real == (float)sign * 2122383360.0f);
            p.out    = &out;
            p.finish = (skc_int8_finish){ scale + 1, shift + 1, 0, 255 };
            tested.int8.product(&p);
            assert_int_equal(out, sign > 0 ? 255 : 0);
            p.finish = (skc_int8_finish){ scale, shift, -INFINITY, INFINITY };
        }
    }
}

/* ---------------------------------------------------------------- depthwise */

static void check_depthwise(size_t channels, size_t pixels, int32_t h, int32_t w)
{
    const size_t       step = channels * (1 + pixels % 2), tap = channels;
    const size_t       width = (pixels - 1) * step + (size_t)(w - 1) * tap + channels;
    const size_t       taps = (size_t)(h * w), bytes = pixels * channels;
    const byte        *x       = fresh_bytes(0, width * (size_t)h), *rows[8];
    int32_t           *weights = (int32_t *)(void *)room(1, taps * channels);
    skc_int8_depthwise d       = { .channels = channels,
                                   .pixels   = pixels,
                                   .kernel_h = h,
                                   .kernel_w = w,
                                   .rows     = rows,
                                   .step     = step,
                                   .tap      = tap,
                                   .weights  = weights,
                                   .finish   = { fresh_scales(4, channels, 1e-4f, 4e-3f),
                                                 fresh_scales(5, channels, -9, 200), 3, 250 } };
    byte              *want = byte_room(2, bytes), *got = byte_room(3, bytes);

    for (int32_t row = 0; row < h; row++)
        rows[row] = x + (size_t)row * width;
    for (size_t i = 0; i < taps * channels; i++)
        weights[i] = fresh_weight();
    d.out = want;
    SCALAR->int8.depthwise(&d);
    d.out = got;
    tested.int8.depthwise(&d);
    expect_same_bytes("depthwise", bytes, want, got);
    for (size_t c = 0; c < channels; c += 5) { /* the last pixel by its definition */
        int64_t sum = 0;

        for (int32_t t = 0; t < h * w; t++)
            sum += rows[t / w][(pixels - 1) * step + (size_t)(t % w) * tap + c] *
                   (int64_t)weights[(size_t)t * channels + c];
        assert_int_equal(
            want[(pixels - 1) * channels + c],
            lrintf(fminf(fmaxf((float)sum * d.finish.scale[c] + d.finish.shift[c], 3), 250)));
    }
}

static void test_depthwise(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        for (size_t channels = 1; channels < 70; channels += 1 + channels / 12)
            check_depthwise(channels, 1 + channels % 13, 3, 3);
        for (size_t pixels = 1; pixels < 30; pixels++)
            check_depthwise(24, pixels, 1 + (int32_t)pixels % 5, 1 + (int32_t)pixels % 7);
    }
}

/* ---------------------------------------------------------------- the other rows */

static void test_sum(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT EACH_LENGTH(n)
    {
        const byte  *x[SKC_INT8_MOST_SUMMED];
        float        scale[SKC_INT8_MOST_SUMMED];
        skc_int8_sum s    = { .n     = n,
                              .count = 1 + (int32_t)n % SKC_INT8_MOST_SUMMED,
                              .x     = x,
                              .scale = scale,
                              .shift = -3.5f,
                              .low   = 0,
                              .high  = 200 };
        byte        *want = byte_room(8, n), *got = byte_room(9, n);

        for (int k = 0; k < SKC_INT8_MOST_SUMMED; k++) {
            x[k]     = fresh_bytes(k, n);
            scale[k] = skc__random_between(&source, -0.5f, 1);
        }
        s.out = want;
        SCALAR->int8.sum(&s);
        s.out = got;
        tested.int8.sum(&s);
        expect_same_bytes("sum", n, want, got);
        for (size_t i = 0; i < n && s.count == 1; i++)
            assert_int_equal(want[i],
                             lrintf(fminf(fmaxf(-3.5f + (float)x[0][i] * scale[0], 0), 200)));
    }
}

static void test_quantise(void **state)
{
    const float halves[]  = { -1, -0.5f, 0, 0.5f, 1.5f, 2.5f, 254.5f, 255.5f, 1e30f, -1e30f };
    const byte  rounded[] = { 0, 0, 0, 0, 2, 2, 254, 255, 255, 0 };
    byte        out[10];

    (void)state;
    EACH_SET_AND_PLACEMENT EACH_LENGTH(n)
    {
        float *x    = fresh(0, n);
        byte  *want = byte_room(1, n), *got = byte_room(2, n);
        float *back = room(3, n), *back_got = room(4, n);

        spoil(n, x);
        SCALAR->int8.quantise(n, x, 63.7f, 128, want);
        tested.int8.quantise(n, x, 63.7f, 128, got);
        expect_same_bytes("quantise", n, want, got);
        SCALAR->int8.dequantise(n, want, 0.0157f, 128, back);
        tested.int8.dequantise(n, want, 0.0157f, 128, back_got);
        expect_same("dequantise", n, back, back_got);
        for (size_t i = 0; i < n; i++)
            if (x[i] > -2 && x[i] < 1.98f)
                assert_true(fabsf(back[i] - x[i]) < 0.0085f);
    }
    SCALAR->int8.quantise(10, halves, 1, 0, out);
    assert_memory_equal(out, rounded, sizeof out);
}

static void test_larger(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT EACH_LENGTH(n)
    {
        const byte *x = fresh_bytes(0, n), *y = fresh_bytes(1, n);
        byte       *got = byte_room(2, n);

        memcpy(got, y, n);
        tested.int8.larger(n, x, got);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(got[i], x[i] > y[i] ? x[i] : y[i]);
    }
}

static void test_column_sums(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT EACH_LENGTH(n)
    {
        const size_t rows = 7;
        const byte  *x    = fresh_bytes(0, rows * n);
        int32_t     *sum  = (int32_t *)(void *)room(1, n);

        for (size_t c = 0; c < n; c++)
            sum[c] = -3;
        tested.int8.column_sums(rows, n, x, sum);
        for (size_t c = 0; c < n; c++) {
            int32_t want = -3;

            for (size_t row = 0; row < rows; row++)
                want += x[row * n + c];
            assert_int_equal(sum[c], want);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product),     cmocka_unit_test(test_product_extremes),
        cmocka_unit_test(test_depthwise),   cmocka_unit_test(test_sum),
        cmocka_unit_test(test_quantise),    cmocka_unit_test(test_larger),
        cmocka_unit_test(test_column_sums),
    };

    return cmocka_run_group_tests_name("int8", tests, map_slots, NULL);
}
