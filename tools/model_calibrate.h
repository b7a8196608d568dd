/* model_calibrate.h - `skincnn-model calibrate`: temperature and operating points on pictures. */
#ifndef SKC_TOOLS_MODEL_CALIBRATE_H
#define SKC_TOOLS_MODEL_CALIBRATE_H
#include "cli.h"

typedef struct calibrate_settings {
    const char *manifest, *kernels;
    cli_list    malignant;
    int32_t     split, threads;
    double      sensitivity;
    bool        temperature, force, json;
} calibrate_settings;

extern const cli_option calibrate_options[];

int calibrate_run(const cli_call *call); /* MODEL OUT */

#endif
