/* claim.c - one service to a folder: a lock that ends with the process, however that ends. */
#define _GNU_SOURCE
#include "failure.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of its own: closing any descriptor of the database's would give up SQLite's locks. It is
 * never removed, for another process might have opened it and wait to lock what is gone. */
static int open_lock_file(const char *folder, skc_error *err)
{
    size_t length = strlen(folder) + sizeof "/skincnn.lock";
    char  *path   = malloc(length);
    int    fd;

    if (path == NULL) {
        failure_memory(err);
        return -1;
    }
    snprintf(path, length, "%s/skincnn.lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        failure(err, SKC_EIO, "%s: %s", path, strerror(errno));
    free(path);
    return fd;
}

/* A lock of the open file, not of the process: it also holds between two services of one process.
 * A process that is forked after this holds it, too, until it closes the descriptor. */
skc_status store_claim(const char *folder, int *claim, skc_error *err)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int          fd    = open_lock_file(folder, err), error;

    if (fd < 0)
        return err != NULL ? err->status : SKC_EIO;
    if (fcntl(fd, F_OFD_SETLK, &whole) == 0) {
        *claim = fd;
        return SKC_OK;
    }
    error = errno;
    close(fd);
    if (error == EAGAIN || error == EACCES)
        return failure(err, SKC_EIO,
                       "%s: another server has this data folder in use; end it, or give this one a "
                       "folder of its own",
                       folder);
    return failure(err, SKC_EIO, "%s/skincnn.lock: it cannot be locked: %s", folder,
                   strerror(error));
}

void store_unclaim(int claim)
{
    close(claim);
}
