/* correlation.h - what a convolution's passes are made of: which pixels meet which weights.
 *
 * Each place of a correlation's result is the sum of the pixels under some taps, times weights.
 * Forward is one. The gradient of the input is stride_h x stride_w of them, one for the pixels of
 * each phase (row % stride_h, column % stride_w), which meet other taps of the kernel; each steps
 * through the gradient of the output pixel by pixel.
 */
#ifndef SKC_LAYERS_CORRELATION_H
#define SKC_LAYERS_CORRELATION_H

#include "layers/convolution.h"

/* One direction. Tap t at place p meets pixel first + p step + t tap_step; it is
 * tap + t tap_stride of the kernel; the result is pixel origin + p spacing. Taps that meet the
 * picture nowhere are left out. */
typedef struct skc_along {
    int32_t places, step;
    int32_t first, taps, tap_step;
    int32_t tap, tap_stride;
    int32_t origin, spacing;
} skc_along;

typedef struct skc_correlation {
    skc_along h, w;
} skc_correlation;

skc_correlation skc__forward_correlation(const skc_window *window);
/* Every pixel of h x w by itself. */
skc_correlation skc__identity_correlation(int32_t h, int32_t w);

static inline size_t skc__taps_of(const skc_correlation *c)
{
    return (size_t)c->h.taps * (size_t)c->w.taps;
}

/* Goes through the phases that have taps; the pixels of others have no gradient. */
typedef struct skc_phases {
    const skc_window *window;
    int32_t           row, column;
    size_t            taps_before; /* of the phases before this one */
    skc_correlation   phase;
} skc_phases;

skc_phases skc__phases(const skc_window *window);
bool       skc__next_phase(skc_phases *phases);
/* No pixel is without gradient. */
bool       skc__phases_cover(const skc_window *window);

/* ---------------------------------------------------------------- packed weights */

/* Weights of all correlations of a pass, packed in blocks of a group and some columns. */
typedef struct skc_packing {
    const skc_kernels     *kernels;
    const skc_convolution *c;
    bool                   backward;
    size_t                 depth, columns; /* of a group: channels summed over, and made */
} skc_packing;

/* A block's columns, as of all groups' channels, and where its weights stand. */
typedef struct skc_packed_block {
    size_t group, column, columns, offset;
} skc_packed_block;

skc_packing skc__packing(const skc_kernels *kernels, const skc_convolution *c, bool backward);
size_t      skc__packing_floats(const skc_packing *p);
size_t      skc__packing_blocks(const skc_packing *p);
void        skc__pack_blocks(const skc_packing *p, const float *weights, size_t begin, size_t end,
                             float *packed);
/* Block `number` of the correlation behind those with taps_before taps. */
skc_packed_block skc__packed_block(const skc_packing *p, const skc_correlation *c,
                                   size_t taps_before, size_t number);

/* ---------------------------------------------------------------- bands */

/* How a source is read in a call: where it is stored, or from a buffer. For places a..b-1 these
 * are rows a step + low .. (b - 1) step + high, with `left` and `right` pixels of zeros. */
typedef struct skc_reading {
    skc_source source;
    bool       in_place;
    int32_t    step, low, high, left, right;
    size_t     row, pixel; /* values from one to the next */
} skc_reading;

/* For the correlations that are given to skc__widen then, one at least; of one step. */
skc_reading skc__reading(const skc_source *source);
void        skc__widen(skc_reading *r, const skc_correlation *c);

/* Rows begin..end-1 of places, counted through pictures of `height` each. */
typedef struct skc_band {
    size_t begin, end, height;
} skc_band;

/* What of a band lies in one picture: rows begin..end-1 of it. */
typedef struct skc_segment {
    size_t  picture;
    int32_t begin, end;
} skc_segment;

/* For `at` from the band's begin on; the next segment is end - begin further. */
skc_segment skc__segment_at(const skc_band *b, size_t at);

/* Floats that a band of so many rows takes at most. */
size_t skc__band_floats(const skc_reading *r, size_t rows, size_t height, size_t pictures);
/* Adds what is stored of the rows that a band reads to a list of what will be read soon. */
void   skc__band_ahead(const skc_reading *r, const skc_band *b, skc_ahead *ahead);
/* Has what is in such a list brought to a near cache, from another cache or from far. */
void   skc__bring(const skc_ahead *ahead, bool far);
/* The same of what a band reads in place. */
void   skc__foresee_band(const skc_reading *r, const skc_band *b, bool far);
/* Copies what a band reads to `to`, unless it is read in place. */
void   skc__fetch_band(const skc_reading *r, const skc_kernels *kernels, const skc_band *b,
                       float *to);
/* Makes the list of the pixels under the first tap of each place of a band, which was fetched to
 * `buffer`; returns its length. */
size_t skc__list_pixels(const skc_reading *r, const skc_correlation *c, const skc_band *b,
                        const float *buffer, const float **list);
/* Makes the list of a band's places in `out`. */
void   skc__list_places(const skc_correlation *c, const skc_band *b, float *out, skc_shape shape,
                        float **list);

/* ---------------------------------------------------------------- products */

/* Where the taps that a place reads stand, from its first one: rows of the kernel, where their
 * pixels lie one behind the other in memory, else single taps. Offsets are linear in tap. */
typedef struct skc_tap_runs {
    size_t    count, length, joined; /* joined: taps of a run */
    ptrdiff_t row, column;           /* values from tap to tap */
} skc_tap_runs;

skc_tap_runs skc__tap_runs(const skc_reading *r, const skc_correlation *c, size_t groups,
                           size_t channels);

/* What a band makes, block by block of the packed weights of the correlation behind those with
 * taps_before taps. Of `product` m, left, out, bias, low, high and accumulate are given. */
void skc__multiply_band(const skc_packing *packing, const skc_correlation *c, size_t taps_before,
                        const float *packed, const skc_reading *r, skc_product product);

#endif
