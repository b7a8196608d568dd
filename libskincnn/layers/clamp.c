/* clamp.c - what relu and relu6 share: y = min(max(x, low), high). */
#include "layers/clamp.h"

skc_status skc__clamp_infer(const void *options, const skc_shape *in, int32_t n_in,
                            const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)n_in, (void)context, (void)err;
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

static void forward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_range    *range = call->config;
    const skc_layer_io *io    = call->io;

    (void)part;
    io->kernels->clamp(end - begin, range->low, range->high, io->in[0].data + begin,
                       io->out + begin);
}

void skc__clamp_forward(const skc_range *range, const skc_layer_io *io)
{
    skc_call call  = { range, io, NULL };
    size_t   count = skc__shape_count(io->out_shape);

    skc__split(&call, skc__parts(io->threads, count, 1), count, forward_part);
}

static void backward_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_range          *range    = call->config;
    const skc_layer_gradient *gradient = call->gradient;

    (void)part;
    call->io->kernels->clamp_backward(end - begin, range->low, range->high, call->io->out + begin,
                                      gradient->out + begin, gradient->accumulate[0],
                                      gradient->in[0] + begin);
}

void skc__clamp_backward(const skc_range *range, const skc_layer_io *io,
                         const skc_layer_gradient *gradient)
{
    skc_call call  = { range, io, gradient };
    size_t   count = skc__shape_count(io->out_shape);

    if (gradient->in[0] != NULL)
        skc__split(&call, skc__parts(io->threads, count, 1), count, backward_part);
}
