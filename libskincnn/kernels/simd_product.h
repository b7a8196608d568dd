/* simd_product.h - the packed products, once for every vector width; included after simd_body.h.
 *
 * The sums of a tile, some rows of the result by some vectors of its columns, stay in registers
 * while values of the left matrix, each spread over a vector, meet vectors of the right one (Goto
 * and van de Geijn, ACM TOMS 34(3), 2008). REGISTERS says how many there are. A tile of fewer
 * vectors has more rows, up to what general registers can point at.
 */
#ifndef SKC_KERNELS_SIMD_PRODUCT_H
#define SKC_KERNELS_SIMD_PRODUCT_H

#include <math.h>
#include <string.h>

#define ROWS_TO_6(DO, vectors)                                                                     \
    DO(1, vectors) DO(2, vectors) DO(3, vectors) DO(4, vectors) DO(5, vectors) DO(6, vectors)
#define ROWS_TO_8(DO, vectors)  ROWS_TO_6(DO, vectors) DO(7, vectors) DO(8, vectors)
#define ROWS_TO_10(DO, vectors) ROWS_TO_8(DO, vectors) DO(9, vectors) DO(10, vectors)

#if REGISTERS == 32
enum { MOST_VECTORS = 4 };
static const size_t most_rows[MOST_VECTORS + 1] = { 0, 10, 10, 8, 6 };
#define EACH_TILE(DO) ROWS_TO_10(DO, 1) ROWS_TO_10(DO, 2) ROWS_TO_8(DO, 3) ROWS_TO_6(DO, 4)
#else
enum { MOST_VECTORS = 2 };
static const size_t most_rows[MOST_VECTORS + 1] = { 0, 10, 6 };
#define EACH_TILE(DO) ROWS_TO_10(DO, 1) ROWS_TO_6(DO, 2)
#endif

enum {
    MOST_ROWS   = 10,
    PANEL_BYTES = 32 * 1024, /* of the right matrix in use: a part of the first-level cache */
    BLOCK_ROWS  = 192,       /* of the left matrix: its part in use fits the second level */
    LINE_FLOATS = 16
};

/* Loops over the rows and the vectors of a tile, whose numbers are constants once inlined. Sums
 * are kept in registers only if compilers unroll these, clang before it inlines: so the number of
 * turns is always the largest. */
#ifdef __clang__
#define UNROLLED_TILE _Pragma("unroll")
#else
#define UNROLLED_TILE _Pragma("GCC unroll 10")
#endif
#define EACH_ROW(i, rows)                                                                          \
    UNROLLED_TILE                                                                                  \
    for (size_t i = 0; i < MOST_ROWS; i++)                                                         \
        if (i < (rows))
#define EACH_VECTOR(v, vectors)                                                                    \
    UNROLLED_TILE                                                                                  \
    for (size_t v = 0; v < MOST_VECTORS; v++)                                                      \
        if (v < (vectors))

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t divided_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

/* The first of the fewest, evenly sized parts of n, at most `most` each. */
static inline size_t even_part(size_t n, size_t most)
{
    return n <= most ? n : divided_up(n, divided_up(n, most)); /* divisions take their time */
}

/* ------------------------------------------------------------------ packing */

/* Packed are panels of MOST_VECTORS vectors or a little fewer, each (k, width), the last filled up
 * with zeros. A piece is what one run gives to one panel: (length, columns) of it. */
typedef struct right_piece {
    const float *from;
    ptrdiff_t    length_step, n_step;
    size_t       length, columns, width;
} right_piece;

static void pack_rows(const right_piece *p, float *packed)
{
    for (size_t l = 0; l < p->length; l++)
        for (size_t c = 0; c < p->width; c += LANES, packed += LANES)
            STORE(packed, get(p->from + (ptrdiff_t)l * p->length_step + c, p->columns - c));
}

/* Values l.. and columns c.., 4 of each at most. */
static inline void pack_corner(const right_piece *p, size_t l, size_t c, float *packed)
{
    for (size_t i = l; i < l + 4 && i < p->length; i++)
        for (size_t j = c; j < c + 4; j++)
            packed[i * p->width + j] =
                j < p->columns ? p->from[(ptrdiff_t)i * p->length_step + (ptrdiff_t)j * p->n_step]
                               : 0;
}

