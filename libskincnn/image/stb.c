/* stb.c - the stb libraries: the arithmetic of JPEG decoding, and JPEG encoding. */
#include "image/stb.h"

/* The headers declare functions that are left out here; many are not called. */
#pragma GCC diagnostic ignored "-Wunused-function"

/* Assertions of third-party code must not abort the process. */
#ifndef NDEBUG
#define NDEBUG
#endif

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#include <stb_image.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

/* Vector code of the processor's baseline; it gives the plain code's bits. */
#if defined(STBI_SSE2) || defined(STBI_NEON)
#define INVERSE_DCT stbi__idct_simd
#define DOUBLE_BOTH stbi__resample_row_hv_2_simd
#else
#define INVERSE_DCT stbi__idct_block
#define DOUBLE_BOTH stbi__resample_row_hv_2
#endif

void skc__stb_inverse_dct(int16_t block[64], uint8_t *samples, size_t stride)
{
    INVERSE_DCT(samples, (int)stride, block);
}

const uint8_t *skc__stb_upsample(int32_t h, int32_t v, uint8_t *near, uint8_t *far, int32_t width,
                                 uint8_t *out)
{
    resample_row_func upsample = stbi__resample_row_generic;

    if (h == 1 && v == 1)
        upsample = resample_row_1;
    else if (h == 1 && v == 2)
        upsample = stbi__resample_row_v_2;
    else if (h == 2 && v == 1)
        upsample = stbi__resample_row_h_2;
    else if (h == 2 && v == 2)
        upsample = DOUBLE_BOTH;
    return upsample(out, near, far, width, h);
}

skc_status skc__stb_jpeg_encode(const uint8_t *pixels, int32_t width, int32_t height,
                                int32_t quality,
                                void (*write)(void *context, void *bytes, int size), void *context,
                                skc_error *err)
{
    if (!stbi_write_jpg_to_func(write, context, width, height, 3, pixels, quality))
        return skc__fail(err, SKC_EINVAL, "the JPEG encoder refuses %d x %d pixels", width, height);
    return SKC_OK;
}
