/* test_base64.c - base64 in the forms that people send: RFC 4648, data URLs, and what is refused.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>

#include "../support.h"
#include "handlers/base64.h"

static void assert_decodes(const char *text, size_t length, const void *wanted, size_t size)
{
    char          *copy = malloc(length > 0 ? length : 1); /* ends where the text does */
    unsigned char *bytes;
    size_t         found;
    skc_error      err;

    assert_non_null(copy);
    memcpy(copy, text, length);
    assert_works(base64_decode(copy, length, "image", &bytes, &found, &err), err);
    assert_int_equal(found, size);
    assert_memory_equal(bytes, wanted, size);
    free(bytes);
    free(copy);
}

static void assert_refused(const char *text, size_t length, skc_status status, const char *message)
{
    char          *copy = malloc(length > 0 ? length : 1);
    unsigned char *bytes;
    size_t         found;
    skc_error      err;

    assert_non_null(copy);
    memcpy(copy, text, length);
    assert_fails(base64_decode(copy, length, "images[2]", &bytes, &found, &err), status, err,
                 "images[2]: ", message);
    free(copy);
}

static void decodes(const char *text, const char *wanted)
{
    assert_decodes(text, strlen(text), wanted, strlen(wanted));
}

static void refuses(const char *text, const char *message)
{
    assert_refused(text, strlen(text), SKC_EFORMAT, message);
}

/* RFC 4648, section 10. */
static void test_vectors(void **state)
{
    (void)state;
    decodes("Zg==", "f");
    decodes("Zm8=", "fo");
    decodes("Zm9v", "foo");
    decodes("Zm9vYg==", "foob");
    decodes("Zm9vYmE=", "fooba");
    decodes("Zm9vYmFy", "foobar");
}

static void test_forms(void **state)
{
    static const unsigned char high[] = { 0xfb, 0xff, 0xbf, 0xfe };

    (void)state;
    assert_decodes("+/+//g==", 8, high, 4);
    assert_decodes("-_-__g==", 8, high, 4);
    assert_decodes("-_-__g", 6, high, 4);
    decodes("Zg", "f");
    decodes("Zm8", "fo");
    decodes("Zm9v=", "foo"); /* too much padding is a common mistake */
    decodes("Zm9v==", "foo");
    decodes("Zm8==", "fo");
    decodes(" \t\r\n\v\fZm\r\n9v\nYmF y\n", "foobar");
    decodes("Zg=\n=\n", "f");
    decodes("data:image/jpeg;base64,Zm9v", "foo");
    decodes("data:;base64,Zm9v", "foo");
    decodes("\n data:image/png;charset=x;base64,Zm\n8=", "fo");
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused("", 0, SKC_EINVAL, "nothing");
    assert_refused(" \n=", 3, SKC_EINVAL, "nothing");
    assert_refused("data:image/png;base64,", 22, SKC_EINVAL, "nothing");
    refuses("Zm9!", "'!' at character 4");
    refuses("\n\nZm9*v", "'*' at character 6");
    refuses("data:;base64,Zm#v", "'#' at character 16");
    refuses("ab-c+/AA", "'+' at character 5"); /* both alphabets */
    refuses("ab_c/+AA", "'/' at character 5");
    refuses("Zm=9v", "'=' at character 3");
    refuses("Zg===", "'=' at character 3");
    refuses("Zm9vY", "middle of a byte");
    refuses("Zh", "middle of a byte"); /* bits that belong to no byte */
    refuses("Zm9v\xe2\x82\xac", "code 226 at 5");
    refuses("data:image/png,Zm9v", "';base64,'");
    assert_refused("Zm\0v", 4, SKC_EFORMAT, "code 0 at 3");
    assert_refused("data:", 5, SKC_EFORMAT, "';base64,'");
}

static void test_round_trip(void **state)
{
    uint8_t bytes[67];

    (void)state;
    randombytes_buf(bytes, sizeof bytes);
    for (size_t size = 1; size <= sizeof bytes; size++) {
        char *url = base64_data_url("image/png", bytes, size);

        assert_non_null(url);
        assert_memory_equal(url, "data:image/png;base64,", 22);
        assert_decodes(url, strlen(url), bytes, size);
        free(url);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
