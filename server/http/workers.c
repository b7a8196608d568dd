/* workers.c - the threads that handlers run on, and the bounded queue before them. */
#include "http/workers.h"

#include "http/exchange.h"

#include "failure.h"

#include <stdlib.h>
#include <string.h>

/* With the lock; `previous` is NULL for the first. */
static void unlink_from(workers *w, http_exchange *previous, http_exchange *x)
{
    *(previous != NULL ? &previous->next : &w->first) = x->next;
    if (w->last == x)
        w->last = previous;
    w->waiting--;
}

/* The event thread may release the exchange as soon as it is resumed. */
static void run_one(http_exchange *x)
{
    if (http_abandoned(x))
        http_reply_problem(x, HTTP_OVERDUE, "the request waited until its time was over");
    else
        exchange_run(x);
    MHD_resume_connection(x->mhd);
}

static void *work(void *context)
{
    workers *w = context;

    pthread_mutex_lock(&w->lock);
    for (;;) {
        http_exchange *x = w->first;

        if (x == NULL && w->stopping)
            break;
        if (x == NULL) {
            pthread_cond_wait(&w->filled, &w->lock);
            continue;
        }
        unlink_from(w, NULL, x);
        w->running++;
        pthread_mutex_unlock(&w->lock);
        run_one(x);
        pthread_mutex_lock(&w->lock);
        w->running--;
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

skc_status workers_start(workers *w, int32_t threads, int32_t limit, skc_error *err)
{
    *w         = (workers){ .limit = limit };
    w->threads = calloc((size_t)threads, sizeof *w->threads);
    if (w->threads == NULL)
        return failure_memory(err);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->filled, NULL);
    for (; w->count < threads; w->count++) {
        int error = pthread_create(&w->threads[w->count], NULL, work, w);

        if (error != 0) {
            failure(err, SKC_ELIMIT, "cannot start worker thread %d of %d: %s", (int)w->count + 1,
                    (int)threads, strerror(error));
            workers_stop(w);
            workers_free(w);
            return SKC_ELIMIT;
        }
    }
    return SKC_OK;
}

bool workers_push(workers *w, http_exchange *x)
{
    bool room;

    pthread_mutex_lock(&w->lock);
    room = w->waiting < w->limit && !w->stopping;
    if (room) {
        /* before a worker can see it, since it resumes */
        MHD_suspend_connection(x->mhd);
        x->next                                         = NULL;
        *(w->last != NULL ? &w->last->next : &w->first) = x;
        w->last                                         = x;
        w->waiting++;
        pthread_cond_signal(&w->filled);
    }
    pthread_mutex_unlock(&w->lock);
    return room;
}

/* Takes all, or those that are abandoned, out of the queue and answers them. */
static void dismiss(workers *w, bool all, http_problem problem, const char *detail)
{
    http_exchange *gone = NULL, *previous = NULL, *next;

    pthread_mutex_lock(&w->lock);
    for (http_exchange *x = w->first; x != NULL; x = next) {
        next = x->next;
        if (!all && !http_abandoned(x)) {
            previous = x;
            continue;
        }
        unlink_from(w, previous, x);
        x->next = gone;
        gone    = x;
    }
    pthread_mutex_unlock(&w->lock);
    for (; gone != NULL; gone = next) {
        next = gone->next;
        http_reply_problem(gone, problem, "%s", detail);
        MHD_resume_connection(gone->mhd);
    }
}

void workers_expire(workers *w)
{
    dismiss(w, false, HTTP_OVERDUE, "the request waited until its time was over");
}

void workers_stop(workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->filled);
    pthread_mutex_unlock(&w->lock);
    dismiss(w, true, HTTP_LOADING, "the service is stopping");
    for (int32_t i = 0; i < w->count; i++)
        pthread_join(w->threads[i], NULL);
}

void workers_free(workers *w)
{
    free(w->threads);
    pthread_cond_destroy(&w->filled);
    pthread_mutex_destroy(&w->lock);
}
