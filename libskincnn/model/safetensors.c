/* safetensors.c - named arrays in a file: the reader. */
#include "model/safetensors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "core/half.h"
#include "core/shape.h"

enum { LENGTH_BYTES = 8, MAX_HEADER_BYTES = 16 * 1024 * 1024 };

static const struct {
    const char *name;
    size_t      bytes;
} dtypes[] = {
    [SKC_DTYPE_F32] = { "F32", 4 },   [SKC_DTYPE_F16] = { "F16", 2 },
    [SKC_DTYPE_BF16] = { "BF16", 2 }, [SKC_DTYPE_F64] = { "F64", 8 },
    [SKC_DTYPE_I8] = { "I8", 1 },
};

const char *skc__shape_text(char out[128], int32_t rank, const int64_t *extent)
{
    size_t used = (size_t)snprintf(out, 128, "[");

    for (int32_t i = 0; i < rank && used < 100; i++)
        used += (size_t)snprintf(out + used, 128 - used, "%s%lld", i > 0 ? ", " : "",
                                 (long long)extent[i]);
    snprintf(out + used, 128 - used, "]");
    return out;
}

static skc_status refuse(const skc_safetensors *file, const char *tensor, const char *why,
                         skc_error *err)
{
    return skc__fail(err, SKC_EFORMAT, "%s: tensor %.80s: %s", file->name, tensor, why);
}

