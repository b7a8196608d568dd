/* tally.h - sums over a tensor's pixels, by channel, made by whoever writes the tensor.
 *
 * A batchnorm needs them of its input and, going backward, of its output's gradient. The writer has
 * the numbers in a near cache; a pass of the batchnorm's own would fetch them from memory. The
 * graph offers a tally (io->tally, gradient->tally) to the layer that writes all of such a tensor.
 * That takes it up or not: where not all pixels were counted, the batchnorm makes the pass.
 */
#ifndef SKC_LAYERS_TALLY_H
#define SKC_LAYERS_TALLY_H

#include "layers/layer.h"

/* Bytes that a tally of so many parts needs; `memory` is aligned to a double. */
size_t    skc__tally_bytes(int32_t parts, size_t channels);
skc_tally skc__tally_at(void *memory, int32_t parts, size_t channels);

/* Nothing is counted yet: before the first pixel. */
void skc__tally_clear(const skc_tally *tally);

/* Whether one was asked for. */
static inline bool skc__tally_on(const skc_tally *tally)
{
    return tally->parts > 0;
}

/* Counts `pixels` more pixels in a part's sums: of z and z^2 about a pixel like them, so that the
 * variance does not cancel; `about` is it where these are the part's first ... */
void skc__tally_moments(const skc_tally *tally, const skc_kernels *kernels, int32_t part,
                        size_t pixels, const float *z, const float *about);
/* ... or of dy and dy (z - mean), dy without what the clamp of z's view cut (view NULL: nothing).
 */
void skc__tally_products(const skc_tally *tally, const skc_kernels *kernels, int32_t part,
                         size_t pixels, const skc_view *view, const float *z, const float *dy);

/* Pixels counted by all parts. */
size_t skc__tally_pixels(const skc_tally *tally);

/* The sums of all parts, added in their order into those of part 0, which has counted pixels, and
 * which are returned: sums, then sums of squares or products, of each channel. Moments come to be
 * about what those of part 0 were, tally->about. */
const double *skc__tally_moments_sum(const skc_tally *tally);
const double *skc__tally_products_sum(const skc_tally *tally);

#endif
