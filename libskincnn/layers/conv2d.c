/* conv2d.c - convolution, any kernel, stride, dilation, padding and groups, as GEMM over tiles.
 *
 * A tile is a block of output rows, counted through all pictures of the batch. The patches under
 * its pixels are unrolled into a buffer that stays in the second-level cache, one row of `patch` =
 * kernel_h kernel_w c_in / groups values a pixel (Chellapilla, Puri and Simard, IWFHR 2006), and
 * multiplied at once. A 1x1 kernel that reads each pixel once needs no unrolling: its "rows" are
 * single pixels and the input is the matrix.
 */
#include "layers/geometry.h"

#include <math.h>
#include <string.h>

typedef struct conv2d {
    skc_window_options window;
    int32_t            filters, groups;
    bool               bias;
} conv2d;

static const skc_field fields[] = {
    { "filters", SKC_FIELD_INT, offsetof(conv2d, filters), true, 0, 1, SKC_MAX_UNITS,
      "output channels" },
    { "kernel", SKC_FIELD_PAIR, offsetof(conv2d, window.kernel), true, 0, 1, SKC_MAX_KERNEL,
      "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(conv2d, window.stride), false, 1, 1, SKC_MAX_STEP,
      "pixels from one window to the next" },
    { "dilation", SKC_FIELD_PAIR, offsetof(conv2d, window.dilation), false, 1, 1, SKC_MAX_STEP,
      "pixels from one tap of the kernel to the next" },
    { "groups", SKC_FIELD_INT, offsetof(conv2d, groups), false, 1, 1, SKC_MAX_UNITS,
      "parts that the channels are cut into; each filter reads one part" },
    { "padding", SKC_FIELD_PADDING, offsetof(conv2d, window.padding), false, 0, 0, SKC_MAX_STEP,
      "same, valid, or pixels of zeros around the input" },
    { "bias", SKC_FIELD_BOOL, offsetof(conv2d, bias), false, 1, 0, 1, "adds a number per filter" },
    { .name = NULL }
};

/* ---------------------------------------------------------------- tiles */

/* How one call is cut. Channels are per group; rows of x and y in memory are all groups wide. */
typedef struct tiling {
    skc_window window;
    size_t     groups, c_in, c_out;
    size_t     x_stride, y_stride; /* groups c_in, groups c_out */
    size_t     x_row, x_picture;   /* values of a row and a picture of x */
    size_t     patch, patch_row;   /* values under a window, and under a row of it */
    bool       pointwise;
    size_t     pictures, picture_rows, row_pixels;
    size_t     tile_rows; /* at most */
} tiling;

/* Tiles of about 256 KiB; but of 128 pixels at least, or the product would spend its time on
 * fetching weights. */
static size_t rows_of_a_tile(const tiling *t)
{
    enum { TILE_VALUES = 65536, TILE_PIXELS = 128 };
    size_t values = t->pointwise ? t->x_stride + t->y_stride : t->patch;
    size_t pixels = TILE_VALUES / values > TILE_PIXELS ? TILE_VALUES / values : TILE_PIXELS;
    size_t rows   = pixels / t->row_pixels > 1 ? pixels / t->row_pixels : 1;
    size_t all    = t->pictures * t->picture_rows;

    return rows < all ? rows : all;
}

static bool reads_pixels_once(const skc_window *w)
{
    return w->h.kernel == 1 && w->w.kernel == 1 && w->h.stride == 1 && w->w.stride == 1 &&
           w->h.before + w->h.after + w->w.before + w->w.after == 0;
}

static tiling make_tiling(const conv2d *config, skc_shape in)
{
    tiling t = { .window   = skc__window(&config->window, in),
                 .groups   = (size_t)config->groups,
                 .x_stride = (size_t)in.c,
                 .y_stride = (size_t)config->filters,
                 .pictures = (size_t)in.n };

    t.c_in         = t.x_stride / t.groups;
    t.c_out        = t.y_stride / t.groups;
    t.x_row        = (size_t)in.w * t.x_stride;
    t.x_picture    = (size_t)in.h * t.x_row;
    t.patch_row    = (size_t)t.window.w.kernel * t.c_in;
    t.patch        = (size_t)t.window.h.kernel * t.patch_row;
    t.pointwise    = reads_pixels_once(&t.window);
    t.picture_rows = (size_t)t.window.h.out * (t.pointwise ? (size_t)t.window.w.out : 1);
    t.row_pixels   = t.pointwise ? 1 : (size_t)t.window.w.out;
    t.tile_rows    = rows_of_a_tile(&t);
    return t;
}

