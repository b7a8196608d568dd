/* test_kernels.c - the element and column rows of every set against the scalar set, and
 * the scalar set against the formulas in double. */
#include "kernel_test.h"

static const size_t widths[]  = { 1, 2, 3, 7, 8, 9, 15, 16, 17, 24, 31, 33, 48, 67 };
static const size_t heights[] = { 0, 1, 2, 3, 5, 63, 64, 65, 130 };

#define EACH_MATRIX(rows, c)                                                                       \
    for (size_t h_ = 0, rows;                                                                      \
         h_ < sizeof heights / sizeof heights[0] && (rows = heights[h_], true); h_++)              \
        for (size_t w_ = 0, c; w_ < sizeof widths / sizeof widths[0] && (c = widths[w_], true);    \
             w_++)

/* ------------------------------------------------------------------ elements */

typedef void binary_row(size_t n, const float *x, const float *y, float *out);

static void compare_binary(const char *name, binary_row *row, binary_row *oracle, size_t n)
{
    float *x = fresh(0, n), *y = fresh(1, n), *want = room(2, n), *got = room(3, n);

    spoil(n, x);
    spoil(n, y);
    oracle(n, x, y, want);
    row(n, x, y, got);
    expect_same(name, n, want, got);
    got = copied(3, n, x);
    row(n, got, y, got);
    expect_same(name, n, want, got);
    got = copied(3, n, y);
    row(n, x, got, got);
    expect_same(name, n, want, got);
}

static void test_add(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        compare_binary("add", tested.add, SCALAR->add, n);
    }
}

static void test_copy_far(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *x = fresh(0, n);
        float       *y = room(1, n);

        tested.copy_far(n, x, y);
        expect_same("copy_far", n, x, y);
    }
}

static void test_axpy(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float a = skc__random_between(&source, -3, 3);
        float      *x = fresh(0, n), *y = fresh(1, n), *want = copied(2, n, y);
        float      *got = copied(3, n, y);

        SCALAR->axpy(n, a, x, want);
        tested.axpy(n, a, x, got);
        for (size_t i = 0; i < n; i++) {
            double size = magnitude(a) * magnitude(x[i]) + magnitude(y[i]);

            expect_close("axpy", i, (double)want[i], (double)got[i], size, 2);
            expect_close("axpy", i, (double)y[i] + (double)a * (double)x[i], (double)got[i], size,
                         2);
        }
    }
}

static void test_scale(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        float *x = fresh(0, n), *want, *got;

        spoil(n, x);
        want = copied(1, n, x);
        got  = copied(2, n, x);
        SCALAR->scale(n, -1.7f, want);
        tested.scale(n, -1.7f, got);
        expect_same("scale", n, want, got);
        for (size_t i = 0; i < n; i++)
            assert_true(isnan(x[i]) ? isnan(got[i]) : got[i] == x[i] * -1.7f);
    }
}

static void test_dot(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *x = fresh(0, n), *y = fresh(1, n);
        double       want = 0, size = 0;

        for (size_t i = 0; i < n; i++) {
            want += (double)x[i] * (double)y[i];
            size += magnitude(x[i]) * magnitude(y[i]);
        }
        expect_close("dot", n, want, SCALAR->dot(n, x, y), size, 1e-6);
        expect_close("dot", n, want, tested.dot(n, x, y), size, 1e-6); /* summed in double */
    }
}

static void test_clamp(void **state)
{
    const float bounds[][2] = { { 0, INFINITY }, { 0, 6 }, { -INFINITY, INFINITY }, { -1, 1 } };

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float low = bounds[n % 4][0], high = bounds[n % 4][1];
        float      *x = fresh(0, n), *want = room(1, n), *got = room(2, n);

        spoil(n, x);
        SCALAR->clamp(n, low, high, x, want);
        tested.clamp(n, low, high, x, got);
        expect_same("clamp", n, want, got);
        got = copied(2, n, x);
        tested.clamp(n, low, high, got, got);
        expect_same("clamp", n, want, got);
        for (size_t i = 0; i < n; i++)
            assert_true(isnan(x[i]) ? isnan(got[i]) : got[i] == fminf(fmaxf(x[i], low), high));
    }
}

