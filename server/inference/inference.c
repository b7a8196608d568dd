/* inference.c - a queue of pictures for each task, and threads that take batches from them.
 *
 * A request is cut into one item for each task that it wants. Items wait in the task's queue; a
 * thread takes the task whose first item came first. The caller sleeps until its last item is done.
 */
#define _GNU_SOURCE
#include "inference/inference.h"
#include "failure.h"
#include "inference/batch.h"
#include "inference/models.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_THREADS = 256, MAX_WAIT = 1000000 };

#define NANOSECONDS 1000000000ULL

/* All items of one inference_run. */
typedef struct call {
    pthread_cond_t    done;
    int32_t           left;   /* items not yet done */
    skc_status        status; /* of the first that failed */
    skc_error         err;
    inference_models *models; /* that its items use, held */
} call;

typedef struct item {
    const inference_request *request;
    inference_answer        *answer;
    call                    *call;
    uint64_t                 arrived;
    struct item             *next;
} item;

typedef struct queue {
    item   *first, **last;
    int32_t count;
} queue;

typedef struct worker {
    pthread_t         thread;
    struct inference *service;
    int32_t           number;
} worker;

struct inference {
    inference_options options;
    char             *folder;
    pthread_mutex_t   mutex;
    pthread_mutex_t   changing; /* one reload at a time */
    pthread_cond_t    arrived;
    queue             queue[INFERENCE_TASKS];
    int32_t           waiting;
    bool              stopping;
    inference_models *current, *before;
    uint64_t          last_number;
    worker           *workers;
    int32_t           threads, started;
    inference_figures figures;
};

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NANOSECONDS + (uint64_t)t.tv_nsec;
}

static struct timespec timespec_of(uint64_t nanoseconds)
{
    return (struct timespec){ .tv_sec  = (time_t)(nanoseconds / NANOSECONDS),
                              .tv_nsec = (long)(nanoseconds % NANOSECONDS) };
}

static void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

/* ------------------------------------------------------------------ one batch */

/* Called with the mutex held. */
static void finish(struct inference *s, item *i, skc_status status, const skc_error *err)
{
    if (status != SKC_OK && i->call->status == SKC_OK) {
        i->call->status = status;
        i->call->err    = *err;
    }
    s->figures.dropped += status == SKC_EIO;
    if (--i->call->left == 0)
        pthread_cond_signal(&i->call->done);
}

static bool is_of_no_use(const item *i)
{
    const inference_request *r = i->request;

    return now() >= r->deadline || (r->abandoned != NULL && r->abandoned(r->context));
}

/* Runs a batch without the mutex; statuses[i] is that of items[i]. */
static void run_batch(struct inference *s, int32_t thread, inference_task task, item *const *items,
                      int32_t count, skc_status *statuses, skc_error *errors)
{
    batch_item all[MAX_BATCH];
    uint64_t   started = now();

    for (int32_t i = 0; i < count; i++)
        all[i] = (batch_item){ items[i]->request, items[i]->answer };
    batch_run(items[0]->call->models, thread, task, all, count, statuses, errors);
    if (s->options.batched != NULL)
        s->options.batched(s->options.context, task, count,
                           (double)(now() - started) / (double)NANOSECONDS);
}

/* ------------------------------------------------------------------ threads */

static void push(struct inference *s, inference_task task, item *i)
{
    queue *q = &s->queue[task];

    i->next  = NULL;
    *q->last = i;
    q->last  = &i->next;
    q->count++;
    s->waiting++;
}

static item *pop(struct inference *s, inference_task task)
{
    queue *q = &s->queue[task];
    item  *i = q->first;

    q->first = i->next;
    if (q->first == NULL)
        q->last = &q->first;
    q->count--;
    s->waiting--;
    return i;
}

/* When a batch of the task should be begun: now, unless more may come. */
static uint64_t due(const struct inference *s, int task)
{
    const queue *q = &s->queue[task];

    return q->count == 0 ? UINT64_MAX
           : q->count >= s->options.batch || s->stopping
               ? 0
               : q->first->arrived + (uint64_t)s->options.wait_microseconds * 1000;
}

/* Of the tasks that are due at `time`, the one whose first item came first, so that a full queue
 * does not keep the other one waiting; -1: none is, before *next. */
static int choose(const struct inference *s, uint64_t time, uint64_t *next)
{
    int best = -1;

    *next = UINT64_MAX;
    for (int t = 0; t < INFERENCE_TASKS; t++) {
        uint64_t at = due(s, t);

        if (at < *next)
            *next = at;
        if (at <= time && (best < 0 || s->queue[t].first->arrived < s->queue[best].first->arrived))
            best = t;
    }
    return best;
}

