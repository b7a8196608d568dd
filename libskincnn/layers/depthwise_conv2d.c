/* depthwise_conv2d.c - convolution of each channel with a kernel of its own, row by row. */
#include "layers/depthwise.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

static const skc_field fields[] = {
    { "kernel", SKC_FIELD_PAIR, offsetof(skc_depthwise_options, window.kernel), true, 0, 1,
      SKC_MAX_KERNEL, "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(skc_depthwise_options, window.stride), false, 1, 1,
      SKC_MAX_STEP, "pixels from one window to the next" },
    { "dilation", SKC_FIELD_PAIR, offsetof(skc_depthwise_options, window.dilation), false, 1, 1,
      SKC_MAX_STEP, "pixels from one tap of the kernel to the next" },
    { "padding", SKC_FIELD_PADDING, offsetof(skc_depthwise_options, window.padding), false, 0, 0,
      SKC_MAX_STEP, "same, valid, or pixels of zeros around the input" },
    { "bias", SKC_FIELD_BOOL, offsetof(skc_depthwise_options, bias), false, 1, 0, 1,
      "adds a number per channel" },
    { .name = NULL }
};

static size_t smaller(int64_t a, int32_t b)
{
    return (size_t)(a < b ? a : b);
}

/* How many output rows one list of input rows is long enough for. */
static size_t listed_rows(const skc_window *w)
{
    return smaller(SKC_DEPTHWISE_LIST / w->h.kernel, w->h.out);
}

/* What is made of the input for some output rows should stay in the second-level cache. */
static size_t viewed_rows(const skc_depthwise_tiling *t, size_t reach)
{
    enum { VALUES = 1 << 16 };
    const size_t kept = VALUES / t->x_row, most = listed_rows(&t->window);
    const size_t rows = kept > reach ? (kept - reach - 1) / (size_t)t->window.h.stride + 1 : 1;

    return rows < most ? rows : most;
}

skc_depthwise_tiling skc__depthwise_tiling(const skc_depthwise_options *config, skc_shape in)
{
    skc_window           w     = skc__window(&config->window, in);
    skc_depthwise_tiling t     = { .window = w, .c = (size_t)in.c, .pictures = (size_t)in.n };
    int64_t              reach = (int64_t)(w.h.kernel - 1) * w.h.dilation;

    t.taps      = (size_t)w.h.kernel * (size_t)w.w.kernel;
    t.x_row     = (size_t)w.w.in * t.c;
    t.y_row     = (size_t)w.w.out * t.c;
    t.y_picture = (size_t)w.h.out * t.y_row;
    t.x_kept    = smaller(reach + 1, w.h.in);
    t.z_kept    = smaller(reach / w.h.stride + 1, w.h.out);
    t.block     = viewed_rows(&t, (size_t)reach);

    t.block_kept = smaller(reach + 1 + ((int64_t)t.block - 1) * w.h.stride, w.h.in);
    return t;
}

static int32_t forward_parts(const skc_depthwise_tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures * (size_t)t->window.h.out, t->y_row * t->taps);
}

int32_t skc__depthwise_backward_parts(const skc_depthwise_tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures * (size_t)t->window.h.in, t->x_row * t->taps);
}

/* ---------------------------------------------------------------- scratch */

size_t skc__depthwise_part_floats(const skc_depthwise_tiling *t, bool backward)
{
    size_t x = (backward ? t->x_kept : t->block_kept) * skc__lines(t->x_row);
    size_t z = t->z_kept * skc__lines(t->y_row);

    return backward
               ? x + z + skc__lines(2 * t->c) + skc__lines(t->taps * t->c) + skc__lines(t->x_row)
               : x + skc__lines(t->y_row);
}

/* ---------------------------------------------------------------- rows */

enum { FAR_VALUES = 1 << 22 /* 16 MiB */, PAST_VALUES = 1 << 23 /* 32 MiB */ };

bool skc__depthwise_is_far(const skc_depthwise_tiling *t, size_t inputs, size_t outputs)
{
    size_t rows = inputs * (size_t)t->window.h.in * t->x_row + outputs * t->y_picture;

    return t->pictures * rows > FAR_VALUES;
}

bool skc__depthwise_is_past(size_t values)
{
    return values > PAST_VALUES;
}

int32_t skc__depthwise_find_rows(const skc_depthwise_tiling *t, skc_row_reader *x, int32_t at,
                                 const float **rows, int32_t *first)
{
    const skc_axis *axis = &t->window.h;
    skc_taps        taps = skc__taps(axis, at);

    *first = taps.first;
    if (taps.first == taps.end)
        return 0;
    /* Dilated, a later window may need rows between those of this one, but none above tap 0. */
    skc__rows_fetch(x, taps.origin > 0 ? taps.origin : 0,
                    taps.origin + (taps.end - 1) * axis->dilation);
    for (int32_t k = taps.first; k < taps.end; k++)
        rows[k - taps.first] = skc__row_at(x, taps.origin + k * axis->dilation);
    return taps.end - taps.first;
}

