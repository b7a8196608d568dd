/* parallel.c - the only door to threads: a pool of workers and one loop over independent tasks.
 *
 * Each worker has a slot with one number, which says where its part of the work stands:
 *
 *     REST  -> READY    the caller gives out work
 *     READY -> TAKEN    the worker begins, or
 *     READY -> REST     the caller, done with its own part, does this one too
 *     TAKEN -> REST     the worker is done
 *
 * So a worker that does not get a processor holds nobody up unless it has begun. Who waits looks
 * at the number for a while, then sleeps: REST -> ASLEEP (the worker), TAKEN -> AWAITED (the
 * caller); whoever moves the number on from there wakes the sleeper.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "core/parallel.h"

#include <stdatomic.h>

#include "core/memory.h"

/* WebAssembly has no threads by default. A pool then has no workers: the caller does it all. */
#if defined(SKC_NO_THREADS) || (defined(__wasm__) && !defined(_REENTRANT))
#define HAVE_THREADS 0
#else
#define HAVE_THREADS 1
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#endif

enum { REST, READY, TAKEN, ASLEEP, AWAITED, QUIT };

typedef struct slot {
    _Alignas(2 * SKC_ALIGNMENT) atomic_int state; /* processors fetch lines by twos */
    int32_t   part;
    skc_pool *pool;
#if HAVE_THREADS
    pthread_t       thread;
    pthread_mutex_t mutex;
    pthread_cond_t  wake;
#endif
} slot;

typedef struct job {
    int32_t tasks, parts;
    void (*run)(void *context, int32_t task, int32_t part);
    void *context;
} job;

struct skc_pool {
    skc_allocator allocator;
    int32_t       threads, workers; /* workers: those that could be started */
    atomic_flag   busy;
    job           job;
    slot         *slots; /* (threads); the first is the caller's and not used */
};

static void run_part(const job *j, int32_t part)
{
    int32_t begin = (int32_t)((int64_t)j->tasks * part / j->parts);
    int32_t end   = (int32_t)((int64_t)j->tasks * (part + 1) / j->parts);

    for (int32_t task = begin; task < end; task++)
        j->run(j->context, task, part);
}

static bool move(slot *s, int from, int to)
{
    return atomic_compare_exchange_strong(&s->state, &from, to);
}

/* ---------------------------------------------------------------- waiting */

#if HAVE_THREADS

static int64_t nanoseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Looks long enough for what one thread does alone in a small network, its dense layers at the end,
 * and then its next input: who sleeps there is woken onto the waker's processor, and shares it
 * until the system looks again. Briefly enough for a processor that others want too. */
static bool changes_soon(slot *s, int from)
{
    enum { NANOSECONDS = 60000, LOOKS = 32 };
    int64_t end = 0;

    do {
        for (int look = 0; look < LOOKS; look++) {
            if (atomic_load_explicit(&s->state, memory_order_acquire) != from)
                return true;
            pause_briefly();
        }
        end = end == 0 ? nanoseconds() + NANOSECONDS : end;
    } while (nanoseconds() < end);
    return false;
}

