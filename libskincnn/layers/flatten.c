/* flatten.c - all numbers of a picture in one row: (n, h, w, c) -> (n, 1, 1, h w c). */
#include "layers/geometry.h"

#include <string.h>

static skc_status infer(const void *options, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    size_t     count = skc__shape_count((skc_shape){ 1, in[0].h, in[0].w, in[0].c });
    skc_status status;
    skc_shape  shape = { in[0].n, 1, 1, count <= INT32_MAX ? (int32_t)count : 0 };

    (void)options, (void)n_in, (void)context;
    status = skc__check_shape("flatten", shape, err);
    if (status == SKC_OK)
        *out = (skc_layer_plan){ .out = shape };
    return status;
}

static void forward(const void *options, const skc_layer_io *io)
{
    (void)options;
    if (io->out != io->in[0].data)
        memcpy(io->out, io->in[0].data, skc__shape_count(io->out_shape) * sizeof(float));
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    size_t count = skc__shape_count(io->out_shape);
    float *dx    = gradient->in[0];

    (void)options;
    if (dx != NULL && gradient->accumulate[0])
        io->kernels->add(count, dx, gradient->out, dx);
    else if (dx != NULL && dx != gradient->out)
        memcpy(dx, gradient->out, count * sizeof(float));
}

const skc_layer_ops skc__layer_flatten = {
    .name              = "flatten",
    .summary           = "all numbers of a picture in one row",
    .min_inputs        = 1,
    .max_inputs        = 1,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = infer,
    .forward           = forward,
    .backward          = backward,
    .int8              = SKC_INT8_COPY,
    .probes            = (const char *const[]){ "{\"inputs\": [[2, 3, 5, 7]]}", NULL },
};