static inline void pack_turned_square(const float *from, ptrdiff_t step, float *packed,
                                      size_t width)
{
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + step);
    __m128 c = _mm_loadu_ps(from + 2 * step), d = _mm_loadu_ps(from + 3 * step);

    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(packed, a);
    _mm_storeu_ps(packed + width, b);
    _mm_storeu_ps(packed + 2 * width, c);
    _mm_storeu_ps(packed + 3 * width, d);
}

/* A cache line of each column at a time. */
static void pack_columns(const right_piece *p, float *packed)
{
    for (size_t line = 0; line < p->length; line += LINE_FLOATS)
        for (size_t c = 0; c < p->width; c += 4)
            for (size_t l = line; l < line + LINE_FLOATS && l < p->length; l += 4)
                if (p->length_step == 1 && l + 4 <= p->length && c + 4 <= p->columns)
                    pack_turned_square(p->from + l + (ptrdiff_t)c * p->n_step, p->n_step,
                                       packed + l * p->width + c, p->width);
                else
                    pack_corner(p, l, c, packed);
}

static void pack_right(const skc_right *right, float *packed)
{
    const size_t end = divided_up(right->n, LANES) * LANES;

    for (size_t j = 0, width; j < end; j += width) {
        width = even_part((end - j) / LANES, MOST_VECTORS) * LANES;
        for (size_t r = 0; r < right->runs; r++, packed += right->length * width) {
            const right_piece p = { right->from + right->run[r] + (ptrdiff_t)j * right->n_step,
                                    right->length_step,
                                    right->n_step,
                                    right->length,
                                    least(width, right->n - j),
                                    width };

            if (p.n_step == 1)
                pack_rows(&p, packed);
            else
                pack_columns(&p, packed);
        }
    }
}

/* ------------------------------------------------------------------ product */

/* What tiles do alike: `depth` rows of a panel, from value `value` of run `run` on. */
typedef struct product_strip {
    const skc_product *p;
    const float       *panel;
    size_t             run, value, depth;
    size_t             column;     /* of out, the panel's first */
    size_t             last_lanes; /* of the panel's last vector that are columns of out */
    const float       *bias;       /* of the panel's columns; NULL: 0 */
    bool               add, clamp, stream;
    size_t             lines; /* of p->ahead, to bring with each tile */
} product_strip;

/* sum = what is added to the products: bias, out. */
ALWAYS_INLINE void start_tile(const product_strip *s, size_t first, const size_t rows,
                              const size_t vectors, vec sum[MOST_ROWS][MOST_VECTORS])
{
    const size_t last = vectors - 1;

    EACH_VECTOR (v, vectors) {
        vec start = SPLAT(0);

        if (s->bias != NULL)
            start = v < last ? LOAD(s->bias + v * LANES)
                             : LOAD_PART(s->bias + v * LANES, s->last_lanes);
        EACH_ROW (i, rows)
            sum[i][v] = start;
    }
    if (!s->add)
        return;
    EACH_ROW (i, rows) {
        const float *out = s->p->out[first + i] + s->p->out_offset + s->column;

        EACH_VECTOR (v, last)
            sum[i][v] += LOAD(out + v * LANES);
        sum[i][last] += LOAD_PART(out + last * LANES, s->last_lanes);
    }
}

ALWAYS_INLINE void finish_tile(const product_strip *s, size_t first, const size_t rows,
                               const size_t vectors, vec sum[MOST_ROWS][MOST_VECTORS])
{
    const size_t        last = vectors - 1, lanes = s->last_lanes;
    float *const *const rows_out = s->p->out + first; /* stores might change what is behind s */
    const ptrdiff_t     offset   = s->p->out_offset + (ptrdiff_t)s->column;
    const bool          streams  = s->stream;

    if (s->clamp) {
        const vec low = SPLAT(s->p->low), high = SPLAT(s->p->high);

        EACH_ROW (i, rows)
            EACH_VECTOR (v, vectors)
                sum[i][v] = clamped(sum[i][v], low, high);
    }
    if (streams) {
        EACH_ROW (i, rows)
            EACH_VECTOR (v, vectors)
                STREAM(rows_out[i] + offset + v * LANES, sum[i][v]);
        return;
    }
    EACH_ROW (i, rows) {
        float *out = rows_out[i] + offset;

        EACH_VECTOR (v, last)
            STORE(out + v * LANES, sum[i][v]);
        put(out + last * LANES, lanes, sum[i][last]);
    }
}

