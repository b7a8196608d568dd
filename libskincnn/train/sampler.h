/* sampler.h - the order in which an epoch takes the pictures of a dataset. */
#ifndef SKC_TRAIN_SAMPLER_H
#define SKC_TRAIN_SAMPLER_H

#include "train/dataset.h"

typedef struct skc_sampler skc_sampler;

/* With balance 0 and balance_sources false an epoch is a permutation. Else it is drawn with
 * replacement: a class of n pictures in proportion to n^(1 - balance), 0 <= balance <= 1, inside
 * the class each picture alike, or each source alike and each picture of the source alike. The
 * dataset may be freed after. */
skc_status skc__sampler_create(const skc_dataset *dataset, float balance, bool balance_sources,
                               const skc_allocator *allocator, skc_sampler **out, skc_error *err);
void       skc__sampler_free(skc_sampler *sampler);

/* Fills order (dataset count) with picture numbers of the dataset. Depends on nothing but the
 * sampler, seed and epoch. */
void skc__sampler_order(const skc_sampler *sampler, uint64_t seed, uint64_t epoch, int32_t *order);

#endif
