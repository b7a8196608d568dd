/* conv2d.c - convolution, any kernel, stride, dilation, padding and groups.
 *
 * Options, and the choice of the way to compute it: by a fixed rule on the shape, so that the same
 * layer always gives the same bits (convolution.h).
 */
#include "layers/convolution.h"

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

/* ---------------------------------------------------------------- ways to compute */

static skc_convolution describe(const conv2d *config, skc_shape in, int32_t planned_pictures)
{
    size_t groups = (size_t)config->groups;

    return (skc_convolution){
        .window           = skc__window(&config->window, in),
        .groups           = groups,
        .c_in             = (size_t)in.c / groups,
        .c_out            = (size_t)config->filters / groups,
        .pictures         = (size_t)in.n,
        .planned_pictures = (size_t)(planned_pictures > 0 ? planned_pictures : in.n),
    };
}

static skc_convolution convolution_of(const conv2d *config, const skc_layer_io *io)
{
    skc_convolution c = describe(config, io->in[0].shape, io->planned_pictures);

    c.threads  = io->threads;
    c.training = io->training;
    c.compact  = io->compact;
    c.pooling  = io->pooling.options;
    return c;
}

/* Transformed weights take four times the memory of plain ones. */
static bool by_winograd(const skc_convolution *c)
{
    return !c->compact && skc__winograd_suits(c);
}

static skc_convolution planned(const conv2d *config, skc_shape in, const skc_plan_context *context)
{
    skc_convolution c = describe(config, in, context->planned_pictures);

    c.threads  = context->threads;
    c.training = context->training;
    c.compact  = context->compact;
    c.pooling  = context->pooling;
    return c;
}

static bool absorbs_pool(const void *options, skc_shape in, const skc_plan_context *context)
{
    const skc_convolution c = planned(options, in, context);

    return !by_winograd(&c) || skc__winograd_pools(&c);
}

static void forward(const void *options, const skc_layer_io *io)
{
    const skc_convolution c = convolution_of(options, io);

    if (by_winograd(&c))
        skc__winograd_forward(&c, io);
    else
        skc__direct_forward(&c, io);
}

static void prepare(const void *options, const skc_layer_io *io, void *prepared)
{
    const skc_convolution c = convolution_of(options, io);

    if (by_winograd(&c))
        skc__winograd_prepare(&c, io, prepared);
    else
        skc__direct_prepare(&c, io, prepared);
}

/* ---------------------------------------------------------------- the bias */

/* Pixels that are fetched at once, where they cannot be summed as they are stored. */
static size_t bias_pixels(size_t channels)
{
    enum { VALUES = 16384 };

    return channels < VALUES ? VALUES / channels : 1;
}

static int32_t bias_parts(skc_shape out, int32_t threads)
{
    return skc__parts(threads, skc__pixels(out), (size_t)out.c);
}

/* Scratch is the parts' sums, then pixels for each. */
static size_t bias_bytes(skc_shape out, int32_t threads)
{
    size_t c = (size_t)out.c;

    return (size_t)bias_parts(out, threads) *
           (c * sizeof(double) + bias_pixels(c) * c * sizeof(float));
}

