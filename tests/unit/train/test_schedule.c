/* test_schedule.c - learning rates against the same formulas in Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../../golden/train.h"
#include "train/schedule.h"

static void test_rates_as_python_computes_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof schedule_cases / sizeof *schedule_cases; i++) {
        skc_train_options options;
        double            rate, expected = schedule_cases[i].rate;
        memset(&options, 0, sizeof options);
        options.schedule =
            schedule_cases[i].step_schedule ? SKC_SCHEDULE_STEP : SKC_SCHEDULE_COSINE;
        options.epochs        = schedule_cases[i].epochs;
        options.warmup_epochs = schedule_cases[i].warmup;
        options.learning_rate = schedule_cases[i].peak;
        options.final_rate    = schedule_cases[i].final;
        options.step_epochs   = schedule_cases[i].every;
        options.step_factor   = schedule_cases[i].factor;
        rate = skc__learning_rate(&options, schedule_cases[i].step, schedule_cases[i].per_epoch);
        if (!(fabs(rate - expected) <= 1e-12 * expected))
            fail_msg("case %zu: %.17g instead of %.17g", i, rate, expected);
    }
}

/* The warm-up may be as long as the training; nothing divides by what is left after it. */
static void test_only_warm_up(void **state)
{
    skc_train_options options;

    (void)state;
    memset(&options, 0, sizeof options);
    options.epochs        = 2;
    options.warmup_epochs = 2;
    options.learning_rate = 1;
    for (int64_t step = 0; step < 20; step++)
        assert_true(skc__learning_rate(&options, step, 10) == (double)(step + 1) / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rates_as_python_computes_them),
        cmocka_unit_test(test_only_warm_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
