/* test_augment.c - colour changes and cut-out. */
#include "pictures.h"

#include <math.h>

#include "image/image.h"

enum { WIDTH = 20, HEIGHT = 10, VALUES = WIDTH * HEIGHT * 3 };

static void fill(float *pixels)
{
    for (int i = 0; i < VALUES; i++)
        pixels[i] = (float)(60 + (i * 37 + i / 3 * 11) % 120);
}

static float luma(const float *p)
{
    return 0.213f * p[0] + 0.715f * p[1] + 0.072f * p[2];
}

static float mean_luma(const float *pixels)
{
    float sum = 0;

    for (int i = 0; i < VALUES; i += 3)
        sum += luma(pixels + i);
    return sum / (WIDTH * HEIGHT);
}

static void augment(const skc_augmentation *a, uint64_t seed, float *pixels)
{
    skc_random random = skc__random_stream(seed, 0, 0);

    skc__augment_colour(&skc__kernels_scalar, a, &random, HEIGHT, WIDTH, pixels);
}

static void test_nothing_asked_nothing_changed(void **state)
{
    skc_augmentation none = { 0 };
    float            before[VALUES], after[VALUES];

    (void)state;
    fill(before);
    memcpy(after, before, sizeof after);
    augment(&none, 1, after);
    for (int i = 0; i < VALUES; i++)
        assert_true(after[i] == before[i]);
}

static void test_brightness_is_one_factor(void **state)
{
    skc_augmentation bright = { .brightness = 0.3f };
    float            before[VALUES], after[VALUES], low = 2, high = 0;

    (void)state;
    fill(before);
    for (uint64_t seed = 0; seed < 100; seed++) {
        float factor;

        memcpy(after, before, sizeof after);
        augment(&bright, seed, after);
        factor = after[0] / before[0];
        for (int i = 0; i < VALUES; i++)
            assert_float_equal(after[i], factor * before[i], 1e-2f);
        low  = fminf(low, factor);
        high = fmaxf(high, factor);
    }
    assert_true(low > 0.699f && low < 0.75f && high > 1.25f && high < 1.301f);
}

/* Contrast keeps the mean and scales the distance of every value from it. */
static void test_contrast_turns_about_the_mean(void **state)
{
    skc_augmentation contrast = { .contrast = 0.3f };
    float            before[VALUES], after[VALUES];

    (void)state;
    fill(before);
    for (uint64_t seed = 0; seed < 20; seed++) {
        float mean = mean_luma(before), factor;

        memcpy(after, before, sizeof after);
        augment(&contrast, seed, after);
        assert_float_equal(mean_luma(after), mean, 1e-2f);
        factor = (after[0] - mean) / (before[0] - mean);
        for (int i = 0; i < VALUES; i++)
            assert_float_equal(after[i] - mean, factor * (before[i] - mean), 1e-2f);
    }
}

static void test_saturation_and_hue_keep_luma_and_grey(void **state)
{
    skc_augmentation colour = { .saturation = 0.4f, .hue = 0.05f };
    float            before[VALUES], after[VALUES];

    (void)state;
    fill(before);
    before[0] = before[1] = before[2] = 99;
    for (uint64_t seed = 0; seed < 20; seed++) {
        float moved = 0;

        memcpy(after, before, sizeof after);
        augment(&colour, seed, after);
        for (int i = 0; i < VALUES; i += 3) {
            assert_float_equal(luma(after + i), luma(before + i), 0.2f);
            moved += fabsf(after[i] - before[i]);
        }
        for (int c = 0; c < 3; c++)
            assert_float_equal(after[c], 99, 1e-2f);
        assert_true(moved > VALUES / 3 * 0.5f);
    }
}

/* Half a turn of the colour circle exchanges a colour with its complement of the same luma. */
static void test_hue_turns(void **state)
{
    skc_augmentation hue = { .hue = 0.5f };
    float            red[VALUES], most = 0, least = 255;

    (void)state;
    for (uint64_t seed = 0; seed < 200; seed++) {
        for (int i = 0; i < VALUES; i++)
            red[i] = i % 3 == 0 ? 160 : 100;
        augment(&hue, seed, red);
        most  = fmaxf(most, red[0] - red[1]);
        least = fminf(least, red[0] - red[1]);
    }
    assert_true(most > 55 && least < -20);
}

static void test_values_stay_in_range(void **state)
{
    skc_augmentation wild = { .brightness = 1, .contrast = 1, .saturation = 1, .hue = 0.5f };
    float            pixels[VALUES];

    (void)state;
    for (uint64_t seed = 0; seed < 100; seed++) {
        for (int i = 0; i < VALUES; i++)
            pixels[i] = i * 7 % 2 ? 255 : 0;
        augment(&wild, seed, pixels);
        for (int i = 0; i < VALUES; i++)
            assert_true(pixels[i] >= 0 && pixels[i] <= 255);
    }
}

/* A grey square of the asked share, somewhere else each time, everything around it untouched. */
static void test_cut_out(void **state)
{
    skc_augmentation cut = { .cutout = 0.4f };
    float            before[VALUES], after[VALUES];
    int              columns[WIDTH] = { 0 }, rows[HEIGHT] = { 0 };

    (void)state;
    for (int i = 0; i < VALUES; i++)
        before[i] = 10;
    for (uint64_t seed = 0; seed < 300; seed++) {
        int count = 0, first = -1, last = 0;

        memcpy(after, before, sizeof after);
        augment(&cut, seed, after);
        for (int i = 0; i < VALUES; i += 3)
            if (fabsf(after[i] - 10) > 1e-3f) {
                assert_true(after[i] == 128 && after[i + 1] == 128 && after[i + 2] == 128);
                first = first < 0 ? i / 3 : first;
                last  = i / 3;
                count++;
            }
        assert_int_equal(count, 16);
        assert_int_equal(last - first, 3 * WIDTH + 3);
        columns[first % WIDTH]++;
        rows[first / WIDTH]++;
    }
    assert_true(columns[0] > 0 && columns[WIDTH - 4] > 0 && columns[WIDTH - 3] == 0);
    assert_true(rows[0] > 0 && rows[HEIGHT - 4] > 0);
}

static void test_same_stream_same_colours(void **state)
{
    skc_augmentation all = { true, 180, 0.6f, 1, 1.2f, 0.2f, 0.2f, 0.2f, 0.02f, 0.2f };
    float            a[VALUES], b[VALUES], c[VALUES];

    (void)state;
    fill(a);
    memcpy(b, a, sizeof b);
    memcpy(c, a, sizeof c);
    augment(&all, 5, a);
    augment(&all, 5, b);
    augment(&all, 6, c);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked_nothing_changed),
        cmocka_unit_test(test_brightness_is_one_factor),
        cmocka_unit_test(test_contrast_turns_about_the_mean),
        cmocka_unit_test(test_saturation_and_hue_keep_luma_and_grey),
        cmocka_unit_test(test_hue_turns),
        cmocka_unit_test(test_values_stay_in_range),
        cmocka_unit_test(test_cut_out),
        cmocka_unit_test(test_same_stream_same_colours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