static void test_clamp_backward(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n) for (int accumulate = 0; accumulate < 2; accumulate++)
    {
        float *y = fresh(0, n), *dy = fresh(1, n), *dx = fresh(2, n), *want, *got;

        spoil(n, y);
        spoil(n, dy);
        spoil(n, dx);
        want = copied(3, n, dx);
        got  = copied(4, n, dx);
        SCALAR->clamp_backward(n, -1, 1, y, dy, accumulate != 0, want);
        tested.clamp_backward(n, -1, 1, y, dy, accumulate != 0, got);
        expect_same("clamp_backward", n, want, got);
        for (size_t i = 0; i < n && accumulate == 0; i++)
            if (!(y[i] > -1 && y[i] < 1))
                assert_true(got[i] == 0);
        SCALAR->clamp_backward(n, -1, 1, y, dy, false, want);
        tested.clamp_backward(n, -1, 1, y, dy, false, dy);
        expect_same("clamp_backward", n, want, dy);
    }
}

/* ------------------------------------------------------------------ rows of channels */

static void test_bias_clamp(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c) for (int biased = 0; biased < 2; biased++)
    {
        size_t       n    = rows * c;
        float       *y    = fresh(0, n), *want, *got;
        const float *bias = biased != 0 ? fresh(1, c) : NULL;

        spoil(n, y);
        want = copied(2, n, y);
        got  = copied(3, n, y);
        SCALAR->bias_clamp(rows, c, bias, 0, 1, want);
        tested.bias_clamp(rows, c, bias, 0, 1, got);
        expect_same("bias_clamp", n, want, got);
        for (size_t i = 0; i < n; i++) {
            float sum = bias != NULL ? y[i] + bias[i % c] : y[i];

            assert_true(isnan(sum) ? isnan(got[i]) : got[i] == fminf(fmaxf(sum, 0), 1));
        }
    }
}

static void test_affine_clamp(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c)
    {
        size_t n = rows * c;
        float *x = fresh(0, n), *scale = fresh(1, c), *shift = fresh(2, c);
        float *want = room(3, n), *got = room(4, n), *in_place = copied(5, n, x);

        SCALAR->affine_clamp(rows, c, x, scale, shift, -1, 2, want);
        tested.affine_clamp(rows, c, x, scale, shift, -1, 2, got);
        tested.affine_clamp(rows, c, in_place, scale, shift, -1, 2, in_place);
        expect_same("affine_clamp", n, got, in_place);
        for (size_t i = 0; i < n; i++) {
            double factor = (double)scale[i % c], term = (double)x[i] * factor;
            double exact = fmin(fmax(term + (double)shift[i % c], -1), 2);
            double size  = fabs(term) + magnitude(shift[i % c]);

            expect_close("affine_clamp", i, (double)want[i], (double)got[i], size, 2);
            expect_close("affine_clamp", i, exact, (double)got[i], size, 2);
        }
    }
}

static void test_not_a_number_passes(void **state)
{
    (void)state;
    for (int32_t s = 0; pick_set(s); s++)
        for (size_t bad = 0; bad < 40; bad++) {
            float x[40], ones[40], y[40];

            for (size_t i = 0; i < 40; i++)
                x[i] = i == bad ? NAN : 1, ones[i] = 1;
            tested.affine_clamp(1, 40, x, ones, ones, 0, 6, y);
            for (size_t i = 0; i < 40; i++)
                assert_true(i == bad ? isnan(y[i]) : y[i] == 2);
        }
}

