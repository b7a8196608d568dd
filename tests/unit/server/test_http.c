/* test_http.c - requests over sockets to a running daemon, and what it answers. */
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

enum { BODY_LIMIT = 100000, SMALL_LIMIT = 10 };

typedef struct counts {
    http_daemon *daemon;
    atomic_int   reported[600]; /* by status */
    atomic_int   admitted;
} counts;

static counts seen;

static void run_hello(void *context, http_exchange *x)
{
    (void)context;
    http_add_header(x, "ETag", "\"one\"");
    http_add_header(x, "Cache-Control", "max-age=60");
    http_reply_static(x, 200, "text/plain", "hello", 5);
}

static void run_echo(void *context, http_exchange *x)
{
    size_t      size;
    const char *body = http_body(x, &size);

    (void)context;
    http_reply_bytes(x, body[size] == '\0' ? 200 : 500, http_media_type(x), body, size);
}

static void run_describe(void *context, http_exchange *x)
{
    const char *crop = http_query(x, "crop");

    (void)context;
    http_reply_json(x, 200,
                    json_pack("{s:s, s:s, s:s, s:s?, s:s}", "code", http_parameter(x, "code"),
                              "path", http_path(x), "method", http_method(x), "crop", crop,
                              "client", http_client(x)));
}

static void run_silent(void *context, http_exchange *x)
{
    (void)context;
    (void)x;
}

static void run_odd(void *context, http_exchange *x)
{
    (void)context;
    http_add_header(x, "X-Bad", "a\r\nX-Injected: 1");
    http_add_header(x, "Bad Name", "a");
    http_add_header(x, "X-Good", "1");
    /* a character cut in two by the precision */
    http_reply_problem(x, HTTP_BAD_VALUE, "'%.1s' is %s", "\xc3\xa4", "\"odd\"");
    http_reply_empty(x, 200); /* too late */
}

static void run_nothing(void *context, http_exchange *x)
{
    (void)context;
    http_reply_json(x, 200, NULL);
}

static void run_empty(void *context, http_exchange *x)
{
    (void)context;
    http_reply_empty(x, 204);
}

static const http_route routes[] = {
    { "GET", "/", run_hello, HTTP_INLINE, 0, NULL, NULL, "" },
    { "GET", "/worker", run_hello, 0, 0, NULL, NULL, "" },
    { "POST", "/echo", run_echo, 0, BODY_LIMIT, "text/plain application/octet-stream", NULL, "" },
    { "POST", "/inline", run_echo, HTTP_INLINE | HTTP_CORS, BODY_LIMIT, "text/plain", NULL, "" },
    { "POST", "/small", run_echo, 0, SMALL_LIMIT, "*", "", "" },
    { "POST", "/action", run_empty, 0, 0, NULL, NULL, "" },
    { "GET", "/v1/{code}/x", run_describe, HTTP_CORS, 0, NULL, "crop explain", "" },
    { "DELETE", "/v1/{code}/x", run_empty, HTTP_CORS, 0, NULL, NULL, "" },
    { "GET", "/silent", run_silent, 0, 0, NULL, NULL, "" },
    { "GET", "/odd", run_odd, 0, 0, NULL, NULL, "" },
    { "GET", "/nothing", run_nothing, 0, 0, NULL, NULL, "" },
    { "GET", "/locked", run_empty, HTTP_ADMIN, 0, NULL, NULL, "" },
    { "POST", "/locked", run_echo, HTTP_ADMIN, BODY_LIMIT, "text/plain", NULL, "" },
    { .method = NULL },
};

static bool admit(void *context, http_exchange *x, const http_route *route)
{
    counts *c = context;

    atomic_fetch_add(&c->admitted, 1);
    http_set_caller(x, calloc(1, 1));
    if ((route->flags & HTTP_ADMIN) == 0)
        return true;
    http_reply_problem(x, HTTP_KEY_REQUIRED, "a key is needed here");
    return false;
}

static void finished(void *context, const http_report *report)
{
    counts *c = context;

    atomic_fetch_add(&c->reported[report->status], 1);
}

static const char *const origins[] = { "https://a.example", NULL };
static const char *const proxies[] = { "127.0.0.9", "127.9.0.0/16", NULL };

