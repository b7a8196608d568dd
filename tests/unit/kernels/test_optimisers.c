/* test_optimisers.c - the optimiser rows of every set against the scalar set, and the scalar set
 * against the formulas in double. */
#include "kernel_test.h"

static void test_sgd(void **state)
{
    const skc_sgd_step step = { 0.1f, 0.9f, 0.01f, 0.5f };
    const double       rate = (double)step.rate, momentum = (double)step.momentum;

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *grad = fresh(0, n), *m = fresh(1, n), *value = fresh(2, n);
        float       *want_m = copied(3, n, m), *want = copied(4, n, value);
        float       *got_m = copied(5, n, m), *got = copied(6, n, value);

        SCALAR->sgd(n, &step, grad, want_m, want);
        tested.sgd(n, &step, grad, got_m, got);
        for (size_t i = 0; i < n; i++) {
            double scaled = (double)step.gradient_scale * (double)grad[i];
            double pull = (double)step.decay * (double)value[i], old = momentum * (double)m[i];
            double g = scaled + pull, new_m = old + g;
            double size_m = fabs(scaled) + fabs(pull) + fabs(old);
            double size   = magnitude(value[i]) + rate * (1 + momentum) * size_m;

            expect_close("sgd", i, (double)want_m[i], (double)got_m[i], size_m, 8);
            expect_close("sgd", i, new_m, (double)got_m[i], size_m, 8);
            expect_close("sgd", i, (double)want[i], (double)got[i], size, 8);
            expect_close("sgd", i, (double)value[i] - rate * (g + momentum * new_m), (double)got[i],
                         size, 8);
        }
    }
}

static void test_adamw(void **state)
{
    const skc_adamw_step step = { 0.01f, 0.9f, 0.75f, 1e-3f, 0.1f, 0.19f, 0.4375f, 0.5f };
    const double         rate = (double)step.rate, b1 = (double)step.beta1, b2 = (double)step.beta2;

    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *grad = fresh(0, n), *m = fresh(1, n), *value = fresh(2, n);
        float       *v = fresh(3, n), *want_m, *want_v, *want, *got_m, *got_v, *got;

        for (size_t i = 0; i < n; i++)
            v[i] = fabsf(v[i]);
        want_m = copied(4, n, m), want_v = copied(5, n, v), want = copied(6, n, value);
        got_m = copied(7, n, m), got_v = copied(8, n, v), got = copied(9, n, value);
        SCALAR->adamw(n, &step, grad, want_m, want_v, want);
        tested.adamw(n, &step, grad, got_m, got_v, got);
        for (size_t i = 0; i < n; i++) {
            double g = (double)step.gradient_scale * (double)grad[i], x = (double)value[i];
            double t1 = b1 * (double)m[i], t2 = (1 - b1) * g, size_m = fabs(t1) + fabs(t2);
            double second = b2 * (double)v[i] + (1 - b2) * g * g;
            double unit   = rate / (double)step.correction1 /
                          (sqrt(second / (double)step.correction2) + (double)step.epsilon);
            double size  = fabs(x) + unit * size_m;
            double exact = x * (1 - rate * (double)step.decay) - unit * (t1 + t2);

            expect_close("adamw", i, (double)want_m[i], (double)got_m[i], size_m, 16);
            expect_close("adamw", i, t1 + t2, (double)got_m[i], size_m, 16);
            expect_close("adamw", i, (double)want_v[i], (double)got_v[i], second, 16);
            expect_close("adamw", i, second, (double)got_v[i], second, 16);
            expect_close("adamw", i, (double)want[i], (double)got[i], size, 16);
            expect_close("adamw", i, exact, (double)got[i], size, 16);
        }
    }
}

static void test_average(void **state)
{
    (void)state;
    EACH_SET_AND_PLACEMENT
    EACH_LENGTH(n)
    {
        const float *value = fresh(0, n), *mean = fresh(1, n);
        float       *want = copied(2, n, mean), *got = copied(3, n, mean);

        SCALAR->average(n, 0.75f, value, want);
        tested.average(n, 0.75f, value, got);
        for (size_t i = 0; i < n; i++) {
            double size  = magnitude(mean[i]) + magnitude(value[i]);
            double exact = (double)mean[i] + 0.25 * ((double)value[i] - (double)mean[i]);

            expect_close("average", i, (double)want[i], (double)got[i], size, 4);
            expect_close("average", i, exact, (double)got[i], size, 4);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sgd),
        cmocka_unit_test(test_adamw),
        cmocka_unit_test(test_average),
    };

    return cmocka_run_group_tests_name("optimisers", tests, map_slots, NULL);
}
