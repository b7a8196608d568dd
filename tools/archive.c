/* archive.c - a stream of archive members on top of libarchive. */
#define _POSIX_C_SOURCE 200809L /* strdup */
#include "archive.h"
#include "failure.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum { READ_BLOCK = 1 << 16, FIRST_BLOCK = 1 << 14 };

struct archive_stream {
    struct archive       *reader;
    struct archive_entry *entry; /* of the current member; owned by the reader */
    archive_limits        limits;
    int32_t               members;
    char                 *name;
};

/* ------------------------------------------------------------------ names */

static const char *const endings[] = { ".zip", ".tar", ".tar.gz", ".tgz" };

static bool is_archive_name(const char *path, size_t length)
{
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);

        if (length > ending && strncasecmp(path + length - ending, endings[i], ending) == 0)
            return true;
    }
    return false;
}

bool archive_is_name(const char *path)
{
    return is_archive_name(path, strlen(path));
}

/* Tar writers like "./a.jpg"; manifests say "a.jpg". */
static const char *strip_dot(const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        name += 2;
    return name;
}

const char *archive_split_path(const char *path, size_t *archive_length)
{
    for (const char *mark = strchr(path, '!'); mark != NULL; mark = strchr(mark + 1, '!')) {
        size_t length = (size_t)(mark - path);

        if (!is_archive_name(path, length) || mark[1] == '\0')
            continue;
        *archive_length = length;
        return strip_dot(mark + 1);
    }
    return NULL;
}

/* ------------------------------------------------------------------ the stream */

static skc_status reader_failure(const archive_stream *stream, const char *what, skc_error *err)
{
    const char *reason = archive_error_string(stream->reader);

    return failure(err, SKC_EFORMAT, "%s: %s: %s", stream->name, what,
                   reason != NULL ? reason : "not a .zip, .tar or .tar.gz archive");
}

/* Only these formats, and no filter that would start another program. */
static bool support_formats(struct archive *reader)
{
    return archive_read_support_format_tar(reader) >= ARCHIVE_WARN &&
           archive_read_support_format_zip(reader) >= ARCHIVE_WARN &&
           archive_read_support_filter_gzip(reader) >= ARCHIVE_WARN;
}

static archive_stream *stream_create(const char *name, const archive_limits *limits)
{
    archive_stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL)
        return NULL;
    stream->limits =
        limits != NULL ? *limits : (archive_limits){ ARCHIVE_MAX_BYTES, ARCHIVE_MAX_MEMBERS };
    stream->name   = strdup(name);
    stream->reader = archive_read_new();
    if (stream->name == NULL || stream->reader == NULL || !support_formats(stream->reader)) {
        archive_stream_close(stream);
        return NULL;
    }
    return stream;
}

skc_status archive_stream_open(const char *path, const archive_limits *limits, archive_stream **out,
                               skc_error *err)
{
    archive_stream *stream = stream_create(path, limits);
    struct stat     info;
    skc_status      status = SKC_OK;

    if (stream == NULL)
        return failure_memory(err);
    if (stat(path, &info) != 0)
        status = failure(err, errno == ENOENT ? SKC_ENOTFOUND : SKC_EIO, "%s: %s", path,
                         strerror(errno));
    else if (!S_ISREG(info.st_mode))
        status = failure(err, SKC_EINVAL, "%s: not a regular file", path);
    else if (archive_read_open_filename(stream->reader, path, READ_BLOCK) < ARCHIVE_WARN)
        status = reader_failure(stream, "cannot be opened", err);
    if (status != SKC_OK) {
        archive_stream_close(stream);
        return status;
    }
    *out = stream;
    return SKC_OK;
}

skc_status archive_stream_open_memory(const void *bytes, size_t size, const char *name,
                                      const archive_limits *limits, archive_stream **out,
                                      skc_error *err)
{
    archive_stream *stream = stream_create(name, limits);

    if (stream == NULL)
        return failure_memory(err);
    if (archive_read_open_memory(stream->reader, bytes, size) < ARCHIVE_WARN) {
        skc_status status = reader_failure(stream, "cannot be opened", err);

        archive_stream_close(stream);
        return status;
    }
    *out = stream;
    return SKC_OK;
}

static const char *entry_name(struct archive_entry *entry)
{
    const char *name = archive_entry_pathname(entry);

    /* In the C locale a name in UTF-8 has no other form. */
    if (name == NULL)
        name = archive_entry_pathname_utf8(entry);
    return name != NULL ? strip_dot(name) : "(unreadable name)";
}

skc_status archive_stream_next(archive_stream *stream, const char **member, skc_error *err)
{
    for (;;) {
        int result = archive_read_next_header(stream->reader, &stream->entry);

        if (result == ARCHIVE_EOF) {
            *member = NULL;
            return SKC_OK;
        }
        if (result < ARCHIVE_WARN)
            return reader_failure(stream, "damaged", err);
        if (stream->members == stream->limits.max_members)
            return failure(err, SKC_ELIMIT, "%s: more than %d members", stream->name,
                           (int)stream->limits.max_members);
        stream->members++;
        if (archive_entry_filetype(stream->entry) == AE_IFREG &&
            archive_entry_hardlink(stream->entry) == NULL)
            break;
    }
    *member = entry_name(stream->entry);
    return SKC_OK;
}

static skc_status over_limit(const archive_stream *stream, skc_error *err)
{
    return failure(err, SKC_ELIMIT, "%s!%s: over the limit of %llu bytes", stream->name,
                   entry_name(stream->entry), (unsigned long long)stream->limits.max_bytes);
}

/* A declared size is a hint for the first block only: what counts is what comes out. */
static skc_status read_all(archive_stream *stream, unsigned char **bytes, size_t *size,
                           skc_error *err)
{
    uint64_t limit    = stream->limits.max_bytes;
    int64_t  declared = archive_entry_size(stream->entry);
    size_t   capacity =
        declared > 0 && (uint64_t)declared <= limit ? (size_t)declared + 1 : (size_t)FIRST_BLOCK;
    unsigned char *block = malloc(capacity);
    size_t         used  = 0;
    la_ssize_t     got;

    *bytes = block;
    while (block != NULL) {
        got = archive_read_data(stream->reader, block + used, capacity - used);
        if (got < 0)
            return reader_failure(stream, entry_name(stream->entry), err);
        used += (size_t)got;
        *size = used;
        if (used > limit)
            return over_limit(stream, err);
        if (got == 0)
            return SKC_OK;
        if (used < capacity)
            continue;
        block = realloc(block, capacity *= 2);
        if (block != NULL)
            *bytes = block;
    }
    return failure_memory(err);
}

skc_status archive_stream_read(archive_stream *stream, unsigned char **bytes, size_t *size,
                               skc_error *err)
{
    unsigned char *block  = NULL;
    size_t         length = 0;
    skc_status     status;

    if (archive_entry_size(stream->entry) > 0 &&
        (uint64_t)archive_entry_size(stream->entry) > stream->limits.max_bytes)
        return over_limit(stream, err);
    status = read_all(stream, &block, &length, err);
    if (status != SKC_OK) {
        free(block);
        return status;
    }
    *bytes = block;
    *size  = length;
    return SKC_OK;
}

void archive_stream_close(archive_stream *stream)
{
    if (stream == NULL)
        return;
    archive_read_free(stream->reader);
    free(stream->name);
    free(stream);
}
