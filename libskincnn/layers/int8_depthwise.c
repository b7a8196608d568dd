/* int8_depthwise.c - depthwise convolution on bytes, row by row over bands of padded rows. */
#include "layers/int8.h"

#include <math.h>

/* Prepared: weights (taps, channels) as whole numbers, then scale and shift (channels). */
static size_t taps_of(const skc_int8_layer *layer)
{
    return (size_t)layer->window.window.h.kernel * (size_t)layer->window.window.w.kernel;
}

static size_t prepared_bytes(const skc_int8_layer *layer)
{
    return (taps_of(layer) + 2) * (size_t)layer->in.c * sizeof(float);
}

static void prepare(const skc_int8_layer *layer, void *prepared, void *scratch)
{
    const size_t taps = taps_of(layer), c = (size_t)layer->in.c;
    int32_t     *weights = prepared;
    float       *scale   = (float *)prepared + taps * c;

    (void)scratch;
    for (size_t i = 0; i < c; i++) {
        int64_t sum = 0;

        for (size_t t = 0; t < taps; t++) {
            weights[t * c + i] =
                skc__int8_weight(layer->weights[t * c + i], layer->weight_scale[i]);
            sum += weights[t * c + i];
        }
        skc__int8_finish_channel(layer, i, sum, scale + i, scale + c + i);
    }
}

static int32_t parts_of(const skc_int8_layer *layer, int32_t n)
{
    return skc__parts(layer->threads, (size_t)n * (size_t)layer->out.h,
                      (size_t)layer->out.w * (size_t)layer->out.c * taps_of(layer) / 8);
}

static size_t scratch_bytes(const skc_int8_layer *layer)
{
    return (size_t)layer->threads * skc__arena_piece(skc__int8_band(layer).bytes);
}

/* Output rows row.. of a picture; `from` is under the first window of the first. */
static void do_band(const skc_int8_io *io, const skc_int8_band *band, const uint8_t *from,
                    size_t rows, uint8_t *out)
{
    const skc_int8_layer *layer = io->layer;
    const skc_window     *w     = &layer->window.window;
    const size_t          c     = (size_t)layer->in.c;
    const float          *scale = (const float *)layer->prepared + taps_of(layer) * c;
    const uint8_t        *row[SKC_MAX_KERNEL];
    skc_int8_depthwise    d = { .channels = c,
                                .pixels   = (size_t)w->w.out,
                                .kernel_h = w->h.kernel,
                                .kernel_w = w->w.kernel,
                                .rows     = row,
                                .step     = (size_t)w->w.stride * c,
                                .tap      = (size_t)w->w.dilation * c,
                                .weights  = layer->prepared,
                                .finish   = { scale, scale + c, skc__int8_bound(layer, layer->low),
                                              skc__int8_bound(layer, layer->high) } };

    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < (size_t)w->h.kernel; k++)
            row[k] = from + (i * (size_t)w->h.stride + k * (size_t)w->h.dilation) * band->row;
        d.out = out + i * d.pixels * c;
        io->kernels->depthwise(&d);
    }
}

/* Rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_int8_io *io, size_t begin, size_t end, int32_t part)
{
    const skc_int8_layer *layer  = io->layer;
    const skc_int8_band   band   = skc__int8_band(layer);
    const size_t          height = (size_t)layer->out.h;
    uint8_t *buffer = (uint8_t *)io->scratch + (size_t)part * skc__arena_piece(band.bytes);

    for (size_t at = begin, rows; at < end; at += rows) {
        const size_t   row = at % height;
        const uint8_t *from;

        rows = height - row < band.rows ? height - row : band.rows;
        rows = end - at < rows ? end - at : rows;
        from = skc__int8_fetch(layer, &band, io->in[0] + at / height * skc__picture(layer->in),
                               (int32_t)row, (int32_t)(row + rows), buffer);
        do_band(io, &band, from, rows, io->out + at * (size_t)layer->out.w * (size_t)layer->out.c);
    }
}

static void forward(const skc_int8_io *io)
{
    skc__int8_split(io, parts_of(io->layer, io->n), (size_t)io->n * (size_t)io->layer->out.h,
                    forward_part);
}

const skc_int8_ops skc__int8_depthwise_convolution = {
    .has_weights    = true,
    .channels_last  = true,
    .prepared_bytes = prepared_bytes,
    .scratch_bytes  = scratch_bytes,
    .prepare        = prepare,
    .forward        = forward,
};
