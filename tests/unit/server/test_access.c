/* test_access.c - who may call and how often, asked over sockets of a running daemon. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>
#include <time.h>

#include "../support.h"
#include "access/access.h"
#include "http_client.h"

typedef struct site {
    char            folder[40];
    store          *db;
    access_control *access;
    http_daemon    *http;
    char            user[ACCESS_KEY_BYTES], admin[ACCESS_KEY_BYTES];
    int64_t         user_id;
} site;

static void run_who(void *context, http_exchange *x)
{
    const access_caller *caller = http_caller(x);

    (void)context;
    http_reply_json(x, 200,
                    json_pack("{s:I, s:b, s:s}", "key", (json_int_t)caller->key, "admin",
                              (int)caller->admin, "name", caller->name));
}

static const http_route routes[] = {
    { "GET", "/free", run_who, 0, 0, NULL, NULL, "" },
    { "GET", "/limited", run_who, HTTP_LIMITED, 0, NULL, NULL, "" },
    { "GET", "/admin", run_who, HTTP_ADMIN, 0, NULL, NULL, "" },
    { .method = NULL },
};

static bool admit(void *context, http_exchange *x, const http_route *route)
{
    return access_admit(((site *)context)->access, x, route);
}

static int64_t add_key(site *s, char key[ACCESS_KEY_BYTES], const char *name, bool admin,
                       int32_t rate, int32_t quota)
{
    store_key made = { .admin = admin, .rate = rate, .quota = quota, .created = 1 };
    int64_t   id;
    skc_error err;

    snprintf(made.name, sizeof made.name, "%s", name);
    access_key_make(key, &made);
    assert_works(store_key_add(s->db, &made, &id, &err), err);
    return id;
}

static void open_site(site *s, const access_options *options)
{
    static const char *const proxies[] = { "127.0.0.1", NULL };
    const http_options       http      = { .address          = "127.0.0.1",
                                           .routes           = routes,
                                           .context          = s,
                                           .threads          = 2,
                                           .workers          = 2,
                                           .queue            = 8,
                                           .connections      = 100,
                                           .connections_each = 100,
                                           .idle_seconds     = 20,
                                           .request_seconds  = 20,
                                           .deadline_seconds = 20,
                                           .body_budget      = 1 << 20,
                                           .trusted_proxies  = proxies,
                                           .admit            = admit };
    skc_error                err;

    assert_works(access_create(options, s->db, &s->access, &err), err);
    assert_works(http_start(&http, &s->http, &err), err);
}

static void close_site(site *s)
{
    http_stop(s->http, 1);
    access_free(s->access);
}

static void start(site *s, const access_options *options)
{
    skc_error err;

    strcpy(s->folder, "/tmp/skincnn-access-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_works(store_open(s->folder, &s->db, &err), err);
    s->user_id = add_key(s, s->user, "clinic", false, 0, 0);
    add_key(s, s->admin, "operator", true, 0, 0);
    open_site(s, options);
}

static void stop(site *s)
{
    char path[80];

    close_site(s);
    store_close(s->db);
    snprintf(path, sizeof path, "%s/skincnn.db", s->folder);
    unlink(path);
    assert_int_equal(rmdir(s->folder), 0);
}

static access_options usual(void)
{
    return (access_options){ .anonymous       = true,
                             .anonymous_rate  = 60,
                             .anonymous_burst = 3,
                             .key_rate        = 40,
                             .addresses       = 64 };
}

/* `fields`: further lines of the head, each with its end. */
static answer ask(const site *s, const char *path, const char *fields)
{
    char request[600];

    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\n%s\r\n", path, fields);
    return client_ask(http_port(s->http), request);
}

static answer ask_with(const site *s, const char *path, const char *field, const char *key)
{
    char line[200];

    snprintf(line, sizeof line, "%s%s\r\n", field, key);
    return ask(s, path, line);
}

static void test_keys(void **state)
{
    access_options options = usual();
    site           s;
    answer         a;

    (void)state;
    start(&s, &options);
    a = ask(&s, "/free", "");
    assert_int_equal(a.status, 200);
    assert_true(answer_has(&a, "\"key\":0,\"admin\":false,\"name\":\"\""));
    a = ask_with(&s, "/free", "Authorization: Bearer ", s.user);
    assert_true(answer_has(&a, "\"admin\":false,\"name\":\"clinic\""));
    a = ask_with(&s, "/free", "authorization: bearer   ", s.user);
    assert_true(answer_has(&a, "\"name\":\"clinic\""));
    a = ask_with(&s, "/free", "X-API-Key: ", s.admin);
    assert_true(answer_has(&a, "\"admin\":true,\"name\":\"operator\""));
    a = ask_with(&s, "/free", "Authorization: Bearer ", "skc_unknown");
    assert_int_equal(a.status, 401);
    assert_true(answer_has(&a, "key_unknown"));
    assert_string_equal(answer_field(&a, "WWW-Authenticate"), "Bearer");
    assert_int_equal(ask_with(&s, "/free", "Authorization: Bearer", "").status, 401);
    stop(&s);
}

