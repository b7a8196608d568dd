/* test_workers.c - every task once, whatever the number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../tools/workers.h"

enum { MOST = 300 };

static void count_task(void *context, int32_t task)
{
    int32_t *times = context;

    times[task]++;
}

static void test_every_task_once(void **state)
{
    static const int32_t threads[] = { 0, 1, 2, 7, 256 }, tasks[] = { 0, 1, 2, 299 };

    (void)state;
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++)
        for (size_t k = 0; k < sizeof tasks / sizeof tasks[0]; k++) {
            int32_t times[MOST] = { 0 };

            workers_run(threads[t], tasks[k], count_task, times);
            for (int32_t i = 0; i < MOST; i++)
                assert_int_equal(times[i], i < tasks[k]);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
