/* test_settings.c - what may be configured, and what goes together. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "settings.h"

static settings usual(void)
{
    return (settings){ .listen           = "127.0.0.1:8080",
                       .data             = "data",
                       .event_threads    = 1,
                       .connections      = 100,
                       .connections_each = 10,
                       .body_limit       = 1000,
                       .body_budget      = 2000 };
}

static bool check(const settings *s)
{
    char     host[64];
    uint16_t port;

    return settings_check(s, host, &port);
}

static void listens(const char *text, const char *wanted, uint16_t wanted_port)
{
    settings s = usual();
    char     host[64];
    uint16_t port = 1;

    s.listen = text;
    assert_true(settings_check(&s, host, &port));
    assert_string_equal(host, wanted);
    assert_int_equal(port, wanted_port);
}

static void test_listen(void **state)
{
    static const char *const wrong[] = {
        "",
        "8080",
        ":8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:80x",
        "127.0.0.1:-1",
        "127.0.0.1:+1",
        "127.0.0.1: 80",
        "localhost:80",
        "::1:8080",
        "[::1]",
        "[::1:80",
        "::1]:80",
        "[127.0.0.1]:80",
        "[]:80",
        "[:80",
        "127.0.0.1:65536",
        "1.2.3.4.5:80",
        "127.0.0.1:99999999999999999999",
        "[00000000000000000000000000000000000000000000000000000000000000::1]:80",
    };

    (void)state;
    listens("127.0.0.1:8080", "127.0.0.1", 8080);
    listens("0.0.0.0:0", "0.0.0.0", 0);
    listens("[::1]:65535", "::1", 65535);
    listens("[2001:db8::1:2]:80", "2001:db8::1:2", 80);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        settings s = usual();

        s.listen = wrong[i];
        assert_false(check(&s));
    }
}

static void test_together(void **state)
{
    settings s = usual();

    (void)state;
    assert_true(check(&s));
    s.data = NULL;
    assert_false(check(&s));
    s            = usual();
    s.body_limit = 2001;
    assert_false(check(&s));
    s                  = usual();
    s.connections_each = 101;
    assert_false(check(&s));
    s               = usual();
    s.event_threads = 101;
    assert_false(check(&s));
}

static bool checks_proxy(const char *text)
{
    char     copy[64], *items[1] = { copy };
    settings s = usual();

    snprintf(copy, sizeof copy, "%s", text);
    s.trusted_proxies = (cli_list){ items, 1 };
    return check(&s);
}

static bool checks_origin(const char *text)
{
    char     copy[64], *items[1] = { copy };
    settings s = usual();

    snprintf(copy, sizeof copy, "%s", text);
    s.origins = (cli_list){ items, 1 };
    return check(&s);
}

static void test_lists(void **state)
{
    (void)state;
    assert_true(checks_proxy("10.0.0.0/8") && checks_proxy("::1"));
    assert_false(checks_proxy("10.0.0.0/33") || checks_proxy("proxy.example"));
    assert_true(checks_origin("*") && checks_origin("https://a.example:8443"));
    assert_false(checks_origin("a.example") || checks_origin("https://a.example/path") ||
                 checks_origin("https://"));
}

/* The table: a default that its own range allows, a text for help, and no name or target twice. */
static void test_table(void **state)
{
    (void)state;
    for (const cli_option *o = settings_options; o->name != NULL; o++) {
        if (o->kind == CLI_GROUP)
            continue;
        assert_non_null(o->help);
        assert_true(o->offset < sizeof(settings));
        for (const cli_option *p = o + 1; p->name != NULL; p++) {
            assert_string_not_equal(o->name, p->name);
            assert_true(p->kind == CLI_GROUP || o->offset != p->offset);
            assert_true(p->kind == CLI_GROUP || o->letter == 0 || o->letter != p->letter);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
