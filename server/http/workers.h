/* workers.h - the threads that handlers run on, and the bounded queue before them. */
#ifndef SKC_SERVER_HTTP_WORKERS_H
#define SKC_SERVER_HTTP_WORKERS_H

#include "http/http.h"

#include <pthread.h>

typedef struct workers {
    pthread_mutex_t lock;
    pthread_cond_t  filled;
    http_exchange  *first, *last;
    int32_t         waiting, limit, running;
    bool            stopping;
    pthread_t      *threads;
    int32_t         count;
} workers;

skc_status workers_start(workers *w, int32_t threads, int32_t limit, skc_error *err);
/* Suspends the exchange's connection and has its handler run on a worker, which then resumes it.
 * False: the queue is full, or closed; nothing has been done. On the event thread. */
bool       workers_push(workers *w, http_exchange *exchange);
/* Answers those in the queue that nobody waits for any more. */
void       workers_expire(workers *w);
/* Closes the queue, answers what is in it with HTTP_LOADING, waits for the handlers that run. */
void       workers_stop(workers *w);
/* Once no other thread can call any of these. */
void       workers_free(workers *w);

#endif
