/* connection.h - all open connections, and the absolute times at which each is cut.
 *
 * libmicrohttpd times inactivity, which a client that sends a byte a second never reaches. So every
 * connection has a time at which it is due, set anew in each phase of a request, and a thread that
 * shuts the sockets of those that are over it; libmicrohttpd then finds them closed. A socket's
 * number is safe to use under the registry's lock: a connection leaves the registry before it is
 * closed.
 */
#ifndef SKC_SERVER_HTTP_CONNECTION_H
#define SKC_SERVER_HTTP_CONNECTION_H

#include "http/address.h"

#include <pthread.h>
#include <stdatomic.h>

typedef enum connection_phase {
    CONNECTION_WAITING,   /* for a request's first line */
    CONNECTION_RECEIVING, /* the rest of the request */
    CONNECTION_WORKING,   /* on the answer */
    CONNECTION_SENDING    /* the answer */
} connection_phase;

#define CONNECTION_CUT   UINT64_C(0) /* in `due`: its socket has been shut */
#define CONNECTION_NEVER UINT64_MAX

enum { CONNECTION_LINGERING = 64, CONNECTION_TICK = 100 /* milliseconds */ };

typedef struct connection {
    struct connection *previous, *next; /* by age */
    int                fd;
    address            peer;
    bool               proxy; /* a trusted one */
    bool             linger;  /* what still comes is to be read before it is closed; event thread */
    void            *exchange; /* under way; event thread */
    atomic_int       phase;
    _Atomic uint64_t due; /* CLOCK_MONOTONIC nanoseconds */
} connection;

/* A socket whose last answer is on its way to a client that may still be sending. */
typedef struct lingering {
    int      fd;
    uint64_t until;
} lingering;

typedef struct registry {
    pthread_mutex_t lock;
    connection     *first, *last;
    int32_t         count, limit, each; /* of one site */
    uint64_t        accepted, overdue;
    address_range  *trusted;
    size_t          trusted_count;
    lingering       lingering[CONNECTION_LINGERING];
    size_t          lingering_count;
} registry;

/* Whether one more of this peer is within the limit of one site; proxies have none. */
bool        registry_has_room(registry *r, const address *peer);
/* NULL: out of memory. */
connection *registry_add(registry *r, int fd, const address *peer, uint64_t due);
void        registry_remove(registry *r, connection *c);
/* Enters a phase that may last until `due`; false: the connection has been cut. */
bool        connection_enter(connection *c, connection_phase phase, uint64_t due);
/* Cuts what is due and, where nearly all connections are taken, those that have waited longest;
 * reads on from those that linger. */
void        registry_tick(registry *r, uint64_t now);
/* Cuts all that wait, or all. */
void        registry_cut(registry *r, bool all);
void        registry_close_lingering(registry *r);

#endif
