/* test_parallel_alone.c - the same parts in a build that has no threads. */
#define SKC_NO_THREADS
#include "core/parallel.c" /* in place of the library's */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { TASKS = 10, THREADS = 4 };

typedef struct record {
    int32_t done, part[TASKS];
} record;

static void note_task(void *context, int32_t task, int32_t part)
{
    record *r = context;

    assert_int_equal(task, r->done++); /* the caller alone: in their order */
    r->part[task] = part;
}

static void run_inside(void *context, int32_t task, int32_t part)
{
    record r = { 0 };

    (void)task;
    (void)part;
    skc__parallel(context, TASKS, note_task, &r);
    assert_int_equal(r.done, TASKS);
}

static void test_parts(void **state)
{
    static const int32_t wanted[TASKS] = { 0, 0, 1, 1, 1, 2, 2, 3, 3, 3 };
    skc_runtime          runtime;
    skc_pool            *pool = NULL;
    record               r    = { 0 };

    (void)state;
    skc_runtime_init(&runtime);
    runtime.threads = THREADS;
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    assert_int_equal(skc__pool_threads(pool), THREADS);
    skc__parallel(pool, TASKS, note_task, &r);
    assert_int_equal(r.done, TASKS);
    assert_memory_equal(r.part, wanted, sizeof wanted);
    skc__parallel(pool, THREADS, run_inside, pool);
    skc__pool_free(pool);
}

static void test_one_thread_by_default(void **state)
{
    skc_pool *pool = NULL;

    (void)state;
    assert_int_equal(skc__pool_create(NULL, &pool, NULL), SKC_OK);
    assert_int_equal(skc__pool_threads(pool), 1);
    skc__pool_free(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_one_thread_by_default),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
