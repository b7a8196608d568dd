/* manifest.h - the table of pictures inside the library: columns of numbers into sets of strings.
 */
#ifndef SKC_TRAIN_MANIFEST_H
#define SKC_TRAIN_MANIFEST_H

#include "train/names.h"

/* Part 0 is "", then "train", "val", "test". */
enum { SKC_PARTS = 4 };

/* Of one text of a row: five of them fit into a record that skc__csv_next reads again. */
enum { SKC_MANIFEST_TEXT = 8191 };

/* The part of a name, -1 where it is none. */
int32_t skc__part_number(const char *name);

typedef struct skc_manifest_entry {
    int32_t label, source; /* numbers in the sets below */
    int32_t group;         /* -1: unknown, the picture is a group of its own */
    int32_t part;
} skc_manifest_entry;

struct skc_manifest {
    skc_allocator       allocator;
    int32_t             count, capacity;
    skc_manifest_entry *entries; /* (count) */
    skc_names           paths;   /* the number of a path is its row */
    skc_names           labels, groups, sources;
    int32_t (*parts)[SKC_PARTS]; /* (groups.count) pictures of each group in each part */
    int32_t parts_capacity;
};

/* Moves a row to another part. */
void skc__manifest_move(skc_manifest *manifest, int32_t row, int32_t part);

#endif
