/* picture_cache.h - the pictures of a manifest, decoded for one use. */
#ifndef SKC_TOOLS_PICTURE_CACHE_H
#define SKC_TOOLS_PICTURE_CACHE_H

#include "skincnn.h"

/* All pictures of `manifest`, scaled down to `side`, in a temporary file that is gone once the
 * cache is closed. Shows progress, prints a message for each that cannot be read, and stops when
 * interrupted. Relative paths start at the folder of `manifest_path`. */
SKC_MUST_CHECK skc_status picture_cache_once(const skc_manifest *manifest,
                                             const char *manifest_path, const skc_runtime *runtime,
                                             int32_t side, skc_cache **out, skc_error *err);

#endif
