/* test_rule.c - the rule of an assessment, cell by cell, and that docs/risk-rule.md says the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "assessment/words.h"

enum { POINTS = 7, SETS = 3 * 3 * 3 * 3 * 3, COLUMNS = 8 };

/* ------------------------------------------------------------------ making cases */

/* All sets of answers, by number: `number` in base 3 has a digit for each question. */
static assessment_answers answers_of(int number)
{
    assessment_answers a = { REPLY_NO, REPLY_NO, REPLY_NO, SITE_OTHER, REPLY_NO };

    for (int q = 0; q < QUESTIONS; q++, number /= 3) {
        int32_t reply = number % 3;

        memcpy((char *)&a + questions[q].offset, &reply, sizeof reply);
    }
    return a;
}

static assessment_score score(double probability)
{
    return (assessment_score){ .probability = probability, .watch = 0.1, .high = 0.2 };
}

/* A picture of that level, which both models agree on. */
static assessment_picture picture_of(assessment_level level)
{
    static const double probabilities[LEVEL_COUNT] = { 0.05, 0.15, 0.9 };

    return (assessment_picture){ .malignancy = score(probabilities[level]),
                                 .diagnosis  = score(probabilities[level]) };
}

static assessment_verdict judge(assessment_level level, const assessment_answers *answers)
{
    assessment_picture picture = picture_of(level);

    return assessment_judge(&picture, answers);
}

/* Answers that give these points: change counts two, then one each of the others. */
static assessment_answers answers_with(int points)
{
    assessment_answers a = answers_of(0);

    a.change = points >= 2 ? REPLY_YES : points == 1 ? REPLY_UNSURE : REPLY_NO;
    if (points >= 3)
        a.uneven = REPLY_YES;
    if (points >= 4)
        a.large = REPLY_YES;
    if (points >= 5)
        a.site = SITE_ACRAL;
    if (points >= 6)
        a.history = REPLY_YES;
    assert_int_equal(assessment_points(&a), points);
    return a;
}

/* ------------------------------------------------------------------ the page */

/* The tables of the page: rows of cells, without the rule under the headings. */
typedef struct page {
    char   *text;
    char ***rows; /* (count, COLUMNS), NULL behind the last cell */
    size_t  count;
} page;

static char *read_page(const char *path)
{
    FILE  *file = fopen(path, "r");
    char  *text = calloc(1, 1 << 16);
    size_t size;

    assert_non_null(file);
    assert_non_null(text);
    size = fread(text, 1, (1 << 16) - 1, file);
    assert_true(size > 0 && size < (1 << 16) - 1);
    fclose(file);
    return text;
}

static char **cut_row(char *line)
{
    char **cells = calloc(COLUMNS + 2, sizeof *cells), *rest = line + 1;
    int    count = 0;

    assert_non_null(cells);
    for (char *end; (end = strchr(rest, '|')) != NULL; rest = end + 1) {
        char *last = end;

        assert_in_range(count, 0, COLUMNS);
        while (last > rest && last[-1] == ' ')
            last--;
        *last          = '\0';
        cells[count++] = rest + strspn(rest, " ");
    }
    return cells;
}

static int open_page(void **state)
{
    page *p = calloc(1, sizeof *p);
    char *rest;

    p->text = read_page("docs/risk-rule.md");
    p->rows = calloc(200, sizeof *p->rows);
    for (char *line = strtok_r(p->text, "\n", &rest); line != NULL;
         line       = strtok_r(NULL, "\n", &rest))
        if (line[0] == '|' && line[1] != '-')
            p->rows[p->count++] = cut_row(line);
    *state = p;
    return 0;
}

static int close_page(void **state)
{
    page *p = *state;

    for (size_t i = 0; i < p->count; i++)
        free(p->rows[i]);
    free(p->rows);
    free(p->text);
    free(p);
    return 0;
}

