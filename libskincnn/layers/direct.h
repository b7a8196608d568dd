/* direct.h - what both directions of the direct way of convolution have in common. */
#ifndef SKC_LAYERS_DIRECT_H
#define SKC_LAYERS_DIRECT_H

#include "layers/correlation.h"

/* How a call is cut. The buffers that a thread has stand in its scratch in this order. */
typedef struct skc_direct_cut {
    skc_convolution c; /* its window flat, where it can be */
    skc_reading     x, dz;
    skc_shape       in, out;
    size_t  height, rows, band_rows;     /* of places: of a picture, of all, of a band at most */
    size_t  x_floats, dz_floats, pixels; /* pixels: of a list, at most */
    size_t  strip_floats;
    int32_t windows; /* forward, pooling: rows of the pool that a band makes */
    int32_t parts;
    bool    past;   /* what is made will not be read soon, and is more than caches hold */
    bool    far;    /* what is read does not stay in a last-level cache of the usual size */
    bool    turned; /* the gradient of the weights is (groups, patch, c_out) */
} skc_direct_cut;

/* What a part works with: bands, and two lists of pixels and one of places; forward with pooling, a
 * strip of outputs. */
typedef struct skc_direct_desk {
    float        *x, *dz, *strip;
    const float **left, **right;
    float       **out;
} skc_direct_desk;

/* One call, as its parts see it. */
typedef struct skc_direct_job {
    skc_direct_cut cut;
    skc_packing    packing;
    const float   *packed;
    float         *to_pack; /* NULL: packed before */
    float         *desks;
} skc_direct_job;

/* Weights of a filter, and of all. */
size_t skc__direct_patch(const skc_convolution *c);
size_t skc__direct_weights(const skc_convolution *c);

/* Whether groups of so many channels, which will not be read soon, are better written past the
 * caches: they are more than those hold, and whole cache lines. */
bool skc__direct_goes_past(size_t channels, skc_shape shape, const float *to);

/* Both gradients, or one, are computed from the same bands. */
skc_direct_cut skc__direct_backward_cut(const skc_convolution *c, const skc_source *x,
                                        const skc_source *dz, bool wants_data, bool wants_weights);

size_t          skc__direct_desk_floats(const skc_direct_cut *t);
skc_direct_desk skc__direct_desk_of(const skc_direct_job *j, int32_t part);

/* Scratch is packed weights, where there are none prepared, then the parts' desks. */
void skc__direct_start(skc_direct_job *j, const skc_layer_io *io, bool backward,
                       const void *prepared);

/* Band `number` of the `count`, as even as can be, that rows begin..end-1 make. */
skc_band skc__direct_band(const skc_direct_cut *t, size_t begin, size_t end, size_t number,
                          size_t count);
size_t   skc__direct_bands(const skc_direct_cut *t, size_t begin, size_t end);

/* Makes a band of outputs at the places that the desk lists; `next` (NULL: none) is the band whose
 * input is brought meanwhile. */
void skc__direct_convolve(const skc_direct_job *j, const skc_layer_io *io, const skc_band *b,
                          const skc_band *next, const skc_direct_desk *d);

/* direct_pooled.c: `rows` of the cut become those of the pool; and a part of forward. */
void skc__direct_pool_cut(skc_direct_cut *t);
void skc__direct_pooled_part(const skc_call *call, size_t begin, size_t end, int32_t part);

#endif
