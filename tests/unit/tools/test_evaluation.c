/* test_evaluation.c - decisions, mistakes and JSON of an evaluated part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../../../tools/evaluation.h"
#include "../../../tools/tasks.h"

static const char *const labels[]    = { "bkl", "mel", "nv" };
static const bool        malignant[] = { false, true, false };
static const float       p[]         = { .5f,  .25f,  .25f, /* bkl, right */
                                         .25f, .25f,  .5f,  /* mel, taken for nv */
                                         0,    .125f, .875f /* bkl, taken for nv */ };
static const int32_t     truth[]     = { 0, 1, 0 };

static evaluation make(void)
{
    return (evaluation){ .part          = "test",
                         .labels        = labels,
                         .count         = 3,
                         .classes       = 3,
                         .probabilities = p,
                         .truth         = truth,
                         .malignant     = malignant,
                         .threshold     = 0.25f };
}

static void test_decisions_follow_the_weights(void **state)
{
    const float weights[] = { 1, 1, 0.125f };
    evaluation  e         = make();

    (void)state;
    assert_int_equal(evaluation_decision(&e, 0), 0);
    assert_int_equal(evaluation_decision(&e, 1), 2);
    e.class_weights = weights;
    assert_int_equal(evaluation_decision(&e, 1), 0); /* the first of two equals */
    assert_int_equal(evaluation_decision(&e, 2), 1);
}

static void test_two_labels_by_threshold(void **state)
{
    (void)state;
    for (int32_t k = 1; k <= 100; k++) {
        float      threshold = (float)k / 100, row[2], weights[2];
        evaluation e = { .count = 1, .classes = 2, .probabilities = row, .class_weights = weights };

        evaluation_weigh_two(threshold, weights);
        row[1] = threshold;
        row[0] = 1 - row[1];
        assert_int_equal(evaluation_decision(&e, 0), 1);
        row[1] = threshold - 1e-4f;
        row[0] = 1 - row[1];
        assert_int_equal(evaluation_decision(&e, 0), 0);
    }
}

static void test_worst_mistakes_come_first(void **state)
{
    evaluation e = make();
    int32_t    found[3];

    (void)state;
    assert_int_equal(evaluation_mistakes(&e, 3, found), 2);
    assert_int_equal(found[0], 2); /* its truth had probability 0 */
    assert_int_equal(found[1], 1);
    assert_int_equal(evaluation_mistakes(&e, 1, found), 1);
    assert_int_equal(evaluation_mistakes(&e, 0, found), 0);
}

static double value_of(const json_t *json, const char *metric)
{
    json_t *one = json_object_get(json_object_get(json, "metrics"), metric);

    return json_number_value(json_object_get(one, "value"));
}

static void test_json_says_what_was_found(void **state)
{
    evaluation      e       = make();
    skc_evaluation *figures = NULL;
    json_t         *json, *curves, *nv;

    (void)state;
    assert_int_equal(evaluation_compute(&e, NULL, 10, NULL, &figures, NULL), SKC_OK);
    json   = evaluation_json(&e);
    curves = evaluation_curves(&e);
    assert_true(fabs(value_of(json, "accuracy") - 1.0 / 3) < 1e-12);
    assert_true(value_of(json, "sensitivity") == 1);
    assert_true(value_of(json, "specificity") == 0.5);
    assert_int_equal(json_integer_value(json_object_get(json, "pictures")), 3);
    nv = json_array_get(json_object_get(json, "classes"), 2);
    assert_string_equal(json_string_value(json_object_get(nv, "label")), "nv");
    assert_true(json_is_null(json_object_get(json_object_get(nv, "recall"), "value")));
    assert_int_equal(json_integer_value(
                         json_array_get(json_array_get(json_object_get(json, "confusion"), 1), 2)),
                     1);
    /* a curve for every class and one of malignant against benign; that of nv is empty */
    assert_int_equal(json_array_size(json_object_get(curves, "roc")), 4);
    assert_int_equal(json_array_size(json_array_get(json_object_get(curves, "roc"), 2)), 0);
    assert_true(json_array_size(json_array_get(json_object_get(curves, "roc"), 3)) > 1);
    json_decref(json);
    json_decref(curves);
    skc_evaluation_free(figures);
}

static void test_sides_of_labels(void **state)
{
    static const char *const unknown[] = { "mel", "cat" }, *const benign[] = { "nv", "df" };
    bool marks[3];

    (void)state;
    assert_string_equal(task_malignancy("akiec"), "malignant");
    assert_string_equal(task_malignancy("vasc"), "benign");
    assert_null(task_malignancy("cat"));
    assert_true(task_mark_malignant(labels, 3, marks));
    assert_true(!marks[0] && marks[1] && !marks[2]);
    assert_false(task_mark_malignant(unknown, 2, marks));
    assert_false(task_mark_malignant(benign, 2, marks));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions_follow_the_weights),
        cmocka_unit_test(test_two_labels_by_threshold),
        cmocka_unit_test(test_worst_mistakes_come_first),
        cmocka_unit_test(test_json_says_what_was_found),
        cmocka_unit_test(test_sides_of_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
