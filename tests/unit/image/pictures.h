/* pictures.h - what the picture tests share: PNG files made to order, guard pages, and an allocator
 * that counts and fails. */
#ifndef TEST_IMAGE_PICTURES_H
#define TEST_IMAGE_PICTURES_H

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "skincnn.h"

#define UNUSED __attribute__((unused))

/* ------------------------------------------------------------------ an allocator that fails */

typedef struct counter {
    long live, calls, fail_at; /* the fail_at-th call fails; 0: none */
} counter;

UNUSED static void *counted_allocate(void *user, size_t bytes)
{
    counter *c     = user;
    void    *block = ++c->calls == c->fail_at ? NULL : malloc(bytes);

    c->live += block != NULL;
    return block;
}

UNUSED static void *counted_reallocate(void *user, void *block, size_t bytes)
{
    counter *c = user;

    return ++c->calls == c->fail_at ? NULL : realloc(block, bytes);
}

UNUSED static void counted_release(void *user, void *block)
{
    ((counter *)user)->live--;
    free(block);
}

UNUSED static skc_runtime counting_runtime(counter *c)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.allocator = (skc_allocator){ counted_allocate, counted_reallocate, counted_release, c };
    return runtime;
}

/* ------------------------------------------------------------------ guard pages */

/* A copy whose last byte is followed by a page that must not be touched. */
typedef struct guarded {
    void    *map;
    size_t   length;
    uint8_t *bytes;
} guarded;

UNUSED static guarded guard(const void *bytes, size_t size)
{
    size_t  page = (size_t)sysconf(_SC_PAGESIZE), room = (size + page - 1) / page * page;
    guarded g = { .length = room + page };

    g.map = mmap(NULL, g.length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(g.map, MAP_FAILED);
    assert_int_equal(mprotect((char *)g.map + room, page, PROT_NONE), 0);
    g.bytes = (uint8_t *)g.map + room - size;
    memcpy(g.bytes, bytes, size);
    return g;
}

UNUSED static void unguard(guarded g)
{
    munmap(g.map, g.length);
}

/* ------------------------------------------------------------------ PNG files made to order */

typedef struct file {
    uint8_t bytes[1 << 16];
    size_t  size;
} file;

typedef struct png_spec {
    uint32_t    width, height;
    int         depth, colour, interlace;
    const void *palette, *transparency, *exif; /* NULL: no such chunk */
    size_t      palette_size, transparency_size, exif_size;
    const void *rows; /* as they are compressed: filter numbers and samples */
    size_t      rows_size;
    size_t      split; /* bytes in each IDAT chunk; 0: all in one */
} png_spec;

UNUSED static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

UNUSED static void put_chunk(file *f, const char *name, const void *data, size_t size)
{
    uint8_t *at = f->bytes + f->size;

    assert_true(f->size + size + 12 <= sizeof f->bytes);
    put32(at, (uint32_t)size);
    memcpy(at + 4, name, 4);
    if (size > 0)
        memcpy(at + 8, data, size);
    put32(at + 8 + size, (uint32_t)crc32(0, at + 4, (uInt)size + 4));
    f->size += size + 12;
}

UNUSED static void put_png_head(file *f, const png_spec *s)
{
    uint8_t header[13] = { 0 };

    memcpy(f->bytes, "\x89PNG\r\n\x1a\n", 8);
    f->size = 8;
    put32(header, s->width);
    put32(header + 4, s->height);
    header[8]  = (uint8_t)s->depth;
    header[9]  = (uint8_t)s->colour;
    header[12] = (uint8_t)s->interlace;
    put_chunk(f, "IHDR", header, 13);
    if (s->exif != NULL)
        put_chunk(f, "eXIf", s->exif, s->exif_size);
    if (s->palette != NULL)
        put_chunk(f, "PLTE", s->palette, s->palette_size);
    if (s->transparency != NULL)
        put_chunk(f, "tRNS", s->transparency, s->transparency_size);
}

UNUSED static file *make_png(png_spec s)
{
    static file    f;
    static uint8_t data[1 << 15];
    uLongf         size = sizeof data;
    size_t         step;

    put_png_head(&f, &s);
    assert_int_equal(compress2(data, &size, s.rows, (uLong)s.rows_size, 9), Z_OK);
    step = s.split > 0 ? s.split : size;
    for (size_t at = 0; at < size; at += step)
        put_chunk(&f, "IDAT", data + at, size - at < step ? size - at : step);
    put_chunk(&f, "IEND", NULL, 0);
    return &f;
}

/* ------------------------------------------------------------------ decoding */

UNUSED static skc_image *decode(const void *bytes, size_t size)
{
    skc_image *image = NULL;
    skc_error  err   = { 0 };

    if (skc_image_decode(bytes, size, "test", NULL, NULL, &image, &err) != SKC_OK)
        fail_msg("%s", err.message);
    return image;
}

/* The status must be `status` and the message say `words` and begin with the name. */
UNUSED static void assert_refused(const void *bytes, size_t size, skc_status status,
                                  const char *words)
{
    skc_image *image = NULL;
    skc_error  err   = { 0 };

    assert_int_equal(skc_image_decode(bytes, size, "lesion", NULL, NULL, &image, &err), status);
    assert_int_equal(err.status, status);
    assert_null(image);
    if (strncmp(err.message, "lesion: ", 8) != 0 || strstr(err.message, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.message, words);
}

UNUSED static void assert_pixel(const skc_image *image, int32_t x, int32_t y, int r, int g, int b)
{
    const uint8_t *p =
        skc_image_pixels(image) + 3 * ((size_t)y * (size_t)skc_image_width(image) + (size_t)x);

    if (p[0] != r || p[1] != g || p[2] != b)
        fail_msg("pixel %d,%d is %d,%d,%d and should be %d,%d,%d", x, y, p[0], p[1], p[2], r, g, b);
}

#endif
