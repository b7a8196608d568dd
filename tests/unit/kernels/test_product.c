/* test_product.c - pack_right, product and outer of every set against the definition, summed in
 * double. */
#include "kernel_test.h"

enum { MOST_M = 400, MOST_RUNS = 8, MOST_PIXELS = 1100 };
enum { LEFT, RIGHT, PACKED, OUT, BEFORE, BIAS }; /* slots */

static uint32_t below(uint32_t n)
{
    return skc__random_below(&source, n);
}

static ptrdiff_t between(ptrdiff_t low, ptrdiff_t high)
{
    return low + (ptrdiff_t)below((uint32_t)(high - low + 1));
}

static void shuffle(size_t n, size_t order[])
{
    for (size_t i = 0; i < n; i++) {
        size_t other = below((uint32_t)i + 1);

        order[i]     = order[other];
        order[other] = i;
    }
}

/* Rows of a matrix (rows, columns) with gaps between them, in any order, the last in memory with
 * none after it: *matrix is filled with random numbers. */
static void scatter_rows(int slot, size_t rows, size_t columns, size_t gap, float **matrix,
                         size_t starts[])
{
    size_t order[MOST_PIXELS];

    *matrix = fresh(slot, rows == 0 ? 0 : rows * (columns + gap) - gap);
    shuffle(rows, order);
    for (size_t i = 0; i < rows; i++)
        starts[i] = order[i] * (columns + gap);
}

/* ------------------------------------------------------------------ product */

typedef struct shape {
    size_t m, n, runs, length;
    bool   accumulate, bias;
    float  low, high;
} shape;

typedef struct product_case {
    shape        s;
    ptrdiff_t    run[MOST_RUNS], right_run[MOST_RUNS];
    const float *left[MOST_M];
    float       *out[MOST_M];
    float       *all_out, *before;
    size_t       out_size;
    skc_right    right;
    skc_product  p;
} product_case;

/* Windows on one buffer that overlap in any way; the buffer has no float that none reads at its
 * ends. */
static void make_left(product_case *c)
{
    ptrdiff_t start[MOST_M], first = PTRDIFF_MAX, end = PTRDIFF_MIN;
    ptrdiff_t length = (ptrdiff_t)c->s.length;
    float    *all;

    for (size_t r = 0; r < c->s.runs; r++)
        c->run[r] = between(-50, 50);
    for (size_t i = 0; i < c->s.m; i++) {
        start[i] = between(0, 300);
        for (size_t r = 0; r < c->s.runs; r++) {
            ptrdiff_t x = start[i] + c->run[r];

            first = x < first ? x : first;
            end   = x + length > end ? x + length : end;
        }
    }
    c->p.left_offset = between(-9, 9);
    all              = fresh(LEFT, end > first ? (size_t)(end - first) : 0);
    for (size_t i = 0; i < c->s.m; i++)
        c->left[i] = all + (end > first ? start[i] - first : 0) - c->p.left_offset;
}

/* (k, n), (n, k) or neither in one piece; its runs lie in any order. */
static void make_right(product_case *c)
{
    const size_t k = c->s.runs * c->s.length, gap = below(3), spread = below(3) == 0 ? 2 : 1;
    const bool   turned = below(2) == 0;
    const size_t row = (turned ? k : c->s.n) * spread + gap, rows = turned ? c->s.n : k;
    size_t       order[MOST_RUNS];

    shuffle(c->s.runs, order);
    for (size_t r = 0; r < c->s.runs; r++)
        c->right_run[r] = (ptrdiff_t)(order[r] * c->s.length * (turned ? spread : row));
    c->right =
        (skc_right){ .runs        = c->s.runs,
                     .length      = c->s.length,
                     .n           = c->s.n,
                     .run         = c->right_run,
                     .length_step = (ptrdiff_t)(turned ? spread : row),
                     .n_step      = (ptrdiff_t)(turned ? row : spread),
                     .from = fresh(RIGHT, k * c->s.n == 0 ? 0 : rows * row - gap - (spread - 1)) };
}

