/* test_encode.c - PNG and JPEG written and read back. */
#include "pictures.h"

#include <stdio.h>

static skc_image *textured(int32_t width, int32_t height)
{
    skc_image *image;
    uint8_t   *p;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    p = skc_image_pixels_mutable(image);
    for (int32_t i = 0; i < width * height; i++, p += 3) {
        p[0] = (uint8_t)(100 + i % width);
        p[1] = (uint8_t)(180 - i / width);
        p[2] = (uint8_t)(i % width + i / width);
    }
    return image;
}

static void test_png_is_exact(void **state)
{
    static const int32_t sizes[][2] = { { 1, 1 }, { 1, 7 }, { 9, 1 }, { 61, 33 }, { 300, 200 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        skc_image *image = textured(sizes[i][0], sizes[i][1]), *back;
        uint8_t   *bytes;
        size_t     size;

        assert_int_equal(skc_image_encode(image, SKC_PNG, 0, NULL, &bytes, &size, NULL), SKC_OK);
        back = decode(bytes, size);
        assert_int_equal(skc_image_width(back), sizes[i][0]);
        assert_int_equal(skc_image_height(back), sizes[i][1]);
        assert_memory_equal(skc_image_pixels(image), skc_image_pixels(back),
                            (size_t)sizes[i][0] * (size_t)sizes[i][1] * 3);
        skc_free(NULL, bytes);
        skc_image_free(back);
        skc_image_free(image);
    }
}

/* Data that do not compress need more than one buffer of deflate. */
static void test_png_of_noise(void **state)
{
    skc_image *image = textured(200, 150), *back;
    uint32_t   noise = 1;
    uint8_t   *bytes;
    size_t     size;

    (void)state;
    for (int i = 0; i < 200 * 150 * 3; i++) {
        noise                              = noise * 1664525u + 1013904223u;
        skc_image_pixels_mutable(image)[i] = (uint8_t)(noise >> 24);
    }
    assert_int_equal(skc_image_encode(image, SKC_PNG, 0, NULL, &bytes, &size, NULL), SKC_OK);
    back = decode(bytes, size);
    assert_memory_equal(skc_image_pixels(image), skc_image_pixels(back), 200 * 150 * 3);
    skc_free(NULL, bytes);
    skc_image_free(back);
    skc_image_free(image);
}

static long total_error(const skc_image *a, const skc_image *b)
{
    long sum = 0;

    assert_int_equal(skc_image_width(a), skc_image_width(b));
    assert_int_equal(skc_image_height(a), skc_image_height(b));
    for (int32_t i = 0; i < skc_image_width(a) * skc_image_height(a) * 3; i++)
        sum += labs((long)skc_image_pixels(a)[i] - skc_image_pixels(b)[i]);
    return sum;
}

static void test_jpeg_is_close(void **state)
{
    skc_image *image = textured(61, 33);
    size_t     last  = 0;

    (void)state;
    for (int quality = 30; quality <= 100; quality += 35) {
        skc_image *back;
        uint8_t   *bytes;
        size_t     size;

        assert_int_equal(skc_image_encode(image, SKC_JPEG, quality, NULL, &bytes, &size, NULL),
                         SKC_OK);
        back = decode(bytes, size);
        assert_true(total_error(image, back) < 5 * 61 * 33 * 3);
        assert_true(size > last);
        last = size;
        skc_free(NULL, bytes);
        skc_image_free(back);
    }
    skc_image_free(image);
}

static void test_arguments(void **state)
{
    skc_image *image = textured(4, 4);
    uint8_t   *bytes = NULL;
    size_t     size  = 0;
    skc_error  err;

    (void)state;
    assert_int_equal(skc_image_encode(image, SKC_JPEG, 0, NULL, &bytes, &size, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "1..100"));
    assert_int_equal(skc_image_encode(image, SKC_JPEG, 101, NULL, &bytes, &size, &err), SKC_EINVAL);
    assert_int_equal(skc_image_encode(image, (skc_picture_format)7, 90, NULL, &bytes, &size, &err),
                     SKC_EINVAL);
    assert_int_equal(skc_image_encode(NULL, SKC_PNG, 0, NULL, &bytes, &size, &err), SKC_EINVAL);
    assert_null(bytes);
    skc_image_free(image);
}

static void test_failing_allocations(void **state)
{
    skc_image *image = textured(40, 30);

    (void)state;
    for (int format = SKC_PNG; format <= SKC_JPEG; format++) {
        skc_status status = SKC_ENOMEM;
        long       n      = 0;

        while (status == SKC_ENOMEM) {
            counter     c       = { .fail_at = ++n };
            skc_runtime runtime = counting_runtime(&c);
            uint8_t    *bytes   = NULL;
            size_t      size    = 0;

            status = skc_image_encode(image, (skc_picture_format)format, 90, &runtime, &bytes,
                                      &size, NULL);
            assert_true((status == SKC_OK) == (bytes != NULL));
            assert_true((status == SKC_OK) == (c.calls < n));
            skc_free(&runtime, bytes);
            assert_int_equal(c.live, 0);
        }
        assert_int_equal(status, SKC_OK);
        assert_true(n > 2);
    }
    skc_image_free(image);
}

static void test_save(void **state)
{
    char       path[64];
    skc_image *image = textured(20, 10), *back;
    skc_error  err;

    (void)state;
    snprintf(path, sizeof path, "/tmp/skincnn_test_encode_%d.png", (int)getpid());
    assert_int_equal(skc_image_save(image, path, SKC_PNG, 0, NULL), SKC_OK);
    assert_int_equal(skc_image_load(path, NULL, NULL, &back, NULL), SKC_OK);
    assert_int_equal(total_error(image, back), 0);
    skc_image_free(back);
    unlink(path);
    assert_int_not_equal(skc_image_save(image, "/nowhere/a.png", SKC_PNG, 0, &err), SKC_OK);
    assert_non_null(strstr(err.message, "/nowhere/a.png"));
    assert_int_equal(skc_image_save(image, path, SKC_JPEG, 0, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, path));
    assert_int_not_equal(access(path, F_OK), 0);
    skc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_png_is_exact),        cmocka_unit_test(test_png_of_noise),
        cmocka_unit_test(test_jpeg_is_close),       cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_failing_allocations), cmocka_unit_test(test_save),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
