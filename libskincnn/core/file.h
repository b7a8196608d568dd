/* file.h - reading whole files, mapping them, and writing them so that a reader never sees half. */
#ifndef SKC_CORE_FILE_H
#define SKC_CORE_FILE_H

#include "core/memory.h"

/* Reads a regular file of at most max_bytes (SKC_ELIMIT above). An empty file gives *size 0 and a
 * block to release all the same. */
skc_status skc__file_read(const char *path, uint64_t max_bytes, const skc_allocator *allocator,
                          unsigned char **bytes, size_t *size, skc_error *err);

/* A file mapped for reading. */
typedef struct skc_mapping {
    const unsigned char *bytes;
    size_t               size;
} skc_mapping;

skc_status skc__file_map(const char *path, skc_mapping *out, skc_error *err);
void       skc__file_unmap(skc_mapping *mapping);

/* Writing goes to "<path>.tmp.<pid>"; commit syncs it, renames it over path and syncs the folder.
 * A link is followed; a target that is no regular file is refused.
 * After a failed write or an abandon the temporary file is gone and path is as it was. */
typedef struct skc_writer {
    int      fd;
    uint64_t written;
    char     path[1024], temporary[1056];
} skc_writer;

skc_status skc__writer_open(const char *path, skc_writer *out, skc_error *err);
skc_status skc__writer_write(skc_writer *writer, const void *bytes, size_t size, skc_error *err);
/* Overwrites `size` bytes at an offset that has been written already. */
skc_status skc__writer_patch(skc_writer *writer, uint64_t offset, const void *bytes, size_t size,
                             skc_error *err);
skc_status skc__writer_commit(skc_writer *writer, skc_error *err);
void       skc__writer_abandon(skc_writer *writer);

/* All of it at once. */
skc_status skc__file_write(const char *path, const void *bytes, size_t size, skc_error *err);

#endif
