/* duplicates.h - finds pictures of a manifest that show the same, turned or mirrored or not. */
#ifndef SKC_TOOLS_DUPLICATES_H
#define SKC_TOOLS_DUPLICATES_H

#include "pictures.h"

typedef struct duplicate_pair {
    int32_t a, b;       /* rows of the manifest, a < b */
    float   similarity; /* largest inner product of their signatures: threshold..1 */
} duplicate_pair;

typedef struct duplicate_list {
    duplicate_pair *pairs; /* sorted by a, then b; release with free */
    size_t          count;
} duplicate_list;

/* All pairs that are alike by skc_image_signature. Pictures that fail are reported through
 * `options` and are like no other. `threads` 0: every processor. */
SKC_MUST_CHECK skc_status duplicates_find(const skc_manifest     *manifest,
                                          const pictures_options *options, float threshold,
                                          int32_t threads, duplicate_list *out, skc_error *err);

/* Gives rows that are alike the same group, and with them all others of their groups: the first
 * name that is not empty, else "alike:" and the path of the first. *changed: rows with a new name.
 */
SKC_MUST_CHECK skc_status duplicates_join_groups(skc_manifest *manifest, const duplicate_list *list,
                                                 int32_t *changed, skc_error *err);

#endif
