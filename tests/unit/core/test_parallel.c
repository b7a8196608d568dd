/* test_parallel.c - every task once, in contiguous parts that depend on nothing but two numbers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "core/parallel.h"

enum { MAX_TASKS = 300 };

typedef struct record {
    int32_t   times[MAX_TASKS], thread[MAX_TASKS];
    int32_t   position[SKC_MAX_THREADS]; /* the task that each thread did last; -1: none */
    int32_t   disordered;
    pthread_t caller, strangers[MAX_TASKS];
} record;

static void note_task(void *context, int32_t task, int32_t thread)
{
    record *r = context;

    r->times[task]++;
    r->thread[task]    = thread;
    r->strangers[task] = pthread_self();
    if (task <= r->position[thread])
        r->disordered = 1;
    r->position[thread] = task;
}

static record run(int32_t threads, int32_t tasks)
{
    record r;

    memset(&r, 0, sizeof r);
    memset(r.position, -1, sizeof r.position);
    r.caller = pthread_self();
    skc__parallel(threads, tasks, note_task, &r);
    return r;
}

static void test_every_task_once(void **state)
{
    static const int32_t tasks[] = { 0, 1, 2, 3, 7, 64, 299 };

    (void)state;
    for (int32_t threads = 1; threads <= 9; threads++)
        for (size_t k = 0; k < sizeof tasks / sizeof tasks[0]; k++) {
            record r = run(threads, tasks[k]), again = run(threads, tasks[k]);

            for (int32_t i = 0; i < tasks[k]; i++) {
                assert_int_equal(r.times[i], 1);
                assert_in_range(r.thread[i], 0, threads - 1);
                assert_true(i == 0 || r.thread[i] >= r.thread[i - 1]); /* contiguous */
                assert_int_equal(again.thread[i], r.thread[i]);
            }
            assert_int_equal(r.disordered, 0);
        }
}

static void test_fair_parts(void **state)
{
    record  r        = run(4, 30);
    int32_t count[4] = { 0 };

    (void)state;
#ifdef _OPENMP
    for (int32_t i = 0; i < 30; i++)
        count[r.thread[i]]++;
    for (int t = 0; t < 4; t++)
        assert_in_range(count[t], 7, 8);
#else
    (void)r;
    (void)count;
#endif
}

static void test_one_thread_is_the_caller(void **state)
{
    record r = run(1, 20), single = run(8, 1);

    (void)state;
    for (int32_t i = 0; i < 20; i++)
        assert_true(pthread_equal(r.strangers[i], r.caller));
    assert_true(pthread_equal(single.strangers[0], single.caller));
}

static void test_threads_of_a_runtime(void **state)
{
    skc_runtime runtime;
    skc_error   err;
    cpu_set_t   set;
    int32_t     threads = -1;

    (void)state;
    skc_runtime_init(&runtime);
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(skc__threads(&runtime, &threads, &err), SKC_OK);
#ifdef _OPENMP
    assert_int_equal(threads, CPU_COUNT(&set) > 256 ? 256 : CPU_COUNT(&set));
    assert_int_equal(skc__threads(NULL, &threads, &err), SKC_OK);
    assert_in_range(threads, 1, 256);
    runtime.threads = 256;
    assert_int_equal(skc__threads(&runtime, &threads, &err), SKC_OK);
    assert_int_equal(threads, 256);
#endif
    runtime.threads = 257;
    assert_int_equal(skc__threads(&runtime, &threads, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "257"));
    runtime.threads = -1;
    assert_int_equal(skc__threads(&runtime, &threads, &err), SKC_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once),
        cmocka_unit_test(test_fair_parts),
        cmocka_unit_test(test_one_thread_is_the_caller),
        cmocka_unit_test(test_threads_of_a_runtime),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
