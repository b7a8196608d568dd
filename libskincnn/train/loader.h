/* loader.h - pictures of a dataset as network inputs, several at a time. */
#ifndef SKC_TRAIN_LOADER_H
#define SKC_TRAIN_LOADER_H

#include "core/parallel.h"
#include "model/input.h"
#include "train/dataset.h"

typedef struct skc_loader {
    skc_allocator            allocator;
    const skc_kernels       *kernels;
    const skc_preprocessing *preprocessing;
    skc_pool                *pool;
    float                   *sampled; /* (threads, height, width, 3) */
} skc_loader;

/* kernels, preprocessing and pool (NULL: the caller's thread alone) must outlive the loader. */
skc_status skc__loader_create(const skc_kernels *kernels, const skc_preprocessing *preprocessing,
                              skc_pool *pool, const skc_allocator *allocator, skc_loader *out,
                              skc_error *err);
void       skc__loader_free(skc_loader *loader);

/* A dataset fits where its cache is staged as the preprocessing wants. */
skc_status skc__loader_check(const skc_loader *loader, const skc_dataset *dataset, skc_error *err);

/* inputs (count, height, width, 3) of pictures indices[0..count-1], one symmetry, no augmentation.
 */
void skc__load_plain(const skc_loader *loader, const skc_dataset *dataset, const int32_t *indices,
                     int32_t count, int32_t symmetry, float *inputs);

/* The same with augmentation; picture i draws from (seed, epoch, place + i). */
typedef struct skc_draw {
    const skc_augmentation *augmentation;
    uint64_t                seed, epoch, place;
} skc_draw;

void skc__load_augmented(const skc_loader *loader, const skc_dataset *dataset,
                         const int32_t *indices, int32_t count, const skc_draw *draw,
                         float *inputs);

#endif
