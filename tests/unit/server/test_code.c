/* test_code.c - private codes: their forms, what is no code, and the sealing of records. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>

#include "../support.h"
#include "assessment/assessment.h"

enum { LETTERS = 25 };

static const char good[] = "01234-56789-ABCDE-FGHJK-MNPQR";

static void test_made(void **state)
{
    char code[ASSESSMENT_CODE_BYTES], again[ASSESSMENT_CODE_BYTES], other[ASSESSMENT_CODE_BYTES];

    (void)state;
    for (int i = 0; i < 100; i++) {
        assessment_code_make(code);
        assessment_code_make(other);
        assert_int_equal(strlen(code), 29);
        assert_true(assessment_code_read(code, again));
        assert_string_equal(code, again);
        assert_string_not_equal(code, other);
    }
}

static void test_forms(void **state)
{
    static const char *const forms[] = {
        "01234-56789-ABCDE-FGHJK-MNPQR",    "0123456789abcdefghjkmnpqr",
        "  o1234 56789 abcde fghjk mnpqr ", "OI234-56789-ABCDE-FGHJK-MNPQR",
        "ol2345-6789a-bcdef-ghjkm-npqr",    "0-1-2-3-4-5-6-7-8-9-A-B-C-D-E-F-G-H-J-K-M-N-P-Q-R",
    };
    char code[ASSESSMENT_CODE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        assert_true(assessment_code_read(forms[i], code));
        assert_string_equal(code, good);
    }
}

static void test_not_codes(void **state)
{
    char text[64], code[ASSESSMENT_CODE_BYTES] = "untouched";

    (void)state;
    assert_false(assessment_code_read("", code));
    assert_false(assessment_code_read("-----", code));
    assert_false(assessment_code_read("01234-56789-ABCDE-FGHJK-MNPQ", code));
    assert_false(assessment_code_read("01234-56789-ABCDE-FGHJK-MNPQRS", code));
    for (int at = 0; at < (int)sizeof good - 1; at++)
        for (int c = 1; c < 256; c++) {
            bool wrong =
                strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghjkmnpqrstvwxyzOoIiLl", c) == NULL;

            strcpy(text, good);
            if (text[at] == '-')
                continue;
            text[at] = (char)c;
            assert_int_equal(assessment_code_read(text, code), !wrong);
            strcpy(code, "untouched");
        }
}

/* A letter changed anywhere is another spot and another key. */
static void test_every_letter_counts(void **state)
{
    uint8_t first[32], spot[32], *sealed, *bytes;
    size_t  size, out;

    (void)state;
    assessment_code_spot(good, first);
    assert_int_equal(assessment_seal(good, "text", 4, &sealed, &size, NULL), SKC_OK);
    for (size_t at = 0; at < sizeof good - 1; at++) {
        char other[sizeof good];

        memcpy(other, good, sizeof good);
        if (other[at] == '-')
            continue;
        other[at] = other[at] == 'Z' ? 'Y' : 'Z';
        assessment_code_spot(other, spot);
        assert_memory_not_equal(spot, first, sizeof spot);
        assert_int_equal(assessment_unseal(other, sealed, size, &bytes, &out, NULL), SKC_EFORMAT);
    }
    assessment_code_spot(good, spot);
    assert_memory_equal(spot, first, sizeof spot);
    free(sealed);
}

static void test_sealed(void **state)
{
    static const char text[] = "{\"level\":\"low\"}";
    uint8_t          *sealed, *again, *bytes;
    size_t            size, out;
    skc_error         err;

    (void)state;
    assert_works(assessment_seal(good, text, sizeof text, &sealed, &size, &err), err);
    assert_works(assessment_seal(good, text, sizeof text, &again, &out, &err), err);
    assert_int_equal(size, out);
    assert_memory_not_equal(sealed, again, size); /* another nonce */
    free(again);
    assert_works(assessment_unseal(good, sealed, size, &bytes, &out, &err), err);
    assert_int_equal(out, sizeof text);
    assert_string_equal((char *)bytes, text);
    free(bytes);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_fails(assessment_unseal(good, sealed, size, &bytes, &out, &err), SKC_EFORMAT, err,
                     "does not fit its code");
        sealed[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal(assessment_unseal(good, sealed, cut, &bytes, &out, NULL), SKC_EFORMAT);
    free(sealed);
    assert_works(assessment_seal(good, "", 0, &sealed, &size, &err), err);
    assert_works(assessment_unseal(good, sealed, size, &bytes, &out, &err), err);
    assert_int_equal(out, 0);
    free(bytes);
    free(sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made),      cmocka_unit_test(test_forms),
        cmocka_unit_test(test_not_codes), cmocka_unit_test(test_every_letter_counts),
        cmocka_unit_test(test_sealed),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