static void test_admin(void **state)
{
    access_options options = usual();
    site           s;
    answer         a;

    (void)state;
    start(&s, &options);
    a = ask(&s, "/admin", "");
    assert_int_equal(a.status, 401);
    assert_true(answer_has(&a, "key_required"));
    a = ask_with(&s, "/admin", "X-API-Key: ", s.user);
    assert_int_equal(a.status, 403);
    assert_true(answer_has(&a, "forbidden"));
    assert_int_equal(ask_with(&s, "/admin", "X-API-Key: ", s.admin).status, 200);
    stop(&s);
}

static void test_not_anonymous(void **state)
{
    access_options options = usual();
    site           s;

    (void)state;
    options.anonymous = false;
    start(&s, &options);
    assert_int_equal(ask(&s, "/free", "").status, 200);
    assert_int_equal(ask(&s, "/limited", "").status, 401);
    assert_int_equal(ask_with(&s, "/limited", "X-API-Key: ", s.user).status, 200);
    stop(&s);
}

/* A revoked key is refused within its life in the cache, without a restart. */
static void test_revoked(void **state)
{
    access_options options = usual();
    site           s;
    unsigned       status = 200;
    skc_error      err;

    (void)state;
    start(&s, &options);
    assert_int_equal(ask_with(&s, "/free", "X-API-Key: ", s.user).status, 200);
    assert_works(store_key_revoke(s.db, s.user_id, 5, &err), err);
    for (int i = 0; i < 200 && status == 200; i++) {
        usleep(20000);
        status = ask_with(&s, "/free", "X-API-Key: ", s.user).status;
    }
    assert_int_equal(status, 401);
    stop(&s);
}

static unsigned ask_as(const site *s, const char *address)
{
    return ask_with(s, "/limited", "X-Forwarded-For: ", address).status;
}

/* Of an address; of IPv6, of the network that one caller has. */
static void test_rate(void **state)
{
    access_options options = usual();
    site           s;
    answer         a;

    (void)state;
    options.anonymous_rate = 1;
    start(&s, &options);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_as(&s, "192.0.2.1"), 200);
    a = ask_with(&s, "/limited", "X-Forwarded-For: ", "192.0.2.1");
    assert_int_equal(a.status, 429);
    assert_true(answer_has(&a, "rate_limited"));
    assert_in_range(strtol(answer_field(&a, "Retry-After"), NULL, 10), 50, 60);
    assert_int_equal(ask_as(&s, "192.0.2.2"), 200);
    assert_int_equal(ask_with(&s, "/free", "X-Forwarded-For: ", "192.0.2.1").status, 200);
    assert_int_equal(ask_as(&s, "2001:db8:0:1::1"), 200);
    assert_int_equal(ask_as(&s, "2001:db8:0:1::2"), 200);
    assert_int_equal(ask_as(&s, "2001:db8:0:1:ffff::3"), 200);
    assert_int_equal(ask_as(&s, "2001:db8:0:1::4"), 429);
    assert_int_equal(ask_as(&s, "2001:db8:0:2::1"), 200);
    stop(&s);
}

static int64_t today(void)
{
    return (int64_t)time(NULL) / 86400;
}

/* The quota of a key holds after a restart, and its counts are stored. */
static void test_quota(void **state)
{
    access_options options = usual();
    site           s;
    answer         a;
    char           key[ACCESS_KEY_BYTES];
    int64_t        id, used, day = today();
    skc_error      err;

    (void)state;
    start(&s, &options);
    id = add_key(&s, key, "small", false, 1000, 4);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask_with(&s, "/limited", "X-API-Key: ", key).status, 200);
    access_flush(s.access);
    access_flush(s.access);
    assert_works(store_usage(s.db, id, day, &used, &err), err);
    if (today() == day)
        assert_int_equal(used, 3);
    close_site(&s);
    open_site(&s, &options);
    assert_int_equal(ask_with(&s, "/limited", "X-API-Key: ", key).status, 200);
    a = ask_with(&s, "/limited", "X-API-Key: ", key);
    if (today() == day) {
        assert_int_equal(a.status, 429);
        assert_true(answer_has(&a, "quota_exceeded") && answer_has(&a, "4 requests a day"));
        assert_non_null(answer_field(&a, "Retry-After"));
    }
    stop(&s);
}

/* A key has its own rate or the configured one, a quarter of it at once. */
static void test_key_rate(void **state)
{
    access_options options = usual();
    site           s;
    int            passed = 0;

    (void)state;
    start(&s, &options);
    for (int i = 0; i < 20; i++)
        passed += ask_with(&s, "/limited", "X-API-Key: ", s.user).status == 200;
    assert_in_range(passed, 11, 14);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),          cmocka_unit_test(test_admin),
        cmocka_unit_test(test_not_anonymous), cmocka_unit_test(test_revoked),
        cmocka_unit_test(test_rate),          cmocka_unit_test(test_quota),
        cmocka_unit_test(test_key_rate),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
