/* band.h - rows of pixels on their way into a convolution: viewed, and with zeros around them.
 *
 * A convolution works on a band: some rows of its input, copied with the padding around them into
 * a buffer that stays in the second-level cache. The copy costs little beside the product; with it
 * a view costs nothing more, and no inner loop knows of edges.
 */
#ifndef SKC_LAYERS_BAND_H
#define SKC_LAYERS_BAND_H

#include "layers/geometry.h"

/* How the gradient of what was pooled is read where only that of the pool is stored: each number
 * of it goes to the pixel that was chosen, the others are zeros. */
typedef struct skc_unpooling {
    bool            on;
    skc_window      window; /* over the picture that was pooled */
    const uint16_t *chosen; /* (n, window.h.out, window.w.out, c) */
    float          *row;    /* room for a row of the pool's gradient, of the thread that fetches;
                               may be NULL where its view does no more than cut */
} skc_unpooling;

/* Where rows come from: an input with its view, or an output's gradient with its view. */
typedef struct skc_source {
    const float      *data; /* x or dy (n, h, w, c); with unpooling dy is the pool's */
    const float      *z;    /* of a gradient: the layer's output; NULL: an input */
    skc_shape         shape;
    skc_view          view;          /* of an input */
    skc_gradient_view gradient_view; /* of a gradient */
    skc_unpooling     unpooling;     /* of a gradient, behind its view */
} skc_source;

skc_source skc__input_source(const skc_layer_io *io, int32_t k);
skc_source skc__gradient_source(const skc_layer_io *io, const skc_layer_gradient *gradient);

/* Whether rows can be read where they are stored: no view, no unpooling. */
bool skc__source_is_plain(const skc_source *source);

/* Writes rows first..first + count - 1 of a picture (rows outside are zeros) to `to`, each as
 * `left` zero pixels, the row, `right` zero pixels; pixels stand `pixel_stride` >= c values apart,
 * of which those beyond c are not written; unpooled they stand c apart. */
void skc__fetch_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                     int32_t first, int32_t count, int32_t left, int32_t right, size_t pixel_stride,
                     float *to);

/* The same of a source with unpooling, or adds them to what is there. */
void skc__unpool_rows(const skc_kernels *kernels, const skc_source *source, size_t picture,
                      int32_t first, int32_t count, int32_t left, int32_t right, bool accumulate,
                      float *to);

/* Writes pixels begin..end-1, counted through all pictures, one after the other. No unpooling. */
void skc__fetch_pixels(const skc_kernels *kernels, const skc_source *source, size_t begin,
                       size_t end, float *to);

#endif
