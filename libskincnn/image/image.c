/* image.c - the picture itself: making, reading its fields, and cutting it. */
#include "image/picture.h"

#include <string.h>

static skc_status check_sides(int32_t width, int32_t height, skc_error *err)
{
    if (width < 1 || height < 1 || width > SKC_MAX_SIDE || height > SKC_MAX_SIDE)
        return skc__fail(err, SKC_EINVAL, "a picture of %d x %d pixels; each side must be 1..%d",
                         width, height, SKC_MAX_SIDE);
    return SKC_OK;
}

static size_t pixel_bytes(int32_t width, int32_t height)
{
    return (size_t)width * (size_t)height * 3;
}

skc_status skc__image_new(const skc_allocator *allocator, const skc_kernels *kernels, int32_t width,
                          int32_t height, skc_image **out, skc_error *err)
{
    skc_status status = check_sides(width, height, err);
    skc_image *image;
    uint8_t   *pixels;

    if (status != SKC_OK)
        return status;
    pixels = skc__allocate(allocator, pixel_bytes(width, height), err);
    image  = pixels != NULL ? skc__allocate(allocator, sizeof *image, err) : NULL;
    if (image == NULL) {
        skc__release(allocator, pixels);
        return SKC_ENOMEM;
    }
    *image = (skc_image){ *allocator, *kernels, width, height, pixels };
    *out   = image;
    return SKC_OK;
}

skc_status skc_image_create(int32_t width, int32_t height, const uint8_t *pixels,
                            const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_kernels   kernels;
    skc_image    *image;
    skc_status    status;

    if (out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_create: out is NULL");
    status = skc__kernels(runtime, &kernels, err);
    if (status == SKC_OK)
        status = skc__image_new(&allocator, &kernels, width, height, &image, err);
    if (status != SKC_OK)
        return status;
    if (pixels != NULL)
        memcpy(image->pixels, pixels, pixel_bytes(width, height));
    else
        memset(image->pixels, 0, pixel_bytes(width, height));
    *out = image;
    return SKC_OK;
}

void skc_image_free(skc_image *image)
{
    if (image == NULL)
        return;
    skc_allocator allocator = image->allocator;
    skc__release(&allocator, image->pixels);
    skc__release(&allocator, image);
}

int32_t skc_image_width(const skc_image *image)
{
    return image->width;
}

int32_t skc_image_height(const skc_image *image)
{
    return image->height;
}

const uint8_t *skc_image_pixels(const skc_image *image)
{
    return image->pixels;
}

uint8_t *skc_image_pixels_mutable(skc_image *image)
{
    return image->pixels;
}

skc_status skc_image_crop(const skc_image *image, skc_box box, skc_image **out, skc_error *err)
{
    skc_image *crop;
    skc_status status;

    if (image == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_crop: image or out is NULL");
    /* Subtractions, so that no sum of two large numbers can overflow. */
    if (box.width < 1 || box.height < 1 || box.x < 0 || box.y < 0 ||
        box.x > image->width - box.width || box.y > image->height - box.height)
        return skc__fail(err, SKC_EINVAL,
                         "a box of %d x %d pixels at %d,%d does not lie in a picture of %d x %d",
                         box.width, box.height, box.x, box.y, image->width, image->height);
    status = skc__image_new(&image->allocator, &image->kernels, box.width, box.height, &crop, err);
    if (status != SKC_OK)
        return status;
    for (int32_t y = 0; y < box.height; y++)
        memcpy(crop->pixels + pixel_bytes(box.width, y),
               image->pixels + pixel_bytes(image->width, box.y + y) + (size_t)box.x * 3,
               (size_t)box.width * 3);
    *out = crop;
    return SKC_OK;
}

skc_box skc_image_centre_square(const skc_image *image)
{
    int32_t side = image->width < image->height ? image->width : image->height;

    return (skc_box){ (image->width - side) / 2, (image->height - side) / 2, side, side };
}
