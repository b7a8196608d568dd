/* test_picture.c - the rows for pictures: every set gives the scalar set's bits, and touches no
 * byte that is not its own. */
#include "kernel_test.h"

#include <stdlib.h>

static uint8_t *bytes_room(int slot, size_t n)
{
    uint8_t *start = (uint8_t *)(void *)slots[slot];
    size_t   bytes = SLOT_FLOATS * sizeof(float);

    assert_true(n < bytes);
    return placement == AT_END ? start + bytes - n : placement == AT_START ? start : start + 1;
}

static uint8_t *noise(int slot, size_t n)
{
    uint8_t *x = bytes_room(slot, n);

    for (size_t i = 0; i < n; i++)
        x[i] = (uint8_t)skc__random_below(&source, 256);
    return x;
}

static void expect_same_bytes(const char *row, size_t n, const uint8_t *want, const uint8_t *got)
{
    for (size_t i = 0; i < n; i++)
        if (want[i] != got[i])
            fail_msg("%s of %s: [%zu] of %zu is %d, not %d", row, tested.name, i, n, got[i],
                     want[i]);
}

/* Maps that look at the middle, over every border, and far away. */
static void any_matrix(skc_sample *s, size_t count)
{
    float zoom = skc__random_between(&source, 0.2f, 2.0f), turn;
    float size = (float)(s->width < s->height ? s->width : s->height) / (float)(count + 1);

    turn = skc__random_between(&source, -3.2f, 3.2f);
    if (skc__random_below(&source, 3) == 0)
        turn = 0;
    for (int i = 0; i < 2; i++) {
        s->matrix[i][0] = zoom * size * (i == 0 ? cosf(turn) : sinf(turn));
        s->matrix[i][1] = zoom * size * (i == 0 ? -sinf(turn) : cosf(turn));
        s->matrix[i][2] = skc__random_between(&source, -0.5f, 1) * (float)s->width;
    }
    if (skc__random_below(&source, 8) == 0)
        s->matrix[0][2] = skc__random_between(&source, -1e4f, 1e4f);
}

static void test_sample(void **state)
{
    static const int32_t sizes[][2] = { { 1, 1 }, { 2, 1 },   { 1, 3 },   { 3, 2 },
                                        { 4, 9 }, { 40, 30 }, { 151, 99 } };

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        skc_sample s    = { .width = sizes[k][0], .height = sizes[k][1] };
        float     *want = room(0, 3 * n), *got = room(1, 3 * n);
        int32_t    row = (int32_t)skc__random_below(&source, 20);

        s.pixels = noise(2, (size_t)(s.width * s.height * 3));
        any_matrix(&s, n);
        SCALAR->sample(&s, row, (int32_t)n, want);
        tested.sample(&s, row, (int32_t)n, got);
        expect_same("sample", 3 * n, want, got);
    }
}

/* Beyond 2 GiB places do not fit an int32_t. Memory that was never written is zeros. */
static void test_sample_of_a_huge_picture(void **state)
{
    enum { WIDE = 65535, HIGH = 32768, COUNT = 40 };
    size_t     bytes = (size_t)WIDE * HIGH * 3;
    void      *zeros = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    skc_sample s     = { zeros, WIDE, HIGH, { { 1, 0, WIDE - 20 }, { 0, 1, HIGH - 1 } } };
    float      out[COUNT * 3];

    (void)state;
    if (zeros == MAP_FAILED)
        skip();
    for (int32_t set = 0; pick_set(set); set++) {
        memset(out, 1, sizeof out);
        tested.sample(&s, 0, COUNT, out);
        for (int i = 0; i < COUNT * 3; i++)
            assert_true(out[i] == 0);
    }
    munmap(zeros, bytes);
}

