/* test_winograd.c - Winograd's three passes against a convolution in double, with the error bound
 * of docs/decisions/0009-winograd.md. */
#include "winograd_problem.h"

/* ---------------------------------------------------------------- the three passes */

static void test_forward_is_a_convolution(void **state)
{
    const char *set;

    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        problem *first = create(shapes[i], "scalar", 1, true);
        expected e     = convolved(first, first->x, false);

        EACH_SET(set)
        for (int training = 0; training < 2; training++) {
            problem *p = create(shapes[i], set, 1 + (int32_t)i % 3, training != 0);

            skc__winograd_forward(&p->c, &p->io);
            expect("y", e, p->c.c_in, p->bias, p->c.c_out, p->y, p->y_count);
            destroy(p);
        }
        forget(e);
        destroy(first);
    }
}

static void test_prepared_weights_change_no_bit(void **state)
{
    const char *set;

    (void)state;
    EACH_SET(set)
    for (size_t i = 0; i < SHAPES; i++) {
        problem *p = create(shapes[i], set, 2, true), *q = create(shapes[i], set, 2, false);

        skc__winograd_forward(&p->c, &p->io);
        skc__winograd_forward(&q->c, &q->io);
        assert_memory_equal(p->y, q->y, p->y_count * sizeof(float));
        destroy(p);
        destroy(q);
    }
}

static void test_a_clamp_and_no_bias(void **state)
{
    const char *set;

    (void)state;
    EACH_SET(set)
    for (size_t i = 0; i < SHAPES; i++) {
        problem *p = create(shapes[i], set, 1, false);
        float   *y;

        p->io.param[1] = NULL;
        skc__winograd_forward(&p->c, &p->io);
        y          = copy_of(p->y, p->y_count);
        p->io.low  = -0.25f;
        p->io.high = 0.5f;
        skc__winograd_forward(&p->c, &p->io);
        p->kernels.clamp(p->y_count, -0.25f, 0.5f, y, y);
        assert_memory_equal(p->y, y, p->y_count * sizeof(float));
        free(y);
        destroy(p);
    }
}

static void check_data(shape s, const char *set, bool accumulate, expected e)
{
    problem *p      = create(s, set, 2, true);
    float   *before = copy_of(p->dx, p->x_count);

    p->gradient.param[0]      = NULL;
    p->gradient.accumulate[0] = accumulate;
    skc__winograd_backward(&p->c, &p->io, &p->gradient);
    expect("dx", e, p->c.c_out, accumulate ? before : NULL, p->x_count, p->dx, p->x_count);
    free(before);
    destroy(p);
}

static void test_backward_data_is_overwritten_or_added_to(void **state)
{
    const char *set;

    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        problem *first = create(shapes[i], "scalar", 1, true);
        expected e     = convolved(first, first->dy, true);

        EACH_SET(set)
        {
            check_data(shapes[i], set, false, e);
            check_data(shapes[i], set, true, e);
        }
        forget(e);
        destroy(first);
    }
}

static void test_backward_weights_is_added_to(void **state)
{
    const char *set;

    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        problem *first = create(shapes[i], "scalar", 1, true);
        expected e     = weights_gradient(first, first->x, first->dy);
        size_t   tiles = first->y_count / first->c.c_out; /* at most */

        EACH_SET(set)
        for (int32_t threads = 1; threads < 4; threads++) {
            problem *p = create(shapes[i], set, threads, true);

            p->gradient.in[0] = NULL;
            skc__winograd_backward(&p->c, &p->io, &p->gradient);
            expect("dw", e, tiles, first->dw, p->w_count, p->dw, p->w_count);
            destroy(p);
        }
        forget(e);
        destroy(first);
    }
}

/* What the bound allows in the worst case is far from what happens: with numbers that are not made
 * up against it, errors stay below 8 FLT_EPSILON of the sum of a convolution's magnitudes. */