static skc_status read_dtype(const skc_safetensors *file, const skc_json *json, skc_stored *tensor,
                             skc_error *err)
{
    const char *word = skc__json_as_string(skc__json_get(json, "dtype"));

    for (size_t i = 0; word != NULL && i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (strcmp(word, dtypes[i].name) == 0) {
            tensor->dtype = (skc_dtype)i;
            return SKC_OK;
        }
    return refuse(file, tensor->name, "dtype must be F32, F16, BF16, F64 or I8", err);
}

static skc_status read_shape(const skc_safetensors *file, const skc_json *json, skc_stored *tensor,
                             skc_error *err)
{
    const skc_json *shape = skc__json_get(json, "shape");
    size_t          rank  = skc__json_size(shape);

    if (!skc__json_is_array(shape) || rank > SKC_MAX_RANK)
        return refuse(file, tensor->name, "shape must be an array of at most 8 extents", err);
    tensor->rank  = (int32_t)rank;
    tensor->count = 1;
    for (size_t i = 0; i < rank; i++) {
        const skc_json *extent = skc__json_at(shape, i);
        int64_t         value  = skc__json_as_integer(extent);

        if (!skc__json_is_integer(extent) || value < 1 || value > INT32_MAX ||
            tensor->count > SKC_MAX_ELEMENTS / (size_t)value)
            return refuse(file, tensor->name, "an extent of its shape is out of range", err);
        tensor->extent[i] = value;
        tensor->count *= (size_t)value;
    }
    return SKC_OK;
}

static skc_status read_offsets(const skc_safetensors *file, const skc_json *json,
                               skc_stored *tensor, skc_error *err)
{
    const skc_json *offsets = skc__json_get(json, "data_offsets");
    const skc_json *begin = skc__json_at(offsets, 0), *end = skc__json_at(offsets, 1);
    int64_t         b = skc__json_as_integer(begin), e = skc__json_as_integer(end);

    if (!skc__json_is_array(offsets) || skc__json_size(offsets) != 2 ||
        !skc__json_is_integer(begin) || !skc__json_is_integer(end) || b < 0 || e < b)
        return refuse(file, tensor->name, "data_offsets must be [begin, end]", err);
    if ((uint64_t)e > file->size)
        return skc__fail(
            err, SKC_EFORMAT,
            "%s: tensor %.80s: its data end at byte %lld of %zu: the file is truncated", file->name,
            tensor->name, (long long)e, file->size);
    tensor->begin = (size_t)b;
    tensor->end   = (size_t)e;
    if (tensor->end - tensor->begin != tensor->count * dtypes[tensor->dtype].bytes)
        return refuse(file, tensor->name, "its shape does not fit the size of its data", err);
    return SKC_OK;
}

static skc_status read_tensor(const skc_safetensors *file, const char *name, const skc_json *json,
                              skc_stored *tensor, skc_error *err)
{
    skc_status status;

    memset(tensor, 0, sizeof *tensor);
    tensor->name = name;
    status       = read_dtype(file, json, tensor, err);
    if (status == SKC_OK)
        status = read_shape(file, json, tensor, err);
    return status == SKC_OK ? read_offsets(file, json, tensor, err) : status;
}

static int by_begin(const void *a, const void *b)
{
    const skc_stored *x = a, *y = b;

    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return x->end < y->end ? -1 : x->end > y->end;
}

/* Sorted by position, each must begin where the one before ends. */
static skc_status check_coverage(const skc_safetensors *file, skc_error *err)
{
    size_t expected = 0;

    for (int32_t i = 0; i < file->count; i++) {
        if (file->tensors[i].begin != expected)
            return refuse(file, file->tensors[i].name,
                          file->tensors[i].begin < expected
                              ? "its data overlap those of another tensor"
                              : "there is a gap before its data",
                          err);
        expected = file->tensors[i].end;
    }
    if (expected != file->size)
        return skc__fail(err, SKC_EFORMAT, "%s: %zu bytes follow the last tensor", file->name,
                         file->size - expected);
    return SKC_OK;
}

static skc_status read_tensors(skc_safetensors *file, skc_error *err)
{
    void           *iterator = NULL;
    const char     *key;
    const skc_json *json;
    skc_status      status;

    while ((json = skc__json_next(file->header, &iterator, &key)) != NULL) {
        if (strcmp(key, "__metadata__") == 0)
            continue;
        status = read_tensor(file, key, json, &file->tensors[file->count++], err);
        if (status != SKC_OK)
            return status;
    }
    qsort(file->tensors, (size_t)file->count, sizeof *file->tensors, by_begin);
    return check_coverage(file, err);
}

static skc_status read_checksums(skc_safetensors *file, skc_error *err)
{
    const char *text = skc__safetensors_metadata(file, "crc32");
    char        where[512];

    if (text == NULL)
        return SKC_OK;
    snprintf(where, sizeof where, "%s: checksums", file->name);
    return skc__json_parse(text, strlen(text), where, &file->checksums, err);
}

static skc_status read_header(skc_safetensors *file, const unsigned char *bytes, size_t size,
                              skc_error *err)
{
    uint64_t length = 0;

    if (size < LENGTH_BYTES + 2)
        return skc__fail(err, SKC_EFORMAT, "%s: %zu bytes are too few for a safetensors file",
                         file->name, size);
    for (int i = 0; i < LENGTH_BYTES; i++)
        length |= (uint64_t)bytes[i] << (8 * i);
    if (length > MAX_HEADER_BYTES || length > size - LENGTH_BYTES)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: not a safetensors file, or truncated: a header of %llu bytes in a "
                         "file of %zu",
                         file->name, (unsigned long long)length, size);
    file->data = bytes + LENGTH_BYTES + length;
    file->size = size - LENGTH_BYTES - (size_t)length;
    return skc__json_parse((const char *)bytes + LENGTH_BYTES, (size_t)length, file->name,
                           &file->header, err);
}

skc_status skc__safetensors_parse(const unsigned char *bytes, size_t size, const char *name,
                                  const skc_allocator *allocator, skc_safetensors *out,
                                  skc_error *err)
{
    skc_safetensors file   = { .allocator = *allocator, .name = name };
    skc_status      status = read_header(&file, bytes, size, err);

    if (status != SKC_OK)
        return status;
    if (!skc__json_is_object(file.header)) {
        status = skc__fail(err, SKC_EFORMAT, "%s: the header is not a JSON object", name);
    } else {
        file.tensors =
            skc__allocate(allocator, (skc__json_size(file.header) + 1) * sizeof *file.tensors, err);
        status = file.tensors == NULL ? SKC_ENOMEM : read_tensors(&file, err);
    }
    if (status == SKC_OK)
        status = read_checksums(&file, err);
    if (status == SKC_OK)
        *out = file;
    else
        skc__safetensors_free(&file);
    return status;
}

