/* add.c - the sum of its inputs: shortcuts of residual networks. */
#include "layers/band.h"
#include "layers/geometry.h"
#include "layers/tally.h"

#include <math.h>
#include <string.h>

/* Threads split pixels and go by blocks that stay in the first-level cache; each has a block of
 * scratch for what must be viewed. */
static int32_t parts_of(int32_t threads, skc_shape shape, int32_t n_in)
{
    return skc__parts(threads, skc__pixels(shape), (size_t)shape.c * (size_t)n_in);
}

static float *scratch_of(const skc_layer_io *io, int32_t part)
{
    size_t c = (size_t)io->out_shape.c;

    return (float *)io->scratch + (size_t)part * skc__block(c) * c;
}

static size_t block_end(const skc_layer_io *io, size_t at, size_t end)
{
    size_t most = skc__block((size_t)io->out_shape.c);

    return end - at < most ? end : at + most;
}

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t c = (size_t)in[0].c, parts = (size_t)parts_of(context->threads, in[0], n_in);

    (void)options;
    for (int32_t k = 1; k < n_in; k++)
        if (!skc__shape_equal(in[k], in[0]))
            return skc__fail(err, SKC_EMISMATCH,
                             "add: input %d is %dx%d with %d channels, input 1 %dx%d with %d",
                             k + 1, in[k].h, in[k].w, in[k].c, in[0].h, in[0].w, in[0].c);
    *out = (skc_layer_plan){ .out = in[0] };
    if (context->training)
        out->scratch_bytes = parts * skc__block(c) * c * sizeof(float);
    return SKC_OK;
}

/* Pixels begin..end-1 of input k: where they are or, viewed, in `block`. */
static const float *input_block(const skc_layer_io *io, int32_t k, size_t begin, size_t end,
                                float *block)
{
    skc_source source = skc__input_source(io, k);

    if (skc__source_is_plain(&source))
        return source.data + begin * (size_t)source.shape.c;
    skc__fetch_pixels(io->kernels, &source, begin, end, block);
    return block;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io    = call->io;
    size_t              c     = (size_t)io->out_shape.c;
    float              *block = scratch_of(io, part);

    for (size_t at = begin, next; at < end; at = next) {
        const float *sum;
        float       *y = io->out + at * c;

        next = block_end(io, at, end);
        sum  = input_block(io, 0, at, next, y);
        for (int32_t k = 1; k < io->n_in; k++, sum = y)
            io->kernels->add((next - at) * c, sum, input_block(io, k, at, next, block), y);
        if (io->low > -INFINITY || io->high < INFINITY)
            io->kernels->clamp((next - at) * c, io->low, io->high, y, y);
    }
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };

    skc__split(&call, parts_of(io->threads, io->out_shape, io->n_in), skc__pixels(io->out_shape),
               forward_part);
}

/* The gradient of the first input's pixels at..next-1, just written. */
static void tally_gradient(const skc_call *call, size_t at, size_t next, int32_t part)
{
    const skc_input *x     = &call->io->in[0];
    const size_t     first = at * (size_t)call->io->out_shape.c;

    if (skc__tally_on(&call->gradient->tally))
        skc__tally_products(&call->gradient->tally, call->io->kernels, part, next - at, &x->view,
                            x->data + first, call->gradient->in[0] + first);
}

/* Hands `values` numbers of the gradient from value `at` on to every input. */
static void hand_on(const skc_call *call, size_t at, size_t values, const float *dy)
{
    const skc_layer_gradient *gradient = call->gradient;

    for (int32_t k = 0; k < call->io->n_in; k++) {
        float *dx = gradient->in[k] != NULL ? gradient->in[k] + at : NULL;

        if (dx != NULL && gradient->accumulate[k])
            call->io->kernels->add(values, dx, dy, dx);
        else if (dx != NULL && dx != dy)
            memcpy(dx, dy, values * sizeof *dx);
    }
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io *io     = call->io;
    size_t              c      = (size_t)io->out_shape.c;
    skc_source          source = skc__gradient_source(io, call->gradient);
    float              *block  = scratch_of(io, part);

    for (size_t at = begin, next; at < end; at = next) {
        const float *dy = source.data + at * c;

        next = block_end(io, at, end);
        if (!skc__source_is_plain(&source)) {
            skc__fetch_pixels(io->kernels, &source, at, next, block);
            dy = block;
        }
        hand_on(call, at * c, (next - at) * c, dy);
        tally_gradient(call, at, next, part);
    }
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call = { options, io, gradient };

    skc__split(&call, parts_of(io->threads, io->out_shape, io->n_in), skc__pixels(io->out_shape),
               backward_part);
}

static const char *const probes[] = {
    "{\"inputs\": [[2, 3, 5, 7], [2, 3, 5, 7]]}",
    "{\"inputs\": [[1, 5, 3, 2], [1, 5, 3, 2], [1, 5, 3, 2]]}",
    NULL,
};

const skc_layer_ops skc__layer_add = {
    .name                 = "add",
    .summary              = "sum of its inputs",
    .min_inputs           = 2,
    .max_inputs           = SKC_MAX_INPUTS,
    .in_place             = true,
    .in_place_backward    = true,
    .infer                = infer,
    .forward              = forward,
    .backward             = backward,
    .reads_views          = true,
    .reads_gradient_views = true,
    .absorbs_clamp        = true,
    .int8                 = SKC_INT8_SUM,
    .probes               = probes,
};