/* Floats of one thread's buffer, in whole cache lines. */
static size_t buffer_size(const tiling *t)
{
    return t->pointwise ? 0 : (t->tile_rows * t->row_pixels * t->patch + 15) / 16 * 16;
}

static size_t weight_count(const tiling *t)
{
    return t->y_stride * t->patch;
}

/* Backward splits by picture, so that no two threads add to the same pixel of dx. */
static int32_t backward_parts(const tiling *t, int32_t threads)
{
    return skc__parts(threads, t->pictures,
                      t->picture_rows * t->row_pixels * t->patch * t->y_stride);
}

/* Backward's scratch: a sum of the bias gradient for each part, a buffer for each part, and a
 * weight gradient for each part but the first, which adds to the result itself. */
static size_t backward_bytes(const tiling *t, int32_t parts)
{
    size_t n = (size_t)parts;

    return n * t->y_stride * sizeof(double) +
           (n * buffer_size(t) + (n - 1) * weight_count(t)) * sizeof(float);
}

/* ---------------------------------------------------------------- unrolling */

/* The taps down the input that row `at` of the batch's output rows reads. */
static skc_taps taps_down(const tiling *t, size_t at)
{
    return skc__taps(&t->window.h, (int32_t)(at % t->picture_rows));
}

/* The taps of one kernel row, from an input row (width_in, x_stride): `to` (kernel_w, c_in). */
static void unroll_taps(const tiling *t, const float *row, skc_taps taps, float *to)
{
    size_t c = t->c_in, first = (size_t)taps.first, end = (size_t)taps.end;
    size_t all = (size_t)t->window.w.kernel;

    memset(to, 0, first * c * sizeof *to);
    if (t->window.w.dilation == 1 && t->groups == 1) {
        memcpy(to + first * c, row + (size_t)(taps.origin + taps.first) * c,
               (end - first) * c * sizeof *to);
    } else {
        for (int32_t k = taps.first; k < taps.end; k++)
            memcpy(to + (size_t)k * c,
                   row + (size_t)(taps.origin + k * t->window.w.dilation) * t->x_stride,
                   c * sizeof *to);
    }
    memset(to + end * c, 0, (all - end) * c * sizeof *to);
}

/* One output row: `to` (width_out, kernel_h, kernel_w, c_in). x: the picture, at the group. */
static void unroll_row(const tiling *t, const float *x, skc_taps down, float *to)
{
    for (int32_t i = 0; i < t->window.w.out; i++) {
        skc_taps across = skc__taps(&t->window.w, i);
        for (int32_t k = 0; k < t->window.h.kernel; k++, to += t->patch_row) {
            if (k < down.first || k >= down.end || across.first == across.end)
                memset(to, 0, t->patch_row * sizeof *to);
            else
                unroll_taps(t, x + (size_t)(down.origin + k * t->window.h.dilation) * t->x_row,
                            across, to);
        }
    }
}

static void unroll(const tiling *t, const float *x, size_t begin, size_t end, float *to)
{
    for (size_t at = begin; at < end; at++, to += t->row_pixels * t->patch)
        unroll_row(t, x + at / t->picture_rows * t->x_picture, taps_down(t, at), to);
}

/* The way back of unroll_taps: adds. */
static void fold_taps(const tiling *t, const skc_kernels *kernels, const float *from, skc_taps taps,
                      float *row)
{
    size_t c = t->c_in;

    if (t->window.w.dilation == 1 && t->groups == 1) {
        float *to = row + (size_t)(taps.origin + taps.first) * c;
        kernels->add((size_t)(taps.end - taps.first) * c, to, from + (size_t)taps.first * c, to);
        return;
    }
    for (int32_t k = taps.first; k < taps.end; k++) {
        float *to = row + (size_t)(taps.origin + k * t->window.w.dilation) * t->x_stride;
        kernels->add(c, to, from + (size_t)k * c, to);
    }
}

static void fold_row(const tiling *t, const skc_kernels *kernels, const float *from, skc_taps down,
                     float *dx)
{
    for (int32_t i = 0; i < t->window.w.out; i++, from += t->patch) {
        skc_taps across = skc__taps(&t->window.w, i);
        if (across.first == across.end)
            continue;
        for (int32_t k = down.first; k < down.end; k++)
            fold_taps(t, kernels, from + (size_t)k * t->patch_row, across,
                      dx + (size_t)(down.origin + k * t->window.h.dilation) * t->x_row);
    }
}

