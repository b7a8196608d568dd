/* memory.c - the allocator hook, checked sizes, and arenas. */
#define _DEFAULT_SOURCE /* madvise */
#include "core/memory.h"

#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

/* Asks for large pages in what lies within a large block, so that a walk over hundreds of megabytes
 * need not look up a hundred thousand small ones. A hint: the system may do as it likes. */
static void advise_large_pages(void *block, size_t bytes)
{
#if defined(MADV_HUGEPAGE)
    enum { PAGE = 2 << 20, WORTH_IT = 16 * PAGE };
    uintptr_t begin = ((uintptr_t)block + PAGE - 1) / PAGE * PAGE;
    uintptr_t end   = ((uintptr_t)block + bytes) / PAGE * PAGE;

    if (bytes >= WORTH_IT)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
    (void)block, (void)bytes;
#endif
}

static void *default_allocate(void *user, size_t bytes)
{
    void *block = malloc(bytes);

    (void)user;
    if (block != NULL)
        advise_large_pages(block, bytes);
    return block;
}

static void *default_reallocate(void *user, void *block, size_t bytes)
{
    (void)user;
    return realloc(block, bytes);
}

static void default_release(void *user, void *block)
{
    (void)user;
    free(block);
}

static const skc_allocator default_allocator = { default_allocate, default_reallocate,
                                                 default_release, NULL };

skc_allocator skc__allocator(const skc_runtime *runtime)
{
    return runtime != NULL && runtime->allocator.allocate != NULL ? runtime->allocator
                                                                  : default_allocator;
}

static void *checked(void *block, size_t bytes, skc_error *err)
{
    if (block == NULL)
        skc__fail(err, SKC_ENOMEM, "out of memory: %zu bytes", bytes);
    return block;
}

void *skc__allocate(const skc_allocator *allocator, size_t bytes, skc_error *err)
{
    return checked(bytes > 0 ? allocator->allocate(allocator->user, bytes) : NULL, bytes, err);
}

void *skc__allocate_zeroed(const skc_allocator *allocator, size_t bytes, skc_error *err)
{
    void *block = skc__allocate(allocator, bytes, err);

    if (block != NULL)
        memset(block, 0, bytes);
    return block;
}

void *skc__reallocate(const skc_allocator *allocator, void *block, size_t bytes, skc_error *err)
{
    if (block == NULL)
        return skc__allocate(allocator, bytes, err);
    return checked(bytes > 0 ? allocator->reallocate(allocator->user, block, bytes) : NULL, bytes,
                   err);
}

void skc__release(const skc_allocator *allocator, void *block)
{
    if (block != NULL)
        allocator->release(allocator->user, block);
}

char *skc__copy_text(const skc_allocator *allocator, const char *text, skc_error *err)
{
    size_t bytes = strlen(text) + 1;
    char  *copy  = skc__allocate(allocator, bytes, err);

    if (copy != NULL)
        memcpy(copy, text, bytes);
    return copy;
}

void skc_free(const skc_runtime *runtime, void *block)
{
    skc_allocator allocator = skc__allocator(runtime);

    skc__release(&allocator, block);
}

bool skc__multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool skc__grow(const skc_allocator *allocator, void **array, int32_t *capacity, int32_t wanted,
               size_t element_bytes, skc_error *err)
{
    int32_t room = *capacity > 0 ? *capacity : 16;
    size_t  bytes;
    void   *grown;

    if (wanted <= *capacity)
        return true;
    while (room < wanted)
        room = room > INT32_MAX / 2 ? INT32_MAX : room * 2;
    if (!skc__multiply((size_t)room, element_bytes, &bytes)) {
        skc__fail(err, SKC_ELIMIT, "%d elements of %zu bytes are too many", room, element_bytes);
        return false;
    }
    grown = skc__reallocate(allocator, *array, bytes, err);
    if (grown == NULL)
        return false;
    *array    = grown;
    *capacity = room;
    return true;
}

size_t skc__arena_piece(size_t bytes)
{
    return (bytes + SKC_ALIGNMENT - 1) / SKC_ALIGNMENT * SKC_ALIGNMENT;
}

skc_status skc__arena_create(const skc_allocator *allocator, size_t size, skc_arena *out,
                             skc_error *err)
{
    void *block;

    if (size > SIZE_MAX / 2)
        return skc__fail(err, SKC_ELIMIT, "an arena of %zu bytes is too large", size);
    block = skc__allocate(allocator, size + SKC_ALIGNMENT, err);
    if (block == NULL)
        return SKC_ENOMEM;
    out->allocator = *allocator;
    out->block     = block;
    out->base      = (unsigned char *)skc__arena_piece((size_t)(uintptr_t)block);
    out->size      = size;
    out->used      = 0;
    return SKC_OK;
}

void *skc__arena_take(skc_arena *arena, size_t bytes)
{
    size_t piece = skc__arena_piece(bytes);
    void  *out;

    if (piece < bytes || piece > arena->size - arena->used)
        return NULL;
    out = arena->base + arena->used;
    arena->used += piece;
    memset(out, 0, bytes);
    return out;
}

void skc__arena_free(skc_arena *arena)
{
    if (arena->block != NULL)
        skc__release(&arena->allocator, arena->block);
    arena->block = NULL;
    arena->base  = NULL;
}
