/* test_http_heads.c - heads of requests that must not reach a handler, whoever refuses them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/http.h"
#include "http_client.h"

#include <stdatomic.h>

typedef struct service {
    http_daemon *daemon;
    atomic_int   runs;
} service;

static service tested;

static void run(void *context, http_exchange *x)
{
    service *s = context;

    atomic_fetch_add(&s->runs, 1);
    http_reply_static(x, 200, "text/plain", "ran", 3);
}

static const http_route routes[] = {
    { "GET", "/{path...}", run, HTTP_INLINE, 0, NULL, NULL, "" },
    { "POST", "/echo", run, HTTP_INLINE, 1000, "*", NULL, "" },
    { .method = NULL },
};

static int start(void **state)
{
    http_options options = { .address          = "127.0.0.1",
                             .routes           = routes,
                             .context          = &tested,
                             .threads          = 1,
                             .workers          = 1,
                             .queue            = 1,
                             .connections      = 100,
                             .connections_each = 100,
                             .idle_seconds     = 3,
                             .request_seconds  = 3,
                             .deadline_seconds = 3,
                             .body_budget      = 1 << 20 };

    (void)state;
    return http_start(&options, &tested.daemon, NULL) == SKC_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    http_stop(tested.daemon, 1);
    return 0;
}

/* Sends the bytes, and then a request that must not be answered: the connection is to be closed. */
static unsigned status_of(const void *bytes, size_t size)
{
    int      fd     = client_open(http_port(tested.daemon));
    int      before = atomic_load(&tested.runs);
    unsigned status;
    answer   a;

    client_write(fd, bytes, size);
    client_send(fd, "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    client_read(fd, &a, false);
    status = a.status;
    if (client_read(fd, &a, false))
        fail_msg("%u after %u for %s", a.status, status, (const char *)bytes);
    assert_int_equal(atomic_load(&tested.runs), before);
    close(fd);
    return status;
}

#define GET(lines)  "GET /a HTTP/1.1\r\nHost: h\r\n" lines "\r\n"
#define POST(lines) "POST /echo HTTP/1.1\r\nHost: h\r\n" lines "\r\n"

/* `size` 0: to its NUL. `most` is the highest status; 0 for a connection that is closed at once. */
typedef struct head_case {
    const char *text;
    size_t      size;
    unsigned    least, most;
} head_case;

#define WITH_NUL(text) text, sizeof text - 1

static void check(const head_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        unsigned status =
            status_of(cases[i].text, cases[i].size > 0 ? cases[i].size : strlen(cases[i].text));

        if (status < cases[i].least || status > cases[i].most)
            fail_msg("%u for %s", status, cases[i].text);
    }
}

