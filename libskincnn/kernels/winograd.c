/* winograd.c - the transforms of Winograd's F(4x4, 3x3) in the scalar set, as plain products of
 * matrices: the reference for those of the other sets. */
#include "kernels/winograd.h"

#define A  SKC_WINOGRAD_A
#define B  SKC_WINOGRAD_B
#define A2 SKC_WINOGRAD_A2
#define B2 SKC_WINOGRAD_B2
#define A3 SKC_WINOGRAD_A3
#define B3 SKC_WINOGRAD_B3
#define G0 SKC_WINOGRAD_G0
#define GA SKC_WINOGRAD_GA
#define GB SKC_WINOGRAD_GB

enum { TILE_SIDE = SKC_WINOGRAD_TILE, WINDOW_SIDE = SKC_WINOGRAD_WINDOW, FILTER_SIDE = 3 };

/* clang-format off */
static const float to_input[WINDOW_SIDE * WINDOW_SIDE] = { /* B' */
    A2 * B2,        0, -(A2 + B2),          0, 1, 0,
          0, -A  * B2,        -B2,          A, 1, 0,
          0,  A  * B2,        -B2,         -A, 1, 0,
          0, -A2 * B,         -A2,          B, 1, 0,
          0,  A2 * B,         -A2,         -B, 1, 0,
          0,  A2 * B2,          0, -(A2 + B2), 0, 1,
};
static const float to_output[TILE_SIDE * WINDOW_SIDE] = { /* A' */
    1,  1,   1,  1,   1, 0,
    0,  A,  -A,  B,  -B, 0,
    0, A2,  A2, B2,  B2, 0,
    0, A3, -A3, B3, -B3, 1,
};
static const float to_gradient[WINDOW_SIDE * TILE_SIDE] = { /* A */
    1,  0,  0,   0,
    1,  A, A2,  A3,
    1, -A, A2, -A3,
    1,  B, B2,  B3,
    1, -B, B2, -B3,
    0,  0,  0,   1,
};
static const float to_filter[WINDOW_SIDE * FILTER_SIDE] = { /* G */
    G0,       0,       0,
    GA,  GA * A, GA * A2,
    GA, -GA * A, GA * A2,
    GB,  GB * B, GB * B2,
    GB, -GB * B, GB * B2,
     0,       0,       1,
};
static const float to_filter_gradient[FILTER_SIDE * WINDOW_SIDE] = { /* G' */
    G0,      GA,       GA,      GB,       GB, 0,
     0, GA * A,   -GA * A, GB * B,   -GB * B, 0,
     0, GA * A2,  GA * A2, GB * B2,  GB * B2, 1,
};
/* clang-format on */

/* y (m, m) = t x t', t (m, n). */
static void transform(size_t m, size_t n, const float *t, const float *x, float *y)
{
    float half[WINDOW_SIDE * WINDOW_SIDE];

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            half[i * n + j] = 0;
            for (size_t k = 0; k < n; k++)
                half[i * n + j] += t[i * n + k] * x[k * n + j];
        }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++) {
            y[i * m + j] = 0;
            for (size_t k = 0; k < n; k++)
                y[i * m + j] += half[i * n + k] * t[j * n + k];
        }
}

/* Where pixel j of a tile stands in its row; -1: outside. */
static ptrdiff_t pixel(const skc_winograd_tiles *w, size_t tile, size_t j)
{
    ptrdiff_t x = w->first + (ptrdiff_t)(TILE_SIDE * tile + j);

    return x < 0 || x >= w->width ? -1 : x * (ptrdiff_t)w->pixel_step;
}

/* The n x n pixels of channel c of a tile, transformed. */
static void transform_pixels(const skc_winograd_tiles *w, size_t n, const float *matrix,
                             const float *const *row, size_t tile, size_t c, float *to)
{
    float x[WINDOW_SIDE * WINDOW_SIDE], y[SKC_WINOGRAD_POSITIONS];

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            ptrdiff_t at = pixel(w, tile, j);

            x[i * n + j] = row[i] != NULL && at >= 0 ? row[i][at + (ptrdiff_t)c] : 0;
        }
    transform(WINDOW_SIDE, n, matrix, x, y);
    for (size_t p = 0; p < SKC_WINOGRAD_POSITIONS; p++)
        to[p * w->position_step + tile * w->channels + c] = y[p];
}

