/* connection.c - all open connections, and the absolute times at which each is cut. */
#define _GNU_SOURCE
#include "http/connection.h"

#include "http/problem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINGER_NANOSECONDS UINT64_C(2000000000)

bool registry_has_room(registry *r, const address *peer)
{
    int32_t same = 0;

    if (address_in_any(peer, r->trusted, r->trusted_count))
        return true;
    pthread_mutex_lock(&r->lock);
    for (const connection *c = r->first; c != NULL; c = c->next)
        same += address_same_site(&c->peer, peer);
    pthread_mutex_unlock(&r->lock);
    return same < r->each;
}

connection *registry_add(registry *r, int fd, const address *peer, uint64_t due)
{
    connection *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->fd    = fd;
    c->peer  = *peer;
    c->proxy = address_in_any(peer, r->trusted, r->trusted_count);
    atomic_init(&c->phase, CONNECTION_WAITING);
    atomic_init(&c->due, due);
    pthread_mutex_lock(&r->lock);
    c->previous                                     = r->last;
    *(r->last != NULL ? &r->last->next : &r->first) = c;
    r->last                                         = c;
    r->count++;
    r->accepted++;
    pthread_mutex_unlock(&r->lock);
    return c;
}

/* Keeps the socket open by a second number for it, beyond the close() that follows. Closed at once,
 * a socket with unread bytes resets the connection, and the client may lose the answer. */
static void keep_lingering(registry *r, int fd)
{
    struct timespec now;
    int             own;

    if (r->lingering_count == CONNECTION_LINGERING || (own = fcntl(fd, F_DUPFD_CLOEXEC, 0)) < 0)
        return;
    shutdown(own, SHUT_WR);
    clock_gettime(CLOCK_MONOTONIC, &now);
    r->lingering[r->lingering_count++] =
        (lingering){ own, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec +
                              LINGER_NANOSECONDS };
}

void registry_remove(registry *r, connection *c)
{
    pthread_mutex_lock(&r->lock);
    *(c->previous != NULL ? &c->previous->next : &r->first) = c->next;
    *(c->next != NULL ? &c->next->previous : &r->last)      = c->previous;
    r->count--;
    if (c->linger)
        keep_lingering(r, c->fd);
    pthread_mutex_unlock(&r->lock);
    free(c);
}

bool connection_enter(connection *c, connection_phase phase, uint64_t due)
{
    uint64_t before = atomic_load(&c->due);

    atomic_store(&c->phase, phase);
    while (before != CONNECTION_CUT && !atomic_compare_exchange_weak(&c->due, &before, due))
        ;
    return before != CONNECTION_CUT;
}

/* Says why, where nothing of an answer can have been sent yet; as much as fits at once. */
static void say_timeout(int fd)
{
    http_problem_info info = http_problem_of(HTTP_TIMEOUT);
    char              body[256], text[512];
    int               size, length;

    size   = snprintf(body, sizeof body,
                      "{\"type\": \"/docs#%s\", \"title\": \"%s\", \"status\": %u, \"code\": \"%s\"}",
                      info.code, info.title, info.status, info.code);
    length = snprintf(text, sizeof text,
                      "HTTP/1.1 %u Request Timeout\r\nContent-Type: application/problem+json\r\n"
                      "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
                      "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
                      info.status, size, body);
    send(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* With the registry locked. */
static bool cut(connection *c, uint64_t due)
{
    if (due == CONNECTION_CUT || !atomic_compare_exchange_strong(&c->due, &due, CONNECTION_CUT))
        return false;
    if (atomic_load(&c->phase) == CONNECTION_RECEIVING)
        say_timeout(c->fd);
    shutdown(c->fd, SHUT_RDWR);
    return true;
}

/* False where nothing more is to be read. */
static bool drain(int fd)
{
    char    bytes[16384];
    ssize_t got;

    for (int i = 0; i < 128; i++)
        if ((got = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT)) <= 0)
            return got < 0 && (errno == EAGAIN || errno == EINTR);
    return true;
}

static void tick_lingering(registry *r, uint64_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->lingering_count; i++) {
        lingering one = r->lingering[i];

        if (now < one.until && drain(one.fd))
            r->lingering[kept++] = one;
        else
            close(one.fd);
    }
    r->lingering_count = kept;
}

void registry_tick(registry *r, uint64_t now)
{
    int32_t over;

    pthread_mutex_lock(&r->lock);
    over = r->count - (r->limit - r->limit / 8);
    for (connection *c = r->first; c != NULL; c = c->next) {
        uint64_t due = atomic_load(&c->due);

        if (now >= due) {
            r->overdue += cut(c, due);
        } else if (over > 0 && atomic_load(&c->phase) == CONNECTION_WAITING) {
            cut(c, due);
            over--;
        }
    }
    tick_lingering(r, now);
    pthread_mutex_unlock(&r->lock);
}

void registry_cut(registry *r, bool all)
{
    pthread_mutex_lock(&r->lock);
    for (connection *c = r->first; c != NULL; c = c->next)
        if (all || atomic_load(&c->phase) == CONNECTION_WAITING)
            cut(c, atomic_load(&c->due));
    pthread_mutex_unlock(&r->lock);
}

void registry_close_lingering(registry *r)
{
    tick_lingering(r, UINT64_MAX);
}
