/* http.h - requests in, responses out: what handlers see of HTTP, over libmicrohttpd.
 *
 * An exchange is one request and its answer. Its head is read on an event thread, where the route
 * is found and `admit` asked; then the body is collected, within the route's limit and the budget
 * of all bodies, and the route's handler runs on a worker thread (or on the event thread, where the
 * route says HTTP_INLINE). A handler answers exactly once, by one of the http_reply functions,
 * before it returns; a second answer is dropped, none is 500. It may block, but looks at
 * http_abandoned() while it does. What the functions here return belongs to the exchange and is
 * valid until the handler returns.
 *
 * What cannot be a request never reaches a handler: 400 (and 431, 414 by libmicrohttpd), and the
 * connection closes. So does it after every answer to a request whose body has not been read.
 */
#ifndef SKC_SERVER_HTTP_HTTP_H
#define SKC_SERVER_HTTP_HTTP_H

#include "http/problem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct http_exchange http_exchange;
typedef struct http_daemon   http_daemon;

/* ------------------------------------------------------------------ routes */

typedef enum http_route_flag {
    HTTP_INLINE  = 1 << 0, /* runs on the event thread: must not block */
    HTTP_LIMITED = 1 << 1, /* counts against rate limit and quota */
    HTTP_ADMIN   = 1 << 2, /* needs a key with the scope "admin" */
    HTTP_CORS    = 1 << 3, /* other origins may call it, as configured */
    HTTP_QUIET   = 1 << 4  /* not logged when it succeeds: probes */
} http_route_flag;

typedef struct http_route {
    const char *method; /* "GET" also answers HEAD */
    const char *path;   /* "/v1/assessments/{code}": a name in braces matches one segment; a last
                           "{name...}" matches the rest, slashes too, also an empty one. Where
                           several match, a spelt segment goes before a name; order is nothing */
    void (*run)(void *context, http_exchange *exchange);
    unsigned    flags;
    size_t      body_limit; /* bytes; 0: a request with a body is refused */
    const char *accepts;    /* media types of the body, separated by spaces, "*" for any; NULL: no
                           body; else a request has one, even of 0 bytes */
    const char *queries;    /* names that the query may have, each once, separated by spaces; "":
                               none; NULL: any, also twice, of which the first counts */
    const char *summary;    /* for the API's description */
} http_route;

/* ------------------------------------------------------------------ the request */

const char *http_method(const http_exchange *exchange);
const char *http_path(const http_exchange *exchange); /* decoded, without the query */
/* The part of the path that stands for {name}, decoded; NULL: the route has no such name. */
const char *http_parameter(const http_exchange *exchange, const char *name);
/* NULL where absent; "" where it has no value. */
const char *http_query(const http_exchange *exchange, const char *name);
const char *http_header(const http_exchange *exchange, const char *name);
/* The media type of the body in lower case without parameters; "" where none is given. */
const char *http_media_type(const http_exchange *exchange);
/* The whole body with a NUL after it that `size` does not count. */
const char *http_body(const http_exchange *exchange, size_t *size);
/* Gives the memory of the body back before the reply: it is "" from then on. */
void        http_release_body(http_exchange *exchange);

/* 26 characters, time-ordered; or the caller's own. */
const char *http_request_id(const http_exchange *exchange);
/* The client's address as text: the one that a trusted proxy names, else the peer's. */
const char *http_client(const http_exchange *exchange);
/* CLOCK_MONOTONIC nanoseconds at which the first line had come, and after which nobody waits. */
uint64_t    http_started(const http_exchange *exchange);
uint64_t    http_deadline(const http_exchange *exchange);
/* Whether it is of no use to go on: the client has left, the deadline is over, or http_stop() waits
 * no longer. A client that has closed its sending side only counts as gone. Any thread. */
bool        http_abandoned(const http_exchange *exchange);
uint64_t    http_now(void); /* CLOCK_MONOTONIC, nanoseconds */

/* What `admit` found out about the caller, for handlers: see access.h. Released with the exchange
 * by free(). */
void  http_set_caller(http_exchange *exchange, void *caller);
void *http_caller(const http_exchange *exchange);

/* ------------------------------------------------------------------ the response */

