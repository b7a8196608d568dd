/* daemon.c - starts and stops the HTTP service. */
#define _GNU_SOURCE
#include "http/daemon.h"

#include "failure.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POOL_BYTES = 16384 }; /* of a connection: bounds a request's head */

/* ------------------------------------------------------------------ options */

static skc_status check_number(const char *name, int64_t value, int64_t least, int64_t most,
                               skc_error *err)
{
    if (value >= least && value <= most)
        return SKC_OK;
    return failure(err, SKC_EINVAL, "%s is %lld; allowed are %lld to %lld", name, (long long)value,
                   (long long)least, (long long)most);
}

static skc_status check_options(const http_options *o, skc_error *err)
{
    const struct {
        const char *name;
        int64_t     value, least, most;
    } numbers[] = {
        { "threads", o->threads, 1, 64 },
        { "workers", o->workers, 1, 1024 },
        { "queue", o->queue, 1, 65536 },
        { "connections", o->connections, o->threads, 65536 },
        { "connections_each", o->connections_each, 1, 65536 },
        { "idle_seconds", o->idle_seconds, 1, 86400 },
        { "request_seconds", o->request_seconds, 1, 86400 },
        { "deadline_seconds", o->deadline_seconds, 1, 86400 },
    };

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        skc_status status =
            check_number(numbers[i].name, numbers[i].value, numbers[i].least, numbers[i].most, err);

        if (status != SKC_OK)
            return status;
    }
    return SKC_OK;
}

static skc_status read_trusted(registry *r, const char *const *texts, skc_error *err)
{
    size_t count = 0;

    while (texts != NULL && texts[count] != NULL)
        count++;
    r->trusted = calloc(count + 1, sizeof *r->trusted);
    if (r->trusted == NULL)
        return failure_memory(err);
    for (; r->trusted_count < count; r->trusted_count++)
        if (!address_range_parse(texts[r->trusted_count], &r->trusted[r->trusted_count]))
            return failure(err, SKC_EINVAL,
                           "trusted proxy '%.60s' is neither an address nor a range such as "
                           "10.0.0.0/8",
                           texts[r->trusted_count]);
    return SKC_OK;
}

/* ------------------------------------------------------------------ listening */

static socklen_t socket_address(const char *text, uint16_t port, struct sockaddr_storage *out)
{
    struct sockaddr_in  v4     = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6     = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    size_t              length = strlen(text);
    char                bare[ADDRESS_TEXT];

    if (length >= 2 && length < sizeof bare && text[0] == '[' && text[length - 1] == ']') {
        memcpy(bare, text + 1, length - 2);
        bare[length - 2] = '\0';
        text             = bare;
    }
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        return sizeof v4;
    }
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof v6);
        return sizeof v6;
    }
    return 0;
}

static bool listen_at(int fd, const struct sockaddr_storage *where, socklen_t length)
{
    int yes = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
           (where->ss_family != AF_INET6 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes) == 0) &&
           bind(fd, (const struct sockaddr *)where, length) == 0 && listen(fd, SOMAXCONN) == 0;
}

static skc_status open_listener(http_daemon *d, skc_error *err)
{
    struct sockaddr_storage where;
    const http_options     *o      = &d->options;
    socklen_t               length = socket_address(o->address, o->port, &where);
    struct sockaddr_in      v4; /* the port is at the same place for IPv6 */

    if (length == 0)
        return failure(err, SKC_EINVAL, "'%.60s' is no address: such as 127.0.0.1 or [::1]",
                       o->address);
    d->listener = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (d->listener < 0 || !listen_at(d->listener, &where, length) ||
        getsockname(d->listener, (struct sockaddr *)&where, &length) != 0)
        return failure(err, SKC_EIO, "cannot listen at %.60s, port %u: %s", o->address,
                       (unsigned)o->port, strerror(errno));
    memcpy(&v4, &where, sizeof v4);
    d->port = ntohs(v4.sin_port);
    return SKC_OK;
}

/* ------------------------------------------------------------------ libmicrohttpd */

static enum MHD_Result accept_peer(void *context, const struct sockaddr *peer, socklen_t length)
{
    http_daemon *d = context;
    address      from;

    (void)length;
    address_of_socket(peer, &from);
    return !atomic_load(&d->stopping) && registry_has_room(&d->registry, &from) ? MHD_YES : MHD_NO;
}

static void on_connection(void *context, struct MHD_Connection *mhd, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    http_daemon                    *d = context;
    const union MHD_ConnectionInfo *fd, *peer;
    address                         from;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*slot != NULL) {
            intake_close(d, *slot);
            registry_remove(&d->registry, *slot);
        }
        *slot = NULL;
        return;
    }
    fd    = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    peer  = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    *slot = NULL;
    if (fd == NULL || peer == NULL)
        return;
    address_of_socket(peer->client_addr, &from);
    *slot = registry_add(&d->registry, fd->connect_fd, &from,
                         http_now() + (uint64_t)d->options.request_seconds * 1000000000);
}