/* dx: of the whole batch, at the group. */
static void fold(const tiling *t, const skc_kernels *kernels, const float *from, size_t begin,
                 size_t end, float *dx)
{
    for (size_t at = begin; at < end; at++, from += t->row_pixels * t->patch)
        fold_row(t, kernels, from, taps_down(t, at), dx + at / t->picture_rows * t->x_picture);
}

/* The patches of rows begin..end-1, (pixels, patch) of one group, in `buffer` or in x; *ld from a
 * pixel to the next. */
static const float *patches(const tiling *t, const float *x, size_t begin, size_t end,
                            float *buffer, size_t *ld)
{
    if (t->pointwise) {
        *ld = t->x_stride;
        return x + begin * t->x_stride;
    }
    unroll(t, x, begin, end, buffer);
    *ld = t->patch;
    return buffer;
}

/* ---------------------------------------------------------------- infer */

static skc_status check(const conv2d *config, skc_shape in, skc_error *err)
{
    int64_t patch = (int64_t)config->window.kernel[0] * config->window.kernel[1] * in.c;

    if (in.c % config->groups != 0)
        return skc__fail(err, SKC_EMISMATCH, "conv2d: groups %d does not divide %d input channels",
                         config->groups, in.c);
    if (config->filters % config->groups != 0)
        return skc__fail(err, SKC_EMISMATCH, "conv2d: groups %d does not divide %d filters",
                         config->groups, config->filters);
    if (patch / config->groups > SKC_MAX_PATCH)
        return skc__fail(err, SKC_ELIMIT, "conv2d: a filter reads %lld values at once; at most %d",
                         (long long)(patch / config->groups), (int)SKC_MAX_PATCH);
    return SKC_OK;
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const conv2d *config = options;
    skc_shape     shape;
    skc_status    status = check(config, in[0], err);
    int32_t       extent[4];
    tiling        t;
    size_t        forward, backward;

    (void)n_in;
    if (status == SKC_OK)
        status = skc__window_shape("conv2d", &config->window, in[0], config->filters, &shape, err);
    if (status != SKC_OK)
        return status;
    t         = make_tiling(config, in[0]);
    extent[0] = config->filters;
    extent[1] = config->window.kernel[0];
    extent[2] = config->window.kernel[1];
    extent[3] = (int32_t)t.c_in;
    if (weight_count(&t) > SKC_MAX_ELEMENTS || buffer_size(&t) > SKC_MAX_ELEMENTS)
        return skc__fail(err, SKC_ELIMIT,
                         "conv2d: %zu weights and %zu values unrolled at once; at most %zu each",
                         weight_count(&t), buffer_size(&t), SKC_MAX_ELEMENTS);
    forward  = (size_t)context->threads * buffer_size(&t) * sizeof(float);
    backward = backward_bytes(&t, backward_parts(&t, context->threads));
    *out     = (skc_layer_plan){
            .out           = shape,
            .param_count   = config->bias ? 2 : 1,
            .param         = { skc__weight_spec(4, extent, (int32_t)t.patch),
                               skc__vector_spec("bias", config->filters, SKC_TRAINED, 0) },
            .scratch_bytes = context->training && backward > forward ? backward : forward,
            .macs          = (uint64_t)skc__shape_count(shape) * t.patch,
    };
    return SKC_OK;
}

/* ---------------------------------------------------------------- forward */

typedef struct forward_call {
    const skc_layer_io *io;
    tiling              t;
    size_t              tile_rows, rows;
} forward_call;

static void forward_tile(void *context, int32_t tile, int32_t thread)
{
    const forward_call *call  = context;
    const skc_layer_io *io    = call->io;
    const tiling       *t     = &call->t;
    size_t              begin = (size_t)tile * call->tile_rows;
    size_t end    = begin + call->tile_rows < call->rows ? begin + call->tile_rows : call->rows;
    size_t pixels = (end - begin) * t->row_pixels;
    float *y      = io->out + begin * t->row_pixels * t->y_stride;
    float *buffer = t->pointwise ? NULL : (float *)io->scratch + (size_t)thread * buffer_size(t);

    for (size_t group = 0; group < t->groups; group++) {
        size_t       ld;
        const float *x = patches(t, io->in[0].data + group * t->c_in, begin, end, buffer, &ld);
        io->kernels->gemm(false, true, pixels, t->c_out, t->patch, x, ld,
                          io->param[0] + group * t->c_out * t->patch, t->patch, 0,
                          y + group * t->c_out, t->y_stride);
    }
    if (io->param[1] != NULL || io->low > -INFINITY || io->high < INFINITY)
        io->kernels->bias_clamp(pixels, t->y_stride, io->param[1], io->low, io->high, y);
}

