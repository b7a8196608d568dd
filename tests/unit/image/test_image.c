/* test_image.c - making pictures, reading their fields, cutting them. */
#include "pictures.h"

static skc_image *numbered(int32_t width, int32_t height)
{
    skc_image *image;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    for (int32_t i = 0; i < width * height * 3; i++)
        skc_image_pixels_mutable(image)[i] = (uint8_t)i;
    return image;
}

static void test_create_copies_or_is_black(void **state)
{
    uint8_t    pixels[2 * 3 * 3];
    skc_image *image;

    (void)state;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7);
    assert_int_equal(skc_image_create(2, 3, pixels, NULL, &image, NULL), SKC_OK);
    assert_int_equal(skc_image_width(image), 2);
    assert_int_equal(skc_image_height(image), 3);
    assert_memory_equal(skc_image_pixels(image), pixels, sizeof pixels);
    assert_ptr_not_equal(skc_image_pixels(image), pixels);
    skc_image_free(image);

    assert_int_equal(skc_image_create(2, 3, NULL, NULL, &image, NULL), SKC_OK);
    for (size_t i = 0; i < sizeof pixels; i++)
        assert_int_equal(skc_image_pixels(image)[i], 0);
    skc_image_free(image);
    skc_image_free(NULL);
}

static void test_create_refuses_impossible_sizes(void **state)
{
    static const int32_t sizes[][2] = { { 0, 5 }, { 5, 0 }, { -1, 5 }, { 65536, 1 }, { 1, 65536 } };
    skc_image           *image      = NULL;
    skc_error            err;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(skc_image_create(sizes[i][0], sizes[i][1], NULL, NULL, &image, &err),
                         SKC_EINVAL);
        assert_non_null(strstr(err.message, "1..65535"));
        assert_null(image);
    }
    assert_int_equal(skc_image_create(65535, 1, NULL, NULL, &image, &err), SKC_OK);
    skc_image_free(image);
}

static void test_crop_takes_the_box(void **state)
{
    skc_image *image = numbered(7, 5), *crop;

    (void)state;
    assert_int_equal(skc_image_crop(image, (skc_box){ 2, 1, 4, 3 }, &crop, NULL), SKC_OK);
    assert_int_equal(skc_image_width(crop), 4);
    assert_int_equal(skc_image_height(crop), 3);
    for (int32_t y = 0; y < 3; y++)
        for (int32_t x = 0; x < 4 * 3; x++)
            assert_int_equal(skc_image_pixels(crop)[y * 12 + x],
                             skc_image_pixels(image)[(y + 1) * 21 + 6 + x]);
    skc_image_free(crop);
    skc_image_free(image);
}

static void test_crop_refuses_boxes_outside(void **state)
{
    static const skc_box boxes[] = {
        { 0, 0, 0, 1 },         { 0, 0, 1, 0 },         { -1, 0, 2, 2 },
        { 0, -1, 2, 2 },        { 4, 0, 4, 1 },         { 0, 3, 1, 3 },
        { INT32_MAX, 0, 2, 2 }, { 0, INT32_MAX, 2, 2 }, { 1, 1, INT32_MAX, 1 },
        { 1, 1, 1, INT32_MAX }, { INT32_MIN, 0, 1, 1 },
    };
    skc_image *image = numbered(7, 5), *crop = NULL;
    skc_error  err;

    (void)state;
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++) {
        assert_int_equal(skc_image_crop(image, boxes[i], &crop, &err), SKC_EINVAL);
        assert_null(crop);
    }
    skc_image_free(image);
}

static void test_centre_square(void **state)
{
    skc_image *wide = numbered(9, 4), *tall = numbered(4, 9);
    skc_box    a = skc_image_centre_square(wide), b = skc_image_centre_square(tall);

    (void)state;
    assert_true(a.x == 2 && a.y == 0 && a.width == 4 && a.height == 4);
    assert_true(b.x == 0 && b.y == 2 && b.width == 4 && b.height == 4);
    skc_image_free(wide);
    skc_image_free(tall);
}

static void test_failing_allocations(void **state)
{
    (void)state;
    for (long n = 1; n <= 4; n++) {
        counter     c       = { .fail_at = n };
        skc_runtime runtime = counting_runtime(&c);
        skc_image  *image = NULL, *crop = NULL;
        skc_status  status = skc_image_create(3, 3, NULL, &runtime, &image, NULL);

        if (status == SKC_OK)
            status = skc_image_crop(image, (skc_box){ 0, 0, 2, 2 }, &crop, NULL);
        assert_int_equal(status, SKC_ENOMEM);
        skc_image_free(image);
        assert_null(crop);
        assert_int_equal(c.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_copies_or_is_black),
        cmocka_unit_test(test_create_refuses_impossible_sizes),
        cmocka_unit_test(test_crop_takes_the_box),
        cmocka_unit_test(test_crop_refuses_boxes_outside),
        cmocka_unit_test(test_centre_square),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
