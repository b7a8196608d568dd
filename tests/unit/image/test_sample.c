/* test_sample.c - where a network's input comes from: fits, symmetries, random crops, borders. */
#include "pictures.h"

#include <math.h>

#include "image/image.h"

enum { SIDE = 12 };

static void fill(uint8_t *pixels, int32_t width, int32_t height)
{
    for (int32_t i = 0; i < width * height * 3; i++)
        pixels[i] = (uint8_t)(i * 53 + i / 7);
}

static skc_preprocessing input(int32_t width, int32_t height, skc_fit fit)
{
    return (skc_preprocessing){ .width = width, .height = height, .fit = fit };
}

static const skc_augmentation calm = { .scale_min = 1, .scale_max = 1, .aspect = 1 };

static void test_same_size_is_exact(void **state)
{
    static const int32_t sizes[][2] = { { SIDE, SIDE }, { 224, 224 }, { 37, 100 }, { 1, 1 } };
    static uint8_t       pixels[224 * 224 * 3];
    static float         out[224 * 224 * 3];

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        int32_t           w = sizes[s][0], h = sizes[s][1];
        skc_preprocessing p        = input(w, h, SKC_FIT_SQUASH);
        skc_sampling      sampling = skc__sampling_plain(w, h, &p, 0);

        fill(pixels, w, h);
        skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, w, h }, &sampling, w, h, out);
        for (int32_t i = 0; i < w * h * 3; i++)
            assert_true(out[i] == (float)pixels[i]);
    }
}

/* The centre fit sees exactly what skc_image_centre_square names. */
static void test_centre_fit(void **state)
{
    static const int32_t sizes[][2] = { { 20, SIDE }, { 21, SIDE }, { SIDE, 17 } };
    uint8_t              pixels[21 * 21 * 3];
    float                out[SIDE * SIDE * 3];

    (void)state;
    for (size_t s = 0; s < 3; s++) {
        int32_t           w = sizes[s][0], h = sizes[s][1];
        skc_preprocessing p        = input(SIDE, SIDE, SKC_FIT_CENTRE);
        skc_sampling      sampling = skc__sampling_plain(w, h, &p, 0);
        skc_image        *image;
        skc_box           box;

        fill(pixels, w, h);
        assert_int_equal(skc_image_create(w, h, pixels, NULL, &image, NULL), SKC_OK);
        box = skc_image_centre_square(image);
        assert_int_equal(box.width, SIDE);
        skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, w, h }, &sampling, SIDE, SIDE, out);
        for (int32_t y = 0; y < SIDE; y++)
            for (int32_t x = 0; x < SIDE * 3; x++)
                assert_true(out[y * SIDE * 3 + x] ==
                            (float)pixels[(box.y + y) * w * 3 + box.x * 3 + x]);
        skc_image_free(image);
    }
}

/* Each symmetry moves whole pixels; all eight differ; the fourth bit exchanges rows and columns. */
static void test_symmetries(void **state)
{
    uint8_t           pixels[SIDE * SIDE * 3];
    static float      out[8][SIDE * SIDE * 3];
    skc_preprocessing p = input(SIDE, SIDE, SKC_FIT_CENTRE);

    (void)state;
    fill(pixels, SIDE, SIDE);
    for (int32_t s = 0; s < 8; s++) {
        skc_sampling sampling = skc__sampling_plain(SIDE, SIDE, &p, s);

        skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, SIDE, SIDE }, &sampling, SIDE, SIDE,
                    out[s]);
        for (int32_t y = 0; y < SIDE; y++)
            for (int32_t x = 0; x < SIDE; x++)
                for (int32_t c = 0; c < 3; c++) {
                    int32_t sx = s & 4 ? y : x, sy = s & 4 ? x : y;

                    sx = s & 1 ? SIDE - 1 - sx : sx;
                    sy = s & 2 ? SIDE - 1 - sy : sy;
                    assert_true(out[s][(y * SIDE + x) * 3 + c] ==
                                (float)pixels[(sy * SIDE + sx) * 3 + c]);
                }
        for (int32_t before = 0; before < s; before++)
            assert_memory_not_equal(out[s], out[before], sizeof out[s]);
    }
}

