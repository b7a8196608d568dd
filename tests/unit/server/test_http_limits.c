/* test_http_limits.c - what a daemon bears: slow and absent clients, and too many of them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http_service.h"

static void test_full_queue(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    answer       a;
    int          first, second, third;

    (void)state;
    start(&s, &options);
    first = ask(&s, "/block");
    sem_wait(&s.entered);
    second = ask(&s, "/worker");
    UNTIL(http_figures_of(s.daemon).waiting == 1);
    third = ask(&s, "/worker");
    assert_true(client_read(third, &a, false));
    assert_int_equal(a.status, 503);
    assert_true(answer_has(&a, "\"code\":\"busy\""));
    assert_string_equal(answer_field(&a, "Retry-After"), "1");
    /* routes that need no worker go on, and the connection is still good */
    assert_int_equal(status_of(ask(&s, "/quick")), 200);
    assert_int_equal(http_figures_of(s.daemon).running, 1);
    sem_post(&s.leave);
    assert_int_equal(status_of(first), 200);
    assert_int_equal(status_of(second), 200);
    assert_true(client_send(third, "GET /worker HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_int_equal(status_of(third), 200);
    stop(&s);
}

static void test_deadline(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    answer       a;
    int          blocked, queued;

    (void)state;
    options.deadline_seconds = 1;
    start(&s, &options);
    blocked = ask(&s, "/block");
    sem_wait(&s.entered);
    queued = ask(&s, "/worker");
    /* it is answered while the only worker is still taken */
    assert_true(client_read(queued, &a, false));
    assert_int_equal(a.status, 503);
    assert_true(answer_has(&a, "\"code\":\"overdue\""));
    assert_int_equal(http_figures_of(s.daemon).waiting, 0);
    close(queued);
    sem_post(&s.leave);
    assert_int_equal(status_of(blocked), 200);
    assert_int_equal(status_of(ask(&s, "/long")), 503);
    assert_int_equal(atomic_load(&s.abandoned), 1);
    stop(&s);
}

static void test_client_leaves(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    int          running, queued;

    (void)state;
    start(&s, &options);
    running = ask(&s, "/long");
    sem_wait(&s.entered);
    queued = ask(&s, "/block");
    UNTIL(http_figures_of(s.daemon).waiting == 1);
    close(queued);
    UNTIL(http_figures_of(s.daemon).waiting == 0);
    assert_int_equal(atomic_load(&s.abandoned), 0);
    close(running);
    UNTIL(atomic_load(&s.abandoned) == 1);
    /* the one that was queued has not been run */
    assert_int_equal(sem_trywait(&s.entered), -1);
    UNTIL(http_figures_of(s.daemon).connections == 0);
    stop(&s);
}

/* What slow clients have sent when they stop; the other byte of a second does not help. */
static const char *const slow[] = {
    "",
    "GET /qui",
    "GET /quick HTTP/1.1\r\nHost: h\r\nX-Slow: ",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc",
};

enum { SLOW = sizeof slow / sizeof slow[0] };

static void test_slow_requests_are_cut(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    int          fds[SLOW];
    uint64_t     began;
    answer       a;

    (void)state;
    options.request_seconds = 1;
    start(&s, &options);
    for (int i = 0; i < SLOW; i++) {
        fds[i] = client_open(http_port(s.daemon));
        assert_true(client_send(fds[i], slow[i]));
    }
    UNTIL(http_figures_of(s.daemon).accepted >= SLOW);
    began = http_now();
    while (http_figures_of(s.daemon).connections > 0 && http_now() - began < 15000000000) {
        for (int i = 1; i < SLOW; i++)
            send(fds[i], "a", 1, MSG_NOSIGNAL);
        usleep(100000);
        assert_int_equal(status_of(ask(&s, "/quick")), 200);
    }
    assert_int_equal(http_figures_of(s.daemon).overdue, SLOW);
    assert_int_equal(http_figures_of(s.daemon).body_bytes, 0);
    for (int i = 0; i < SLOW; i++) {
        /* who had sent a first line is told why, unless a reset has overtaken that */
        if (client_read(fds[i], &a, false)) {
            assert_in_range(i, 2, SLOW);
            assert_int_equal(a.status, 408);
        }
        close(fds[i]);
    }
    stop(&s);
}

static void test_second_request_is_cut(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    answer       a;
    int          fd;

    (void)state;
    options.request_seconds = 1;
    options.idle_seconds    = 1;
    start(&s, &options);
    fd = ask(&s, "/quick");
    assert_true(client_read(fd, &a, false));
    for (int i = 0; i < 100 && http_figures_of(s.daemon).connections > 0; i++) {
        send(fd, "G", 1, MSG_NOSIGNAL);
        usleep(100000);
    }
    assert_int_equal(http_figures_of(s.daemon).connections, 0);
    assert_int_equal(http_figures_of(s.daemon).overdue, 1);
    close(fd);
    stop(&s);
}

static void test_slow_reader_is_cut(void **state)
{
    service      s       = { 0 };
    http_options options = usual(&s);
    char         bytes[1024];
    int          fd;

    (void)state;
    options.request_seconds = 1;
    start(&s, &options);
    fd = ask(&s, "/large");
    UNTIL(http_figures_of(s.daemon).body_bytes >= LARGE);
    for (int i = 0; i < 1500 && http_figures_of(s.daemon).body_bytes > 0; i++) {
        recv(fd, bytes, sizeof bytes, 0);
        usleep(10000);
    }
    assert_int_equal(http_figures_of(s.daemon).body_bytes, 0);
    assert_int_equal(http_figures_of(s.daemon).overdue, 1);
    assert_int_equal(atomic_load(&s.left), 1);
    close(fd);
    stop(&s);
}

#define CHUNK "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n"

static void test_budget_of_bodies(void **state)
{
    static char  half[524288];
    service      s       = { 0 };
    http_options options = usual(&s);
    int          first, second, third;
    answer       a;

    (void)state;
    options.body_budget = 700000;
    start(&s, &options);
    first  = client_open(http_port(s.daemon));
    second = client_open(http_port(s.daemon));
    third  = client_open(http_port(s.daemon));
    assert_true(client_send(first, HALF_A_MEGABYTE));
    /* what is only announced costs nothing */
    usleep(50000);
    assert_true(http_figures_of(s.daemon).body_bytes == 0);
    assert_true(client_write(first, half, sizeof half - 1));
    UNTIL(http_figures_of(s.daemon).body_bytes >= sizeof half);
    assert_true(client_send(second, HALF_A_MEGABYTE) && client_read(second, &a, false));
    assert_int_equal(a.status, 503);
    assert_true(client_send(third, CHUNK) && client_write(third, half, sizeof half));
    assert_true(client_read(third, &a, false));
    assert_int_equal(a.status, 503);
    assert_true(answer_has(&a, "\"code\":\"busy\""));
    assert_true(client_send(first, "x") && client_read(first, &a, true));
    assert_int_equal(a.status, 200);
    close(first);
    close(second);
    close(third);
    UNTIL(http_figures_of(s.daemon).body_bytes == 0);
    stop(&s);
}

static void test_connections_of_one_address(void **state)
{
    enum { EACH = 40, SITES = 4, TRIED = 125 };
    static const char *const from[SITES] = { "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5" };
    static int               fds[SITES * TRIED];
    service                  s       = { 0 };
    http_options             options = usual(&s);

    (void)state;
    options.connections_each = EACH;
    start(&s, &options);
    for (int i = 0; i < SITES * TRIED; i++)
        fds[i] = client_open_from(from[i % SITES], http_port(s.daemon));
    UNTIL(http_figures_of(s.daemon).connections >= SITES * EACH);
    assert_int_equal(status_of(ask(&s, "/worker")), 200);
    assert_true(http_figures_of(s.daemon).connections <= SITES * EACH + 2 * SITES);
    for (int i = 0; i < SITES * TRIED; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    UNTIL(http_figures_of(s.daemon).connections == 0);
    stop(&s);
}

/* Those that have waited longest make room. */
static void test_all_connections_taken(void **state)
{
    enum { ALL = 64 };
    service      s       = { 0 };
    http_options options = usual(&s);
    int          fds[ALL];

    (void)state;
    options.connections = ALL;
    start(&s, &options);
    for (int i = 0; i < ALL; i++) {
        fds[i] = client_open(http_port(s.daemon));
        assert_true(client_send(fds[i], "GET /qui"));
    }
    assert_int_equal(status_of(ask(&s, "/quick")), 200);
    UNTIL(http_figures_of(s.daemon).connections <= ALL - ALL / 8);
    for (int i = 0; i < ALL; i++)
        close(fds[i]);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_slow_requests_are_cut),
        cmocka_unit_test(test_second_request_is_cut),
        cmocka_unit_test(test_slow_reader_is_cut),
        cmocka_unit_test(test_budget_of_bodies),
        cmocka_unit_test(test_connections_of_one_address),
        cmocka_unit_test(test_all_connections_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