/* Pixels begin..end-1. */
static void bias_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    const skc_source    source = skc__gradient_source(io, call->gradient);
    const size_t        c      = (size_t)io->out_shape.c,
                 parts         = (size_t)bias_parts(io->out_shape, io->threads);
    const size_t block         = bias_pixels(c);
    double      *sums          = (double *)io->scratch + (size_t)part * c;
    float       *pixels = (float *)((double *)io->scratch + parts * c) + (size_t)part * block * c;

    memset(sums, 0, c * sizeof *sums);
    if (skc__source_is_plain(&source)) {
        io->kernels->column_sums(end - begin, c, source.data + begin * c, sums);
        return;
    }
    for (; begin < end; begin += block) {
        const size_t stop = end - begin < block ? end : begin + block;

        skc__fetch_pixels(io->kernels, &source, begin, stop, pixels);
        io->kernels->column_sums(stop - begin, c, pixels, sums);
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    const skc_convolution c     = convolution_of(options, io);
    const skc_call        call  = { options, io, gradient };
    const int32_t         parts = bias_parts(io->out_shape, io->threads);

    if (gradient->param[1] != NULL) {
        skc__split(&call, parts, skc__pixels(io->out_shape), bias_part);
        skc__reduce(parts, (size_t)io->out_shape.c, io->scratch, gradient->param[1]);
    }
    if (by_winograd(&c))
        skc__winograd_backward(&c, io, gradient);
    else
        skc__direct_backward(&c, io, gradient);
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

/* Refuses what would be too large for any of the ways. */
static skc_status check_sizes(const skc_convolution *c, skc_shape in, size_t weights,
                              skc_error *err)
{
    enum { MAX_SIDE = 1 << 30 }; /* places of pixels in the padding stay in 32 bits */

    if (in.h > MAX_SIDE || in.w > MAX_SIDE)
        return skc__fail(err, SKC_ELIMIT, "conv2d: an input of %dx%d pixels; at most %d a side",
                         in.h, in.w, (int)MAX_SIDE);
    if (weights > SKC_MAX_ELEMENTS || skc__direct_band_values(c) > SKC_MAX_ELEMENTS)
        return skc__fail(err, SKC_ELIMIT,
                         "conv2d: %zu weights and %zu values read at once; at most %zu each",
                         weights, skc__direct_band_values(c), SKC_MAX_ELEMENTS);
    return SKC_OK;
}

/* The plan's sizes in bytes. */
static void plan_memory(const skc_convolution *c, skc_layer_plan *out)
{
    const bool   winograd = by_winograd(c);
    const size_t bias     = c->training ? bias_bytes(out->out, c->threads) : 0;

    out->scratch_bytes = winograd ? skc__winograd_scratch_bytes(c) : skc__direct_scratch_bytes(c);
    if (out->scratch_bytes < bias)
        out->scratch_bytes = bias;
    if (!c->training && !c->compact)
        out->prepared_bytes =
            winograd ? skc__winograd_prepared_bytes(c) : skc__direct_prepared_bytes(c);
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const conv2d   *config = options;
    const int32_t  *kernel = config->window.kernel;
    skc_shape       shape;
    skc_convolution c;
    size_t          patch;
    skc_status      status = check(config, in[0], err);

    (void)n_in;
    if (status == SKC_OK)
        status = skc__window_shape("conv2d", &config->window, in[0], config->filters, &shape, err);
    if (status != SKC_OK)
        return status;
    c      = planned(config, in[0], context);
    patch  = (size_t)kernel[0] * (size_t)kernel[1] * c.c_in;
    status = check_sizes(&c, in[0], (size_t)config->filters * patch, err);
    if (status != SKC_OK)
        return status;
    *out = (skc_layer_plan){
        .out         = shape,
        .param_count = config->bias ? 2 : 1,
        .param       = { skc__weight_spec(
                             4, (int32_t[4]){ config->filters, kernel[0], kernel[1], (int32_t)c.c_in },
                             (int32_t)patch),
                         skc__vector_spec("bias", config->filters, SKC_TRAINED, 0) },
        .macs        = (uint64_t)skc__shape_count(shape) * patch,
    };
    plan_memory(&c, out);
    return SKC_OK;
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

static void as_convolution(const void *options, skc_shape in, skc_convolution *out)
{
    *out = describe(options, in, in.n);
}

const skc_layer_ops skc__layer_conv2d = {
    .name                 = "conv2d",
    .summary              = "convolution",
    .config_size          = sizeof(conv2d),
    .fields               = fields,
    .min_inputs           = 1,
    .max_inputs           = 1,
    .backward_reads       = SKC_BACKWARD_READS_INPUT,
    .infer                = infer,
    .forward              = forward,
    .backward             = backward,
    .prepare              = prepare,
    .add_bias             = add_bias,
    .absorb_affine        = absorb_affine,
    .absorbs_clamp        = true,
    .absorbs_pool         = absorbs_pool,
    .reads_views          = true,
    .reads_gradient_views = true,
    .int8                 = SKC_INT8_CONVOLUTION,
    .as_convolution       = as_convolution,
    .probes               = probes,
};
