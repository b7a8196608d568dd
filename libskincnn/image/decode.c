/* decode.c - bytes to an upright RGB picture: limits, which format it is, and who decodes it. */
#include "image/picture.h"

#include <string.h>

#include "core/file.h"

void skc_image_limits_init(skc_image_limits *limits)
{
    *limits = (skc_image_limits){ sizeof *limits, 25000000, 40000000 };
}

static skc_image_limits limits_or_default(const skc_image_limits *limits)
{
    skc_image_limits fallback;

    skc_image_limits_init(&fallback);
    return limits != NULL ? *limits : fallback;
}

skc_status skc__check_extent(const skc_source *source, uint32_t width, uint32_t height,
                             skc_error *err)
{
    if (width < 1 || height < 1)
        return skc__fail(err, SKC_EFORMAT, "a picture of %u x %u pixels", width, height);
    if (width > SKC_MAX_SIDE || height > SKC_MAX_SIDE)
        return skc__fail(err, SKC_ELIMIT, "%u x %u pixels; at most %d a side", width, height,
                         SKC_MAX_SIDE);
    if ((uint64_t)width * height > source->max_pixels)
        return skc__fail(err, SKC_ELIMIT, "%u x %u pixels; at most %llu in all", width, height,
                         (unsigned long long)source->max_pixels);
    return SKC_OK;
}

typedef skc_status decoder(const skc_source *source, skc_image **out, int *orientation,
                           skc_error *err);

/* What a file looks like by its first bytes; decode is NULL for what is only recognised. */
typedef struct signature {
    const char *name, *bytes;
    size_t      offset, size;
    decoder    *decode;
} signature;

static const signature signatures[] = {
    { "JPEG", "\xff\xd8\xff", 0, 3, skc__jpeg_decode },
    { "PNG", "\x89PNG\r\n\x1a\n", 0, 8, skc__png_decode },
    { "GIF", "GIF8", 0, 4, NULL },
    { "BMP", "BM", 0, 2, NULL },
    { "WebP", "WEBP", 8, 4, NULL },
    { "HEIC", "ftyphei", 4, 7, NULL },
    { "HEIC", "ftypmif1", 4, 8, NULL },
    { "AVIF", "ftypavif", 4, 8, NULL },
    { "TIFF", "II*\0", 0, 4, NULL },
    { "TIFF", "MM\0*", 0, 4, NULL },
    { "DICOM", "DICM", 128, 4, NULL },
    { "JPEG 2000", "\0\0\0\x0cjP  ", 0, 8, NULL },
    { "JPEG XL", "\xff\x0a", 0, 2, NULL },
    { "PDF", "%PDF", 0, 4, NULL },
    { "ZIP", "PK\3\4", 0, 4, NULL },
    { "gzip", "\x1f\x8b", 0, 2, NULL },
};

static const signature *recognise(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const signature *s = &signatures[i];

        if (size >= s->offset + s->size && memcmp(bytes + s->offset, s->bytes, s->size) == 0)
            return s;
    }
    return NULL;
}

static bool looks_like_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < 512; i++)
        if (bytes[i] >= 0x7f || (bytes[i] < 0x20 && (bytes[i] < '\t' || bytes[i] > '\r')))
            return false;
    return true;
}

static skc_status refuse(const skc_source *source, const signature *format, skc_error *err)
{
    if (source->size == 0)
        return skc__fail(err, SKC_EFORMAT, "empty file");
    if (format != NULL)
        return skc__fail(err, SKC_EUNSUPPORTED, "this is %s; only JPEG and PNG are read",
                         format->name);
    if (looks_like_text(source->bytes, source->size))
        return skc__fail(err, SKC_EFORMAT, "this is text; only JPEG and PNG are read");
    return skc__fail(err, SKC_EFORMAT, "neither JPEG nor PNG");
}

static skc_status decode(const skc_source *source, skc_image **out, skc_error *err)
{
    const signature *format      = recognise(source->bytes, source->size);
    int              orientation = 1;
    skc_image       *image;
    skc_status       status;

    if (format == NULL || format->decode == NULL)
        return refuse(source, format, err);
    status = format->decode(source, &image, &orientation, err);
    if (status != SKC_OK)
        return status;
    status = skc__image_upright(image, orientation, err);
    if (status == SKC_OK)
        *out = image;
    else
        skc_image_free(image);
    return status;
}

skc_status skc_image_decode(const void *bytes, size_t size, const char *name,
                            const skc_image_limits *limits, const skc_runtime *runtime,
                            skc_image **out, skc_error *err)
{
    skc_image_limits allowed = limits_or_default(limits);
    skc_source       source  = { .bytes      = bytes,
                                 .size       = size,
                                 .max_pixels = allowed.max_pixels,
                                 .allocator  = skc__allocator(runtime) };
    skc_status       status;

    if ((bytes == NULL && size > 0) || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_decode: bytes or out is NULL");
    status = skc__kernels(runtime, &source.kernels, err);
    if (status != SKC_OK)
        return status;
    if (size > allowed.max_bytes)
        status = skc__fail(err, SKC_ELIMIT, "%zu bytes; at most %llu", size,
                           (unsigned long long)allowed.max_bytes);
    else
        status = decode(&source, out, err);
    return status == SKC_OK ? SKC_OK : skc__fail_in(err, status, name != NULL ? name : "picture");
}

skc_status skc_image_load(const char *path, const skc_image_limits *limits,
                          const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    skc_image_limits allowed   = limits_or_default(limits);
    skc_allocator    allocator = skc__allocator(runtime);
    unsigned char   *bytes;
    size_t           size;
    skc_status       status;

    if (path == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_load: path or out is NULL");
    status = skc__file_read(path, allowed.max_bytes, &allocator, &bytes, &size, err);
    if (status != SKC_OK)
        return status;
    status = skc_image_decode(bytes, size, path, limits, runtime, out, err);
    skc__release(&allocator, bytes);
    return status;
}
