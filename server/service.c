/* service.c - starting, running and ending the service. */
#define _GNU_SOURCE
#include "service.h"
#include "failure.h"
#include "files.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORTS_TRIED = 32, PICTURE_SIDE = 1024, HOUR = 3600, SPARE_FILES = 100 };

/* So much of a database is read within about a second from a disk that was not read before; one of
 * 200,000 records has 50 times as much, and would take a minute. */
enum { CHECKED_BYTES = 256 << 20 };

/* ------------------------------------------------------------------ callbacks */

static bool admit(void *context, http_exchange *x, const http_route *route)
{
    server *s = context;

    if ((route->flags & HTTP_INLINE) == 0 && !atomic_load(&s->ready)) {
        http_reply_problem(x, HTTP_LOADING, "the models are being loaded");
        return false;
    }
    return access_admit(s->access, x, route);
}

static void batched(void *context, inference_task task, int32_t pictures, double seconds)
{
    metrics_batch(((server *)context)->metrics, inference_task_name(task), pictures, seconds);
}

/* The route's pattern and never the path: an assessment's code is a part of that. */
static void finished(void *context, const http_report *r)
{
    server              *s      = context;
    const access_caller *caller = http_caller(r->exchange);
    bool                 quiet  = r->route != NULL && (r->route->flags & HTTP_QUIET) != 0;

    metrics_request(s->metrics, r);
    log_event(quiet && r->status < 400 ? LOG_DEBUG : LOG_INFO, "request",
              json_pack("{s:s, s:s, s:s, s:i, s:f, s:I, s:I, s:I, s:b}", "request_id",
                        http_request_id(r->exchange), "method", http_method(r->exchange), "route",
                        r->route == NULL ? "" : r->route->path, "status", (int)r->status,
                        "milliseconds", r->seconds * 1e3, "received", (json_int_t)r->received,
                        "sent", (json_int_t)r->sent, "key",
                        (json_int_t)(caller == NULL ? 0 : caller->key), "left", (int)r->left));
}

/* ------------------------------------------------------------------ starting */

/* For --next-port: the first port from this one on that nobody listens at. */
static uint16_t free_port(const char *address, uint16_t port)
{
    for (uint16_t tried = 0; tried < PORTS_TRIED && port != 0 && port + tried <= 65535; tried++) {
        struct sockaddr_in  four   = { .sin_family = AF_INET };
        struct sockaddr_in6 six    = { .sin6_family = AF_INET6 };
        bool                is_six = inet_pton(AF_INET6, address, &six.sin6_addr) == 1;
        int                 on     = 1, bound;
        int                 fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        inet_pton(AF_INET, address, &four.sin_addr);
        four.sin_port = six.sin6_port = htons((uint16_t)(port + tried));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        bound = is_six ? bind(fd, (struct sockaddr *)&six, sizeof six)
                       : bind(fd, (struct sockaddr *)&four, sizeof four);
        close(fd);
        if (bound == 0)
            return (uint16_t)(port + tried);
    }
    return port;
}

/* What is set, or `each` for every processor, `most` at most. */
static int32_t chosen_or(int32_t chosen, int32_t each, int32_t most)
{
    long count = each * sysconf(_SC_NPROCESSORS_ONLN);

    return chosen > 0 ? chosen : count < each ? each : count > most ? most : (int32_t)count;
}

/* More would only make all requests wait for each other: they compute nearly all the time. */
static int32_t worker_count(const settings *o)
{
    return chosen_or(o->workers, 4, 1024);
}

static skc_status start_decoders(server *s, skc_error *err)
{
    decoder_options options = { .count        = chosen_or(s->settings->decoders, 1, 64),
                                .milliseconds = s->settings->decode_milliseconds,
                                .memory       = 512U << 20,
                                .side         = PICTURE_SIDE };
    skc_status      status;

    skc_image_limits_init(&options.limits);
    options.limits.max_bytes  = s->settings->picture_bytes;
    options.limits.max_pixels = s->settings->picture_pixels;
    status                    = decoder_spawner_start(&options, &s->spawner, err);
    return status == SKC_OK ? decoders_create(s->spawner, &s->decoders, err) : status;
}

