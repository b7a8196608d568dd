/* png_pixels.c - the picture data of a PNG: inflate, undo the row filters, expand to RGB. */
#include "image/png.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

/* The zlib stream that runs through all IDAT chunks, read row by row. */
typedef struct reader {
    const skc_png *png;
    z_stream       zlib;
    size_t         chunk; /* of the next IDAT chunk */
    bool           ended;
    uint8_t       *row, *above; /* unfiltered, a byte of slack in front for the filter's number */
} reader;

void *skc__zlib_allocate(void *allocator, unsigned items, unsigned size)
{
    size_t bytes;

    return skc__multiply(items, size, &bytes) ? skc__allocate(allocator, bytes, NULL) : NULL;
}

void skc__zlib_release(void *allocator, void *block)
{
    skc__release(allocator, block);
}

/* Hands the next IDAT chunk to zlib; false: there is none. The chunks have been checked. */
static bool feed(reader *r)
{
    const unsigned char *p = r->png->bytes + r->chunk;
    uint32_t size = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];

    if (memcmp(p + 4, "IDAT", 4) != 0)
        return false;
    r->zlib.next_in  = p + 8;
    r->zlib.avail_in = size;
    r->chunk += 12 + (size_t)size;
    return true;
}

/* Inflates exactly `size` bytes. */
static skc_status inflate_bytes(reader *r, uint8_t *out, uint32_t size, skc_error *err)
{
    r->zlib.next_out  = out;
    r->zlib.avail_out = size;
    while (r->zlib.avail_out > 0 && !r->ended) {
        bool fed  = r->zlib.avail_in > 0 || feed(r);
        int  code = inflate(&r->zlib, Z_NO_FLUSH);

        r->ended = code == Z_STREAM_END;
        if (code == Z_BUF_ERROR && !fed)
            break;
        if (code == Z_MEM_ERROR)
            return skc__fail(err, SKC_ENOMEM, "out of memory");
        if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
            return skc__fail(err, SKC_EFORMAT, "damaged PNG: %s",
                             r->zlib.msg != NULL ? r->zlib.msg : "bad picture data");
    }
    if (r->zlib.avail_out > 0)
        return skc__fail(err, SKC_EFORMAT, "the PNG ends inside the picture data");
    return SKC_OK;
}

/* After the last row: the end of the stream, where zlib compares its checksum, and no more data. */
static skc_status finish(reader *r, skc_error *err)
{
    uint8_t    surplus;
    skc_error  reason;
    skc_status status = inflate_bytes(r, &surplus, 1, &reason);

    if (status == SKC_OK)
        return skc__fail(err, SKC_EFORMAT, "damaged PNG: more data than %u x %u pixels",
                         r->png->width, r->png->height);
    return r->ended ? SKC_OK : skc__fail(err, status, "%s", reason.message);
}