/* sum[i] += left[i][x] right. */
ALWAYS_INLINE void multiply_step(const float *const left[MOST_ROWS], ptrdiff_t x,
                                 const vec right[MOST_VECTORS], const size_t rows,
                                 const size_t vectors, vec sum[MOST_ROWS][MOST_VECTORS])
{
    EACH_ROW (i, rows) {
        const vec value = SPLAT(left[i][x]);

        EACH_VECTOR (v, vectors)
            sum[i][v] = FMA(value, right[v], sum[i][v]);
    }
}

/* The inner loop needs every general register. What it does not use is volatile and so waits in
 * memory: gcc would move it to vector registers and back, where it queues behind the products. */
ALWAYS_INLINE void multiply_tile(const product_strip *s, size_t first, const size_t rows,
                                 const size_t vectors)
{
    volatile struct {
        const product_strip *s;
        size_t               first, run, value, todo;
    } kept;
    const float *panel = s->panel, *left[MOST_ROWS];
    vec          sum[MOST_ROWS][MOST_VECTORS], right[MOST_VECTORS];

    kept.s     = s;
    kept.first = first;
    kept.run   = s->run;
    kept.value = s->value;
    kept.todo  = s->depth;
    start_tile(s, first, rows, vectors, sum);
    EACH_ROW (i, rows)
        left[i] = s->p->left[first + i];
    while (kept.todo > 0) {
        const skc_product *p     = kept.s->p;
        const size_t       count = least(p->length - kept.value, kept.todo);
        ptrdiff_t          x     = p->left_offset + p->run[kept.run] + (ptrdiff_t)kept.value;
        const ptrdiff_t    end   = x + (ptrdiff_t)count;

        kept.todo -= count;
        kept.run++;
        kept.value = 0;
        for (; x < end; x++, panel += vectors * LANES) {
            EACH_VECTOR (v, vectors)
                right[v] = LOAD(panel + v * LANES);
            multiply_step(left, x, right, rows, vectors, sum);
        }
    }
    finish_tile(kept.s, kept.first, rows, vectors, sum);
}

#define TILE_FUNCTION(rows, vectors)                                                               \
    static void multiply_##rows##x##vectors(const product_strip *s, size_t first)                  \
    {                                                                                              \
        multiply_tile(s, first, rows, vectors);                                                    \
    }
EACH_TILE(TILE_FUNCTION)
#undef TILE_FUNCTION

#define TILE_ENTRY(rows, vectors) [vectors][rows] = multiply_##rows##x##vectors,

static void (*const product_tiles[MOST_VECTORS + 1][MOST_ROWS + 1])(
    const product_strip *s, size_t first) = { EACH_TILE(TILE_ENTRY) };
#undef TILE_ENTRY

/* Has some lines of the list brought, and takes them off it. */
static void bring_lines(skc_ahead *ahead, size_t lines)
{
    for (size_t i = 0; i < SKC_AHEAD && lines > 0; i++) {
        skc_ahead   *a     = &ahead[i];
        const size_t count = least(lines, a->count / LINE_FLOATS);

        for (size_t k = 0; k < count; k++)
            __builtin_prefetch(a->at + k * LINE_FLOATS, 0, 2);
        a->at += count * LINE_FLOATS;
        a->count -= count * LINE_FLOATS;
        lines -= count;
    }
}

/* Rows begin..end-1 of the strip. */
static void multiply_strip(const product_strip *s, size_t vectors, size_t begin, size_t end)
{
    const size_t tiles = divided_up(end - begin, most_rows[vectors]);
    const size_t rows = (end - begin) / tiles, longer = (end - begin) % tiles; /* by one row */

    for (size_t i = begin, tile = 0; tile < tiles; tile++) {
        const size_t count = rows + (tile < longer);

        if (s->lines > 0)
            bring_lines(s->p->ahead, s->lines);
        product_tiles[vectors][count](s, i);
        i += count;
    }
}

/* How many lines of what is ahead each tile brings, so that all are brought evenly: tiles are
 * counted as if they were full. */
