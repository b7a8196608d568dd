/* metrics.h - counters and histograms in the Prometheus text format, from any thread.
 *
 * The format: https://prometheus.io/docs/instrumenting/exposition_formats/, version 0.0.4.
 */
#ifndef SKC_SERVER_OBSERVE_METRICS_H
#define SKC_SERVER_OBSERVE_METRICS_H

#include "http/http.h"

typedef struct metrics metrics;

/* `routes`, which outlive the registry, are the values of the label "route"; what matches none
 * counts as "other". */
skc_status metrics_create(const http_route *routes, metrics **out, skc_error *err);
void       metrics_free(metrics *registry);

void metrics_request(metrics *registry, const http_report *report);
void metrics_batch(metrics *registry, const char *task, int32_t pictures, double seconds);
void metrics_refusal(metrics *registry, skc_quality_reason reason);

/* A text that grows. */
typedef struct metrics_text {
    char  *bytes; /* with a NUL; released with free */
    size_t size, capacity;
    bool   failed; /* out of memory */
} metrics_text;

/* Begins a metric: "# HELP" and "# TYPE" ("counter", "gauge", "histogram"). */
void metrics_head(metrics_text *text, const char *name, const char *type, const char *help);
/* A sample; `labels` like task="malignancy", "" for none. */
void metrics_sample(metrics_text *text, const char *name, const char *labels, double value);
/* All of the registry. */
void metrics_write(metrics *registry, metrics_text *text);

#endif
