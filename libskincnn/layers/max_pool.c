/* max_pool.c - the largest number under a sliding window, per channel; padding is never chosen. */
#include "layers/pooling.h"

#include <math.h>
#include <string.h>

static const skc_field fields[] = {
    { "kernel", SKC_FIELD_PAIR, offsetof(skc_window_options, kernel), true, 0, 1, SKC_MAX_KERNEL,
      "height and width in pixels" },
    { "stride", SKC_FIELD_PAIR, offsetof(skc_window_options, stride), false, 0, 0, SKC_MAX_STEP,
      "pixels from one window to the next; 0: as kernel" },
    { "padding", SKC_FIELD_PADDING, offsetof(skc_window_options, padding), false, 0, 0,
      SKC_MAX_STEP, "same, valid, or pixels around the input" },
    { "ceil_mode", SKC_FIELD_BOOL, offsetof(skc_window_options, ceil_mode), false, 0, 0, 1,
      "a last window may hang over the edge" },
    { .name = NULL }
};

/* Forward splits output rows, backward splits pictures. */
static int32_t forward_parts(int32_t threads, const skc_window_options *options, skc_shape out)
{
    size_t work =
        (size_t)out.w * (size_t)out.c * (size_t)options->kernel[0] * (size_t)options->kernel[1];

    return skc__parts(threads, (size_t)out.n * (size_t)out.h, work);
}

static int32_t backward_parts(int32_t threads, skc_shape in)
{
    return skc__parts(threads, (size_t)in.n, skc__picture(in));
}

/* Floats of each part's scratch: viewed rows under a window, or a viewed row of gradient. */
static size_t scratch_size(const skc_window_options *options, skc_shape in, skc_shape out)
{
    size_t rows = (size_t)options->kernel[0] * (size_t)in.w * (size_t)in.c;
    size_t row  = (size_t)out.w * (size_t)out.c;

    return rows > row ? rows : row;
}

static float *scratch_of(const skc_call *call, int32_t part)
{
    return (float *)call->io->scratch +
           (size_t)part * scratch_size(call->config, call->io->in[0].shape, call->io->out_shape);
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    skc_shape  shape;
    skc_status status = skc__pool_shape("max_pool", options, in[0], &shape, err);
    int32_t    forward, backward;

    (void)n_in;
    if (status != SKC_OK)
        return status;
    if ((int64_t)in[0].h * in[0].w > INT32_MAX)
        return skc__fail(err, SKC_ELIMIT, "max_pool: %dx%d pixels; at most %d in all", in[0].h,
                         in[0].w, INT32_MAX);
    *out = (skc_layer_plan){ .out = shape };
    if (!context->training)
        return SKC_OK;
    forward            = forward_parts(context->threads, options, shape);
    backward           = backward_parts(context->threads, in[0]);
    out->saved_bytes   = skc__shape_count(shape) * sizeof(uint16_t);
    out->scratch_bytes = (size_t)(forward > backward ? forward : backward) *
                         scratch_size(options, in[0], shape) * sizeof(float);
    return SKC_OK;
}

/* ---------------------------------------------------------------- forward */

/* The input's rows, one window after the other. A viewed row is fetched once and stays in its place
 * in scratch as long as a window reads it. */
typedef struct row_reader {
    const skc_kernels *kernels;
    skc_source         source;
    int32_t            kernel;
    float             *slots; /* [kernel] rows */
    size_t             picture;
    int32_t            end; /* rows of `picture` before it are fetched */
} row_reader;

static const float *read_row(row_reader *r, size_t picture, int32_t row)
{
    size_t values = (size_t)r->source.shape.w * (size_t)r->source.shape.c;
    float *slot;

    if (skc__source_is_plain(&r->source))
        return r->source.data + (picture * (size_t)r->source.shape.h + (size_t)row) * values;
    slot = r->slots + (size_t)(row % r->kernel) * values;
    if (picture != r->picture || row >= r->end) {
        skc__fetch_rows(r->kernels, &r->source, picture, row, 1, 0, 0, (size_t)r->source.shape.c,
                        slot);
        r->picture = picture;
        r->end     = row + 1;
    }
    return slot;
}

