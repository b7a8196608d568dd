/* test_tally.c - sums by channel in parts: against plain sums, and how parts come together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "layers/tally.h"

enum { C = 21, PIXELS = 300, PARTS = 4 };

typedef struct problem {
    float     z[PIXELS * C], dy[PIXELS * C], scale[C], shift[C], mean[C];
    void     *memory;
    skc_tally tally;
} problem;

static problem *make_problem(void)
{
    problem *p = malloc(sizeof *p);

    assert_non_null(p);
    for (size_t i = 0; i < PIXELS * C; i++) {
        p->z[i]  = 1000 * (float)(i % C) + sinf((float)(i * i % 1009));
        p->dy[i] = cosf((float)(3 * i));
    }
    for (size_t i = 0; i < C; i++) {
        p->mean[i]  = 1000 * (float)i;
        p->scale[i] = 1;
        p->shift[i] = -1000 * (float)i;
    }
    p->memory = malloc(skc__tally_bytes(PARTS, C));
    assert_non_null(p->memory);
    p->tally      = skc__tally_at(p->memory, PARTS, C);
    p->tally.mean = p->mean;
    skc__tally_clear(&p->tally);
    return p;
}

static void free_problem(problem *p)
{
    free(p->memory);
    free(p);
}

/* Three parts of unlike sizes, one of them in two calls; the last counts nothing. */
static const size_t  cuts[]    = { 0, 7, 120, 250, PIXELS };
static const int32_t part_of[] = { 0, 1, 1, 2 };

static void assert_close(double found, double wanted, double size)
{
    assert_true(fabs(found - wanted) <= 1e-5 * size);
}

static void test_moments(void **state)
{
    problem      *p = make_problem();
    const double *sums;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const float *z = p->z + cuts[i] * C;

        skc__tally_moments(&p->tally, &skc__kernels_scalar, part_of[i], cuts[i + 1] - cuts[i], z,
                           z);
    }
    assert_int_equal(skc__tally_pixels(&p->tally), PIXELS);
    sums = skc__tally_moments_sum(&p->tally);
    for (size_t c = 0; c < C; c++) {
        double sum = 0, square = 0;

        assert_true(p->tally.about[c] == p->z[c]);
        for (size_t i = 0; i < PIXELS; i++) {
            double d = (double)p->z[i * C + c] - (double)p->z[c];
            sum += d;
            square += d * d;
        }
        assert_close(sums[c], sum, PIXELS);
        assert_close(sums[C + c], square, square);
    }
    free_problem(p);
}

static void check_products(const skc_view *view)
{
    problem      *p = make_problem();
    skc_view      v = *view;
    const double *sums;

    v.scale = p->scale;
    v.shift = p->shift;
    for (size_t i = 0; i < 4; i++)
        skc__tally_products(&p->tally, &skc__kernels_scalar, part_of[i], cuts[i + 1] - cuts[i], &v,
                            p->z + cuts[i] * C, p->dy + cuts[i] * C);
    assert_int_equal(skc__tally_pixels(&p->tally), PIXELS);
    sums = skc__tally_products_sum(&p->tally);
    for (size_t c = 0; c < C; c++) {
        double sum = 0, product = 0;

        for (size_t i = 0; i < PIXELS; i++) {
            const float d    = p->z[i * C + c] - p->mean[c];
            const bool  kept = v.low < d && d < v.high;

            sum += kept ? (double)p->dy[i * C + c] : 0;
            product += kept ? (double)p->dy[i * C + c] * (double)d : 0;
        }
        assert_close(sums[c], sum, PIXELS);
        assert_close(sums[C + c], product, PIXELS);
    }
    free_problem(p);
}

static void test_products(void **state)
{
    (void)state;
    check_products(&(skc_view){ .on = true, .low = -INFINITY, .high = INFINITY });
    check_products(&(skc_view){ .on = true, .low = 0, .high = 0.75f });
}

static void test_clearing_forgets(void **state)
{
    problem      *p = make_problem();
    const double *sums;

    (void)state;
    skc__tally_moments(&p->tally, &skc__kernels_scalar, 0, PIXELS, p->z, p->z);
    skc__tally_clear(&p->tally);
    assert_int_equal(skc__tally_pixels(&p->tally), 0);
    skc__tally_moments(&p->tally, &skc__kernels_scalar, 0, 1, p->z, p->z);
    sums = skc__tally_moments_sum(&p->tally);
    for (size_t c = 0; c < 2 * C; c++)
        assert_true(sums[c] == 0);
    free_problem(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_clearing_forgets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
