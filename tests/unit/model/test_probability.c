/* test_probability.c - scores to probabilities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "model/probability.h"

static void test_softmax(void **state)
{
    const float logits[3] = { 1, 2, 0 };
    float       p[3]      = { 0, 0, 0 };
    double      sum       = exp(0.5) + exp(1) + 1;

    (void)state;
    skc__add_softmax(3, logits, 2, 1, p);
    assert_true(fabs((double)p[0] - exp(0.5) / sum) < 1e-7);
    assert_true(fabs((double)p[1] - exp(1) / sum) < 1e-7);
    assert_true(fabs((double)p[2] - 1 / sum) < 1e-7);
    skc__add_softmax(3, logits, 2, 0.5, p); /* is added, by its share */
    assert_true(fabs((double)p[2] - 1.5 / sum) < 1e-6);
}

static void test_extreme_scores(void **state)
{
    const float logits[3] = { -3e38f, 3e38f, 3e38f };
    float       p[3]      = { 0, 0, 0 };

    (void)state;
    skc__add_softmax(3, logits, 0.05f, 1, p);
    assert_true(p[0] == 0 && p[1] == 0.5f && p[2] == 0.5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_softmax),
                                        cmocka_unit_test(test_extreme_scores) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
