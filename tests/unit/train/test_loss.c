/* test_loss.c - cross-entropy and its gradient against PyTorch's definition in long doubles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../../golden/train.h"
#include "train/loss.h"

enum { VALUES = LOSS_COUNT * LOSS_CLASSES };

static void test_against_the_definition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof loss_cases / sizeof *loss_cases; i++) {
        const skc_loss_options options = { LOSS_CLASSES, loss_cases[i].smoothing,
                                           loss_cases[i].weighted ? loss_weights : NULL };
        float                  gradient[VALUES];
        skc_loss               loss =
            skc__cross_entropy(&options, loss_logits, loss_labels, LOSS_COUNT, gradient);

        assert_true(fabs(loss.mean - loss_cases[i].mean) <= 1e-12 * loss_cases[i].mean);
        assert_true(loss.weight == (loss_cases[i].weighted ? 1.5 + 3 + 0.25 + 0.25 + 1 + 3 : 6));
        assert_int_equal(loss.correct, 2); /* pictures 0 and 2 */
        for (int32_t k = 0; k < VALUES; k++) {
            double expected = loss_cases[i].gradient[k];
            if (!(fabs((double)gradient[k] - expected) <= 1e-7 * fabs(expected) + 1e-9))
                fail_msg("case %zu, value %d: %.9g instead of %.9g", i, k, (double)gradient[k],
                         expected);
        }
    }
}

static void test_the_gradient_may_be_left_out(void **state)
{
    const skc_loss_options options = { LOSS_CLASSES, 0.1f, loss_weights };
    float                  gradient[VALUES];
    skc_loss with    = skc__cross_entropy(&options, loss_logits, loss_labels, LOSS_COUNT, gradient);
    skc_loss without = skc__cross_entropy(&options, loss_logits, loss_labels, LOSS_COUNT, NULL);

    (void)state;
    assert_memory_equal(&with, &without, offsetof(skc_loss, correct) + sizeof with.correct);
}

/* The largest floats neither overflow nor lose the label's score. */
static void test_extreme_scores(void **state)
{
    const skc_loss_options options  = { 2, 0, NULL };
    const float            logits[] = { 3e38f, -3e38f, 3e38f, 3e38f };
    const int32_t          labels[] = { 0, 1 };
    float                  gradient[4];
    skc_loss               loss = skc__cross_entropy(&options, logits, labels, 2, gradient);

    (void)state;
    assert_true(isfinite(loss.mean));
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    assert_true(gradient[2] == 0.25f && gradient[3] == -0.25f);
    assert_int_equal(loss.correct, 1);
}

static void test_not_a_number_shows(void **state)
{
    const skc_loss_options options = { 3, 0.1f, NULL };
    const int32_t          label   = 0;

    (void)state;
    for (int32_t at = 0; at < 3; at++) {
        float    logits[3] = { 1, 2, 3 };
        skc_loss loss;
        logits[at] = NAN;
        loss       = skc__cross_entropy(&options, logits, &label, 1, NULL);
        assert_true(isnan(loss.mean));
        logits[at] = INFINITY;
        loss       = skc__cross_entropy(&options, logits, &label, 1, NULL);
        assert_true(!isfinite(loss.mean));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_definition),
        cmocka_unit_test(test_the_gradient_may_be_left_out),
        cmocka_unit_test(test_extreme_scores),
        cmocka_unit_test(test_not_a_number_shows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
