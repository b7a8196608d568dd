/* gradient.h - a layer made from a probe text, with buffers of its own, and the gradient checker.
 */
#ifndef TESTS_LAYERS_GRADIENT_H
#define TESTS_LAYERS_GRADIENT_H

#include "layers/layer.h"

/* Every buffer is a block of exactly the size that the layer asked for, so that the address
 * sanitizer sees a step too far. */
typedef struct probe {
    const skc_layer_ops *ops;
    skc_kernels          kernels;
    void                *config;
    skc_shape            shape[SKC_MAX_INPUTS];
    skc_layer_plan       plan;
    skc_layer_io         io;
    skc_layer_gradient   gradient;
    float               *in[SKC_MAX_INPUTS], *param[SKC_MAX_PARAMS], *stat[SKC_MAX_PARAMS];
    float               *d_in[SKC_MAX_INPUTS], *d_param[SKC_MAX_PARAMS], *d_out;
    size_t               in_count[SKC_MAX_INPUTS], param_count[SKC_MAX_PARAMS], out_count;
} probe;

/* Makes a layer of `ops` from {"inputs": [[n, h, w, c], ...], options} and fills in parameters,
 * inputs (away from kinks and ties) and an incoming gradient. The test fails where the layer does
 * not take them. */
probe *probe_create(const skc_layer_ops *ops, const char *text, const char *kernels,
                    int32_t threads, bool training);

/* The same with pictures `times` as high and wide, and 2 `times` as many, where `times` > 1. */
probe *probe_create_large(const skc_layer_ops *ops, const char *text, const char *kernels,
                          int32_t threads, bool training, int32_t times);
void   probe_free(probe *p);
void   probe_forward(probe *p);
/* Gradients of inputs set to NaN, of parameters to 0, then backward: all are wanted. */
void   probe_backward(probe *p);

/* Status of infer for the options and inputs in `text`; the message goes into err. */
skc_status probe_infer(const skc_layer_ops *ops, const char *text, const skc_plan_context *context,
                       skc_layer_plan *plan, skc_error *err);

size_t param_elements(const skc_param_spec *spec);

/* Compares backward with central differences of sum(d_out out), every element of every input and
 * trained parameter, overwriting and adding. false: `report` says where they differ first. */
bool gradients_agree(const skc_layer_ops *ops, const char *text, const char *kernels, bool training,
                     char report[256]);

#endif
