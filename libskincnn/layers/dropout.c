/* dropout.c - in training each number becomes 0 with probability `rate`, the others grow to keep
 * the mean (Srivastava et al., JMLR 15, 2014).
 *
 * The mask is drawn from (seed of this layer in this step, block), in backward once more: nothing
 * is kept, and any number of threads draws the same one.
 */
#include "layers/geometry.h"

#include <string.h>

typedef struct dropout {
    float rate;
} dropout;

static const skc_field fields[] = { { "rate", SKC_FIELD_FLOAT, offsetof(dropout, rate), true, 0, 0,
                                      0.99, "share of the numbers that become 0" },
                                    { .name = NULL } };

enum { BLOCK = 4096 };

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    (void)options, (void)n_in, (void)context, (void)err;
    *out = (skc_layer_plan){ .out = in[0] };
    return SKC_OK;
}

/* y = x times the mask of a block, or added to y. */
static void mask_block(const dropout *config, skc_random random, size_t count, const float *x,
                       bool accumulate, float *y)
{
    float grow = 1 / (1 - config->rate);

    for (size_t i = 0; i < count; i++) {
        float masked = skc__random_uniform(&random) >= config->rate ? x[i] * grow : 0;
        y[i]         = accumulate ? y[i] + masked : masked;
    }
}

/* Blocks begin..end-1, forward or backward. */
static void mask_part(const skc_call *call, size_t begin, size_t end, int32_t part)
{
    const skc_layer_io       *io       = call->io;
    const skc_layer_gradient *gradient = call->gradient;
    size_t                    count    = skc__shape_count(io->out_shape);
    const float              *x        = gradient != NULL ? gradient->out : io->in[0].data;
    float                    *y        = gradient != NULL ? gradient->in[0] : io->out;

    (void)part;
    for (size_t block = begin; block < end; block++) {
        size_t at = block * BLOCK, length = count - at < BLOCK ? count - at : BLOCK;
        mask_block(call->config, skc__random_stream(io->seed, block, 0), length, x + at,
                   gradient != NULL && gradient->accumulate[0], y + at);
    }
}

static void mask(const skc_call *call)
{
    size_t count  = skc__shape_count(call->io->out_shape);
    size_t blocks = (count + BLOCK - 1) / BLOCK;

    skc__split(call, skc__parts(call->io->threads, blocks, BLOCK), blocks, mask_part);
}

static void forward(const void *options, const skc_layer_io *io)
{
    skc_call call = { options, io, NULL };

    if (io->training)
        mask(&call);
    else if (io->out != io->in[0].data)
        memcpy(io->out, io->in[0].data, skc__shape_count(io->out_shape) * sizeof(float));
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    skc_call call  = { options, io, gradient };
    size_t   count = skc__shape_count(io->out_shape);
    float   *dx    = gradient->in[0];

    if (dx == NULL)
        return;
    if (io->training)
        mask(&call);
    else if (gradient->accumulate[0])
        io->kernels->add(count, dx, gradient->out, dx);
    else if (dx != gradient->out)
        memcpy(dx, gradient->out, count * sizeof(float));
}

const skc_layer_ops skc__layer_dropout = {
    .name                  = "dropout",
    .summary               = "in training, becomes 0 at random",
    .config_size           = sizeof(dropout),
    .fields                = fields,
    .min_inputs            = 1,
    .max_inputs            = 1,
    .in_place              = true,
    .in_place_backward     = true,
    .infer                 = infer,
    .forward               = forward,
    .backward              = backward,
    .identity_at_inference = true,
    .probes = (const char *const[]){ "{\"inputs\": [[2, 5, 3, 7]], \"rate\": 0.3}", NULL },
};
