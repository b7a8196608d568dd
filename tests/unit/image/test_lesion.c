/* test_lesion.c - finding a lesion in pictures made to order: skin, a disc, and what disturbs. */
#include "pictures.h"

#include <math.h>

typedef struct scene {
    int32_t width, height;
    double  x, y, radius; /* of the disc; 0: none */
    bool    hairs, vignette, surround;
    int     noise;
} scene;

static void paint_pixel(const scene *s, int32_t x, int32_t y, uint8_t *p)
{
    static const int skin[3] = { 215, 165, 140 }, mole[3] = { 110, 70, 55 };
    double           dx = x - s->width / 2.0, dy = y - s->height / 2.0;
    double           from_middle = hypot(dx, dy) / (hypot(s->width, s->height) / 2);
    bool             inside      = s->radius > 0 && hypot(x - s->x, y - s->y) < s->radius;
    bool             hair = s->hairs && (abs(x - y - 20) % 90 < 2 || abs(x + 2 * y) % 130 < 3);
    int jitter = s->noise > 0 ? (int)((uint32_t)(x * 7919 + y * 104729) % 997) % s->noise : 0;

    for (int c = 0; c < 3; c++) {
        double value = hair ? 40 : inside ? mole[c] : skin[c];

        if (s->vignette)
            value *= 1 - 0.35 * from_middle * from_middle;
        if (s->surround && hypot(dx, dy) > 0.52 * s->width)
            value = 8;
        p[c] = (uint8_t)(value + jitter > 255 ? 255 : value + jitter);
    }
}

static skc_image *paint(const scene *s)
{
    skc_image *image;

    assert_int_equal(skc_image_create(s->width, s->height, NULL, NULL, &image, NULL), SKC_OK);
    for (int32_t i = 0; i < s->width * s->height; i++)
        paint_pixel(s, i % s->width, i / s->width, skc_image_pixels_mutable(image) + 3 * i);
    return image;
}

/* Intersection over union of the box and the disc's own. */
static double overlap(skc_box b, const scene *s)
{
    double left = fmax(0, s->x - s->radius), right = fmin(s->width, s->x + s->radius);
    double top = fmax(0, s->y - s->radius), bottom = fmin(s->height, s->y + s->radius);
    double w    = fmin(b.x + b.width, right) - fmax(b.x, left);
    double h    = fmin(b.y + b.height, bottom) - fmax(b.y, top);
    double both = w > 0 && h > 0 ? w * h : 0;

    return both / ((double)b.width * b.height + (right - left) * (bottom - top) - both);
}

