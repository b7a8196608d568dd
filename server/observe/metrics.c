/* metrics.c - counters and histograms in the Prometheus text format, from any thread. */
#include "observe/metrics.h"
#include "failure.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Upper bounds; one bucket more is for what is over the last. */
static const double second_bounds[] = { 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,  0.5,    1,     2.5,  5,     10 };
static const double batch_bounds[]  = { 1, 2, 4, 8, 16, 32 };

enum {
    SECOND_BOUNDS = sizeof second_bounds / sizeof *second_bounds,
    BATCH_BOUNDS  = sizeof batch_bounds / sizeof *batch_bounds,
    MOST_BOUNDS   = SECOND_BOUNDS,
    STATUSES      = 24, /* different ones of one route that are counted apart */
    TASKS         = 2
};

typedef struct histogram {
    uint64_t bucket[MOST_BOUNDS + 1];
    double   sum;
    uint64_t count;
} histogram;

typedef struct route_figures {
    unsigned  status[STATUSES];
    uint64_t  requests[STATUSES];
    histogram seconds;
    uint64_t  received, sent;
} route_figures;

typedef struct task_figures {
    char      name[32];
    histogram pictures, seconds;
} task_figures;

struct metrics {
    pthread_mutex_t   mutex;
    const http_route *routes;
    int32_t           route_count;
    route_figures    *route; /* (route_count + 1): the last is "other" */
    task_figures      task[TASKS];
    uint64_t          refused[SKC_QUALITY_COUNT];
};

skc_status metrics_create(const http_route *routes, metrics **out, skc_error *err)
{
    metrics *m = calloc(1, sizeof *m);

    if (m == NULL)
        return failure_memory(err);
    m->routes = routes;
    while (routes[m->route_count].method != NULL)
        m->route_count++;
    m->route = calloc((size_t)m->route_count + 1, sizeof *m->route);
    if (m->route == NULL) {
        free(m);
        return failure_memory(err);
    }
    pthread_mutex_init(&m->mutex, NULL);
    *out = m;
    return SKC_OK;
}

void metrics_free(metrics *m)
{
    if (m == NULL)
        return;
    pthread_mutex_destroy(&m->mutex);
    free(m->route);
    free(m);
}

/* ------------------------------------------------------------------ counting */

static void observe(histogram *h, const double *bounds, int32_t count, double value)
{
    int32_t i = 0;

    while (i < count && value > bounds[i])
        i++;
    h->bucket[i]++;
    h->sum += value;
    h->count++;
}

void metrics_request(metrics *m, const http_report *report)
{
    ptrdiff_t      number = report->route == NULL ? m->route_count : report->route - m->routes;
    route_figures *r      = &m->route[number];
    int32_t        i      = 0;

    pthread_mutex_lock(&m->mutex);
    while (i < STATUSES - 1 && r->requests[i] > 0 && r->status[i] != report->status)
        i++;
    r->status[i] = report->status;
    r->requests[i]++;
    r->received += report->received;
    r->sent += report->sent;
    observe(&r->seconds, second_bounds, SECOND_BOUNDS, report->seconds);
    pthread_mutex_unlock(&m->mutex);
}

void metrics_batch(metrics *m, const char *task, int32_t pictures, double seconds)
{
    int32_t i = 0;

    pthread_mutex_lock(&m->mutex);
    while (i < TASKS - 1 && m->task[i].name[0] != '\0' && strcmp(m->task[i].name, task) != 0)
        i++;
    snprintf(m->task[i].name, sizeof m->task[i].name, "%s", task);
    observe(&m->task[i].pictures, batch_bounds, BATCH_BOUNDS, pictures);
    observe(&m->task[i].seconds, second_bounds, SECOND_BOUNDS, seconds);
    pthread_mutex_unlock(&m->mutex);
}

void metrics_refusal(metrics *m, skc_quality_reason reason)
{
    pthread_mutex_lock(&m->mutex);
    m->refused[reason]++;
    pthread_mutex_unlock(&m->mutex);
}

/* ------------------------------------------------------------------ writing */

static void append(metrics_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(metrics_text *text, const char *format, ...)
{
    char    line[512];
    va_list arguments;
    int     length;

    va_start(arguments, format);
    length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0 || length >= (int)sizeof line || text->failed) {
        text->failed = true;
        return;
    }
    if (text->size + (size_t)length + 1 > text->capacity) {
        size_t capacity = 2 * text->capacity + 4096;
        char  *bytes    = realloc(text->bytes, capacity);

        if (bytes == NULL) {
            text->failed = true;
            return;
        }
        text->bytes    = bytes;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->size, line, (size_t)length + 1);
    text->size += (size_t)length;
}