/* Output rows begin..end-1, counted through all pictures. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    skc_window          window = skc__window(call->config, io->in[0].shape);
    skc_max_pool        g      = skc__pool_row(&window, io->out_shape.c);
    size_t              height = (size_t)window.h.out;
    size_t              values = (size_t)window.w.out * (size_t)io->out_shape.c;
    uint16_t           *chosen = io->saved;
    row_reader          reader = { .kernels = io->kernels,
                                   .source  = skc__input_source(io, 0),
                                   .kernel  = window.h.kernel };
    const float        *rows[SKC_MAX_KERNEL];

    if (!skc__source_is_plain(&reader.source))
        reader.slots = scratch_of(call, part);
    for (size_t at = begin; at < end; at++) {
        skc_taps down = skc__taps(&window.h, (int32_t)(at % height));
        float   *y    = io->out + at * values;

        for (int32_t k = 0; k < window.h.kernel; k++)
            rows[k] = k >= down.first && k < down.end
                          ? read_row(&reader, at / height, down.origin + k)
                          : NULL;
        io->kernels->max_pool_forward(&g, rows, y, chosen != NULL ? chosen + at * values : NULL);
        if (io->low > -INFINITY || io->high < INFINITY)
            io->kernels->clamp(values, io->low, io->high, y, y);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };

    skc__split(&call, forward_parts(io->threads, options, io->out_shape),
               (size_t)io->out_shape.n * (size_t)io->out_shape.h, forward_part);
}

/* ---------------------------------------------------------------- backward */

static void backward_picture(const skc_call *call, size_t picture, float *scratch)
{
    const skc_layer_io *io     = call->io;
    const skc_shape     shape  = io->in[0].shape;
    skc_source          source = skc__gradient_source(io, call->gradient);

    source.shape     = shape;
    source.unpooling = (skc_unpooling){
        .on = true, .window = skc__window(call->config, shape), .chosen = io->saved, .row = scratch
    };
    skc__unpool_rows(io->kernels, &source, picture, 0, shape.h, 0, 0, call->gradient->accumulate[0],
                     call->gradient->in[0] + picture * skc__picture(shape));
}

/* Pictures begin..end-1. */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    for (size_t picture = begin; picture < end; picture++)
        backward_picture(call, picture, scratch_of(call, part));
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call = { options, io, gradient };

    if (gradient->in[0] != NULL)
        skc__split(&call, backward_parts(io->threads, io->in[0].shape), (size_t)io->out_shape.n,
                   backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 5, 7, 3]], \"kernel\": 2}",
    "{\"inputs\": [[3, 6, 5, 2]], \"kernel\": [3, 2], \"stride\": [2, 1],"
    " \"padding\": [1, 0, 0, 1]}",
    "{\"inputs\": [[2, 6, 7, 3]], \"kernel\": 3, \"stride\": 2, \"padding\": \"same\"}",
    "{\"inputs\": [[1, 7, 6, 3]], \"kernel\": 3, \"stride\": 2, \"ceil_mode\": true}",
    NULL,
};

static void as_convolution(const void *options, skc_shape in, skc_convolution *out)
{
    *out = (skc_convolution){
        .window = skc__window(options, in), .groups = (size_t)in.c, .c_in = 1, .c_out = 1
    };
}

const skc_layer_ops skc__layer_max_pool = {
    .name                 = "max_pool",
    .summary              = "largest number under a sliding window",
    .config_size          = sizeof(skc_window_options),
    .fields               = fields,
    .min_inputs           = 1,
    .max_inputs           = 1,
    .infer                = infer,
    .forward              = forward,
    .backward             = backward,
    .reads_views          = true,
    .reads_gradient_views = true,
    .absorbs_clamp        = true,
    .commutes_with_clamp  = true,
    .is_max_pool          = true,
    .int8                 = SKC_INT8_MAX,
    .as_convolution       = as_convolution,
    .probes               = probes,
};
