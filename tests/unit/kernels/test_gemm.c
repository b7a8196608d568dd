/* test_gemm.c - the gemm of every set against the definition, summed in double. */
#include "kernel_test.h"

#include "core/parallel.h"

typedef struct product {
    bool   transpose_a, transpose_b;
    size_t m, n, k, gap; /* gap: elements between the end of a row and the next */
    float  beta;
} product;

static float at(const float *x, bool transpose, size_t ld, size_t i, size_t j)
{
    return transpose ? x[j * ld + i] : x[i * ld + j];
}

/* Elements of a matrix whose last row has no gap after it, so that it ends at the guard page. */
static size_t extent(size_t rows, size_t columns, size_t ld)
{
    return rows == 0 || columns == 0 ? 0 : (rows - 1) * ld + columns;
}

static void expect_product(const product *p, const float *a, size_t lda, const float *b, size_t ldb,
                           const float *before, const float *c, size_t ldc)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double sum  = p->beta == 0 ? 0 : (double)p->beta * (double)before[i * ldc + j];
            double size = fabs(sum);

            for (size_t k = 0; k < p->k; k++) {
                double term = (double)at(a, p->transpose_a, lda, i, k) *
                              (double)at(b, p->transpose_b, ldb, k, j);

                sum += term;
                size += fabs(term);
            }
            expect_close("gemm", i * ldc + j, sum, (double)c[i * ldc + j], size, (double)p->k + 1);
        }
}

static void check_product(product p)
{
    size_t a_rows = p.transpose_a ? p.k : p.m, a_columns = p.transpose_a ? p.m : p.k;
    size_t b_rows = p.transpose_b ? p.n : p.k, b_columns = p.transpose_b ? p.k : p.n;
    size_t lda = a_columns + p.gap, ldb = b_columns + p.gap, ldc = p.n + p.gap;
    size_t size = extent(p.m, p.n, ldc);
    float *a    = fresh(0, extent(a_rows, a_columns, lda));
    float *b = fresh(1, extent(b_rows, b_columns, ldb)), *before = fresh(2, size), *c;

    for (size_t i = 0; p.beta == 0 && i < size; i++)
        before[i] = NAN; /* beta 0: what was there does not count */
    c = copied(3, size, before);
    tested.gemm(p.transpose_a, p.transpose_b, p.m, p.n, p.k, a, lda, b, ldb, p.beta, c, ldc);
    expect_product(&p, a, lda, b, ldb, before, c, ldc);
    for (size_t i = 0; i < size; i++)
        if (i % ldc >= p.n)
            expect_same("gap of gemm", 1, before + i, c + i);
}

static void test_shapes(void **state)
{
    const size_t sizes[][3] = { { 1, 1, 1 },   { 1, 9, 4 },    { 9, 1, 7 },    { 4, 8, 16 },
                                { 5, 7, 3 },   { 3, 33, 257 }, { 13, 31, 40 }, { 33, 34, 35 },
                                { 8, 65, 20 }, { 65, 4, 512 }, { 6, 17, 513 }, { 2, 3, 0 } };
    const float  betas[]    = { 0, 1, 0.5f };

    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (int t = 0; t < 4; t++)
            for (size_t gap = 0; gap < 4; gap += 3)
                check_product((product){ (t & 1) != 0, t > 1, sizes[s][0], sizes[s][1], sizes[s][2],
                                         gap, betas[(s + gap) % 3] });
}

static void test_nothing_to_do(void **state)
{
    float one = 1, two = 2, out = 3;

    (void)state;
    for (int32_t s = 0; pick_set(s); s++) {
        tested.gemm(false, false, 0, 1, 1, &one, 1, &two, 1, 0, &out, 1);
        tested.gemm(false, false, 1, 0, 1, &one, 1, &two, 1, 0, &out, 1);
        assert_true(out == 3);
    }
}

static void test_not_a_number_spreads(void **state)
{
    const float a[] = { NAN, 1, 2, INFINITY }, b[] = { 0, 1, 2, 3 };

    (void)state;
    for (int32_t s = 0; pick_set(s); s++) {
        float c[4];

        tested.gemm(false, false, 2, 2, 2, a, 2, b, 2, 0, c, 2);
        assert_true(isnan(c[0]) && isnan(c[1]) && isinf(c[2]) && isinf(c[3]));
    }
}

enum { SIDE = 48, TASKS = 80000, THREADS = 4 };

typedef struct shared_product { /* each thread has numbers of its own */
    float a[THREADS][SIDE * SIDE], b[THREADS][SIDE * SIDE], want[THREADS][SIDE * SIDE];
    int   wrong[THREADS];
} shared_product;

static void multiply_again(void *context, int32_t task, int32_t thread)
{
    shared_product *s = context;
    float           c[SIDE * SIDE];

    (void)task;
    tested.gemm(false, false, SIDE, SIDE, SIDE, s->a[thread], SIDE, s->b[thread], SIDE, 0, c, SIDE);
    s->wrong[thread] += memcmp(c, s->want[thread], sizeof c) != 0;
}

/* OpenBLAS made for one thread mixes up the numbers of its callers unless it is guarded. */
static void test_many_threads(void **state)
{
    static shared_product s;
    skc_runtime           runtime;
    skc_pool             *pool;

    (void)state;
    skc_runtime_init(&runtime);
    runtime.threads = THREADS;
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    placement = AT_START;
    assert_int_equal(skc__kernels(NULL, &tested, NULL), SKC_OK);
    for (int t = 0; t < THREADS; t++) {
        memcpy(s.a[t], fresh(0, SIDE * SIDE), sizeof s.a[t]);
        memcpy(s.b[t], fresh(1, SIDE * SIDE), sizeof s.b[t]);
        tested.gemm(false, false, SIDE, SIDE, SIDE, s.a[t], SIDE, s.b[t], SIDE, 0, s.want[t], SIDE);
    }
    skc__parallel(pool, TASKS, multiply_again, &s);
    skc__pool_free(pool);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(s.wrong[t], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_not_a_number_spreads),
        cmocka_unit_test(test_many_threads),
    };

    return cmocka_run_group_tests_name("gemm", tests, map_slots, NULL);
}
