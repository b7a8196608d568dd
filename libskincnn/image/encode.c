/* encode.c - RGB to PNG (zlib) and JPEG (stb_image_write), without metadata. */
#include "image/png.h"

#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "core/digest.h"
#include "core/file.h"
#include "image/stb.h"

enum { MAX_RAW_BYTES = 1 << 30, DEFLATE_STEP = 1 << 16 };

/* A growing file in memory. After a failure it takes nothing more; stb's callback cannot say so. */
typedef struct sink {
    const skc_allocator *allocator;
    void                *bytes;
    int32_t              size, capacity;
    skc_status           status;
    skc_error           *err;
} sink;

/* Room for `size` more bytes; NULL: none. */
static uint8_t *reserve(sink *s, int32_t size)
{
    if (s->status == SKC_OK && s->size > INT32_MAX - size)
        s->status = skc__fail(s->err, SKC_ELIMIT, "the encoded picture is over 2 GiB");
    if (s->status == SKC_OK &&
        !skc__grow(s->allocator, &s->bytes, &s->capacity, s->size + size, 1, s->err))
        s->status = SKC_ENOMEM;
    return s->status == SKC_OK ? (uint8_t *)s->bytes + s->size : NULL;
}

static void append(void *context, void *bytes, int size)
{
    sink    *s  = context;
    uint8_t *to = reserve(s, size);

    if (to != NULL) {
        memcpy(to, bytes, (size_t)size);
        s->size += size;
    }
}

static void store32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void append32(sink *s, uint32_t value)
{
    uint8_t bytes[4];

    store32(bytes, value);
    append(s, bytes, 4);
}

/* A chunk begins with a length that is not known yet; returns where. */
static int32_t begin_chunk(sink *s, const char *name)
{
    int32_t start   = s->size;
    uint8_t head[8] = { 0 };

    memcpy(head + 4, name, 4);
    append(s, head, 8);
    return start;
}

static void end_chunk(sink *s, int32_t start)
{
    uint8_t *chunk = (uint8_t *)s->bytes + start;
    int32_t  size  = s->size - start - 8;

    if (s->status != SKC_OK)
        return;
    store32(chunk, (uint32_t)size);
    append32(s, skc__crc32(chunk + 4, (size_t)size + 4));
}

/* Compresses what zlib has been given, or with Z_FINISH all that it still holds. */
static void compress_into(sink *s, z_stream *zlib, int flush)
{
    int code = Z_OK;

    do {
        zlib->next_out  = reserve(s, DEFLATE_STEP);
        zlib->avail_out = DEFLATE_STEP;
        if (zlib->next_out == NULL)
            return;
        code = deflate(zlib, flush);
        s->size += DEFLATE_STEP - (int32_t)zlib->avail_out;
    } while (zlib->avail_out == 0 && code != Z_STREAM_END);
}

/* One row, filtered with the mean of left and above, the fourth filter of the format: one rule for
 * all rows keeps this short, and it suits photographs. `above` is NULL for the first row. */
static void filter_row(const uint8_t *row, const uint8_t *above, int32_t size, uint8_t *out)
{
    *out++ = 3;
    for (int32_t i = 0; i < size; i++) {
        int left = i >= 3 ? row[i - 3] : 0;
        int up   = above != NULL ? above[i] : 0;

        out[i] = (uint8_t)(row[i] - (left + up) / 2);
    }
}

static void append_rows(sink *s, const skc_image *image, z_stream *zlib, uint8_t *filtered)
{
    int32_t size = image->width * 3;

    for (int32_t y = 0; y < image->height && s->status == SKC_OK; y++) {
        const uint8_t *row = image->pixels + (size_t)y * (size_t)size;

        filter_row(row, y > 0 ? row - size : NULL, size, filtered);
        zlib->next_in  = filtered;
        zlib->avail_in = (uInt)size + 1;
        compress_into(s, zlib, Z_NO_FLUSH);
    }
    compress_into(s, zlib, Z_FINISH);
}

