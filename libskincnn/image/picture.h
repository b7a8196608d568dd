/* picture.h - what the files of this folder share and nobody else sees. */
#ifndef SKC_IMAGE_PICTURE_H
#define SKC_IMAGE_PICTURE_H

#include "image/image.h"

enum { SKC_MAX_SIDE = 65535 };

/* A picture whose pixels are not set yet. */
skc_status skc__image_new(const skc_allocator *allocator, const skc_kernels *kernels, int32_t width,
                          int32_t height, skc_image **out, skc_error *err);

/* A file in memory on its way to pixels. */
typedef struct skc_source {
    const unsigned char *bytes;
    size_t               size;
    uint64_t             max_pixels;
    skc_allocator        allocator;
    skc_kernels          kernels;
} skc_source;

/* Refuses a picture without pixels or with more than the limit, before anything is allocated. */
skc_status skc__check_extent(const skc_source *source, uint32_t width, uint32_t height,
                             skc_error *err);

/* Each decodes one format; *orientation is what its EXIF says, 1..8. */
skc_status skc__png_decode(const skc_source *source, skc_image **out, int *orientation,
                           skc_error *err);
skc_status skc__jpeg_decode(const skc_source *source, skc_image **out, int *orientation,
                            skc_error *err);

/* The orientation in a TIFF structure as EXIF embeds it; 1 when it says nothing sensible. */
int skc__exif_orientation(const unsigned char *tiff, size_t size);

/* Turns the picture upright in place. */
skc_status skc__image_upright(skc_image *image, int orientation, skc_error *err);

#endif
