/* softmax.c - probabilities over the channels of each pixel: y[c] = exp(x[c]) / sum of all exp. */
#include "layers/geometry.h"

#include <math.h>

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)n_in, (void)context, (void)err;
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

/* The largest is taken off first, so that exp cannot overflow. */
static void softmax(size_t c, const float *x, float *y)
{
    float  largest = x[0];
    double sum     = 0;

    for (size_t i = 1; i < c; i++)
        largest = x[i] > largest ? x[i] : largest;
    for (size_t i = 0; i < c; i++) {
        y[i] = expf(x[i] - largest);
        sum += y[i];
    }
    for (size_t i = 0; i < c; i++)
        y[i] = (float)(y[i] / sum);
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    size_t              c  = (size_t)io->out_shape.c;

    (void)part;
    for (size_t pixel = begin; pixel < end; pixel++)
        softmax(c, io->in[0].data + pixel * c, io->out + pixel * c);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call   = { options, io, NULL };
    size_t   pixels = skc__pixels(io->out_shape);

    skc__split(&call, skc__parts(io->threads, pixels, (size_t)io->out_shape.c), pixels,
               forward_part);
}

/* dx = y (dy - sum of dy y). */
static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_gradient *gradient = call->gradient;
    size_t                    c        = (size_t)call->io->out_shape.c;

    (void)part;
    for (size_t pixel = begin; pixel < end; pixel++) {
        const float *y = call->io->out + pixel * c, *dy = gradient->out + pixel * c;
        float       *dx  = gradient->in[0] + pixel * c;
        double       sum = call->io->kernels->dot(c, dy, y);

        for (size_t i = 0; i < c; i++) {
            float d = (float)(y[i] * (dy[i] - sum));
            dx[i]   = gradient->accumulate[0] ? dx[i] + d : d;
        }
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call   = { options, io, gradient };
    size_t   pixels = skc__pixels(io->out_shape);

    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, pixels, (size_t)io->out_shape.c), pixels,
                   backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[3, 1, 1, 7]]}",
    "{\"inputs\": [[2, 3, 5, 3]]}",
    NULL,
};

const skc_layer_ops skc__layer_softmax = {
    .name              = "softmax",
    .summary           = "probabilities over the channels",
    .min_inputs        = 1,
    .max_inputs        = 1,
    .backward_reads    = SKC_BACKWARD_READS_OUTPUT,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .probes            = probes,
};