/* A linear ramp is reproduced wherever it is sampled, so the geometry has no offset. */
static void test_scaling_and_interpolation(void **state)
{
    uint8_t           pixels[40 * 20 * 3];
    float             out[16 * 16 * 3];
    skc_preprocessing p        = input(16, 16, SKC_FIT_SQUASH);
    skc_sampling      sampling = skc__sampling_plain(40, 20, &p, 0);

    (void)state;
    for (int32_t i = 0; i < 40 * 20; i++) {
        pixels[3 * i]     = (uint8_t)(5 * (i % 40));
        pixels[3 * i + 1] = (uint8_t)(10 * (i / 40));
        pixels[3 * i + 2] = 77;
    }
    skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, 40, 20 }, &sampling, 16, 16, out);
    for (int32_t y = 0; y < 16; y++)
        for (int32_t x = 0; x < 16; x++) {
            const float *q = out + 3 * (y * 16 + x);

            assert_float_equal(q[0], 5 * (((float)x + 0.5f) * 2.5f - 0.5f), 1e-3f);
            assert_float_equal(q[1], 10 * (((float)y + 0.5f) * 1.25f - 0.5f), 1e-3f);
            assert_float_equal(q[2], 77, 0);
        }
}

static void test_border_is_mirrored(void **state)
{
    static const int expected[] = { 20, 30, 30, 20, 10, 10, 20, 30, 30, 20, 10, 10, 20 };
    uint8_t          pixels[]   = { 10, 0, 0, 20, 0, 0, 30, 0, 0 };
    float            out[13 * 3];
    skc_sampling     shifted = { { { 1, 0, -5 }, { 0, 1, 0 } } };
    skc_sampling     down    = { { { 0, 1, 0 }, { 1, 0, -700 } } };

    (void)state;
    skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, 3, 1 }, &shifted, 13, 1, out);
    for (int i = 0; i < 13; i++)
        assert_float_equal(out[3 * i], expected[i], 0);
    skc__sample(&skc__kernels_scalar, (skc_pixels){ pixels, 3, 1 }, &down, 13, 1, out);
    for (int i = 0; i < 13; i++)
        assert_float_equal(out[3 * i], 10, 0);
}

/* ------------------------------------------------------------------ the same on every kernel set
 */

/* A copy whose first byte follows a page that must not be touched. */
static guarded guard_before(const void *bytes, size_t size)
{
    size_t  page = (size_t)sysconf(_SC_PAGESIZE);
    guarded g    = { .length = size + page };

    g.map = mmap(NULL, g.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(g.map, MAP_FAILED);
    assert_int_equal(mprotect(g.map, page, PROT_NONE), 0);
    g.bytes = (uint8_t *)g.map + page;
    memcpy(g.bytes, bytes, size);
    return g;
}

static void expect_on_every_set(skc_pixels source, const skc_sampling *sampling, int32_t width,
                                int32_t height, const float *want)
{
    size_t bytes = (size_t)width * (size_t)height * 3 * sizeof *want;

    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
        guarded     out = guard(want, bytes);
        skc_kernels kernels;

        memset(out.bytes, 1, bytes);
        assert_int_equal(skc__kernels_for(skc__cpu_probe(), skc_kernel_set(set), &kernels, NULL),
                         SKC_OK);
        skc__sample(&kernels, source, sampling, width, height, (float *)(void *)out.bytes);
        assert_memory_equal(out.bytes, want, bytes);
        unguard(out);
    }
}

/* The picture lies before an unreadable page, and behind one. */
static void expect_rows_of_scalar(skc_pixels source, const skc_sampling *sampling, int32_t width,
                                  int32_t height)
{
    size_t     bytes = (size_t)source.width * (size_t)source.height * 3;
    float     *want  = malloc((size_t)width * (size_t)height * 3 * sizeof *want);
    guarded    end = guard(source.data, bytes), start = guard_before(source.data, bytes);
    skc_sample s = { .pixels = source.data, .width = source.width, .height = source.height };

    assert_non_null(want);
    memcpy(s.matrix, sampling->matrix, sizeof s.matrix);
    for (int32_t row = 0; row < height; row++)
        skc__kernels_scalar.sample(&s, row, width, want + (ptrdiff_t)row * width * 3);
    source.data = end.bytes;
    expect_on_every_set(source, sampling, width, height, want);
    source.data = start.bytes;
    expect_on_every_set(source, sampling, width, height, want);
    unguard(start);
    unguard(end);
    free(want);
}

