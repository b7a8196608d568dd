/* quality.h - the measures behind skc_image_quality, apart from the decision. */
#ifndef SKC_IMAGE_QUALITY_H
#define SKC_IMAGE_QUALITY_H

#include "image/image.h"

/* The copy that is measured: its shorter side is at most SKC_QUALITY_SIDE, its longer one at most
 * four times that (pictures that are longer are squeezed). */
enum { SKC_QUALITY_SIDE = 128, SKC_QUALITY_LONGEST = 4 * SKC_QUALITY_SIDE };

typedef struct skc_quality_copy {
    int32_t  width, height;
    uint8_t *rgb;    /* (height, width, 3) */
    float   *luma;   /* (height, width) 0..255; each level of smoothing overwrites it */
    float   *smooth; /* (height, width) */
    float   *row;    /* (width + 2 x SKC_QUALITY_PADDING) */
} skc_quality_copy;

enum { SKC_QUALITY_PADDING = 16 }; /* what the widest filter reads beyond a row's end */

/* Mean, deviation, clipped shares, white. */
void skc__quality_light(const skc_quality_copy *copy, skc_quality *out);
/* flat and edges. */
void skc__quality_flatness(const skc_quality_copy *copy, skc_quality *out);
void skc__quality_grid(const skc_quality_copy *copy, skc_quality *out);
void skc__quality_noise(const skc_quality_copy *copy, skc_quality *out);
/* sharpness and structure; overwrites the luma, and needs the noise. */
void skc__quality_sharpness(skc_quality_copy *copy, skc_quality *out);

#endif
