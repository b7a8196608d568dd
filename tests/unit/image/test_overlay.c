/* test_overlay.c - heat over a picture: which colours where, and what is refused. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "image/overlay.h"

enum { WIDTH = 12, HEIGHT = 10 };

/* A picture, heat of one value over a box of it, the overlay; to be freed. */
static skc_image *overlay(const skc_image *image, float heat, float opacity, skc_box box)
{
    const skc_heat h   = { 1, 1, &heat, box, 0 };
    skc_image     *out = NULL;
    skc_error      err;

    assert_works(skc_image_overlay(image, &h, opacity, &out, &err), err);
    return out;
}

static const uint8_t *pixel(const skc_image *image, int32_t x, int32_t y)
{
    return skc_image_pixels(image) + 3 * (y * skc_image_width(image) + x);
}

static void test_colours(void **state)
{
    static const uint8_t strongest[] = { 253, 231, 37 };
    const skc_box        all         = { 0, 0, WIDTH, HEIGHT };
    skc_image           *image       = tiny_picture(1, WIDTH, HEIGHT);
    skc_image           *out         = overlay(image, 0, 1, all);
    size_t               bytes       = 3 * WIDTH * HEIGHT;

    (void)state;
    assert_memory_equal(skc_image_pixels(out), skc_image_pixels(image), bytes);
    skc_image_free(out);
    out = overlay(image, 1, 0, all);
    assert_memory_equal(skc_image_pixels(out), skc_image_pixels(image), bytes);
    skc_image_free(out);
    out = overlay(image, 1, 1, all);
    for (int32_t i = 0; i < WIDTH * HEIGHT; i++)
        assert_memory_equal(skc_image_pixels(out) + 3 * i, strongest, 3);
    skc_image_free(out);
    skc_image_free(image);
}

/* Over black and at full opacity a pixel is heat x colour, which gets lighter with the heat. */
static void test_lighter_with_heat(void **state)
{
    const skc_box all    = { 0, 0, WIDTH, HEIGHT };
    skc_image    *image  = NULL;
    double        before = -1;

    (void)state;
    assert_int_equal(skc_image_create(WIDTH, HEIGHT, NULL, NULL, &image, NULL), SKC_OK);
    for (int i = 0; i <= 100; i++) {
        skc_image     *out  = overlay(image, (float)i / 100, 1, all);
        const uint8_t *p    = pixel(out, 3, 3);
        double         luma = 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];

        assert_true(luma > before - 0.5 && luma < before + 6);
        before = luma;
        skc_image_free(out);
    }
    skc_image_free(image);
}

static void test_only_the_box(void **state)
{
    const skc_box box   = { 3, 2, 5, 6 };
    skc_image    *image = tiny_picture(2, WIDTH, HEIGHT), *out = overlay(image, 1, 0.5f, box);

    (void)state;
    for (int32_t y = 0; y < HEIGHT; y++)
        for (int32_t x = 0; x < WIDTH; x++) {
            bool inside = x >= 3 && x < 8 && y >= 2 && y < 8;
            bool same   = memcmp(pixel(image, x, y), pixel(out, x, y), 3) == 0;

            assert_true(inside != same);
        }
    skc_image_free(out);
    skc_image_free(image);
}

static void test_map_between_cells(void **state)
{
    const float map[] = { 0, 1, 0.5f, 0.25f };

    (void)state;
    assert_float_equal(skc__map_at(map, 2, 2, 0.25f, 0.25f), 0, 1e-6f);
    assert_float_equal(skc__map_at(map, 2, 2, 0.75f, 0.25f), 1, 1e-6f);
    assert_float_equal(skc__map_at(map, 2, 2, 0.5f, 0.5f), 0.4375f, 1e-6f);
    assert_float_equal(skc__map_at(map, 2, 2, 1, 0), 1, 1e-6f);
    assert_float_equal(skc__map_at(map, 2, 2, 0, 1), 0.5f, 1e-6f);
    assert_float_equal(skc__map_at(map, 4, 1, 0.25f, 0.9f), 0.5f, 1e-6f);
}

static void test_refused(void **state)
{
    static const skc_box outside[] = { { -1, 0, 5, 5 },        { 0, -1, 5, 5 },
                                       { 0, 0, 0, 5 },         { 0, 0, 5, 0 },
                                       { 8, 0, 5, 5 },         { 0, 6, 5, 5 },
                                       { INT32_MAX, 0, 5, 5 }, { 0, INT32_MAX, 5, 5 },
                                       { 0, 0, INT32_MAX, 5 } };
    const float          wrong[]   = { 1.5f, -0.5f, NAN };
    const float          value     = 1;
    skc_image           *image = tiny_picture(1, WIDTH, HEIGHT), *out = NULL;
    skc_heat             heat = { 1, 1, &value, { 0, 0, 5, 5 }, 0 };
    skc_error            err;

    (void)state;
    assert_fails(skc_image_overlay(image, &heat, 1.5f, &out, &err), SKC_EINVAL, err, "opacity 1.5");
    assert_fails(skc_image_overlay(image, &heat, NAN, &out, &err), SKC_EINVAL, err, "opacity");
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        heat.box = outside[i];
        assert_fails(skc_image_overlay(image, &heat, 1, &out, &err), SKC_EINVAL, err,
                     "does not lie in 12 x 10");
    }
    heat.box = (skc_box){ 0, 0, 5, 5 };
    for (size_t i = 0; i < 3; i++) {
        heat.values = &wrong[i];
        assert_fails(skc_image_overlay(image, &heat, 1, &out, &err), SKC_EINVAL, err, "heat 0 is");
    }
    heat = (skc_heat){ 0, 1, &value, { 0, 0, 5, 5 }, 0 };
    assert_fails(skc_image_overlay(image, &heat, 1, &out, &err), SKC_EINVAL, err, "1 x 0 values");
    heat = (skc_heat){ 1, 1, NULL, { 0, 0, 5, 5 }, 0 };
    assert_fails(skc_image_overlay(image, &heat, 1, &out, &err), SKC_EINVAL, err, "heat of");
    assert_null(out);
    skc_image_free(image);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    const float    value = 1;
    const skc_heat heat  = { 1, 1, &value, { 0, 0, 4, 4 }, 0 };
    skc_image     *image = NULL, *out = NULL;
    skc_status     status = skc_image_create(4, 4, NULL, runtime, &image, NULL);

    (void)context;
    if (status == SKC_OK)
        status = skc_image_overlay(image, &heat, 1, &out, NULL);
    skc_image_free(out);
    skc_image_free(image);
    return status;
}

static void test_no_memory(void **state)
{
    (void)state;
    assert_true(faults_count(attempt, NULL) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colours),      cmocka_unit_test(test_lighter_with_heat),
        cmocka_unit_test(test_only_the_box), cmocka_unit_test(test_map_between_cells),
        cmocka_unit_test(test_refused),      cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