/* The row with these first cells, behind the headings `first`, `second`. */
static char **row_of(const page *p, const char *first, const char *second, const char *name)
{
    size_t i = 0;

    while (i < p->count &&
           (strcmp(p->rows[i][0], first) != 0 || strcmp(p->rows[i][1], second) != 0))
        i++;
    for (i++; i < p->count; i++)
        if (strcmp(p->rows[i][0], name) == 0)
            return p->rows[i];
    fail_msg("docs/risk-rule.md has no row '%s' under '%s'", name, first);
    return NULL;
}

static int32_t days_of(const char *cell)
{
    return strcmp(cell, "-") == 0 ? 0 : (int32_t)strtol(cell, NULL, 10);
}

/* ------------------------------------------------------------------ the tests */

/* By one answer alone, so that a cell of the table is one number of the rule. */
static void test_points(void **state)
{
    const page *p = *state;

    for (int q = 0; q < QUESTIONS; q++) {
        const char *second = strcmp(questions[q].name, "site") == 0 ? "other" : "no";
        char      **row    = row_of(p, "question", second, questions[q].name);

        for (int32_t reply = 0; reply < questions[q].values; reply++) {
            assessment_answers a = answers_of(0);

            memcpy((char *)&a + questions[q].offset, &reply, sizeof reply);
            assert_string_not_equal(row[1 + reply], "");
            assert_int_equal(strtol(row[1 + reply], NULL, 10), assessment_points(&a));
        }
        assert_null(row[1 + questions[q].values]);
    }
}

/* The columns of the page are in the order of the values. */
static void test_headings(void **state)
{
    const page *p = *state;

    for (int q = 0; q < QUESTIONS; q++)
        for (size_t i = 0; i < p->count; i++)
            if (strcmp(p->rows[i][0], "question") == 0 &&
                (strcmp(p->rows[i][1], "other") == 0) == (strcmp(questions[q].name, "site") == 0))
                for (int32_t k = 0; k < questions[q].values; k++)
                    assert_string_equal(p->rows[i][1 + k], questions[q].value[k]);
}

static void test_points_are_added(void **state)
{
    int32_t alone[QUESTIONS][3];

    (void)state;
    for (int q = 0; q < QUESTIONS; q++)
        for (int32_t reply = 0; reply < 3; reply++) {
            assessment_answers a = answers_of(0);

            memcpy((char *)&a + questions[q].offset, &reply, sizeof reply);
            alone[q][reply] = assessment_points(&a);
        }
    for (int number = 0; number < SETS; number++) {
        assessment_answers a   = answers_of(number);
        int32_t            sum = 0;

        for (int q = 0; q < QUESTIONS; q++)
            sum += alone[q][question_reply(&questions[q], &a)];
        assert_int_equal(assessment_points(&a), sum);
        assert_in_range(sum, 0, POINTS - 1);
    }
}

static void test_levels(void **state)
{
    static const char *const expected[LEVEL_COUNT][POINTS] = {
        { "low", "low", "watch", "watch", "high", "high", "high" },
        { "watch", "watch", "high", "high", "high", "high", "high" },
        { "high", "high", "high", "high", "high", "high", "high" },
    };
    const page *p = *state;

    for (int level = 0; level < LEVEL_COUNT; level++) {
        char **row = row_of(p, "picture", "0", level_name((assessment_level)level));

        for (int points = 0; points < POINTS; points++) {
            assessment_answers a = answers_with(points);
            assessment_verdict v = judge((assessment_level)level, &a);

            assert_int_equal(v.picture, level);
            assert_int_equal(v.points, points);
            assert_string_equal(level_name(v.level), expected[level][points]);
            assert_string_equal(level_name(v.level), row[1 + points]);
        }
        assert_null(row[1 + POINTS]);
    }
}

/* A level depends on the points only, not on which answers they come from. */
static void test_all_sets(void **state)
{
    (void)state;
    for (int level = 0; level < LEVEL_COUNT; level++)
        for (int number = 0; number < SETS; number++) {
            assessment_answers a     = answers_of(number);
            assessment_verdict v     = judge((assessment_level)level, &a);
            assessment_answers alike = answers_with(v.points);
            assessment_verdict w     = judge((assessment_level)level, &alike);

            assert_int_equal(v.level, w.level);
            assert_int_equal(v.days, w.days);
            assert_int_equal(v.recheck, w.recheck);
        }
}