static void test_ambiguous_length(void **state)
{
    static const head_case cases[] = {
        { POST("Content-Length: 3\r\nContent-Length: 3\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: 0\r\ncontent-length: 3\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n") "0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n") "0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n") "0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: gzip, chunked\r\n") "0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: identity\r\n"), 0, 400, 400 },
        { "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0, 400, 400 },
        { POST("Content-Length: 3x\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: +3\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: -1\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: 3, 3\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length:\r\n") "abc", 0, 400, 400 },
        { POST("Content-Length: 99999999999999999999999\r\n") "abc", 0, 413, 413 },
        { POST("Content-Length : 3\r\n") "abc", 0, 400, 400 },
        { POST("Transfer-Encoding\t: chunked\r\n") "0\r\n\r\n", 0, 400, 400 },
        { POST("X: 1\r\n Content-Length: 3\r\n") "abc", 0, 400, 400 },
        { POST("Content-Lengt: 3\r\n h\r\n") "abc", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\n") "x\r\nabc\r\n0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\n") "-1\r\nabc\r\n0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\n") "3\r\nabcd\r\n0\r\n\r\n", 0, 400, 400 },
        { POST("Transfer-Encoding: chunked\r\n") "FFFFFFFFFFFFFFFFF\r\nabc", 0, 400, 413 },
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

static void test_fields_that_come_once(void **state)
{
    static const head_case cases[] = {
        { GET("Host: other\r\n"), 0, 400, 400 },
        { GET("Authorization: Bearer a\r\nAuthorization: Bearer b\r\n"), 0, 400, 400 },
        { GET("X-API-Key: a\r\nx-api-key: b\r\n"), 0, 400, 400 },
        { GET("X-Request-Id: a\r\nX-Request-Id: b\r\n"), 0, 400, 400 },
        { GET("Origin: https://a\r\nOrigin: https://b\r\n"), 0, 400, 400 },
        { POST("Content-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 0\r\n"), 0, 400, 400 },
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

static void test_malformed(void **state)
{
    static const head_case cases[] = {
        { "GET /a HTTP/1.1\r\n\r\n", 0, 400, 400 }, /* no Host */
        { GET("no colon\r\n"), 0, 400, 400 },
        { GET(": empty\r\n"), 0, 400, 400 },
        { GET("Na me: x\r\n"), 0, 400, 400 },
        { GET("N\xc3\xa4me: x\r\n"), 0, 400, 400 },
        { GET("Name: a\x01"
              "b\r\n"),
          0, 400, 400 },
        { GET("Name: a\rb\r\n"), 0, 400, 400 },
        { WITH_NUL("GET /a HTTP/1.1\r\nHost: h\0x\r\nX: y\r\n\r\n"), 400, 400 },
        { WITH_NUL("GET /a HTTP/1.1\r\nX: y\r\nHost: h\0x\r\n\r\n"), 400, 400 },
        { WITH_NUL("GET /a HTTP/1.1\r\nX: y\r\nHost\0: h\r\n\r\n"), 400, 400 },
        { "GET\r\n\r\n", 0, 0, 400 },
        { "GET /a\r\n\r\n", 0, 0, 400 },
        { "GET /a HTTP/2.0\r\nHost: h\r\n\r\n", 0, 400, 505 },
        { "GET /a HTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 505 },
        { "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 0, 0, 400 },
        { "G(T /a HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { WITH_NUL("GET /a\0b HTTP/1.1\r\nHost: h\r\n\r\n"), 400, 400 },
        { WITH_NUL("GET /a\0?x HTTP/1.1\r\nHost: h\r\n\r\n"), 400, 400 },
        { WITH_NUL("G\0T /a HTTP/1.1\r\nHost: h\r\n\r\n"), 400, 405 },
        { "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET /..%2fetc HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET /../etc HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
        { "GET /?a=%zz HTTP/1.1\r\nHost: h\r\n\r\n", 0, 400, 400 },
    };

    (void)state;
    check(cases, sizeof cases / sizeof cases[0]);
}

/* `format` with `unit` so many times in the place of its '@'. */
static char *repeated(const char *format, const char *unit, size_t times)
{
    size_t filled = strlen(unit) * times, before = strcspn(format, "@");
    char  *text = malloc(strlen(format) + filled + 1);

    assert_non_null(text);
    memcpy(text, format, before);
    for (size_t i = 0; i < times; i++)
        memcpy(text + before + i * strlen(unit), unit, strlen(unit));
    memcpy(text + before + filled, format + before + 1, strlen(format + before));
    return text;
}

static unsigned status_of_long(const char *format, const char *unit, size_t times)
{
    char    *text   = repeated(format, unit, times);
    unsigned status = status_of(text, strlen(text));

    free(text);
    return status;
}

#define REST " HTTP/1.1\r\nHost: h\r\n\r\n"

static void test_too_long(void **state)
{
    (void)state;
    assert_int_equal(status_of_long("GET /@" REST, "a", 4096), 400);
    assert_int_equal(status_of_long("GET /@" REST, "a", 20000), 414);
    assert_int_equal(status_of_long("GET /?@" REST, "a&", 33), 400);
    assert_in_range(status_of_long("GET /?@" REST, "a&", 2000), 0, 431);
    assert_int_equal(status_of_long("GET / HTTP/1.1\r\nHost: h\r\n@\r\n", "X: 1\r\n", 5000), 431);
    assert_int_equal(status_of_long("GET / HTTP/1.1\r\nHost: h\r\nX: @\r\n\r\n", "a", 20000), 431);
}

/* Long enough that libmicrohttpd's buffer grows on the way. */
static void test_long_and_good(void **state)
{
    char *texts[] = { repeated("GET /?a=@" REST, "a", 4000),
                      repeated("GET / HTTP/1.1\r\nHost: h\r\n@\r\n", "X: 1\r\n", 100),
                      repeated("GET / HTTP/1.1\r\nX: @\r\nHost: h\r\n\r\n", "a", 13000) };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int    fd = client_open(http_port(tested.daemon));
        answer a;

        for (size_t at = 0; at < strlen(texts[i]); at += 1000) {
            size_t left = strlen(texts[i]) - at;

            assert_true(client_write(fd, texts[i] + at, left < 1000 ? left : 1000));
            usleep(2000);
        }
        assert_true(client_read(fd, &a, false));
        assert_int_equal(a.status, 200);
        close(fd);
        free(texts[i]);
    }
}

/* What looks odd and is allowed. */
static void test_good(void **state)
{
    static const char *const good[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a%20b/%E8%89%B2?x=%26 HTTP/1.1\r\nhOST:h\r\nX-Two: a\r\nX-Two: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:   h\r\nX-Empty:\r\nX-High: \xe8\x89\xb2\r\nX-Tab: a\tb\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(client_ask(http_port(tested.daemon), good[i]).status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ambiguous_length), cmocka_unit_test(test_fields_that_come_once),
        cmocka_unit_test(test_malformed),        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_long_and_good),    cmocka_unit_test(test_good),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
