/* cache.c - pictures decoded once into a memory-mapped file, ready for training.
 *
 * The file: a header, a table of one entry a row, then the pixels of the pictures as (height,
 * width, 3) bytes. Numbers are in the byte order of the machine that wrote it, which a mark in the
 * header shows: a cache is made again where it does not fit, never converted. */
#include "train/cache.h"

#include <assert.h>
#include <string.h>

#include "core/digest.h"
#include "core/file.h"
#include "core/parallel.h"

enum {
    FORMAT       = 1,
    KEY_BYTES    = 256,
    MIN_SIDE     = 16,
    MAX_SIDE     = 4096,
    MAX_EXTENT   = 65535,
    MAX_ROWS     = 1 << 24,
    BLOCK_FACTOR = 4 /* pictures a thread that are decoded before they are written */
};

static const char     magic[8]   = { 'S', 'K', 'C', 'C', 'A', 'C', 'H', 'E' };
static const uint32_t order_mark = 0x01020304;

typedef struct cache_header {
    char     magic[8];
    uint32_t order_mark, format;
    uint64_t file_bytes;
    int32_t  rows, side;
    uint32_t table_crc;  /* CRC-32 of the table */
    uint32_t header_crc; /* CRC-32 of the header with 0 here */
    char     key[KEY_BYTES];
} cache_header;

typedef struct cache_entry {
    uint64_t offset; /* in the file; 0: no picture */
    int32_t  width, height;
} cache_entry;

static_assert(sizeof(cache_header) == 296, "the header has no padding");
static_assert(sizeof(cache_entry) == 16, "an entry has no padding");

static size_t picture_bytes(int32_t width, int32_t height)
{
    return (size_t)width * (size_t)height * 3;
}

/* ------------------------------------------------------------------ writing */

struct skc_cache_writer {
    skc_runtime  runtime; /* what pictures are decoded with */
    skc_pool    *pool;
    skc_writer   file;
    cache_header header;
    cache_entry *table; /* (rows) */
};

static void release_writer(skc_cache_writer *writer)
{
    skc_allocator allocator = writer->runtime.allocator;

    skc__pool_free(writer->pool);
    skc__release(&allocator, writer->table);
    skc__release(&allocator, writer);
}

static skc_status check_create(const char *path, int32_t rows, int32_t side, const char *key,
                               skc_error *err)
{
    if (path == NULL || key == NULL)
        return skc__fail(err, SKC_EINVAL, "cache: a NULL argument");
    if (rows < 1 || rows > MAX_ROWS)
        return skc__fail(err, SKC_EINVAL, "%s: a cache of %d rows; allowed are 1..%d", path, rows,
                         (int)MAX_ROWS);
    if (side < MIN_SIDE || side > MAX_SIDE)
        return skc__fail(err, SKC_EINVAL, "%s: side is %d; allowed are %d..%d", path, side,
                         (int)MIN_SIDE, (int)MAX_SIDE);
    if (strlen(key) >= KEY_BYTES)
        return skc__fail(err, SKC_EINVAL, "%s: the key has %zu bytes; allowed are %d", path,
                         strlen(key), KEY_BYTES - 1);
    return SKC_OK;
}

static void fill_header(cache_header *header, int32_t rows, int32_t side, const char *key)
{
    memcpy(header->magic, magic, sizeof magic);
    header->order_mark = order_mark;
    header->format     = FORMAT;
    header->rows       = rows;
    header->side       = side;
    memcpy(header->key, key, strlen(key));
}

/* The header, which finish puts right, and an empty table. */
static skc_status start_file(skc_cache_writer *writer, const char *path, skc_error *err)
{
    size_t     bytes = (size_t)writer->header.rows * sizeof *writer->table;
    skc_status status;

    writer->table = skc__allocate_zeroed(&writer->runtime.allocator, bytes, err);
    if (writer->table == NULL)
        return SKC_ENOMEM;
    status = skc__writer_open(path, &writer->file, err);
    if (status == SKC_OK)
        status = skc__writer_write(&writer->file, &writer->header, sizeof writer->header, err);
    if (status == SKC_OK)
        status = skc__writer_write(&writer->file, writer->table, bytes, err);
    return status;
}

