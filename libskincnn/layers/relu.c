/* relu.c - y = max(x, 0). */
#include "layers/geometry.h"

#include <math.h>

static const float low = 0, high = INFINITY;

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)n_in, (void)context, (void)err;
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;

    (void)part;
    io->kernels->clamp(end - begin, low, high, io->in[0].data + begin, io->out + begin);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call  = { options, io, NULL };
    size_t   count = skc__shape_count(io->out_shape);

    skc__split(&call, skc__parts(io->threads, count, 1), count, forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_gradient *gradient = call->gradient;

    (void)part;
    call->io->kernels->clamp_backward(end - begin, low, high, call->io->out + begin,
                                      gradient->out + begin, gradient->accumulate[0],
                                      gradient->in[0] + begin);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call  = { options, io, gradient };
    size_t   count = skc__shape_count(io->out_shape);

    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, count, 1), count, backward_part);
}

static void as_clamp(const void *options, float *from, float *to)
{
    (void)options;
    *from = low;
    *to   = high;
}

const skc_layer_ops skc__layer_relu = {
    .name              = "relu",
    .summary           = "every negative number becomes 0",
    .min_inputs        = 1,
    .max_inputs        = 1,
    .backward_reads    = SKC_BACKWARD_READS_OUTPUT,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .as_clamp          = as_clamp,
    .probes            = (const char *const[]){ "{\"inputs\": [[2, 5, 3, 7]]}", NULL },
};
