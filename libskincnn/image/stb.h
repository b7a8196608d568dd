/* stb.h - the one door to the stb libraries. */
#ifndef SKC_IMAGE_STB_H
#define SKC_IMAGE_STB_H

#include "core/memory.h"

/* A JPEG to RGB; *pixels (height, width, 3) comes from the allocator. */
skc_status skc__stb_jpeg_decode(const unsigned char *bytes, size_t size,
                                const skc_allocator *allocator, int32_t *width, int32_t *height,
                                uint8_t **pixels, skc_error *err);

/* RGB to a JPEG, handed piece by piece to `write`. */
skc_status skc__stb_jpeg_encode(const uint8_t *pixels, int32_t width, int32_t height,
                                int32_t quality,
                                void (*write)(void *context, void *bytes, int size), void *context,
                                skc_error *err);

/* RGB scaled; both buffers smaller than 2 GiB. */
skc_status skc__stb_resize(const uint8_t *pixels, int32_t width, int32_t height, uint8_t *out,
                           int32_t out_width, int32_t out_height, const skc_allocator *allocator,
                           skc_error *err);

#endif
