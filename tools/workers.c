/* workers.c - the tasks of a tool, spread over threads. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { MAX_THREADS = 256 };

typedef struct job {
    atomic_int next;
    int32_t    tasks;
    void (*run)(void *context, int32_t task);
    void *context;
} job;

static void *work(void *context)
{
    job *j = context;

    for (int task = atomic_fetch_add(&j->next, 1); task < j->tasks;
         task     = atomic_fetch_add(&j->next, 1))
        j->run(j->context, task);
    return NULL;
}

static int32_t processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

void workers_run(int32_t threads, int32_t tasks, void (*run)(void *context, int32_t task),
                 void *context)
{
    job       j = { .tasks = tasks, .run = run, .context = context };
    pthread_t others[MAX_THREADS];
    int32_t   wanted, started = 0;

    wanted = threads > 0 ? threads : processors();
    wanted = wanted < tasks ? wanted : tasks;
    wanted = wanted < MAX_THREADS ? wanted : MAX_THREADS;
    while (started < wanted - 1 && pthread_create(&others[started], NULL, work, &j) == 0)
        started++;
    work(&j);
    while (started > 0)
        pthread_join(others[--started], NULL);
}