skc_status skc_cache_writer_create(const char *path, int32_t rows, int32_t side, const char *key,
                                   const skc_runtime *runtime, skc_cache_writer **out,
                                   skc_error *err)
{
    skc_allocator     allocator = skc__allocator(runtime);
    skc_cache_writer *writer;
    skc_status        status = check_create(path, rows, side, key, err);

    if (status == SKC_OK && out == NULL)
        status = skc__fail(err, SKC_EINVAL, "cache: out is NULL");
    if (status != SKC_OK)
        return status;
    writer = skc__allocate_zeroed(&allocator, sizeof *writer, err);
    if (writer == NULL)
        return SKC_ENOMEM;
    skc_runtime_init(&writer->runtime);
    writer->runtime.allocator = allocator;
    fill_header(&writer->header, rows, side, key);
    status = skc__pool_create(runtime, &writer->pool, err);
    if (status == SKC_OK)
        status = start_file(writer, path, err);
    if (status == SKC_OK)
        *out = writer;
    else
        release_writer(writer);
    return status;
}

/* A picture between decoding and writing. */
typedef struct staged {
    uint8_t *pixels; /* (height, width, 3), NULL where it failed */
    int32_t  width, height;
} staged;

typedef struct staging {
    const skc_cache_writer *writer;
    const skc_cache_item   *items;
    skc_error              *results;
    staged                 *out;
} staging;

static const char *name_of(const skc_cache_item *item)
{
    return item->name != NULL ? item->name : "picture";
}

static skc_status stage(const skc_cache_writer *writer, const skc_cache_item *item, staged *out,
                        skc_error *err)
{
    const skc_allocator *allocator = &writer->runtime.allocator;
    skc_image           *image;
    skc_status           status;

    if (item->row < 0 || item->row >= writer->header.rows)
        return skc__fail(err, SKC_EINVAL, "%s: row %d of a cache of %d rows", name_of(item),
                         item->row, writer->header.rows);
    status =
        skc_image_decode(item->bytes, item->size, item->name, NULL, &writer->runtime, &image, err);
    if (status != SKC_OK)
        return status;
    skc__staged_size(image->width, image->height, writer->header.side, &out->width, &out->height);
    out->pixels = skc__allocate(allocator, picture_bytes(out->width, out->height), err);
    status      = out->pixels == NULL ? SKC_ENOMEM : SKC_OK;
    if (status == SKC_OK)
        status = skc__pixels_resize(&image->kernels,
                                    (skc_pixels){ image->pixels, image->width, image->height },
                                    out->width, out->height, allocator, out->pixels, err);
    skc_image_free(image);
    return status;
}

static void stage_task(void *context, int32_t task, int32_t thread)
{
    const staging *s      = context;
    skc_error     *result = &s->results[task];

    (void)thread;
    *result        = (skc_error){ .status = SKC_OK };
    result->status = stage(s->writer, &s->items[task], &s->out[task], result);
}

/* A failure here is one of the cache itself. */
static skc_status append(skc_cache_writer *writer, const skc_cache_item *item,
                         const staged *picture, skc_error *result, skc_error *err)
{
    cache_entry *entry  = &writer->table[item->row];
    uint64_t     offset = writer->file.written;
    skc_status   status;

    if (entry->offset != 0) {
        skc__fail(result, SKC_EINVAL, "%s: row %d has a picture already", name_of(item), item->row);
        return SKC_OK;
    }
    status = skc__writer_write(&writer->file, picture->pixels,
                               picture_bytes(picture->width, picture->height), err);
    if (status == SKC_OK)
        *entry = (cache_entry){ offset, picture->width, picture->height };
    return status;
}

/* Decodes side by side, writes in order, so that the file does not depend on the threads. */
static skc_status put_block(skc_cache_writer *writer, const skc_cache_item *items, int32_t count,
                            skc_error *results, staged *out, skc_error *err)
{
    staging    s      = { writer, items, results, out };
    skc_status status = SKC_OK;

    memset(out, 0, (size_t)count * sizeof *out);
    skc__parallel(writer->pool, count, stage_task, &s);
    for (int32_t i = 0; i < count; i++) {
        if (status == SKC_OK && results[i].status == SKC_OK)
            status = append(writer, &items[i], &out[i], &results[i], err);
        skc__release(&writer->runtime.allocator, out[i].pixels);
    }
    return status;
}