/* The URL is decoded in target.c, which refuses what libmicrohttpd lets pass. */
static size_t leave_escaped(void *context, struct MHD_Connection *mhd, char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

static skc_status start_mhd(http_daemon *d, skc_error *err)
{
    const http_options *o = &d->options;

    /* a pool of one thread is none */
    d->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, accept_peer, d, intake_take, d,
        MHD_OPTION_LISTEN_SOCKET, d->listener, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)o->connections, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, d, MHD_OPTION_NOTIFY_COMPLETED, intake_end, d,
        MHD_OPTION_URI_LOG_CALLBACK, intake_begin, d, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped,
        d, o->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (unsigned)o->threads,
        MHD_OPTION_END);
    d->listener = -1; /* libmicrohttpd closes it, also where it does not start */
    if (d->mhd == NULL)
        return failure(err, SKC_EIO, "cannot start %d event threads", (int)o->threads);
    return SKC_OK;
}

/* ------------------------------------------------------------------ the reaper */

static void after_milliseconds(struct timespec *when, uint64_t milliseconds)
{
    uint64_t nanoseconds = http_now() + milliseconds * 1000000;

    when->tv_sec  = (time_t)(nanoseconds / 1000000000);
    when->tv_nsec = (long)(nanoseconds % 1000000000);
}

static void *reap(void *context)
{
    http_daemon    *d = context;
    struct timespec next;

    pthread_mutex_lock(&d->lock);
    while (!d->reaper_ends) {
        pthread_mutex_unlock(&d->lock);
        registry_tick(&d->registry, http_now());
        workers_expire(&d->workers);
        pthread_mutex_lock(&d->lock);
        after_milliseconds(&next, CONNECTION_TICK);
        while (!d->reaper_ends && pthread_cond_timedwait(&d->changed, &d->lock, &next) == 0)
            ;
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static void stop_reaper(http_daemon *d)
{
    pthread_mutex_lock(&d->lock);
    d->reaper_ends = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    pthread_join(d->reaper, NULL);
}

/* ------------------------------------------------------------------ start and stop */

static http_daemon *create(const http_options *options)
{
    http_daemon       *d = calloc(1, sizeof *d);
    pthread_condattr_t monotonic;

    if (d == NULL)
        return NULL;
    d->options        = *options;
    d->listener       = -1;
    d->registry.limit = options->connections;
    d->registry.each  = options->connections_each;
    pthread_mutex_init(&d->registry.lock, NULL);
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&d->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return d;
}

static void destroy(http_daemon *d)
{
    registry_close_lingering(&d->registry);
    if (d->listener >= 0)
        close(d->listener);
    free(d->registry.trusted);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->lock);
    pthread_mutex_destroy(&d->registry.lock);
    free(d);
}

static skc_status start_threads(http_daemon *d, skc_error *err)
{
    skc_status status = workers_start(&d->workers, d->options.workers, d->options.queue, err);
    int        error;

    if (status != SKC_OK)
        return status;
    error = pthread_create(&d->reaper, NULL, reap, d);
    if (error != 0) {
        workers_stop(&d->workers);
        workers_free(&d->workers);
        return failure(err, SKC_ELIMIT, "cannot start a thread: %s", strerror(error));
    }
    status = start_mhd(d, err);
    if (status != SKC_OK) {
        stop_reaper(d);
        workers_stop(&d->workers);
        workers_free(&d->workers);
    }
    return status;
}

skc_status http_start(const http_options *options, http_daemon **out, skc_error *err)
{
    skc_status   status = check_options(options, err);
    sigset_t     all, before;
    http_daemon *d;

    if (status != SKC_OK)
        return status;
    d = create(options);
    if (d == NULL)
        return failure_memory(err);
    status = read_trusted(&d->registry, options->trusted_proxies, err);
    if (status == SKC_OK)
        status = open_listener(d, err);
    if (status == SKC_OK) {
        sigfillset(&all); /* signals are the main thread's */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        status = start_threads(d, err);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (status == SKC_OK)
        *out = d;
    else
        destroy(d);
    return status;
}

uint16_t http_port(const http_daemon *d)
{
    return d->port;
}

http_figures http_figures_of(http_daemon *d)
{
    http_figures figures = { .body_bytes = atomic_load(&d->body_bytes) };

    pthread_mutex_lock(&d->registry.lock);
    figures.connections = d->registry.count;
    figures.accepted    = d->registry.accepted;
    figures.overdue     = d->registry.overdue;
    pthread_mutex_unlock(&d->registry.lock);
    pthread_mutex_lock(&d->workers.lock);
    figures.waiting = d->workers.waiting;
    figures.running = d->workers.running;
    pthread_mutex_unlock(&d->workers.lock);
    return figures;
}

static void wait_for_exchanges(http_daemon *d, int32_t seconds)
{
    struct timespec end;

    after_milliseconds(&end, (uint64_t)(seconds > 0 ? seconds : 0) * 1000);
    pthread_mutex_lock(&d->lock);
    while (d->exchanges > 0 && pthread_cond_timedwait(&d->changed, &d->lock, &end) == 0)
        ;
    pthread_mutex_unlock(&d->lock);
}

/* From `stopping` on, accept_peer turns new connections away. MHD_quiesce_daemon() is not for a
 * pool of threads with epoll: in 0.9.75 both it and the thread may take the socket out of the
 * thread's set, and who comes second aborts. */
void http_stop(http_daemon *d, int32_t seconds)
{
    if (d == NULL)
        return;
    atomic_store(&d->stopping, true);
    registry_cut(&d->registry, false);
    wait_for_exchanges(d, seconds);
    atomic_store(&d->cut, true);
    registry_cut(&d->registry, true);
    workers_stop(&d->workers);
    stop_reaper(d);
    MHD_stop_daemon(d->mhd);
    workers_free(&d->workers);
    destroy(d);
}
