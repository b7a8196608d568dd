/* dense.c - every output reads every input: (n, h, w, c) -> (n, 1, 1, units). */
#include "layers/band.h"
#include "layers/convolution.h"
#include "layers/geometry.h"

#include <math.h>
#include <string.h>

typedef struct dense {
    int32_t units;
    bool    bias;
} dense;

static const skc_field fields[] = {
    { "units", SKC_FIELD_INT, offsetof(dense, units), true, 0, 1, SKC_MAX_UNITS, "outputs" },
    { "bias", SKC_FIELD_BOOL, offsetof(dense, bias), false, 1, 0, 1, "adds a number per unit" },
    { .name = NULL }
};

/* A dense layer is a convolution of one-pixel pictures. */
static void as_convolution(const void *options, skc_shape in, skc_convolution *out)
{
    const skc_axis one = { .in = 1, .out = 1, .kernel = 1, .stride = 1, .dilation = 1 };

    *out = (skc_convolution){ .window = { one, one },
                              .groups = 1,
                              .c_in   = skc__picture(in),
                              .c_out  = (size_t)((const dense *)options)->units };
}

static skc_convolution convolution_of(const void *options, const skc_layer_io *io)
{
    skc_convolution c;

    as_convolution(options, io->in[0].shape, &c);
    c.pictures         = (size_t)io->in[0].shape.n;
    c.planned_pictures = c.pictures;
    c.threads          = io->threads;
    return c;
}

/* Scratch of the product with prepared weights, and of backward. */
static void plan_memory(const dense *config, skc_shape in, const skc_plan_context *context,
                        skc_layer_plan *out)
{
    size_t          units = (size_t)config->units, n = (size_t)in.n;
    size_t          backward = units * sizeof(double) + n * units * sizeof(float);
    skc_convolution c;

    as_convolution(config, in, &c);
    c.pictures = c.planned_pictures = n;
    c.threads                       = context->threads;
    out->scratch_bytes              = skc__direct_scratch_bytes(&c);
    if (context->training && out->scratch_bytes < backward)
        out->scratch_bytes = backward;
    if (!context->training && !context->compact)
        out->prepared_bytes = skc__direct_prepared_bytes(&c);
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const dense *config    = options;
    size_t       fan_in    = skc__picture(in[0]);
    skc_shape    shape     = { in[0].n, 1, 1, config->units };
    skc_status   status    = skc__check_shape("dense", shape, err);
    int32_t      extent[4] = { config->units, (int32_t)fan_in, 1, 1 };

    (void)n_in;
    if (status != SKC_OK)
        return status;
    if (fan_in > SKC_MAX_PATCH || fan_in * (size_t)config->units > SKC_MAX_ELEMENTS)
        return skc__fail(err, SKC_ELIMIT,
                         "dense: %d units of %zu inputs each; at most %d inputs and %zu weights",
                         config->units, fan_in, (int)SKC_MAX_PATCH, SKC_MAX_ELEMENTS);
    *out = (skc_layer_plan){
        .out         = shape,
        .param_count = config->bias ? 2 : 1,
        .param       = { skc__weight_spec(2, extent, (int32_t)fan_in),
                         skc__vector_spec("bias", config->units, SKC_TRAINED, 0) },
        .macs        = (uint64_t)in[0].n * fan_in * (uint64_t)config->units,
    };
    plan_memory(config, in[0], context, out);
    return SKC_OK;
}

static void prepare(const void *options, const skc_layer_io *io, void *prepared)
{
    const skc_convolution c = convolution_of(options, io);

    skc__direct_prepare(&c, io, prepared);
}

