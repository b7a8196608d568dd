/* http_service.h - a daemon for tests of what it bears, with handlers that block and fill. */
#ifndef SKC_TESTS_HTTP_SERVICE_H
#define SKC_TESTS_HTTP_SERVICE_H

#include "http/http.h"
#include "http_client.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

enum { LARGE = 32 << 20, BODY_LIMIT = 1 << 20 };

typedef struct service {
    http_daemon *daemon;
    sem_t        entered, leave; /* of /block */
    atomic_int   abandoned, finished, left, overdue;
    char        *large;
} service;

static inline void run_quick(void *context, http_exchange *x)
{
    (void)context;
    http_reply_static(x, 200, "text/plain", "quick", 5);
}

static inline void run_echo(void *context, http_exchange *x)
{
    size_t      size;
    const char *body = http_body(x, &size);

    (void)context;
    http_reply_bytes(x, 200, "text/plain", body, size);
}

static inline void run_block(void *context, http_exchange *x)
{
    service *s = context;

    sem_post(&s->entered);
    sem_wait(&s->leave);
    http_reply_static(x, 200, "text/plain", "done", 4);
}

/* Works until nobody waits. */
static inline void run_until_abandoned(void *context, http_exchange *x)
{
    service *s = context;

    sem_post(&s->entered);
    while (!http_abandoned(x))
        usleep(2000);
    atomic_fetch_add(&s->abandoned, 1);
    http_reply_problem(x, HTTP_OVERDUE, "too late");
}

static inline void run_large(void *context, http_exchange *x)
{
    service *s = context;

    http_reply_bytes(x, 200, "text/plain", s->large, LARGE);
}

static const http_route routes[] = {
    { "GET", "/quick", run_quick, HTTP_INLINE, 0, NULL, NULL, "" },
    { "GET", "/worker", run_quick, 0, 0, NULL, NULL, "" },
    { "POST", "/echo", run_echo, 0, BODY_LIMIT, "*", NULL, "" },
    { "GET", "/block", run_block, 0, 0, NULL, NULL, "" },
    { "GET", "/long", run_until_abandoned, 0, 0, NULL, NULL, "" },
    { "GET", "/large", run_large, 0, 0, NULL, NULL, "" },
    { .method = NULL },
};

static inline void finished(void *context, const http_report *report)
{
    service *s = context;

    atomic_fetch_add(&s->left, report->left);
    atomic_fetch_add(&s->overdue, report->status == 408 || report->status == 503);
    atomic_fetch_add(&s->finished, 1);
}

static inline http_options usual(service *s)
{
    return (http_options){ .address          = "127.0.0.1",
                           .routes           = routes,
                           .context          = s,
                           .threads          = 2,
                           .workers          = 1,
                           .queue            = 1,
                           .connections      = 1000,
                           .connections_each = 1000,
                           .idle_seconds     = 20,
                           .request_seconds  = 20,
                           .deadline_seconds = 20,
                           .body_budget      = 1 << 26,
                           .finished         = finished };
}

static inline void start(service *s, const http_options *options)
{
    skc_error err = { SKC_OK, "" };

    sem_init(&s->entered, 0, 0);
    sem_init(&s->leave, 0, 0);
    s->large = calloc(1, LARGE);
    if (http_start(options, &s->daemon, &err) != SKC_OK)
        fail_msg("%s", err.message);
}

static inline void stop(service *s)
{
    http_stop(s->daemon, 0);
    sem_destroy(&s->entered);
    sem_destroy(&s->leave);
    free(s->large);
}

static inline int ask(service *s, const char *path)
{
    int  fd = client_open(http_port(s->daemon));
    char request[256];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n\r\n", path);
    assert_true(fd >= 0 && client_send(fd, request));
    return fd;
}

static inline unsigned status_of(int fd)
{
    answer a;

    client_read(fd, &a, false);
    close(fd);
    return a.status;
}

/* Waits for a condition, for long. */
#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int turn_ = 0; turn_ < 1500 && !(condition); turn_++)                                 \
            usleep(10000);                                                                         \
        assert_true(condition);                                                                    \
    } while (0)

#define HALF_A_MEGABYTE "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 524288\r\n\r\n"

#endif
