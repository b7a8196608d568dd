/* parallel.h - the only door to threads: one loop over independent tasks. */
#ifndef SKC_CORE_PARALLEL_H
#define SKC_CORE_PARALLEL_H

#include "core/error.h"

enum { SKC_MAX_THREADS = 256 };

/* Threads that a runtime asks for: its number, or the processors this process may use. */
skc_status skc__threads(const skc_runtime *runtime, int32_t *out, skc_error *err);

/* Calls run(context, task, thread) for task 0..tasks-1, `thread` 0..threads-1 telling them apart.
 * Thread t does the t-th of `threads` contiguous parts, so that the same number of threads always
 * does the same tasks in the same order. With one thread (or one task) nothing is started. */
void skc__parallel(int32_t threads, int32_t                                        tasks,
                   void (*run)(void *context, int32_t task, int32_t thread), void *context);

#endif
