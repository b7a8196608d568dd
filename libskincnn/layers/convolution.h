/* convolution.h - one call of conv2d, as its ways of computing it see it.
 *
 * conv2d.c chooses by a fixed rule on the shape, never by timing: winograd.c where
 * skc__winograd_suits and the run is not compact, else direct.c.
 */
#ifndef SKC_LAYERS_CONVOLUTION_H
#define SKC_LAYERS_CONVOLUTION_H

#include "layers/band.h"

typedef struct skc_convolution {
    skc_window window;
    size_t     groups, c_in, c_out; /* channels of one group; pixels hold those of all groups */
    size_t     pictures;            /* of this call; when planning, the most */
    size_t     planned_pictures;
    int32_t    threads;
    bool       training;               /* when planning: scratch for backward too */
    bool       compact;                /* inference with weights packed into scratch at each call */
    const skc_window_options *pooling; /* of the max_pool that it does itself; NULL: none */
} skc_convolution;

/* ---------------------------------------------------------------- any window */

/* Values of the input that a thread holds at most, to be checked before the bytes are asked for. */
size_t skc__direct_band_values(const skc_convolution *c);
/* Bytes of prepared weights (forward), and of scratch for forward with prepared weights, or, in
 * training, for forward and backward with none, or, compact, for forward with none. */
size_t skc__direct_prepared_bytes(const skc_convolution *c);
size_t skc__direct_scratch_bytes(const skc_convolution *c);
void   skc__direct_prepare(const skc_convolution *c, const skc_layer_io *io, void *prepared);
/* io: views are applied, bias added, low and high applied; io->prepared NULL: weights are packed
 * into scratch first. */
void   skc__direct_forward(const skc_convolution *c, const skc_layer_io *io);
/* All that gradient wants, but the bias. */
void   skc__direct_backward(const skc_convolution *c, const skc_layer_io *io,
                            const skc_layer_gradient *gradient);

/* ---------------------------------------------------------------- 3x3, stride 1 */

/* Winograd's F(4x4, 3x3) (Lavin and Gray, CVPR 2016), all three passes: whether it is the way for
 * this shape. The rule looks at the picture's size, the channels and the planned number of
 * pictures only. */
bool   skc__winograd_suits(const skc_convolution *c);
/* Whether it does c->pooling itself: windows must not lie across rows of tiles. */
bool   skc__winograd_pools(const skc_convolution *c);
size_t skc__winograd_prepared_bytes(const skc_convolution *c);
size_t skc__winograd_scratch_bytes(const skc_convolution *c);
void   skc__winograd_prepare(const skc_convolution *c, const skc_layer_io *io, void *prepared);
void   skc__winograd_forward(const skc_convolution *c, const skc_layer_io *io);
void   skc__winograd_backward(const skc_convolution *c, const skc_layer_io *io,
                              const skc_layer_gradient *gradient);

#endif