static void test_affine_pair(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c) for (int accumulate = 0; accumulate < 2; accumulate++)
    {
        size_t n = rows * c;
        float *a = fresh(0, c), *b = fresh(1, c), *d = fresh(2, c), *dy = fresh(3, n);
        float *x = fresh(4, n), *dx = fresh(5, n), *want = copied(6, n, dx), *got;
        bool   add = accumulate != 0;

        got = copied(7, n, dx);
        SCALAR->affine_pair(rows, c, a, dy, b, x, d, add, want);
        tested.affine_pair(rows, c, a, dy, b, x, d, add, got);
        for (size_t i = 0; i < n; i++) {
            double t1 = (double)a[i % c] * (double)dy[i], t2 = (double)b[i % c] * (double)x[i];
            double t3 = (double)d[i % c], t4 = add ? (double)dx[i] : 0;
            double size = fabs(t1) + fabs(t2) + fabs(t3) + fabs(t4);

            expect_close("affine_pair", i, (double)want[i], (double)got[i], size, 4);
            expect_close("affine_pair", i, t1 + t2 + t3 + t4, (double)got[i], size, 4);
        }
        if (!add) {
            tested.affine_pair(rows, c, a, dy, b, x, d, false, dy);
            expect_same("affine_pair", n, got, dy);
        }
    }
}

/* Gradients that a rounding could keep or drop are made 0; NULL maps are tried too. */
static void test_masked_affine(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c) for (int which = 0; which < 4; which++)
    {
        size_t n = rows * c;
        float *v[5], *dy = fresh(5, n), *z = fresh(6, n);
        float *want = room(7, n), *got = room(8, n), *in_place;

        for (int i = 0; i < 5; i++)
            v[i] = fresh(i, c);
        const skc_masked_affine map = {
            which % 2 == 0 ? v[0] : NULL, v[1], v[2], which / 2 == 0 ? v[3] : NULL, v[4], -0.5f, 1
        };

        for (size_t i = 0; i < n; i++) {
            double y = (double)z[i];

            if (map.scale != NULL)
                y = y * (double)map.scale[i % c] + (double)map.shift[i % c];
            if (fabs(y + 0.5) < 1e-5 || fabs(y - 1) < 1e-5)
                dy[i] = 0;
        }
        in_place = copied(9, n, dy);
        SCALAR->masked_affine(rows, c, &map, dy, z, want);
        tested.masked_affine(rows, c, &map, dy, z, got);
        tested.masked_affine(rows, c, &map, in_place, z, in_place);
        expect_same("masked_affine", n, got, in_place);
        for (size_t i = 0; i < n; i++) {
            double y = (double)z[i], t1 = (double)dy[i], t2 = 0, t3 = 0, size;

            if (map.scale != NULL)
                y = y * (double)map.scale[i % c] + (double)map.shift[i % c];
            if (!(y > -0.5 && y < 1))
                t1 = 0;
            if (map.a != NULL) {
                t1 *= (double)map.a[i % c];
                t2 = (double)map.b[i % c] * (double)z[i];
                t3 = (double)map.d[i % c];
            }
            size = fabs(t1) + fabs(t2) + fabs(t3);
            expect_close("masked_affine", i, (double)want[i], (double)got[i], size, 4);
            expect_close("masked_affine", i, t1 + t2 + t3, (double)got[i], size, 4);
        }
    }
}

/* ------------------------------------------------------------------ columns */

/* Sums before a call are 3, so that a row which does not add to them is seen. */
static double *sums(int slot, size_t c)
{
    double *sum = room_doubles(slot, c);

    for (size_t i = 0; i < c; i++)
        sum[i] = 3;
    return sum;
}

/* What the column rows promise: rows, at most 64. */
static double word(size_t rows)
{
    return rows < 64 ? (double)rows : 64;
}

static void test_column_sums(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c)
    {
        const float *x    = fresh(0, rows * c);
        double      *want = sums(1, c), *got = sums(2, c);

        SCALAR->column_sums(rows, c, x, want);
        tested.column_sums(rows, c, x, got);
        for (size_t i = 0; i < c; i++) {
            double exact = 3, size = 0;

            for (size_t r = 0; r < rows; r++) {
                exact += (double)x[r * c + i];
                size += magnitude(x[r * c + i]);
            }
            expect_close("column_sums", i, want[i], got[i], size, word(rows));
            expect_close("column_sums", i, exact, got[i], size, word(rows));
        }
    }
}

