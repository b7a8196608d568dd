/* sigmoid.c - y = 1 / (1 + exp(-x)). */
#include "layers/geometry.h"

#include <math.h>

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)n_in, (void)context, (void)err;
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const float *x = call->io->in[0].data;
    float       *y = call->io->out;

    (void)part;
    for (size_t i = begin; i < end; i++)
        y[i] = 1 / (1 + expf(-x[i]));
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call  = { options, io, NULL };
    size_t   count = skc__shape_count(io->out_shape);

    skc__split(&call, skc__parts(io->threads, count, 1), count, forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const float *y = call->io->out, *dy = call->gradient->out;
    float       *dx = call->gradient->in[0];

    (void)part;
    for (size_t i = begin; i < end; i++) {
        float d = dy[i] * y[i] * (1 - y[i]);
        dx[i]   = call->gradient->accumulate[0] ? dx[i] + d : d;
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call  = { options, io, gradient };
    size_t   count = skc__shape_count(io->out_shape);

    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, count, 1), count, backward_part);
}

const skc_layer_ops skc__layer_sigmoid = {
    .name              = "sigmoid",
    .summary           = "squeezes each number into 0..1",
    .min_inputs        = 1,
    .max_inputs        = 1,
    .backward_reads    = SKC_BACKWARD_READS_OUTPUT,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .probes            = (const char *const[]){ "{\"inputs\": [[2, 5, 3, 7]]}", NULL },
};
