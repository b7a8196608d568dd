/* fuzz_exif.c - any bytes as the TIFF structure of EXIF: one of eight orientations. */
#include "image/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int orientation = skc__exif_orientation(data, size);

    if (orientation < 1 || orientation > 8)
        __builtin_trap();
    return 0;
}
