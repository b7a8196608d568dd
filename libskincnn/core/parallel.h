/* parallel.h - the only door to threads: one loop over independent tasks. */
#ifndef SKC_CORE_PARALLEL_H
#define SKC_CORE_PARALLEL_H

#include "core/error.h"

enum { SKC_MAX_THREADS = 256 };

/* The threads that a runtime asks for: the caller's own and workers that wait for it. Whoever needs
 * threads for longer than a call has a pool of its own; it serves one caller at a time. A pool does
 * not survive fork() in the child. docs/decisions/0008-threads.md says how it works, and why. */
typedef struct skc_pool skc_pool;

/* Starts what the system lets it start: where that is less than was asked for, work takes longer
 * and comes out the same. */
skc_status skc__pool_create(const skc_runtime *runtime, skc_pool **out, skc_error *err);
void       skc__pool_free(skc_pool *pool);

int32_t skc__pool_threads(const skc_pool *pool); /* as asked for; NULL: 1 */
size_t  skc__pool_bytes(const skc_pool *pool);

/* Calls run(context, task, part) for task 0..tasks-1. Part p does the p-th of as many contiguous
 * ranges as the pool has threads, so that the same number of threads always does the same tasks in
 * the same order. Two tasks of one part never run at the same time: scratch memory belongs to the
 * part. Which thread does a part is not said. With one task, or pool NULL, the caller does it all
 * as part 0. A run may use another pool; where it uses this one, it does all alone. */
void skc__parallel(skc_pool *pool, int32_t                                       tasks,
                   void (*run)(void *context, int32_t task, int32_t part), void *context);

#endif
