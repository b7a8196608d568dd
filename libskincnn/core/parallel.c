/* parallel.c - the only door to threads: one loop over independent tasks. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "core/parallel.h"

#include <sched.h>

static int32_t processors(void)
{
    cpu_set_t set;
    int       count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return count > SKC_MAX_THREADS ? SKC_MAX_THREADS : count < 1 ? 1 : count;
}

skc_status skc__threads(const skc_runtime *runtime, int32_t *out, skc_error *err)
{
    int32_t threads = runtime != NULL ? runtime->threads : 0;

    if (threads < 0 || threads > SKC_MAX_THREADS)
        return skc__fail(err, SKC_EINVAL, "threads is %d; 1..%d, or 0 for all processors", threads,
                         (int)SKC_MAX_THREADS);
#ifdef _OPENMP
    *out = threads > 0 ? threads : processors();
#else
    *out = 1;
    (void)processors;
#endif
    return SKC_OK;
}

static void run_part(int32_t part, int32_t parts, int32_t tasks,
                     void (*run)(void *context, int32_t task, int32_t thread), void *context)
{
    int32_t begin = (int32_t)((int64_t)tasks * part / parts);
    int32_t end   = (int32_t)((int64_t)tasks * (part + 1) / parts);

    for (int32_t task = begin; task < end; task++)
        run(context, task, part);
}

void skc__parallel(int32_t threads, int32_t                                        tasks,
                   void (*run)(void *context, int32_t task, int32_t thread), void *context)
{
    int32_t parts = threads < tasks ? threads : tasks;

    if (parts <= 1) {
        run_part(0, 1, tasks, run, context);
        return;
    }
#ifdef _OPENMP
    /* schedule(static, 1): part p is thread p's even where fewer threads than asked for are given
     */
#pragma omp parallel for num_threads(parts) schedule(static, 1)
#endif
    for (int32_t part = 0; part < parts; part++)
        run_part(part, parts, tasks, run, context);
}
