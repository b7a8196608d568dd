/* simd_winograd.h - the transforms of Winograd's F(4x4, 3x3), once for every vector width.
 *
 * A vector is LANES channels of one pixel. The six by six vectors of a tile do not fit the
 * registers: columns are transformed first, into a buffer on the stack, then rows. The points come
 * in pairs +-p, so that each pair shares its even and its odd half.
 */
#ifndef SKC_KERNELS_SIMD_WINOGRAD_H
#define SKC_KERNELS_SIMD_WINOGRAD_H

#include "kernels/winograd.h"

enum { TILE_SIDE = SKC_WINOGRAD_TILE, WINDOW_SIDE = SKC_WINOGRAD_WINDOW, FILTER_SIDE = 3 };

/* So that arrays of vectors become registers. */
#define UNROLLED _Pragma("GCC unroll 6")

/* a b + c with a number for a */
#define TIMES_PLUS(a, b, c) FMA(SPLAT(a), b, c)

/* ---------------------------------------------------------------- one dimension */

/* to = B' x */
ALWAYS_INLINE void input_line(const vec x[WINDOW_SIDE], vec to[WINDOW_SIDE])
{
    const float a = SKC_WINOGRAD_A, a2 = SKC_WINOGRAD_A2, b = SKC_WINOGRAD_B, b2 = SKC_WINOGRAD_B2;
    const vec   even_a = TIMES_PLUS(-b2, x[2], x[4]), odd_a = TIMES_PLUS(-b2, x[1], x[3]);
    const vec   even_b = TIMES_PLUS(-a2, x[2], x[4]), odd_b = TIMES_PLUS(-a2, x[1], x[3]);

    to[0] = TIMES_PLUS(a2 * b2, x[0], TIMES_PLUS(-(a2 + b2), x[2], x[4]));
    to[1] = TIMES_PLUS(a, odd_a, even_a);
    to[2] = TIMES_PLUS(-a, odd_a, even_a);
    to[3] = TIMES_PLUS(b, odd_b, even_b);
    to[4] = TIMES_PLUS(-b, odd_b, even_b);
    to[5] = TIMES_PLUS(a2 * b2, x[1], TIMES_PLUS(-(a2 + b2), x[3], x[5]));
}

/* to = A' x */
ALWAYS_INLINE void output_line(const vec x[WINDOW_SIDE], vec to[TILE_SIDE])
{
    const vec even_a = x[1] + x[2], odd_a = x[1] - x[2];
    const vec even_b = x[3] + x[4], odd_b = x[3] - x[4];

    to[0] = x[0] + (even_a + even_b);
    to[1] = TIMES_PLUS(SKC_WINOGRAD_A, odd_a, SPLAT(SKC_WINOGRAD_B) * odd_b);
    to[2] = TIMES_PLUS(SKC_WINOGRAD_A2, even_a, SPLAT(SKC_WINOGRAD_B2) * even_b);
    to[3] = TIMES_PLUS(SKC_WINOGRAD_A3, odd_a, TIMES_PLUS(SKC_WINOGRAD_B3, odd_b, x[5]));
}

/* to = A x */
ALWAYS_INLINE void gradient_line(const vec x[TILE_SIDE], vec to[WINDOW_SIDE])
{
    const vec even_a = TIMES_PLUS(SKC_WINOGRAD_A2, x[2], x[0]);
    const vec even_b = TIMES_PLUS(SKC_WINOGRAD_B2, x[2], x[0]);
    const vec odd_a  = TIMES_PLUS(SKC_WINOGRAD_A3, x[3], SPLAT(SKC_WINOGRAD_A) * x[1]);
    const vec odd_b  = TIMES_PLUS(SKC_WINOGRAD_B3, x[3], SPLAT(SKC_WINOGRAD_B) * x[1]);

    to[0] = x[0];
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
    to[5] = x[3];
}