static void test_discs(void **state)
{
    static const scene scenes[] = {
        { .width = 600, .height = 450, .x = 300, .y = 220, .radius = 100 },
        { .width = 600, .height = 450, .x = 180, .y = 300, .radius = 60 },
        { .width = 450, .height = 600, .x = 250, .y = 250, .radius = 150, .noise = 30 },
        { .width = 90, .height = 70, .x = 45, .y = 40, .radius = 15 },
        { .width = 1500, .height = 300, .x = 700, .y = 150, .radius = 110 },
        { .width = 600, .height = 450, .x = 300, .y = 220, .radius = 90, .hairs = true },
        { .width = 600, .height = 450, .x = 320, .y = 220, .radius = 90, .vignette = true },
        { .width = 600, .height = 450, .x = 320, .y = 220, .radius = 90, .surround = true },
        { .width    = 600,
          .height   = 450,
          .x        = 320,
          .y        = 220,
          .radius   = 90,
          .surround = true,
          .hairs    = true,
          .vignette = true,
          .noise    = 25 },
        { .width = 600, .height = 450, .x = 300, .y = 60, .radius = 100 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        skc_image *image = paint(&scenes[i]);
        skc_box    box   = { 0 };
        skc_error  err;

        assert_int_equal(skc_image_find_lesion(image, 0, false, &box, &err), SKC_OK);
        if (overlap(box, &scenes[i]) < 0.8)
            fail_msg("scene %zu: %dx%d at %d,%d overlaps by %.2f", i, box.width, box.height, box.x,
                     box.y, overlap(box, &scenes[i]));
        skc_image_free(image);
    }
}

static void test_nothing_to_find(void **state)
{
    static const scene scenes[] = {
        { .width = 300, .height = 200 },
        { .width = 300, .height = 200, .noise = 20 },
        { .width = 300, .height = 200, .vignette = true },
        { .width = 1, .height = 1 },
        { .width = 2000, .height = 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        skc_image *image = paint(&scenes[i]);
        skc_box    box   = { -7, -7, -7, -7 };
        skc_error  err;

        if (skc_image_find_lesion(image, 0, false, &box, &err) != SKC_ENOTFOUND)
            fail_msg("scene %zu: found %dx%d at %d,%d", i, box.width, box.height, box.x, box.y);
        assert_int_equal(box.x, -7);
        skc_image_free(image);
    }
}

/* All of it black: the search for skin must not fail for want of skin. */
static void test_black_picture(void **state)
{
    skc_image *image;
    skc_box    box;

    (void)state;
    assert_int_equal(skc_image_create(64, 48, NULL, NULL, &image, NULL), SKC_OK);
    assert_int_equal(skc_image_find_lesion(image, 0, false, &box, NULL), SKC_ENOTFOUND);
    skc_image_free(image);
}

static void test_margin_and_square(void **state)
{
    static const float margins[] = { 0, 0.1f, 0.5f, 1 };
    scene              s     = { .width = 600, .height = 450, .x = 430, .y = 330, .radius = 90 };
    skc_image         *image = paint(&s);
    skc_box            tight, box;

    (void)state;
    assert_int_equal(skc_image_find_lesion(image, 0, false, &tight, NULL), SKC_OK);
    for (size_t i = 0; i < 4; i++) {
        int32_t extra = (int32_t)lrintf(
            margins[i] * (float)(tight.width > tight.height ? tight.width : tight.height));

        assert_int_equal(skc_image_find_lesion(image, margins[i], false, &box, NULL), SKC_OK);
        assert_int_equal(box.x, tight.x > extra ? tight.x - extra : 0);
        assert_int_equal(box.y, tight.y > extra ? tight.y - extra : 0);
        assert_true(box.x + box.width <= 600 && box.y + box.height <= 450);
        assert_true(box.x + box.width >= tight.x + tight.width);

        assert_int_equal(skc_image_find_lesion(image, margins[i], true, &box, NULL), SKC_OK);
        assert_int_equal(box.width, box.height);
        assert_true(box.x >= 0 && box.y >= 0 && box.x + box.width <= 600 &&
                    box.y + box.height <= 450);
        assert_true(box.x <= tight.x && box.x + box.width >= tight.x + tight.width);
        assert_true(box.y <= tight.y && box.y + box.height >= tight.y + tight.height);
    }
    skc_image_free(image);
}

static void test_arguments(void **state)
{
    scene       s       = { .width = 60, .height = 60, .x = 30, .y = 30, .radius = 15 };
    counter     c       = { 0 };
    skc_runtime runtime = counting_runtime(&c);
    skc_image  *image   = paint(&s), *counted;
    skc_box     box;

    (void)state;
    assert_int_equal(skc_image_find_lesion(NULL, 0, false, &box, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_find_lesion(image, 0, false, NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_find_lesion(image, -0.1f, false, &box, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_find_lesion(image, 1.1f, false, &box, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_find_lesion(image, NAN, false, &box, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_create(60, 60, skc_image_pixels(image), &runtime, &counted, NULL),
                     SKC_OK);
    c.fail_at = c.calls + 1;
    assert_int_equal(skc_image_find_lesion(counted, 0, false, &box, NULL), SKC_ENOMEM);
    skc_image_free(counted);
    assert_int_equal(c.live, 0);
    skc_image_free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discs),         cmocka_unit_test(test_nothing_to_find),
        cmocka_unit_test(test_black_picture), cmocka_unit_test(test_margin_and_square),
        cmocka_unit_test(test_arguments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