/* Windows inside, over the border and far from it; as large as the result, larger and smaller, by
 * more than an skc_row_mix can say; either way round. `lean`: of the axes. */
static void expect_any_windows(int32_t source_width, int32_t source_height, int32_t width,
                               int32_t height, const float lean[2])
{
    static const float scales[] = { 0.07f, 0.6f, 1, 1.13f, 1.9f, 2.9f, 3, 3.1f, 40 };
    static uint8_t     bytes[301 * 301 * 3];
    skc_random         random = skc__random_stream(4, (uint64_t)source_width, (uint64_t)width);

    fill(bytes, source_width, source_height);
    for (size_t across = 0; across < sizeof scales / sizeof *scales; across++)
        for (int flip = 0; flip < 4; flip++) {
            float down = scales[skc__random_below(&random, sizeof scales / sizeof *scales)];
            float x    = skc__random_between(&random, -0.6f, 1) * (float)source_width;
            float y    = skc__random_between(&random, -0.6f, 1) * (float)source_height;

            if (flip == 0 && scales[across] == 1)
                x = y = 0;
            expect_rows_of_scalar(
                (skc_pixels){ bytes, source_width, source_height },
                &(skc_sampling){ { { flip & 1 ? -scales[across] : scales[across], lean[0], x },
                                   { lean[1], flip & 2 ? -down : down, y } } },
                width, height);
        }
}

static void test_same_bits_on_every_set(void **state)
{
    static const int32_t sources[][2] = { { 1, 1 },   { 2, 3 },  { 5, 4 },    { 6, 1 },  { 6, 7 },
                                          { 7, 300 }, { 22, 2 }, { 100, 75 }, { 301, 9 } };
    static const int32_t results[][2] = { { 1, 1 },   { 5, 8 },   { 16, 3 },  { 33, 20 },
                                          { 256, 4 }, { 257, 4 }, { 600, 3 }, { 64, 64 } };
    static const float   leans[][2]   = { { 0, 0 }, { 0.01f, 0 }, { 0, 0.01f } };

    (void)state;
    for (size_t s = 0; s < sizeof sources / sizeof *sources; s++)
        for (size_t r = 0; r < sizeof results / sizeof *results; r++)
            for (size_t l = 0; l < sizeof leans / sizeof *leans; l++)
                expect_any_windows(sources[s][0], sources[s][1], results[r][0], results[r][1],
                                   leans[l]);
}

/* What training draws, with its flips and crops. */
static void test_crops_have_the_same_bits(void **state)
{
    skc_preprocessing p    = input(56, 60, SKC_FIT_CENTRE);
    skc_augmentation  crop = { .flip = true, .scale_min = 0.3f, .scale_max = 1.4f, .aspect = 1.3f };
    static uint8_t    bytes[81 * 75 * 3];

    (void)state;
    fill(bytes, 81, 75);
    for (uint64_t seed = 0; seed < 200; seed++) {
        skc_random   random   = skc__random_stream(seed, 5, 0);
        skc_sampling sampling = skc__sampling_random(81, 75, &p, &crop, &random);

        assert_true(sampling.matrix[0][1] == 0 && sampling.matrix[1][0] == 0);
        expect_rows_of_scalar((skc_pixels){ bytes, 81, 75 }, &sampling, 56, 60);
    }
}

static void test_nothing_random_is_plain(void **state)
{
    skc_preprocessing p = input(32, 24, SKC_FIT_SQUASH);

    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        skc_random   random = skc__random_stream(seed, 0, 0);
        skc_sampling a      = skc__sampling_random(90, 60, &p, &calm, &random);
        skc_sampling b      = skc__sampling_plain(90, 60, &p, 0);

        for (int i = 0; i < 6; i++)
            assert_float_equal(a.matrix[i / 3][i % 3], b.matrix[i / 3][i % 3], 1e-4f);
    }
}

static void corner(const skc_sampling *s, float column, float row, float out[2])
{
    for (int i = 0; i < 2; i++)
        out[i] = s->matrix[i][0] * column + s->matrix[i][1] * row + s->matrix[i][2];
}

