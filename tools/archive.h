/* archive.h - reads the members of .zip, .tar and .tar.gz files, front to back, without unpacking.
 */
#ifndef SKC_TOOLS_ARCHIVE_H
#define SKC_TOOLS_ARCHIVE_H

#include "skincnn.h"

/* Nothing is ever written to disk, so what can go wrong is size: a member is read up to max_bytes,
 * and members are counted. */
typedef struct archive_limits {
    uint64_t max_bytes;   /* of one member, unpacked */
    int32_t  max_members; /* folders and the like count too */
} archive_limits;

enum { ARCHIVE_MAX_BYTES = 25000000, ARCHIVE_MAX_MEMBERS = 2000000 };

typedef struct archive_stream archive_stream;

/* Whether a name ends as an archive's does: .zip, .tar, .tar.gz, .tgz, in any case. */
bool archive_is_name(const char *path);

/* Takes "folder/images.tar!member" apart: gives the member and the length of the archive's path.
 * NULL when the path names no member of an archive. */
const char *archive_split_path(const char *path, size_t *archive_length);

/* `limits` may be NULL: the two constants above. */
SKC_MUST_CHECK skc_status archive_stream_open(const char *path, const archive_limits *limits,
                                              archive_stream **out, skc_error *err);

/* The same on bytes in memory, which must outlive the stream; `name` is for messages. */
SKC_MUST_CHECK skc_status archive_stream_open_memory(const void *bytes, size_t size,
                                                     const char *name, const archive_limits *limits,
                                                     archive_stream **out, skc_error *err);

/* Goes to the next regular file. *member is its path without a leading "./", valid until the next
 * call, and NULL at the end. After an error the stream can only be closed. */
SKC_MUST_CHECK skc_status archive_stream_next(archive_stream *stream, const char **member,
                                              skc_error *err);

/* Reads the member that archive_stream_next gave, whole; release *bytes with free. After an error
 * the stream may still go on with the next member. */
SKC_MUST_CHECK skc_status archive_stream_read(archive_stream *stream, unsigned char **bytes,
                                              size_t *size, skc_error *err);

void archive_stream_close(archive_stream *stream);

#endif
