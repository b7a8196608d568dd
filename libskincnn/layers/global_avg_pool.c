/* global_avg_pool.c - the mean of each channel over all pixels: (n, h, w, c) -> (n, 1, 1, c). */
#include "layers/geometry.h"

#include <string.h>

static size_t area_of(skc_shape shape)
{
    return (size_t)shape.h * (size_t)shape.w;
}

/* Threads split pictures. */
static int32_t parts_of(int32_t threads, skc_shape in)
{
    return skc__parts(threads, (size_t)in.n, area_of(in) * (size_t)in.c);
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t parts = (size_t)parts_of(context->threads, in[0]);

    (void)options, (void)n_in, (void)err;
    *out = (skc_layer_plan){ .out           = { in[0].n, 1, 1, in[0].c },
                             .scratch_bytes = parts * (size_t)in[0].c * sizeof(double) };
    return SKC_OK;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io   = call->io;
    size_t              area = area_of(io->in[0].shape), c = (size_t)io->out_shape.c;
    double             *sums = (double *)io->scratch + (size_t)part * c;

    for (size_t picture = begin; picture < end; picture++) {
        memset(sums, 0, c * sizeof *sums);
        io->kernels->column_sums(area, c, io->in[0].data + picture * area * c, sums);
        for (size_t i = 0; i < c; i++)
            io->out[picture * c + i] = (float)(sums[i] / (double)area);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };

    skc__split(&call, parts_of(io->threads, io->in[0].shape), (size_t)io->out_shape.n,
               forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    size_t                    area = area_of(io->in[0].shape), c = (size_t)io->out_shape.c;

    (void)part;
    for (size_t pixel = begin * area; pixel < end * area; pixel++) {
        const float *dy = gradient->out + pixel / area * c;
        float       *dx = gradient->in[0] + pixel * c;
        if (!gradient->accumulate[0])
            memset(dx, 0, c * sizeof *dx);
        io->kernels->axpy(c, 1 / (float)area, dy, dx);
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call = { options, io, gradient };

    if (gradient->in[0] != NULL)
        skc__split(&call, parts_of(io->threads, io->in[0].shape), (size_t)io->out_shape.n,
                   backward_part);
}

const skc_layer_ops skc__layer_global_avg_pool = {
    .name       = "global_avg_pool",
    .summary    = "mean of each channel over all pixels",
    .min_inputs = 1,
    .max_inputs = 1,
    .infer      = infer,
    .forward    = forward,
    .backward   = backward,
    .probes     = (const char *const[]){ "{\"inputs\": [[3, 5, 7, 3]]}", NULL },
};
