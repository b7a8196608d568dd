/* winograd.h - the transforms of Winograd's F(4x4, 3x3): what its kernel rows are given.
 *
 * Four by four outputs of a 3x3 convolution come from six by six inputs by 36 products instead of
 * 144: y = A' ((G g G') . (B' x B)) A (Lavin and Gray, CVPR 2016), ' for the transposed and . for
 * the product of each of the 36 positions. The interpolation points 0, +-5/8, +-3/2, infinity give
 * a fifth of the error of the customary 0, +-1, +-2, infinity, and all entries of A and B are exact
 * in binary; docs/decisions/0009-winograd.md has the bound.
 */
#ifndef SKC_KERNELS_WINOGRAD_H
#define SKC_KERNELS_WINOGRAD_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SKC_WINOGRAD_TILE      = 4, /* outputs in a row of a tile */
    SKC_WINOGRAD_WINDOW    = 6, /* inputs in a row of a tile */
    SKC_WINOGRAD_POSITIONS = 36
};

/* Tiles side by side in a picture. In rows of pixels, tile t begins with pixel first + 4 t; pixels
 * outside 0..width-1, and those of rows that are NULL, read as zeros and are not written. Value
 * (position, tile, channel) of the transformed side stands at position position_step + tile
 * channels + channel. */
typedef struct skc_winograd_tiles {
    size_t    tiles, channels;
    ptrdiff_t first, width;
    size_t    pixel_step; /* values from a pixel to the next */
    size_t    position_step;
} skc_winograd_tiles;

/* What is done to outputs on their way. */
typedef struct skc_winograd_finish {
    bool         accumulate; /* adds to what is there, before the clamp */
    const float *bias;       /* [channels]; NULL: 0 */
    float        low, high;  /* -inf, inf: no clamp */
    bool         stream;     /* past the caches where a set can: it will not be read soon */
} skc_winograd_finish;

/* 3x3 filters: value (filter, tap, channel) stands at filter filter_step + tap tap_step + channel,
 * its transform at position position_step + filter channels + channel. */
typedef struct skc_winograd_filters {
    size_t    filters, channels;
    ptrdiff_t filter_step, tap_step;
    size_t    position_step;
} skc_winograd_filters;

/* The points a and b, and what follows from them. G has the divisors of the other two. */
#define SKC_WINOGRAD_A  0.625f
#define SKC_WINOGRAD_B  1.5f
#define SKC_WINOGRAD_A2 (SKC_WINOGRAD_A * SKC_WINOGRAD_A)
#define SKC_WINOGRAD_B2 (SKC_WINOGRAD_B * SKC_WINOGRAD_B)
#define SKC_WINOGRAD_A3 (SKC_WINOGRAD_A2 * SKC_WINOGRAD_A)
#define SKC_WINOGRAD_B3 (SKC_WINOGRAD_B2 * SKC_WINOGRAD_B)
#define SKC_WINOGRAD_G0 (1 / (SKC_WINOGRAD_A2 * SKC_WINOGRAD_B2))
#define SKC_WINOGRAD_GA (1 / (2 * SKC_WINOGRAD_A2 * (SKC_WINOGRAD_A2 - SKC_WINOGRAD_B2)))
#define SKC_WINOGRAD_GB (1 / (2 * SKC_WINOGRAD_B2 * (SKC_WINOGRAD_B2 - SKC_WINOGRAD_A2)))

/* The scalar set's rows. */
void skc__scalar_winograd_input(const skc_winograd_tiles *tiles, const float *const row[6],
                                float *v);
void skc__scalar_winograd_output(const skc_winograd_tiles *tiles, const float *m,
                                 const skc_winograd_finish *finish, float *const row[4]);
void skc__scalar_winograd_gradient(const skc_winograd_tiles *tiles, const float *const row[4],
                                   float *y);
void skc__scalar_winograd_filters(const skc_winograd_filters *filters, const float *g, float *u);
void skc__scalar_winograd_filters_gradient(const skc_winograd_filters *filters, const float *du,
                                           float *dg);

#endif