static void make_out(product_case *c)
{
    size_t starts[MOST_M], gap = below(3);

    scatter_rows(OUT, c->s.m, c->s.n, gap, &c->all_out, starts);
    c->out_size     = c->s.m == 0 ? 0 : c->s.m * (c->s.n + gap) - gap;
    c->p.out_offset = between(-9, 9);
    for (size_t i = 0; i < c->s.m; i++) {
        c->out[i] = c->all_out + starts[i] - c->p.out_offset;
        for (size_t j = 0; j < c->s.n && !c->s.accumulate; j++)
            c->all_out[starts[i] + j] = NAN; /* what was there does not count */
    }
    c->before = copied(BEFORE, c->out_size, c->all_out);
}

static void make_product(product_case *c, shape s)
{
    memset(c, 0, sizeof *c);
    c->s = s;
    make_left(c);
    make_right(c);
    make_out(c);
    c->p.m          = s.m;
    c->p.n          = s.n;
    c->p.runs       = s.runs;
    c->p.length     = s.length;
    c->p.run        = c->run;
    c->p.left       = c->left;
    c->p.out        = c->out;
    c->p.accumulate = s.accumulate;
    c->p.bias       = s.bias ? fresh(BIAS, s.n) : NULL;
    c->p.low        = s.low;
    c->p.high       = s.high;
}

static void run_product(product_case *c)
{
    float *packed = room(PACKED, skc__packed_size(c->s.runs * c->s.length, c->s.n));

    tested.pack_right(&c->right, packed);
    c->p.right = packed;
    tested.product(&c->p);
}

static float right_value(const skc_right *right, size_t r, size_t l, size_t j)
{
    return right
        ->from[right->run[r] + (ptrdiff_t)l * right->length_step + (ptrdiff_t)j * right->n_step];
}

/* The clamp moves two numbers no farther apart. */
static double clamped(const shape *s, double x)
{
    return x < (double)s->low ? (double)s->low : x > (double)s->high ? (double)s->high : x;
}

static void expect_sum(const product_case *c, size_t i, size_t j)
{
    const skc_product *p   = &c->p;
    const float       *out = c->out[i] + p->out_offset;
    double             sum = p->accumulate ? (double)c->before[out - c->all_out + (ptrdiff_t)j] : 0;
    double             size = fabs(sum), bias = p->bias != NULL ? (double)p->bias[j] : 0;

    for (size_t r = 0; r < p->runs; r++)
        for (size_t l = 0; l < p->length; l++) {
            double term = (double)c->left[i][p->left_offset + p->run[r] + (ptrdiff_t)l] *
                          (double)right_value(&c->right, r, l, j);

            sum += term;
            size += fabs(term);
        }
    expect_close("product", i * p->n + j, clamped(&c->s, sum + bias), (double)out[j],
                 size + fabs(bias), (double)(p->runs * p->length) + 2);
}

static void check_product(shape s)
{
    static product_case c;
    static bool         written[SLOT_FLOATS];

    make_product(&c, s);
    run_product(&c);
    memset(written, 0, sizeof written);
    for (size_t i = 0; i < s.m; i++)
        for (size_t j = 0; j < s.n; j++) {
            expect_sum(&c, i, j);
            written[c.out[i] + c.p.out_offset + j - c.all_out] = true;
        }
    for (size_t x = 0; x < c.out_size; x++)
        if (!written[x])
            expect_same("gap of product", 1, c.before + x, c.all_out + x);
}

/* m, n and k with what stands beside them in turn. */
static shape shape_of(size_t m, size_t n, size_t runs, size_t length)
{
    shape s = {
        .m = m, .n = n, .runs = runs, .length = length, .low = -INFINITY, .high = INFINITY
    };

    s.accumulate = below(2) == 0;
    s.bias       = below(2) == 0;
    if (below(2) == 0)
        s.low = skc__random_between(&source, -2, 0);
    if (below(2) == 0)
        s.high = skc__random_between(&source, 0, 2);
    return s;
}