/* Lists for n values from any places of a row, as full as they have to be. */
static skc_row_mix any_row_mix(size_t n, size_t row_bytes)
{
    size_t    filled = (n + 15) / 16 * 16;
    int32_t  *at     = (int32_t *)(void *)room(0, filled / 4);
    uint32_t *left   = (uint32_t *)(void *)room(1, filled);
    uint32_t *right  = (uint32_t *)(void *)room(2, filled);

    for (size_t i = 0; i < filled / 4; i++)
        at[i] = (int32_t)skc__random_below(&source, (uint32_t)row_bytes - 15);
    for (size_t i = 0; i < filled; i++) {
        left[i]  = SKC_ONE_BYTE + skc__random_below(&source, 16);
        right[i] = SKC_ONE_BYTE + skc__random_below(&source, 16);
    }
    return (skc_row_mix){ n, at, left, right, fresh(3, filled) };
}

static void test_mix_across(void **state)
{
    static const size_t row_bytes[] = { 16, 17, 48, 1000 };

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    for (size_t k = 0; k < sizeof row_bytes / sizeof row_bytes[0]; k++) {
        const uint8_t *row  = noise(4, row_bytes[k]);
        skc_row_mix    mix  = any_row_mix(n, row_bytes[k]);
        float         *want = room(5, n), *got = room(6, n);

        for (size_t i = 0; i < n; i++) {
            float left  = row[(size_t)mix.at[i / 4] + mix.left[i] - SKC_ONE_BYTE];
            float right = row[(size_t)mix.at[i / 4] + mix.right[i] - SKC_ONE_BYTE];

            want[i] = left + mix.share[i] * (right - left);
        }
        tested.mix_across(&mix, row, got);
        expect_same("mix_across", n, want, got);
    }
}

static void test_mix_down(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *above = fresh(0, n), *below = fresh(1, n);
        float       *want = room(2, n), *got = room(3, n);
        float        share = skc__random_uniform(&source);

        for (size_t i = 0; i < n; i++)
            want[i] = above[i] + share * (below[i] - above[i]);
        tested.mix_down(n, share, above, below, got);
        expect_same("mix_down", n, want, got);
    }
}

static float *colours(int slot, size_t pixels)
{
    float *x = room(slot, 3 * pixels);

    for (size_t i = 0; i < 3 * pixels; i++)
        x[i] = skc__random_between(&source, 0, 255);
    return x;
}

static void test_mix_colours(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        float         *want = colours(0, n), *got = copied(1, 3 * n, want);
        skc_colour_mix mix = { .offset = skc__random_between(&source, -60, 60) };

        for (int i = 0; i < 9; i++)
            mix.matrix[i / 3][i % 3] =
                skc__random_between(&source, -0.3f, 0.3f) + (i % 4 == 0 ? 0.9f : 0);
        SCALAR->mix_colours(n, &mix, want);
        tested.mix_colours(n, &mix, got);
        expect_same("mix_colours", 3 * n, want, got);
    }
}

static void test_sum_colours(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *x = colours(0, n);
        int64_t      want[3], got[3] = { 7, 7, 7 };
        double       sum[3] = { 0, 0, 0 };

        for (size_t i = 0; i < 3 * n; i++)
            sum[i % 3] += (double)x[i];
        SCALAR->sum_colours(n, x, want);
        tested.sum_colours(n, x, got);
        for (int c = 0; c < 3; c++) {
            assert_int_equal(want[c], got[c]);
            assert_true(fabs((double)got[c] / 256 - sum[c]) <= (double)n / 256);
        }
    }
}

/* The largest values, for longer than a lane of 32 bits holds their sum. */
static void test_sum_of_many_colours(void **state)
{
    enum { PIXELS = 1 << 20 };
    float *x = malloc(3 * PIXELS * sizeof *x);

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < 3 * PIXELS; i++)
        x[i] = 255;
    for (int32_t set = 0; pick_set(set); set++) {
        int64_t sum[3];

        tested.sum_colours(PIXELS, x, sum);
        for (int c = 0; c < 3; c++)
            assert_int_equal(sum[c], (int64_t)PIXELS * 255 * 256);
    }
    free(x);
}

