/* test_quality.c - the quality of pictures: each reason by pictures made to order, the measures'
 * directions, odd shapes, and real pictures where they are at hand. */
#include "pictures.h"

#include "../../../tools/generate.h"
#include "../../../tools/generate_bad.h"
#include "../../../tools/pictures.h"

#include <math.h>
#include <stdio.h>

enum { SIDE = 160, EACH = 12 };

static skc_quality quality_of(const skc_image *image)
{
    skc_quality quality;
    skc_error   err = { 0 };

    if (skc_image_quality(image, NULL, &quality, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return quality;
}

static skc_image *lesion_picture(int32_t n, int32_t size)
{
    generate_request request = { 21, n % GENERATE_CLASSES, n, 0, size };
    skc_image       *image;

    assert_int_equal(generate_picture(&request, NULL, &image, NULL), SKC_OK);
    return image;
}

static skc_image *spoilt(bad_kind kind, int32_t n, const skc_image *source)
{
    bad_request request = { kind, 22, n, SIDE };
    skc_image  *image;

    assert_int_equal(bad_picture(&request, source, NULL, &image, NULL), SKC_OK);
    return image;
}

static skc_image *plain(int32_t width, int32_t height, uint8_t r, uint8_t g, uint8_t b)
{
    paint_colour c = { { r, g, b } };
    skc_image   *image;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    paint_box(image, 0, 0, (float)width, (float)height, c);
    return image;
}

static skc_quality_reason reason_of(skc_image *image)
{
    skc_quality_reason reason = quality_of(image).reason;

    skc_image_free(image);
    return reason;
}

/* ------------------------------------------------------------------ reasons */

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(skc_quality_name(SKC_QUALITY_GOOD), "good");
    assert_string_equal(skc_quality_name(SKC_QUALITY_SMALL), "too_small");
    assert_string_equal(skc_quality_name((skc_quality_reason)99), "unknown");
    assert_string_equal(skc_quality_name((skc_quality_reason)-1), "unknown");
    assert_string_equal(skc_quality_text((skc_quality_reason)-1), "");
    for (int32_t i = 0; i < SKC_QUALITY_COUNT; i++)
        assert_true(strlen(skc_quality_text((skc_quality_reason)i)) > 10);
}

static void test_lesions_are_good(void **state)
{
    static const int32_t sizes[] = { 64, 128, 300 };

    (void)state;
    for (size_t s = 0; s < 3; s++)
        for (int32_t n = 0; n < EACH; n++)
            assert_int_equal(reason_of(lesion_picture(n, sizes[s])), SKC_QUALITY_GOOD);
}

/* How many of the kind are refused for a reason of the list. */
static int32_t count_reasons(bad_kind kind, const skc_quality_reason reasons[2])
{
    int32_t count = 0;

    for (int32_t n = 0; n < EACH; n++) {
        skc_image         *source = lesion_picture(n, SIDE);
        skc_quality_reason found  = reason_of(spoilt(kind, n, source));

        count += found == reasons[0] || found == reasons[1];
        skc_image_free(source);
    }
    return count;
}

static void test_bad_kinds(void **state)
{
    static const struct {
        bad_kind           kind;
        skc_quality_reason reasons[2];
    } cases[] = {
        { BAD_BLANK, { SKC_QUALITY_BLANK, SKC_QUALITY_DARK } },
        { BAD_NOISE, { SKC_QUALITY_NOISY, SKC_QUALITY_NOISY } },
        { BAD_BLUR, { SKC_QUALITY_BLURRED, SKC_QUALITY_BLANK } },
        { BAD_TEXT, { SKC_QUALITY_TEXT, SKC_QUALITY_DRAWN } },
        { BAD_DARK, { SKC_QUALITY_DARK, SKC_QUALITY_DARK } },
        { BAD_BRIGHT, { SKC_QUALITY_BRIGHT, SKC_QUALITY_TEXT } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t right = count_reasons(cases[i].kind, cases[i].reasons);

        if (right < EACH - 1)
            fail_msg("%s: %d of %d", bad_kind_names[cases[i].kind], (int)right, EACH);
    }
}

/* Refused for whatever reason: a drawing may have the fine lines of text, a tiny picture that was
 * enlarged is a blurred one. */
static void test_drawn_and_tiny(void **state)
{
    static const bad_kind kinds[] = { BAD_DRAWN, BAD_TINY };

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        int32_t refused = 0;

        for (int32_t n = 0; n < 3 * EACH; n++) {
            skc_image *source = lesion_picture(n, SIDE);

            refused += reason_of(spoilt(kinds[k], n, source)) != SKC_QUALITY_GOOD;
            skc_image_free(source);
        }
        assert_true(refused >= 3 * EACH - 2);
    }
}

/* Plain, unmistakable ones. */
static void test_single_pictures(void **state)
{
    skc_image *shapes = plain(200, 150, 240, 200, 180);

    (void)state;
    paint_disc(shapes, 100, 70, 40, 30, (paint_colour){ { 120, 60, 40 } });
    paint_box(shapes, 20, 100, 60, 140, (paint_colour){ { 30, 90, 200 } });
    assert_int_equal(reason_of(shapes), SKC_QUALITY_DRAWN);
    assert_int_equal(reason_of(plain(200, 150, 0, 0, 0)), SKC_QUALITY_DARK);
    assert_int_equal(reason_of(plain(200, 150, 255, 255, 255)), SKC_QUALITY_BRIGHT);
    assert_int_equal(reason_of(plain(200, 150, 200, 150, 130)), SKC_QUALITY_BLANK);
    assert_int_equal(reason_of(plain(63, 200, 200, 150, 130)), SKC_QUALITY_SMALL);
}

/* ------------------------------------------------------------------ measures */

static void test_blur_is_never_sharper(void **state)
{
    (void)state;
    for (int32_t n = 0; n < 7; n++) {
        float before = 9;

        for (int32_t step = 0; step <= 8; step++) {
            skc_image *image = lesion_picture(n, SIDE);
            float      sharpness;

            assert_int_equal(bad_blur(image, (float)step, NULL), SKC_OK);
            sharpness = quality_of(image).sharpness;
            if (!(sharpness <= before + 0.01F))
                fail_msg("picture %d, blur %d: %f after %f", (int)n, (int)step, (double)sharpness,
                         (double)before);
            before = sharpness;
            skc_image_free(image);
        }
        assert_true(before < 0.15F);
    }
}

static void test_noise_is_measured(void **state)
{
    (void)state;
    for (float deviation = 0; deviation <= 30; deviation += 5) {
        skc_image *image = plain(128, 128, 120, 120, 120);
        float      found;

        paint_noise(image, 5, deviation, 1, false);
        found = quality_of(image).noise * 255;
        assert_float_equal(found, deviation, 0.5F + 0.2F * deviation);
        skc_image_free(image);
    }
}

static void test_light_is_measured(void **state)
{
    skc_image  *image = plain(128, 128, 255, 255, 255);
    skc_quality q;

    (void)state;
    paint_box(image, 0, 0, 32, 128, (paint_colour){ { 0, 0, 0 } });
    q = quality_of(image);
    assert_float_equal(q.bright, 0.75, 1e-6);
    assert_float_equal(q.dark, 0.25, 1e-6);
    assert_float_equal(q.brightness, 0.75, 1e-4);
    assert_float_equal(q.contrast, sqrtf(0.1875F), 1e-4);
    assert_float_equal(q.white, 1, 1e-6);
    skc_image_free(image);
}

static void test_lesion_is_measured(void **state)
{
    skc_image  *image = plain(400, 300, 220, 170, 150);
    skc_quality q;

    (void)state;
    paint_disc(image, 100, 75, 50, 50, (paint_colour){ { 110, 70, 55 } });
    q = quality_of(image);
    assert_true(q.has_lesion && !q.lesion_cut);
    assert_float_equal(q.lesion_share, 100 * 100 / (400.0F * 300), 0.02);
    assert_float_equal(q.lesion_offset, 0.5, 0.03);
    paint_box(image, 0, 25, 100, 125, (paint_colour){ { 110, 70, 55 } });
    assert_true(quality_of(image).lesion_cut);
    skc_image_free(image);
    image = plain(400, 300, 220, 170, 150);
    q     = quality_of(image);
    assert_false(q.has_lesion || q.lesion_cut);
    assert_true(q.lesion_share == 0 && q.lesion_offset == 0 && q.lesion.width == 0);
    skc_image_free(image);
}

/* ------------------------------------------------------------------ odd pictures */

static void test_odd_shapes(void **state)
{
    static const int32_t sizes[][2] = { { 1, 1 },  { 65535, 1 }, { 1, 65535 },
                                        { 2, 2 },  { 9, 9 },     { 64, 64 },
                                        { 17, 3 }, { 6000, 70 }, { 70, 6000 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        skc_image  *image = plain(sizes[i][0], sizes[i][1], 200, 160, 140);
        skc_quality q;

        paint_noise(image, 3, 20, 1, true);
        q = quality_of(image);
        assert_int_equal(q.width, sizes[i][0]);
        assert_int_equal(q.height, sizes[i][1]);
        assert_true(isfinite(q.sharpness) && isfinite(q.noise) && isfinite(q.grid));
        assert_true(q.flat >= 0 && q.flat <= 1 && q.edges >= 0 && q.edges <= 1);
        if (sizes[i][0] < 64 || sizes[i][1] < 64)
            assert_int_equal(q.reason, SKC_QUALITY_SMALL);
        skc_image_free(image);
    }
}

/* Colour is no ground: the same picture in grey is as good. */
static void test_grey(void **state)
{
    (void)state;
    for (int32_t n = 0; n < 7; n++) {
        skc_image *image  = lesion_picture(n, 128);
        uint8_t   *pixels = skc_image_pixels_mutable(image);

        for (int32_t i = 0; i < 128 * 128; i++)
            memset(pixels + 3 * i, (pixels[3 * i] + 2 * pixels[3 * i + 1] + pixels[3 * i + 2]) / 4,
                   3);
        assert_int_equal(reason_of(image), SKC_QUALITY_GOOD);
    }
}

/* The same bytes again, and on every kernel set. */
static void test_repeatable(void **state)
{
    skc_image  *image = lesion_picture(4, 300), *same;
    skc_quality first = quality_of(image), again;

    (void)state;
    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++) {
        skc_runtime runtime;

        skc_runtime_init(&runtime);
        runtime.kernels = skc_kernel_set(i);
        assert_int_equal(skc_image_create(300, 300, skc_image_pixels(image), &runtime, &same, NULL),
                         SKC_OK);
        assert_int_equal(skc_image_quality(same, &runtime, &again, NULL), SKC_OK);
        assert_true(first.sharpness == again.sharpness && first.noise == again.noise &&
                    first.flat == again.flat && first.grid == again.grid &&
                    first.contrast == again.contrast && first.structure == again.structure);
        assert_memory_equal(&first.lesion, &again.lesion, sizeof first.lesion);
        skc_image_free(same);
    }
    skc_image_free(image);
}

static void test_arguments(void **state)
{
    counter     c       = { 0 };
    skc_runtime runtime = counting_runtime(&c);
    skc_image  *image   = lesion_picture(1, 200), *counted;
    skc_quality q       = { .width = -7 };
    skc_error   err;
    long        failed = 0;

    (void)state;
    assert_int_equal(skc_image_quality(NULL, NULL, &q, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_quality(image, NULL, NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_create(200, 200, skc_image_pixels(image), &runtime, &counted, NULL),
                     SKC_OK);
    for (;; failed++) {
        long       live = c.live;
        skc_status status;

        c.fail_at = c.calls + failed + 1;
        status    = skc_image_quality(counted, &runtime, &q, &err);
        assert_int_equal(c.live, live);
        if (status == SKC_OK)
            break;
        assert_int_equal(status, SKC_ENOMEM);
        assert_int_equal(q.width, -7);
    }
    assert_true(failed >= 3 && q.width == 200);
    skc_image_free(counted);
    skc_image_free(image);
}

/* ------------------------------------------------------------------ real pictures */

typedef struct tally {
    int32_t good, all;
} tally;

static skc_status count_batch(void *user, const skc_cache_item *items, int32_t count,
                              skc_error *results, skc_error *err)
{
    tally *t = user;

    (void)results;
    (void)err;
    for (int32_t i = 0; i < count; i++) {
        skc_image *image = decode(items[i].bytes, items[i].size);

        t->good += quality_of(image).reason == SKC_QUALITY_GOOD;
        t->all++;
        skc_image_free(image);
    }
    return SKC_OK;
}

/* Every 20th picture of the test part of HAM10000 in `folder`, from the table of parts. */
static skc_manifest *list_test_part(const char *folder, FILE *parts)
{
    skc_manifest *manifest;
    char          line[64], path[512];
    int32_t       number = 0;

    assert_int_equal(skc_manifest_create(NULL, &manifest, NULL), SKC_OK);
    while (fgets(line, sizeof line, parts) != NULL) {
        if (strstr(line, ",test") == NULL || number++ % 20 != 0)
            continue;
        line[strcspn(line, ",")] = '\0';
        snprintf(path, sizeof path, "%s/images.tar!%s.jpg", folder, line);
        assert_int_equal(
            skc_manifest_add(manifest, &(skc_manifest_row){ path, "x", path, "", "" }, NULL),
            SKC_OK);
    }
    return manifest;
}

static void test_real_pictures(void **state)
{
    const char      *shared  = getenv("SKINCNN_SHARED");
    pictures_options options = { .manifest_path = NULL };
    skc_manifest    *manifest;
    char             folder[256], table[300];
    tally            t = { 0 };
    FILE            *parts;

    (void)state;
    snprintf(folder, sizeof folder, "%s/data/ham10000", shared != NULL ? shared : "../shared");
    snprintf(table, sizeof table, "%s/split.csv", folder);
    parts = fopen(table, "r");
    if (parts == NULL) {
        print_message("skipped: no data/ham10000 under SKINCNN_SHARED or ../shared\n");
        skip();
    }
    manifest = list_test_part(folder, parts);
    fclose(parts);
    assert_int_equal(pictures_read(manifest, &options, count_batch, &t, NULL), SKC_OK);
    skc_manifest_free(manifest);
    assert_true(t.all >= 100);
    if (t.good < 0.95 * t.all)
        fail_msg("%d of %d accepted", (int)t.good, (int)t.all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lesions_are_good),
        cmocka_unit_test(test_bad_kinds),
        cmocka_unit_test(test_drawn_and_tiny),
        cmocka_unit_test(test_single_pictures),
        cmocka_unit_test(test_blur_is_never_sharper),
        cmocka_unit_test(test_noise_is_measured),
        cmocka_unit_test(test_light_is_measured),
        cmocka_unit_test(test_lesion_is_measured),
        cmocka_unit_test(test_odd_shapes),
        cmocka_unit_test(test_grey),
        cmocka_unit_test(test_repeatable),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_real_pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
