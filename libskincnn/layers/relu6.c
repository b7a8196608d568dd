/* relu6.c - y = min(max(x, 0), 6). */
#include "layers/clamp.h"

static const skc_range range = { 0, 6 };

static void forward(const void *options, const skc_layer_io *io)
{
    (void)options;
    skc__clamp_forward(&range, io);
}

static void backward(const void *options, const skc_layer_io *io,
                     const skc_layer_gradient *gradient)
{
    (void)options;
    skc__clamp_backward(&range, io, gradient);
}

static void as_clamp(const void *options, float *low, float *high)
{
    (void)options;
    *low  = range.low;
    *high = range.high;
}

const skc_layer_ops skc__layer_relu6 = {
    .name              = "relu6",
    .summary           = "limits numbers to 0..6",
    .min_inputs        = 1,
    .max_inputs        = 1,
    .backward_reads    = SKC_BACKWARD_READS_OUTPUT,
    .in_place          = true,
    .in_place_backward = true,
    .infer             = skc__clamp_infer,
    .forward           = forward,
    .backward          = backward,
    .as_clamp          = as_clamp,
    .int8              = SKC_INT8_SUM,
    .probes            = (const char *const[]){ "{\"inputs\": [[2, 5, 3, 7]]}", NULL },
};
