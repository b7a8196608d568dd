/* http_client.h - a plain HTTP client for tests, over sockets: what is sent is what the test says.
 */
#ifndef SKC_TESTS_HTTP_CLIENT_H
#define SKC_TESTS_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CLIENT_SECONDS = 20 }; /* an answer that takes longer fails the test */

typedef struct answer {
    unsigned status; /* 0: the connection was closed, or nothing came in time */
    char     head[4096];
    char     body[8192];
    size_t   size;
} answer;

/* From an address of this machine; -1: no connection. */
static inline int client_open_from(const char *from, uint16_t port)
{
    int                fd    = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in here  = { .sin_family = AF_INET };
    struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct timeval     limit = { .tv_sec = CLIENT_SECONDS };

    inet_pton(AF_INET, from, &here.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&here, sizeof here) == 0 &&
        connect(fd, (struct sockaddr *)&there, sizeof there) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static inline int client_open(uint16_t port)
{
    return client_open_from("127.0.0.1", port);
}

static inline bool client_write(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

static inline bool client_send(int fd, const char *text)
{
    return client_write(fd, text, strlen(text));
}

/* NULL: the answer has no such field. */
static inline const char *answer_field(const answer *a, const char *name)
{
    static _Thread_local char value[1024];
    size_t                    length = strlen(name);

    for (const char *line = strstr(a->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) != 0 || strncmp(line + length, ": ", 2) != 0)
            continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + length + 2, "\r"),
                 line + length + 2);
        return value;
    }
    return NULL;
}

/* One answer; its body is not waited for where `head_only`. */
static inline bool client_read(int fd, answer *a, bool head_only)
{
    size_t      used = 0, length;
    const char *field;

    memset(a, 0, sizeof *a);
    while (used + 1 < sizeof a->head && strstr(a->head, "\r\n\r\n") == NULL)
        if (recv(fd, a->head + used++, 1, 0) != 1)
            return false;
    a->status = (unsigned)strtoul(a->head + strlen("HTTP/1.1 "), NULL, 10);
    field     = answer_field(a, "Content-Length");
    length    = field == NULL || head_only || a->status == 204 || a->status == 304
                    ? 0
                    : (size_t)strtoul(field, NULL, 10);
    if (length >= sizeof a->body)
        return false;
    while (a->size < length) {
        ssize_t got = recv(fd, a->body + a->size, length - a->size, 0);

        if (got <= 0)
            return false;
        a->size += (size_t)got;
    }
    return true;
}

/* Whether the other side has closed, and nothing more comes. */
static inline bool client_is_closed(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) <= 0;
}

static inline answer client_ask(uint16_t port, const char *request)
{
    answer a  = { 0 };
    int    fd = client_open(port);

    if (fd >= 0 && client_send(fd, request))
        client_read(fd, &a, strncmp(request, "HEAD ", 5) == 0);
    if (fd >= 0)
        close(fd);
    return a;
}

static inline bool answer_has(const answer *a, const char *text)
{
    return strstr(a->body, text) != NULL;
}

#endif
