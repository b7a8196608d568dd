/* test_address.c - addresses, ranges, and the client behind proxies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "http/address.h"

static address of(const char *text)
{
    address a;

    assert_true(address_parse(text, strlen(text), &a));
    return a;
}

static void test_parse_and_format(void **state)
{
    static const char *const good[][2] = {
        { "192.0.2.1", "192.0.2.1" },
        { "192.0.2.1:8080", "192.0.2.1" },
        { "2001:DB8::1", "2001:db8::1" },
        { "[2001:db8::1]", "2001:db8::1" },
        { "[2001:db8::1]:443", "2001:db8::1" },
        { "::ffff:192.0.2.1", "192.0.2.1" },
        { "::1", "::1" },
    };
    static const char *const bad[] = {
        "",       "unknown", "192.0.2", "192.0.2.1:", "1.2.3.4:x", "1.2.3.4:123456", "[::1",
        "[::1]x", "[]",      "::1::",   "1.2.3.4.5",  "_hidden",   "fe80::1%eth0"
    };

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        address a = of(good[i][0]);
        char    text[ADDRESS_TEXT];

        address_format(&a, text);
        assert_string_equal(text, good[i][1]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        address a;

        assert_false(address_parse(bad[i], strlen(bad[i]), &a));
    }
}

static void test_sockets(void **state)
{
    struct sockaddr_in  v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    address             a;
    char                text[ADDRESS_TEXT];

    (void)state;
    inet_pton(AF_INET, "198.51.100.7", &v4.sin_addr);
    address_of_socket((const struct sockaddr *)&v4, &a);
    address_format(&a, text);
    assert_string_equal(text, "198.51.100.7");
    inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
    address_of_socket((const struct sockaddr *)&v6, &a);
    address_format(&a, text);
    assert_string_equal(text, "2001:db8::7");
}

static void test_ranges(void **state)
{
    static const struct {
        const char *range, *address;
        bool        inside;
    } cases[] = {
        { "10.0.0.0/8", "10.255.1.2", true },
        { "10.0.0.0/8", "11.0.0.1", false },
        { "10.1.2.3", "10.1.2.3", true },
        { "10.1.2.3", "10.1.2.4", false },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "192.0.2.128/25", "192.0.2.128", true },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "2001:db8::/33", "2001:db8:7fff::", true },
        { "2001:db8::/33", "2001:db8:8000::", false },
        { "::/0", "2001:db8::1", true },
        { "::1/128", "::1", true },
        { "192.0.2.1/32", "::ffff:192.0.2.1", true },
    };
    static const char *const bad[] = { "",        "10.0.0.0/33",  "10.0.0.0/",   "10.0.0.0/8x",
                                       "/8",      "::/129",       "10.0.0.0/-1", "10.0.0.0/ 8",
                                       "a.b.c.d", "10.0.0.0/0008" };
    address_range            range;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address a = of(cases[i].address);

        assert_true(address_range_parse(cases[i].range, &range));
        assert_int_equal(address_in_any(&a, &range, 1), cases[i].inside);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(address_range_parse(bad[i], &range));
}

static void test_same_site(void **state)
{
    address a = of("2001:db8::1"), b = of("2001:db8::ffff:1:2:3"), c = of("2001:db8:0:1::1");
    address d = of("192.0.2.1"), e = of("192.0.2.2");

    (void)state;
    assert_true(address_same_site(&a, &b));
    assert_false(address_same_site(&a, &c));
    assert_true(address_same_site(&d, &d));
    assert_false(address_same_site(&d, &e));
}

static void test_client_behind_proxies(void **state)
{
    static const struct {
        const char *peer, *fields[3], *client;
    } cases[] = {
        /* who is not trusted may say what it likes */
        { "203.0.113.5", { "1.1.1.1" }, "203.0.113.5" },
        { "10.0.0.1", { NULL }, "10.0.0.1" },
        { "10.0.0.1", { "198.51.100.1" }, "198.51.100.1" },
        /* the caller made the first up; the proxy wrote the second */
        { "10.0.0.1", { "1.1.1.1, 198.51.100.1" }, "198.51.100.1" },
        { "10.0.0.1", { "1.1.1.1,198.51.100.1 ,\t10.0.0.2" }, "198.51.100.1" },
        { "10.0.0.1", { "1.1.1.1", "198.51.100.1, 10.0.0.3" }, "198.51.100.1" },
        { "10.0.0.1", { "1.1.1.1", "198.51.100.1", "10.0.0.3" }, "198.51.100.1" },
        { "10.0.0.1", { "1.1.1.1, unknown" }, "10.0.0.1" },
        { "10.0.0.1", { "1.1.1.1, " }, "10.0.0.1" },
        { "10.0.0.1", { "" }, "10.0.0.1" },
        { "10.0.0.1", { "[2001:db8::5]:1234" }, "2001:db8::5" },
        { "10.0.0.1", { "10.0.0.2, 10.0.0.3" }, "10.0.0.2" },
    };
    address_range trusted;

    (void)state;
    assert_true(address_range_parse("10.0.0.0/8", &trusted));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        address peer  = of(cases[i].peer), client;
        size_t  count = 0;
        char    text[ADDRESS_TEXT];

        while (count < 3 && cases[i].fields[count] != NULL)
            count++;
        client = address_of_client(&peer, cases[i].fields, count, &trusted, 1);
        address_format(&client, text);
        assert_string_equal(text, cases[i].client);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_and_format),
        cmocka_unit_test(test_sockets),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_same_site),
        cmocka_unit_test(test_client_behind_proxies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
