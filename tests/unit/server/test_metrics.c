/* test_metrics.c - counters and histograms as Prometheus reads them, counted on many threads. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

#include "../support.h"
#include "observe/metrics.h"

enum { THREADS = 8, ROUNDS = 500 };

static const http_route routes[] = {
    { .method = "GET", .path = "/a" },
    { .method = "POST", .path = "/b/{c}" },
    { .method = NULL },
};

static metrics *create(void)
{
    metrics  *m = NULL;
    skc_error err;

    assert_works(metrics_create(routes, &m, &err), err);
    return m;
}

static char *text_of(metrics *m)
{
    metrics_text text = { 0 };

    metrics_write(m, &text);
    assert_false(text.failed);
    assert_int_equal(strlen(text.bytes), text.size);
    return text.bytes;
}

/* The value behind a name with its labels; -1: it is not there. */
static double value_of(const char *text, const char *sample)
{
    size_t length = strlen(sample);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, sample, length) == 0 && line[length] == ' ')
            return strtod(line + length + 1, NULL);
    }
    return -1;
}

static void report(metrics *m, int route, unsigned status, double seconds)
{
    const http_report r = { .route    = route < 0 ? NULL : &routes[route],
                            .status   = status,
                            .received = 10,
                            .sent     = 100,
                            .seconds  = seconds };

    metrics_request(m, &r);
}

#define A "{method=\"GET\",route=\"/a\","

static void test_requests(void **state)
{
    metrics *m = create();
    char    *text;

    (void)state;
    report(m, 0, 0, 0.002); /* left before the answer: a status of its own */
    report(m, 0, 200, 0.002);
    report(m, 0, 200, 0.0025);
    report(m, 0, 404, 99);
    report(m, 1, 201, 0);
    report(m, -1, 404, 0.5);
    text = text_of(m);
    assert_true(value_of(text, "skincnn_http_requests_total" A "status=\"0\"}") == 1);
    assert_true(value_of(text, "skincnn_http_requests_total" A "status=\"200\"}") == 2);
    assert_true(value_of(text, "skincnn_http_requests_total" A "status=\"404\"}") == 1);
    assert_true(value_of(text, "skincnn_http_requests_total{method=\"POST\",route=\"/b/{c}\","
                               "status=\"201\"}") == 1);
    assert_true(value_of(text, "skincnn_http_requests_total{method=\"\",route=\"other\","
                               "status=\"404\"}") == 1);
    assert_true(value_of(text, "skincnn_http_request_seconds_bucket" A "le=\"0.001\"}") == 0);
    assert_true(value_of(text, "skincnn_http_request_seconds_bucket" A "le=\"0.0025\"}") == 3);
    assert_true(value_of(text, "skincnn_http_request_seconds_bucket" A "le=\"10\"}") == 3);
    assert_true(value_of(text, "skincnn_http_request_seconds_bucket" A "le=\"+Inf\"}") == 4);
    assert_true(value_of(text, "skincnn_http_request_seconds_count{method=\"GET\",route=\"/a\"}") ==
                4);
    assert_true(value_of(text, "skincnn_http_request_seconds_sum{method=\"GET\",route=\"/a\"}") >
                99);
    assert_true(value_of(text, "skincnn_http_received_bytes_total") == 60);
    assert_true(value_of(text, "skincnn_http_sent_bytes_total") == 600);
    free(text);
    metrics_free(m);
    metrics_free(NULL);
}

/* More different statuses than have a place: the last one takes the rest, none is lost. */
static void test_many_statuses(void **state)
{
    metrics *m   = create();
    double   sum = 0;
    char    *text, sample[100];

    (void)state;
    for (unsigned s = 400; s < 440; s++)
        report(m, 0, s, 0);
    text = text_of(m);
    for (unsigned s = 400; s < 440; s++) {
        snprintf(sample, sizeof sample, "skincnn_http_requests_total" A "status=\"%u\"}", s);
        if (value_of(text, sample) > 0)
            sum += value_of(text, sample);
    }
    assert_true(sum == 40);
    free(text);
    metrics_free(m);
}

/* Names, types and labels of every line; each name is said once what it is. */
static void test_format(void **state)
{
    metrics *m = create();
    char    *text, *line, *rest;
    int      samples = 0;

    (void)state;
    report(m, 0, 200, 0.1);
    metrics_batch(m, "malignancy", 3, 0.02);
    metrics_batch(m, "diagnosis", 1, 0.03);
    metrics_refusal(m, SKC_QUALITY_BLURRED);
    text = text_of(m);
    assert_true(value_of(text, "skincnn_batch_pictures_sum{task=\"malignancy\"}") == 3);
    assert_true(value_of(text, "skincnn_batch_pictures_bucket{task=\"malignancy\",le=\"4\"}") == 1);
    assert_true(value_of(text, "skincnn_batch_seconds_count{task=\"diagnosis\"}") == 1);
    assert_true(value_of(text, "skincnn_refusals_total{reason=\"blurred\"}") == 1);
    assert_true(value_of(text, "skincnn_refusals_total{reason=\"too_dark\"}") == 0);
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char *end;

        if (line[0] == '#') {
            assert_true(strncmp(line, "# HELP skincnn_", 15) == 0 ||
                        strncmp(line, "# TYPE skincnn_", 15) == 0);
            continue;
        }
        assert_memory_equal(line, "skincnn_", 8);
        assert_true(strtod(strrchr(line, ' '), &end) >= 0 && *end == '\0');
        samples++;
    }
    assert_true(samples > 30);
    free(text);
    metrics_free(m);
}

/* By Debian's own reader of the format, where it is installed. */
static void test_promtool(void **state)
{
    metrics *m = create();
    char    *text;
    FILE    *tool;

    (void)state;
    if (access("/usr/bin/promtool", X_OK) != 0) {
        print_message("promtool is not installed\n");
        metrics_free(m);
        skip();
    }
    report(m, 0, 200, 0.1);
    report(m, 1, 503, 0.2);
    metrics_batch(m, "malignancy", 3, 0.02);
    text = text_of(m);
    tool = popen("/usr/bin/promtool check metrics >&2", "w");
    assert_non_null(tool);
    fputs(text, tool);
    assert_int_equal(pclose(tool), 0);
    free(text);
    metrics_free(m);
}

static void *count_often(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        report(argument, i % 2, 200 + (unsigned)(i % 3), 0.01);
        metrics_batch(argument, i % 2 == 0 ? "malignancy" : "diagnosis", 2, 0.01);
        metrics_refusal(argument, SKC_QUALITY_DARK);
        if (i % 100 == 0)
            free(text_of(argument));
    }
    return NULL;
}

static void test_threads(void **state)
{
    metrics  *m = create();
    pthread_t threads[THREADS];
    char     *text;

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_often, m), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    text = text_of(m);
    assert_true(value_of(text, "skincnn_http_received_bytes_total") == 10 * THREADS * ROUNDS);
    assert_true(value_of(text, "skincnn_refusals_total{reason=\"too_dark\"}") == THREADS * ROUNDS);
    assert_true(value_of(text, "skincnn_batch_pictures_sum{task=\"diagnosis\"}") ==
                THREADS * ROUNDS);
    free(text);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_many_statuses),
        cmocka_unit_test(test_format),   cmocka_unit_test(test_promtool),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
