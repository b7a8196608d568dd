/* exif.c - the one thing wanted from EXIF: which way up the picture is. */
#include "image/picture.h"

#include <string.h>

/* TIFF 6.0, section 2: a header, then a directory of 12-byte entries. */
enum { TIFF_HEADER = 8, TIFF_ENTRY = 12, TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

typedef struct tiff {
    const unsigned char *bytes;
    bool                 big_endian;
} tiff;

static uint32_t read16(tiff t, size_t at)
{
    const unsigned char *p = t.bytes + at;

    return t.big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t read32(tiff t, size_t at)
{
    uint32_t first = read16(t, at), second = read16(t, at + 2);

    return t.big_endian ? first << 16 | second : second << 16 | first;
}

int skc__exif_orientation(const unsigned char *bytes, size_t size)
{
    tiff     t = { bytes, false };
    size_t   directory;
    uint32_t entries;

    if (size < TIFF_HEADER + 2 ||
        (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0))
        return 1;
    t.big_endian = bytes[0] == 'M';
    directory    = read32(t, 4);
    if (directory < TIFF_HEADER || directory > size - 2)
        return 1;
    entries = read16(t, directory);
    for (size_t at = directory + 2; entries > 0 && size - at >= TIFF_ENTRY;
         at += TIFF_ENTRY, entries--) {
        uint32_t value = read16(t, at + 8);

        if (read16(t, at) == TAG_ORIENTATION && read16(t, at + 2) == TYPE_SHORT &&
            read32(t, at + 4) == 1)
            return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

skc_status skc__image_upright(skc_image *image, int orientation, skc_error *err)
{
    /* Stored pixel (x, y) -> upright: bit 0 of each row mirrors x, bit 1 mirrors y, bit 2 then
     * exchanges the axes. Rows are the orientations 1..8 of EXIF 2.32, table 6. */
    static const uint8_t turns[8] = { 0, 1, 3, 2, 4, 6, 7, 5 };
    int                  turn     = turns[orientation - 1];
    int32_t              width = image->width, height = image->height;
    bool                 swap = (turn & 4) != 0;
    uint8_t             *pixels;

    if (turn == 0)
        return SKC_OK;
    pixels = skc__allocate(&image->allocator, (size_t)width * (size_t)height * 3, err);
    if (pixels == NULL)
        return SKC_ENOMEM;
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++) {
            size_t tx = (size_t)(turn & 1 ? width - 1 - x : x);
            size_t ty = (size_t)(turn & 2 ? height - 1 - y : y);
            size_t to = swap ? tx * (size_t)height + ty : ty * (size_t)width + tx;

            memcpy(pixels + 3 * to, image->pixels + 3 * ((size_t)y * (size_t)width + (size_t)x), 3);
        }
    skc__release(&image->allocator, image->pixels);
    image->pixels = pixels;
    image->width  = swap ? height : width;
    image->height = swap ? width : height;
    return SKC_OK;
}