static void test_column_moments(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c)
    {
        const float *x = fresh(0, rows * c), *about = fresh(1, c);
        double      *want = sums(2, c), *got = sums(3, c);
        double      *want2 = sums(4, c), *got2 = sums(5, c);

        SCALAR->column_moments(rows, c, x, about, want, want2);
        tested.column_moments(rows, c, x, about, got, got2);
        for (size_t i = 0; i < c; i++) {
            double sum = 3, square = 3, size = 0;

            for (size_t r = 0; r < rows; r++) {
                double d = (double)(x[r * c + i] - about[i]);

                sum += d;
                square += d * d;
                size += fabs(d);
            }
            expect_close("column_moments", i, want[i], got[i], size, word(rows));
            expect_close("column_moments", i, sum, got[i], size, word(rows));
            expect_close("column_moments", i, want2[i], got2[i], square, word(rows));
            expect_close("column_moments", i, square, got2[i], square, word(rows));
        }
    }
}

static void test_column_products(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c)
    {
        const float *x = fresh(0, rows * c), *mean = fresh(1, c), *dy = fresh(2, rows * c);
        double      *want = sums(3, c), *got = sums(4, c);
        double      *want2 = sums(5, c), *got2 = sums(6, c);

        SCALAR->column_products(rows, c, x, mean, dy, want, want2);
        tested.column_products(rows, c, x, mean, dy, got, got2);
        for (size_t i = 0; i < c; i++) {
            double sum = 3, product = 3, size = 0, size2 = 0;

            for (size_t r = 0; r < rows; r++) {
                double g = (double)dy[r * c + i], d = (double)(x[r * c + i] - mean[i]);

                sum += g;
                product += g * d;
                size += fabs(g);
                size2 += fabs(g * d);
            }
            expect_close("column_products", i, want[i], got[i], size, word(rows));
            expect_close("column_products", i, sum, got[i], size, word(rows));
            expect_close("column_products", i, want2[i], got2[i], size2, word(rows));
            expect_close("column_products", i, product, got2[i], size2, word(rows));
        }
    }
}

/* Where z scale + shift is so close to a bound that sets may differ, dy becomes 0. */
static void avoid_bounds(const skc_masked_affine *map, size_t n, size_t c, const float *z,
                         float *dy)
{
    for (size_t i = 0; i < n; i++) {
        double scaled = (double)z[i] * (map->scale == NULL ? 1 : (double)map->scale[i % c]);
        double shift  = map->scale == NULL ? 0 : (double)map->shift[i % c];
        double close  = 2 * (double)FLT_EPSILON * (fabs(scaled) + fabs(shift));

        if (fabs(scaled + shift - (double)map->low) <= close ||
            fabs(scaled + shift - (double)map->high) <= close)
            dy[i] = 0;
    }
}

/* What a map keeps of dy. */
static double kept(const skc_masked_affine *map, size_t column, float z, float dy)
{
    double y = map->scale == NULL
                   ? (double)z
                   : (double)z * (double)map->scale[column] + (double)map->shift[column];

    return (double)map->low < y && y < (double)map->high ? (double)dy : 0;
}