static void test_errors_are_small(void **state)
{
    static const shape s       = { 1, 24, 24, 64, 32, 1, 1, 1, 1 };
    const double       largest = 9 * 64 * 0.25; /* the mean of |x w| is 1/4 */
    const char        *set;
    problem           *first = create(s, "scalar", 1, true);
    expected           e     = convolved(first, first->x, false);

    (void)state;
    EACH_SET(set)
    {
        problem *p = create(s, set, 1, true);

        p->io.param[1] = NULL;
        skc__winograd_forward(&p->c, &p->io);
        for (size_t i = 0; i < p->y_count; i++)
            assert_true(fabs((double)p->y[i] - e.value[i]) < 8 * (double)FLT_EPSILON * largest);
        destroy(p);
    }
    forget(e);
    destroy(first);
}

/* ---------------------------------------------------------------- views */

/* Makes x and dy be read through views, with numbers of scale, shift, a, b, d in `values`. */
static void view(problem *p, const float *values)
{
    size_t n = p->c.c_out;

    p->io.in[0].view = (skc_view){ true, values, values + p->c.c_in, 0, 0.75f };
    values += 2 * p->c.c_in;
    p->gradient.out_view =
        (skc_gradient_view){ .a     = values,
                             .b     = values + n,
                             .d     = values + 2 * n,
                             .after = { true, values + 3 * n, values + 4 * n, -0.5f, 0.5f } };
}

/* The same numbers, stored. */
static void store_views(problem *p)
{
    const skc_source x  = skc__input_source(&p->io, 0);
    const skc_source dy = skc__gradient_source(&p->io, &p->gradient);
    float           *to = malloc(p->x_count * sizeof *to), *dz = malloc(p->y_count * sizeof *dz);

    assert_non_null(to);
    assert_non_null(dz);
    skc__fetch_pixels(&p->kernels, &x, 0, p->x_count / p->c.c_in, to);
    skc__fetch_pixels(&p->kernels, &dy, 0, p->y_count / p->c.c_out, dz);
    free(p->x);
    free(p->dy);
    p->x                 = to;
    p->dy                = dz;
    p->io.in[0]          = (skc_input){ .data = p->x, .shape = p->io.in[0].shape };
    p->gradient.out      = p->dy;
    p->gradient.out_view = (skc_gradient_view){ .after = { false, NULL, NULL, 0, 0 } };
}

static void test_views_change_no_bit(void **state)
{
    skc_random  random = skc__random_stream(3, 1, 4);
    float      *values = filled(&random, 2 * 200 + 5 * 200);
    const char *set;

    (void)state;
    EACH_SET(set)
    for (size_t i = 0; i < SHAPES; i++) {
        problem *p = create(shapes[i], set, 2, true), *q = create(shapes[i], set, 2, true);

        view(p, values);
        view(q, values);
        store_views(q);
        skc__winograd_backward(&p->c, &p->io, &p->gradient);
        skc__winograd_backward(&q->c, &q->io, &q->gradient);
        assert_memory_equal(p->dx, q->dx, p->x_count * sizeof(float));
        assert_memory_equal(p->dw, q->dw, p->w_count * sizeof(float));
        skc__winograd_forward(&p->c, &p->io);
        skc__winograd_forward(&q->c, &q->io);
        assert_memory_equal(p->y, q->y, p->y_count * sizeof(float));
        destroy(p);
        destroy(q);
    }
    free(values);
}

/* ---------------------------------------------------------------- threads and scratch */

static void run_all(problem *p)
{
    skc__winograd_backward(&p->c, &p->io, &p->gradient);
    skc__winograd_forward(&p->c, &p->io);
}

static void test_as_many_threads_give_the_same_bits(void **state)
{
    (void)state;
    for (int32_t threads = 1; threads < 6; threads++)
        for (size_t i = 0; i < SHAPES; i++) {
            problem *p = create(shapes[i], NULL, threads, true);
            problem *q = create(shapes[i], NULL, threads, true);

            run_all(p);
            run_all(q);
            assert_memory_equal(p->y, q->y, p->y_count * sizeof(float));
            assert_memory_equal(p->dx, q->dx, p->x_count * sizeof(float));
            assert_memory_equal(p->dw, q->dw, p->w_count * sizeof(float));
            destroy(p);
            destroy(q);
        }
}

