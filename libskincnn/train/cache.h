/* cache.h - pictures decoded once into a memory-mapped file. */
#ifndef SKC_TRAIN_CACHE_H
#define SKC_TRAIN_CACHE_H

#include "image/image.h"

/* One picture of an open cache, in place. The row must be one that skc_cache_has. */
skc_pixels skc__cache_pixels(const skc_cache *cache, int32_t row);

#endif