static size_t lines_of_a_tile(const skc_product *p)
{
    const size_t vectors = divided_up(p->n, LANES), wide = even_part(vectors, MOST_VECTORS);
    const size_t tiles = divided_up(p->m, most_rows[wide]) * divided_up(vectors, wide);
    size_t       lines = 0;

    for (size_t i = 0; p->ahead != NULL && i < SKC_AHEAD; i++)
        lines += p->ahead[i].count / LINE_FLOATS;
    return divided_up(lines, tiles);
}

/* The panel's columns of rows begin..end-1: a strip for each part of the panel that the cache
 * holds, with the sums so far in out. */
static void multiply_panel(product_strip s, size_t vectors, size_t begin, size_t end)
{
    const skc_product *p     = s.p;
    const size_t       width = vectors * LANES, most = PANEL_BYTES / (width * sizeof(float));
    const bool         bounded = p->low > -INFINITY || p->high < INFINITY;
    const bool         streams = p->stream && sizeof(vec) == LINE_FLOATS * sizeof(float);
    size_t             todo    = p->runs * p->length;

    s.add  = p->accumulate;
    s.bias = p->bias != NULL ? p->bias + s.column : NULL;
    do {
        s.depth = todo > 0 ? even_part(todo, most) : 0;
        todo -= s.depth;
        s.clamp  = bounded && todo == 0;
        s.stream = streams && todo == 0;
        multiply_strip(&s, vectors, begin, end);
        s.panel += s.depth * width;
        for (s.value += s.depth; todo > 0 && s.value >= p->length; s.value -= p->length)
            s.run++;
        s.add  = true;
        s.bias = NULL;
    } while (todo > 0);
}

static void product(const skc_product *p)
{
    const size_t vectors = divided_up(p->n, LANES), k = p->runs * p->length;
    const size_t lines = p->m > 0 && vectors > 0 ? lines_of_a_tile(p) : 0;

    for (size_t i = 0, rows; i < p->m; i += rows) {
        rows = even_part(p->m - i, BLOCK_ROWS);
        for (size_t v = 0, wide; v < vectors; v += wide) {
            product_strip s = {
                .p = p, .panel = p->right + v * LANES * k, .column = v * LANES, .lines = lines
            };

            wide         = even_part(vectors - v, MOST_VECTORS);
            s.last_lanes = least(LANES, p->n - (v + wide - 1) * LANES);
            multiply_panel(s, wide, i, i + rows);
        }
    }
    if (p->stream)
        STREAM_END();
}

/* ------------------------------------------------------------------ outer */

/* Some columns of out over some pixels; the offsets and out are at the first of the columns. */
typedef struct outer_strip {
    skc_outer    o;
    size_t       last_lanes;
    const float *ahead, *ahead_end; /* lines to bring, one each pixel */
} outer_strip;

/* Takes what a tile brings off the list. */
static void take_ahead(outer_strip *s)
{
    const size_t most = s->o.pixels * LINE_FLOATS;

    s->ahead = s->ahead_end = NULL;
    for (size_t i = 0; s->o.ahead != NULL && i < SKC_AHEAD; i++) {
        skc_ahead   *a     = &s->o.ahead[i];
        const size_t count = least(most, a->count / LINE_FLOATS * LINE_FLOATS);

        if (count == 0)
            continue;
        s->ahead     = a->at;
        s->ahead_end = a->at + count;
        a->at += count;
        a->count -= count;
        return;
    }
}

ALWAYS_INLINE void outer_tile(const outer_strip *s, size_t first, const size_t rows,
                              const size_t vectors)
{
    const skc_outer *o    = &s->o;
    const size_t     last = vectors - 1, lanes = s->last_lanes;
    const ptrdiff_t  left_offset = o->left_offset + (ptrdiff_t)first;
    const float *ahead = s->ahead, *const ahead_end = s->ahead_end;
    vec sum[MOST_ROWS][MOST_VECTORS], right[MOST_VECTORS];

    EACH_ROW (i, rows)
        EACH_VECTOR (v, vectors)
            sum[i][v] = SPLAT(0);
    for (size_t p = 0; p < o->pixels; p++) {
        const float *values = o->left[p] + left_offset, *from = o->right[p] + o->right_offset;

        if (ahead < ahead_end) {
            __builtin_prefetch(ahead, 0, 2);
            ahead += LINE_FLOATS;
        }
        __asm__("" : "+r"(values)); /* or gcc keeps the offset of each value in a register */
        EACH_VECTOR (v, vectors)
            right[v] = v < last ? LOAD(from + v * LANES) : LOAD_PART(from + v * LANES, lanes);
        EACH_ROW (i, rows) {
            const vec value = SPLAT(values[i]);

            EACH_VECTOR (v, vectors)
                sum[i][v] = FMA(value, right[v], sum[i][v]);
        }
    }
    EACH_ROW (i, rows) {
        float *out = o->out + (first + i) * o->ld;

        EACH_VECTOR (v, last)
            STORE(out + v * LANES, LOAD(out + v * LANES) + sum[i][v]);
        out += last * LANES;
        put(out, lanes, LOAD_PART(out, lanes) + sum[i][last]);
    }
}

