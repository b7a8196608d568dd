/* exchange.c - one request: its life, its body, and what handlers ask about it. */
#define _GNU_SOURCE
#include "http/exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FIRST_CAPACITY = 4096 };

uint64_t http_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

http_exchange *exchange_create(http_daemon *daemon, connection *c, struct MHD_Connection *mhd,
                               const char *uri)
{
    http_exchange *x    = calloc(1, sizeof *x);
    size_t         kept = strnlen(uri, TARGET_BYTES + 1); /* one more than allowed, to be refused */

    if (x == NULL)
        return NULL;
    x->uri = malloc(2 * (kept + 1));
    if (x->uri == NULL || !identity_make(x->id)) {
        free(x->uri);
        free(x);
        return NULL;
    }
    memcpy(x->uri, uri, kept);
    x->uri[kept]  = '\0';
    x->segments   = x->uri + kept + 1;
    x->uri_length = strlen(uri);
    x->daemon     = daemon;
    x->connection = c;
    x->mhd        = mhd;
    x->method     = "";
    x->target     = (target){ .path = "" };
    x->started    = http_now();
    x->deadline   = x->started + (uint64_t)daemon->options.deadline_seconds * 1000000000;
    address_format(&c->peer, x->client);
    return x;
}

void exchange_free(http_exchange *x)
{
    http_release_body(x);
    answer_free(x);
    free(x->caller);
    free(x->uri);
    free(x);
}

void exchange_run(http_exchange *x)
{
    x->match.route->run(x->daemon->options.context, x);
    if (x->answer.status == 0)
        http_reply_problem(x, HTTP_INTERNAL, "the request was not answered");
    http_release_body(x);
}

exchange_growth exchange_grow(http_exchange *x, const char *bytes, size_t size)
{
    size_t limit  = x->match.route->body_limit;
    size_t most   = x->claimed < limit ? (size_t)x->claimed : limit;
    size_t needed = x->size + size + 1;

    x->received += size;
    if (size > most - x->size)
        return GROWTH_LIMIT;
    if (needed > x->capacity) {
        size_t   capacity = x->capacity > 0 ? 2 * x->capacity : FIRST_CAPACITY;
        uint64_t budget   = x->daemon->options.body_budget;
        char    *grown;

        if (capacity < needed)
            capacity = needed;
        if (capacity > most + 1)
            capacity = most + 1;
        if (atomic_fetch_add(&x->daemon->body_bytes, capacity - x->capacity) + capacity -
                    x->capacity >
                budget ||
            (grown = realloc(x->body, capacity)) == NULL) {
            atomic_fetch_sub(&x->daemon->body_bytes, capacity - x->capacity);
            return GROWTH_BUDGET;
        }
        x->body     = grown;
        x->capacity = capacity;
    }
    memcpy(x->body + x->size, bytes, size);
    x->size += size;
    x->body[x->size] = '\0';
    return GROWTH_OK;
}

const char *http_method(const http_exchange *x)
{
    return x->method;
}

const char *http_path(const http_exchange *x)
{
    return x->target.path;
}

const char *http_parameter(const http_exchange *x, const char *name)
{
    return router_value(&x->match, name);
}

const char *http_query(const http_exchange *x, const char *name)
{
    return target_find(&x->target, name);
}

const char *http_header(const http_exchange *x, const char *name)
{
    return x->mhd == NULL ? NULL : MHD_lookup_connection_value(x->mhd, MHD_HEADER_KIND, name);
}

const char *http_media_type(const http_exchange *x)
{
    return x->media_type;
}

const char *http_body(const http_exchange *x, size_t *size)
{
    *size = x->size;
    return x->body != NULL ? x->body : "";
}

void http_release_body(http_exchange *x)
{
    free(x->body);
    atomic_fetch_sub(&x->daemon->body_bytes, x->capacity);
    x->body = NULL;
    x->size = x->capacity = 0;
}

const char *http_request_id(const http_exchange *x)
{
    return x->id;
}

const char *http_client(const http_exchange *x)
{
    return x->client;
}

uint64_t http_started(const http_exchange *x)
{
    return x->started;
}

uint64_t http_deadline(const http_exchange *x)
{
    return x->deadline;
}

bool http_abandoned(const http_exchange *x)
{
    struct pollfd peer = { .fd = x->connection->fd, .events = POLLRDHUP };

    return http_now() >= x->deadline || atomic_load(&x->daemon->cut) || poll(&peer, 1, 0) > 0;
}

void http_set_caller(http_exchange *x, void *caller)
{
    free(x->caller);
    x->caller = caller;
}

void *http_caller(const http_exchange *x)
{
    return x->caller;
}
