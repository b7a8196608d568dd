/* jpeg_pixels.c - a JPEG's components from coefficients to samples to one picture.
 *
 * The arithmetic is stb_image's, bit for bit: its inverse transform, and its way to bring all
 * components to one size; tests compare whole pictures. */
#include "image/jpeg.h"

#include <string.h>

#include "image/stb.h"

/* ------------------------------------------------------------------ planes */

static skc_status create_plane(skc_jpeg_component *c, bool progressive,
                               const skc_allocator *allocator, skc_error *err)
{
    size_t samples = (size_t)c->padded_x * (size_t)c->padded_y * 64;

    c->samples = skc__allocate(allocator, samples, err);
    if (c->samples == NULL)
        return SKC_ENOMEM;
    if (!progressive)
        return SKC_OK;
    c->coefficients = skc__allocate_zeroed(allocator, samples * sizeof *c->coefficients, err);
    return c->coefficients != NULL ? SKC_OK : SKC_ENOMEM;
}

skc_status skc__jpeg_planes_create(skc_jpeg *jpeg, const skc_allocator *allocator, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < jpeg->count && status == SKC_OK; i++)
        if (jpeg->component[i].samples == NULL)
            status = create_plane(&jpeg->component[i], jpeg->progressive, allocator, err);
    return status;
}

void skc__jpeg_planes_free(skc_jpeg *jpeg, const skc_allocator *allocator)
{
    for (int32_t i = 0; i < jpeg->count; i++) {
        skc__release(allocator, jpeg->component[i].samples);
        skc__release(allocator, jpeg->component[i].coefficients);
    }
}

/* What a progressive picture's scans have put together becomes samples. */
static void transform(const skc_jpeg *jpeg, const skc_jpeg_component *c)
{
    const uint16_t *quantiser = jpeg->quantiser[c->quantiser];
    size_t          stride    = (size_t)c->padded_x * 8;

    for (size_t y = 0; y < (size_t)c->blocks_y; y++)
        for (size_t x = 0; x < (size_t)c->blocks_x; x++) {
            const int16_t       *from = c->coefficients + (y * (size_t)c->padded_x + x) * 64;
            _Alignas(16) int16_t block[64];

            for (size_t k = 0; k < 64; k++) {
                size_t at = skc__jpeg_zigzag[k];

                block[at] = (int16_t)(from[at] * quantiser[k]);
            }
            skc__stb_inverse_dct(block, c->samples + y * 8 * stride + x * 8, stride);
        }
}

/* ------------------------------------------------------------------ colours */

/* Row y of the picture as a component has it: of its own samples where it is as large as the
 * picture, else of the two rows that are closest, into `line`. */
static const uint8_t *component_row(const skc_jpeg *jpeg, const skc_jpeg_component *c, int32_t y,
                                    uint8_t *line)
{
    int32_t  h = jpeg->h_max / c->h, v = jpeg->v_max / c->v;
    int32_t  rows  = ((int32_t)jpeg->height + v - 1) / v;
    int32_t  width = ((int32_t)jpeg->width + h - 1) / h;
    int32_t  below = (y + v / 2) / v, above = below > 0 ? below - 1 : 0;
    bool     lower  = (y + v / 2) % v >= v / 2; /* closer to the row below */
    size_t   stride = (size_t)c->padded_x * 8;
    uint8_t *first, *second;

    below  = below < rows ? below : rows - 1;
    first  = c->samples + stride * (size_t)above;
    second = c->samples + stride * (size_t)below;
    return skc__stb_upsample(h, v, lower ? second : first, lower ? first : second, width, line);
}

/* Components that are R, G and B already: by their names, or because Adobe's marker says so. */
static bool is_rgb(const skc_jpeg *jpeg)
{
    const skc_jpeg_component *c = jpeg->component;

    return (c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B') ||
           (jpeg->adobe_transform == 0 && !jpeg->is_jfif);
}

static void join(size_t n, const uint8_t *r, const uint8_t *g, const uint8_t *b, uint8_t *out)
{
    for (size_t i = 0; i < n; i++, out += 3) {
        out[0] = r[i];
        out[1] = g[i];
        out[2] = b[i];
    }
}

static void make_pixels(const skc_jpeg *jpeg, uint8_t *lines, skc_image *image)
{
    size_t width  = jpeg->width;
    bool   joined = jpeg->count == 1 || is_rgb(jpeg);

    for (int32_t y = 0; y < image->height; y++) {
        uint8_t       *out    = image->pixels + (size_t)y * width * 3;
        const uint8_t *row[3] = { NULL, NULL, NULL };

        for (int32_t i = 0; i < jpeg->count; i++)
            row[i] = component_row(jpeg, &jpeg->component[i], y, lines + (size_t)i * (width + 3));
        if (jpeg->count == 1)
            row[1] = row[2] = row[0];
        if (joined)
            join(width, row[0], row[1], row[2], out);
        else
            image->kernels.colour_rgb(width, row[0], row[1], row[2], out);
    }
}

skc_status skc__jpeg_picture(const skc_jpeg *jpeg, const skc_source *source, skc_image **out,
                             skc_error *err)
{
    /* A row that is made wider may be three samples longer than the picture's. */
    uint8_t   *lines = skc__allocate(&source->allocator, 3 * ((size_t)jpeg->width + 3), err);
    skc_image *image = NULL;
    skc_status status;

    if (lines == NULL)
        return SKC_ENOMEM;
    status = skc__image_new(&source->allocator, &source->kernels, (int32_t)jpeg->width,
                            (int32_t)jpeg->height, &image, err);
    if (status == SKC_OK) {
        for (int32_t i = 0; i < jpeg->count && jpeg->progressive; i++)
            transform(jpeg, &jpeg->component[i]);
        make_pixels(jpeg, lines, image);
        *out = image;
    }
    skc__release(&source->allocator, lines);
    return status;
}