/* to = G x */
ALWAYS_INLINE void filter_line(const vec x[FILTER_SIDE], vec to[WINDOW_SIDE])
{
    const float a = SKC_WINOGRAD_GA, b = SKC_WINOGRAD_GB;
    const vec   even_a = TIMES_PLUS(a * SKC_WINOGRAD_A2, x[2], SPLAT(a) * x[0]);
    const vec   even_b = TIMES_PLUS(b * SKC_WINOGRAD_B2, x[2], SPLAT(b) * x[0]);
    const vec   odd_a  = SPLAT(a * SKC_WINOGRAD_A) * x[1];
    const vec   odd_b  = SPLAT(b * SKC_WINOGRAD_B) * x[1];

    to[0] = SPLAT(SKC_WINOGRAD_G0) * x[0];
    to[1] = even_a + odd_a;
    to[2] = even_a - odd_a;
    to[3] = even_b + odd_b;
    to[4] = even_b - odd_b;
    to[5] = x[2];
}

/* to = G' x */
ALWAYS_INLINE void filter_gradient_line(const vec x[WINDOW_SIDE], vec to[FILTER_SIDE])
{
    const float a = SKC_WINOGRAD_GA, b = SKC_WINOGRAD_GB;
    const vec   even_a = x[1] + x[2], odd_a = x[1] - x[2];
    const vec   even_b = x[3] + x[4], odd_b = x[3] - x[4];

    to[0] = TIMES_PLUS(SKC_WINOGRAD_G0, x[0], TIMES_PLUS(a, even_a, SPLAT(b) * even_b));
    to[1] = TIMES_PLUS(a * SKC_WINOGRAD_A, odd_a, SPLAT(b * SKC_WINOGRAD_B) * odd_b);
    to[2] = TIMES_PLUS(a * SKC_WINOGRAD_A2, even_a, TIMES_PLUS(b * SKC_WINOGRAD_B2, even_b, x[5]));
}

/* ---------------------------------------------------------------- two dimensions */

/* Channels at..at + LANES - 1, of which `left` are to do, of the tile that begins with pixel
 * `first`. Whole vectors of tiles that lie inside the picture are `quick`: nothing is asked. The
 * two branches on it below look the same, but each is compiled with what it knows. */
typedef struct piece {
    bool      quick;
    size_t    at, left;
    ptrdiff_t first;
} piece;

ALWAYS_INLINE bool all_there(const float *const *row, size_t side)
{
    for (size_t i = 0; i < side; i++)
        if (row[i] == NULL)
            return false;
    return true;
}

ALWAYS_INLINE piece piece_of(const skc_winograd_tiles *w, bool rows, size_t side, size_t tile,
                             size_t at)
{
    piece p = { .at    = at,
                .left  = w->channels - at,
                .first = w->first + (ptrdiff_t)(TILE_SIDE * tile) };

    p.quick = rows && p.left >= LANES && p.first >= 0 && p.first + (ptrdiff_t)side <= w->width;
    return p;
}

ALWAYS_INLINE bool is_there(const skc_winograd_tiles *w, const float *row, piece p, size_t j)
{
    ptrdiff_t x = p.first + (ptrdiff_t)j;

    return p.quick || (row != NULL && x >= 0 && x < w->width);
}

ALWAYS_INLINE ptrdiff_t pixel_at(const skc_winograd_tiles *w, piece p, size_t j)
{
    return (p.first + (ptrdiff_t)j) * (ptrdiff_t)w->pixel_step + (ptrdiff_t)p.at;
}

ALWAYS_INLINE vec take(const float *from, piece p)
{
    return p.quick ? LOAD(from) : get(from, p.left);
}

ALWAYS_INLINE void leave(float *to, piece p, vec v)
{
    if (p.quick)
        STORE(to, v);
    else
        put(to, p.left, v);
}

ALWAYS_INLINE vec take_pixel(const skc_winograd_tiles *w, const float *row, piece p, size_t j)
{
    return is_there(w, row, p, j) ? take(row + pixel_at(w, p, j), p) : SPLAT(0);
}

ALWAYS_INLINE void input_piece(const skc_winograd_tiles *w, const float *const row[WINDOW_SIDE],
                               piece p, float *v)
{
    vec half[WINDOW_SIDE][WINDOW_SIDE], x[WINDOW_SIDE], to[WINDOW_SIDE];

    UNROLLED
    for (size_t j = 0; j < WINDOW_SIDE; j++) {
        UNROLLED
        for (size_t i = 0; i < WINDOW_SIDE; i++)
            x[i] = take_pixel(w, row[i], p, j);
        input_line(x, half[j]);
    }
    UNROLLED
    for (size_t i = 0; i < WINDOW_SIDE; i++) {
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++)
            x[j] = half[j][i];
        input_line(x, to);
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++, v += w->position_step)
            leave(v, p, to[j]);
    }
}