/* Before the reply; copied. A name or value that HTTP does not allow is dropped, as is what goes
 * over 2 KB in all. Every answer has X-Request-Id, X-Content-Type-Options, Referrer-Policy and
 * Cross-Origin-Resource-Policy; and by default, which a field added here replaces, a
 * Content-Security-Policy that allows nothing and "Cache-Control: no-store". Where an ETag was
 * added, a GET that has it already is answered 304. */
void http_add_header(http_exchange *exchange, const char *name, const char *value);

/* Takes `body` over; NULL (out of memory) is answered with 500. */
void http_reply_json(http_exchange *exchange, unsigned status, json_t *body);
/* Copies the bytes. */
void http_reply_bytes(http_exchange *exchange, unsigned status, const char *type, const void *bytes,
                      size_t size);
/* The bytes stay valid for as long as the daemon lives. */
void http_reply_static(http_exchange *exchange, unsigned status, const char *type,
                       const void *bytes, size_t size);
void http_reply_empty(http_exchange *exchange, unsigned status);
/* application/problem+json by RFC 9457. `detail` says what was wrong with this request and what is
 * allowed: shown to the caller, so never a path or a secret. A Retry-After header is added where
 * the problem has one; `retry` in seconds, 0: the problem's own. */
void http_reply_problem(http_exchange *exchange, http_problem problem, const char *detail, ...)
    __attribute__((format(printf, 3, 4)));
void http_reply_retry(http_exchange *exchange, http_problem problem, unsigned retry,
                      const char *detail, ...) __attribute__((format(printf, 4, 5)));

/* ------------------------------------------------------------------ the daemon */

/* What is known when an exchange is over, for log and metrics. */
typedef struct http_report {
    const http_exchange *exchange;
    const http_route    *route;  /* NULL: none matched */
    unsigned             status; /* 408: cut at request_seconds; 0: left before the answer */
    size_t               received, sent; /* bytes of the bodies */
    double               seconds;
    bool                 left; /* the client had gone */
} http_report;

/* What the pointers are to stays valid for as long as the daemon lives. */
typedef struct http_options {
    const char       *address; /* "127.0.0.1" or "[::1]"; a name is not looked up */
    uint16_t          port;    /* 0: any free one */
    const http_route *routes;  /* ends with method NULL */
    void             *context; /* given to handlers and callbacks */
    int32_t           threads; /* event threads, 1..64 */
    int32_t           workers; /* threads that handlers may block, 1..1024 */
    int32_t           queue;   /* exchanges that may wait for a worker; more are answered 503 */
    int32_t           connections, connections_each; /* in all, and of one address (IPv6: its
                                                     /64), of which trusted proxies are free */
    int32_t           idle_seconds;                  /* a connection without a byte */
    int32_t  request_seconds;  /* for a request to arrive, and again for its answer to be taken:
                                  absolute, however busy the connection is */
    int32_t  deadline_seconds; /* from the first line to the answer */
    uint64_t body_budget;      /* bytes of all bodies together; more are answered 503 */
    const char *const *trusted_proxies; /* addresses or CIDR; NULL ends; may be NULL */
    const char *const *origins; /* CORS: "https://a.example", or "*"; NULL ends; may be NULL */
    /* On the event thread once the head is read, before the body: must not block. False: it has
     * replied. May be NULL. */
    bool (*admit)(void *context, http_exchange *exchange, const http_route *route);
    /* After each exchange, on any thread. May be NULL. */
    void (*finished)(void *context, const http_report *report);
} http_options;

/* Figures for /metrics. */
typedef struct http_figures {
    int32_t  connections, waiting, running; /* now */
    uint64_t body_bytes;                    /* held now */
    uint64_t accepted, overdue; /* connections since the start; those closed at request_seconds */
} http_figures;

/* SKC_EINVAL: an option is not allowed; SKC_EIO: it cannot listen there, such as on a port that is
 * taken. `connections` and some 100 more files must be within RLIMIT_NOFILE. */
skc_status   http_start(const http_options *options, http_daemon **out, skc_error *err);
uint16_t     http_port(const http_daemon *daemon);
http_figures http_figures_of(http_daemon *daemon);
/* Graceful: new connections are closed at once, exchanges under way are answered (with "Connection:
 * close") for at most `seconds`, then cut; handlers that still run are waited for. Then everything
 * is released. */
void         http_stop(http_daemon *daemon, int32_t seconds);

#endif