skc_status skc_cache_writer_put(skc_cache_writer *writer, const skc_cache_item *items,
                                int32_t count, skc_error *results, skc_error *err)
{
    skc_status status = SKC_OK;
    staged    *block;
    int32_t    room;

    if (writer == NULL || count < 0 || (count > 0 && (items == NULL || results == NULL)))
        return skc__fail(err, SKC_EINVAL, "cache: a NULL argument, or a count of %d", count);
    if (writer->file.fd < 0)
        return skc__fail(err, SKC_EIO, "%s: an earlier write failed", writer->file.path);
    if (count == 0)
        return SKC_OK;
    room  = skc__pool_threads(writer->pool) * BLOCK_FACTOR;
    block = skc__allocate(&writer->runtime.allocator, (size_t)room * sizeof *block, err);
    if (block == NULL)
        return SKC_ENOMEM;
    for (int32_t done = 0, part; done < count && status == SKC_OK; done += part) {
        part   = count - done < room ? count - done : room;
        status = put_block(writer, items + done, part, results + done, block, err);
    }
    skc__release(&writer->runtime.allocator, block);
    return status;
}

static uint32_t header_crc(const cache_header *header)
{
    cache_header copy = *header;

    copy.header_crc = 0;
    return skc__crc32(&copy, sizeof copy);
}

skc_status skc_cache_writer_finish(skc_cache_writer *writer, skc_error *err)
{
    cache_header *header;
    size_t        bytes;
    skc_status    status;

    if (writer == NULL)
        return skc__fail(err, SKC_EINVAL, "cache: the writer is NULL");
    header             = &writer->header;
    bytes              = (size_t)header->rows * sizeof *writer->table;
    header->file_bytes = writer->file.written;
    header->table_crc  = skc__crc32(writer->table, bytes);
    header->header_crc = header_crc(header);
    if (writer->file.fd < 0)
        status = skc__fail(err, SKC_EIO, "%s: an earlier write failed", writer->file.path);
    else
        status = skc__writer_patch(&writer->file, 0, header, sizeof *header, err);
    if (status == SKC_OK)
        status = skc__writer_patch(&writer->file, sizeof *header, writer->table, bytes, err);
    if (status == SKC_OK)
        status = skc__writer_commit(&writer->file, err);
    release_writer(writer);
    return status;
}

void skc_cache_writer_abandon(skc_cache_writer *writer)
{
    if (writer == NULL)
        return;
    skc__writer_abandon(&writer->file);
    release_writer(writer);
}

/* ------------------------------------------------------------------ reading */

struct skc_cache {
    skc_allocator       allocator;
    skc_mapping         file;
    const cache_header *header;
    const cache_entry  *table; /* (rows) */
};

static skc_status check_header(const char *path, const skc_mapping *file, skc_error *err)
{
    const cache_header *header = (const cache_header *)(const void *)file->bytes;
    size_t              table;

    if (file->size < sizeof *header || memcmp(header->magic, magic, sizeof magic) != 0)
        return skc__fail(err, SKC_EFORMAT, "%s: not a picture cache", path);
    if (header->order_mark != order_mark)
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "%s: a cache from a machine with another byte order; make it again", path);
    if (header->format != FORMAT)
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "%s: a cache of format %u; this library reads %d; make it again", path,
                         header->format, (int)FORMAT);
    if (header_crc(header) != header->header_crc)
        return skc__fail(err, SKC_EFORMAT, "%s: damaged: the header's checksum is wrong", path);
    if (header->file_bytes != file->size)
        return skc__fail(err, SKC_EFORMAT, "%s: damaged: %zu bytes instead of %llu", path,
                         file->size, (unsigned long long)header->file_bytes);
    if (header->rows < 1 || header->rows > MAX_ROWS || header->side < MIN_SIDE ||
        header->side > MAX_SIDE || memchr(header->key, '\0', KEY_BYTES) == NULL)
        return skc__fail(err, SKC_EFORMAT, "%s: damaged: impossible rows, side or key", path);
    table = (size_t)header->rows * sizeof(cache_entry);
    if (table > file->size - sizeof *header)
        return skc__fail(err, SKC_EFORMAT, "%s: damaged: too short for a table of %d rows", path,
                         header->rows);
    if (skc__crc32(file->bytes + sizeof *header, table) != header->table_crc)
        return skc__fail(err, SKC_EFORMAT, "%s: damaged: the table's checksum is wrong", path);
    return SKC_OK;
}

