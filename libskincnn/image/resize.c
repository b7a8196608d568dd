/* resize.c - scaling with antialiasing, and the size at which pictures are kept for a network. */
#include "image/picture.h"

#include <string.h>

#include "image/stb.h"

/* stb_image_resize counts bytes, and its work buffers, in int. Where one step would need more than
 * this many of either, the picture is refused rather than trusted to wrap around harmlessly. */
enum { MAX_RESIZE_BYTES = 1 << 30 };

/* Bytes of stb's vertical ring buffer, its only one that grows with both sides of the output. */
static size_t ring_bytes(int32_t height, int32_t out_width, int32_t out_height)
{
    size_t reduction = (size_t)(height / out_height) + 1;

    return (size_t)out_width * 3 * sizeof(float) * (2 * reduction + 3);
}

static skc_status check_scaling(int32_t width, int32_t height, int32_t out_width,
                                int32_t out_height, skc_error *err)
{
    if (out_width < 1 || out_height < 1 || out_width > SKC_MAX_SIDE || out_height > SKC_MAX_SIDE)
        return skc__fail(err, SKC_EINVAL, "cannot scale to %d x %d pixels; each side must be 1..%d",
                         out_width, out_height, SKC_MAX_SIDE);
    if ((size_t)width * (size_t)height * 3 > MAX_RESIZE_BYTES ||
        (size_t)out_width * (size_t)out_height * 3 > MAX_RESIZE_BYTES ||
        ring_bytes(height, out_width, out_height) > MAX_RESIZE_BYTES)
        return skc__fail(err, SKC_ELIMIT, "scaling %d x %d pixels to %d x %d needs too much memory",
                         width, height, out_width, out_height);
    return SKC_OK;
}

skc_status skc__pixels_resize(skc_pixels source, int32_t width, int32_t height,
                              const skc_allocator *allocator, uint8_t *out, skc_error *err)
{
    skc_status status = check_scaling(source.width, source.height, width, height, err);

    if (status != SKC_OK)
        return status;
    if (width == source.width && height == source.height) {
        memcpy(out, source.data, (size_t)width * (size_t)height * 3);
        return SKC_OK;
    }
    return skc__stb_resize(source.data, source.width, source.height, out, width, height, allocator,
                           err);
}

skc_status skc_image_resize(const skc_image *image, int32_t width, int32_t height, skc_image **out,
                            skc_error *err)
{
    skc_image *scaled = NULL;
    skc_status status;

    if (image == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_resize: image or out is NULL");
    status = check_scaling(image->width, image->height, width, height, err);
    if (status == SKC_OK)
        status = skc__image_new(&image->allocator, width, height, &scaled, err);
    if (status == SKC_OK)
        status = skc__pixels_resize((skc_pixels){ image->pixels, image->width, image->height },
                                    width, height, &image->allocator, scaled->pixels, err);
    if (status == SKC_OK)
        *out = scaled;
    else
        skc_image_free(scaled);
    return status;
}

void skc__staged_size(int32_t width, int32_t height, int32_t side, int32_t *out_width,
                      int32_t *out_height)
{
    int32_t shorter = width < height ? width : height;

    if (shorter > side) {
        width  = (int32_t)(((int64_t)width * side + shorter / 2) / shorter);
        height = (int32_t)(((int64_t)height * side + shorter / 2) / shorter);
    }
    *out_width  = width;
    *out_height = height;
}

int32_t skc__staged_side(const skc_preprocessing *p)
{
    int32_t larger = p->width > p->height ? p->width : p->height;

    return (5 * larger + 3) / 4;
}
