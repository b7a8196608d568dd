/* input.c - from a picture to a network's input: the same steps in training and inference. */
#include "model/input.h"

skc_status skc__input_stage(const skc_image *image, const skc_preprocessing *p,
                            const skc_allocator *allocator, skc_pixels *staged, void **block,
                            skc_error *err)
{
    skc_pixels source = { image->pixels, image->width, image->height };
    int32_t    width, height;
    uint8_t   *pixels;
    skc_status status;

    skc__staged_size(image->width, image->height, skc__staged_side(p), &width, &height);
    *block  = NULL;
    *staged = source;
    if (width == image->width && height == image->height)
        return SKC_OK;
    pixels = skc__allocate(allocator, (size_t)width * (size_t)height * 3, err);
    if (pixels == NULL)
        return SKC_ENOMEM;
    status = skc__pixels_resize(&image->kernels, source, width, height, allocator, pixels, err);
    if (status != SKC_OK) {
        skc__release(allocator, pixels);
        return status;
    }
    *block  = pixels;
    *staged = (skc_pixels){ pixels, width, height };
    return SKC_OK;
}

void skc__input_normalise(const skc_kernels *kernels, const skc_preprocessing *p,
                          const float *sampled, float *out)
{
    const float scale[3] = { 1 / p->deviation[0], 1 / p->deviation[1], 1 / p->deviation[2] };

    kernels->normalise((size_t)p->height * (size_t)p->width, sampled, p->mean, scale, out);
}

int32_t skc_preprocessing_side(const skc_preprocessing *preprocessing)
{
    return skc__staged_side(preprocessing);
}
