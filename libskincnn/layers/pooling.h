/* pooling.h - max pooling by the layer before, which has the rows that are pooled in a near cache.
 */
#ifndef SKC_LAYERS_POOLING_H
#define SKC_LAYERS_POOLING_H

#include "layers/band.h"
#include "layers/convolution.h"

/* What a kernel must know of one row of a pool. */
skc_max_pool skc__pool_row(const skc_window *window, int32_t channels);

/* Where pooled rows go. */
typedef struct skc_pooler {
    const skc_kernels *kernels;
    skc_window         window; /* over the picture that is pooled */
    int32_t            channels;
    float             *y;      /* (n, window.h.out, window.w.out, channels) */
    uint16_t          *chosen; /* as y; NULL: not asked for */
} skc_pooler;

/* Of a convolution's outputs, with c->pooling. */
skc_window skc__pool_window(const skc_convolution *c);
skc_pooler skc__pooler(const skc_convolution *c, const skc_layer_io *io);

/* Makes rows begin..end-1 of a picture's pool. `strip` holds the rows of the picture that they
 * read, whole and one behind the other, from row `first` on. */
void skc__pool_rows(const skc_pooler *p, size_t picture, int32_t begin, int32_t end,
                    const float *strip, int32_t first);

/* The gradient of a convolution's outputs, pooled or not. */
skc_source skc__convolution_gradient(const skc_convolution *c, const skc_layer_io *io,
                                     const skc_layer_gradient *gradient);

#endif