static size_t divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

static void forward(const void *options, const skc_layer_io *io)
{
    forward_call call = { .io = io, .t = make_tiling(options, io->in[0].shape) };
    size_t       tiles, threads;

    call.rows      = call.t.pictures * call.t.picture_rows;
    tiles          = divide_up(call.rows, call.t.tile_rows);
    threads        = (size_t)skc__parts(io->threads, call.rows,
                                        call.t.row_pixels * call.t.patch * call.t.y_stride);
    tiles          = divide_up(tiles, threads) * threads;
    call.tile_rows = divide_up(call.rows, tiles); /* as even as can be over the threads */
    skc__parallel((int32_t)threads, (int32_t)divide_up(call.rows, call.tile_rows), forward_tile,
                  &call);
}

/* ---------------------------------------------------------------- backward */

/* What one part of backward works with. */
typedef struct part {
    const skc_layer_io       *io;
    const skc_layer_gradient *gradient;
    tiling                    t;
    float                    *buffer, *dw; /* dw NULL: not wanted */
} part;

static float *buffers_of(const tiling *t, void *scratch, int32_t parts)
{
    return (float *)((double *)scratch + (size_t)parts * t->y_stride);
}

static float *weight_copies_of(const tiling *t, void *scratch, int32_t parts)
{
    return buffers_of(t, scratch, parts) + (size_t)parts * buffer_size(t);
}

static void backward_data(const part *p, size_t group, size_t begin, size_t end, const float *dy)
{
    const tiling      *t       = &p->t;
    const skc_kernels *kernels = p->io->kernels;
    const float       *w       = p->io->param[0] + group * t->c_out * t->patch;
    size_t             pixels  = (end - begin) * t->row_pixels;
    float             *dx      = p->gradient->in[0] + group * t->c_in;

    if (t->pointwise) {
        kernels->gemm(false, false, pixels, t->patch, t->c_out, dy, t->y_stride, w, t->patch,
                      p->gradient->accumulate[0] ? 1 : 0, dx + begin * t->x_stride, t->x_stride);
        return;
    }
    kernels->gemm(false, false, pixels, t->patch, t->c_out, dy, t->y_stride, w, t->patch, 0,
                  p->buffer, t->patch);
    fold(t, kernels, p->buffer, begin, end, dx);
}

static void backward_tile(const part *p, size_t begin, size_t end)
{
    const tiling *t      = &p->t;
    size_t        pixels = (end - begin) * t->row_pixels;
    const float  *dy     = p->gradient->out + begin * t->row_pixels * t->y_stride;

    for (size_t group = 0; group < t->groups; group++, dy += t->c_out) {
        if (p->dw != NULL) {
            size_t       ld;
            const float *x =
                patches(t, p->io->in[0].data + group * t->c_in, begin, end, p->buffer, &ld);
            p->io->kernels->gemm(true, false, t->c_out, t->patch, pixels, dy, t->y_stride, x, ld, 1,
                                 p->dw + group * t->c_out * t->patch, t->patch);
        }
        if (p->gradient->in[0] != NULL)
            backward_data(p, group, begin, end, dy);
    }
}

static void bias_sums(const part *p, size_t begin, size_t end, double *sums)
{
    size_t pixels = p->t.picture_rows * p->t.row_pixels, c = p->t.y_stride;

    memset(sums, 0, c * sizeof *sums);
    p->io->kernels->column_sums((end - begin) * pixels, c, p->gradient->out + begin * pixels * c,
                                sums);
}