static void append_data(sink *s, const skc_image *image)
{
    skc_allocator allocator = *s->allocator; /* zlib's pointer to it is not const */
    z_stream      zlib      = { .zalloc = skc__zlib_allocate,
                                .zfree  = skc__zlib_release,
                                .opaque = &allocator };
    uint8_t      *filtered  = skc__allocate(&allocator, (size_t)image->width * 3 + 1, s->err);

    if (filtered == NULL) {
        s->status = SKC_ENOMEM;
    } else if (deflateInit(&zlib, Z_DEFAULT_COMPRESSION) != Z_OK) {
        s->status = skc__fail(s->err, SKC_ENOMEM, "out of memory");
    } else {
        append_rows(s, image, &zlib, filtered);
        deflateEnd(&zlib);
    }
    skc__release(&allocator, filtered);
}

static void append_png(sink *s, const skc_image *image)
{
    unsigned char signature[] = "\x89PNG\r\n\x1a\n";
    unsigned char format[]    = { 8, 2, 0, 0, 0 }; /* 8 bits, RGB, deflate, filters, one pass */
    int32_t       start;

    append(s, signature, 8);
    start = begin_chunk(s, "IHDR");
    append32(s, (uint32_t)image->width);
    append32(s, (uint32_t)image->height);
    append(s, format, 5);
    end_chunk(s, start);
    start = begin_chunk(s, "IDAT");
    append_data(s, image);
    end_chunk(s, start);
    end_chunk(s, begin_chunk(s, "IEND"));
}

static void append_jpeg(sink *s, const skc_image *image, int32_t quality)
{
    skc_status status = skc__stb_jpeg_encode(image->pixels, image->width, image->height, quality,
                                             append, s, s->err);

    s->status = s->status == SKC_OK ? status : s->status;
}

static skc_status check_request(const skc_image *image, skc_picture_format format, int32_t quality,
                                skc_error *err)
{
    if (format != SKC_PNG && format != SKC_JPEG)
        return skc__fail(err, SKC_EINVAL, "unknown picture format %d", (int)format);
    if (format == SKC_JPEG && (quality < 1 || quality > 100))
        return skc__fail(err, SKC_EINVAL, "JPEG quality %d; allowed are 1..100", quality);
    if ((size_t)image->width * (size_t)image->height * 3 > MAX_RAW_BYTES)
        return skc__fail(err, SKC_ELIMIT, "%d x %d pixels are too many to encode", image->width,
                         image->height);
    return SKC_OK;
}

static skc_status encode(const skc_image *image, skc_picture_format format, int32_t quality,
                         const skc_allocator *allocator, uint8_t **bytes, size_t *size,
                         skc_error *err)
{
    sink       s      = { .allocator = allocator, .err = err };
    skc_status status = check_request(image, format, quality, err);

    if (status != SKC_OK)
        return status;
    if (format == SKC_PNG)
        append_png(&s, image);
    else
        append_jpeg(&s, image, quality);
    if (s.status != SKC_OK) {
        skc__release(allocator, s.bytes);
        return s.status;
    }
    *bytes = s.bytes;
    *size  = (size_t)s.size;
    return SKC_OK;
}

skc_status skc_image_encode(const skc_image *image, skc_picture_format format, int32_t quality,
                            const skc_runtime *runtime, uint8_t **bytes, size_t *size,
                            skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);

    if (image == NULL || bytes == NULL || size == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_encode: image, bytes or size is NULL");
    return encode(image, format, quality, &allocator, bytes, size, err);
}

skc_status skc_image_save(const skc_image *image, const char *path, skc_picture_format format,
                          int32_t quality, skc_error *err)
{
    uint8_t   *bytes;
    size_t     size;
    skc_status status;

    if (image == NULL || path == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_save: image or path is NULL");
    status = encode(image, format, quality, &image->allocator, &bytes, &size, err);
    if (status != SKC_OK)
        return skc__fail_in(err, status, path);
    status = skc__file_write(path, bytes, size, err);
    skc__release(&image->allocator, bytes);
    return status;
}
