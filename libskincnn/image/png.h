/* png.h - a PNG between its chunks (png.c) and its pixels (png_pixels.c). */
#ifndef SKC_IMAGE_PNG_H
#define SKC_IMAGE_PNG_H

#include "image/picture.h"

/* Colour types of the format. */
enum { PNG_GREY = 0, PNG_RGB = 2, PNG_PALETTE = 3, PNG_GREY_ALPHA = 4, PNG_RGB_ALPHA = 6 };

typedef struct skc_png {
    const unsigned char *bytes;
    size_t               size;
    uint32_t             width, height;
    uint32_t             depth, channels; /* bits a sample, samples a pixel */
    int                  colour;
    bool                 interlaced;
    uint32_t             palette_size;
    uint8_t              palette[256][4]; /* R, G, B, alpha */
    bool                 has_key;         /* one colour is transparent */
    uint32_t             key[3];
    size_t               data; /* where the first IDAT chunk begins, 0: none yet */
    int                  orientation;
} skc_png;

/* Inflates, unfilters and expands everything into image->pixels. */
skc_status skc__png_pixels(const skc_png *png, skc_image *image, skc_error *err);

/* Our allocator in the form that zlib wants; its `opaque` points to the skc_allocator. */
void *skc__zlib_allocate(void *allocator, unsigned items, unsigned size);
void  skc__zlib_release(void *allocator, void *block);

#endif
