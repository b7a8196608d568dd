/* test_digest.c - checksums: answers from FIPS 180-4's examples and the CRC catalogue. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "skincnn.h"

static void test_crc32(void **state)
{
    (void)state;
    assert_int_equal(skc__crc32("123456789", 9), 0xcbf43926u);
    assert_int_equal(skc__crc32("", 0), 0);
    assert_int_equal(skc__crc32("\0\0\0\0", 4), 0x2144df1cu);
}

static void test_sha256(void **state)
{
    char  hex[65];
    char *million = malloc(1000000);

    (void)state;
    assert_non_null(million);
    skc_sha256("abc", 3, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    skc_sha256("", 0, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    memset(million, 'a', 1000000);
    skc_sha256(million, 1000000, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_crc32),
                                        cmocka_unit_test(test_sha256) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
