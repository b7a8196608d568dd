/* message.c - one struct over a SOCK_SEQPACKET socket, with descriptors where some go along. */
#define _GNU_SOURCE
#include "decoder/parts.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef union descriptor_space {
    struct cmsghdr header; /* for its alignment */
    char           bytes[CMSG_SPACE(MESSAGE_DESCRIPTORS * sizeof(int))];
} descriptor_space;

uint64_t decoder_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

bool message_send(int socket, const void *bytes, size_t size, const int *descriptors, size_t count)
{
    struct iovec     part    = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = size };
    struct msghdr    message = { .msg_iov = &part, .msg_iovlen = 1 };
    descriptor_space space;
    ssize_t          sent;

    if (count > 0) {
        memset(&space, 0, sizeof space);
        space.header.cmsg_level = SOL_SOCKET;
        space.header.cmsg_type  = SCM_RIGHTS;
        space.header.cmsg_len   = CMSG_LEN(count * sizeof *descriptors);
        memcpy(CMSG_DATA(&space.header), descriptors, count * sizeof *descriptors);
        message.msg_control    = &space;
        message.msg_controllen = CMSG_SPACE(count * sizeof *descriptors);
    }
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

/* False when `deadline` passed without anything to read; the end of the other side can be read. */
static bool wait_readable(int socket, uint64_t deadline)
{
    struct pollfd ready = { .fd = socket, .events = POLLIN };
    int           count;

    do {
        uint64_t        now = decoder_now(), left = deadline > now ? deadline - now : 0;
        struct timespec wait = { (time_t)(left / 1000000000), (long)(left % 1000000000) };

        count = ppoll(&ready, 1, &wait, NULL);
    } while (count < 0 && errno == EINTR);
    return count != 0;
}

/* Takes what came, if that is what was agreed on; closes anything else. */
static bool take_descriptors(struct msghdr *message, int *descriptors)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int             came[MESSAGE_DESCRIPTORS];
    size_t          bytes, count;

    for (size_t i = 0; i < MESSAGE_DESCRIPTORS; i++)
        descriptors[i] = -1;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return header == NULL;
    bytes = header->cmsg_len - CMSG_LEN(0);
    count = bytes / sizeof(int);
    memcpy(came, CMSG_DATA(header), count * sizeof(int));
    for (size_t i = 0; i < count; i++)
        if (count == MESSAGE_DESCRIPTORS)
            descriptors[i] = came[i];
        else
            close(came[i]);
    return count == MESSAGE_DESCRIPTORS;
}

message_outcome message_receive(int socket, uint64_t deadline, void *bytes, size_t size,
                                int *descriptors)
{
    struct iovec     part    = { .iov_base = bytes, .iov_len = size };
    struct msghdr    message = { .msg_iov = &part, .msg_iovlen = 1 };
    descriptor_space space;
    ssize_t          came;

    /* Without room for descriptors the kernel drops those that a decoder might send. */
    if (descriptors != NULL) {
        message.msg_control    = &space;
        message.msg_controllen = sizeof space;
    }
    if (!wait_readable(socket, deadline))
        return MESSAGE_LATE;
    came = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (came < 0)
        return MESSAGE_BROKEN;
    if (descriptors != NULL && !take_descriptors(&message, descriptors))
        return MESSAGE_BROKEN;
    return came == (ssize_t)size && (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0
               ? MESSAGE_ARRIVED
               : MESSAGE_BROKEN;
}