static void test_blend_rows(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    for (size_t taps = 1; taps < 8; taps += taps == 4 ? 3 : 1) {
        size_t         stride = n + skc__random_below(&source, 3);
        const uint8_t *rows   = noise(0, (taps - 1) * stride + n);
        const float   *weight = fresh(1, taps);
        float         *want = room(2, n), *got = room(3, n);

        SCALAR->blend_rows(n, taps, weight, rows, stride, want);
        tested.blend_rows(n, taps, weight, rows, stride, got);
        expect_same("blend_rows", n, want, got);
    }
}

static void test_blend_pixels(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    for (size_t taps = 1; taps < 8; taps += taps == 4 ? 3 : 1) {
        size_t   width  = taps + 40;
        float   *row    = room(0, 3 * width + 1);
        float   *weight = room(1, n * taps);
        int32_t *first  = (int32_t *)(void *)room(2, n);
        uint8_t *want = bytes_room(3, 3 * n), *got = bytes_room(4, 3 * n);

        row[3 * width] = NAN; /* read, but of no consequence */
        for (size_t i = 0; i < 3 * width; i++)
            row[i] = skc__random_between(&source, 0, 300);
        for (size_t i = 0; i < n * taps; i++)
            weight[i] = skc__random_between(&source, 0, 2 / (float)taps);
        for (size_t i = 0; i < n; i++)
            first[i] = (int32_t)skc__random_below(&source, 41);
        SCALAR->blend_pixels(n, taps, first, weight, row, want);
        tested.blend_pixels(n, taps, first, weight, row, got);
        expect_same_bytes("blend_pixels", 3 * n, want, got);
    }
}

static void test_colour_rgb(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const uint8_t *y = noise(0, n), *cb = noise(1, n), *cr = noise(2, n);
        uint8_t       *want = bytes_room(3, 3 * n), *got = bytes_room(4, 3 * n);

        SCALAR->colour_rgb(n, y, cb, cr, want);
        tested.colour_rgb(n, y, cb, cr, got);
        expect_same_bytes("colour_rgb", 3 * n, want, got);
    }
}

/* Every pair of colour differences, at some brightnesses, in every set; within one level of the
 * standard's real numbers. */
static void test_all_colours(void **state)
{
    enum { ALL = 256 * 256 };
    static uint8_t y[ALL], cb[ALL], cr[ALL], want[3 * ALL], got[3 * ALL];

    (void)state;
    for (int i = 0; i < ALL; i++) {
        cb[i] = (uint8_t)(i % 256);
        cr[i] = (uint8_t)(i / 256);
    }
    for (int level = 0; level < 256; level += 51) {
        memset(y, level, sizeof y);
        SCALAR->colour_rgb(ALL, y, cb, cr, want);
        for (int32_t set = 0; pick_set(set); set++) {
            tested.colour_rgb(ALL, y, cb, cr, got);
            expect_same_bytes("colour_rgb", sizeof want, want, got);
        }
        for (int i = 0; i < ALL; i++) {
            double blue = cb[i] - 128, red = cr[i] - 128;
            double exact[3] = { level + 1.402 * red, level - 0.344136 * blue - 0.714136 * red,
                                level + 1.772 * blue };

            for (int c = 0; c < 3; c++)
                assert_true(fabs(want[3 * i + c] - fmin(fmax(exact[c], 0), 255)) < 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),
        cmocka_unit_test(test_sample_of_a_huge_picture),
        cmocka_unit_test(test_mix_across),
        cmocka_unit_test(test_mix_down),
        cmocka_unit_test(test_mix_colours),
        cmocka_unit_test(test_sum_colours),
        cmocka_unit_test(test_sum_of_many_colours),
        cmocka_unit_test(test_blend_rows),
        cmocka_unit_test(test_blend_pixels),
        cmocka_unit_test(test_colour_rgb),
        cmocka_unit_test(test_all_colours),
    };

    return cmocka_run_group_tests(tests, map_slots, NULL);
}
