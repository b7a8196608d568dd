/* safetensors_write.c - named arrays in a file: the writer. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/digest.h"
#include "core/half.h"
#include "model/safetensors.h"

enum { DATA_ALIGNMENT = 64 };

static size_t param_elements(const skc_to_store *tensor)
{
    size_t count = 1;

    for (int32_t i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->extent[i];
    return count;
}

static size_t stored_bytes(const skc_to_store *tensor, skc_precision precision)
{
    const size_t each = tensor->bytes != NULL ? 1 : precision == SKC_F16 ? 2 : 4;

    return param_elements(tensor) * each;
}

static bool set_named(skc_json *object, const skc_to_store *tensor, skc_json *value)
{
    char name[256];

    snprintf(name, sizeof name, "%s%s", tensor->prefix, tensor->name);
    return skc__json_set(object, name, value);
}

static size_t largest(const skc_to_store *tensors, int32_t count, skc_precision precision)
{
    size_t most = 1;

    for (int32_t i = 0; i < count; i++)
        if (stored_bytes(&tensors[i], precision) > most)
            most = stored_bytes(&tensors[i], precision);
    return most;
}

/* The bytes of a tensor as they go into the file: its own, or halves in `buffer`. */
static const void *encode(const skc_to_store *tensor, skc_precision precision, void *buffer)
{
    uint16_t *halves = buffer;
    size_t    count  = param_elements(tensor);

    if (tensor->bytes != NULL)
        return tensor->bytes;
    if (precision == SKC_F32)
        return tensor->data;
    for (size_t i = 0; i < count; i++)
        halves[i] = skc__half_from_float(tensor->data[i]);
    return halves;
}

/* Refuses what a reader would refuse: an overwritten file should at least be one that loads. */
static skc_status check_values(const char *path, const skc_to_store *tensor,
                               skc_precision precision, skc_error *err)
{
    size_t count = tensor->bytes != NULL ? 0 : param_elements(tensor);

    for (size_t i = 0; i < count; i++) {
        float value = tensor->data[i];
        float stored =
            precision == SKC_F16 ? skc__float_from_half(skc__half_from_float(value)) : value;

        if (!isfinite(stored))
            return skc__fail(err, SKC_ELIMIT,
                             "%s: tensor %.40s%.80s: element %zu is %g, which %s cannot hold", path,
                             tensor->prefix, tensor->name, i, (double)value,
                             precision == SKC_F16 ? "F16 (65504 at most)" : "a model file");
    }
    return SKC_OK;
}

static skc_json *describe(const skc_to_store *tensor, skc_precision precision, size_t begin)
{
    skc_json *entry = skc__json_object(), *shape = skc__json_array(), *offsets = skc__json_array();
    const char *dtype = tensor->bytes != NULL ? "I8" : precision == SKC_F16 ? "F16" : "F32";
    bool        ok    = true;

    for (int32_t i = 0; i < tensor->rank; i++)
        ok = skc__json_append(shape, skc__json_integer(tensor->extent[i])) && ok;
    ok = skc__json_append(offsets, skc__json_integer((int64_t)begin)) && ok;
    ok = skc__json_append(offsets,
                          skc__json_integer((int64_t)(begin + stored_bytes(tensor, precision)))) &&
         ok;
    ok = skc__json_set(entry, "dtype", skc__json_string(dtype)) && ok;
    ok = skc__json_set(entry, "shape", shape) && ok;
    ok = skc__json_set(entry, "data_offsets", offsets) && ok;
    if (ok)
        return entry;
    skc__json_free(entry);
    return NULL;
}

static bool add_checksums(skc_json *metadata, const skc_to_store *tensors, int32_t count,
                          skc_precision precision, void *buffer, const skc_allocator *allocator)
{
    skc_json *sums = skc__json_object();
    char      hex[9], *text;
    bool      ok = sums != NULL;

    for (int32_t i = 0; i < count && ok; i++) {
        snprintf(hex, sizeof hex, "%08x",
                 skc__crc32(encode(&tensors[i], precision, buffer),
                            stored_bytes(&tensors[i], precision)));
        ok = set_named(sums, &tensors[i], skc__json_string(hex));
    }
    text = ok ? skc__json_text(sums, false, allocator, NULL) : NULL;
    ok   = text != NULL && skc__json_set(metadata, "crc32", skc__json_string(text));
    skc__release(allocator, text);
    skc__json_free(sums);
    return ok;
}

/* The header's text; NULL: out of memory. */
static char *make_header(const skc_to_store *tensors, int32_t count, skc_precision precision,
                         const skc_json *metadata, void *buffer, const skc_allocator *allocator,
                         skc_error *err)
{
    skc_json *header = skc__json_object();
    skc_json *texts  = metadata != NULL ? skc__json_copy(metadata) : skc__json_object();
    size_t    begin  = 0;
    char     *text   = NULL;
    bool      ok;

    ok = add_checksums(texts, tensors, count, precision, buffer, allocator);
    ok = skc__json_set(header, "__metadata__", texts) && ok;
    for (int32_t i = 0; i < count && ok; i++) {
        ok = set_named(header, &tensors[i], describe(&tensors[i], precision, begin));
        begin += stored_bytes(&tensors[i], precision);
    }
    if (ok)
        text = skc__json_text(header, false, allocator, err);
    else
        skc__fail(err, SKC_ENOMEM, "out of memory for a file header");
    skc__json_free(header);
    return text;
}

/* Length, text, and spaces to where the data begin aligned. */
static skc_status write_header(skc_writer *writer, const char *text, skc_error *err)
{
    static const char spaces[DATA_ALIGNMENT + 1] =
        "                                                                ";
    size_t        size   = strlen(text);
    size_t        padded = (size + 8 + DATA_ALIGNMENT - 1) / DATA_ALIGNMENT * DATA_ALIGNMENT - 8;
    unsigned char length[8];
    skc_status    status;

    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)padded >> (8 * i));
    status = skc__writer_write(writer, length, sizeof length, err);
    if (status == SKC_OK)
        status = skc__writer_write(writer, text, size, err);
    return status == SKC_OK ? skc__writer_write(writer, spaces, padded - size, err) : status;
}

static skc_status write_file(const char *path, const char *header, const skc_to_store *tensors,
                             int32_t count, skc_precision precision, void *buffer, skc_error *err)
{
    skc_writer writer;
    skc_status status = skc__writer_open(path, &writer, err);

    if (status == SKC_OK)
        status = write_header(&writer, header, err);
    for (int32_t i = 0; i < count && status == SKC_OK; i++)
        status = skc__writer_write(&writer, encode(&tensors[i], precision, buffer),
                                   stored_bytes(&tensors[i], precision), err);
    return status == SKC_OK ? skc__writer_commit(&writer, err) : status;
}

skc_status skc__safetensors_write(const char *path, const skc_to_store *tensors, int32_t count,
                                  skc_precision precision, const skc_json *metadata,
                                  const skc_allocator *allocator, skc_error *err)
{
    void      *buffer;
    char      *header;
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < count && status == SKC_OK; i++)
        status = check_values(path, &tensors[i], precision, err);
    if (status != SKC_OK)
        return status;
    status = SKC_ENOMEM;
    buffer = skc__allocate(allocator, largest(tensors, count, precision), err);
    if (buffer == NULL)
        return status;
    header = make_header(tensors, count, precision, metadata, buffer, allocator, err);
    if (header != NULL)
        status = write_file(path, header, tensors, count, precision, buffer, err);
    skc__release(allocator, header);
    skc__release(allocator, buffer);
    return status;
}
