/* test_geometry.c - places and taps of windows against counting them one by one, and parts of work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "layers/geometry.h"

/* Options along the width; one pixel, one tap down. */
static skc_axis make_axis(int32_t in, int32_t kernel, int32_t stride, int32_t dilation,
                          skc_padding padding, bool ceil_mode)
{
    skc_window_options options = { .kernel    = { 1, kernel },
                                   .stride    = { 1, stride },
                                   .dilation  = { 1, dilation },
                                   .padding   = padding,
                                   .ceil_mode = ceil_mode };

    return skc__window(&options, (skc_shape){ 1, 1, in, 1 }).w;
}

static const skc_padding VALID = { SKC_PADDING_VALID, 0, 0, 0, 0 };
static const skc_padding SAME  = { SKC_PADDING_SAME, 0, 0, 0, 0 };

static skc_padding explicit_padding(int32_t left, int32_t right)
{
    return (skc_padding){ SKC_PADDING_EXPLICIT, 0, 0, left, right };
}

/* Windows that lie inside the padded input, counted one by one. */
static int32_t count_windows(const skc_axis *axis)
{
    int32_t count = 0;

    for (int32_t at = 0;; at++, count++)
        if (at * axis->stride + (axis->kernel - 1) * axis->dilation >=
            axis->in + axis->before + axis->after)
            return count;
}

static void check_taps(const skc_axis *axis)
{
    for (int32_t at = 0; at < axis->out; at++) {
        skc_taps taps = skc__taps(axis, at);
        assert_int_equal(taps.origin, at * axis->stride - axis->before);
        for (int32_t k = 0; k < axis->kernel; k++) {
            int32_t pixel  = taps.origin + k * axis->dilation;
            bool    inside = pixel >= 0 && pixel < axis->in;
            assert_int_equal(k >= taps.first && k < taps.end, inside);
        }
    }
}

static void test_places_and_taps_are_those_counted(void **state)
{
    (void)state;
    for (int32_t in = 1; in <= 9; in++)
        for (int32_t kernel = 1; kernel <= 4; kernel++)
            for (int32_t stride = 1; stride <= 4; stride++)
                for (int32_t dilation = 1; dilation <= 3; dilation++)
                    for (int32_t before = 0; before <= 4; before++) {
                        skc_axis axis = make_axis(in, kernel, stride, dilation,
                                                  explicit_padding(before, 3), false);
                        assert_int_equal(axis.out, count_windows(&axis));
                        check_taps(&axis);
                        axis = make_axis(in, kernel, stride, dilation, SAME, false);
                        assert_int_equal(axis.out, (in + stride - 1) / stride);
                        assert_in_range(axis.after - axis.before, 0, 1);
                        check_taps(&axis);
                    }
}

/* From TensorFlow's documentation of tf.nn.convolution: 13 wide, kernel 6, stride 5. */
static void test_same_padding_puts_the_odd_pixel_behind(void **state)
{
    skc_axis axis = make_axis(13, 6, 5, 1, SAME, false);

    (void)state;
    assert_int_equal(axis.out, 3);
    assert_int_equal(axis.before, 1);
    assert_int_equal(axis.after, 2);
    axis = make_axis(13, 6, 5, 1, VALID, false);
    assert_int_equal(axis.out, 2);
    axis = make_axis(224, 3, 2, 1, SAME, false); /* the first layer of MobileNet */
    assert_int_equal(axis.out, 112);
    assert_int_equal(axis.before, 0);
    assert_int_equal(axis.after, 1);
}

static void test_ceil_mode_adds_a_window_that_starts_inside(void **state)
{
    (void)state;
    assert_int_equal(make_axis(5, 2, 2, 1, VALID, false).out, 2);
    assert_int_equal(make_axis(5, 2, 2, 1, VALID, true).out, 3);
    assert_int_equal(make_axis(6, 2, 2, 1, VALID, true).out, 3);
    assert_int_equal(make_axis(1, 2, 2, 1, VALID, true).out, 1);
    /* The third window would start in the padding. */
    assert_int_equal(make_axis(3, 2, 2, 1, explicit_padding(1, 1), true).out, 2);
}

static void test_a_pool_without_stride_steps_by_its_kernel(void **state)
{
    skc_axis axis = make_axis(9, 3, 0, 0, VALID, false);

    (void)state;
    assert_int_equal(axis.stride, 3);
    assert_int_equal(axis.dilation, 1);
    assert_int_equal(axis.out, 3);
}

static void test_a_window_that_does_not_fit_leaves_the_shape_alone(void **state)
{
    skc_window_options options = { .kernel = { 3, 4 } };
    skc_shape          out     = { 9, 9, 9, 9 };
    skc_error          err;

    (void)state;
    assert_int_equal(skc__window_shape("pool", &options, (skc_shape){ 1, 3, 3, 1 }, 1, &out, &err),
                     SKC_EMISMATCH);
    assert_non_null(strstr(err.message, "pool: a 3x4 kernel"));
    assert_int_equal(out.n, 9);
    assert_int_equal(skc__window_shape("pool", &options, (skc_shape){ 2, 3, 9, 1 }, 5, &out, &err),
                     SKC_OK);
    assert_true(skc__shape_equal(out, (skc_shape){ 2, 1, 2, 5 }));
}

static void mark(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    int32_t *marks = call->io->saved;

    for (size_t i = begin; i < end; i++)
        marks[i] += part + 1;
}

static void test_parts_cover_each_item_once_in_order(void **state)
{
    enum { ITEMS = 23 };
    int32_t      marks[ITEMS] = { 0 };
    skc_layer_io io           = { .saved = marks };
    skc_call     call         = { NULL, &io, NULL };

    (void)state;
    assert_int_equal(skc__pool_create(NULL, &io.pool, NULL), SKC_OK);
    skc__split(&call, 4, ITEMS, mark);
    skc__pool_free(io.pool);
    assert_int_equal(marks[0], 1);
    assert_int_equal(marks[ITEMS - 1], 4);
    for (int i = 1; i < ITEMS; i++)
        assert_in_range(marks[i] - marks[i - 1], 0, 1);
}

static void test_parts_are_as_many_as_the_work_is_worth(void **state)
{
    (void)state;
    assert_int_equal(skc__parts(8, 10, 10), 1);
    assert_int_equal(skc__parts(1, 1000000, 1000), 1);
    assert_int_equal(skc__parts(8, 1000000, 1000), 8);
    assert_int_equal(skc__parts(8, 3, 1000000), 3);
    assert_int_equal(skc__parts(8, 1, 1000000), 1);
}

static void test_partial_sums_are_added(void **state)
{
    const double partial[6] = { 1, 2, 10, 20, 100, 200 };
    float        sum[2]     = { 0.5f, -0.5f };

    (void)state;
    skc__reduce(3, 2, partial, sum);
    assert_true(sum[0] == 111.5f);
    assert_true(sum[1] == 221.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_and_taps_are_those_counted),
        cmocka_unit_test(test_same_padding_puts_the_odd_pixel_behind),
        cmocka_unit_test(test_ceil_mode_adds_a_window_that_starts_inside),
        cmocka_unit_test(test_a_pool_without_stride_steps_by_its_kernel),
        cmocka_unit_test(test_a_window_that_does_not_fit_leaves_the_shape_alone),
        cmocka_unit_test(test_parts_cover_each_item_once_in_order),
        cmocka_unit_test(test_parts_are_as_many_as_the_work_is_worth),
        cmocka_unit_test(test_partial_sums_are_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
