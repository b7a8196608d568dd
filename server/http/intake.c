/* intake.c - the way of a request in: its head checked, its body collected, its handler started. */
#include "http/cors.h"
#include "http/exchange.h"

#include <string.h>
#include <strings.h>

static uint64_t in_seconds(int32_t seconds)
{
    return http_now() + (uint64_t)seconds * 1000000000;
}

/* The first line has been read. What this returns comes back as `slot`. */
void *intake_begin(void *context, const char *uri, struct MHD_Connection *mhd)
{
    http_daemon                    *daemon = context;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    connection    *c = info != NULL ? info->socket_context : NULL;
    http_exchange *x = c != NULL ? exchange_create(daemon, c, mhd, uri != NULL ? uri : "") : NULL;

    if (x == NULL)
        return NULL;
    c->exchange = x;
    /* where the connection has been cut, intake_take finds out */
    connection_enter(c, CONNECTION_RECEIVING, in_seconds(daemon->options.request_seconds));
    pthread_mutex_lock(&daemon->lock);
    daemon->exchanges++;
    pthread_mutex_unlock(&daemon->lock);
    return x;
}

/* ------------------------------------------------------------------ checks that need no body */

static bool find_route(http_exchange *x)
{
    const http_route *routes = x->daemon->options.routes;
    char              allow[ROUTER_ALLOW];

    router_find(routes, x->method, x->segments, &x->match);
    if (x->match.route != NULL)
        return true;
    if (x->match.other == NULL) {
        http_reply_problem(x, HTTP_NOT_FOUND, "there is no such path");
    } else if (strcmp(x->method, "OPTIONS") == 0) {
        cors_reply_options(x);
    } else {
        router_allow(routes, &x->match, allow);
        http_add_header(x, "Allow", allow);
        http_reply_problem(x, HTTP_METHOD, "%.20s is not among %s", x->method, allow);
    }
    return false;
}

static bool check_body(http_exchange *x)
{
    const http_route *route = x->match.route;

    if (!x->has_body) {
        if (route->accepts == NULL || http_header(x, "Content-Length") != NULL)
            return true;
        http_reply_problem(x, HTTP_BAD_REQUEST,
                           "a body is needed, with Content-Length or in chunks");
    } else if (route->accepts != NULL && !fields_accepts(route->accepts, x->media_type)) {
        http_reply_problem(x, HTTP_MEDIA_TYPE, "Content-Type must be one of: %s", route->accepts);
    } else if (route->body_limit == 0) {
        http_reply_problem(x, HTTP_TOO_LARGE, "this takes no body");
    } else if (x->claimed != UINT64_MAX && x->claimed > route->body_limit) {
        http_reply_problem(x, HTTP_TOO_LARGE, "a body may have up to %zu bytes here",
                           route->body_limit);
    } else if (x->claimed != UINT64_MAX &&
               atomic_load(&x->daemon->body_bytes) + x->claimed > x->daemon->options.body_budget) {
        http_reply_problem(x, HTTP_BUSY, "too much is being received at the moment");
    } else {
        return true;
    }
    return false;
}

/* A misspelt option must not pass for its default, nor one of two values be taken at random. */
static bool check_queries(http_exchange *x)
{
    const char *names = x->match.route->queries;

    if (names == NULL)
        return true;
    for (size_t i = 0; i < x->target.count; i++) {
        const target_query *q = &x->target.queries[i];

        if (!fields_accepts(names, q->name)) {
            http_reply_problem(x, HTTP_BAD_VALUE,
                               "there is no query parameter '%.60s'; allowed here: %s", q->name,
                               names[0] != '\0' ? names : "none");
            return false;
        }
        if (target_find(&x->target, q->name) != q->value) {
            http_reply_problem(x, HTTP_BAD_VALUE,
                               "the query parameter '%.60s' is there twice; once is allowed",
                               q->name);
            return false;
        }
    }
    return true;
}

static void admit(http_exchange *x)
{
    const http_options *options = &x->daemon->options;

    if (options->admit != NULL && !options->admit(options->context, x, x->match.route) &&
        x->answer.status == 0)
        http_reply_problem(x, HTTP_INTERNAL, "the request was not answered");
}

/* ------------------------------------------------------------------ on the event thread */

static enum MHD_Result queue_answer(http_exchange *x)
{
    if (!connection_enter(x->connection, CONNECTION_SENDING,
                          in_seconds(x->daemon->options.request_seconds)) ||
        x->answer.mhd == NULL)
        return MHD_NO;
    return MHD_queue_response(x->mhd, x->answer.status, x->answer.mhd);
}

/* An answer that is given here, before the body, makes libmicrohttpd close the connection; so one
 * to a request without a body is kept for the call that follows. */