/* Threads split units, so that each reads its weights once. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              k = skc__picture(io->in[0].shape), units = (size_t)io->out_shape.c;

    (void)part;
    io->kernels->gemm(false, true, (size_t)io->out_shape.n, end - begin, k, io->in[0].data, k,
                      io->param[0] + begin * k, k, 0, io->out + begin, units);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };
    size_t   n = (size_t)io->out_shape.n, units = (size_t)io->out_shape.c;

    if (io->prepared != NULL) {
        const skc_convolution c = convolution_of(options, io);

        skc__direct_forward(&c, io);
        return;
    }
    skc__split(&call, skc__parts(io->threads, units, n * skc__picture(io->in[0].shape)), units,
               forward_part);
    if (io->param[1] != NULL || io->low > -INFINITY || io->high < INFINITY)
        io->kernels->bias_clamp(n, units, io->param[1], io->low, io->high, io->out);
}

/* dw (units, fan_in) += dy^T x: threads split units. */
static void weights_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              k = skc__picture(io->in[0].shape), units = (size_t)io->out_shape.c;

    (void)part;
    io->kernels->gemm(true, false, end - begin, k, (size_t)io->out_shape.n,
                      call->gradient->out + begin, units, io->in[0].data, k, 1,
                      call->gradient->param[0] + begin * k, k);
}

/* dx (n, fan_in) = dy w: threads split its columns. */
static void data_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    size_t                    k = skc__picture(io->in[0].shape), units = (size_t)io->out_shape.c;

    (void)part;
    io->kernels->gemm(false, false, (size_t)io->out_shape.n, end - begin, units, gradient->out,
                      units, io->param[0] + begin, k, gradient->accumulate[0] ? 1 : 0,
                      gradient->in[0] + begin, k);
}

/* The gradient as it is or, viewed, in scratch behind the sums of the bias. */
static const float *gradient_of(const skc_layer_io *io, const skc_layer_gradient *gradient)
{
    skc_source source = skc__gradient_source(io, gradient);
    float     *viewed = (float *)((double *)io->scratch + io->out_shape.c);

    if (skc__source_is_plain(&source))
        return gradient->out;
    skc__fetch_pixels(io->kernels, &source, 0, skc__pixels(io->out_shape), viewed);
    return viewed;
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_layer_gradient plain = *gradient;
    skc_call           call  = { options, io, &plain };
    size_t             n = (size_t)io->out_shape.n, units = (size_t)io->out_shape.c;
    size_t             k = skc__picture(io->in[0].shape);

    plain.out = gradient_of(io, gradient);
    if (gradient->param[0] != NULL)
        skc__split(&call, skc__parts(io->threads, units, n * k), units, weights_part);
    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, k, n * units), k, data_part);
    if (gradient->param[1] != NULL) {
        memset(io->scratch, 0, units * sizeof(double));
        io->kernels->column_sums(n, units, plain.out, io->scratch);
        skc__reduce(1, units, io->scratch, gradient->param[1]);
    }
}

static void add_bias(void *options)
{
    ((dense *)options)->bias = true;
}

static void absorb_affine(const void *options, float *const *param, int32_t channels,
                          const skc_layer_plan *plan, const float *scale, const float *shift)
{
    (void)options;
    skc__absorb_affine(channels, (size_t)plan->param[0].extent[1], param, scale, shift);
}

static const char *const probes[] = {
    "{\"inputs\": [[3, 2, 3, 5]], \"units\": 7}",
    "{\"inputs\": [[1, 1, 1, 11]], \"units\": 3, \"bias\": false}",
    NULL,
};

const skc_layer_ops skc__layer_dense = {
    .name                 = "dense",
    .summary              = "every output reads every input",
    .config_size          = sizeof(dense),
    .fields               = fields,
    .min_inputs           = 1,
    .max_inputs           = 1,
    .backward_reads       = SKC_BACKWARD_READS_INPUT,
    .infer                = infer,
    .forward              = forward,
    .backward             = backward,
    .prepare              = prepare,
    .reads_gradient_views = true,
    .add_bias             = add_bias,
    .absorb_affine        = absorb_affine,
    .absorbs_clamp        = true,
    .int8                 = SKC_INT8_CONVOLUTION,
    .as_convolution       = as_convolution,
    .probes               = probes,
};