static void test_days(void **state)
{
    static const int32_t days[LEVEL_COUNT] = { 0, 30, 14 };
    const page          *p                 = *state;
    assessment_answers   none              = answers_of(0);

    for (int level = 0; level < LEVEL_COUNT; level++) {
        assessment_verdict v   = judge((assessment_level)level, &none);
        char             **row = row_of(p, "level", "see a doctor within", level_name(v.level));

        assert_int_equal(v.days, days[level]);
        assert_int_equal(v.days, days_of(row[1]));
        assert_int_equal(v.recheck, 30);
        assert_int_equal(v.recheck, days_of(row[2]));
    }
}

static void test_one_model(void **state)
{
    static const char *const rows[LEVEL_COUNT] = { "below the watch point",
                                                   "from the watch point on",
                                                   "from the high point on" };
    static const struct {
        double           probability;
        assessment_level level;
    } cases[] = {
        { 0, LEVEL_LOW },        { 0.0999, LEVEL_LOW }, { 0.1, LEVEL_WATCH },
        { 0.1999, LEVEL_WATCH }, { 0.2, LEVEL_HIGH },   { 1, LEVEL_HIGH },
    };
    const page *p = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assessment_score s = score(cases[i].probability);

        assert_int_equal(assessment_score_level(&s), cases[i].level);
    }
    for (int level = 0; level < LEVEL_COUNT; level++)
        assert_string_equal(row_of(p, "malignant probability of a model", "level", rows[level])[1],
                            level_name((assessment_level)level));
}

/* The higher of both counts, whichever model it is. */
static void test_two_models(void **state)
{
    assessment_answers none = answers_of(0);

    (void)state;
    for (int first = 0; first < LEVEL_COUNT; first++)
        for (int second = 0; second < LEVEL_COUNT; second++)
            for (int scope = 0; scope < 2; scope++) {
                assessment_picture picture = picture_of((assessment_level)first);
                int                higher  = first > second ? first : second;

                picture.diagnosis    = picture_of((assessment_level)second).diagnosis;
                picture.dermatoscope = scope == 1;
                assert_int_equal(assessment_picture_level(&picture), higher);
                assert_int_equal(assessment_judge(&picture, &none).level, higher);
            }
}

/* The level in the order of the page's columns never falls. */
static void test_answers_only_raise(void **state)
{
    (void)state;
    for (int level = 0; level < LEVEL_COUNT; level++)
        for (int number = 0; number < SETS; number++)
            for (int q = 0; q < QUESTIONS; q++) {
                assessment_answers a     = answers_of(number), raised;
                int32_t            reply = question_reply(&questions[q], &a);
                assessment_verdict v     = judge((assessment_level)level, &a);

                assert_true(v.level >= v.picture);
                for (int32_t worse = reply + 1; worse < questions[q].values; worse++) {
                    raised = a;
                    memcpy((char *)&raised + questions[q].offset, &worse, sizeof worse);
                    assert_true(judge((assessment_level)level, &raised).level >= v.level);
                }
            }
}

static void test_pictures_only_raise(void **state)
{
    (void)state;
    for (int level = 0; level + 1 < LEVEL_COUNT; level++)
        for (int number = 0; number < SETS; number++) {
            assessment_answers a = answers_of(number);

            assert_true(judge((assessment_level)(level + 1), &a).level >=
                        judge((assessment_level)level, &a).level);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_headings),
        cmocka_unit_test(test_points_are_added),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_all_sets),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_one_model),
        cmocka_unit_test(test_two_models),
        cmocka_unit_test(test_answers_only_raise),
        cmocka_unit_test(test_pictures_only_raise),
    };

    return cmocka_run_group_tests(tests, open_page, close_page);
}
