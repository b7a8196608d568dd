/* test_resize.c - scaling: close to two references, the same on every kernel set, free of aliasing,
 * mirror-symmetric, bounded. */
#include "pictures.h"

#include <math.h>

#include "image/picture.h"

/* The library that scaled before this one's own code did. */
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#include <stb_image_resize.h>

static skc_image *blank(int32_t width, int32_t height)
{
    skc_image *image;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    return image;
}

static skc_image *scaled(const skc_image *image, int32_t width, int32_t height)
{
    skc_image *out;

    assert_int_equal(skc_image_resize(image, width, height, &out, NULL), SKC_OK);
    assert_int_equal(skc_image_width(out), width);
    assert_int_equal(skc_image_height(out), height);
    return out;
}

/* Noise on a gradient: every frequency there is, and few values exactly between two levels. */
static void fill(skc_image *image)
{
    uint32_t noise = 1;

    for (int32_t i = 0; i < image->width * image->height * 3; i++) {
        noise            = noise * 1664525 + 1013904223;
        image->pixels[i] = (uint8_t)((noise >> 24) / 2 + (uint32_t)(i % 97));
    }
}

static const int32_t scalings[][4] = {
    { 60, 45, 37, 28 }, { 64, 48, 32, 12 }, { 600, 450, 373, 280 }, { 100, 80, 99, 81 },
    { 17, 9, 40, 31 },  { 2, 300, 5, 7 },   { 300, 2, 1, 1 },       { 1, 1, 9, 4 },
    { 33, 40, 33, 20 }, { 33, 40, 20, 40 }, { 1, 500, 3, 499 },     { 1023, 3, 5, 2 },
};
enum { SCALINGS = sizeof scalings / sizeof *scalings };

/* How much of output pixel `i` source pixel `k` is, in double precision. */
static double share(int32_t in, int32_t out, int32_t i, int32_t k)
{
    double scale = (double)in / out, middle;

    if (in > out)
        return fmax(0, fmin(k + 1, (i + 1) * scale) - fmax(k, i * scale)) / scale;
    middle = fmin(fmax((i + 0.5) * scale - 0.5, 0), in - 1);
    return fmax(0, 1 - fabs(middle - k));
}

static double reference(const skc_image *image, int32_t width, int32_t height, int32_t x, int32_t y,
                        int32_t c)
{
    double sum = 0;

    for (int32_t sy = 0; sy < image->height; sy++) {
        double down = share(image->height, height, y, sy);

        for (int32_t sx = 0; down > 0 && sx < image->width; sx++)
            sum += down * share(image->width, width, x, sx) *
                   image->pixels[(sy * image->width + sx) * 3 + c];
    }
    return sum;
}

/* Half a level from rounding, a thousandth from the arithmetic. */
static void test_double_precision_reference(void **state)
{
    (void)state;
    for (size_t s = 0; s < SCALINGS; s++) {
        const int32_t *size  = scalings[s];
        skc_image     *image = blank(size[0], size[1]), *out;
        int32_t        step  = size[2] > 100 ? 7 : 1;

        fill(image);
        out = scaled(image, size[2], size[3]);
        for (int32_t y = 0; y < size[3]; y += step)
            for (int32_t x = 0; x < size[2]; x += step)
                for (int32_t c = 0; c < 3; c++) {
                    double want = reference(image, size[2], size[3], x, y, c);

                    assert_true(fabs(out->pixels[(y * size[2] + x) * 3 + c] - want) <= 0.501);
                }
        skc_image_free(out);
        skc_image_free(image);
    }
}

/* The same by stb_image_resize, which scaled before this library's own code did, with the filters
 * that it was asked for. */
