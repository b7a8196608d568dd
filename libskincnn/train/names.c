/* names.c - a set of strings, numbered from 0 in the order of their first appearance.
 *
 * A slot of the hash table holds a number; the string behind it is text[number]. A renamed number
 * leaves its old slot behind, which no string matches any more; the next growth drops it. */
#include "train/names.h"

#include <string.h>

struct skc_names_slot {
    uint32_t hash;
    int32_t  number; /* -1: empty */
};

struct skc_names_chunk {
    struct skc_names_chunk *next;
    size_t                  size, used;
    char                    text[];
};

enum { FIRST_SLOTS = 16, CHUNK_BYTES = 16 * 1024 };

void skc__names_init(skc_names *names, const skc_allocator *allocator)
{
    memset(names, 0, sizeof *names);
    names->allocator = *allocator;
}

void skc__names_free(skc_names *names)
{
    struct skc_names_chunk *chunk = names->chunks;

    while (chunk != NULL) {
        struct skc_names_chunk *next = chunk->next;
        skc__release(&names->allocator, chunk);
        chunk = next;
    }
    skc__release(&names->allocator, names->slots);
    skc__release(&names->allocator, (void *)names->text);
    skc__names_init(names, &names->allocator);
}

/* FNV-1a, 64 bits folded to 32. */
static uint32_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return (uint32_t)(hash ^ (hash >> 32));
}

int32_t skc__names_find(const skc_names *names, const char *text)
{
    uint32_t hash = hash_of(text);
    size_t   mask = names->slot_count - 1;

    if (names->slot_count == 0)
        return -1;
    for (size_t i = hash & mask; names->slots[i].number >= 0; i = (i + 1) & mask) {
        const struct skc_names_slot *slot = &names->slots[i];
        if (slot->hash == hash && strcmp(names->text[slot->number], text) == 0)
            return slot->number;
    }
    return -1;
}

static void put_slot(struct skc_names_slot *slots, size_t slot_count, uint32_t hash, int32_t number)
{
    size_t mask = slot_count - 1;
    size_t i    = hash & mask;

    while (slots[i].number >= 0)
        i = (i + 1) & mask;
    slots[i] = (struct skc_names_slot){ hash, number };
}

/* Makes sure that one more slot leaves a quarter of the table empty. */
static skc_status grow_slots(skc_names *names, skc_error *err)
{
    struct skc_names_slot *slots;
    size_t                 slot_count = FIRST_SLOTS;

    if (names->slots_used + 1 <= names->slot_count / 4 * 3)
        return SKC_OK;
    while (slot_count / 2 < (size_t)names->count + 1)
        slot_count *= 2;
    slots = skc__allocate(&names->allocator, slot_count * sizeof *slots, err);
    if (slots == NULL)
        return SKC_ENOMEM;
    for (size_t i = 0; i < slot_count; i++)
        slots[i].number = -1;
    for (int32_t i = 0; i < names->count; i++)
        put_slot(slots, slot_count, hash_of(names->text[i]), i);
    skc__release(&names->allocator, names->slots);
    names->slots      = slots;
    names->slot_count = slot_count;
    names->slots_used = (size_t)names->count;
    return SKC_OK;
}

static const char *keep(skc_names *names, const char *text, skc_error *err)
{
    size_t                  bytes = strlen(text) + 1;
    struct skc_names_chunk *chunk = names->chunks;
    char                   *copy;

    if (chunk == NULL || bytes > chunk->size - chunk->used) {
        size_t size = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
        chunk       = skc__allocate(&names->allocator, sizeof *chunk + size, err);
        if (chunk == NULL)
            return NULL;
        *chunk        = (struct skc_names_chunk){ .next = names->chunks, .size = size };
        names->chunks = chunk;
    }
    copy = chunk->text + chunk->used;
    chunk->used += bytes;
    return memcpy(copy, text, bytes);
}

/* Lets `number`, an old one or the next new one, mean `text`. */
static skc_status assign(skc_names *names, int32_t number, const char *text, skc_error *err)
{
    const char *copy;
    skc_status  status = grow_slots(names, err);

    if (status != SKC_OK)
        return status;
    copy = keep(names, text, err);
    if (copy == NULL)
        return SKC_ENOMEM;
    names->text[number] = copy;
    put_slot(names->slots, names->slot_count, hash_of(copy), number);
    names->slots_used++;
    return SKC_OK;
}

skc_status skc__names_add(skc_names *names, const char *text, int32_t *number, skc_error *err)
{
    int32_t    found = skc__names_find(names, text);
    skc_status status;

    if (found < 0) {
        if (names->count == INT32_MAX)
            return skc__fail(err, SKC_ELIMIT, "more than %d strings", INT32_MAX);
        if (!skc__grow(&names->allocator, (void **)&names->text, &names->capacity, names->count + 1,
                       sizeof *names->text, err))
            return SKC_ENOMEM;
        status = assign(names, names->count, text, err);
        if (status != SKC_OK)
            return status;
        found = names->count++;
    }
    *number = found;
    return SKC_OK;
}

skc_status skc__names_rename(skc_names *names, int32_t i, const char *text, skc_error *err)
{
    if (skc__names_find(names, text) >= 0)
        return skc__fail(err, SKC_EINVAL, "\"%.200s\" is there already", text);
    return assign(names, i, text, err);
}
