/* stb.c - the stb libraries (JPEG in and out, scaling), compiled here with our allocator. */
#include "image/stb.h"

#include <limits.h>

/* stb_image's allocation macros take no context, so the allocator of the call in progress is left
 * here. It is set only while stb_image runs, one per thread: no state outlives a call. */
static _Thread_local const skc_allocator *decoder_allocator;
static _Thread_local bool                 decoder_out_of_memory;

static void *decoder_allocate(size_t bytes)
{
    void *block = skc__allocate(decoder_allocator, bytes, NULL);

    decoder_out_of_memory |= block == NULL;
    return block;
}

static void decoder_release(void *block)
{
    skc__release(decoder_allocator, block);
}

static void *resizer_allocate(size_t bytes, void *context)
{
    return skc__allocate(context, bytes, NULL);
}

static void resizer_release(void *block, void *context)
{
    skc__release(context, block);
}

/* The headers declare functions that are left out here. */
#pragma GCC diagnostic ignored "-Wunused-function"

/* Assertions of third-party code must not abort the process; and the resizer, when it thinks that
 * it is being debugged, peeks at the bytes around the caller's buffer. */
#ifndef NDEBUG
#define NDEBUG
#endif

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MALLOC(bytes)         decoder_allocate(bytes)
#define STBI_REALLOC(block, bytes) NULL /* must be given; the JPEG decoder never grows a block */
#define STBI_FREE(block)           decoder_release(block)
#include <stb_image.h>

#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#define STBIR_MALLOC(bytes, context) resizer_allocate(bytes, context)
#define STBIR_FREE(block, context)   resizer_release(block, context)
#include <stb_image_resize.h>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb_image_write.h>

skc_status skc__stb_jpeg_decode(const unsigned char *bytes, size_t size,
                                const skc_allocator *allocator, int32_t *width, int32_t *height,
                                uint8_t **pixels, skc_error *err)
{
    int      w, h, components;
    uint8_t *out;

    if (size > INT_MAX)
        return skc__fail(err, SKC_ELIMIT, "%zu bytes; at most %d", size, INT_MAX);
    decoder_allocator     = allocator;
    decoder_out_of_memory = false;
    out                   = stbi_load_from_memory(bytes, (int)size, &w, &h, &components, 3);
    decoder_allocator     = NULL;
    if (out == NULL && decoder_out_of_memory)
        return skc__fail(err, SKC_ENOMEM, "out of memory");
    if (out == NULL)
        return skc__fail(err, SKC_EFORMAT, "damaged JPEG: %s", stbi_failure_reason());
    *width  = w;
    *height = h;
    *pixels = out;
    return SKC_OK;
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

/* Per axis: a box as wide as the reduction (stb's is a trapezoid, exact for every ratio), linear
 * where the picture grows. Values are averaged as stored, without a gamma curve: what the networks
 * are trained on matters, not photometry. */
skc_status skc__stb_resize(const uint8_t *pixels, int32_t width, int32_t height, uint8_t *out,
                           int32_t out_width, int32_t out_height, const skc_allocator *allocator,
                           skc_error *err)
{
    stbir_filter  horizontal = out_width < width ? STBIR_FILTER_BOX : STBIR_FILTER_TRIANGLE;
    stbir_filter  vertical   = out_height < height ? STBIR_FILTER_BOX : STBIR_FILTER_TRIANGLE;
    skc_allocator copy       = *allocator; /* stb's context pointer is not const */

    if (!stbir_resize(pixels, width, height, 0, out, out_width, out_height, 0, STBIR_TYPE_UINT8, 3,
                      STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP, STBIR_EDGE_CLAMP, horizontal,
                      vertical, STBIR_COLORSPACE_LINEAR, &copy))
        return skc__fail(err, SKC_ENOMEM, "out of memory scaling %d x %d pixels to %d x %d", width,
                         height, out_width, out_height);
    return SKC_OK;
}
