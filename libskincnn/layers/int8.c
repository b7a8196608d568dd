/* int8.c - what the layers of quantised networks have in common. */
#include "layers/int8.h"

#include <float.h>
#include <math.h>
#include <string.h>

const skc_int8_ops *skc__int8_find(skc_int8_kind kind)
{
    static const skc_int8_ops *const ops[] = {
        [SKC_INT8_CONVOLUTION] = &skc__int8_convolution,
        [SKC_INT8_DEPTHWISE]   = &skc__int8_depthwise_convolution,
        [SKC_INT8_SUM]         = &skc__int8_adding,
        [SKC_INT8_MAX]         = &skc__int8_max_pool,
        [SKC_INT8_MEAN]        = &skc__int8_mean,
        [SKC_INT8_COPY]        = &skc__int8_copy,
    };

    return ops[kind];
}

int8_t skc__int8_weight(float weight, float scale)
{
    return (int8_t)rintf(skc__int8_clamp(weight / scale, -127, 127));
}

float skc__int8_bound(const skc_int8_layer *layer, float value)
{
    if (layer->real)
        return skc__int8_clamp(value, -FLT_MAX, FLT_MAX);
    return rintf(
        skc__int8_clamp(value / layer->out_scale.scale + (float)layer->out_scale.zero, 0, 255));
}

void skc__int8_finish_channel(const skc_int8_layer *layer, size_t c, int64_t weight_sum,
                              float *scale, float *shift)
{
    enum { FAR = 1 << 30 }; /* beyond this a sum and a shift say nothing of each other */
    const double unit  = (double)layer->in_scale[0].scale * (double)layer->weight_scale[c];
    const double bias  = layer->bias != NULL ? (double)layer->bias[c] : 0;
    const double real  = bias - unit * (double)layer->in_scale[0].zero * (double)weight_sum;
    const double bytes = real / (double)layer->out_scale.scale;

    *scale = (float)(layer->real ? unit : unit / (double)layer->out_scale.scale);
    *shift =
        layer->real ? (float)real : (float)(fmax(-FAR, fmin(bytes, FAR)) + layer->out_scale.zero);
}

/* ---------------------------------------------------------------- parts */

typedef struct split {
    const skc_int8_io *io;
    size_t             parts, items;
    void (*run)(const skc_int8_io *io, size_t begin, size_t end, int32_t part);
} split;

static void run_part(void *context, int32_t part, int32_t thread)
{
    const split *s = context;
    const size_t p = (size_t)part;

    (void)thread; /* as many tasks as threads: the part is the thread */
    s->run(s->io, s->items * p / s->parts, s->items * (p + 1) / s->parts, part);
}

void skc__int8_split(const skc_int8_io *io, int32_t parts, size_t items,
                     void (*run)(const skc_int8_io *io, size_t begin, size_t end, int32_t part))
{
    split s = { io, (size_t)parts, items, run };

    skc__parallel(io->pool, parts, run_part, &s);
}

/* ---------------------------------------------------------------- bands */

/* Input rows under the windows of so many output rows. */
static size_t rows_under(const skc_axis *h, size_t rows)
{
    return (rows - 1) * (size_t)h->stride + (size_t)(h->kernel - 1) * (size_t)h->dilation + 1;
}

skc_int8_band skc__int8_band(const skc_int8_layer *layer)
{
    enum { BYTES = 256 * 1024, PIXELS = 2048 }; /* of a band: they stay in the second-level cache */
    const skc_window *w     = &layer->window.window;
    const size_t      reach = rows_under(&w->w, (size_t)w->w.out);
    const size_t      wide  = (size_t)w->w.before + (size_t)w->w.in;
    const size_t      tall  = rows_under(&w->h, (size_t)w->h.out);
    skc_int8_band     b     = { .pixel = layer->window.groups * layer->window.c_in,
                                .left  = (size_t)w->w.before,
                                .right = reach > wide ? reach - wide : 0 };

    b.in_place = b.left == 0 && b.right == 0 && w->h.before == 0 && tall <= (size_t)w->h.in;
    b.row      = (b.left + (size_t)w->w.in + b.right) * b.pixel;
    b.rows     = 1;
    while (b.rows < (size_t)w->h.out && (b.rows + 1) * (size_t)w->w.out <= PIXELS &&
           (b.in_place || rows_under(&w->h, b.rows + 1) * b.row <= BYTES))
        b.rows++;
    b.bytes  = b.in_place ? 0 : rows_under(&w->h, b.rows) * b.row + SKC_INT8_SLACK;
    b.pixels = b.rows * (size_t)w->w.out;
    return b;
}

const uint8_t *skc__int8_fetch(const skc_int8_layer *layer, const skc_int8_band *band,
                               const uint8_t *picture, int32_t begin, int32_t end, uint8_t *to)
{
    const skc_axis *h     = &layer->window.window.h;
    const size_t    bytes = (size_t)layer->window.window.w.in * band->pixel;
    const int64_t   first = (int64_t)begin * h->stride - h->before;
    const size_t    count = rows_under(h, (size_t)(end - begin));
    const int       zero  = layer->in_scale[0].zero;
    uint8_t        *row   = to;

    if (band->in_place)
        return picture + (size_t)first * bytes;
    for (int64_t i = first; i < first + (int64_t)count; i++, row += band->row) {
        if (i < 0 || i >= h->in) {
            memset(row, zero, band->row);
            continue;
        }
        memset(row, zero, band->left * band->pixel);
        memcpy(row + band->left * band->pixel, picture + (size_t)i * bytes, bytes);
        memset(row + band->left * band->pixel + bytes, zero, band->right * band->pixel);
    }
    return to;
}