static void test_masked_products(void **state)
{
    static const float bounds[][2] = { { 0, INFINITY }, { -1, 0.5f }, { -INFINITY, INFINITY } };

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_MATRIX(rows, c) for (size_t k = 0; k < 6; k++)
    {
        const float *x = fresh(0, rows * c), *mean = fresh(1, c);
        const float *scale = fresh(7, c), *shift = fresh(8, c);
        float       *dy   = fresh(2, rows * c);
        double      *want = sums(3, c), *got = sums(4, c);
        double      *want2 = sums(5, c), *got2 = sums(6, c);

        const skc_masked_affine map = { .scale = k < 3 ? scale : NULL,
                                        .shift = k < 3 ? shift : NULL,
                                        .low   = bounds[k % 3][0],
                                        .high  = bounds[k % 3][1] };

        avoid_bounds(&map, rows * c, c, x, dy);
        SCALAR->masked_products(rows, c, &map, x, mean, dy, want, want2);
        tested.masked_products(rows, c, &map, x, mean, dy, got, got2);
        for (size_t i = 0; i < c; i++) {
            double sum = 3, product = 3, size = 0, size2 = 0;

            for (size_t r = 0; r < rows; r++) {
                double g = kept(&map, i, x[r * c + i], dy[r * c + i]);
                double d = (double)(x[r * c + i] - mean[i]);

                sum += g;
                product += g * d;
                size += fabs(g);
                size2 += fabs(g * d);
            }
            expect_close("masked_products", i, want[i], got[i], size, word(rows));
            expect_close("masked_products", i, sum, got[i], size, word(rows));
            expect_close("masked_products", i, want2[i], got2[i], size2, word(rows));
            expect_close("masked_products", i, product, got2[i], size2, word(rows));
        }
    }
}

/* A float sum of so many equal numbers would drift: each addition rounds the same way. */
static void test_columns_do_not_drift(void **state)
{
    enum { ROWS = 21000, C = 3 };

    (void)state;
    placement = AT_END;
    for (int32_t s = 0; pick_set(s); s++) {
        float *x = room(0, ROWS * C), zero[C] = { 0 };
        double sum[C] = { 0 }, sum2[C] = { 0 }, square[C] = { 0 }, product[C] = { 0 };
        double tenth = (double)0.1f;

        for (size_t i = 0; i < ROWS * C; i++)
            x[i] = 0.1f;
        tested.column_sums(ROWS, C, x, sum);
        tested.column_moments(ROWS, C, x, zero, sum2, square);
        expect_close("column_sums", 0, ROWS * tenth, sum[2], ROWS * tenth, 64);
        expect_close("column_moments", 0, ROWS * tenth, sum2[2], ROWS * tenth, 64);
        expect_close("column_moments", 1, ROWS * tenth * tenth, square[2], ROWS * tenth * tenth,
                     64);
        memset(sum, 0, sizeof sum);
        tested.column_products(ROWS, C, x, zero, x, sum, product);
        expect_close("column_products", 0, ROWS * tenth, sum[2], ROWS * tenth, 64);
        expect_close("column_products", 1, ROWS * tenth * tenth, product[2], ROWS * tenth * tenth,
                     64);
    }
}

/* ------------------------------------------------------------------ input */

static void test_normalise(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(pixels)
    {
        size_t       n = 3 * pixels;
        const float *x = fresh(0, n), *mean = fresh(1, 3), *scale = fresh(2, 3);
        float       *want = room(3, n), *got = room(4, n);

        SCALAR->normalise(pixels, x, mean, scale, want);
        tested.normalise(pixels, x, mean, scale, got);
        for (size_t i = 0; i < n; i++) {
            double m = (double)mean[i % 3], s = (double)scale[i % 3];
            double size = (magnitude(x[i]) + fabs(m)) * fabs(s);

            expect_close("normalise", i, (double)want[i], (double)got[i], size, 2);
            expect_close("normalise", i, ((double)x[i] - m) * s, (double)got[i], size, 2);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_copy_far),
        cmocka_unit_test(test_axpy),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_dot),
        cmocka_unit_test(test_clamp),
        cmocka_unit_test(test_clamp_backward),
        cmocka_unit_test(test_bias_clamp),
        cmocka_unit_test(test_affine_clamp),
        cmocka_unit_test(test_not_a_number_passes),
        cmocka_unit_test(test_affine_pair),
        cmocka_unit_test(test_masked_affine),
        cmocka_unit_test(test_column_sums),
        cmocka_unit_test(test_column_moments),
        cmocka_unit_test(test_column_products),
        cmocka_unit_test(test_masked_products),
        cmocka_unit_test(test_columns_do_not_drift),
        cmocka_unit_test(test_normalise),
    };

    return cmocka_run_group_tests_name("kernels", tests, map_slots, NULL);
}
