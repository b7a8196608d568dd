/* test_answers.c - the five answers as JSON, and what is said about them: whole or not at all. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "assessment/words.h"
#include "json_faults.h"

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);

    assert_non_null(json);
    return json;
}

static void assert_refused(const char *text, const char *message)
{
    json_t            *json = parse(text);
    assessment_answers out;
    skc_error          err;

    assert_fails(assessment_answers_read(json, &out, &err), SKC_EINVAL, err, message);
    json_decref(json);
}

static void test_read(void **state)
{
    json_t *json = parse("{\"change\": \"yes\", \"uneven\": \"unsure\", \"large\": \"no\","
                         "\"site\": \"acral\", \"history\": \"unsure\"}");
    json_t *written;
    assessment_answers out = { 0 };
    skc_error          err;

    (void)state;
    assert_works(assessment_answers_read(json, &out, &err), err);
    assert_int_equal(out.change, REPLY_YES);
    assert_int_equal(out.uneven, REPLY_UNSURE);
    assert_int_equal(out.large, REPLY_NO);
    assert_int_equal(out.site, SITE_ACRAL);
    assert_int_equal(out.history, REPLY_UNSURE);
    written = assessment_answers_write(&out);
    assert_true(json_equal(json, written));
    json_decref(written);
    json_decref(json);
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused("[]", "must be an object");
    assert_refused("{}", "answers.change is missing; it must be one of no, unsure, yes");
    assert_refused("{\"change\": 1}", "answers.change is not a text");
    assert_refused("{\"change\": \"Yes\"}", "answers.change is Yes");
    assert_refused("{\"change\": \"no\", \"uneven\": \"no\", \"large\": \"no\", \"site\": \"yes\","
                   "\"history\": \"no\"}",
                   "answers.site is yes; it must be one of other, face, acral");
    assert_refused("{\"change\": \"no\", \"uneven\": \"no\", \"large\": \"no\", \"site\": \"face\","
                   "\"history\": \"no\", \"more\": 1}",
                   "members other than");
}

/* Every text of the JSON that is one of two languages has both, and neither is empty. */
static void assert_bilingual(const json_t *json)
{
    const char *key;
    json_t     *value;
    size_t      i;

    if (json_object_get(json, "zh-Hant") != NULL || json_object_get(json, "en") != NULL) {
        assert_int_equal(json_object_size(json), 2);
        assert_true(json_string_length(json_object_get(json, "zh-Hant")) > 0);
        assert_true(json_string_length(json_object_get(json, "en")) > 0);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)json, key, value) assert_bilingual(value);
    json_array_foreach(json, i, value) assert_bilingual(value);
}

static assessment_score score(double probability)
{
    return (assessment_score){ .probability = probability, .watch = 0.1, .high = 0.2 };
}

typedef struct judgement {
    assessment_picture picture;
    assessment_answers answers;
    assessment_verdict verdict;
} judgement;

static judgement judgement_of(double probability, int32_t reply, bool dermatoscope)
{
    judgement j = { .picture = { score(probability), score(probability), dermatoscope } };

    for (int q = 0; q < QUESTIONS; q++)
        memcpy((char *)&j.answers + questions[q].offset, &reply, sizeof reply);
    j.verdict = assessment_judge(&j.picture, &j.answers);
    return j;
}

static json_t *verdict_of(void *context)
{
    judgement *j = context;

    return assessment_verdict_write(&j->verdict, &j->picture, &j->answers);
}

static void test_verdicts(void **state)
{
    static const double probabilities[] = { 0.05, 0.15, 0.9 };

    (void)state;
    for (int p = 0; p < 3; p++)
        for (int32_t reply = 0; reply < 3; reply++)
            for (int dermatoscope = 0; dermatoscope < 2; dermatoscope++) {
                judgement j    = judgement_of(probabilities[p], reply, dermatoscope != 0);
                json_t   *json = verdict_of(&j);

                assert_non_null(json);
                assert_bilingual(json);
                assert_int_equal(json_object_size(json), 9);
                assert_string_equal(json_string_value(json_object_get(json, "level")),
                                    level_name(j.verdict.level));
                assert_string_equal(json_string_value(json_object_get(json, "certainty")),
                                    dermatoscope ? "usual" : "lower");
                assert_true(json_array_size(json_object_get(json, "reasons")) > 0);
                assert_true(json_array_size(json_object_get(json, "advice")) > 1);
                json_decref(json);
            }
}

/* Green without a dermatoscope never says "low risk". */
static void test_green(void **state)
{
    (void)state;
    assert_non_null(strstr(level_text(LEVEL_LOW, true).en, "Low risk"));
    assert_null(strstr(level_text(LEVEL_LOW, false).en, "Low risk"));
    assert_null(strstr(level_text(LEVEL_LOW, false).zh, "低風險"));
    assert_string_equal(level_text(LEVEL_LOW, false).en, "No warning sign found");
    assert_string_equal(level_text(LEVEL_HIGH, false).zh, level_text(LEVEL_HIGH, true).zh);
}

static void test_questions(void **state)
{
    json_t *json = assessment_questions();

    (void)state;
    assert_int_equal(json_array_size(json), QUESTIONS);
    assert_bilingual(json);
    for (size_t i = 0; i < QUESTIONS; i++)
        assert_int_equal(json_array_size(json_object_get(json_array_get(json, i), "values")), 3);
    json_decref(json);
}

static void test_labels_and_qualities(void **state)
{
    static const char *const labels[] = { "benign", "malignant", "akiec", "bcc", "bkl",
                                          "df",     "mel",       "nv",    "vasc" };

    (void)state;
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        assert_string_not_equal(label_text(labels[i]).zh, label_text(labels[i]).en);
    assert_string_equal(label_text("unheard-of").zh, "unheard-of");
    for (int r = 0; r < SKC_QUALITY_COUNT; r++) {
        bilingual t = quality_text((skc_quality_reason)r);

        assert_true(t.zh[0] != '\0' && t.en[0] != '\0');
        assert_string_not_equal(t.zh, t.en);
    }
    assert_string_not_equal(disclaimer_text().zh, disclaimer_text().en);
}

/* ------------------------------------------------------------------ no memory */

static json_t *answers_of(void *context)
{
    return assessment_answers_write(&((judgement *)context)->answers);
}

static json_t *questions_of(void *context)
{
    (void)context;
    return assessment_questions();
}

static void test_no_memory(void **state)
{
    judgement j = judgement_of(0.15, REPLY_YES, false);

    (void)state;
    json_faults_check(verdict_of, &j);
    json_faults_check(answers_of, &j);
    json_faults_check(questions_of, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_verdicts),  cmocka_unit_test(test_green),
        cmocka_unit_test(test_questions), cmocka_unit_test(test_labels_and_qualities),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