void skc__scalar_winograd_input(const skc_winograd_tiles *w, const float *const row[6], float *v)
{
    for (size_t tile = 0; tile < w->tiles; tile++)
        for (size_t c = 0; c < w->channels; c++)
            transform_pixels(w, WINDOW_SIDE, to_input, row, tile, c, v);
}

void skc__scalar_winograd_gradient(const skc_winograd_tiles *w, const float *const row[4], float *y)
{
    for (size_t tile = 0; tile < w->tiles; tile++)
        for (size_t c = 0; c < w->channels; c++)
            transform_pixels(w, TILE_SIDE, to_gradient, row, tile, c, y);
}

/* NaN compares false twice and stays. */
static void write_pixel(const skc_winograd_finish *f, size_t c, float value, float *to)
{
    value += f->bias != NULL ? f->bias[c] : 0;
    value += f->accumulate ? *to : 0;
    value = value < f->low ? f->low : value;
    *to   = value > f->high ? f->high : value;
}

static void write_tile(const skc_winograd_tiles *w, const float *m, const skc_winograd_finish *f,
                       size_t tile, size_t c, float *const row[4])
{
    float x[SKC_WINOGRAD_POSITIONS], y[TILE_SIDE * TILE_SIDE];

    for (size_t p = 0; p < SKC_WINOGRAD_POSITIONS; p++)
        x[p] = m[p * w->position_step + tile * w->channels + c];
    transform(TILE_SIDE, WINDOW_SIDE, to_output, x, y);
    for (size_t i = 0; i < TILE_SIDE; i++)
        for (size_t j = 0; j < TILE_SIDE; j++) {
            ptrdiff_t at = pixel(w, tile, j);

            if (row[i] != NULL && at >= 0)
                write_pixel(f, c, y[i * TILE_SIDE + j], row[i] + at + c);
        }
}

void skc__scalar_winograd_output(const skc_winograd_tiles *w, const float *m,
                                 const skc_winograd_finish *finish, float *const row[4])
{
    for (size_t tile = 0; tile < w->tiles; tile++)
        for (size_t c = 0; c < w->channels; c++)
            write_tile(w, m, finish, tile, c, row);
}

void skc__scalar_winograd_filters(const skc_winograd_filters *f, const float *g, float *u)
{
    for (size_t i = 0; i < f->filters; i++, g += f->filter_step, u += f->channels)
        for (size_t c = 0; c < f->channels; c++) {
            float x[FILTER_SIDE * FILTER_SIDE], y[SKC_WINOGRAD_POSITIONS];

            for (ptrdiff_t t = 0; t < FILTER_SIDE * FILTER_SIDE; t++)
                x[t] = g[t * f->tap_step + (ptrdiff_t)c];
            transform(WINDOW_SIDE, FILTER_SIDE, to_filter, x, y);
            for (size_t p = 0; p < SKC_WINOGRAD_POSITIONS; p++)
                u[p * f->position_step + c] = y[p];
        }
}

void skc__scalar_winograd_filters_gradient(const skc_winograd_filters *f, const float *du,
                                           float *dg)
{
    for (size_t i = 0; i < f->filters; i++, dg += f->filter_step, du += f->channels)
        for (size_t c = 0; c < f->channels; c++) {
            float x[SKC_WINOGRAD_POSITIONS], y[FILTER_SIDE * FILTER_SIDE];

            for (size_t p = 0; p < SKC_WINOGRAD_POSITIONS; p++)
                x[p] = du[p * f->position_step + c];
            transform(FILTER_SIDE, WINDOW_SIDE, to_filter_gradient, x, y);
            for (ptrdiff_t t = 0; t < FILTER_SIDE * FILTER_SIDE; t++)
                dg[t * f->tap_step + (ptrdiff_t)c] += y[t];
        }
}
