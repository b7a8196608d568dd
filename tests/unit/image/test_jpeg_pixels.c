/* test_jpeg_pixels.c - JPEG: the pixels are stb_image's, bit for bit, on every kernel set. */
#include "jpegs.h"
#include "pictures.h"

#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#include <stb_image.h>

typedef struct sample {
    const unsigned char *bytes;
    size_t               size;
} sample;

static const sample samples[] = {
    { jpeg_baseline, sizeof jpeg_baseline }, { jpeg_progressive, sizeof jpeg_progressive },
    { jpeg_restart, sizeof jpeg_restart },   { jpeg_planar, sizeof jpeg_planar },
    { jpeg_grey, sizeof jpeg_grey },
};
enum { SAMPLES = sizeof samples / sizeof *samples };

/* Whether the file is read; if so, stb_image must read the same from it. */
static bool same_as_stb(const void *bytes, size_t size, const char *kernels)
{
    skc_runtime runtime;
    skc_image  *image = NULL;
    int         width, height, components;
    stbi_uc    *want;

    skc_runtime_init(&runtime);
    runtime.kernels = kernels;
    if (skc_image_decode(bytes, size, "x", NULL, &runtime, &image, NULL) != SKC_OK)
        return false;
    want = stbi_load_from_memory(bytes, (int)size, &width, &height, &components, 3);
    assert_non_null(want);
    assert_int_equal(skc_image_width(image), width);
    assert_int_equal(skc_image_height(image), height);
    assert_memory_equal(skc_image_pixels(image), want, (size_t)width * (size_t)height * 3);
    stbi_image_free(want);
    skc_image_free(image);
    return true;
}

static void test_samples(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLES; s++)
        for (int32_t set = 0; skc_kernel_set(set) != NULL; set++)
            assert_true(same_as_stb(samples[s].bytes, samples[s].size, skc_kernel_set(set)));
}

/* Noise makes long codes and large values, gradients make flat blocks. */
static void test_all_qualities(void **state)
{
    static const int32_t sizes[][2] = { { 1, 1 }, { 8, 8 }, { 17, 9 }, { 40, 61 }, { 200, 3 } };
    uint32_t             noise      = 1;

    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int quality = 1; quality <= 100; quality += quality < 90 ? 7 : 1) {
            int32_t    width = sizes[s][0], height = sizes[s][1];
            skc_image *image;
            uint8_t   *bytes;
            size_t     size;

            assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
            for (int32_t i = 0; i < width * height * 3; i++) {
                noise = noise * 1664525 + 1013904223;
                skc_image_pixels_mutable(image)[i] =
                    (uint8_t)(quality % 2 == 0 ? noise >> 24 : (uint32_t)(i % 251 + i / 300));
            }
            assert_int_equal(skc_image_encode(image, SKC_JPEG, quality, NULL, &bytes, &size, NULL),
                             SKC_OK);
            assert_true(same_as_stb(bytes, size, NULL));
            skc_free(NULL, bytes);
            skc_image_free(image);
        }
}

/* Among the changed files are other sampling factors, quantisers, tables, restart intervals and
 * damaged values; what is accepted of them is still the same picture. */
static void test_changed_bytes(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x02, 0x03, 0x10, 0x20, 0x30, 0x80, 0xff };
    int                  taken   = 0;

    (void)state;
    for (int s = 0; s < SAMPLES; s++)
        for (size_t at = 0; at < samples[s].size; at++)
            for (size_t m = 0; m < sizeof masks; m++) {
                unsigned char changed[1024];

                memcpy(changed, samples[s].bytes, samples[s].size);
                changed[at] ^= masks[m];
                taken += same_as_stb(changed, samples[s].size, NULL);
            }
    assert_true(taken > 1000);
}

/* A segment behind the start of a file. */
static size_t insert(const sample *from, const void *segment, size_t length, unsigned char *out)
{
    memcpy(out, from->bytes, 2);
    memcpy(out + 2, segment, length);
    memcpy(out + 2 + length, from->bytes + 2, from->size - 2);
    return from->size + length;
}

/* By Adobe's marker, unless JFIF's is there too, components may be R, G and B as they stand. */
static void test_components_that_are_rgb(void **state)
{
    static const unsigned char adobe[] = "\xff\xee\0\x0e"
                                         "Adobe\0\x64\0\0\0\0\0";
    static const unsigned char jfif[]  = "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0";
    unsigned char              one[1024], both[1024];
    skc_image                 *plain, *rgb, *overruled;
    size_t                     size = insert(&samples[0], adobe, 16, one), larger;
    sample                     with = { one, size };

    (void)state;
    larger    = insert(&with, jfif, 18, both);
    plain     = decode(samples[0].bytes, samples[0].size);
    rgb       = decode(one, size);
    overruled = decode(both, larger);
    assert_memory_not_equal(skc_image_pixels(plain), skc_image_pixels(rgb), 26 * 18 * 3);
    assert_memory_equal(skc_image_pixels(plain), skc_image_pixels(overruled), 26 * 18 * 3);
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
        assert_true(same_as_stb(one, size, skc_kernel_set(set)));
        assert_true(same_as_stb(both, larger, skc_kernel_set(set)));
    }
    skc_image_free(plain);
    skc_image_free(rgb);
    skc_image_free(overruled);
}

static void test_components_named_rgb(void **state)
{
    unsigned char changed[1024];
    size_t        at = 0;

    (void)state;
    memcpy(changed, jpeg_baseline, sizeof jpeg_baseline);
    while (changed[at] != 0xff || changed[at + 1] != 0xc0)
        at++;
    for (size_t c = 0; c < 3; c++)
        changed[at + 10 + 3 * c] = (unsigned char)"RGB"[c];
    while (changed[at] != 0xff || changed[at + 1] != 0xda)
        at++;
    for (size_t c = 0; c < 3; c++)
        changed[at + 5 + 2 * c] = (unsigned char)"RGB"[c];
    assert_true(same_as_stb(changed, sizeof jpeg_baseline, NULL));
}

static void test_failing_allocations(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLES; s++) {
        skc_status status = SKC_ENOMEM;

        for (long n = 1; status == SKC_ENOMEM; n++) {
            counter     c       = { .fail_at = n };
            skc_runtime runtime = counting_runtime(&c);
            skc_image  *image   = NULL;

            status = skc_image_decode(samples[s].bytes, samples[s].size, "x", NULL, &runtime,
                                      &image, NULL);
            assert_true((status == SKC_OK) == (image != NULL));
            skc_image_free(image);
            assert_int_equal(c.live, 0);
        }
        assert_int_equal(status, SKC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_all_qualities),
        cmocka_unit_test(test_changed_bytes),
        cmocka_unit_test(test_components_that_are_rgb),
        cmocka_unit_test(test_components_named_rgb),
        cmocka_unit_test(test_failing_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