/* With the mutex held: the task to take a batch of; -1: the end. */
static int wait_for_work(struct inference *s)
{
    for (;;) {
        uint64_t next;
        int      task = choose(s, now(), &next);

        if (task >= 0 || s->stopping)
            return task;
        if (next == UINT64_MAX) {
            pthread_cond_wait(&s->arrived, &s->mutex);
        } else {
            struct timespec until = timespec_of(next);

            pthread_cond_timedwait(&s->arrived, &s->mutex, &until);
        }
    }
}

/* With the mutex held: takes items of one set of models; useless ones are finished at once. */
static int32_t take(struct inference *s, inference_task task, item **items)
{
    const skc_error late  = { SKC_EIO, "nobody waits for this any more" };
    int32_t         count = 0;

    while (s->queue[task].count > 0 && count < s->options.batch &&
           (count == 0 || s->queue[task].first->call->models == items[0]->call->models)) {
        item *i = pop(s, task);

        if (is_of_no_use(i))
            finish(s, i, SKC_EIO, &late);
        else
            items[count++] = i;
    }
    return count;
}

static void *work(void *argument)
{
    const worker     *me = argument;
    struct inference *s  = me->service;
    item             *items[MAX_BATCH];
    skc_status        statuses[MAX_BATCH];
    skc_error         errors[MAX_BATCH];
    int               task;

    pthread_mutex_lock(&s->mutex);
    while ((task = wait_for_work(s)) >= 0) {
        int32_t count = take(s, (inference_task)task, items);

        if (count == 0)
            continue;
        pthread_mutex_unlock(&s->mutex);
        run_batch(s, me->number, (inference_task)task, items, count, statuses, errors);
        pthread_mutex_lock(&s->mutex);
        for (int32_t i = 0; i < count; i++)
            finish(s, items[i], statuses[i], &errors[i]);
        s->figures.batches++;
        s->figures.pictures += (uint64_t)count;
    }
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

/* ------------------------------------------------------------------ requests */

/* Puts all items in, or none; with the mutex held. */
static skc_status enqueue(struct inference *s, const inference_request *requests, int32_t count,
                          inference_result *results, item *items, call *c, skc_error *err)
{
    int32_t n = 0;

    for (int32_t r = 0; r < count; r++)
        for (int t = 0; t < INFERENCE_TASKS; t++)
            n += requests[r].wanted[t];
    if (s->stopping || n > s->options.queue - s->waiting)
        return failure(err, SKC_ELIMIT, "%d pictures are waiting already", s->waiting);
    c->models = s->current;
    c->left   = n;
    models_hold(c->models);
    for (int32_t r = 0; r < count; r++) {
        models_hold(c->models);
        results[r] = (inference_result){ .models = c->models };
        for (int t = 0; t < INFERENCE_TASKS; t++) {
            if (!requests[r].wanted[t])
                continue;
            *items = (item){ &requests[r], &results[r].answer[t], c, now(), NULL };
            push(s, (inference_task)t, items++);
        }
    }
    pthread_cond_broadcast(&s->arrived);
    return SKC_OK;
}

skc_status inference_run(inference *s, const inference_request *requests, int32_t count,
                         inference_result *results, skc_error *err)
{
    item      *items = calloc((size_t)count * INFERENCE_TASKS, sizeof *items);
    call       c     = { .status = SKC_OK };
    skc_status status;

    if (items == NULL)
        return failure_memory(err);
    condition_init(&c.done);
    pthread_mutex_lock(&s->mutex);
    status = enqueue(s, requests, count, results, items, &c, err);
    while (c.left > 0)
        pthread_cond_wait(&c.done, &s->mutex);
    pthread_mutex_unlock(&s->mutex);
    pthread_cond_destroy(&c.done);
    free(items);
    if (status != SKC_OK)
        return status;
    inference_models_release(c.models);
    for (int32_t r = 0; r < count && c.status != SKC_OK; r++)
        inference_result_free(&results[r]);
    return c.status == SKC_OK ? SKC_OK : failure(err, c.status, "%s", c.err.message);
}

void inference_result_free(inference_result *result)
{
    for (int t = 0; t < INFERENCE_TASKS; t++) {
        free(result->answer[t].probabilities);
        skc_image_free(result->answer[t].heat_map);
    }
    inference_models_release(result->models);
    *result = (inference_result){ 0 };
}

skc_status inference_check(inference *s, uint64_t deadline, skc_error *err)
{
    inference_request request = { .wanted = { true, true }, .deadline = deadline };
    inference_result  result;
    skc_image        *image;
    skc_status        status = skc_image_create(32, 32, NULL, NULL, &image, err);

    if (status != SKC_OK)
        return status;
    request.image = image;
    status        = inference_run(s, &request, 1, &result, err);
    if (status == SKC_OK)
        inference_result_free(&result);
    skc_image_free(image);
    return status;
}

/* ------------------------------------------------------------------ models */

static skc_status load(inference *s, inference_models **out, skc_error *err)
{
    inference_models *models;
    skc_status        status = models_load(&s->options, s->threads, ++s->last_number, &models, err);

    if (status == SKC_OK && (status = models_try(models, err)) != SKC_OK)
        inference_models_release(models);
    if (status == SKC_OK)
        *out = models;
    return status;
}

skc_status inference_reload(inference *s, skc_error *err)
{
    inference_models *fresh = NULL, *dropped = NULL;
    skc_status        status;

    pthread_mutex_lock(&s->changing);
    status = load(s, &fresh, err);
    if (status == SKC_OK) {
        pthread_mutex_lock(&s->mutex);
        dropped    = s->before;
        s->before  = s->current;
        s->current = fresh;
        s->figures.reloads++;
        pthread_mutex_unlock(&s->mutex);
    }
    pthread_mutex_unlock(&s->changing);
    inference_models_release(dropped);
    return status;
}

skc_status inference_roll_back(inference *s, skc_error *err)
{
    skc_status status = SKC_OK;

    pthread_mutex_lock(&s->mutex);
    if (s->before == NULL) {
        status = failure(err, SKC_ENOTFOUND, "there are no models from before");
    } else {
        inference_models *other = s->before;

        s->before  = s->current;
        s->current = other;
        s->figures.reloads++;
    }
    pthread_mutex_unlock(&s->mutex);
    return status;
}

inference_models *inference_models_hold(inference *s)
{
    inference_models *models;

    pthread_mutex_lock(&s->mutex);
    models = s->current;
    models_hold(models);
    pthread_mutex_unlock(&s->mutex);
    return models;
}

inference_models *inference_models_before(inference *s)
{
    inference_models *models;

    pthread_mutex_lock(&s->mutex);
    models = s->before;
    if (models != NULL)
        models_hold(models);
    pthread_mutex_unlock(&s->mutex);
    return models;
}

inference_figures inference_figures_of(inference *s)
{
    inference_figures figures;

    pthread_mutex_lock(&s->mutex);
    figures         = s->figures;
    figures.waiting = s->waiting;
    pthread_mutex_unlock(&s->mutex);
    return figures;
}

/* ------------------------------------------------------------------ life */

static skc_status start_threads(inference *s, skc_error *err)
{
    s->workers = calloc((size_t)s->threads, sizeof *s->workers);
    if (s->workers == NULL)
        return failure_memory(err);
    for (; s->started < s->threads; s->started++) {
        worker *w = &s->workers[s->started];

        *w = (worker){ .service = s, .number = s->started };
        if (pthread_create(&w->thread, NULL, work, w) != 0)
            return failure(err, SKC_EIO, "thread %d of %d cannot be started", s->started + 1,
                           s->threads);
    }
    return SKC_OK;
}

static int32_t processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);

    return online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (int32_t)online;
}