static skc_image *scaled_by_stb(const skc_image *image, int32_t width, int32_t height)
{
    skc_image   *out    = blank(width, height);
    stbir_filter across = width < image->width ? STBIR_FILTER_BOX : STBIR_FILTER_TRIANGLE;
    stbir_filter down   = height < image->height ? STBIR_FILTER_BOX : STBIR_FILTER_TRIANGLE;

    assert_true(stbir_resize(image->pixels, image->width, image->height, 0, out->pixels, width,
                             height, 0, STBIR_TYPE_UINT8, 3, STBIR_ALPHA_CHANNEL_NONE, 0,
                             STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP, across, down,
                             STBIR_COLORSPACE_LINEAR, NULL));
    return out;
}

/* One level at most, and that in few places: networks that were trained on pictures scaled by
 * stb_image_resize see what they saw. */
static void test_stb_agrees(void **state)
{
    (void)state;
    for (size_t s = 0; s < SCALINGS; s++) {
        const int32_t *size   = scalings[s];
        int32_t        values = size[2] * size[3] * 3, different = 0;
        skc_image     *image = blank(size[0], size[1]), *out, *other;

        fill(image);
        out   = scaled(image, size[2], size[3]);
        other = scaled_by_stb(image, size[2], size[3]);
        for (int32_t i = 0; i < values; i++) {
            int difference = abs(out->pixels[i] - other->pixels[i]);

            assert_true(difference <= 1);
            different += difference;
        }
        assert_true(different <= values / 20 + 1);
        skc_image_free(out);
        skc_image_free(other);
        skc_image_free(image);
    }
}

/* Caches of staged pictures are shared between machines. */
static void test_every_kernel_set_gives_the_same(void **state)
{
    skc_runtime runtime;

    (void)state;
    skc_runtime_init(&runtime);
    for (size_t s = 0; s < SCALINGS; s++) {
        const int32_t *size  = scalings[s];
        skc_image     *image = blank(size[0], size[1]), *first;

        fill(image);
        image->kernels = skc__kernels_scalar;
        first          = scaled(image, size[2], size[3]);
        for (int32_t k = 0; (runtime.kernels = skc_kernel_set(k)) != NULL; k++) {
            skc_image *again;

            assert_int_equal(skc__kernels(&runtime, &image->kernels, NULL), SKC_OK);
            again = scaled(image, size[2], size[3]);
            assert_memory_equal(again->pixels, first->pixels, (size_t)(size[2] * size[3] * 3));
            skc_image_free(again);
        }
        skc_image_free(first);
        skc_image_free(image);
    }
}

enum { PLATE = 512, SMALL = 128 };

/* How far pixels are from grey (root mean square) where a scaled zone plate's rings are more than
 * half as fine again as the small picture can show. */
static double false_patterns(const skc_image *small)
{
    double  square = 0;
    int32_t count  = 0;

    for (int32_t y = 0; y < SMALL; y++)
        for (int32_t x = 0; x < SMALL; x++) {
            double off = small->pixels[(y * SMALL + x) * 3] - 127.5;

            if (sqrt(x * x + y * y) * 4 / SMALL > 1.5) {
                square += off * off;
                count++;
            }
        }
    return sqrt(square / count);
}

/* Rings that get finer outwards: at full contrast 90, taken pixel by pixel as well. */
static void test_zone_plate(void **state)
{
    skc_image *image = blank(PLATE, PLATE), *small, *other;

    (void)state;
    for (int32_t y = 0; y < PLATE; y++)
        for (int32_t x = 0; x < PLATE; x++) {
            double wave = cos(3.14159265358979 * (x * x + y * y) / (2.0 * PLATE));

            memset(image->pixels + (y * PLATE + x) * 3, (int)lrint(127.5 + 127.5 * wave), 3);
        }
    small = scaled(image, SMALL, SMALL);
    other = scaled_by_stb(image, SMALL, SMALL);
    assert_true(false_patterns(small) < 12);
    assert_true(false_patterns(small) < false_patterns(other) + 0.01);
    skc_image_free(small);
    skc_image_free(other);
    skc_image_free(image);
}

