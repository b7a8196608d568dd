/* groups.h - the rows of a manifest by their groups. */
#ifndef SKC_TOOLS_GROUPS_H
#define SKC_TOOLS_GROUPS_H

#include "skincnn.h"

/* Row numbers sorted by group, then row; rows without a group are left out. Release with free. */
int32_t *groups_order(const skc_manifest *manifest, int32_t *count);

/* Whether two rows are of one group; a row without a group is alone in its own. */
bool groups_same(const skc_manifest *manifest, int32_t a, int32_t b);

/* How many there are. */
int32_t groups_count(const skc_manifest *manifest);

#endif
