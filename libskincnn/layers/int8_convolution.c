/* int8_convolution.c - convolutions and dense layers on bytes: packed products over bands of padded
 * rows. */
#include "layers/int8.h"

#include <math.h>
#include <string.h>

/* Where a window's bytes stand: kernel rows, where their pixels lie one behind the other, else
 * single taps. */
typedef struct runs {
    size_t count, length, taps; /* taps of a run */
} runs;

static runs runs_of(const skc_int8_layer *layer)
{
    const skc_convolution *c = &layer->window;
    const size_t           h = (size_t)c->window.h.kernel, w = (size_t)c->window.w.kernel;
    const bool             joined = c->groups == 1 && c->window.w.dilation == 1;

    return joined ? (runs){ h, w * c->c_in, w } : (runs){ h * w, c->c_in, 1 };
}

static bool suits(const skc_int8_layer *layer)
{
    const runs r = runs_of(layer);

    return r.count * r.length <= SKC_INT8_MAX_SUM;
}

/* Prepared: of each group packed weights, then scale and shift. */
static size_t columns_of(const skc_int8_layer *layer)
{
    return skc__int8_blocks(layer->window.c_out) * SKC_INT8_COLUMNS;
}

static size_t packed_bytes(const skc_int8_layer *layer)
{
    const runs r = runs_of(layer);

    return skc__arena_piece(skc__int8_packed_size(r.count, r.length, layer->window.c_out));
}

static size_t group_bytes(const skc_int8_layer *layer)
{
    return packed_bytes(layer) + 2 * columns_of(layer) * sizeof(float);
}

static size_t prepared_bytes(const skc_int8_layer *layer)
{
    return layer->window.groups * group_bytes(layer);
}

static void prepare_group(const skc_int8_layer *layer, size_t group, unsigned char *prepared,
                          int8_t *bytes)
{
    const size_t n = layer->window.c_out, first = group * n;
    const runs   r     = runs_of(layer);
    const size_t depth = r.count * r.length;
    float       *scale = (float *)(void *)(prepared + packed_bytes(layer));

    for (size_t c = 0; c < n; c++) {
        int64_t sum = 0;

        for (size_t k = 0; k < depth; k++) {
            bytes[c * depth + k] = skc__int8_weight(layer->weights[(first + c) * depth + k],
                                                    layer->weight_scale[first + c]);
            sum += bytes[c * depth + k];
        }
        skc__int8_finish_channel(layer, first + c, sum, scale + c, scale + columns_of(layer) + c);
    }
    skc__int8_pack(r.count, r.length, n, bytes, (int8_t *)prepared);
}

/* Scratch: the bytes of a group before they are packed. */
static void prepare(const skc_int8_layer *layer, void *prepared, void *scratch)
{
    const size_t groups = layer->window.groups, bytes = group_bytes(layer);

    for (size_t g = 0; g < groups; g++)
        prepare_group(layer, g, (unsigned char *)prepared + g * bytes, scratch);
}

/* ---------------------------------------------------------------- parts */

/* Threads split the columns where the weights are larger than what they meet: each then reads its
 * own only. Else they split rows. */
typedef struct cut {
    bool    columns;
    size_t  items; /* panels of columns, or rows of all pictures */
    int32_t parts;
} cut;

static size_t panels_of(const skc_int8_layer *layer)
{
    return (skc__int8_blocks(layer->window.c_out) + SKC_INT8_PANEL - 1) / SKC_INT8_PANEL;
}

static cut cut_of(const skc_int8_layer *layer, int32_t n)
{
    const skc_convolution *c    = &layer->window;
    const runs             r    = runs_of(layer);
    const size_t           rows = (size_t)n * (size_t)c->window.h.out, panels = panels_of(layer);
    const size_t work  = (size_t)c->window.w.out * r.count * r.length * c->groups * c->c_out / 64;
    const size_t read  = (size_t)n * (size_t)c->window.h.in * (size_t)c->window.w.in * c->c_in;
    int32_t      parts = skc__parts(layer->threads, panels, rows * work / panels);

    if (c->groups == 1 && r.count * r.length * c->c_out > read && parts > 1 &&
        (panels % (size_t)parts == 0 || panels >= 4 * (size_t)parts))
        return (cut){ true, panels, parts };
    return (cut){ false, rows, skc__parts(layer->threads, rows, work) };
}

/* The first column of a panel. */
static size_t column_of(const skc_int8_layer *layer, size_t panel)
{
    const size_t n = layer->window.c_out, blocks = skc__int8_blocks(n);
    size_t       b = 0;

    for (size_t p = 0; p < panel; p++)
        b += skc__int8_panel(blocks - b);
    return b < blocks ? b * SKC_INT8_COLUMNS : n;
}

/* Scratch of a part: a band, the list of its pixels, and the list of runs. */
static size_t part_bytes(const skc_int8_layer *layer, const skc_int8_band *band)
{
    return skc__arena_piece(band->bytes) + skc__arena_piece(band->pixels * sizeof(uint8_t *)) +
           skc__arena_piece(runs_of(layer).count * sizeof(ptrdiff_t));
}