void metrics_head(metrics_text *text, const char *name, const char *type, const char *help)
{
    append(text, "# HELP skincnn_%s %s\n# TYPE skincnn_%s %s\n", name, help, name, type);
}

void metrics_sample(metrics_text *text, const char *name, const char *labels, double value)
{
    append(text, "skincnn_%s%s%s%s %.15g\n", name, labels[0] != '\0' ? "{" : "", labels,
           labels[0] != '\0' ? "}" : "", value);
}

static void write_histogram(metrics_text *text, const char *name, const char *labels,
                            const histogram *h, const double *bounds, int32_t count)
{
    uint64_t sum = 0;

    for (int32_t i = 0; i < count; i++) {
        sum += h->bucket[i];
        append(text, "skincnn_%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, bounds[i],
               (unsigned long long)sum);
    }
    append(text, "skincnn_%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels,
           (unsigned long long)h->count);
    append(text, "skincnn_%s_sum{%s} %.9g\n", name, labels, h->sum);
    append(text, "skincnn_%s_count{%s} %llu\n", name, labels, (unsigned long long)h->count);
}

/* The method and path as labels: no character of them needs an escape. */
static void route_labels(const metrics *m, int32_t i, char labels[160])
{
    if (i == m->route_count)
        snprintf(labels, 160, "method=\"\",route=\"other\"");
    else
        snprintf(labels, 160, "method=\"%s\",route=\"%s\"", m->routes[i].method, m->routes[i].path);
}

static void write_requests(const metrics *m, metrics_text *text)
{
    char labels[160];

    metrics_head(text, "http_requests_total", "counter", "Requests answered, by route and status.");
    for (int32_t i = 0; i <= m->route_count; i++) {
        route_labels(m, i, labels);
        for (int32_t k = 0; k < STATUSES && m->route[i].requests[k] > 0; k++)
            append(text, "skincnn_http_requests_total{%s,status=\"%u\"} %llu\n", labels,
                   m->route[i].status[k], (unsigned long long)m->route[i].requests[k]);
    }
    metrics_head(text, "http_request_seconds", "histogram",
                 "Seconds from the first byte of a request to its answer.");
    for (int32_t i = 0; i <= m->route_count; i++) {
        route_labels(m, i, labels);
        if (m->route[i].seconds.count > 0)
            write_histogram(text, "http_request_seconds", labels, &m->route[i].seconds,
                            second_bounds, SECOND_BOUNDS);
    }
}

static void write_bytes(const metrics *m, metrics_text *text)
{
    uint64_t received = 0, sent = 0;

    for (int32_t i = 0; i <= m->route_count; i++) {
        received += m->route[i].received;
        sent += m->route[i].sent;
    }
    metrics_head(text, "http_received_bytes_total", "counter", "Bytes of request bodies.");
    metrics_sample(text, "http_received_bytes_total", "", (double)received);
    metrics_head(text, "http_sent_bytes_total", "counter", "Bytes of answers' bodies.");
    metrics_sample(text, "http_sent_bytes_total", "", (double)sent);
}

static void write_tasks(const metrics *m, metrics_text *text)
{
    char labels[64];

    metrics_head(text, "batch_pictures", "histogram",
                 "Pictures that went through a network together.");
    for (int32_t i = 0; i < TASKS && m->task[i].name[0] != '\0'; i++) {
        snprintf(labels, sizeof labels, "task=\"%s\"", m->task[i].name);
        write_histogram(text, "batch_pictures", labels, &m->task[i].pictures, batch_bounds,
                        BATCH_BOUNDS);
    }
    metrics_head(text, "batch_seconds", "histogram", "Seconds that a batch took.");
    for (int32_t i = 0; i < TASKS && m->task[i].name[0] != '\0'; i++) {
        snprintf(labels, sizeof labels, "task=\"%s\"", m->task[i].name);
        write_histogram(text, "batch_seconds", labels, &m->task[i].seconds, second_bounds,
                        SECOND_BOUNDS);
    }
}

void metrics_write(metrics *m, metrics_text *text)
{
    char labels[64];

    pthread_mutex_lock(&m->mutex);
    write_requests(m, text);
    write_bytes(m, text);
    write_tasks(m, text);
    metrics_head(text, "refusals_total", "counter", "Pictures without a verdict, by reason.");
    for (int i = 1; i < SKC_QUALITY_COUNT; i++) {
        snprintf(labels, sizeof labels, "reason=\"%s\"", skc_quality_name((skc_quality_reason)i));
        metrics_sample(text, "refusals_total", labels, (double)m->refused[i]);
    }
    pthread_mutex_unlock(&m->mutex);
}