static uint8_t paeth(int a, int b, int c)
{
    int pa = b > c ? b - c : c - b;
    int pb = a > c ? a - c : c - a;
    int pc = a + b - 2 * c;

    pc = pc < 0 ? -pc : pc;
    return (uint8_t)(pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
}

/* Undoes one row's filter; `step` is the distance to the same sample of the pixel before. */
static bool unfilter(int filter, uint8_t *row, const uint8_t *above, uint32_t size, uint32_t step)
{
    if (filter < 0 || filter > 4)
        return false;
    for (uint32_t i = 0; filter > 0 && i < size; i++) {
        int left = i >= step ? row[i - step] : 0;
        int up   = above[i];

        if (filter == 1)
            row[i] = (uint8_t)(row[i] + left);
        else if (filter == 2)
            row[i] = (uint8_t)(row[i] + up);
        else if (filter == 3)
            row[i] = (uint8_t)(row[i] + (left + up) / 2);
        else
            row[i] = (uint8_t)(row[i] + paeth(left, up, i >= step ? above[i - step] : 0));
    }
    return true;
}

static uint32_t sample(const uint8_t *row, uint32_t i, uint32_t depth)
{
    if (depth == 8)
        return row[i];
    if (depth == 16)
        return (uint32_t)row[2 * i] << 8 | row[2 * i + 1];
    return (uint32_t)row[i * depth / 8] >> (8 - depth - i * depth % 8) & ((1u << depth) - 1);
}

/* value / largest, laid over white by alpha / largest, in 0..255. Rounded at each step; the sums
 * stay below 2^32 for 16-bit samples. */
static uint8_t over_white(uint32_t value, uint32_t alpha, uint32_t largest)
{
    if (alpha < largest)
        value = (value * alpha + largest * (largest - alpha) + largest / 2) / largest;
    return (uint8_t)((value * 255 + largest / 2) / largest);
}

/* Pixel i of a row in grey, RGB or their alpha variants. */
static void expand_direct(const skc_png *png, const uint8_t *row, uint32_t i, uint8_t *rgb)
{
    uint32_t n = png->channels, largest = (1u << png->depth) - 1, alpha = largest, value[4];
    bool     hidden = png->has_key;

    for (uint32_t c = 0; c < n; c++)
        value[c] = sample(row, i * n + c, png->depth);
    for (uint32_t c = 0; png->has_key && c < n; c++)
        hidden = hidden && value[c] == png->key[c];
    if (n == 2 || n == 4)
        alpha = value[n - 1];
    if (hidden)
        alpha = 0;
    for (uint32_t c = 0; c < 3; c++)
        rgb[c] = over_white(value[n >= 3 ? c : 0], alpha, largest);
}

static bool expand_palette(const skc_png *png, const uint8_t *row, uint32_t i, uint8_t *rgb)
{
    uint32_t index = sample(row, i, png->depth);

    for (int c = 0; c < 3 && index < png->palette_size; c++)
        rgb[c] = over_white(png->palette[index][c], png->palette[index][3], 255);
    return index < png->palette_size;
}

/* One row of `count` pixels to every `step`-th place from `out` on. */
static skc_status expand_row(const skc_png *png, const uint8_t *row, uint32_t count, uint8_t *out,
                             size_t step, skc_error *err)
{
    if (png->colour == PNG_RGB && png->depth == 8 && !png->has_key && step == 1) {
        memcpy(out, row, (size_t)count * 3);
        return SKC_OK;
    }
    for (uint32_t i = 0; i < count; i++, out += 3 * step)
        if (png->colour != PNG_PALETTE)
            expand_direct(png, row, i, out);
        else if (!expand_palette(png, row, i, out))
            return skc__fail(err, SKC_EFORMAT, "damaged PNG: a pixel outside the palette of %u",
                             png->palette_size);
    return SKC_OK;
}

/* The pixels (x + i * dx, y + j * dy): the whole picture, or one pass of an interlaced one. */
typedef struct pass {
    uint8_t x, y, dx, dy;
} pass;

static skc_status read_pass(reader *r, pass p, skc_image *image, skc_error *err)
{
    const skc_png *png     = r->png;
    uint32_t       columns = (png->width - p.x + p.dx - 1u) / p.dx;
    uint32_t       bits    = png->channels * png->depth;
    uint32_t       size    = (columns * bits + 7) / 8;

    if (png->width <= p.x || png->height <= p.y)
        return SKC_OK;
    memset(r->above, 0, size + 1u);
    for (uint32_t y = p.y; y < png->height; y += p.dy) {
        uint8_t   *out    = image->pixels + ((size_t)y * png->width + p.x) * 3;
        skc_status status = inflate_bytes(r, r->row, size + 1, err);
        uint8_t   *swap   = r->row;

        if (status == SKC_OK &&
            !unfilter(r->row[0], r->row + 1, r->above + 1, size, bits < 8 ? 1 : bits / 8))
            status = skc__fail(err, SKC_EFORMAT, "damaged PNG: filter %d in row %u", r->row[0], y);
        if (status == SKC_OK)
            status = expand_row(png, r->row + 1, columns, out, p.dx, err);
        if (status != SKC_OK)
            return status;
        r->row   = r->above;
        r->above = swap;
    }
    return SKC_OK;
}

static skc_status read_passes(reader *r, skc_image *image, skc_error *err)
{
    static const pass whole[] = { { 0, 0, 1, 1 } };
    static const pass adam7[] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                                  { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
    const pass       *passes  = r->png->interlaced ? adam7 : whole;
    int               count   = r->png->interlaced ? 7 : 1;
    skc_status        status  = SKC_OK;

    for (int i = 0; i < count && status == SKC_OK; i++)
        status = read_pass(r, passes[i], image, err);
    return status == SKC_OK ? finish(r, err) : status;
}

skc_status skc__png_pixels(const skc_png *png, skc_image *image, skc_error *err)
{
    size_t     row_bytes = ((size_t)png->width * png->channels * png->depth + 7) / 8 + 1;
    uint8_t   *rows      = skc__allocate(&image->allocator, 2 * row_bytes, err);
    reader     r         = { .png = png, .chunk = png->data, .row = rows };
    skc_status status;

    if (rows == NULL)
        return SKC_ENOMEM;
    r.above       = rows + row_bytes;
    r.zlib.zalloc = skc__zlib_allocate;
    r.zlib.zfree  = skc__zlib_release;
    r.zlib.opaque = &image->allocator;
    if (inflateInit(&r.zlib) == Z_OK) {
        status = read_passes(&r, image, err);
        inflateEnd(&r.zlib);
    } else {
        status = skc__fail(err, SKC_ENOMEM, "out of memory");
    }
    skc__release(&image->allocator, rows);
    return status;
}
