/* test_parallel.c - every task once, in contiguous parts that depend on nothing but two numbers. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "../faults.h"
#include "core/parallel.h"

enum { MAX_TASKS = 300 };

typedef struct record {
    int32_t   times[MAX_TASKS], part[MAX_TASKS];
    int32_t   position[SKC_MAX_THREADS]; /* the task that each part did last; -1: none */
    int32_t   disordered[SKC_MAX_THREADS];
    pthread_t by[MAX_TASKS];
} record;

static skc_pool *pool_of(int32_t threads)
{
    skc_runtime runtime;
    skc_pool   *pool;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    assert_int_equal(skc__pool_threads(pool), threads);
    return pool;
}

static void note_task(void *context, int32_t task, int32_t part)
{
    record *r = context;

    r->times[task]++;
    r->part[task] = part;
    r->by[task]   = pthread_self();
    r->disordered[part] += task <= r->position[part];
    r->position[part] = task;
}

static record run_on(skc_pool *pool, int32_t tasks)
{
    record r;

    memset(&r, 0, sizeof r);
    memset(r.position, -1, sizeof r.position);
    skc__parallel(pool, tasks, note_task, &r);
    return r;
}

/* Task i of `tasks` is part p's where p tasks / threads <= i, the quotient without its remainder.
 */
static void assert_parts(const record *r, int32_t threads, int32_t tasks)
{
    int32_t parts = threads < tasks ? threads : tasks;

    for (int32_t p = 0; p < parts; p++) {
        assert_int_equal(r->disordered[p], 0);
        for (int32_t i = tasks * p / parts; i < tasks * (p + 1) / parts; i++) {
            assert_int_equal(r->times[i], 1);
            assert_int_equal(r->part[i], p);
        }
    }
}

static void test_every_task_once(void **state)
{
    static const int32_t tasks[] = { 0, 1, 2, 3, 7, 64, 299 };

    (void)state;
    for (int32_t threads = 1; threads <= 9; threads++) {
        skc_pool *pool = pool_of(threads);

        for (int32_t again = 0; again < 20; again++)
            for (size_t k = 0; k < sizeof tasks / sizeof tasks[0]; k++) {
                record r = run_on(pool, tasks[k]);

                assert_parts(&r, threads, tasks[k]);
            }
        skc__pool_free(pool);
    }
}

static void test_fair_parts(void **state)
{
    skc_pool *pool     = pool_of(4);
    record    r        = run_on(pool, 30);
    int32_t   count[4] = { 0 };

    (void)state;
    for (int32_t i = 0; i < 30; i++)
        count[r.part[i]]++;
    for (int p = 0; p < 4; p++)
        assert_in_range(count[p], 7, 8);
    skc__pool_free(pool);
}

static void assert_alone(const record *r, int32_t tasks)
{
    for (int32_t i = 0; i < tasks; i++) {
        assert_int_equal(r->times[i], 1);
        assert_true(pthread_equal(r->by[i], pthread_self()));
    }
}

static void test_one_thread_is_the_caller(void **state)
{
    skc_pool *one = pool_of(1), *eight = pool_of(8);
    record    r[] = { run_on(one, 20), run_on(NULL, 20), run_on(eight, 1) };

    (void)state;
    assert_alone(&r[0], 20);
    assert_alone(&r[1], 20);
    assert_alone(&r[2], 1);
    skc__pool_free(one);
    skc__pool_free(eight);
}

/* ---------------------------------------------------------------- workers */

typedef struct meeting {
    sem_t     begun;
    bool      late; /* the worker lets the caller fall asleep */
    pthread_t by;
    sigset_t  blocked; /* of the worker's signals */
} meeting;

/* Part 0 does not end before part 1 has begun. */
static void meet(void *context, int32_t task, int32_t part)
{
    meeting        *m = context;
    struct timespec limit;

    assert_int_equal(task, part);
    if (part == 1) {
        sem_post(&m->begun);
        if (m->late)
            usleep(2000);
        pthread_sigmask(SIG_SETMASK, NULL, &m->blocked);
        m->by = pthread_self();
        return;
    }
    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += 60;
    assert_int_equal(sem_timedwait(&m->begun, &limit), 0);
}

static void test_parts_run_side_by_side(void **state)
{
    skc_pool *pool = pool_of(2);
    meeting   m;

    (void)state;
    assert_int_equal(sem_init(&m.begun, 0, 0), 0);
    for (int32_t again = 0; again < 200; again++) {
        m.by   = pthread_self();
        m.late = again % 8 == 0;
        if (again % 16 < 2)
            usleep(1000); /* the worker falls asleep */
        skc__parallel(pool, 2, meet, &m);
        assert_false(pthread_equal(m.by, pthread_self()));
    }
    assert_int_equal(sigismember(&m.blocked, SIGINT), 1); /* the program's threads take it */
    pthread_sigmask(SIG_SETMASK, NULL, &m.blocked);
    assert_int_equal(sigismember(&m.blocked, SIGINT), 0);
    sem_destroy(&m.begun);
    skc__pool_free(pool);
}

/* A stack of this size cannot be had, and so no thread. */
static void test_without_workers_all_is_the_same(void **state)
{
    pthread_attr_t usual, huge;
    skc_pool      *pool;
    record         r;

    (void)state;
    assert_int_equal(pthread_getattr_default_np(&usual), 0);
    assert_int_equal(pthread_attr_init(&huge), 0);
    assert_int_equal(pthread_attr_setstacksize(&huge, (size_t)1 << 50), 0);
    assert_int_equal(pthread_setattr_default_np(&huge), 0);
    pool = pool_of(4);
    assert_int_equal(pthread_setattr_default_np(&usual), 0);
    for (int32_t tasks = 0; tasks < 20; tasks++) {
        r = run_on(pool, tasks);
        assert_parts(&r, 4, tasks);
        assert_alone(&r, tasks);
    }
    skc__pool_free(pool);
    pthread_attr_destroy(&huge);
    pthread_attr_destroy(&usual);
}

