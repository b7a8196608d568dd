/* concat.c - puts the channels of its inputs one after the other. */
#include "layers/geometry.h"

#include <string.h>

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    skc_shape  shape    = in[0];
    int64_t    channels = in[0].c;
    skc_status status;

    (void)options, (void)context;
    for (int32_t k = 1; k < n_in; k++) {
        if (in[k].n != in[0].n || in[k].h != in[0].h || in[k].w != in[0].w)
            return skc__fail(err, SKC_EMISMATCH,
                             "concat: input %d is %dx%d, input 1 %dx%d; only channels may differ",
                             k + 1, in[k].h, in[k].w, in[0].h, in[0].w);
        channels += in[k].c;
    }
    shape.c = channels <= INT32_MAX ? (int32_t)channels : INT32_MAX;
    status  = skc__check_shape("concat", shape, err);
    if (status == SKC_OK)
        *out = (skc_layer_plan){ .out = shape };
    return status;
}

/* Pixels begin..end-1. */
static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;
    float              *y  = io->out + begin * (size_t)io->out_shape.c;

    (void)part;
    for (size_t pixel = begin; pixel < end; pixel++)
        for (int32_t k = 0; k < io->n_in; k++) {
            size_t c = (size_t)io->in[k].shape.c;
            memcpy(y, io->in[k].data + pixel * c, c * sizeof *y);
            y += c;
        }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call   = { options, io, NULL };
    size_t   pixels = skc__pixels(io->out_shape);

    skc__split(&call, skc__parts(io->threads, pixels, (size_t)io->out_shape.c), pixels,
               forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    const float              *dy       = gradient->out + begin * (size_t)io->out_shape.c;

    (void)part;
    for (size_t pixel = begin; pixel < end; pixel++)
        for (int32_t k = 0; k < io->n_in; k++) {
            size_t c  = (size_t)io->in[k].shape.c;
            float *dx = gradient->in[k] != NULL ? gradient->in[k] + pixel * c : NULL;
            if (dx != NULL && gradient->accumulate[k])
                io->kernels->add(c, dx, dy, dx);
            else if (dx != NULL)
                memcpy(dx, dy, c * sizeof *dx);
            dy += c;
        }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call   = { options, io, gradient };
    size_t   pixels = skc__pixels(io->out_shape);

    skc__split(&call, skc__parts(io->threads, pixels, (size_t)io->out_shape.c), pixels,
               backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 3, 5, 3], [2, 3, 5, 4]]}",
    "{\"inputs\": [[1, 5, 3, 1], [1, 5, 3, 6], [1, 5, 3, 2]]}",
    NULL,
};

const skc_layer_ops skc__layer_concat = {
    .name       = "concat",
    .summary    = "channels of its inputs, one after the other",
    .min_inputs = 2,
    .max_inputs = SKC_MAX_INPUTS,
    .infer      = infer,
    .forward    = forward,
    .backward   = backward,
    .probes     = probes,
};