static void test_same_size_is_a_copy(void **state)
{
    skc_image *image = blank(13, 9), *copy;

    (void)state;
    for (int32_t i = 0; i < 13 * 9 * 3; i++)
        skc_image_pixels_mutable(image)[i] = (uint8_t)(i * 37);
    copy = scaled(image, 13, 9);
    assert_memory_equal(skc_image_pixels(copy), skc_image_pixels(image), 13 * 9 * 3);
    skc_image_free(copy);
    skc_image_free(image);
}

/* By a whole factor every pixel is the mean of its block: each source pixel counts alike. */
static void test_reduction_is_a_mean(void **state)
{
    skc_image *image = blank(12, 8), *half;

    (void)state;
    for (int32_t i = 0; i < 12 * 8 * 3; i++)
        skc_image_pixels_mutable(image)[i] = (uint8_t)(i * 89);
    half = scaled(image, 3, 2);
    for (int32_t y = 0; y < 2; y++)
        for (int32_t i = 0; i < 9; i++) {
            int sum = 0;

            for (int32_t k = 0; k < 16; k++)
                sum +=
                    skc_image_pixels(image)[(y * 4 + k / 4) * 36 + i / 3 * 12 + k % 4 * 3 + i % 3];
            assert_in_range(skc_image_pixels(half)[y * 9 + i] + 1, (sum + 8) / 16,
                            (sum + 8) / 16 + 2);
        }
    skc_image_free(half);
    skc_image_free(image);
}

/* One-pixel stripes have no business in a picture of a fifth of the size: without antialiasing
 * they come out as broad false stripes. */
static void test_fine_stripes_become_grey(void **state)
{
    skc_image *image = blank(200, 200), *small;

    (void)state;
    for (int32_t i = 0; i < 200 * 200 * 3; i++)
        skc_image_pixels_mutable(image)[i] = (i / 3 % 200 + i / 600) % 2 ? 255 : 0;
    small = scaled(image, 39, 41);
    for (int32_t i = 0; i < 39 * 41 * 3; i++)
        assert_in_range(skc_image_pixels(small)[i], 128 - 28, 128 + 28);
    skc_image_free(small);
    skc_image_free(image);
}

static void test_one_colour_stays(void **state)
{
    static const int32_t sizes[][2] = { { 1, 1 }, { 7, 5 }, { 30, 20 }, { 64, 3 }, { 2, 90 } };
    skc_image           *image      = blank(30, 20);

    (void)state;
    for (int32_t i = 0; i < 30 * 20 * 3; i++)
        skc_image_pixels_mutable(image)[i] = (uint8_t)(40 + i % 3 * 80);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        skc_image *other = scaled(image, sizes[s][0], sizes[s][1]);

        for (int32_t i = 0; i < sizes[s][0] * sizes[s][1]; i++)
            assert_pixel(other, i % sizes[s][0], i / sizes[s][0], 40, 120, 200);
        skc_image_free(other);
    }
    skc_image_free(image);
}

/* Enlarged, values lie on straight lines between the old ones and never overshoot. */
static void test_enlarging_is_linear(void **state)
{
    skc_image       *image      = blank(2, 1), *wide;
    static const int expected[] = { 0, 0, 25, 75, 125, 175, 200, 200 };

    (void)state;
    memset(skc_image_pixels_mutable(image) + 3, 200, 3);
    wide = scaled(image, 8, 1);
    for (int x = 0; x < 8; x++)
        assert_in_range(skc_image_pixels(wide)[3 * x] + 1, expected[x], expected[x] + 2);
    skc_image_free(wide);
    skc_image_free(image);
}

/* The mirror image of a scaled picture is the scaled mirror image, but for rounding: no half-pixel
 * shift to one side. */
