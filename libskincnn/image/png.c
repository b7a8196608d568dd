/* png.c - the chunks of a PNG (ISO/IEC 15948), checked one and all.
 *
 * Reading PNG is done here with zlib rather than by stb_image, which compares neither the CRC of
 * the chunks nor the checksum of the data, takes files that stop early, and looks palette entries
 * up that the file does not have. It also needs three copies of the picture; this needs one. */
#include "image/png.h"

#include <string.h>

#include "core/digest.h"

enum { SIGNATURE_BYTES = 8, CHUNK_OVERHEAD = 12 }; /* length, name and CRC: 4 bytes each */

typedef struct chunk {
    const unsigned char *name, *data;
    uint32_t             size;
} chunk;

static uint32_t read32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool named(chunk c, const char *name)
{
    return memcmp(c.name, name, 4) == 0;
}

static skc_status next_chunk(const skc_png *png, size_t at, chunk *out, skc_error *err)
{
    size_t               left = png->size - at;
    const unsigned char *p    = png->bytes + at;

    if (left < CHUNK_OVERHEAD || read32(p) > left - CHUNK_OVERHEAD)
        return skc__fail(err, SKC_EFORMAT, "the PNG ends early, after %zu bytes", png->size);
    *out = (chunk){ p + 4, p + 8, read32(p) };
    if (skc__crc32(out->name, (size_t)out->size + 4) != read32(out->data + out->size))
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: chunk %.4s at byte %zu has a wrong CRC",
                         (const char *)out->name, at);
    return SKC_OK;
}

static skc_status read_header(skc_png *png, const skc_source *source, chunk c, skc_error *err)
{
    static const uint8_t  channels[7] = { 1, 0, 3, 1, 2, 0, 4 };
    /* Bit d: depth d is allowed. */
    static const uint32_t depths[7]   = { 0x10116, 0, 0x10100, 0x116, 0x10100, 0, 0x10100 };

    if (!named(c, "IHDR") || c.size != 13)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: it does not begin with its header");
    png->width      = read32(c.data);
    png->height     = read32(c.data + 4);
    png->depth      = c.data[8];
    png->colour     = c.data[9];
    png->interlaced = c.data[12] == 1;
    if (png->colour > PNG_RGB_ALPHA || png->depth > 16 ||
        (depths[png->colour] >> png->depth & 1) == 0)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: colour type %d with %u bits", png->colour,
                         png->depth);
    if (c.data[10] != 0 || c.data[11] != 0 || c.data[12] > 1)
        return skc__fail(err, SKC_EUNSUPPORTED, "PNG with compression %d, filter %d, interlace %d",
                         c.data[10], c.data[11], c.data[12]);
    png->channels = channels[png->colour];
    return skc__check_extent(source, png->width, png->height, err);
}

static skc_status read_palette(skc_png *png, chunk c, skc_error *err)
{
    if (c.size == 0 || c.size % 3 != 0 || c.size > 768 || png->palette_size != 0)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: a palette of %u bytes", c.size);
    png->palette_size = c.size / 3;
    for (uint32_t i = 0; i < png->palette_size; i++) {
        memcpy(png->palette[i], c.data + (size_t)i * 3, 3);
        png->palette[i][3] = 255;
    }
    return SKC_OK;
}

static skc_status read_transparency(skc_png *png, chunk c, skc_error *err)
{
    bool palette = png->colour == PNG_PALETTE;
    bool key     = png->colour == PNG_GREY || png->colour == PNG_RGB;

    if (palette ? c.size > png->palette_size : !key || c.size != 2 * png->channels)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: transparency of %u bytes", c.size);
    if (palette) {
        for (uint32_t i = 0; i < c.size; i++)
            png->palette[i][3] = c.data[i];
        return SKC_OK;
    }
    for (uint32_t i = 0; i < png->channels; i++)
        png->key[i] = (uint32_t)c.data[2 * i] << 8 | c.data[2 * i + 1];
    png->has_key = true;
    return SKC_OK;
}

/* Chunks that matter before the picture data; a lower-case first letter marks those that a reader
 * may skip. */
static skc_status read_chunk(skc_png *png, chunk c, skc_error *err)
{
    if (named(c, "eXIf"))
        png->orientation = skc__exif_orientation(c.data, c.size);
    else if (png->data == 0 && named(c, "PLTE"))
        return read_palette(png, c, err);
    else if (png->data == 0 && named(c, "tRNS"))
        return read_transparency(png, c, err);
    else if ((c.name[0] & 0x20) == 0)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: unexpected chunk %.4s",
                         (const char *)c.name);
    return SKC_OK;
}

/* All chunks to IEND; what follows that is no part of the picture. IDAT chunks come in one run. */
static skc_status read_chunks(skc_png *png, const skc_source *source, skc_error *err)
{
    size_t     at      = SIGNATURE_BYTES;
    bool       in_data = false;
    chunk      c       = { 0 };
    skc_status status  = next_chunk(png, at, &c, err);

    if (status == SKC_OK)
        status = read_header(png, source, c, err);
    while (status == SKC_OK) {
        at += CHUNK_OVERHEAD + (size_t)c.size;
        status = next_chunk(png, at, &c, err);
        if (status != SKC_OK || named(c, "IEND"))
            break;
        if (!named(c, "IDAT") || (png->data != 0 && !in_data)) {
            status  = read_chunk(png, c, err);
            in_data = false;
        } else {
            png->data = png->data == 0 ? at : png->data;
            in_data   = true;
        }
    }
    if (status == SKC_OK && png->data == 0)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: no picture data");
    if (status == SKC_OK && png->colour == PNG_PALETTE && png->palette_size == 0)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: no palette");
    return status;
}

skc_status skc__png_decode(const skc_source *source, skc_image **out, int *orientation,
                           skc_error *err)
{
    skc_png    png = { .bytes = source->bytes, .size = source->size, .orientation = 1 };
    skc_image *image;
    skc_status status = read_chunks(&png, source, err);

    if (status == SKC_OK)
        status = skc__image_new(&source->allocator, &source->kernels, (int32_t)png.width,
                                (int32_t)png.height, &image, err);
    if (status != SKC_OK)
        return status;
    status = skc__png_pixels(&png, image, err);
    if (status != SKC_OK) {
        skc_image_free(image);
        return status;
    }
    *out         = image;
    *orientation = png.orientation;
    return SKC_OK;
}
