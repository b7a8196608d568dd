/* int8_pools.c - sums, clamps, pools and copies on bytes. */
#include "layers/int8.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- sums, and clamps: sums of one */

static void add_part(const skc_int8_io *io, size_t begin, size_t end, int32_t part)
{
    const skc_int8_layer *layer = io->layer;
    const uint8_t        *x[SKC_MAX_INPUTS];
    float                 scale[SKC_MAX_INPUTS];
    double                shift = (double)layer->out_scale.zero;

    (void)part;
    for (int32_t k = 0; k < layer->n_in; k++) {
        const double ratio = (double)layer->in_scale[k].scale / (double)layer->out_scale.scale;

        x[k]     = io->in[k] + begin;
        scale[k] = (float)ratio;
        shift -= ratio * layer->in_scale[k].zero;
    }
    io->kernels->sum(&(skc_int8_sum){ end - begin, layer->n_in, x, scale, (float)shift,
                                      skc__int8_bound(layer, layer->low),
                                      skc__int8_bound(layer, layer->high), io->out + begin });
}

static void add(const skc_int8_io *io)
{
    const size_t count = (size_t)io->n * skc__picture(io->layer->out);

    skc__int8_split(io, skc__parts(io->layer->threads, count / 8, 1), count, add_part);
}

const skc_int8_ops skc__int8_adding = { .forward = add };

/* ---------------------------------------------------------------- max_pool */

static size_t row_bytes(const skc_int8_layer *layer)
{
    return (size_t)layer->in.w * (size_t)layer->in.c;
}

static size_t max_scratch_bytes(const skc_int8_layer *layer)
{
    return (size_t)layer->threads * skc__arena_piece(row_bytes(layer));
}

/* tallest (width, c) becomes the largest over the window's rows, then out over its columns. */
static void pool_row(const skc_int8_io *io, const uint8_t *picture, int32_t row, uint8_t *tallest,
                     uint8_t *out)
{
    const skc_int8_layer *layer = io->layer;
    const skc_window     *w     = &layer->window.window;
    const size_t          bytes = row_bytes(layer), c = (size_t)layer->in.c;
    const skc_taps        down = skc__taps(&w->h, row);

    picture += (size_t)(down.origin + down.first) * bytes;
    memcpy(tallest, picture, bytes);
    for (int32_t t = down.first + 1; t < down.end; t++)
        io->kernels->larger(bytes, picture += bytes, tallest);
    for (int32_t i = 0; i < w->w.out; i++, out += c) {
        const skc_taps across = skc__taps(&w->w, i);
        const uint8_t *from   = tallest + (size_t)(across.origin + across.first) * c;

        memcpy(out, from, c);
        for (int32_t t = across.first + 1; t < across.end; t++)
            io->kernels->larger(c, from += c, out);
    }
}

/* Rows begin..end-1, counted through all pictures. */
static void max_part(const skc_int8_io *io, size_t begin, size_t end, int32_t part)
{
    const skc_int8_layer *layer  = io->layer;
    const size_t          height = (size_t)layer->out.h;
    uint8_t *tallest = (uint8_t *)io->scratch + (size_t)part * skc__arena_piece(row_bytes(layer));

    for (size_t at = begin; at < end; at++)
        pool_row(io, io->in[0] + at / height * skc__picture(layer->in), (int32_t)(at % height),
                 tallest, io->out + at * (size_t)layer->out.w * (size_t)layer->out.c);
}

static void max_pool(const skc_int8_io *io)
{
    const size_t rows = (size_t)io->n * (size_t)io->layer->out.h;

    skc__int8_split(io, skc__parts(io->layer->threads, rows, row_bytes(io->layer) / 2), rows,
                    max_part);
}

/* The scale stays, so there is no clamp: in a folded graph it is before the pool, or in floats. */
static bool max_suits(const skc_int8_layer *layer)
{
    return layer->low == -INFINITY && layer->high == INFINITY;
}

const skc_int8_ops skc__int8_max_pool = {
    .keeps_scale   = true,
    .suits         = max_suits,
    .scratch_bytes = max_scratch_bytes,
    .forward       = max_pool,
};

/* ---------------------------------------------------------------- global_avg_pool */

static size_t mean_scratch_bytes(const skc_int8_layer *layer)
{
    return (size_t)layer->threads * skc__arena_piece((size_t)layer->in.c * sizeof(int32_t));
}

/* Sums of bytes stay in 32 bits. */
static bool mean_suits(const skc_int8_layer *layer)
{
    return skc__picture(layer->in) / (size_t)layer->in.c <= (size_t)1 << 23;
}

/* Pictures begin..end-1. */
static void mean_part(const skc_int8_io *io, size_t begin, size_t end, int32_t part)
{
    const skc_int8_layer *layer = io->layer;
    const size_t          c = (size_t)layer->in.c, area = skc__picture(layer->in) / c;
    const double          ratio = (double)layer->in_scale[0].scale / (double)layer->out_scale.scale;
    const float           scale = (float)(ratio / (double)area);
    const float           shift = (float)(layer->out_scale.zero - ratio * layer->in_scale[0].zero);
    const float           low   = skc__int8_bound(layer, layer->low),
                high            = skc__int8_bound(layer, layer->high);
    int32_t *sum                = (int32_t *)(void *)((uint8_t *)io->scratch +
                                       (size_t)part * skc__arena_piece(c * sizeof(int32_t)));

    for (size_t picture = begin; picture < end; picture++) {
        memset(sum, 0, c * sizeof *sum);
        io->kernels->column_sums(area, c, io->in[0] + picture * area * c, sum);
        for (size_t i = 0; i < c; i++)
            io->out[picture * c + i] = skc__int8_round((float)sum[i] * scale + shift, low, high);
    }
}

static void mean(const skc_int8_io *io)
{
    skc__int8_split(io,
                    skc__parts(io->layer->threads, (size_t)io->n, skc__picture(io->layer->in) / 8),
                    (size_t)io->n, mean_part);
}

const skc_int8_ops skc__int8_mean = {
    .suits         = mean_suits,
    .scratch_bytes = mean_scratch_bytes,
    .forward       = mean,
};

/* ---------------------------------------------------------------- flatten */

static void copy(const skc_int8_io *io)
{
    memcpy(io->out, io->in[0], (size_t)io->n * skc__picture(io->layer->out));
}

const skc_int8_ops skc__int8_copy = { .keeps_scale = true, .forward = copy };
