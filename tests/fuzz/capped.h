/* capped.h - an allocator that refuses to give more than a fuzz target should need, so that giants
 * are refused rather than tried. */
#ifndef SKC_TESTS_CAPPED_H
#define SKC_TESTS_CAPPED_H

#include <stdlib.h>

#include "skincnn.h"

enum { SKC_CAPPED_BYTES = 16 << 20 }; /* in one block */

static inline void *capped_allocate(void *user, size_t bytes)
{
    (void)user;
    return bytes <= SKC_CAPPED_BYTES ? malloc(bytes) : NULL;
}

static inline void *capped_reallocate(void *user, void *block, size_t bytes)
{
    (void)user;
    return bytes <= SKC_CAPPED_BYTES ? realloc(block, bytes) : NULL;
}

static inline void capped_release(void *user, void *block)
{
    (void)user;
    free(block);
}

static inline skc_runtime capped_runtime(void)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads   = 1;
    runtime.allocator = (skc_allocator){ capped_allocate, capped_reallocate, capped_release, NULL };
    return runtime;
}

#endif
