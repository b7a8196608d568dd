/* stb.h - the one door to the stb libraries. */
#ifndef SKC_IMAGE_STB_H
#define SKC_IMAGE_STB_H

#include "core/memory.h"

/* The inverse cosine transform of a block, rows of 8, to 8 x 8 samples, `stride` apart; the block
 * is aligned to 16 bytes. */
void skc__stb_inverse_dct(int16_t block[64], uint8_t *samples, size_t stride);

/* A row of `width` samples made h times as wide; near and far are the closest rows above and below
 * where the picture is v times as high. Returns `out` (width h) or, where nothing is to do, near.
 */
const uint8_t *skc__stb_upsample(int32_t h, int32_t v, uint8_t *near, uint8_t *far, int32_t width,
                                 uint8_t *out);

/* RGB to a JPEG, handed piece by piece to `write`. */
skc_status skc__stb_jpeg_encode(const uint8_t *pixels, int32_t width, int32_t height,
                                int32_t quality,
                                void (*write)(void *context, void *bytes, int size), void *context,
                                skc_error *err);

#endif