/* Pictures begin..end-1. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t number)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    part p = { .io = io, .gradient = gradient, .t = make_tiling(call->config, io->in[0].shape) };
    const tiling *t     = &p.t;
    int32_t       parts = backward_parts(t, io->threads);
    size_t        last  = end * t->picture_rows, row;

    p.buffer = buffers_of(t, io->scratch, parts) + (size_t)number * buffer_size(t);
    p.dw     = gradient->param[0];
    if (p.dw != NULL && number > 0) {
        p.dw = weight_copies_of(t, io->scratch, parts) + (size_t)(number - 1) * weight_count(t);
        memset(p.dw, 0, weight_count(t) * sizeof(float));
    }
    if (gradient->in[0] != NULL && !gradient->accumulate[0] && !t->pointwise)
        memset(gradient->in[0] + begin * t->x_picture, 0,
               (end - begin) * t->x_picture * sizeof(float));
    for (row = begin * t->picture_rows; row < last; row += t->tile_rows)
        backward_tile(&p, row, row + t->tile_rows < last ? row + t->tile_rows : last);
    if (gradient->param[1] != NULL)
        bias_sums(&p, begin, end, (double *)io->scratch + (size_t)number * t->y_stride);
}

/* Weights begin..end-1: adds the parts' gradients, in their order. */
static void sum_weights(const skc_call *call, size_t begin, size_t end, int32_t number)
{
    tiling  t     = make_tiling(call->config, call->io->in[0].shape);
    int32_t parts = backward_parts(&t, call->io->threads);
    float  *copy  = weight_copies_of(&t, call->io->scratch, parts) + begin;
    float  *dw    = call->gradient->param[0] + begin;

    (void)number;
    for (int32_t i = 1; i < parts; i++, copy += weight_count(&t))
        call->io->kernels->add(end - begin, dw, copy, dw);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    tiling   t     = make_tiling(options, io->in[0].shape);
    int32_t  parts = backward_parts(&t, io->threads);
    skc_call call  = { options, io, gradient };

    skc__split(&call, parts, t.pictures, backward_part);
    if (gradient->param[0] != NULL && parts > 1)
        skc__split(&call, skc__parts(io->threads, weight_count(&t), (size_t)parts),
                   weight_count(&t), sum_weights);
    if (gradient->param[1] != NULL)
        skc__reduce(parts, t.y_stride, io->scratch, gradient->param[1]);
}

/* ---------------------------------------------------------------- folding */

static void add_bias(void *options)
{
    ((conv2d *)options)->bias = true;
}

static void absorb_affine(const void *options, float *const *param, int32_t channels,
                          const skc_layer_plan *layer, const float *scale, const float *shift)
{
    const int32_t *extent = layer->param[0].extent;

    (void)options;
    skc__absorb_affine(channels, (size_t)extent[1] * (size_t)extent[2] * (size_t)extent[3], param,
                       scale, shift);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"filters\": 5, \"kernel\": 3}",
    "{\"inputs\": [[3, 6, 5, 3]], \"filters\": 2, \"kernel\": [3, 2], \"padding\": \"same\"}",
    "{\"inputs\": [[2, 7, 6, 3]], \"filters\": 4, \"kernel\": 3, \"stride\": 2,"
    " \"padding\": \"same\", \"bias\": false}",
    "{\"inputs\": [[1, 9, 7, 2]], \"filters\": 3, \"kernel\": [2, 3], \"stride\": [1, 2],"
    " \"dilation\": [3, 2], \"padding\": [2, 0, 1, 3]}",
    "{\"inputs\": [[2, 5, 3, 6]], \"filters\": 9, \"kernel\": 3, \"groups\": 3,"
    " \"padding\": 1}",
    "{\"inputs\": [[3, 3, 5, 7]], \"filters\": 5, \"kernel\": 1}",
    "{\"inputs\": [[2, 3, 5, 6]], \"filters\": 4, \"kernel\": 1, \"groups\": 2,"
    " \"bias\": false}",
    "{\"inputs\": [[2, 5, 7, 3]], \"filters\": 4, \"kernel\": 1, \"stride\": 2}",
    "{\"inputs\": [[1, 3, 2, 2]], \"filters\": 3, \"kernel\": 2, \"padding\": 4,"
    " \"stride\": 3}",
    NULL,
};

const skc_layer_ops skc__layer_conv2d = {
    .name           = "conv2d",
    .summary        = "convolution",
    .config_size    = sizeof(conv2d),
    .fields         = fields,
    .min_inputs     = 1,
    .max_inputs     = 1,
    .backward_reads = SKC_BACKWARD_READS_INPUT,
    .infer          = infer,
    .forward        = forward,
    .backward       = backward,
    .add_bias       = add_bias,
    .absorb_affine  = absorb_affine,
    .absorbs_clamp  = true,
    .probes         = probes,
};
