/* global_avg_pool.c - the mean of each channel over all pixels: (n, h, w, c) -> (n, 1, 1, c). */
#include "layers/band.h"
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

/* Scratch: sums for each part, then a viewed block for each. */
static double *sums_of(const skc_layer_io *io, int32_t part)
{
    return (double *)io->scratch + (size_t)part * (size_t)io->out_shape.c;
}

static float *block_of(const skc_layer_io *io, int32_t part)
{
    size_t c = (size_t)io->out_shape.c;

    return (float *)sums_of(io, parts_of(io->threads, io->in[0].shape)) +
           (size_t)part * skc__block(c) * c;
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t parts = (size_t)parts_of(context->threads, in[0]), c = (size_t)in[0].c;

    (void)options, (void)n_in, (void)err;
    *out = (skc_layer_plan){ .out           = { in[0].n, 1, 1, in[0].c },
                             .scratch_bytes = parts * c * sizeof(double) };
    if (context->training)
        out->scratch_bytes += parts * skc__block(c) * c * sizeof(float);
    return SKC_OK;
}

/* Adds up pixels begin..end-1. */
static void sum_pixels(const skc_layer_io *io, size_t begin, size_t end, float *block, double *sums)
{
    skc_source source = skc__input_source(io, 0);
    size_t     c      = (size_t)io->out_shape.c;

    if (skc__source_is_plain(&source)) {
        io->kernels->column_sums(end - begin, c, source.data + begin * c, sums);
        return;
    }
    for (size_t at = begin, next; at < end; at = next) {
        next = end - at < skc__block(c) ? end : at + skc__block(c);
        skc__fetch_pixels(io->kernels, &source, at, next, block);
        io->kernels->column_sums(next - at, c, block, sums);
    }
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io   = call->io;
    size_t              area = area_of(io->in[0].shape), c = (size_t)io->out_shape.c;
    double             *sums = sums_of(io, part);

    for (size_t picture = begin; picture < end; picture++) {
        memset(sums, 0, c * sizeof *sums);
        sum_pixels(io, picture * area, (picture + 1) * area, block_of(io, part), sums);
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
    .name        = "global_avg_pool",
    .summary     = "mean of each channel over all pixels",
    .min_inputs  = 1,
    .max_inputs  = 1,
    .infer       = infer,
    .forward     = forward,
    .backward    = backward,
    .reads_views = true,
    .int8        = SKC_INT8_MEAN,
    .probes      = (const char *const[]){ "{\"inputs\": [[3, 5, 7, 3]]}", NULL },
};
