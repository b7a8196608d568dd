/* test_signature.c - near-duplicates are alike in any orientation, other pictures are not. */
#include "pictures.h"

#include <math.h>

typedef float signature[SKC_SIGNATURE_SYMMETRIES][SKC_SIGNATURE_VALUES];

/* A few soft blobs; `seed` makes another picture, `turn` one of its eight symmetries. */
static skc_image *paint(int seed, int turn, int32_t side, double gain)
{
    skc_image *image;

    assert_int_equal(skc_image_create(side, side, NULL, NULL, &image, NULL), SKC_OK);
    for (int32_t i = 0; i < side * side; i++) {
        double u = (i % side + 0.5) / side, v = (i / side + 0.5) / side, swap = u, sum = 0;

        if (turn & 4) {
            u = v;
            v = swap;
        }
        u = turn & 1 ? 1 - u : u;
        v = turn & 2 ? 1 - v : v;
        for (int k = 0; k < 4; k++)
            sum += exp(-40 * (pow(u - fmod(0.37 * (k + 1) * seed, 1), 2) +
                              pow(v - fmod(0.61 * (k + 2) * seed, 1), 2)));
        memset(skc_image_pixels_mutable(image) + 3 * i, (int)(40 + gain * 60 * sum), 3);
    }
    return image;
}

static void sign(skc_image *image, signature out)
{
    assert_int_equal(skc_image_signature(image, out, NULL), SKC_OK);
    skc_image_free(image);
}

static double product(const float *a, const float *b)
{
    double sum = 0;

    for (int i = 0; i < SKC_SIGNATURE_VALUES; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double likeness(signature a, signature b)
{
    double best = -1;

    for (int s = 0; s < SKC_SIGNATURE_SYMMETRIES; s++)
        best = fmax(best, product(a[0], b[s]));
    return best;
}

static void test_normalised(void **state)
{
    signature s;

    (void)state;
    sign(paint(3, 0, 100, 1), s);
    for (int i = 0; i < SKC_SIGNATURE_SYMMETRIES; i++) {
        double sum = 0;

        for (int k = 0; k < SKC_SIGNATURE_VALUES; k++)
            sum += (double)s[i][k];
        assert_true(fabs(sum) < 1e-4);
        assert_true(fabs(product(s[i], s[i]) - 1) < 1e-5);
    }
}

static void test_duplicates_are_alike(void **state)
{
    signature original, other;

    (void)state;
    sign(paint(3, 0, 100, 1), original);
    for (int turn = 0; turn < 8; turn++) {
        sign(paint(3, turn, 100, 1), other);
        assert_true(likeness(original, other) > 0.995);
    }
    sign(paint(3, 5, 73, 0.7), other); /* smaller and paler */
    assert_true(likeness(original, other) > 0.99);
}

static void test_other_pictures_are_not(void **state)
{
    signature original, other;

    (void)state;
    sign(paint(3, 0, 100, 1), original);
    for (int seed = 4; seed < 12; seed++) {
        sign(paint(seed, 0, 100, 1), other);
        assert_true(likeness(original, other) < 0.95);
    }
}

static void test_flat_picture_is_all_zero(void **state)
{
    skc_image *image;
    signature  s;

    (void)state;
    assert_int_equal(skc_image_create(50, 40, NULL, NULL, &image, NULL), SKC_OK);
    memset(skc_image_pixels_mutable(image), 131, 50 * 40 * 3);
    sign(image, s);
    for (int i = 0; i < SKC_SIGNATURE_SYMMETRIES; i++)
        for (int k = 0; k < SKC_SIGNATURE_VALUES; k++)
            assert_true(s[i][k] == 0);
    assert_int_equal(skc_image_signature(NULL, s, NULL), SKC_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normalised),
        cmocka_unit_test(test_duplicates_are_alike),
        cmocka_unit_test(test_other_pictures_are_not),
        cmocka_unit_test(test_flat_picture_is_all_zero),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