#define TILE_FUNCTION(rows, vectors)                                                               \
    static void outer_##rows##x##vectors(const outer_strip *s, size_t first)                       \
    {                                                                                              \
        outer_tile(s, first, rows, vectors);                                                       \
    }
EACH_TILE(TILE_FUNCTION)
#undef TILE_FUNCTION

#define TILE_ENTRY(rows, vectors) [vectors][rows] = outer_##rows##x##vectors,

static void (*const outer_tiles[MOST_VECTORS + 1][MOST_ROWS + 1])(
    const outer_strip *s, size_t first) = { EACH_TILE(TILE_ENTRY) };
#undef TILE_ENTRY

static void add_outer_strip(outer_strip *s, size_t vectors)
{
    for (size_t i = 0, rows; i < s->o.m; i += rows) {
        rows = even_part(s->o.m - i, most_rows[vectors]);
        take_ahead(s);
        outer_tiles[vectors][rows](s, i);
    }
}

/* As many pixels at a time as the first-level cache holds: the strip's vectors and a line of left
 * of each. */
static void outer_straight(const skc_outer *o)
{
    const size_t vectors = divided_up(o->n, LANES);

    for (size_t v = 0, wide; v < vectors; v += wide) {
        wide = even_part(vectors - v, MOST_VECTORS);
        for (size_t p = 0; p < o->pixels;) {
            outer_strip s = { .o = *o, .last_lanes = least(LANES, o->n - (v + wide - 1) * LANES) };

            s.o.pixels = even_part(o->pixels - p, PANEL_BYTES / ((wide + 1) * sizeof(vec)));
            s.o.left += p;
            s.o.right += p;
            s.o.right_offset += (ptrdiff_t)(v * LANES);
            s.o.out += v * LANES;
            add_outer_strip(&s, wide);
            p += s.o.pixels;
        }
    }
}

enum { SWAPPED_MOST = 8192 }; /* floats, on the stack */

/* The same with left in vectors and right spread over them. */
static void outer_swapped(const skc_outer *o)
{
    float     sums[SWAPPED_MOST];
    skc_outer swapped = { .m            = o->n,
                          .n            = o->m,
                          .pixels       = o->pixels,
                          .left         = o->right,
                          .left_offset  = o->right_offset,
                          .right        = o->left,
                          .right_offset = o->left_offset,
                          .out          = sums,
                          .ld           = o->m,
                          .ahead        = o->ahead };

    memset(sums, 0, o->m * o->n * sizeof *sums);
    outer_straight(&swapped);
    for (size_t i = 0; i < o->m; i++)
        for (size_t j = 0; j < o->n; j++)
            o->out[i * o->ld + j] += sums[j * o->m + i];
}

/* Time for (m, n) of a pixel, in eighths of a cycle on a processor with two units for products; one
 * vector alone waits for its loads. */
static size_t outer_time(size_t m, size_t n)
{
    const size_t vectors = divided_up(n, LANES);

    return m * (vectors > 1 ? 4 * vectors : 5);
}

/* Columns that do not fill their vectors are lost time, which rows may cost less of. */
static void outer(const skc_outer *o)
{
    const size_t size = o->m * o->n, turning = 8 * size;

    if (size <= SWAPPED_MOST &&
        outer_time(o->n, o->m) * o->pixels + turning < outer_time(o->m, o->n) * o->pixels)
        outer_swapped(o);
    else
        outer_straight(o);
}

static void override_product(skc_kernels *kernels)
{
    kernels->pack_right = pack_right;
    kernels->product    = product;
    kernels->outer      = outer;
}

#endif