/* Without rotation a crop of at most the region's size lies inside it; its area is as asked. */
static void test_crops_lie_inside(void **state)
{
    skc_preprocessing p    = input(50, 50, SKC_FIT_CENTRE);
    skc_augmentation  crop = { .flip = true, .scale_min = 0.2f, .scale_max = 0.6f, .aspect = 1.5f };
    float             least = 1, largest = 0;
    int               mirrored = 0, upside_down = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        skc_random   random = skc__random_stream(7, seed, 0);
        skc_sampling s      = skc__sampling_random(120, 80, &p, &crop, &random);
        float        a[2], b[2], area, ratio;

        corner(&s, 0, 0, a);
        corner(&s, 50, 50, b);
        area  = fabsf((b[0] - a[0]) * (b[1] - a[1])) / (80 * 80);
        ratio = fabsf((b[0] - a[0]) / (b[1] - a[1]));
        assert_true(area > 0.199f && area < 0.601f);
        assert_true(ratio > 1 / 1.501f && ratio < 1.501f);
        for (int i = 0; i < 2; i++) {
            float low = i == 0 ? 20 : 0;

            assert_true(fminf(a[i], b[i]) > low - 1e-3f && fmaxf(a[i], b[i]) < low + 80 + 1e-3f);
        }
        least   = fminf(least, area);
        largest = fmaxf(largest, area);
        mirrored += a[0] > b[0];
        upside_down += a[1] > b[1];
    }
    assert_true(least < 0.22f && largest > 0.58f);
    assert_in_range(mirrored, 150, 250);
    assert_in_range(upside_down, 150, 250);
}

/* A picture zoomed out stays centred; a turned one turns about its middle and keeps its shape. */
static void test_zoom_and_rotation(void **state)
{
    skc_preprocessing p      = input(50, 50, SKC_FIT_CENTRE);
    skc_augmentation  zoom   = { .rotation = 30, .scale_min = 1.5f, .scale_max = 2, .aspect = 1 };
    float             widest = 0;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        skc_random   random = skc__random_stream(seed, 1, 2);
        skc_sampling s      = skc__sampling_random(100, 80, &p, &zoom, &random);
        float        m[2], across, along, angle;

        corner(&s, 25, 25, m);
        assert_float_equal(m[0], 50, 1e-2f);
        assert_float_equal(m[1], 40, 1e-2f);
        across = hypotf(s.matrix[0][0], s.matrix[1][0]);
        along  = hypotf(s.matrix[0][1], s.matrix[1][1]);
        angle  = atan2f(s.matrix[1][0], s.matrix[0][0]) * 57.29578f;
        assert_float_equal(across, along, 1e-3f);
        assert_float_equal(s.matrix[0][0], s.matrix[1][1], 1e-4f);
        assert_true(fabsf(angle) < 30.01f);
        widest = fmaxf(widest, fabsf(angle));
    }
    assert_true(widest > 25);
}

static void test_same_stream_same_sampling(void **state)
{
    skc_preprocessing p   = input(50, 50, SKC_FIT_CENTRE);
    skc_augmentation  all = { true, 180, 0.6f, 1, 1.2f, 0.2f, 0.2f, 0.2f, 0.02f, 0.2f };
    skc_random        a = skc__random_stream(1, 2, 3), b = a, c = skc__random_stream(1, 2, 4);
    skc_sampling      x = skc__sampling_random(100, 80, &p, &all, &a);
    skc_sampling      y = skc__sampling_random(100, 80, &p, &all, &b);
    skc_sampling      z = skc__sampling_random(100, 80, &p, &all, &c);

    (void)state;
    assert_memory_equal(&x, &y, sizeof x);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&x, &z, sizeof x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_size_is_exact),
        cmocka_unit_test(test_centre_fit),
        cmocka_unit_test(test_symmetries),
        cmocka_unit_test(test_scaling_and_interpolation),
        cmocka_unit_test(test_border_is_mirrored),
        cmocka_unit_test(test_same_bits_on_every_set),
        cmocka_unit_test(test_crops_have_the_same_bits),
        cmocka_unit_test(test_nothing_random_is_plain),
        cmocka_unit_test(test_crops_lie_inside),
        cmocka_unit_test(test_zoom_and_rotation),
        cmocka_unit_test(test_same_stream_same_sampling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
