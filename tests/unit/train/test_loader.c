/* test_loader.c - pictures of a dataset as network inputs. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "train/loader.h"

enum { COUNT = 7 };

static const skc_preprocessing p = { .height    = TINY_SIDE,
                                     .width     = TINY_SIDE,
                                     .fit       = SKC_FIT_CENTRE,
                                     .mean      = { 100, 110, 120 },
                                     .deviation = { 50, 55, 60 } };

static tiny_data     data;
static skc_kernels   kernels;
static skc_allocator heap;

static skc_loader loader_of(int32_t threads)
{
    skc_runtime runtime = runtime_of(threads);
    skc_pool   *pool;
    skc_loader  loader;

    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    assert_int_equal(skc__loader_create(&kernels, &p, pool, &heap, &loader, NULL), SKC_OK);
    return loader;
}

static void close_loader(skc_loader *loader)
{
    skc__loader_free(loader);
    skc__pool_free(loader->pool);
}

/* What a session makes of the same picture. */
static void at_inference(int32_t picture, int32_t symmetry, float *input)
{
    skc_image   *image = tiny_picture(picture, 32, 32);
    float        sampled[TINY_INPUT];
    skc_pixels   staged;
    void        *block;
    skc_sampling sampling;

    assert_int_equal(skc__input_stage(image, &p, &heap, &staged, &block, NULL), SKC_OK);
    sampling = skc__sampling_plain(staged.width, staged.height, &p, symmetry);
    skc__sample(&kernels, staged, &sampling, p.width, p.height, sampled);
    skc__input_normalise(&kernels, &p, sampled, input);
    skc__release(&heap, block);
    skc_image_free(image);
}

static void test_plain_is_as_at_inference(void **state)
{
    static const int32_t indices[] = { 3, 0, 6, 3, 5 };
    static float         inputs[5 * TINY_INPUT], wanted[TINY_INPUT];

    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        skc_loader loader = loader_of(threads);

        for (int32_t symmetry = 0; symmetry < 8; symmetry++) {
            skc__load_plain(&loader, data.dataset, indices, 5, symmetry, inputs);
            for (int i = 0; i < 5; i++) {
                at_inference(indices[i], symmetry, wanted);
                assert_memory_equal(inputs + i * TINY_INPUT, wanted, sizeof wanted);
            }
        }
        close_loader(&loader);
    }
}

/* What a picture becomes depends on seed, epoch and place, on nothing else. */
static void test_augmented(void **state)
{
    static const int32_t indices[] = { 3, 0, 6, 3, 5 };
    static float         all[5 * TINY_INPUT], one[TINY_INPUT], other[TINY_INPUT];
    skc_train_options    options;
    skc_loader           first = loader_of(1), second = loader_of(2);
    skc_draw             draw = { NULL, 7, 2, 40 };

    (void)state;
    skc_train_options_init(&options);
    options.augmentation.cutout = 0.3f;
    draw.augmentation           = &options.augmentation;
    skc__load_augmented(&second, data.dataset, indices, 5, &draw, all);
    for (int i = 0; i < 5; i++) {
        draw.place = 40 + (uint64_t)i;
        skc__load_augmented(&first, data.dataset, &indices[i], 1, &draw, one);
        assert_memory_equal(all + i * TINY_INPUT, one, sizeof one);
    }
    assert_memory_not_equal(all, all + 3 * TINY_INPUT, sizeof one); /* same picture, other place */
    draw.epoch = 3;
    skc__load_augmented(&first, data.dataset, &indices[4], 1, &draw, other);
    assert_memory_not_equal(one, other, sizeof one);
    draw.epoch = 2;
    draw.seed  = 8;
    skc__load_augmented(&first, data.dataset, &indices[4], 1, &draw, other);
    assert_memory_not_equal(one, other, sizeof one);
    close_loader(&first);
    close_loader(&second);
}

static void test_check(void **state)
{
    static const skc_preprocessing larger = { .height = 32, .width = 16 };
    skc_loader                     loader = loader_of(1);
    skc_error                      err;

    (void)state;
    assert_works(skc__loader_check(&loader, data.dataset, &err), err);
    loader.preprocessing = &larger;
    assert_fails(skc__loader_check(&loader, data.dataset, &err), SKC_EMISMATCH, err, "side 20",
                 "32 x 16 needs 40");
    close_loader(&loader);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_allocator a = skc__allocator(runtime);
    skc_loader    loader;
    skc_status    status = skc__loader_create(&kernels, context, NULL, &a, &loader, NULL);

    if (status == SKC_OK)
        skc__loader_free(&loader);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_preprocessing copy = p;

    (void)state;
    assert_int_equal(faults_count(attempt, &copy), 1);
}

static int set_up(void **state)
{
    (void)state;
    heap = skc__allocator(NULL);
    tiny_data_open(&data, COUNT, scratch_path("cache"));
    return skc__kernels(NULL, &kernels, NULL) != SKC_OK;
}

static int tear_down(void **state)
{
    (void)state;
    tiny_data_close(&data);
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_is_as_at_inference),
        cmocka_unit_test(test_augmented),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