static void winograd_input(const skc_winograd_tiles *w, const float *const row[6], float *v)
{
    const bool rows = all_there(row, WINDOW_SIDE);

    for (size_t tile = 0; tile < w->tiles; tile++, v += w->channels)
        for (size_t at = 0; at < w->channels; at += LANES) {
            piece p = piece_of(w, rows, WINDOW_SIDE, tile, at);

            if (p.quick)
                input_piece(w, row, p, v + at);
            else
                input_piece(w, row, p, v + at);
        }
}

ALWAYS_INLINE void gradient_piece(const skc_winograd_tiles *w, const float *const row[TILE_SIDE],
                                  piece p, float *y)
{
    vec half[TILE_SIDE][WINDOW_SIDE], x[TILE_SIDE], to[WINDOW_SIDE];

    UNROLLED
    for (size_t j = 0; j < TILE_SIDE; j++) {
        UNROLLED
        for (size_t i = 0; i < TILE_SIDE; i++)
            x[i] = take_pixel(w, row[i], p, j);
        gradient_line(x, half[j]);
    }
    UNROLLED
    for (size_t i = 0; i < WINDOW_SIDE; i++) {
        UNROLLED
        for (size_t j = 0; j < TILE_SIDE; j++)
            x[j] = half[j][i];
        gradient_line(x, to);
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++, y += w->position_step)
            leave(y, p, to[j]);
    }
}

static void winograd_gradient(const skc_winograd_tiles *w, const float *const row[4], float *y)
{
    const bool rows = all_there(row, TILE_SIDE);

    for (size_t tile = 0; tile < w->tiles; tile++, y += w->channels)
        for (size_t at = 0; at < w->channels; at += LANES) {
            piece p = piece_of(w, rows, TILE_SIDE, tile, at);

            if (p.quick)
                gradient_piece(w, row, p, y + at);
            else
                gradient_piece(w, row, p, y + at);
        }
}

/* A row of a tile, finished, to where row `to` has it. */
ALWAYS_INLINE void leave_row(const skc_winograd_tiles *w, const skc_winograd_finish *f, piece p,
                             vec y[TILE_SIDE], float *to)
{
    if (f->accumulate) {
        UNROLLED
        for (size_t j = 0; j < TILE_SIDE; j++)
            y[j] += take_pixel(w, to, p, j);
    }
    UNROLLED
    for (size_t j = 0; j < TILE_SIDE; j++)
        y[j] = clamped(y[j], SPLAT(f->low), SPLAT(f->high));
    if (p.quick && f->stream) {
        UNROLLED
        for (size_t j = 0; j < TILE_SIDE; j++)
            STREAM(to + pixel_at(w, p, j), y[j]);
        return;
    }
    UNROLLED
    for (size_t j = 0; j < TILE_SIDE; j++)
        if (is_there(w, to, p, j))
            leave(to + pixel_at(w, p, j), p, y[j]);
}

ALWAYS_INLINE void output_piece(const skc_winograd_tiles *w, const float *m,
                                const skc_winograd_finish *f, piece p, float *const row[TILE_SIDE])
{
    const vec bias = f->bias != NULL ? take(f->bias + p.at, p) : SPLAT(0);
    vec       half[WINDOW_SIDE][TILE_SIDE], x[WINDOW_SIDE], y[TILE_SIDE];

    UNROLLED
    for (size_t j = 0; j < WINDOW_SIDE; j++) {
        UNROLLED
        for (size_t i = 0; i < WINDOW_SIDE; i++)
            x[i] = take(m + (i * WINDOW_SIDE + j) * w->position_step, p);
        output_line(x, half[j]);
    }
    UNROLLED
    for (size_t i = 0; i < TILE_SIDE; i++) {
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++)
            x[j] = half[j][i];
        output_line(x, y);
        UNROLLED
        for (size_t j = 0; j < TILE_SIDE; j++)
            y[j] += bias;
        leave_row(w, f, p, y, row[i]);
    }
}

