/* test_report_words.c - every word of the report's page is there in both languages, and texts of
 * them are put together in both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../../tools/report_words.h"

static bool has_chinese(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text >= 0xe4 && (unsigned char)*text <= 0xe9) /* U+4000 and up */
            return true;
    return false;
}

/* Words that are not the same in both, and neither of them the other's language. */
static void assert_both(bilingual words)
{
    assert_non_null(words.zh);
    assert_non_null(words.en);
    assert_string_not_equal(words.en, "");
    assert_false(has_chinese(words.en));
    assert_true(has_chinese(words.zh));
}

/* These have no word of a language in them. */
static bool is_neutral(report_word word)
{
    static const report_word neutral[] = { REPORT_PAIR,  REPORT_LIST,   REPORT_IN_BRACKETS,
                                           REPORT_AUC,   REPORT_AUC_IS, REPORT_NAMED_VALUE,
                                           REPORT_BECAME };

    for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
        if (neutral[i] == word)
            return true;
    return false;
}

static void test_every_word_is_there_in_both(void **state)
{
    (void)state;
    for (int32_t w = 0; w < REPORT_WORD_COUNT; w++) {
        const bilingual words = report_words((report_word)w);

        if (!is_neutral((report_word)w))
            assert_both(words);
        assert_int_equal(strstr(words.zh, "{1}") != NULL, strstr(words.en, "{1}") != NULL);
        assert_int_equal(strstr(words.zh, "{2}") != NULL, strstr(words.en, "{2}") != NULL);
    }
    assert_string_equal(report_words(REPORT_WORD_COUNT).zh, "?");
    assert_string_equal(report_words((report_word)-1).en, "?");
}

static void test_every_metric_is_named_and_explained(void **state)
{
    (void)state;
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++) {
        const bilingual name = report_metric_name((skc_metric)m);

        assert_both(name);
        assert_both(report_metric_meaning((skc_metric)m));
        assert_string_equal(report_metric_meaning((skc_metric)m).en,
                            skc_metric_text((skc_metric)m));
    }
    assert_string_equal(report_metric_name(SKC_BALANCED_ACCURACY).zh, "平衡準確率");
    assert_string_equal(report_metric_name(SKC_SENSITIVITY).zh, "敏感度");
    assert_string_equal(report_metric_name(SKC_SPECIFICITY).zh, "特異度");
}

static void test_values_are_filled_in_by_language(void **state)
{
    json_t *text = report_text(REPORT_PAIR, report_both((bilingual){ "惡性", "malignant" }),
                               report_plain("%d{1}", 7));

    (void)state;
    assert_string_equal(report_in(text, 0), "惡性：7{1}");
    assert_string_equal(report_in(text, 1), "malignant: 7{1}");
    assert_string_equal(json_string_value(json_object_get(text, "zh-Hant")), "惡性：7{1}");
    json_decref(text);
    text = report_text(REPORT_BECAME, report_plain("mel"), NULL);
    assert_string_equal(json_string_value(text), "mel → "); /* one text serves both */
    assert_string_equal(report_in(text, 0), report_in(text, 1));
    json_decref(text);
    text = report_plain("%s", "\xff");
    assert_string_equal(json_string_value(text), "\xef\xbf\xbd");
    json_decref(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_word_is_there_in_both),
        cmocka_unit_test(test_every_metric_is_named_and_explained),
        cmocka_unit_test(test_values_are_filled_in_by_language),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
