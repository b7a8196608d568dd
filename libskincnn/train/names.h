/* names.h - a set of strings, numbered from 0 in the order of their first appearance. */
#ifndef SKC_TRAIN_NAMES_H
#define SKC_TRAIN_NAMES_H

#include "core/memory.h"

/* Strings are copied into chunks that never move: text[i] stays valid until the set is freed, and a
 * string of the set may be handed to its own functions. */
typedef struct skc_names {
    skc_allocator           allocator;
    const char            **text; /* (count) */
    int32_t                 count, capacity;
    struct skc_names_slot  *slots; /* open addressing, linear probing */
    size_t                  slot_count, slots_used;
    struct skc_names_chunk *chunks;
} skc_names;

void skc__names_init(skc_names *names, const skc_allocator *allocator);
void skc__names_free(skc_names *names);

/* The number of a string, -1 where it is not in the set. */
int32_t skc__names_find(const skc_names *names, const char *text);

/* The number of a string, which is taken into the set where it is not there yet. After a failure
 * the set is as it was. */
skc_status skc__names_add(skc_names *names, const char *text, int32_t *number, skc_error *err);

/* Gives number i another string, which must not be in the set. */
skc_status skc__names_rename(skc_names *names, int32_t i, const char *text, skc_error *err);

#endif