skc_depthwise skc__depthwise_row(const skc_depthwise_tiling *t)
{
    const skc_axis *w = &t->window.w;

    return (skc_depthwise){ .channels    = (int32_t)t->c,
                            .width_in    = w->in,
                            .width_out   = w->out,
                            .taps        = w->kernel,
                            .stride      = w->stride,
                            .dilation    = w->dilation,
                            .pad_left    = w->before,
                            .weight_step = 1,
                            .out_step    = 1,
                            .low         = -INFINITY,
                            .high        = INFINITY };
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const skc_depthwise_options *config = options;
    int32_t   extent[4] = { 1, config->window.kernel[0], config->window.kernel[1], in[0].c };
    skc_shape shape;
    skc_depthwise_tiling t;
    skc_status           status =
        skc__window_shape("depthwise_conv2d", &config->window, in[0], in[0].c, &shape, err);

    (void)n_in;
    if (status != SKC_OK)
        return status;
    if (skc__shape_count((skc_shape){ extent[0], extent[1], extent[2], extent[3] }) == 0)
        return skc__fail(err, SKC_ELIMIT,
                         "depthwise_conv2d: %dx%d weights for %d channels; at most %zu", extent[1],
                         extent[2], extent[3], SKC_MAX_ELEMENTS);
    t    = skc__depthwise_tiling(config, in[0]);
    *out = (skc_layer_plan){
        .out         = shape,
        .param_count = config->bias ? 2 : 1,
        .param       = { skc__weight_spec(4, extent, (int32_t)t.taps),
                         skc__vector_spec("bias", in[0].c, SKC_TRAINED, 0) },
        .macs        = (uint64_t)skc__shape_count(shape) * t.taps,
    };
    out->scratch_bytes = (size_t)forward_parts(&t, context->threads) *
                         skc__depthwise_part_floats(&t, false) * sizeof(float);
    if (context->training) {
        size_t backward = (size_t)skc__depthwise_backward_parts(&t, context->threads) *
                          skc__depthwise_part_floats(&t, true) * sizeof(float);

        out->scratch_bytes = backward > out->scratch_bytes ? backward : out->scratch_bytes;
    }
    return SKC_OK;
}

bool skc__depthwise_tally_is_due(const skc_depthwise_tiling *t, size_t pixels)
{
    enum { PIXELS = 64, VALUES = 1 << 16 };

    return pixels >= PIXELS || pixels * t->c >= VALUES;
}

/* ---------------------------------------------------------------- forward */

/* Tallies output rows told..at, if it is time; returns the first that is not tallied. */
static size_t tally_outputs(const skc_depthwise_tiling *t, const skc_layer_io *io, int32_t part,
                            size_t told, size_t at, size_t end)
{
    const size_t pixels = (at + 1 - told) * (size_t)t->window.w.out;

    if (!skc__tally_on(&io->tally) || (at + 1 < end && !skc__depthwise_tally_is_due(t, pixels)))
        return told;
    skc__tally_moments(&io->tally, io->kernels, part, pixels, io->out + told * t->y_row,
                       io->out + told * t->y_row);
    return at + 1;
}

/* How output rows are made. */
typedef struct forward_way {
    size_t block;  /* rows at a time */
    bool   far;    /* input rows are called for before they are needed */
    bool   past;   /* outputs are written past the caches, */
    bool   staged; /* from a row of scratch, where they are tallied */
} forward_way;

/* A picture that a second-level cache holds, or nearly, is made at once; a larger one row by row,
 * since its rows are then still in the cache when the next row needs them again. Where pictures
 * come from memory, longer rows of reads are worth more. */
static forward_way find_way(const skc_depthwise_tiling *t, const skc_layer_io *io, bool plain)
{
    enum { DISTANT = 1 << 23, DISTANT_PICTURE = 1 << 18, PICTURE = 1 << 19 };
    const size_t picture = (size_t)t->window.h.in * t->x_row + t->y_picture;
    const bool   distant = t->pictures * picture > DISTANT;
    const bool   whole =
        distant ? t->window.h.stride == 1 && picture <= DISTANT_PICTURE : picture <= PICTURE;
    forward_way way = { .block = 1, .far = skc__depthwise_is_far(t, 1, 1) };

    way.past   = skc__depthwise_is_past(t->pictures * t->y_picture);
    way.staged = way.past && skc__tally_on(&io->tally);
    if (whole && !way.staged) {
        way.block = plain ? listed_rows(&t->window) : t->block;
        way.far   = distant;
    }
    return way;
}

/* Lists the input rows under output rows first..first + count - 1, NULL where outside. */
static void list_rows(const skc_depthwise_tiling *t, skc_row_reader *x, int32_t first,
                      int32_t count, const float **rows)
{
    const skc_axis *h   = &t->window.h;
    const int32_t   top = first * h->stride - h->before;
    const int32_t   end = top + (count - 1) * h->stride + (h->kernel - 1) * h->dilation + 1;

    if (top < h->in)
        skc__rows_fetch(x, top > 0 ? top : 0, (end < h->in ? end : h->in) - 1);
    for (int32_t j = 0; j < count; j++)
        for (int32_t k = 0; k < h->kernel; k++) {
            const int32_t row = top + j * h->stride + k * h->dilation;

            *rows++ = row >= 0 && row < h->in ? skc__row_at(x, row) : NULL;
        }
}