static bool entry_is_sound(const cache_entry *entry, int32_t side, uint64_t begin, uint64_t end)
{
    int32_t shorter = entry->width < entry->height ? entry->width : entry->height;
    int32_t longer  = entry->width < entry->height ? entry->height : entry->width;

    if (entry->offset == 0)
        return entry->width == 0 && entry->height == 0;
    return shorter >= 1 && shorter <= side && longer <= MAX_EXTENT && entry->offset >= begin &&
           entry->offset <= end &&
           picture_bytes(entry->width, entry->height) <= end - entry->offset;
}

static skc_status check_table(const char *path, const skc_mapping *file, skc_error *err)
{
    const cache_header *header = (const cache_header *)(const void *)file->bytes;
    const cache_entry  *table  = (const cache_entry *)(const void *)(header + 1);
    size_t              begin  = sizeof *header + (size_t)header->rows * sizeof *table;

    for (int32_t row = 0; row < header->rows; row++)
        if (!entry_is_sound(&table[row], header->side, begin, file->size))
            return skc__fail(err, SKC_EFORMAT,
                             "%s: damaged: row %d has an impossible size or place", path, row);
    return SKC_OK;
}

skc_status skc_cache_open(const char *path, const skc_runtime *runtime, skc_cache **out,
                          skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_mapping   file;
    skc_cache    *cache;
    skc_status    status;

    if (path == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "cache: a NULL argument");
    status = skc__file_map(path, &file, err);
    if (status != SKC_OK)
        return status;
    status = check_header(path, &file, err);
    if (status == SKC_OK)
        status = check_table(path, &file, err);
    cache = status == SKC_OK ? skc__allocate(&allocator, sizeof *cache, err) : NULL;
    if (cache == NULL) {
        skc__file_unmap(&file);
        return status == SKC_OK ? SKC_ENOMEM : status;
    }
    cache->allocator = allocator;
    cache->file      = file;
    cache->header    = (const cache_header *)(const void *)file.bytes;
    cache->table     = (const cache_entry *)(const void *)(cache->header + 1);
    *out             = cache;
    return SKC_OK;
}

void skc_cache_free(skc_cache *cache)
{
    skc_allocator allocator;

    if (cache == NULL)
        return;
    allocator = cache->allocator;
    skc__file_unmap(&cache->file);
    skc__release(&allocator, cache);
}

int32_t skc_cache_rows(const skc_cache *cache)
{
    return cache->header->rows;
}

int32_t skc_cache_side(const skc_cache *cache)
{
    return cache->header->side;
}

const char *skc_cache_key(const skc_cache *cache)
{
    return cache->header->key;
}

bool skc_cache_has(const skc_cache *cache, int32_t row)
{
    return row >= 0 && row < cache->header->rows && cache->table[row].offset != 0;
}

skc_pixels skc__cache_pixels(const skc_cache *cache, int32_t row)
{
    const cache_entry *entry = &cache->table[row];

    return (skc_pixels){ cache->file.bytes + entry->offset, entry->width, entry->height };
}

skc_status skc_cache_image(const skc_cache *cache, int32_t row, const skc_runtime *runtime,
                           skc_image **out, skc_error *err)
{
    skc_pixels pixels;

    if (cache == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "cache: a NULL argument");
    if (!skc_cache_has(cache, row))
        return skc__fail(err, SKC_ENOTFOUND, "the cache of %d rows has no picture in row %d",
                         cache->header->rows, row);
    pixels = skc__cache_pixels(cache, row);
    return skc_image_create(pixels.width, pixels.height, pixels.data, runtime, out, err);
}
