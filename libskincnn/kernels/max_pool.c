/* max_pool.c - the scalar set's max pooling. */
#include "kernels/max_pool.h"

#include <math.h>

/* The value of a row that tap kx of output pixel ox reads, in channel 0; -1: it is in the padding.
 */
static ptrdiff_t value_at(const skc_max_pool *g, int32_t ox, int32_t kx)
{
    int64_t pixel = (int64_t)ox * g->stride - g->pad_left + kx;

    return pixel >= 0 && pixel < g->width_in ? (ptrdiff_t)(pixel * g->channels) : -1;
}

/* One number of an output pixel: the tap that it comes from, and itself into best. */
static uint16_t choose(const skc_max_pool *g, const float *const *rows, int32_t ox, int32_t channel,
                       float *best)
{
    uint16_t from = 0;
    bool     any  = false;

    *best = 0;
    for (int32_t ky = 0; ky < g->kernel_h; ky++)
        for (int32_t kx = 0; kx < g->kernel_w && rows[ky] != NULL; kx++) {
            ptrdiff_t at = value_at(g, ox, kx);
            float     x  = at < 0 ? 0 : rows[ky][at + channel];

            if (at < 0 || (any && !(x > *best) && !isnan(x)))
                continue;
            *best = x;
            from  = (uint16_t)(ky * g->kernel_w + kx);
            any   = true;
        }
    return from;
}

void skc__scalar_max_pool_forward(const skc_max_pool *g, const float *const *rows, float *y,
                                  uint16_t *chosen)
{
    for (int32_t ox = 0; ox < g->width_out; ox++)
        for (int32_t i = 0; i < g->channels; i++, y++) {
            uint16_t from = choose(g, rows, ox, i, y);

            if (chosen != NULL)
                *chosen++ = from;
        }
}

/* What of dy number `n` counts. */
static float passed(const skc_max_pool *g, const float *y, const float *dy, size_t n)
{
    const bool all = g->low == -INFINITY && g->high == INFINITY;

    return all || (g->low < y[n] && y[n] < g->high) ? dy[n] : 0;
}

void skc__scalar_max_pool_backward(const skc_max_pool *g, const uint16_t *chosen, const float *y,
                                   const float *dy, float *const *dx_rows)
{
    const size_t c = (size_t)g->channels;

    for (size_t n = 0; n < (size_t)g->width_out * c; n++)
        for (int32_t tap = 0; tap < g->kernel_h * g->kernel_w; tap++) {
            float    *row   = dx_rows[tap / g->kernel_w];
            ptrdiff_t at    = value_at(g, (int32_t)(n / c), tap % g->kernel_w);
            float     value = chosen[n] == tap ? passed(g, y, dy, n) : 0;

            if (row != NULL && at >= 0)
                row[at + (ptrdiff_t)(n % c)] =
                    g->disjoint ? value : row[at + (ptrdiff_t)(n % c)] + value;
        }
}