static void test_every_remainder(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        for (size_t n = 1; n < 150; n++)
            check_product(shape_of(1 + n % 13, n, 1 + n % 3, 1 + n % 5));
        for (size_t m = 1; m < 50; m++)
            for (size_t n = 1; n < 100; n += 16)
                check_product(shape_of(m, n + m % 16, 1 + m % 3, 1 + m % 4));
        for (size_t length = 1; length < 40; length++)
            for (size_t runs = 1; runs < 5; runs++)
                check_product(shape_of(7, 40, runs, length));
    }
}

/* Every panel width of every set over several blocks of rows and of k. */
static void test_blocks(void **state)
{
    const size_t shapes[][4] = { { 5, 7, 1, 1500 },  { 14, 24, 3, 300 }, { 9, 40, 2, 300 },
                                 { 7, 60, 3, 90 },   { 3, 80, 8, 40 },   { 1, 130, 1, 200 },
                                 { 390, 20, 1, 33 }, { 251, 70, 3, 20 } };

    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        check_product(shape_of(shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]));
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        check_product(shape_of(0, 5, 2, 3));
        check_product(shape_of(5, 0, 2, 3));
        check_product(shape_of(13, 37, 0, 3)); /* clamp(out + bias) */
        check_product(shape_of(13, 37, 2, 0));
    }
}

/* What is brought meanwhile, and writing past the caches, change no bit. */
static void check_asides(size_t m, size_t n, size_t runs, size_t length)
{
    static product_case c;
    static float        plain[SLOT_FLOATS];
    const size_t        sums             = m * n;
    float              *out              = room(OUT, sums);
    skc_ahead           ahead[SKC_AHEAD] = { { plain, 1000 }, { plain + 1000, 70 } };

    make_product(&c, shape_of(m, n, runs, length));
    c.p.out_offset = 0;
    for (size_t i = 0; i < m; i++)
        c.out[i] = out + i * n;
    memcpy(out, fresh(BEFORE, sums), sums * sizeof *out);
    run_product(&c);
    memcpy(plain, out, sums * sizeof *out);
    memcpy(out, room(BEFORE, sums), sums * sizeof *out);
    c.p.stream = (uintptr_t)out % 64 == 0 && n % 16 == 0;
    c.p.ahead  = ahead;
    run_product(&c);
    expect_same("product, streamed", sums, plain, out);
    assert_true(ahead[0].at + ahead[0].count == plain + 1000); /* as much left as not brought */
}

static void test_asides(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    for (size_t n = 16; n <= 112; n += 16)
        for (size_t m = 1; m < 60; m += 7) {
            check_asides(m, n, 1 + m % 3, 1 + n % 11);
            check_asides(m, n - m % 16, 1, 250);
        }
}

static void test_not_a_number_spreads(void **state)
{
    const shape s = { .m = 13, .n = 50, .runs = 2, .length = 3, .low = 0, .high = 1 };

    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        product_case c;
        float        spoilt[6] = { 1, 2, NAN, 1, 2, 3 };

        make_product(&c, s);
        c.left[4] = spoilt - c.p.left_offset;
        c.run[0]  = 0;
        c.run[1]  = 3;
        c.p.m     = 5;
        for (size_t i = 0; i < 4; i++)
            c.left[i] = c.left[4] + 3;
        c.p.runs = c.right.runs = 1;
        run_product(&c);
        for (size_t j = 0; j < s.n; j++) {
            assert_true(isnan(c.out[4][c.p.out_offset + (ptrdiff_t)j]));
            assert_true(!isnan(c.out[3][c.p.out_offset + (ptrdiff_t)j]));
        }
    }
}

/* ------------------------------------------------------------------ outer */

/* What is left of a list of values to bring ends where the list did. */
static void expect_taken(const skc_ahead *left, const float *from, size_t count)
{
    assert_true(left->count <= count);
    assert_ptr_equal(left->at, from + (count - left->count));
}

