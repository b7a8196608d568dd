/* health.c - what supervisors and Prometheus ask. */
#include "handlers/handlers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Nanoseconds that the tiny inference of readiness may take. */
#define READY_TIME 5000000000ULL

void handle_health(void *context, http_exchange *x)
{
    (void)context;
    http_reply_json(x, 200, json_pack("{s:s}", "status", "ok"));
}

void handle_version(void *context, http_exchange *x)
{
    const settings *s = ((const server *)context)->settings;

    http_reply_json(x, 200,
                    json_pack("{s:s, s:s, s:s?, s:b, s:i}", "name", "skincnn-server", "version",
                              skc_version(), "organisation", s->organisation, "keep", (int)s->keep,
                              "retention_days", s->retention_days));
}

/* A tiny picture all the way: encoded here, decoded by a decoder. */
static skc_status try_decoder(server *s, uint64_t deadline, skc_error *err)
{
    decoder_request request = { .name = "self-check" };
    decoder_result  result;
    skc_image      *image;
    uint8_t        *bytes  = NULL;
    skc_status      status = skc_image_create(8, 8, NULL, NULL, &image, err);

    if (status != SKC_OK)
        return status;
    status        = skc_image_encode(image, SKC_PNG, 100, NULL, &bytes, &request.size, err);
    request.bytes = bytes;
    skc_image_free(image);
    if (status == SKC_OK)
        status = decoders_run(s->decoders, &request, deadline, &result, err);
    if (status == SKC_OK)
        skc_image_free(result.image);
    skc_free(NULL, bytes);
    return status;
}

/* A real inference by both models, behind whatever waits: a service whose threads hang is not
 * ready. */
skc_status health_check(server *s, uint64_t deadline, skc_error *err)
{
    skc_status status = try_decoder(s, deadline, err);

    return status == SKC_OK ? inference_check(s->inference, deadline, err) : status;
}

void handle_ready(void *context, http_exchange *x)
{
    server   *s = context;
    skc_error err;

    if (atomic_load(&s->draining))
        http_reply_problem(x, HTTP_LOADING, "the service is ending");
    else if (health_check(s, http_now() + READY_TIME, &err) != SKC_OK)
        http_reply_problem(x, HTTP_BUSY, "%s", err.message);
    else
        http_reply_json(x, 200, json_pack("{s:s}", "status", "ready"));
}

/* Pages of memory that the process holds, in bytes; 0: not known. */
static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long  size = 0, resident = 0;

    if (file == NULL)
        return 0;
    if (fscanf(file, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void gauge(metrics_text *text, const char *name, const char *help, double value)
{
    metrics_head(text, name, "gauge", help);
    metrics_sample(text, name, "", value);
}

static void counter(metrics_text *text, const char *name, const char *help, uint64_t value)
{
    metrics_head(text, name, "counter", help);
    metrics_sample(text, name, "", (double)value);
}

static void write_http(server *s, metrics_text *text)
{
    http_figures f = http_figures_of(s->http);

    gauge(text, "http_connections", "Connections that are open.", f.connections);
    gauge(text, "http_waiting", "Requests that wait for a worker.", f.waiting);
    gauge(text, "http_running", "Requests in work.", f.running);
    gauge(text, "http_body_bytes", "Bytes of bodies held.", (double)f.body_bytes);
    counter(text, "http_accepted_total", "Connections taken.", f.accepted);
    counter(text, "http_overdue_total", "Connections closed because a request came too slowly.",
            f.overdue);
}

static void write_decoders(server *s, metrics_text *text)
{
    decoder_figures f = decoders_figures(s->decoders);

    counter(text, "decoder_pictures_total", "Pictures decoded.", f.pictures);
    counter(text, "decoder_refused_total", "Pictures that are damaged or not allowed.", f.refused);
    counter(text, "decoder_died_total",
            "Decoders that died of a picture, or were ended for what they said.", f.died);
    counter(text, "decoder_overdue_total", "Decoders killed because a picture took too long.",
            f.overdue);
    gauge(text, "decoder_busy", "Decoders at work.", f.busy);
}

static void write_inference(server *s, metrics_text *text)
{
    inference_figures f      = inference_figures_of(s->inference);
    inference_models *models = inference_models_hold(s->inference);
    char              labels[256];

    gauge(text, "queue_pictures", "Pictures that wait for a network.", f.waiting);
    counter(text, "queue_dropped_total", "Pictures dropped because nobody waited any more.",
            f.dropped);
    counter(text, "model_changes_total", "Reloads and roll-backs.", f.reloads);
    metrics_head(text, "model_info", "gauge", "The models in use.");
    for (int t = 0; t < INFERENCE_TASKS; t++) {
        inference_task task = (inference_task)t;

        snprintf(labels, sizeof labels, "task=\"%s\",version=\"%s\",sha256=\"%s\"",
                 inference_task_name(task), inference_model_version(models, task),
                 skc_model_sha256(inference_model(models, task)));
        metrics_sample(text, "model_info", labels, 1);
    }
    inference_models_release(models);
}

void handle_metrics(void *context, http_exchange *x)
{
    server      *s    = context;
    metrics_text text = { 0 };

    metrics_write(s->metrics, &text);
    write_http(s, &text);
    write_decoders(s, &text);
    write_inference(s, &text);
    gauge(&text, "resident_bytes", "Memory that the process holds.", resident_bytes());
    if (text.failed)
        http_reply_problem(x, HTTP_INTERNAL, "out of memory");
    else
        http_reply_bytes(x, 200, "text/plain; version=0.0.4; charset=utf-8", text.bytes, text.size);
    free(text.bytes);
}
