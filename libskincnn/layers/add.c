/* add.c - the sum of its inputs: shortcuts of residual networks. */
#include "layers/geometry.h"

#include <math.h>
#include <string.h>

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)context;
    for (int32_t k = 1; k < n_in; k++)
        if (!skc__shape_equal(in[k], in[0]))
            return skc__fail(err, SKC_EMISMATCH,
                             "add: input %d is %dx%d with %d channels, input 1 %dx%d with %d",
                             k + 1, in[k].h, in[k].w, in[k].c, in[0].h, in[0].w, in[0].c);
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

/* Threads split the numbers; below, work goes by blocks that stay in the first-level cache. */
enum { BLOCK = 4096 };

static size_t block_length(size_t at, size_t end)
{
    return end - at < BLOCK ? end - at : BLOCK;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io = call->io;

    (void)part;
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t length = block_length(at, end);
        float *y      = io->out + at;

        io->kernels->add(length, io->in[0].data + at, io->in[1].data + at, y);
        for (int32_t k = 2; k < io->n_in; k++)
            io->kernels->add(length, y, io->in[k].data + at, y);
        if (io->low > -INFINITY || io->high < INFINITY)
            io->kernels->clamp(length, io->low, io->high, y, y);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call  = { options, io, NULL };
    size_t   count = skc__shape_count(io->out_shape);

    skc__split(&call, skc__parts(io->threads, count, (size_t)io->n_in), count, forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_gradient *gradient = call->gradient;

    (void)part;
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t       length = block_length(at, end);
        const float *dy     = gradient->out + at;

        for (int32_t k = 0; k < call->io->n_in; k++) {
            float *dx = gradient->in[k] != NULL ? gradient->in[k] + at : NULL;
            if (dx != NULL && gradient->accumulate[k])
                call->io->kernels->add(length, dx, dy, dx);
            else if (dx != NULL && dx != dy)
                memcpy(dx, dy, length * sizeof *dx);
        }
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call  = { options, io, gradient };
    size_t   count = skc__shape_count(io->out_shape);

    skc__split(&call, skc__parts(io->threads, count, (size_t)io->n_in), count, backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 3, 5, 7], [2, 3, 5, 7]]}",
    "{\"inputs\": [[1, 5, 3, 2], [1, 5, 3, 2], [1, 5, 3, 2]]}",
    NULL,
};

const skc_layer_ops skc__layer_add = {
    .name              = "add",
    .summary           = "sum of its inputs",
    .min_inputs        = 2,
    .max_inputs        = SKC_MAX_INPUTS,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .absorbs_clamp     = true,
    .probes            = probes,
};
