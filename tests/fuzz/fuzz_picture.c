/* fuzz_picture.c - any bytes as a picture: an error or a picture, never a crash. */
#include <string.h>

#include "skincnn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decoded must come back the same from a PNG of our own. */
static bool survives_png(const skc_image *image)
{
    skc_image *back = NULL;
    uint8_t   *bytes;
    size_t     size;
    bool       same;

    if (skc_image_encode(image, SKC_PNG, 0, NULL, &bytes, &size, NULL) != SKC_OK)
        return false;
    same = skc_image_decode(bytes, size, "again", NULL, NULL, &back, NULL) == SKC_OK &&
           skc_image_width(back) == skc_image_width(image) &&
           skc_image_height(back) == skc_image_height(image) &&
           memcmp(skc_image_pixels(back), skc_image_pixels(image),
                  (size_t)skc_image_width(image) * (size_t)skc_image_height(image) * 3) == 0;
    skc_free(NULL, bytes);
    skc_image_free(back);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    skc_image_limits limits;
    skc_image       *image = NULL;
    skc_error        err   = { SKC_OK, "" };
    skc_status       status;
    skc_box          box;

    skc_image_limits_init(&limits);
    limits.max_pixels = 1 << 18; /* so that a run tries many inputs rather than large ones */
    status            = skc_image_decode(data, size, "input", &limits, NULL, &image, &err);
    if (status != SKC_OK) {
        if (image != NULL || err.status != status || err.message[0] == '\0')
            __builtin_trap();
        return 0;
    }
    if (!survives_png(image))
        __builtin_trap();
    if (skc_image_find_lesion(image, 0.1f, true, &box, NULL) == SKC_OK) {
        skc_image *crop = NULL;

        if (skc_image_crop(image, box, &crop, NULL) != SKC_OK)
            __builtin_trap();
        skc_image_free(crop);
    }
    skc_image_free(image);
    return 0;
}