/* The rows from `at` on that are made at once: of one picture, of this part. */
static size_t next_rows(const forward_way *way, size_t height, size_t at, size_t end)
{
    const size_t left = height - at % height, rows = left < end - at ? left : end - at;

    return rows < way->block ? rows : way->block;
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io  *io     = call->io;
    skc_depthwise_tiling t      = skc__depthwise_tiling(call->config, io->in[0].shape);
    size_t               height = (size_t)t.window.h.out;
    skc_depthwise        g      = skc__depthwise_row(&t);
    float *ring      = (float *)io->scratch + (size_t)part * skc__depthwise_part_floats(&t, false);
    float *stage     = ring + t.block_kept * skc__lines(t.x_row);
    skc_row_reader x = skc__row_reader(io->kernels, skc__input_source(io, 0), ring, t.block_kept);
    const forward_way way  = find_way(&t, io, x.plain);
    size_t            told = begin, count;
    const float      *rows[SKC_DEPTHWISE_LIST];

    g.bias   = io->param[1];
    g.low    = io->low;
    g.high   = io->high;
    g.stream = way.past && !way.staged;
    for (size_t at = begin; at < end; at += count) {
        float *y = io->out + at * t.y_row;

        count = next_rows(&way, height, at, end);
        if (at == begin || at % height == 0)
            skc__rows_start(&x, at / height);
        list_rows(&t, &x, (int32_t)(at % height), (int32_t)count, rows);
        g.ahead[0].count = 0;
        if (way.far)
            skc__rows_ahead(&x, (int32_t)count * t.window.h.stride, g.ahead);
        io->kernels->depthwise_rows(&g, (int32_t)count, t.window.h.kernel, rows, io->param[0],
                                    way.staged ? stage : y);
        if (way.staged) {
            skc__tally_moments(&io->tally, io->kernels, part, (size_t)t.window.w.out, stage, stage);
            io->kernels->copy_far(t.y_row, stage, y);
        } else {
            told = tally_outputs(&t, io, part, told, at + count - 1, end);
        }
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call             call = { options, io, NULL };
    skc_depthwise_tiling t    = skc__depthwise_tiling(options, io->in[0].shape);

    skc__split(&call, forward_parts(&t, io->threads), t.pictures * (size_t)t.window.h.out,
               forward_part);
}

/* ---------------------------------------------------------------- folding */

static void add_bias(void *options)
{
    ((skc_depthwise_options *)options)->bias = true;
}

static void absorb_affine(const void *options, float *const *param, int32_t channels,
                          const skc_layer_plan *plan, const float *scale, const float *shift)
{
    size_t c    = (size_t)channels;
    size_t taps = (size_t)plan->param[0].extent[1] * (size_t)plan->param[0].extent[2];

    (void)options;
    for (size_t i = 0; i < taps * c; i++)
        param[0][i] *= scale[i % c];
    for (size_t i = 0; i < c; i++)
        param[1][i] = param[1][i] * scale[i] + shift[i];
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"kernel\": 3}",
    "{\"inputs\": [[3, 6, 5, 3]], \"kernel\": [2, 3], \"padding\": \"same\", \"bias\": "
    "false}",
    "{\"inputs\": [[2, 7, 6, 5]], \"kernel\": 3, \"stride\": 2, \"padding\": \"same\"}",
    "{\"inputs\": [[1, 9, 7, 2]], \"kernel\": [2, 3], \"stride\": [1, 2],"
    " \"dilation\": [3, 2], \"padding\": [2, 0, 1, 3]}",
    NULL,
};

static void as_convolution(const void *options, skc_shape in, skc_convolution *out)
{
    const skc_depthwise_options *config = options;

    *out = (skc_convolution){
        .window = skc__window(&config->window, in), .groups = (size_t)in.c, .c_in = 1, .c_out = 1
    };
}

const skc_layer_ops skc__layer_depthwise_conv2d = {
    .name                 = "depthwise_conv2d",
    .summary              = "convolution of each channel with a kernel of its own",
    .config_size          = sizeof(skc_depthwise_options),
    .fields               = fields,
    .min_inputs           = 1,
    .max_inputs           = 1,
    .backward_reads       = SKC_BACKWARD_READS_INPUT,
    .infer                = infer,
    .forward              = forward,
    .backward             = skc__depthwise_backward,
    .add_bias             = add_bias,
    .absorb_affine        = absorb_affine,
    .absorbs_clamp        = true,
    .reads_views          = true,
    .reads_gradient_views = true,
    .int8                 = SKC_INT8_DEPTHWISE,
    .as_convolution       = as_convolution,
    .probes               = probes,
};
