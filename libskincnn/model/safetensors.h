/* safetensors.h - named arrays in a file, in the format of huggingface/safetensors 0.4: 8 bytes
 * length of the header (little-endian), the header as JSON, the data.
 *
 * Files of ours also have, in "__metadata__", "crc32": a JSON text {"<tensor>": "<8 hex digits>"}
 * with the CRC-32 of each tensor's bytes; it is checked wherever it is present.
 */
#ifndef SKC_MODEL_SAFETENSORS_H
#define SKC_MODEL_SAFETENSORS_H

#include "core/file.h"
#include "core/json.h"

enum { SKC_MAX_RANK = 8 };

typedef enum skc_dtype {
    SKC_DTYPE_F32,
    SKC_DTYPE_F16,
    SKC_DTYPE_BF16,
    SKC_DTYPE_F64,
    SKC_DTYPE_I8
} skc_dtype;

/* One tensor of a file that is read. `name` belongs to the file's header. */
typedef struct skc_stored {
    const char *name;
    skc_dtype   dtype;
    int32_t     rank;
    int64_t     extent[SKC_MAX_RANK];
    size_t      count; /* elements */
    size_t      begin, end;
} skc_stored;

typedef struct skc_safetensors {
    skc_allocator        allocator;
    const char          *name; /* for messages; belongs to the caller */
    skc_json            *header, *checksums;
    const unsigned char *data;
    size_t               size; /* of data */
    int32_t              count;
    skc_stored          *tensors; /* in the order of their data */
} skc_safetensors;

/* Checks the whole structure: types, shapes, sizes, and that the tensors' bytes follow each other
 * without gap or overlap to the end of the file. `bytes` and `name` must outlive the result. */
skc_status skc__safetensors_parse(const unsigned char *bytes, size_t size, const char *name,
                                  const skc_allocator *allocator, skc_safetensors *out,
                                  skc_error *err);
void       skc__safetensors_free(skc_safetensors *file);

/* NULL: no such tensor. */
const skc_stored *skc__safetensors_find(const skc_safetensors *file, const char *name);
/* A text of "__metadata__"; NULL: absent. */
const char       *skc__safetensors_metadata(const skc_safetensors *file, const char *key);

/* Reads a tensor of floats as float32: refuses a wrong checksum, NaN and infinity, naming the
 * tensor. out NULL: only that. */
skc_status skc__safetensors_read(const skc_safetensors *file, const skc_stored *tensor, float *out,
                                 skc_error *err);

/* Reads a tensor of I8: refuses a wrong checksum, and -128. */
skc_status skc__safetensors_read_bytes(const skc_safetensors *file, const skc_stored *tensor,
                                       int8_t *out, skc_error *err);

/* "[32, 3, 3, 3]" */
const char *skc__shape_text(char out[128], int32_t rank, const int64_t *extent);

/* What to write. */
typedef struct skc_to_store {
    const char    *prefix, *name; /* the tensor's name is the one and the other */
    int32_t        rank;
    const int32_t *extent;
    const float   *data;
    const int8_t  *bytes; /* not NULL: in place of data, as I8 */
} skc_to_store;

/* Writes the tensors in `precision`, with checksums and with the texts of `metadata` (an object of
 * strings, may be NULL), through a temporary file. SKC_ELIMIT, naming the tensor, where a value is
 * not finite or too large for the precision. */
skc_status skc__safetensors_write(const char *path, const skc_to_store *tensors, int32_t count,
                                  skc_precision precision, const skc_json *metadata,
                                  const skc_allocator *allocator, skc_error *err);

#endif