/* A session runs with fewer pictures than it was planned for, and computes the same. */
static void check_part(const problem *whole, shape s, size_t pictures, bool training, expected e)
{
    problem *p    = create(s, NULL, 2, training);
    size_t   part = p->y_count / p->c.pictures * pictures;

    p->c.pictures       = pictures;
    p->io.in[0].shape.n = (int32_t)pictures;
    p->io.out_shape.n   = (int32_t)pictures;
    skc__winograd_forward(&p->c, &p->io);
    expect("y", e, p->c.c_in, p->bias, p->c.c_out, p->y, part);
    assert_memory_equal(p->y + part, whole->y + part, (p->y_count - part) * sizeof(float));
    if (training)
        skc__winograd_backward(&p->c, &p->io, &p->gradient);
    destroy(p);
}

static void test_scratch_and_weights_of_a_larger_plan_serve(void **state)
{
    static const shape plans[] = { { 12, 7, 6, 4, 130, 1, 1, 1, 1 },
                                   { 40, 7, 6, 4, 70, 1, 1, 1, 1 } };

    (void)state;
    for (int i = 0; i < 2; i++) {
        problem *whole = create(plans[i], NULL, 1, true);
        expected e     = convolved(whole, whole->x, false);

        for (size_t pictures = 1; pictures <= whole->c.pictures; pictures += 5) {
            check_part(whole, plans[i], pictures, true, e);
            check_part(whole, plans[i], pictures, false, e);
        }
        forget(e);
        destroy(whole);
    }
}

/* ---------------------------------------------------------------- the rule */

static void test_the_rule(void **state)
{
    static const struct {
        shape s;
        bool  suits;
    } cases[] = {
        { { 1, 56, 56, 64, 64, 1, 1, 1, 1 }, true },
        { { 1, 14, 14, 256, 256, 1, 1, 1, 1 }, true },
        { { 32, 7, 7, 512, 512, 1, 1, 1, 1 }, true },
        { { 1, 7, 7, 512, 512, 1, 1, 1, 1 }, false },   /* few tiles for so many filters */
        { { 1, 56, 56, 64, 64, 0, 2, 1, 1 }, true },    /* any padding below the window */
        { { 1, 56, 56, 64, 64, 3, 0, 1, 1 }, false },   /* and none above */
        { { 32, 100, 100, 3, 32, 1, 1, 1, 1 }, false }, /* few channels */
        { { 32, 5, 5, 64, 64, 1, 1, 1, 1 }, false },    /* most of a tile is outside */
        { { 32, 6, 6, 64, 64, 1, 1, 1, 1 }, true },
    };
    skc_convolution c = convolution_of(cases[0].s, 1, false);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        c = convolution_of(cases[i].s, 1, false);
        assert_int_equal(skc__winograd_suits(&c), cases[i].suits);
    }
    c                  = convolution_of(cases[3].s, 1, false);
    c.planned_pictures = 32; /* the session decides, not the call */
    assert_true(skc__winograd_suits(&c));
    c        = convolution_of(cases[0].s, 1, false);
    c.groups = 2;
    assert_false(skc__winograd_suits(&c));
    c                 = convolution_of(cases[0].s, 1, false);
    c.window.h.stride = 2;
    assert_false(skc__winograd_suits(&c));
    c                   = convolution_of(cases[0].s, 1, false);
    c.window.w.dilation = 2;
    assert_false(skc__winograd_suits(&c));
    c                 = convolution_of(cases[0].s, 1, false);
    c.window.w.kernel = 5;
    assert_false(skc__winograd_suits(&c));
}

static int make_matrices(void **state)
{
    (void)state;
    matrices = winograd_from_points();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forward_is_a_convolution),
        cmocka_unit_test(test_prepared_weights_change_no_bit),
        cmocka_unit_test(test_a_clamp_and_no_bias),
        cmocka_unit_test(test_backward_data_is_overwritten_or_added_to),
        cmocka_unit_test(test_backward_weights_is_added_to),
        cmocka_unit_test(test_errors_are_small),
        cmocka_unit_test(test_views_change_no_bit),
        cmocka_unit_test(test_as_many_threads_give_the_same_bits),
        cmocka_unit_test(test_scratch_and_weights_of_a_larger_plan_serve),
        cmocka_unit_test(test_the_rule),
    };

    return cmocka_run_group_tests(tests, make_matrices, NULL);
}
