/* clamp.h - what relu and relu6 share: y = min(max(x, low), high). */
#ifndef SKC_LAYERS_CLAMP_H
#define SKC_LAYERS_CLAMP_H

#include "layers/geometry.h"

typedef struct skc_range {
    float low, high;
} skc_range;

/* The output has the shape of the input. */
skc_status skc__clamp_infer(const void *options, const skc_shape *in, int32_t n_in,
                            const skc_plan_context *context, skc_layer_plan *out, skc_error *err);
void       skc__clamp_forward(const skc_range *range, const skc_layer_io *io);
void       skc__clamp_backward(const skc_range *range, const skc_layer_io *io,
                               const skc_layer_gradient *gradient);

#endif