/* Whether streaming stores, which want whole aligned vectors, can be used. */
static bool can_stream(const skc_winograd_tiles *w, float *const row[4])
{
    bool aligned = w->pixel_step % LANES == 0;

    for (size_t i = 0; i < TILE_SIDE; i++)
        aligned &= (uintptr_t)row[i] % sizeof(vec) == 0;
    return aligned;
}

static void winograd_output(const skc_winograd_tiles *w, const float *m,
                            const skc_winograd_finish *finish, float *const row[4])
{
    skc_winograd_finish f    = *finish;
    const bool          rows = all_there((const float *const *)row, TILE_SIDE);

    f.stream &= can_stream(w, row);
    for (size_t tile = 0; tile < w->tiles; tile++, m += w->channels)
        for (size_t at = 0; at < w->channels; at += LANES) {
            piece p = piece_of(w, rows, TILE_SIDE, tile, at);

            if (p.quick)
                output_piece(w, m + at, &f, p, row);
            else
                output_piece(w, m + at, &f, p, row);
        }
    if (f.stream)
        STREAM_END();
}

/* ---------------------------------------------------------------- filters */

ALWAYS_INLINE void one_filter(const skc_winograd_filters *f, const float *g, size_t left, float *u)
{
    vec half[FILTER_SIDE][WINDOW_SIDE], x[FILTER_SIDE], to[WINDOW_SIDE];

    UNROLLED
    for (ptrdiff_t j = 0; j < FILTER_SIDE; j++) {
        UNROLLED
        for (ptrdiff_t i = 0; i < FILTER_SIDE; i++)
            x[i] = get(g + (i * FILTER_SIDE + j) * f->tap_step, left);
        filter_line(x, half[j]);
    }
    UNROLLED
    for (size_t i = 0; i < WINDOW_SIDE; i++) {
        UNROLLED
        for (size_t j = 0; j < FILTER_SIDE; j++)
            x[j] = half[j][i];
        filter_line(x, to);
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++)
            put(u + (i * WINDOW_SIDE + j) * f->position_step, left, to[j]);
    }
}

static void winograd_filters(const skc_winograd_filters *f, const float *g, float *u)
{
    for (size_t k = 0; k < f->filters; k++, g += f->filter_step, u += f->channels)
        for (size_t i = 0; i < f->channels; i += LANES)
            one_filter(f, g + i, f->channels - i, u + i);
}

ALWAYS_INLINE void one_filter_gradient(const skc_winograd_filters *f, const float *du, size_t left,
                                       float *dg)
{
    vec half[WINDOW_SIDE][FILTER_SIDE], x[WINDOW_SIDE], to[FILTER_SIDE];

    UNROLLED
    for (size_t j = 0; j < WINDOW_SIDE; j++) {
        UNROLLED
        for (size_t i = 0; i < WINDOW_SIDE; i++)
            x[i] = get(du + (i * WINDOW_SIDE + j) * f->position_step, left);
        filter_gradient_line(x, half[j]);
    }
    UNROLLED
    for (ptrdiff_t i = 0; i < FILTER_SIDE; i++) {
        UNROLLED
        for (size_t j = 0; j < WINDOW_SIDE; j++)
            x[j] = half[j][i];
        filter_gradient_line(x, to);
        UNROLLED
        for (ptrdiff_t j = 0; j < FILTER_SIDE; j++) {
            float *tap = dg + (i * FILTER_SIDE + j) * f->tap_step;

            put(tap, left, to[j] + get(tap, left));
        }
    }
}

static void winograd_filters_gradient(const skc_winograd_filters *f, const float *du, float *dg)
{
    for (size_t k = 0; k < f->filters; k++, dg += f->filter_step, du += f->channels)
        for (size_t i = 0; i < f->channels; i += LANES)
            one_filter_gradient(f, du + i, f->channels - i, dg + i);
}

static void override_winograd(skc_kernels *kernels)
{
    kernels->winograd_input            = winograd_input;
    kernels->winograd_output           = winograd_output;
    kernels->winograd_gradient         = winograd_gradient;
    kernels->winograd_filters          = winograd_filters;
    kernels->winograd_filters_gradient = winograd_filters_gradient;
}

#endif