static size_t scratch_bytes(const skc_int8_layer *layer)
{
    const skc_int8_band band    = skc__int8_band(layer);
    const runs          r       = runs_of(layer);
    const size_t        forward = (size_t)layer->threads * part_bytes(layer, &band);
    const size_t        prepare = layer->window.c_out * r.count * r.length;

    return forward > prepare ? forward : prepare;
}

/* ---------------------------------------------------------------- forward */

typedef struct job {
    const skc_int8_io *io;
    skc_int8_band      band;
    runs               runs;
    size_t             column, end; /* of a group's columns */
    uint8_t           *buffer;
    const uint8_t    **list;
    ptrdiff_t         *run;
} job;

static void list_runs(job *j)
{
    const skc_window *w = &j->io->layer->window.window;

    for (size_t r = 0; r < j->runs.count; r++) {
        const size_t across = (size_t)w->w.kernel / j->runs.taps; /* runs of a kernel row */

        j->run[r] = (ptrdiff_t)(r / across * (size_t)w->h.dilation * j->band.row +
                                r % across * (size_t)w->w.dilation * j->band.pixel);
    }
}

/* The pixels under the first taps of the windows of `rows` output rows. */
static void list_pixels(job *j, const uint8_t *from, size_t rows)
{
    const skc_window *w  = &j->io->layer->window.window;
    const uint8_t   **to = j->list;

    for (size_t row = 0; row < rows; row++, from += (size_t)w->h.stride * j->band.row)
        for (size_t i = 0; i < (size_t)w->w.out; i++)
            *to++ = from + i * (size_t)w->w.stride * j->band.pixel;
}

/* Output pixels from number `at` of all pictures on, as many as `m`. */
static void multiply(const job *j, size_t group, size_t at, size_t m)
{
    const skc_int8_io    *io    = j->io;
    const skc_int8_layer *layer = io->layer;
    const size_t          n = layer->window.c_out, step = layer->window.groups * n;
    const size_t          depth  = skc__int8_depth(j->runs.count, j->runs.length);
    const unsigned char  *packed = (const unsigned char *)layer->prepared;
    const float          *scale;
    const size_t          column = j->column;

    packed += group * group_bytes(layer);
    scale = (const float *)(const void *)(packed + packed_bytes(layer));
    io->kernels->product(&(skc_int8_product){
        .m           = m,
        .n           = j->end - column,
        .runs        = j->runs.count,
        .length      = j->runs.length,
        .run         = j->run,
        .left        = j->list,
        .left_offset = (ptrdiff_t)(group * layer->window.c_in),
        .right       = (const int8_t *)packed + column * depth,
        .finish      = { scale + column, scale + columns_of(layer) + column,
                         skc__int8_bound(layer, layer->low), skc__int8_bound(layer, layer->high) },
        .out         = layer->real ? NULL : io->out + at * step + group * n + column,
        .real        = layer->real ? io->real + at * step + group * n + column : NULL,
        .step        = step,
    });
}

/* Rows begin..end-1, counted through all pictures. */
static void do_rows(job *j, size_t begin, size_t end)
{
    const skc_int8_layer *layer  = j->io->layer;
    const skc_window     *w      = &layer->window.window;
    const size_t          height = (size_t)w->h.out, wide = (size_t)w->w.out;
    const size_t          picture = (size_t)w->h.in * (size_t)w->w.in * j->band.pixel;

    for (size_t at = begin, rows; at < end; at += rows) {
        const size_t row = at % height;

        rows = height - row < j->band.rows ? height - row : j->band.rows;
        rows = end - at < rows ? end - at : rows;
        list_pixels(j,
                    skc__int8_fetch(layer, &j->band, j->io->in[0] + at / height * picture,
                                    (int32_t)row, (int32_t)(row + rows), j->buffer),
                    rows);
        for (size_t g = 0; g < layer->window.groups; g++)
            multiply(j, g, at * wide, rows * wide);
    }
}

static void forward_part(const skc_int8_io *io, size_t begin, size_t end, int32_t part)
{
    const skc_int8_layer *layer = io->layer;
    const cut             way   = cut_of(layer, io->n);
    job                   j;

    j.io     = io;
    j.band   = skc__int8_band(layer);
    j.runs   = runs_of(layer);
    j.column = way.columns ? column_of(layer, begin) : 0;
    j.end    = way.columns ? column_of(layer, end) : layer->window.c_out;
    j.buffer = (uint8_t *)io->scratch + (size_t)part * part_bytes(layer, &j.band);
    j.list   = (const uint8_t **)(void *)(j.buffer + skc__arena_piece(j.band.bytes));
    j.run    = (ptrdiff_t *)(void *)((uint8_t *)j.list +
                                  skc__arena_piece(j.band.pixels * sizeof(uint8_t *)));
    list_runs(&j);
    if (way.columns)
        do_rows(&j, 0, (size_t)io->n * (size_t)layer->window.window.h.out);
    else
        do_rows(&j, begin, end);
}

static void forward(const skc_int8_io *io)
{
    const cut way = cut_of(io->layer, io->n);

    skc__int8_split(io, way.parts, way.items, forward_part);
}

const skc_int8_ops skc__int8_convolution = {
    .has_weights    = true,
    .may_write_real = true,
    .suits          = suits,
    .prepared_bytes = prepared_bytes,
    .scratch_bytes  = scratch_bytes,
    .prepare        = prepare,
    .forward        = forward,
};