static http_options options_for_tests(void)
{
    return (http_options){ .address          = "127.0.0.1",
                           .routes           = routes,
                           .context          = &seen,
                           .threads          = 2,
                           .workers          = 2,
                           .queue            = 16,
                           .connections      = 256,
                           .connections_each = 256,
                           .idle_seconds     = 10,
                           .request_seconds  = 10,
                           .deadline_seconds = 20,
                           .body_budget      = 1 << 20,
                           .trusted_proxies  = proxies,
                           .origins          = origins,
                           .admit            = admit,
                           .finished         = finished };
}

static int start(void **state)
{
    http_options options = options_for_tests();

    (void)state;
    return http_start(&options, &seen.daemon, NULL) == SKC_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    http_stop(seen.daemon, 5);
    return 0;
}

static uint16_t port(void)
{
    return http_port(seen.daemon);
}

/* An exchange ends a little after its answer has arrived. */
static void assert_nothing_held(void)
{
    for (int i = 0; i < 500 && http_figures_of(seen.daemon).body_bytes > 0; i++)
        usleep(10000);
    assert_int_equal(http_figures_of(seen.daemon).body_bytes, 0);
}

#define ASK(lines) client_ask(port(), lines "Host: h\r\n\r\n")

static void test_answer(void **state)
{
    answer a = ASK("GET / HTTP/1.1\r\n"), b = ASK("GET / HTTP/1.1\r\nX-Request-Id: own_ID-1\r\n");
    answer c = ASK("GET /worker HTTP/1.1\r\nX-Request-Id: bad id\r\n");

    (void)state;
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "hello");
    assert_string_equal(answer_field(&a, "Content-Type"), "text/plain");
    assert_string_equal(answer_field(&a, "Cache-Control"), "max-age=60");
    assert_string_equal(answer_field(&a, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(answer_field(&a, "Referrer-Policy"), "no-referrer");
    assert_string_equal(answer_field(&a, "Cross-Origin-Resource-Policy"), "same-origin");
    assert_int_equal(strlen(answer_field(&a, "X-Request-Id")), 26);
    assert_string_equal(answer_field(&b, "X-Request-Id"), "own_ID-1");
    assert_int_equal(c.status, 200);
    assert_int_equal(strlen(answer_field(&c, "X-Request-Id")), 26);
}

static void test_pipelining(void **state)
{
    int    fd = client_open(port());
    answer a;

    (void)state;
    assert_true(client_send(fd, "GET /v1/1/x HTTP/1.1\r\nHost: h\r\n\r\n"
                                "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                                "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
                                "Content-Length: 3\r\n\r\nabc"
                                "POST /inline HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n"
                                "GET /v1/2/x HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(client_read(fd, &a, false) && answer_has(&a, "\"code\":\"1\""));
    assert_true(client_read(fd, &a, false) && answer_has(&a, "hello"));
    assert_true(client_read(fd, &a, false) && answer_has(&a, "abc"));
    assert_true(client_read(fd, &a, false) && answer_has(&a, "def"));
    assert_true(client_read(fd, &a, false) && answer_has(&a, "\"code\":\"2\""));
    for (int i = 0; i < 20; i++) {
        assert_true(client_send(fd, "GET /worker HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_true(client_read(fd, &a, false));
        assert_int_equal(a.status, 200);
    }
    close(fd);
}

static void test_head_and_304(void **state)
{
    int    fd = client_open(port());
    answer a;

    (void)state;
    assert_true(client_send(fd, "HEAD /worker HTTP/1.1\r\nHost: h\r\n\r\n"));
    assert_true(client_read(fd, &a, true));
    assert_int_equal(a.status, 200);
    assert_string_equal(answer_field(&a, "Content-Length"), "5");
    /* were there a body, it would be taken for the next answer */
    assert_true(
        client_send(fd, "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"x\", W/\"one\"\r\n\r\n"));
    assert_true(client_read(fd, &a, false));
    assert_int_equal(a.status, 304);
    assert_string_equal(answer_field(&a, "ETag"), "\"one\"");
    assert_true(client_send(fd, "GET / HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"x\"\r\n\r\n"));
    assert_true(client_read(fd, &a, false));
    assert_int_equal(a.status, 200);
    close(fd);
}

static void test_routes(void **state)
{
    answer a = ASK("GET /v1/A%20B/x?crop=1%2C2 HTTP/1.1\r\n");

    (void)state;
    assert_string_equal(a.body, "{\"code\":\"A B\",\"path\":\"/v1/A B/x\",\"method\":\"GET\","
                                "\"crop\":\"1,2\",\"client\":\"127.0.0.1\"}");
    assert_string_equal(answer_field(&a, "Cache-Control"), "no-store");
    a = ASK("GET /none HTTP/1.1\r\n");
    assert_int_equal(a.status, 404);
    assert_string_equal(answer_field(&a, "Content-Type"), "application/problem+json");
    assert_true(answer_has(&a, "\"type\":\"/docs#not_found\""));
    assert_true(answer_has(&a, "\"status\":404"));
    assert_true(answer_has(&a, answer_field(&a, "X-Request-Id")));
    a = ASK("PATCH /v1/A/x HTTP/1.1\r\n");
    assert_int_equal(a.status, 405);
    assert_string_equal(answer_field(&a, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    a = ASK("DELETE /v1/A/x HTTP/1.1\r\n");
    assert_int_equal(a.status, 204);
    a = ASK("POST /action HTTP/1.1\r\n");
    assert_int_equal(a.status, 204);
}

/* Names that a route does not take are refused by name, unless it takes any. */
static void test_queries(void **state)
{
    answer a = ASK("GET /v1/A/x?explain=&crop=auto HTTP/1.1\r\n");

    (void)state;
    assert_int_equal(a.status, 200);
    a = ASK("GET /v1/A/x?crop=auto&crob=1 HTTP/1.1\r\n");
    assert_int_equal(a.status, 422);
    assert_true(answer_has(&a, "\"code\":\"bad_value\""));
    assert_true(answer_has(&a, "'crob'; allowed here: crop explain"));
    a = ASK("GET /v1/A/x?crop%20explain=1 HTTP/1.1\r\n");
    assert_true(answer_has(&a, "'crop explain'"));
    a = ASK("GET /v1/A/x?crop=auto&explain=true&crop=auto HTTP/1.1\r\n");
    assert_int_equal(a.status, 422);
    assert_true(answer_has(&a, "'crop' is there twice"));
    a = ASK("POST /small?a HTTP/1.1\r\nContent-Length: 0\r\n");
    assert_true(answer_has(&a, "'a'; allowed here: none"));
    a = ASK("GET /worker?utm_source=a&b&utm_source=a HTTP/1.1\r\n");
    assert_int_equal(a.status, 200);
}

static void test_handlers_that_err(void **state)
{
    answer a = ASK("GET /silent HTTP/1.1\r\n");

    (void)state;
    assert_int_equal(a.status, 500);
    a = ASK("GET /nothing HTTP/1.1\r\n");
    assert_int_equal(a.status, 500);
    a = ASK("GET /odd HTTP/1.1\r\n");
    assert_int_equal(a.status, 422);
    assert_null(answer_field(&a, "X-Injected"));
    assert_null(answer_field(&a, "X-Bad"));
    assert_string_equal(answer_field(&a, "X-Good"), "1");
    assert_true(answer_has(&a, "'?' is \\\"odd\\\""));
}

static void test_bodies(void **state)
{
    static char body[BODY_LIMIT + 1];
    int         fd = client_open(port());
    answer      a;

    (void)state;
    memset(body, 'x', sizeof body);
    for (size_t size = 0; size <= BODY_LIMIT; size = size * 10 + 1) {
        char head[160];

        snprintf(head, sizeof head,
                 "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain; charset=x\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 size);
        assert_true(client_send(fd, head) && client_write(fd, body, size));
        assert_true(client_read(fd, &a, size > sizeof a.body));
        assert_int_equal(a.status, 200);
        assert_int_equal(strtoul(answer_field(&a, "Content-Length"), NULL, 10), size);
        if (size > sizeof a.body)
            break; /* the body has not been read */
    }
    close(fd);
    /* a slow one, in chunks with what may stand around them */
    fd = client_open(port());
    assert_true(client_send(fd, "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n3;name=value\r\nab"));
    usleep(20000);
    assert_true(client_send(fd, "c\r"));
    usleep(20000);
    assert_true(client_send(fd, "\n00"));
    usleep(20000);
    assert_true(client_send(fd, "A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"));
    assert_true(client_read(fd, &a, false));
    assert_string_equal(a.body, "abc0123456789");
    close(fd);
    assert_nothing_held();
}

#define POST(path, lines) "POST " path " HTTP/1.1\r\nHost: h\r\n" lines

static void test_bodies_refused(void **state)
{
    static const struct {
        const char *request;
        unsigned    status;
    } cases[] = {
        { POST("/echo", "Content-Type: image/png\r\nContent-Length: 5\r\n\r\n"), 415 },
        { POST("/echo", "Content-Length: 5\r\n\r\n"), 415 },
        { POST("/echo", "Content-Type: text/plain\r\n\r\n"), 400 },
        { POST("/echo", "Content-Type: text/plain\r\nContent-Length: 100001\r\n\r\n"), 413 },
        { POST("/echo", "Content-Type: text/plain\r\nContent-Length: 1000000000\r\n\r\n"), 413 },
        { POST("/small", "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n"), 413 },
        { POST("/small", "Transfer-Encoding: chunked\r\n\r\nB\r\n01234567890"), 413 },
        { POST("/small", "Transfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n012\r\n"), 413 },
        { POST("/small?a=1", "Content-Length: 4\r\n\r\n"), 422 },
        { POST("/action", "Content-Length: 1\r\n\r\nx"), 413 },
        { POST("/action", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 413 },
        { "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx", 413 },
        { POST("/none", "Content-Length: 5\r\n\r\n"), 404 },
        { POST("/", "Content-Length: 5\r\n\r\n"), 405 },
        { POST("/locked", "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\n"), 401 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int    fd = client_open(port());
        answer a;

        /* the answer comes though the body does not, and nothing after it is taken for a request */
        assert_true(client_send(fd, cases[i].request) && client_read(fd, &a, false));
        assert_int_equal(a.status, cases[i].status);
        assert_string_equal(answer_field(&a, "Content-Type"), "application/problem+json");
        if (strstr(cases[i].request, "/plain\r\n\r\n") == NULL) /* it announced a body */
            assert_true(client_is_closed(fd));
        close(fd);
    }
    assert_nothing_held();
}

/* A client that goes on sending for long still finds the answer. */
static void test_answer_is_not_lost(void **state)
{
    static const char *const heads[] = {
        POST("/echo", "Content-Type: text/plain\r\nContent-Length: 50000000\r\n\r\n"),
        POST("/small", "Transfer-Encoding: chunked\r\n\r\n2FAF080\r\n"),
    };
    static char piece[50000];

    (void)state;
    memset(piece, 'x', sizeof piece);
    for (size_t i = 0; i < 2; i++) {
        int    fd = client_open(port());
        answer a;

        assert_true(client_send(fd, heads[i]));
        for (int k = 0; k < 80; k++)
            assert_true(client_write(fd, piece, sizeof piece));
        assert_true(client_read(fd, &a, false));
        assert_int_equal(a.status, 413);
        close(fd);
    }
}

static void test_continue(void **state)
{
    int    fd = client_open(port());
    answer a;

    (void)state;
    assert_true(
        client_send(fd, POST("/small", "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")));
    assert_true(client_read(fd, &a, true));
    assert_int_equal(a.status, 100);
    assert_true(client_send(fd, "abcd") && client_read(fd, &a, false));
    assert_int_equal(a.status, 200);
    assert_string_equal(a.body, "abcd");
    close(fd);
}

static void test_cors(void **state)
{
    answer a = ASK("GET /v1/A/x HTTP/1.1\r\nOrigin: https://a.example\r\n");

    (void)state;
    assert_string_equal(answer_field(&a, "Access-Control-Allow-Origin"), "https://a.example");
    assert_string_equal(answer_field(&a, "Vary"), "Origin");
    assert_string_equal(answer_field(&a, "Cross-Origin-Resource-Policy"), "cross-origin");
    a = ASK("GET /v1/A/x HTTP/1.1\r\nOrigin: https://b.example\r\n");
    assert_int_equal(a.status, 200);
    assert_null(answer_field(&a, "Access-Control-Allow-Origin"));
    a = ASK("GET / HTTP/1.1\r\nOrigin: https://a.example\r\n");
    assert_null(answer_field(&a, "Access-Control-Allow-Origin"));
    a = ASK("OPTIONS /inline HTTP/1.1\r\nOrigin: https://a.example\r\n"
            "Access-Control-Request-Method: POST\r\n");
    assert_int_equal(a.status, 204);
    assert_string_equal(answer_field(&a, "Access-Control-Allow-Methods"), "POST, OPTIONS");
    assert_non_null(strstr(answer_field(&a, "Access-Control-Allow-Headers"), "X-API-Key"));
    a = ASK("OPTIONS /inline HTTP/1.1\r\nOrigin: https://b.example\r\n"
            "Access-Control-Request-Method: POST\r\n");
    assert_null(answer_field(&a, "Access-Control-Allow-Methods"));
    /* errors can be read by the page, too */
    a = ASK("POST /inline HTTP/1.1\r\nOrigin: https://a.example\r\nContent-Length: 1\r\n");
    assert_int_equal(a.status, 415);
    assert_string_equal(answer_field(&a, "Access-Control-Allow-Origin"), "https://a.example");
}

static void test_clients(void **state)
{
    static const char *const cases[][2] = { { "127.0.0.8", "127.0.0.8" },
                                            { "127.0.0.9", "198.51.100.1" },
                                            { "127.9.1.1", "198.51.100.1" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int    fd = client_open_from(cases[i][0], port());
        char   expected[64];
        answer a;

        assert_true(client_send(fd, "GET /v1/A/x HTTP/1.1\r\nHost: h\r\n"
                                    "X-Forwarded-For: 1.2.3.4\r\n"
                                    "X-Forwarded-For: 198.51.100.1, 127.9.9.9\r\n\r\n"));
        assert_true(client_read(fd, &a, false));
        snprintf(expected, sizeof expected, "\"client\":\"%s\"", cases[i][1]);
        assert_true(answer_has(&a, expected));
        close(fd);
    }
}

static void test_admit(void **state)
{
    answer a;

    (void)state;
    atomic_store(&seen.admitted, 0);
    a = ASK("GET /locked HTTP/1.1\r\n");
    assert_int_equal(a.status, 401);
    assert_string_equal(answer_field(&a, "WWW-Authenticate"), "Bearer");
    ASK("GET /worker HTTP/1.1\r\n");
    assert_int_equal(atomic_load(&seen.admitted), 2);
    ASK("GET /none HTTP/1.1\r\n");
    ASK("OPTIONS /worker HTTP/1.1\r\n");
    assert_int_equal(atomic_load(&seen.admitted), 2);
}

static void test_reports(void **state)
{
    answer a;

    (void)state;
    for (size_t i = 0; i < sizeof seen.reported / sizeof seen.reported[0]; i++)
        atomic_store(&seen.reported[i], 0);
    a = ASK("GET / HTTP/1.1\r\n");
    a = ASK("GET /none HTTP/1.1\r\n");
    a = ASK("GET /none HTTP/1.1\r\n");
    a = ASK("GET / HTTP/1.1\r\nno colon\r\n"); /* refused by libmicrohttpd */
    assert_int_equal(a.status, 400);
    for (int i = 0; i < 200 && atomic_load(&seen.reported[400]) == 0; i++)
        usleep(10000);
    assert_int_equal(atomic_load(&seen.reported[200]), 1);
    assert_int_equal(atomic_load(&seen.reported[404]), 2);
    assert_int_equal(atomic_load(&seen.reported[400]), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_pipelining),
        cmocka_unit_test(test_head_and_304),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_queries),
        cmocka_unit_test(test_handlers_that_err),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_bodies_refused),
        cmocka_unit_test(test_answer_is_not_lost),
        cmocka_unit_test(test_continue),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_admit),
        cmocka_unit_test(test_reports),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