static enum MHD_Result take_head(http_exchange *x, const char *url, const char *method,
                                 const char *version)
{
    const char *wrong;

    x->head_taken = true;
    x->method     = method;
    wrong         = head_read(x, url, version);
    if (wrong != NULL) {
        x->close = true;
        http_reply_problem(x, HTTP_BAD_REQUEST, "%s", wrong);
    } else if (find_route(x) && check_queries(x) && check_body(x)) {
        admit(x);
    }
    if (x->answer.status == 0 || !(x->close || x->has_body))
        return MHD_YES;
    x->connection->linger = true;
    return queue_answer(x);
}

/* Answers in the middle of a body and has the connection closed. */
static void cut_off(http_exchange *x, http_problem problem, const char *detail)
{
    x->close = x->cut_off = true;
    http_release_body(x);
    http_reply_problem(x, problem, "%s", detail);
    if (connection_enter(x->connection, CONNECTION_SENDING, CONNECTION_NEVER))
        answer_send(x);
    x->connection->linger = true;
}

static enum MHD_Result take_body(http_exchange *x, const char *data, size_t *size)
{
    exchange_growth growth = exchange_grow(x, data, *size);

    if (growth == GROWTH_LIMIT)
        cut_off(x, HTTP_TOO_LARGE, "the body is larger than what is allowed here");
    else if (growth == GROWTH_BUDGET)
        cut_off(x, HTTP_BUSY, "too much is being received at the moment");
    *size = 0;
    return growth == GROWTH_OK ? MHD_YES : MHD_NO;
}

/* The request is complete, or has been answered by a worker since. */
static enum MHD_Result take_end(http_exchange *x)
{
    if (x->answer.status == 0 && !x->pushed) {
        if (!connection_enter(x->connection, CONNECTION_WORKING, CONNECTION_NEVER))
            return MHD_NO;
        if ((x->match.route->flags & HTTP_INLINE) != 0) {
            exchange_run(x);
        } else {
            x->pushed = true;
            if (workers_push(&x->daemon->workers, x))
                return MHD_YES;
            http_reply_problem(x, HTTP_BUSY, "too many requests are waiting");
        }
    }
    return queue_answer(x);
}

enum MHD_Result intake_take(void *context, struct MHD_Connection *mhd, const char *url,
                            const char *method, const char *version, const char *data, size_t *size,
                            void **slot)
{
    http_exchange *x = *slot;

    (void)context;
    (void)mhd;
    if (x == NULL || atomic_load(&x->connection->due) == CONNECTION_CUT)
        return MHD_NO;
    if (!x->head_taken)
        return take_head(x, url, method, version);
    return *size > 0 ? take_body(x, data, size) : take_end(x);
}

/* ------------------------------------------------------------------ the end */

static void report(http_exchange *x, enum MHD_RequestTerminationCode code)
{
    const http_options *options = &x->daemon->options;
    bool                whole   = code == MHD_REQUEST_TERMINATED_COMPLETED_OK || x->cut_off;
    bool                cut     = atomic_load(&x->connection->due) == CONNECTION_CUT;
    http_report         r       = { .exchange = x,
                                    .route    = x->match.route,
                                    .status   = x->answer.status,
                                    .received = x->received,
                                    .seconds  = (double)(http_now() - x->started) / 1e9,
                                    .left     = !whole };

    if (options->finished == NULL)
        return;
    if (r.status == 0 && cut)
        r.status = http_problem_of(HTTP_TIMEOUT).status;
    else if (r.status == 0 && code == MHD_REQUEST_TERMINATED_WITH_ERROR)
        r.status = http_problem_of(HTTP_BAD_REQUEST).status; /* libmicrohttpd's own answer */
    if (whole && r.status != 304 && strcmp(x->method, "HEAD") != 0)
        r.sent = x->answer.size;
    options->finished(options->context, &r);
}

static void end(http_daemon *daemon, http_exchange *x, enum MHD_RequestTerminationCode code)
{
    report(x, code);
    if (code == MHD_REQUEST_TERMINATED_WITH_ERROR)
        x->connection->linger = true;
    x->connection->exchange = NULL;
    connection_enter(x->connection, CONNECTION_WAITING,
                     in_seconds(daemon->options.idle_seconds + daemon->options.request_seconds));
    /* http_stop() has cut those that waited when it began, perhaps before this one did */
    if (atomic_load(&daemon->stopping))
        connection_enter(x->connection, CONNECTION_WAITING, http_now());
    exchange_free(x);
    pthread_mutex_lock(&daemon->lock);
    if (--daemon->exchanges == 0)
        pthread_cond_broadcast(&daemon->changed);
    pthread_mutex_unlock(&daemon->lock);
}

void intake_end(void *context, struct MHD_Connection *mhd, void **slot,
                enum MHD_RequestTerminationCode code)
{
    http_exchange *x = *slot;

    (void)mhd;
    *slot = NULL;
    if (x != NULL)
        end(context, x, code);
}

void intake_close(http_daemon *daemon, connection *c)
{
    http_exchange *x = c->exchange;

    if (x == NULL)
        return;
    x->method = ""; /* libmicrohttpd has released it, and the head */
    x->mhd    = NULL;
    end(daemon, x, MHD_REQUEST_TERMINATED_WITH_ERROR);
}
