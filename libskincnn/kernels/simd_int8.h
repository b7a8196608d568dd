/* simd_int8.h - int8 arithmetic, once for every vector width; included by int8_avx2.c and vnni.c.
 *
 * The includer defines LANES (of 32 bits), the types `ints` and `reals`, and the operations below
 * in small letters; MOST_VECTORS, MOST_ROWS and EACH_TILE say which tiles its registers hold. */
#ifndef SKC_KERNELS_SIMD_INT8_H
#define SKC_KERNELS_SIMD_INT8_H

#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t divided_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* ---------------------------------------------------------------- product */

/* Some vectors of a panel, for all rows. */
typedef struct slab {
    const skc_int8_product *p;
    const int8_t           *panel;
    size_t                  stride;     /* bytes from four values of all columns to the next four */
    size_t                  column;     /* of out, the first */
    size_t                  last_lanes; /* of the last vector that are columns of out */
    const int8_t           *ahead;      /* fetched into the second-level cache meanwhile */
} slab;

/* Vector v of the sums of row i, finished. */
ALWAYS_INLINE void put_sums(const slab *b, size_t i, size_t v, const size_t vectors, ints sum)
{
    const skc_int8_product *p     = b->p;
    const skc_int8_finish  *f     = &p->finish;
    const size_t            at    = b->column + v * LANES;
    const size_t            count = v + 1 < vectors ? LANES : b->last_lanes;
    const reals             value =
        real_clamp(real_scaled(sum, real_load(f->scale + at), real_load(f->shift + at)),
                   real_splat(f->low), real_splat(f->high));

    if (p->out != NULL)
        put_bytes(p->out + i * p->step + at, count, value);
    else
        put_reals(p->real + i * p->step + at, count, value);
}

ALWAYS_INLINE void multiply_tile(const slab *b, size_t first, const size_t rows,
                                 const size_t vectors)
{
    const skc_int8_product *p = b->p;
    const uint8_t          *left[MOST_ROWS];
    const int8_t           *panel = b->panel, *ahead = b->ahead;
    ints                    sum[MOST_ROWS][MOST_VECTORS];

#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++) {
        left[i] = p->left[first + i] + p->left_offset;
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++)
            sum[i][v] = int_zero();
    }
    for (size_t r = 0; r < p->runs; r++) {
        const ptrdiff_t end = p->run[r] + (ptrdiff_t)p->length;

        for (ptrdiff_t x = p->run[r]; x < end; x += 4, panel += b->stride, ahead += b->stride) {
            ints right[MOST_VECTORS];

            __builtin_prefetch(ahead, 0, 2);

#pragma GCC unroll 4
            for (size_t v = 0; v < vectors; v++)
                right[v] = int_load(panel + v * LANES * 4);
#pragma GCC unroll 12
            for (size_t i = 0; i < rows; i++) {
                const ints four = int_splat_four(left[i] + x);
#pragma GCC unroll 4
                for (size_t v = 0; v < vectors; v++)
                    sum[i][v] = dot_four(sum[i][v], four, right[v]);
            }
        }
    }
#pragma GCC unroll 12
    for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (size_t v = 0; v < vectors; v++)
            put_sums(b, first + i, v, vectors, sum[i][v]);
}

#define TILE_OF(rows, vectors)                                                                     \
    static void tile_##rows##x##vectors(const slab *b, size_t first)                               \
    {                                                                                              \
        multiply_tile(b, first, rows, vectors);                                                    \
    }
EACH_TILE(TILE_OF)
#undef TILE_OF

typedef void tile_function(const slab *b, size_t first);

#define TILE_ENTRY(rows, vectors) [vectors - 1][rows - 1] = tile_##rows##x##vectors,
static tile_function *const tile_functions[MOST_VECTORS][MOST_ROWS] = { EACH_TILE(TILE_ENTRY) };
#undef TILE_ENTRY

/* While the first tiles of rows go through a panel, the next one, at `next`, comes nearer: line by
 * line of each step, a line for each tile. */
static void multiply_rows(slab b, size_t vectors, const int8_t *next)
{
    enum { LINE = 64 };
    size_t tiles = divided_up(b.p->m, most_rows[vectors - 1]);

    for (size_t i = 0, line = 0; i < b.p->m; tiles--, line += LINE) {
        size_t rows = divided_up(b.p->m - i, tiles);

        b.ahead = line < b.stride ? next + line : b.panel;
        tile_functions[vectors - 1][rows - 1](&b, i);
        i += rows;
    }
}

