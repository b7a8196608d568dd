/* image.h - pictures inside the library: the struct, and sampling for network input.
 * Floor 1. */
#ifndef SKC_IMAGE_IMAGE_H
#define SKC_IMAGE_IMAGE_H

#include "core/memory.h"
#include "core/random.h"
#include "kernels/kernels.h"

/* A picture carries what its runtime chose: where its memory comes from and who works on it. */
struct skc_image {
    skc_allocator allocator;
    skc_kernels   kernels;
    int32_t       width, height;
    uint8_t      *pixels; /* (height, width, 3) */
};

/* Pixels that belong to somebody else: a picture of the cache, or an skc_image's. */
typedef struct skc_pixels {
    const uint8_t *data; /* (height, width, 3) */
    int32_t        width, height;
} skc_pixels;

/* Scales into a buffer of width x height x 3 bytes, the same on every kernel set. Per axis: the
 * mean of what a pixel covers where the picture shrinks, linear where it grows, a copy where the
 * size is the same. Values are averaged as stored, without a gamma curve: what the networks are
 * trained on matters, not photometry. */
skc_status skc__pixels_resize(const skc_kernels *kernels, skc_pixels source, int32_t width,
                              int32_t height, const skc_allocator *allocator, uint8_t *out,
                              skc_error *err);

/* The size a picture is brought to before it is sampled, at inference and in the training cache
 * alike: the shorter side at most `side`, aspect kept, never enlarged. */
void skc__staged_size(int32_t width, int32_t height, int32_t side, int32_t *out_width,
                      int32_t *out_height);

/* Where each pixel of a network's input comes from: source = matrix x (column, row, 1), all in
 * pixel units with pixel centres at +0.5. */
typedef struct skc_sampling {
    float matrix[2][3];
} skc_sampling;

/* No augmentation: the fit, nothing else. symmetry 0..7: one of the square's (0 is identity). */
skc_sampling skc__sampling_plain(int32_t width, int32_t height, const skc_preprocessing *p,
                                 int32_t symmetry);
/* A random crop, flip and rotation within the fit. */
skc_sampling skc__sampling_random(int32_t width, int32_t height, const skc_preprocessing *p,
                                  const skc_augmentation *augmentation, skc_random *random);

/* Bilinear; coordinates outside are mirrored at the border. out (height, width, 3), 0..255. */
void skc__sample(const skc_kernels *kernels, skc_pixels source, const skc_sampling *sampling,
                 int32_t width, int32_t height, float *out);

/* Random brightness, contrast, saturation, hue, then cut-out, on (height, width, 3) in 0..255. */
void skc__augment_colour(const skc_kernels *kernels, const skc_augmentation *augmentation,
                         skc_random *random, int32_t height, int32_t width, float *pixels);

/* The shorter side that pictures are staged at for a network's input: 1.25 x its larger side, so
 * that crops and rotations still have detail to draw from. */
int32_t skc__staged_side(const skc_preprocessing *p);

#endif