/* ---------------------------------------------------------------- many at a time */

static void count_task(void *context, int32_t task, int32_t part)
{
    int64_t *sums = context;

    sums[part * 16] += task;
}

/* Regions of a few tasks each, whose sum is known. */
static void assert_counted(skc_pool *pool, int32_t regions, int32_t tasks)
{
    int64_t sums[8 * 16] = { 0 }, sum = 0;

    assert_in_range(skc__pool_threads(pool), 1, 8);
    for (int32_t i = 0; i < regions; i++)
        skc__parallel(pool, tasks, count_task, sums);
    for (int32_t part = 0; part < 8; part++)
        sum += sums[part * 16];
    assert_int_equal(sum, (int64_t)regions * tasks * (tasks - 1) / 2);
}

static void test_tiny_regions(void **state)
{
    (void)state;
    for (int32_t threads = 2; threads <= 4; threads += 2) {
        skc_pool *pool = pool_of(threads);

        assert_counted(pool, 100000, 5);
        skc__pool_free(pool);
    }
}

static void test_pools_come_and_go(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 300; i++) {
        skc_pool *pool = pool_of(1 + i % 5);

        assert_counted(pool, i % 3, 7); /* some are never used */
        skc__pool_free(pool);
    }
}

static void *use_own_pool(void *context)
{
    skc_pool *pool = context;

    assert_counted(pool, 2000, 9);
    return NULL;
}

/* More threads than processors, all of them with work. */
static void test_many_pools_side_by_side(void **state)
{
    pthread_t users[4];
    skc_pool *pools[4];

    (void)state;
    for (int i = 0; i < 4; i++) {
        pools[i] = pool_of(3);
        assert_int_equal(pthread_create(&users[i], NULL, use_own_pool, pools[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(users[i], NULL);
        skc__pool_free(pools[i]);
    }
}

/* Caller and workers have one processor between them: none of them gets it when it likes. */
static void test_one_processor_for_all(void **state)
{
    cpu_set_t before, one;
    skc_pool *pool;
    int       cpu = sched_getcpu();

    (void)state;
    assert_in_range(cpu, 0, CPU_SETSIZE - 1);
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    pool = pool_of(4);
    assert_counted(pool, 3000, 40);
    skc__pool_free(pool);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

typedef struct nest {
    skc_pool *inner[2]; /* by part */
    int64_t   sums[2][8 * 16];
} nest;

static void run_inside(void *context, int32_t task, int32_t part)
{
    nest *n = context;

    (void)task;
    skc__parallel(n->inner[part], 10, count_task, n->sums[part]);
}

static void test_nested(void **state)
{
    skc_pool *pool   = pool_of(2);
    nest      own    = { .inner = { pool_of(3), pool_of(2) } };
    nest      same   = { .inner = { pool, pool } }; /* busy: it does all alone */
    nest     *both[] = { &own, &same };

    (void)state;
    for (int k = 0; k < 2; k++) {
        int64_t sum = 0;

        for (int32_t again = 0; again < 500; again++)
            skc__parallel(pool, 6, run_inside, both[k]);
        for (int i = 0; i < 8 * 16; i++)
            sum += both[k]->sums[0][i] + both[k]->sums[1][i];
        assert_int_equal(sum, 500 * 6 * 45);
    }
    skc__pool_free(own.inner[0]);
    skc__pool_free(own.inner[1]);
    skc__pool_free(pool);
}

/* ---------------------------------------------------------------- creation */

static void test_threads_of_a_runtime(void **state)
{
    skc_runtime runtime;
    skc_error   err;
    cpu_set_t   set;
    skc_pool   *pool = NULL;

    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(skc__pool_create(NULL, &pool, &err), SKC_OK);
    assert_int_equal(skc__pool_threads(pool), CPU_COUNT(&set) > 256 ? 256 : CPU_COUNT(&set));
    skc__pool_free(pool);
    skc__pool_free(NULL);
    assert_int_equal(skc__pool_threads(NULL), 1);
    pool = pool_of(256);
    assert_true(skc__pool_bytes(pool) > 256 * sizeof(pthread_t));
    skc__pool_free(pool);
    pool = NULL;
    skc_runtime_init(&runtime);
    runtime.threads = 257;
    assert_int_equal(skc__pool_create(&runtime, &pool, &err), SKC_EINVAL);
    assert_non_null(strstr(err.message, "257"));
    runtime.threads = -1;
    assert_int_equal(skc__pool_create(&runtime, &pool, &err), SKC_EINVAL);
    assert_null(pool);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_runtime three  = *runtime;
    skc_pool   *pool   = NULL;
    skc_status  status = SKC_OK;

    (void)context;
    three.threads = 3;
    status        = skc__pool_create(&three, &pool, NULL);
    skc__pool_free(pool);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_int_equal(faults_count(attempt, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_task_once),
        cmocka_unit_test(test_fair_parts),
        cmocka_unit_test(test_one_thread_is_the_caller),
        cmocka_unit_test(test_parts_run_side_by_side),
        cmocka_unit_test(test_without_workers_all_is_the_same),
        cmocka_unit_test(test_tiny_regions),
        cmocka_unit_test(test_pools_come_and_go),
        cmocka_unit_test(test_many_pools_side_by_side),
        cmocka_unit_test(test_one_processor_for_all),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_threads_of_a_runtime),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
