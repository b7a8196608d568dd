/* workers.h - the tasks of a tool, spread over threads. */
#ifndef SKC_TOOLS_WORKERS_H
#define SKC_TOOLS_WORKERS_H
#include <stdint.h>

/* Calls run(context, task) for task 0..tasks-1, each on the thread that is free first; returns when
 * all are done. `threads` 0: one for every processor. The caller is one of them, and does it all
 * where the system has no others. */
void workers_run(int32_t threads, int32_t tasks, void (*run)(void *context, int32_t task),
                 void *context);

#endif
