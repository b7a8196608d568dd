/* support.h - what many tests need: tiny networks, pictures by formula, a dataset of them. */
#ifndef SKC_TESTS_SUPPORT_H
#define SKC_TESTS_SUPPORT_H

#include "faults.h"
#include "skincnn.h"

/* Architecture texts of 16 x 16 pictures and three labels: convolutions and dense layers only; and
 * one of every kind of layer that shares memory, branches, or keeps statistics. */
extern const char *const tiny_plain, *const tiny_mixed;

enum { TINY_SIDE = 16, TINY_LABELS = 3, TINY_INPUT = TINY_SIDE * TINY_SIDE * 3 };

/* A model of `architecture` (a text, or a built-in name) for labels "a", "b", "c". */
skc_model *tiny_model(const char *architecture, uint64_t seed, const skc_runtime *runtime);

/* Makes what starts as a constant (biases, and all of batchnorm) differ from it and from channel to
 * channel, as after training. */
void tiny_statistics(skc_model *model);

/* Picture number i: a colour for each i % TINY_LABELS, with a pattern of its own over it. */
skc_image *tiny_picture(int32_t i, int32_t width, int32_t height);

/* `count` network inputs by formula, within +-2; to be freed. */
float *tiny_inputs(int32_t count);

/* A dataset of `count` 32 x 32 pictures, picture i with label i % TINY_LABELS. The cache is the
 * file `path`. */
typedef struct tiny_data {
    skc_manifest *manifest;
    skc_cache    *cache;
    skc_dataset  *dataset;
} tiny_data;

void tiny_data_open(tiny_data *data, int32_t count, const char *path);
void tiny_data_close(tiny_data *data);

/* Options for training tiny models: constant rate, no averaging, no augmentation, batches of 8. */
skc_train_options tiny_options(int32_t epochs);

/* All parameters of a model, one behind the other; to be freed. */
float *copy_params(const skc_model *model, size_t *count);
void   assert_same_params(const skc_model *a, const skc_model *b);

skc_runtime runtime_of(int32_t threads);

/* A whole file; to be freed. */
unsigned char *read_bytes(const char *path, size_t *size);
void           write_bytes(const char *path, const void *bytes, size_t size);

/* The call failed with `status`, and its message holds each of the texts up to NULL. */
#define assert_fails(call, wanted, err, ...)                                                       \
    assert_fails_with((call), (wanted), &(err), (const char *const[]){ __VA_ARGS__, NULL }, #call, \
                      __FILE__, __LINE__)
void assert_fails_with(skc_status found, skc_status wanted, const skc_error *err,
                       const char *const *texts, const char *call, const char *file, int line);

/* The call is SKC_OK, else its message is shown. */
#define assert_works(call, err) assert_works_with((call), &(err), #call, __FILE__, __LINE__)
void assert_works_with(skc_status found, const skc_error *err, const char *call, const char *file,
                       int line);

#endif