void skc__safetensors_free(skc_safetensors *file)
{
    skc__release(&file->allocator, file->tensors);
    skc__json_free(file->header);
    skc__json_free(file->checksums);
}

const skc_stored *skc__safetensors_find(const skc_safetensors *file, const char *name)
{
    for (int32_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *skc__safetensors_metadata(const skc_safetensors *file, const char *key)
{
    return skc__json_as_string(skc__json_get(skc__json_get(file->header, "__metadata__"), key));
}

static skc_status verify_checksum(const skc_safetensors *file, const skc_stored *tensor,
                                  skc_error *err)
{
    const char *stated = skc__json_as_string(skc__json_get(file->checksums, tensor->name));
    char        actual[9];

    if (file->checksums == NULL)
        return SKC_OK;
    snprintf(actual, sizeof actual, "%08x",
             skc__crc32(file->data + tensor->begin, tensor->end - tensor->begin));
    if (stated == NULL || strcmp(stated, actual) != 0)
        return refuse(file, tensor->name, "its checksum is wrong: the file is damaged", err);
    return SKC_OK;
}

static float element(const unsigned char *data, skc_dtype dtype, size_t i)
{
    uint16_t half;
    uint32_t bits;
    float    value;
    double   wide;

    switch (dtype) {
    case SKC_DTYPE_F32:
        memcpy(&value, data + 4 * i, sizeof value);
        return value;
    case SKC_DTYPE_F16:
        memcpy(&half, data + 2 * i, sizeof half);
        return skc__float_from_half(half);
    case SKC_DTYPE_BF16:
        memcpy(&half, data + 2 * i, sizeof half);
        bits = (uint32_t)half << 16;
        memcpy(&value, &bits, sizeof value);
        return value;
    case SKC_DTYPE_F64:
        memcpy(&wide, data + 8 * i, sizeof wide);
        return (float)wide;
    case SKC_DTYPE_I8: /* refused before */
        break;
    }
    return NAN;
}

skc_status skc__safetensors_read(const skc_safetensors *file, const skc_stored *tensor, float *out,
                                 skc_error *err)
{
    const unsigned char *data   = file->data + tensor->begin;
    skc_status           status = verify_checksum(file, tensor, err);

    if (status != SKC_OK)
        return status;
    if (tensor->dtype == SKC_DTYPE_I8)
        return refuse(file, tensor->name, "dtype must be F32, F16, BF16 or F64, not I8", err);
    for (size_t i = 0; i < tensor->count; i++) {
        float value = element(data, tensor->dtype, i);

        if (!isfinite(value))
            return skc__fail(err, SKC_EFORMAT, "%s: tensor %.80s: element %zu is not finite",
                             file->name, tensor->name, i);
        if (out != NULL)
            out[i] = value;
    }
    return SKC_OK;
}

skc_status skc__safetensors_read_bytes(const skc_safetensors *file, const skc_stored *tensor,
                                       int8_t *out, skc_error *err)
{
    skc_status status = verify_checksum(file, tensor, err);

    if (status != SKC_OK)
        return status;
    if (tensor->dtype != SKC_DTYPE_I8)
        return refuse(file, tensor->name, "dtype must be I8", err);
    memcpy(out, file->data + tensor->begin, tensor->count);
    for (size_t i = 0; i < tensor->count; i++)
        if (out[i] == INT8_MIN)
            return skc__fail(err, SKC_EFORMAT,
                             "%s: tensor %.80s: element %zu is -128; -127..127 is allowed",
                             file->name, tensor->name, i);
    return SKC_OK;
}
