/* input.h - from a picture to a network's input: the same steps in training and inference. */
#ifndef SKC_MODEL_INPUT_H
#define SKC_MODEL_INPUT_H

#include "image/image.h"

/* Brings a picture to the size that it is sampled at (skc__staged_side). *staged points into the
 * picture itself where it is small enough (*block is then NULL), else into *block, which the caller
 * releases with `allocator`. */
skc_status skc__input_stage(const skc_image *image, const skc_preprocessing *p,
                            const skc_allocator *allocator, skc_pixels *staged, void **block,
                            skc_error *err);

/* (height, width, 3) of 0..255 to the network's range. */
void skc__input_normalise(const skc_kernels *kernels, const skc_preprocessing *p,
                          const float *sampled, float *out);

#endif
