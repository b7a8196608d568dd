/* file.c - reading whole files, mapping them, and writing them so that a reader never sees half. */
#define _GNU_SOURCE
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static skc_status fail_errno(skc_error *err, const char *path, const char *action)
{
    int        number = errno;
    skc_status status = number == ENOENT ? SKC_ENOTFOUND : SKC_EIO;
    char       buffer[128];

    return skc__fail(err, status, "%s: cannot %s: %s", path, action,
                     strerror_r(number, buffer, sizeof buffer));
}

/* Opens a regular file for reading and tells its size. */
static skc_status open_regular(const char *path, int *fd, uint64_t *size, skc_error *err)
{
    struct stat status;

    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would keep us waiting */
    if (*fd < 0)
        return fail_errno(err, path, "open");
    if (fstat(*fd, &status) != 0) {
        skc_status failed = fail_errno(err, path, "stat");
        close(*fd);
        return failed;
    }
    if (!S_ISREG(status.st_mode)) {
        close(*fd);
        return skc__fail(err, SKC_EINVAL, "%s: not a regular file", path);
    }
    *size = (uint64_t)status.st_size;
    return SKC_OK;
}

/* Reads until `size` bytes or the end; -1 on error. */
static ssize_t read_fully(int fd, unsigned char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = read(fd, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

skc_status skc__file_read(const char *path, uint64_t max_bytes, const skc_allocator *allocator,
                          unsigned char **bytes, size_t *size, skc_error *err)
{
    int            fd;
    uint64_t       expected;
    unsigned char *block;
    ssize_t        got;
    skc_status     status = open_regular(path, &fd, &expected, err);

    if (status != SKC_OK)
        return status;
    if (expected > max_bytes) {
        close(fd);
        return skc__fail(err, SKC_ELIMIT, "%s: %llu bytes; at most %llu", path,
                         (unsigned long long)expected, (unsigned long long)max_bytes);
    }
    block = skc__allocate(allocator, (size_t)expected + 1, err);
    if (block == NULL) {
        close(fd);
        return skc__fail_in(err, SKC_ENOMEM, path);
    }
    got = read_fully(fd, block, (size_t)expected);
    if (got < 0)
        status = fail_errno(err, path, "read");
    close(fd);
    if (status != SKC_OK) {
        skc__release(allocator, block);
        return status;
    }
    block[got] = '\0';
    *bytes     = block;
    *size      = (size_t)got;
    return SKC_OK;
}

skc_status skc__file_map(const char *path, skc_mapping *out, skc_error *err)
{
    int        fd;
    uint64_t   size;
    void      *bytes;
    skc_status status = open_regular(path, &fd, &size, err);

    if (status != SKC_OK)
        return status;
    if (size == 0) {
        close(fd);
        return skc__fail(err, SKC_EFORMAT, "%s: the file is empty", path);
    }
    bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        status = fail_errno(err, path, "map");
    close(fd);
    if (status != SKC_OK)
        return status;
    out->bytes = bytes;
    out->size  = (size_t)size;
    return SKC_OK;
}

void skc__file_unmap(skc_mapping *mapping)
{
    if (mapping->bytes != NULL)
        munmap((void *)(uintptr_t)mapping->bytes, mapping->size);
    mapping->bytes = NULL;
}

/* A rename would put a file in the place of a link, a pipe or a device: a link is followed, the
 * others are refused. */
static skc_status find_target(const char *path, char target[4096], skc_error *err)
{
    struct stat status;

    snprintf(target, 4096, "%s", path);
    if (lstat(path, &status) != 0 || S_ISREG(status.st_mode))
        return SKC_OK;
    if (S_ISLNK(status.st_mode) && realpath(path, target) == NULL)
        return fail_errno(err, path, "follow the link");
    if (S_ISLNK(status.st_mode) && stat(target, &status) == 0 && S_ISREG(status.st_mode))
        return SKC_OK;
    return skc__fail(err, SKC_EINVAL, "%s: not a regular file; it is not replaced", path);
}

skc_status skc__writer_open(const char *path, skc_writer *out, skc_error *err)
{
    char       target[4096];
    size_t     length;
    skc_status status = find_target(path, target, err);

    out->fd = -1;
    if (status != SKC_OK)
        return status;
    length = strlen(target);
    if (length == 0 || length >= sizeof out->path)
        return skc__fail(err, SKC_EINVAL, "%.40s: a path to write has 1..%zu bytes", path,
                         sizeof out->path - 1);
    memcpy(out->path, target, length + 1);
    snprintf(out->temporary, sizeof out->temporary, "%s.tmp.%ld", out->path, (long)getpid());
    out->written = 0;
    out->fd      = open(out->temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return out->fd < 0 ? fail_errno(err, path, "write") : SKC_OK;
}

static skc_status write_at(skc_writer *writer, uint64_t offset, const unsigned char *bytes,
                           size_t size, skc_error *err)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = pwrite(writer->fd, bytes + done, size - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            if (n == 0)
                errno = ENOSPC;
            skc_status status = fail_errno(err, writer->path, "write");
            skc__writer_abandon(writer);
            return status;
        }
        done += (size_t)n;
    }
    return SKC_OK;
}

skc_status skc__writer_write(skc_writer *writer, const void *bytes, size_t size, skc_error *err)
{
    skc_status status = write_at(writer, writer->written, bytes, size, err);

    if (status == SKC_OK)
        writer->written += size;
    return status;
}

skc_status skc__writer_patch(skc_writer *writer, uint64_t offset, const void *bytes, size_t size,
                             skc_error *err)
{
    if (offset > writer->written || size > writer->written - offset) {
        skc__writer_abandon(writer);
        return skc__fail(err, SKC_EINVAL, "%s: patch outside what was written", writer->path);
    }
    return write_at(writer, offset, bytes, size, err);
}

/* A rename is durable only once its folder is synced. */
static bool sync_folder(const char *path)
{
    char        folder[1024];
    const char *slash  = strrchr(path, '/');
    size_t      length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    int         fd;
    bool        synced;

    memcpy(folder, path, length);
    folder[length] = '\0';
    fd             = open(length > 0 ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    synced = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return synced;
}

skc_status skc__writer_commit(skc_writer *writer, skc_error *err)
{
    int        fd     = writer->fd;
    skc_status status = SKC_OK;

    if (fsync(fd) != 0)
        status = fail_errno(err, writer->path, "sync");
    writer->fd = -1;
    if (close(fd) != 0 && status == SKC_OK)
        status = fail_errno(err, writer->path, "close");
    if (status == SKC_OK && rename(writer->temporary, writer->path) != 0)
        status = fail_errno(err, writer->path, "rename into place");
    if (status != SKC_OK) {
        unlink(writer->temporary);
        return status;
    }
    return sync_folder(writer->path) ? SKC_OK : fail_errno(err, writer->path, "sync the folder of");
}

void skc__writer_abandon(skc_writer *writer)
{
    if (writer->fd < 0)
        return;
    close(writer->fd);
    unlink(writer->temporary);
    writer->fd = -1;
}

skc_status skc__file_write(const char *path, const void *bytes, size_t size, skc_error *err)
{
    skc_writer writer;
    skc_status status = skc__writer_open(path, &writer, err);

    if (status == SKC_OK)
        status = skc__writer_write(&writer, bytes, size, err);
    if (status == SKC_OK)
        status = skc__writer_commit(&writer, err);
    return status;
}
