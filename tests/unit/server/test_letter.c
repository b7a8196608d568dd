/* test_letter.c - what a person takes along: the referral letter, and the reminder for calendars.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sodium.h>

#include "../support.h"
#include "assessment/lines.h"
#include "assessment/words.h"
#include "json_faults.h"

enum { NOW = 1763892000 }; /* 2025-11-23T10:00:00Z */

/* ------------------------------------------------------------------ the reminder */

static bool begins_inside_a_character(const char *text)
{
    return ((unsigned char)*text & 0xc0) == 0x80;
}

/* Lines end with CRLF, have 75 bytes at most, and are not folded inside a character (RFC 5545,
 * 3.1). */
static void assert_content_lines(const char *text)
{
    while (*text != '\0') {
        const char *end = strstr(text, "\r\n");

        assert_non_null(end);
        assert_true(end > text && end - text <= 75);
        assert_null(memchr(text, '\n', (size_t)(end - text)));
        assert_false(begins_inside_a_character(text + (*text == ' ')));
        text = end + 2;
    }
}

/* Without the folds. */
static char *unfold(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;

    assert_non_null(out);
    while (*text != '\0')
        if (strncmp(text, "\r\n ", 3) == 0)
            text += 3;
        else
            *to++ = *text++;
    *to = '\0';
    return out;
}

static char *reminder(const char *language, int32_t days)
{
    const assessment_verdict v    = { .recheck = days };
    char                    *text = assessment_reminder(&v, NOW, language);

    assert_non_null(text);
    return text;
}

static void test_reminder(void **state)
{
    static const char *const wanted[] = {
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:",
        "\r\nDTSTAMP:20251123T100000Z\r\n",
        "\r\nDTSTART;VALUE=DATE:20251223\r\nDTEND;VALUE=DATE:20251224\r\n",
        "\r\nRRULE:FREQ=DAILY;INTERVAL=30;COUNT=12\r\n",
        "\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:PT9H\r\n",
        "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    };
    static const char *const languages[] = { "zh-Hant", "en" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        char *text = reminder(languages[i], 30), *whole;

        assert_content_lines(text);
        whole = unfold(text);
        for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++)
            assert_non_null(strstr(whole, wanted[k]));
        assert_non_null(strstr(whole, i == 0 ? "\r\nSUMMARY:檢查皮膚斑點\r\n"
                                             : "\r\nSUMMARY:Check the spot on the skin\r\n"));
        assert_non_null(strstr(whole, i == 0 ? "這不是診斷。\r\n"
                                             : "size\\, shape or colour has changed\\; if so\\, "));
        free(whole);
        free(text);
    }
}

/* Two of one second must not be taken for the same event. */
static void test_uid(void **state)
{
    char *first = reminder("en", 30), *second = reminder("en", 30);
    char *a = strstr(first, "\r\nUID:"), *b = strstr(second, "\r\nUID:");

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(strspn(a + 6, "0123456789abcdef"), 32);
    assert_memory_not_equal(a + 6, b + 6, 32);
    free(first);
    free(second);
}

static void test_lines(void **state)
{
    lines text;
    char *out;

    (void)state;
    lines_open(&text);
    lines_add(&text, "%s %d\n", "one", 1);
    for (int i = 0; i < 1000; i++)
        lines_add(&text, "%s", "0123456789");
    out = lines_close(&text);
    assert_non_null(out);
    assert_int_equal(strlen(out), 10006);
    assert_memory_equal(out, "one 1\n01", 8);
    free(out);
}

/* ------------------------------------------------------------------ the letter */

static json_t *malignancy, *diagnosis;

static json_t *letter(void *context)
{
    assessment_picture picture = { { 0.5, 0.1, 0.2 }, { 0.3, 0.1, 0.2 }, context != NULL };
    assessment_answers answers = { .change = REPLY_YES, .site = SITE_ACRAL };
    assessment_verdict v       = assessment_judge(&picture, &answers);

    return assessment_letter(&v, &picture, &answers, malignancy, diagnosis, NOW);
}

static int make_results(void **state)
{
    (void)state;
    malignancy = json_loads("{\"probabilities\": {\"benign\": 0.5, \"malignant\": 0.5},"
                            "\"decision\": {\"probability\": 0.5, \"threshold\": 0.125},"
                            "\"model\": {\"version\": \"v1\"}}",
                            0, NULL);
    diagnosis  = json_loads("{\"probabilities\": {\"mel\": 0.3, \"nv\": 0.7},"
                             "\"decision\": {\"probability\": 0.3, \"threshold\": 0.2},"
                             "\"model\": {\"version\": \"v2\"}}",
                            0, NULL);
    return malignancy == NULL || diagnosis == NULL;
}

static int free_results(void **state)
{
    (void)state;
    json_decref(malignancy);
    json_decref(diagnosis);
    return 0;
}

static void test_letter(void **state)
{
    bool        yes  = true;
    json_t     *json = letter(&yes);
    const char *zh   = json_string_value(json_object_get(json, "zh-Hant")),
               *en   = json_string_value(json_object_get(json, "en"));

    (void)state;
    assert_non_null(zh);
    assert_non_null(en);
    assert_non_null(strstr(en, "2025-11-23"));
    assert_non_null(strstr(en, "- malignant: 50.0 %"));
    assert_non_null(strstr(en, "- melanoma: 30.0 %"));
    assert_non_null(strstr(en, "threshold 12.5 %; model v1"));
    assert_non_null(strstr(en, "Palm, sole or nail"));
    assert_non_null(strstr(en, "through a dermatoscope"));
    assert_non_null(strstr(zh, "黑色素瘤: 30.0 %"));
    assert_non_null(strstr(zh, "手掌、腳底或指甲"));
    json_decref(json);
    json = letter(NULL);
    assert_non_null(strstr(json_string_value(json_object_get(json, "en")), "less certain"));
    json_decref(json);
}

static void test_no_memory(void **state)
{
    (void)state;
    json_faults_check(letter, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reminder),
        cmocka_unit_test(test_uid),
        cmocka_unit_test(test_lines),
        cmocka_unit_test_setup_teardown(test_letter, make_results, free_results),
        cmocka_unit_test_setup_teardown(test_no_memory, make_results, free_results),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
