/* dataset.h - the pictures of one part of a manifest with their label numbers, over a cache. */
#ifndef SKC_TRAIN_DATASET_H
#define SKC_TRAIN_DATASET_H

#include "train/cache.h"

struct skc_dataset {
    skc_arena        arena; /* holds the arrays */
    const skc_cache *cache;
    int32_t          count; /* pictures, at least 1 */
    int32_t          label_count, group_count, source_count;
    int32_t         *labels;  /* (count) 0..label_count-1 */
    int32_t         *groups;  /* (count) 0..group_count-1, by first appearance */
    int32_t         *sources; /* (count) 0..source_count-1, by first appearance */
    int32_t         *rows;    /* (count) of manifest and cache, rising */
};

#endif