/* "It is damaged" leaves an operator alone. */
static skc_status explain_damage(skc_status status, skc_error *err)
{
    skc_error found;

    if (status != SKC_EFORMAT || err == NULL)
        return status;
    found = *err;
    return failure(err, status,
                   "%.300s; the database is damaged: 'skincnn-admin check' says what it finds, and "
                   "a backup may be put in its place",
                   found.message);
}

static skc_status open_store(server *s, skc_error *err)
{
    const char *folder = s->settings->data;
    bool        whole  = true;
    skc_status  status = file_make_folder(folder, err);

    if (status == SKC_OK)
        status = store_claim(folder, &s->claim, err);
    if (status == SKC_OK)
        status = store_open(folder, &s->db, err);
    if (status == SKC_OK)
        status = store_check_quickly(s->db, CHECKED_BYTES, &whole, err);
    if (!whole && status == SKC_OK)
        log_message(LOG_INFO, "database checked in part",
                    "it has over %d MB: its records were not read; skincnn-admin check reads all",
                    CHECKED_BYTES >> 20);
    return explain_damage(status, err);
}

static skc_status start_access(server *s, skc_error *err)
{
    const access_options options = { .anonymous       = s->settings->anonymous,
                                     .anonymous_rate  = s->settings->anonymous_rate,
                                     .anonymous_burst = s->settings->anonymous_burst,
                                     .anonymous_quota = s->settings->anonymous_quota,
                                     .key_rate        = s->settings->key_rate,
                                     .addresses       = 65536 };

    return access_create(&options, s->db, &s->access, err);
}

/* The folder of the models: the one that is configured, or the 8-bit ones that ship, which decide
 * alike (weights/int8) in half the time. Release with free. */
static char *models_folder(const settings *o)
{
    return o->models == NULL ? file_shipped("int8") : cli_copy(o->models);
}

static skc_status start_inference(server *s, skc_error *err)
{
    char                   *folder  = models_folder(s->settings);
    const inference_options options = { .folder            = folder,
                                        .threads           = s->settings->threads,
                                        .batch             = s->settings->batch,
                                        .wait_microseconds = s->settings->batch_wait,
                                        .queue   = 2 * (worker_count(s->settings) * 16 + 16),
                                        .kernels = s->settings->kernels,
                                        .batched = batched,
                                        .context = s };
    skc_status              status  = inference_create(&options, &s->inference, err);

    free(folder);
    return status;
}

/* A list of the options as one that NULL ends; release with free. */
static const char *const *list_of(const cli_list *list)
{
    const char **items = cli_memory(NULL, (size_t)list->count + 1, sizeof *items);

    for (int32_t i = 0; i < list->count; i++)
        items[i] = list->items[i];
    items[list->count] = NULL;
    return items;
}

/* Every connection is a file; where the system allows fewer, the log says so. */
static void allow_files(int32_t connections)
{
    struct rlimit limit;
    rlim_t        wanted = (rlim_t)connections + SPARE_FILES;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
        log_message(LOG_WARN, "few files", "%llu may be open; %d connections need %llu",
                    (unsigned long long)limit.rlim_cur, connections, (unsigned long long)wanted);
}

static skc_status start_http(server *s, const char *address, uint16_t port, skc_error *err)
{
    const settings    *o       = s->settings;
    const char *const *proxies = list_of(&o->trusted_proxies), *const *origins =
                                                                   list_of(&o->origins);
    const http_options options = { .address          = address,
                                   .port             = port,
                                   .routes           = s->routes,
                                   .context          = s,
                                   .threads          = o->event_threads,
                                   .workers          = worker_count(o),
                                   .queue            = o->queue,
                                   .connections      = o->connections,
                                   .connections_each = o->connections_each,
                                   .idle_seconds     = o->idle_seconds,
                                   .request_seconds  = o->request_seconds,
                                   .deadline_seconds = o->deadline_seconds,
                                   .body_budget      = o->body_budget,
                                   .trusted_proxies  = proxies,
                                   .origins          = o->origins.count > 0 ? origins : NULL,
                                   .admit            = admit,
                                   .finished         = finished };
    skc_status         status  = http_start(&options, &s->http, err);

    s->proxies = proxies;
    s->origins = origins;
    return status;
}

