/* test_input.c - from a picture to a network's input. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "model/input.h"

static const skc_preprocessing p = { .height    = 16,
                                     .width     = 12,
                                     .fit       = SKC_FIT_CENTRE,
                                     .mean      = { 100, 50, 0 },
                                     .deviation = { 10, 20, 0.5f } };

static void test_small_pictures_stay(void **state)
{
    const skc_allocator heap  = skc__allocator(NULL);
    skc_image          *image = tiny_picture(0, 40, 20);
    skc_pixels          staged;
    void               *block = &staged;

    (void)state;
    assert_int_equal(skc_preprocessing_side(&p), 20); /* 1.25 x 16 */
    assert_int_equal(skc__input_stage(image, &p, &heap, &staged, &block, NULL), SKC_OK);
    assert_null(block);
    assert_ptr_equal(staged.data, skc_image_pixels(image));
    assert_int_equal(staged.width, 40);
    skc_image_free(image);
}

static void test_large_pictures_are_scaled(void **state)
{
    const skc_allocator heap  = skc__allocator(NULL);
    skc_image          *image = tiny_picture(0, 300, 100), *same = NULL;
    skc_pixels          staged;
    void               *block = NULL;

    (void)state;
    assert_int_equal(skc__input_stage(image, &p, &heap, &staged, &block, NULL), SKC_OK);
    assert_ptr_equal(staged.data, block);
    assert_int_equal(staged.width, 60);
    assert_int_equal(staged.height, 20);
    assert_int_equal(skc_image_resize(image, 60, 20, &same, NULL), SKC_OK);
    assert_memory_equal(staged.data, skc_image_pixels(same), 60 * 20 * 3);
    skc__release(&heap, block);
    skc_image_free(image);
    skc_image_free(same);
}

static void test_normalise(void **state)
{
    float       pixels[16 * 12 * 3], out[16 * 12 * 3];
    skc_kernels kernels;

    (void)state;
    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    for (int i = 0; i < 16 * 12 * 3; i++)
        pixels[i] = (float)(i % 256);
    skc__input_normalise(&kernels, &p, pixels, out);
    for (int i = 0; i < 16 * 12 * 3; i++)
        assert_true(fabsf(out[i] - (pixels[i] - p.mean[i % 3]) / p.deviation[i % 3]) < 1e-4f);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_allocator a = skc__allocator(runtime);
    skc_pixels    staged;
    void         *block;
    skc_status    status = skc__input_stage(context, &p, &a, &staged, &block, NULL);

    if (status == SKC_OK)
        skc__release(&a, block);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_image *image = tiny_picture(0, 300, 100);

    (void)state;
    assert_true(faults_count(attempt, image) >= 1);
    skc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_pictures_stay),
        cmocka_unit_test(test_large_pictures_are_scaled),
        cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