static void test_mirror_symmetry(void **state)
{
    skc_image *image = blank(50, 37), *mirror = blank(50, 37), *a, *b;

    (void)state;
    for (int32_t y = 0; y < 37; y++)
        for (int32_t x = 0; x < 50 * 3; x++) {
            uint8_t value = (uint8_t)(((x / 3) * (x / 3) + 3 * y * (x % 3)) / 12);

            skc_image_pixels_mutable(image)[y * 150 + x]                                = value;
            skc_image_pixels_mutable(mirror)[(36 - y) * 150 + (49 - x / 3) * 3 + x % 3] = value;
        }
    a = scaled(image, 17, 16);
    b = scaled(mirror, 17, 16);
    for (int32_t i = 0; i < 17 * 16; i++)
        for (int32_t c = 0; c < 3; c++)
            assert_in_range(skc_image_pixels(a)[3 * i + c] + 1 -
                                skc_image_pixels(b)[3 * (17 * 16 - 1 - i) + c],
                            0, 2);
    skc_image_free(a);
    skc_image_free(b);
    skc_image_free(image);
    skc_image_free(mirror);
}

static void test_extreme_shapes(void **state)
{
    skc_image *line = blank(65535, 1), *column = blank(1, 65535), *out = NULL;
    skc_error  err;

    (void)state;
    skc_image_free(scaled(line, 1, 1));
    skc_image_free(scaled(line, 3, 65535));
    skc_image_free(scaled(column, 1, 1));
    skc_image_free(scaled(column, 7, 3));
    skc_image_free(scaled(column, 65535, 1));
    assert_int_equal(skc_image_resize(line, 65535, 65535, &out, &err), SKC_ELIMIT);
    assert_int_equal(skc_image_resize(line, 0, 5, &out, &err), SKC_EINVAL);
    assert_int_equal(skc_image_resize(line, 5, 65536, &out, &err), SKC_EINVAL);
    assert_int_equal(skc_image_resize(NULL, 5, 5, &out, &err), SKC_EINVAL);
    assert_null(out);
    skc_image_free(line);
    skc_image_free(column);
}

static void test_failing_allocations(void **state)
{
    skc_status status = SKC_ENOMEM;

    (void)state;
    for (long n = 0; status == SKC_ENOMEM; n++) {
        counter     c       = { 0 };
        skc_runtime runtime = counting_runtime(&c);
        skc_image  *image, *out = NULL;

        assert_int_equal(skc_image_create(20, 20, NULL, &runtime, &image, NULL), SKC_OK);
        c.fail_at = c.calls + n + 1;
        status    = skc_image_resize(image, 7, 9, &out, NULL);
        assert_true((status == SKC_OK) == (out != NULL));
        assert_true(status == SKC_ENOMEM || n >= 3);
        skc_image_free(out);
        skc_image_free(image);
        assert_int_equal(c.live, 0);
    }
    assert_int_equal(status, SKC_OK);
}

static void test_staged_size(void **state)
{
    static const int32_t rows[][5] = {
        { 600, 450, 140, 187, 140 }, { 450, 600, 140, 140, 187 }, { 100, 80, 140, 100, 80 },
        { 140, 140, 140, 140, 140 }, { 141, 141, 140, 140, 140 }, { 65535, 141, 140, 65070, 140 },
    };
    skc_preprocessing p = { .height = 100, .width = 128 };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int32_t width, height;

        skc__staged_size(rows[i][0], rows[i][1], rows[i][2], &width, &height);
        assert_int_equal(width, rows[i][3]);
        assert_int_equal(height, rows[i][4]);
    }
    assert_int_equal(skc__staged_side(&p), 160);
    p.height = 130;
    assert_int_equal(skc__staged_side(&p), 163);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_double_precision_reference),
        cmocka_unit_test(test_stb_agrees),
        cmocka_unit_test(test_every_kernel_set_gives_the_same),
        cmocka_unit_test(test_zone_plate),
        cmocka_unit_test(test_same_size_is_a_copy),
        cmocka_unit_test(test_reduction_is_a_mean),
        cmocka_unit_test(test_fine_stripes_become_grey),
        cmocka_unit_test(test_one_colour_stays),
        cmocka_unit_test(test_enlarging_is_linear),
        cmocka_unit_test(test_mirror_symmetry),
        cmocka_unit_test(test_extreme_shapes),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_staged_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
