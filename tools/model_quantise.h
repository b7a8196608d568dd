/* model_quantise.h - `skincnn-model quantise`: weights and activations of 8 bits. */
#ifndef SKC_TOOLS_MODEL_QUANTISE_H
#define SKC_TOOLS_MODEL_QUANTISE_H
#include "cli.h"

typedef struct quantise_settings {
    const char *manifest, *kernels;
    int32_t     split, count, threads;
    bool        force, json;
} quantise_settings;

extern const cli_option quantise_options[];

int quantise_run(const cli_call *call); /* MODEL OUT */

#endif
