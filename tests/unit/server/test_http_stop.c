/* test_http_stop.c - how a daemon ends, and with what options none begins. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_service.h"

static void *stop_in_ten(void *context)
{
    http_stop(context, 10);
    return NULL;
}

static void test_graceful_stop(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    uint64_t     began   = http_now();
    uint16_t     port;
    pthread_t    stopping;
    answer       a;
    int          busy, idle, other;

    (void)state;
    start(&s, &options);
    port = http_port(s.daemon);
    idle = ask(&s, "/quick");
    assert_true(client_read(idle, &a, false));
    busy = ask(&s, "/block");
    sem_wait(&s.entered);
    assert_int_equal(pthread_create(&stopping, NULL, stop_in_ten, s.daemon), 0);
    assert_true(client_is_closed(idle));
    other = client_open(port);
    assert_true(other < 0 || client_is_closed(other));
    close(other);
    sem_post(&s.leave);
    assert_true(client_read(busy, &a, false));
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_field(&a, "Connection"), "close");
    assert_true(client_is_closed(busy));
    pthread_join(stopping, NULL);
    assert_true(http_now() - began < 9000000000);
    close(idle);
    close(busy);
    sem_destroy(&s.entered);
    sem_destroy(&s.leave);
    free(s.large);
}

/* One runs, one waits for a worker, one is still being received: all are cut. */
static void test_stop_that_does_not_wait(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    int          running, queued, receiving;

    (void)state;
    start(&s, &options);
    running = ask(&s, "/long");
    sem_wait(&s.entered);
    queued    = ask(&s, "/worker");
    receiving = client_open(http_port(s.daemon));
    assert_true(client_send(receiving, HALF_A_MEGABYTE "abc"));
    UNTIL(http_figures_of(s.daemon).waiting == 1 && http_figures_of(s.daemon).body_bytes > 0);
    stop(&s);
    assert_int_equal(atomic_load(&s.finished), 3);
    assert_int_equal(atomic_load(&s.abandoned), 1);
    close(running);
    close(queued);
    close(receiving);
}

static void test_options_refused(void **state)
{
    static const char *const bad_proxies[] = { "10.0.0.0/8", "proxy.example", NULL };
    service                  s             = { 0 };
    http_options             options       = usual(&s), other;
    http_daemon             *daemon        = NULL;
    skc_error                err;

    (void)state;
    start(&s, &options);
    other      = options;
    other.port = http_port(s.daemon);
    assert_int_equal(http_start(&other, &daemon, &err), SKC_EIO);
    assert_non_null(strstr(err.message, "127.0.0.1"));
    other         = options;
    other.address = "localhost";
    assert_int_equal(http_start(&other, &daemon, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "localhost"));
    other                 = options;
    other.trusted_proxies = bad_proxies;
    assert_int_equal(http_start(&other, &daemon, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "proxy.example"));
    other         = options;
    other.workers = 0;
    assert_int_equal(http_start(&other, &daemon, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "workers is 0; allowed are 1 to 1024"));
    assert_null(daemon);
    other         = options;
    other.address = "[::1]";
    other.threads = 1;
    if (http_start(&other, &daemon, &err) == SKC_OK) { /* where the machine has IPv6 */
        assert_true(http_port(daemon) > 0);
        http_stop(daemon, 0);
    }
    http_stop(NULL, 0);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graceful_stop),
        cmocka_unit_test(test_stop_that_does_not_wait),
        cmocka_unit_test(test_options_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