skc_status inference_create(const inference_options *options, inference **out, skc_error *err)
{
    inference *s;
    skc_status status;

    if (options->batch < 1 || options->batch > MAX_BATCH || options->threads < 0 ||
        options->threads > MAX_THREADS)
        return failure(err, SKC_EINVAL, "%d pictures in a batch, %d threads; 1..%d and 0..%d go",
                       options->batch, options->threads, MAX_BATCH, MAX_THREADS);
    if (options->wait_microseconds < 0 || options->wait_microseconds > MAX_WAIT ||
        options->queue < 1)
        return failure(err, SKC_EINVAL,
                       "%d microseconds to wait, a queue of %d; 0..%d and 1 or more go",
                       options->wait_microseconds, options->queue, MAX_WAIT);
    s = calloc(1, sizeof *s);
    if (s == NULL)
        return failure_memory(err);
    s->options = *options;
    s->threads = options->threads > 0 ? options->threads : processors();
    pthread_mutex_init(&s->mutex, NULL);
    pthread_mutex_init(&s->changing, NULL);
    condition_init(&s->arrived);
    for (int t = 0; t < INFERENCE_TASKS; t++)
        s->queue[t].last = &s->queue[t].first;
    s->options.folder = s->folder = strdup(options->folder);
    status = s->folder == NULL ? failure_memory(err) : load(s, &s->current, err);
    if (status == SKC_OK)
        status = start_threads(s, err);
    if (status == SKC_OK)
        *out = s;
    else
        inference_free(s);
    return status;
}

void inference_free(inference *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->mutex);
    s->stopping = true;
    pthread_cond_broadcast(&s->arrived);
    pthread_mutex_unlock(&s->mutex);
    for (int32_t i = 0; i < s->started; i++)
        pthread_join(s->workers[i].thread, NULL);
    inference_models_release(s->current);
    inference_models_release(s->before);
    pthread_cond_destroy(&s->arrived);
    pthread_mutex_destroy(&s->mutex);
    pthread_mutex_destroy(&s->changing);
    free(s->workers);
    free(s->folder);
    free(s);
}