static void product(const skc_int8_product *p)
{
    const size_t blocks = skc__int8_blocks(p->n), depth = skc__int8_depth(p->runs, p->length);

    for (size_t b = 0, wide; b < blocks; b += wide) {
        const int8_t *panel = p->right + b * depth * SKC_INT8_COLUMNS;
        const size_t  first = b * SKC_INT8_COLUMNS;
        const int8_t *next;
        size_t        columns;

        wide    = skc__int8_panel(blocks - b);
        next    = panel + (b + wide < blocks ? depth * wide * SKC_INT8_COLUMNS : 0);
        columns = least(p->n - first, wide * SKC_INT8_COLUMNS);
        for (size_t c = 0, vectors; c < columns; c += vectors * LANES) {
            vectors = least(MOST_VECTORS, divided_up(columns - c, LANES));
            multiply_rows((slab){ .p          = p,
                                  .panel      = panel + 4 * c,
                                  .stride     = wide * SKC_INT8_COLUMNS * 4,
                                  .column     = first + c,
                                  .last_lanes = least(LANES, columns - c - (vectors - 1) * LANES) },
                          vectors, next);
        }
    }
}

/* ---------------------------------------------------------------- depthwise */

/* Channels c.. of some pixels. */
ALWAYS_INLINE void depthwise_tile(const skc_int8_depthwise *d, size_t pixel, size_t c,
                                  const size_t pixels)
{
    const skc_int8_finish *f       = &d->finish;
    const int32_t         *weights = d->weights + c;
    const reals            low = real_splat(f->low), high = real_splat(f->high);
    const reals            scale = real_load(f->scale + c), shift = real_load(f->shift + c);
    ints                   sum[8];

#pragma GCC unroll 8
    for (size_t i = 0; i < pixels; i++)
        sum[i] = int_zero();
    for (int32_t row = 0; row < d->kernel_h; row++) {
        const uint8_t *from = d->rows[row] + pixel * d->step + c;

        for (int32_t t = 0; t < d->kernel_w; t++, from += d->tap, weights += d->channels) {
            const ints weight = int_load((const int8_t *)weights);

#pragma GCC unroll 8
            for (size_t i = 0; i < pixels; i++)
                sum[i] = dot_one(sum[i], int_widen(from + i * d->step), weight);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < pixels; i++)
        put_bytes(d->out + (pixel + i) * d->channels + c, LANES,
                  real_clamp(real_scaled(sum[i], scale, shift), low, high));
}

/* The last vector of channels may overlap the one before: it writes the same again. */
static void depthwise(const skc_int8_depthwise *d)
{
    if (d->channels < LANES) {
        skc__int8_depthwise(d);
        return;
    }
    for (size_t c = 0; c < d->channels; c += LANES) {
        const size_t from = least(c, d->channels - LANES);
        size_t       i    = 0;

        for (; i + 8 <= d->pixels; i += 8)
            depthwise_tile(d, i, from, 8);
        for (; i + 2 <= d->pixels; i += 2)
            depthwise_tile(d, i, from, 2);
        for (; i < d->pixels; i++)
            depthwise_tile(d, i, from, 1);
    }
}

/* ---------------------------------------------------------------- the other rows */

static void sum(const skc_int8_sum *s)
{
    const reals    low = real_splat(s->low), high = real_splat(s->high);
    const uint8_t *rest[SKC_INT8_MOST_SUMMED];
    skc_int8_sum   end = *s;
    size_t         i   = 0;

    for (; i + LANES <= s->n; i += LANES) {
        reals value = real_splat(s->shift);

        for (int32_t k = 0; k < s->count; k++)
            value = real_plus(value, real_times(int_to_real(int_widen(s->x[k] + i)), s->scale[k]));
        put_bytes(s->out + i, LANES, real_clamp(value, low, high));
    }
    for (int32_t k = 0; k < s->count; k++)
        rest[k] = s->x[k] + i;
    end.x   = rest;
    end.n   = s->n - i;
    end.out = s->out + i;
    skc__int8_sum(&end);
}

static void quantise(size_t n, const float *x, float scale, float zero, uint8_t *out)
{
    const reals low = real_splat(0), high = real_splat(255), shift = real_splat(zero);
    size_t      i = 0;

    for (; i + LANES <= n; i += LANES)
        put_bytes(out + i, LANES,
                  real_clamp(real_plus(real_times(real_load(x + i), scale), shift), low, high));
    skc__int8_quantise(n - i, x + i, scale, zero, out + i);
}

static void dequantise(size_t n, const uint8_t *x, float scale, float zero, float *out)
{
    const reals shift = real_splat(-zero);
    size_t      i     = 0;

    for (; i + LANES <= n; i += LANES)
        put_reals(out + i, LANES,
                  real_times(real_plus(int_to_real(int_widen(x + i)), shift), scale));
    skc__int8_dequantise(n - i, x + i, scale, zero, out + i);
}

/* These two the compiler turns into vectors of this file's width. */
static void larger(size_t n, const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

static void column_sums(size_t rows, size_t c, const uint8_t *x, int32_t *sums)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < c; i++)
            sums[i] += x[row * c + i];
}

static void override_int8(skc_int8_kernels *kernels)
{
    *kernels =
        (skc_int8_kernels){ product, depthwise, sum, quantise, dequantise, larger, column_sums };
}

#endif