skc_status service_start(const settings *configured, const char *address, uint16_t port,
                         server **out, skc_error *err)
{
    server    *s = calloc(1, sizeof *s);
    skc_status status;

    if (s == NULL)
        return failure_memory(err);
    s->settings = configured;
    s->claim    = -1;
    s->routes   = server_routes_make(configured->body_limit);
    status      = s->routes == NULL ? failure_memory(err) : start_decoders(s, err);
    if (status == SKC_OK)
        status = open_store(s, err);
    if (status == SKC_OK)
        status = metrics_create(s->routes, &s->metrics, err);
    if (status == SKC_OK)
        status = clinics_load(configured->clinics, &s->clinics, err);
    if (status == SKC_OK)
        status = start_access(s, err);
    allow_files(configured->connections);
    if (status == SKC_OK && configured->next_port)
        port = free_port(address, port);
    if (status == SKC_OK)
        status = start_http(s, address, port, err);
    if (status == SKC_OK)
        status = start_inference(s, err);
    atomic_store(&s->ready, status == SKC_OK);
    if (status == SKC_OK)
        *out = s;
    else
        service_stop(s);
    return status;
}

/* ------------------------------------------------------------------ running */

static void reload(server *s)
{
    skc_error err;

    if (inference_reload(s->inference, &err) == SKC_OK)
        log_message(LOG_INFO, "models reloaded", "other models are in use");
    else
        log_message(LOG_ERROR, "models not reloaded", "%s; those before stay", err.message);
}

static void expire(server *s)
{
    int64_t   erased;
    skc_error err;

    if (store_expire(s->db, (int64_t)time(NULL), &erased, &err) != SKC_OK)
        log_message(LOG_ERROR, "expiry failed", "%s", err.message);
    else if (erased > 0)
        log_event(LOG_INFO, "spots expired", json_pack("{s:I}", "erased", (json_int_t)erased));
}

static void wanted_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void service_run(server *s)
{
    const struct timespec second = { .tv_sec = 1 };
    sigset_t              signals;
    uint64_t              next_expiry = 0;
    int                   signal;

    wanted_signals(&signals);
    do {
        signal = sigtimedwait(&signals, NULL, &second);
        if (signal == SIGHUP)
            reload(s);
        access_flush(s->access);
        if (http_now() >= next_expiry) {
            expire(s);
            next_expiry = http_now() + HOUR * 1000000000ULL;
        }
    } while (signal != SIGINT && signal != SIGTERM);
    log_message(LOG_INFO, "ending", "requests under way are answered first");
}

/* ------------------------------------------------------------------ ending */

/* Goes on serving while readiness says no; another signal cuts that short. The one after ends the
 * process at once, which costs no record: the database needs no closing. */
static void linger(const server *s)
{
    const struct timespec pause = { .tv_sec = s->settings->linger_seconds };
    sigset_t              signals;

    wanted_signals(&signals);
    if (pause.tv_sec > 0)
        sigtimedwait(&signals, NULL, &pause);
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

void service_stop(server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->draining, true);
    if (s->http != NULL) {
        if (atomic_load(&s->ready))
            linger(s);
        http_stop(s->http, s->settings->drain_seconds);
    }
    inference_free(s->inference);
    decoders_free(s->decoders);
    access_free(s->access);
    clinics_free(s->clinics);
    metrics_free(s->metrics);
    store_close(s->db);
    if (s->claim >= 0)
        store_unclaim(s->claim);
    decoder_spawner_stop(s->spawner);
    free(s->routes);
    free((void *)(uintptr_t)s->proxies);
    free((void *)(uintptr_t)s->origins);
    free(s);
}