/* Returns when the state is no longer `from`; sleeps, as `asleep`, where that takes long. */
static void wait_while(slot *s, int from, int asleep)
{
    if (changes_soon(s, from) || !move(s, from, asleep))
        return;
    pthread_mutex_lock(&s->mutex);
    while (atomic_load(&s->state) == asleep)
        pthread_cond_wait(&s->wake, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
}

/* Wakes the other side where it sleeps as `asleep`. The lock is taken so that it either sees the
 * new state or sleeps already. */
static void set_state(slot *s, int state, int asleep)
{
    if (atomic_exchange(&s->state, state) != asleep)
        return;
    pthread_mutex_lock(&s->mutex);
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_signal(&s->wake);
}

/* ---------------------------------------------------------------- workers */

static void *work(void *context)
{
    slot *s = context;

    for (;;) {
        wait_while(s, REST, ASLEEP);
        if (atomic_load(&s->state) == QUIT)
            return NULL;
        if (!move(s, READY, TAKEN))
            continue; /* the caller was quicker */
        run_part(&s->pool->job, s->part);
        set_state(s, REST, AWAITED);
    }
}

static bool start(slot *s)
{
    bool mutex = pthread_mutex_init(&s->mutex, NULL) == 0;
    bool wake  = mutex && pthread_cond_init(&s->wake, NULL) == 0;

    if (wake && pthread_create(&s->thread, NULL, work, s) == 0)
        return true;
    if (wake)
        pthread_cond_destroy(&s->wake);
    if (mutex)
        pthread_mutex_destroy(&s->mutex);
    return false;
}

/* Signals are for the program's own threads. */
static void start_workers(skc_pool *pool)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (pool->workers < pool->threads - 1 && start(&pool->slots[pool->workers + 1]))
        pool->workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void stop_workers(skc_pool *pool)
{
    for (int32_t p = 1; p <= pool->workers; p++)
        set_state(&pool->slots[p], QUIT, ASLEEP);
    for (int32_t p = 1; p <= pool->workers; p++) {
        pthread_join(pool->slots[p].thread, NULL);
        pthread_cond_destroy(&pool->slots[p].wake);
        pthread_mutex_destroy(&pool->slots[p].mutex);
    }
}

static int32_t processors(void)
{
    cpu_set_t set;
    int       count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return count > SKC_MAX_THREADS ? SKC_MAX_THREADS : count < 1 ? 1 : count;
}

#else

static void wait_while(slot *s, int from, int asleep)
{
    (void)s, (void)from, (void)asleep;
}

static void set_state(slot *s, int state, int asleep)
{
    (void)asleep;
    atomic_store(&s->state, state);
}

static void start_workers(skc_pool *pool)
{
    (void)pool;
}

static void stop_workers(skc_pool *pool)
{
    (void)pool;
}

static int32_t processors(void)
{
    return 1;
}

#endif

/* ---------------------------------------------------------------- pool */

/* The pool, and the slots at the next address that suits them. */
static size_t block_bytes(int32_t threads)
{
    return sizeof(skc_pool) + _Alignof(slot) + (size_t)threads * sizeof(slot);
}

static slot *slots_behind(skc_pool *pool)
{
    uintptr_t mask = _Alignof(slot) - 1;

    return (slot *)(((uintptr_t)(pool + 1) + mask) & ~mask);
}

skc_status skc__pool_create(const skc_runtime *runtime, skc_pool **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    int32_t       threads   = runtime != NULL ? runtime->threads : 0;
    skc_pool     *pool;

    if (threads < 0 || threads > SKC_MAX_THREADS)
        return skc__fail(err, SKC_EINVAL, "threads is %d; 1..%d, or 0 for all processors", threads,
                         (int)SKC_MAX_THREADS);
    threads = threads > 0 ? threads : processors();
    pool    = skc__allocate(&allocator, block_bytes(threads), err);
    if (pool == NULL)
        return SKC_ENOMEM;
    *pool = (skc_pool){ .allocator = allocator, .threads = threads, .busy = ATOMIC_FLAG_INIT };
    pool->slots = slots_behind(pool);
    for (int32_t p = 0; p < threads; p++) {
        pool->slots[p] = (slot){ .part = p, .pool = pool };
        atomic_init(&pool->slots[p].state, REST);
    }
    start_workers(pool);
    *out = pool;
    return SKC_OK;
}

void skc__pool_free(skc_pool *pool)
{
    skc_allocator allocator;

    if (pool == NULL)
        return;
    stop_workers(pool);
    allocator = pool->allocator;
    skc__release(&allocator, pool);
}

int32_t skc__pool_threads(const skc_pool *pool)
{
    return pool != NULL ? pool->threads : 1;
}

size_t skc__pool_bytes(const skc_pool *pool)
{
    return block_bytes(pool->threads);
}

/* ---------------------------------------------------------------- loop */

static void share_out(skc_pool *pool)
{
    for (int32_t p = 1; p < pool->job.parts; p++)
        set_state(&pool->slots[p], READY, ASLEEP);
}

/* Does what no worker has begun, from the last on, which got its work last; waits for the rest. */
static void bring_in(skc_pool *pool)
{
    for (int32_t p = pool->job.parts - 1; p > 0; p--)
        if (move(&pool->slots[p], READY, REST))
            run_part(&pool->job, p);
    for (int32_t p = 1; p < pool->job.parts; p++)
        wait_while(&pool->slots[p], TAKEN, AWAITED);
}

void skc__parallel(skc_pool *pool, int32_t                                       tasks,
                   void (*run)(void *context, int32_t task, int32_t part), void *context)
{
    int32_t threads = skc__pool_threads(pool);
    job     j       = { tasks, threads < tasks ? threads : tasks, run, context };

    if (j.parts <= 1 || pool->workers == 0 || atomic_flag_test_and_set(&pool->busy)) {
        for (int32_t p = 0; p < j.parts; p++)
            run_part(&j, p);
        return;
    }
    pool->job = j;
    share_out(pool);
    run_part(&pool->job, 0);
    bring_in(pool);
    atomic_flag_clear(&pool->busy);
}
