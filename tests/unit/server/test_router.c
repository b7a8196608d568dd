/* test_router.c - which route a path and a method lead to, and what a URL may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "http/router.h"
#include "http/target.h"

static const http_route routes[] = {
    { .method = "GET", .path = "/{path...}" }, /* first: the order does not matter */
    { .method = "GET", .path = "/" },
    { .method = "POST", .path = "/v1/diagnosis" },
    { .method = "GET", .path = "/v1/assessments/{code}" },
    { .method = "DELETE", .path = "/v1/assessments/{code}" },
    { .method = "GET", .path = "/v1/assessments/example" },
    { .method = "GET", .path = "/v2/models/{model}" },
    { .method = "GET", .path = "/v2/models/{model}/versions/{version}/ready" },
    { .method = "GET", .path = "/files/{name...}" },
    { .method = NULL },
};

static router_match find(const char *method, const char *path)
{
    static char  text[256];
    router_match match;

    snprintf(text, sizeof text, "%s", path);
    router_find(routes, method, text, &match);
    return match;
}

static void test_paths(void **state)
{
    static const char *const cases[][2] = {
        { "/", "/" },
        { "/v1/assessments/ABC", "/v1/assessments/{code}" },
        { "/v1/assessments/example", "/v1/assessments/example" },
        { "/v1/assessments/examples", "/v1/assessments/{code}" },
        { "/v1/assessments/", "/{path...}" },
        { "/v1/assessments", "/{path...}" },
        { "/v1/assessments/a/b", "/{path...}" },
        { "/v2/models/m", "/v2/models/{model}" },
        { "/v2/models/m/versions/1/ready", "/v2/models/{model}/versions/{version}/ready" },
        { "/files/", "/files/{name...}" },
        { "/files/a/b", "/files/{name...}" },
        { "/files", "/{path...}" },
        { "/other", "/{path...}" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        router_match match = find("GET", cases[i][0]);

        assert_non_null(match.route);
        assert_string_equal(match.route->path, cases[i][1]);
    }
}

static void test_parameters(void **state)
{
    router_match match = find("GET", "/v2/models/mal ignancy/versions/1.2/ready");

    (void)state;
    assert_string_equal(router_value(&match, "model"), "mal ignancy");
    assert_string_equal(router_value(&match, "version"), "1.2");
    assert_null(router_value(&match, "mode"));
    assert_null(router_value(&match, "models"));
    match = find("GET", "/files/a/b//c");
    assert_string_equal(router_value(&match, "name"), "a/b//c");
    match = find("GET", "/files/");
    assert_string_equal(router_value(&match, "name"), "");
    match = find("GET", "/");
    assert_int_equal(match.count, 0);
}

static void test_methods(void **state)
{
    char         allow[ROUTER_ALLOW];
    router_match match = find("HEAD", "/v1/assessments/A");

    (void)state;
    assert_string_equal(match.route->method, "GET");
    match = find("DELETE", "/v1/assessments/A");
    assert_string_equal(match.route->method, "DELETE");
    match = find("PUT", "/v1/assessments/A");
    assert_null(match.route);
    router_allow(routes, &match, allow);
    assert_string_equal(allow, "GET, HEAD, DELETE, OPTIONS");
    /* the page for any other path does not answer for this one */
    match = find("GET", "/v1/diagnosis");
    assert_null(match.route);
    router_allow(routes, &match, allow);
    assert_string_equal(allow, "POST, OPTIONS");
    match = find("get", "/");
    assert_null(match.route);
}

static void test_no_route(void **state)
{
    static const http_route  one[]   = { { .method = "GET", .path = "/a/b" }, { .method = NULL } };
    static const char *const paths[] = { "/", "/a", "/a/", "/a/b/", "/a/b/c", "/A/b", "//a/b" };

    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char         text[16];
        router_match match;

        snprintf(text, sizeof text, "%s", paths[i]);
        router_find(one, "GET", text, &match);
        assert_null(match.other);
        assert_null(match.route);
    }
}

static void test_targets(void **state)
{
    char   text[] = "/v1/%E8%89%B2%20a?crop=1,2&explain&x=a+b%2Bc%3D&=nameless&&=&y=a=b";
    target t;

    (void)state;
    assert_null(target_parse(text, &t));
    assert_string_equal(t.path, "/v1/\xe8\x89\xb2 a");
    assert_string_equal(target_find(&t, "crop"), "1,2");
    assert_string_equal(target_find(&t, "explain"), "");
    assert_string_equal(target_find(&t, "x"), "a b+c=");
    assert_string_equal(target_find(&t, "y"), "a=b");
    assert_null(target_find(&t, "z"));
    assert_string_equal(target_find(&t, ""), "nameless");
    assert_int_equal(t.count, 5);
}

/* Whether that is allowed is the route's to say. */
static void test_queries_twice(void **state)
{
    char   text[] = "/?a=1&b&a=2";
    target t;

    (void)state;
    assert_null(target_parse(text, &t));
    assert_int_equal(t.count, 3);
    assert_string_equal(target_find(&t, "a"), "1");
    assert_string_equal(t.queries[2].value, "2");
}

static void test_targets_refused(void **state)
{
    static const char *const bad[] = {
        "",      "*",       "v1",        "http://a/", "/%",     "/%2",        "/%zz",
        "/%00",  "/a%0a",   "/%ff",      "/%c0%af",   "/\xff",  "/%ed%a0%80", "/.",
        "/..",   "/a/../b", "/a/%2e%2e", "/a/%2E/b",  "/a%2fb", "/a%2Fb",     "/a%5cb",
        "/a\\b", "/?a=%ff", "/?%00",     "/?a=%2",    "/a\x7f",
    };
    target t;
    char   text[64], queries[256] = "/?", one[16];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "%s", bad[i]);
        assert_non_null(target_parse(text, &t));
        assert_string_equal(t.path, "");
        assert_int_equal(t.count, 0);
    }
    for (int i = 0; i <= TARGET_QUERIES; i++) {
        snprintf(one, sizeof one, "q%d&", i);
        strncat(queries, one, sizeof queries - strlen(queries) - 1);
    }
    assert_non_null(target_parse(queries, &t));
    snprintf(text, sizeof text, "/.../..a/a.b/.c");
    assert_null(target_parse(text, &t));
}

static void test_target_length(void **state)
{
    static char text[TARGET_BYTES + 2];
    target      t;

    (void)state;
    memset(text, 'a', sizeof text);
    text[0]            = '/';
    text[TARGET_BYTES] = '\0';
    assert_null(target_parse(text, &t));
    text[TARGET_BYTES]     = 'a';
    text[TARGET_BYTES + 1] = '\0';
    assert_non_null(target_parse(text, &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),           cmocka_unit_test(test_parameters),
        cmocka_unit_test(test_methods),         cmocka_unit_test(test_no_route),
        cmocka_unit_test(test_targets),         cmocka_unit_test(test_queries_twice),
        cmocka_unit_test(test_targets_refused), cmocka_unit_test(test_target_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
