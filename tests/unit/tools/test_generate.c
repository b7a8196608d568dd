/* test_generate.c - made pictures: the same again, different where they should be, and the noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../tools/generate.h"
#include "../../../tools/noise.h"

#include <math.h>
#include <string.h>

static skc_image *make(uint64_t seed, int32_t class_index, int32_t lesion_number, int32_t view,
                       int32_t size)
{
    generate_request request = { seed, class_index, lesion_number, view, size };
    skc_image       *image   = NULL;

    assert_int_equal(generate_picture(&request, NULL, &image, NULL), SKC_OK);
    assert_int_equal(skc_image_width(image), size);
    assert_int_equal(skc_image_height(image), size);
    return image;
}

static bool same(const skc_image *a, const skc_image *b)
{
    size_t size = (size_t)skc_image_width(a) * (size_t)skc_image_height(a) * 3;

    return memcmp(skc_image_pixels(a), skc_image_pixels(b), size) == 0;
}

static void test_repeatable(void **state)
{
    (void)state;
    for (int32_t c = 0; c < GENERATE_CLASSES; c++) {
        skc_image *a = make(5, c, 3, 0, 40), *b = make(5, c, 3, 0, 40);
        skc_image *view = make(5, c, 3, 1, 40), *lesion_4 = make(5, c, 4, 0, 40);
        skc_image *seed_6 = make(6, c, 3, 0, 40);

        assert_true(same(a, b));
        assert_false(same(a, view));
        assert_false(same(a, lesion_4));
        assert_false(same(a, seed_6));
        skc_image_free(a);
        skc_image_free(b);
        skc_image_free(view);
        skc_image_free(lesion_4);
        skc_image_free(seed_6);
    }
}

/* The lesion, in the middle, differs from the skin around it in every class. */
static void test_lesion_stands_out(void **state)
{
    (void)state;
    for (int32_t c = 0; c < GENERATE_CLASSES; c++) {
        int32_t seen = 0;

        for (int32_t n = 0; n < 8; n++) {
            lesion l        = generate_lesion(1, c, n);
            colour middle   = generate_shade(&l, l.x, l.y, 0);
            colour beside   = generate_shade(&l, l.x + 1.4F, l.y + 1.4F, 0);
            float  contrast = fabsf(middle.r - beside.r) + fabsf(middle.g - beside.g) +
                             fabsf(middle.b - beside.b);

            seen += contrast > 0.1F;
        }
        assert_true(seen >= 6);
    }
}

static void test_limits(void **state)
{
    static const generate_request wrong[] = { { 1, -1, 0, 0, 32 },
                                              { 1, GENERATE_CLASSES, 0, 0, 32 },
                                              { 1, 0, 0, 0, 15 },
                                              { 1, 0, 0, 0, 1025 } };
    skc_image                    *image   = NULL;
    skc_error                     err;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(generate_picture(&wrong[i], NULL, &image, &err), SKC_EINVAL);
    assert_null(image);
    image = make(1, 0, 0, 0, 16);
    skc_image_free(image);
    image = make(1, 6, INT32_MAX, INT32_MAX, 129);
    skc_image_free(image);
}

static void test_noise(void **state)
{
    float low = 0, high = 0;

    (void)state;
    for (int32_t i = -400; i <= 400; i++) {
        float turns = (float)i / 97;

        assert_float_equal(noise_sine(turns), sin(6.283185307179586 * (double)turns), 0.0012);
    }
    for (int32_t i = 0; i <= 40; i++)
        assert_float_equal(noise_decay((float)i / 10), exp(-i / 10.0), 0.04);
    for (int32_t i = 0; i < 3000; i++) {
        float      v    = noise_fractal(7, (float)i * 0.37F - 300, (float)i * 0.11F, 4);
        noise_cell cell = noise_cells(7, (float)i * 0.37F - 300, (float)i * 0.11F);

        low  = v < low ? v : low;
        high = v > high ? v : high;
        assert_true(cell.nearest >= 0 && cell.nearest <= cell.second && cell.second < 2.2F);
    }
    assert_true(low >= -1 && low < -0.3F && high <= 1 && high > 0.3F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_lesion_stands_out),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