static void check_outer(size_t m, size_t n, size_t pixels)
{
    static const float *left[MOST_PIXELS], *right[MOST_PIXELS];
    ptrdiff_t           start[MOST_PIXELS];
    size_t              gap = below(4), ld = n + gap, size = m == 0 ? 0 : m * ld - gap;
    float              *all_left  = fresh(LEFT, m + 300);
    float              *all_right = fresh(RIGHT, n + 300);
    float              *out = fresh(OUT, size), *before = copied(BEFORE, size, out);
    skc_ahead           ahead[SKC_AHEAD] = { { all_left, m + 300 }, { all_right, n + 300 } };
    skc_outer           o                = { .m            = m,
                                             .n            = n,
                                             .pixels       = pixels,
                                             .left         = left,
                                             .left_offset  = between(-9, 9),
                                             .right        = right,
                                             .right_offset = between(-9, 9),
                                             .out          = out,
                                             .ld           = ld,
                                             .ahead        = below(2) == 0 ? ahead : NULL };

    for (size_t p = 0; p < pixels; p++) { /* the outermost ones too */
        start[p] = p < 2 ? 300 * (ptrdiff_t)p : between(0, 300);
        left[p]  = all_left + start[p] - o.left_offset;
        right[p] = all_right + 300 - start[p] - o.right_offset;
    }
    tested.outer(&o);
    expect_taken(&ahead[0], all_left, m + 300);
    expect_taken(&ahead[1], all_right, n + 300);
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < ld && i * ld + j < size; j++) {
            double sum = (double)before[i * ld + j], largest = fabs(sum);

            for (size_t p = 0; p < pixels && j < n; p++) {
                double term = (double)left[p][o.left_offset + (ptrdiff_t)i] *
                              (double)right[p][o.right_offset + (ptrdiff_t)j];

                sum += term;
                largest += fabs(term);
            }
            if (j < n)
                expect_close("outer", i * ld + j, sum, (double)out[i * ld + j], largest,
                             (double)pixels + 1);
            else
                expect_same("gap of outer", 1, before + i * ld + j, out + i * ld + j);
        }
}

static void test_outer(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        for (size_t n = 1; n < 150; n++)
            check_outer(1 + n % 13, n, 1 + n % 20);
        for (size_t m = 1; m < 70; m++)
            for (size_t n = 1; n < 100; n += 16)
                check_outer(m, n + m % 16, 1 + m % 7);
        check_outer(30, 75, 1000);
        check_outer(64, 21, 513); /* narrow ones, and more pixels than the cache holds */
        check_outer(144, 24, 300);
        check_outer(97, 9, 200);
        check_outer(20, 128, 250);
        check_outer(70, 130, 40);
    }
}

static void test_outer_of_nothing(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    {
        check_outer(0, 5, 4);
        check_outer(5, 0, 4);
        check_outer(13, 37, 0);
    }
}

static void test_outer_not_a_number_spreads(void **state)
{
    const float  ones[40] = { 1, 1, NAN, 1 }, more[40] = { 2, 2, 2, NAN };
    const float *left[] = { ones }, *right[] = { more };

    (void)state;
    for (int32_t s = 0; pick_set(s); s++) {
        float     out[12 * 33] = { 0 };
        skc_outer o            = { 12, 33, 1, left, 0, right, 0, out, 33, NULL };

        tested.outer(&o);
        for (size_t i = 0; i < 12; i++)
            for (size_t j = 0; j < 33; j++)
                assert_int_equal(isnan(out[i * 33 + j]) != 0, i == 2 || j == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_remainder),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_nothing_to_do),
        cmocka_unit_test(test_asides),
        cmocka_unit_test(test_not_a_number_spreads),
        cmocka_unit_test(test_outer),
        cmocka_unit_test(test_outer_of_nothing),
        cmocka_unit_test(test_outer_not_a_number_spreads),
    };

    return cmocka_run_group_tests_name("product", tests, map_slots, NULL);
}
