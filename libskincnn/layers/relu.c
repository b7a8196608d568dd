/* relu.c - y = max(x, 0). */
#include "layers/clamp.h"

#include <math.h>

static const skc_range range = { 0, INFINITY };

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

const skc_layer_ops skc__layer_relu = {
    .name              = "relu",
    .summary           = "every negative number becomes 0",
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
