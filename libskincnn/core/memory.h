/* memory.h - the allocator hook, checked sizes, and arenas. */
#ifndef SKC_CORE_MEMORY_H
#define SKC_CORE_MEMORY_H

#include "core/error.h"

enum {
    SKC_ALIGNMENT = 64
}; /* of everything that an arena gives: one cache line, one AVX-512 vector */

/* The allocator of a runtime (NULL: malloc). */
skc_allocator skc__allocator(const skc_runtime *runtime);

/* NULL when out of memory or when bytes is 0; a message goes into err (may be NULL). */
void *skc__allocate(const skc_allocator *allocator, size_t bytes, skc_error *err);
void *skc__allocate_zeroed(const skc_allocator *allocator, size_t bytes, skc_error *err);
void *skc__reallocate(const skc_allocator *allocator, void *block, size_t bytes, skc_error *err);
void  skc__release(const skc_allocator *allocator, void *block);
char *skc__copy_text(const skc_allocator *allocator, const char *text, skc_error *err);

/* *product = a x b; false when it does not fit. */
bool skc__multiply(size_t a, size_t b, size_t *product);

/* Makes room for `wanted` elements in a growing array: doubles *capacity. false: out of memory,
 * nothing changed. */
bool skc__grow(const skc_allocator *allocator, void **array, int32_t *capacity, int32_t wanted,
               size_t element_bytes, skc_error *err);

/* One block, handed out piece by piece, released at once. Pieces are zeroed. */
typedef struct skc_arena {
    skc_allocator  allocator;
    void          *block;
    unsigned char *base; /* block, aligned */
    size_t         size, used;
} skc_arena;

/* Bytes that an arena must have for a piece of `bytes`: rounded up to the alignment. */
size_t     skc__arena_piece(size_t bytes);
skc_status skc__arena_create(const skc_allocator *allocator, size_t size, skc_arena *out,
                             skc_error *err);
/* NULL when the arena is full: the caller planned wrongly. */
void      *skc__arena_take(skc_arena *arena, size_t bytes);
void       skc__arena_free(skc_arena *arena);

#endif
