/* pool.c - the server's side: finds a free decoder, hands it a picture, and believes nothing.
 *
 * A decoder that died, was killed or answered nonsense is replaced before its place is given back;
 * where that fails, whoever takes the place next tries again. */
#define _GNU_SOURCE
#include "decoder/parts.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "failure.h"

/* Pages of shared memory beyond this are given back after a picture that needed them. */
enum { KEPT_BYTES = 4 << 20 };

typedef struct place {
    decoder_handle handle;
    bool           lives, busy;
    uint64_t       worked; /* nanoseconds */
} place;

struct decoders {
    pthread_mutex_t  lock; /* of `busy`, `lives` and the figures; a busy place is its taker's */
    pthread_cond_t   freed;
    decoder_spawner *spawner;
    decoder_options  options;
    decoder_figures  figures;
    place           *places; /* options.count */
};

/* ------------------------------------------------------------------ places */

/* A living one before an empty one. The lock is held. */
static place *find_idle(decoders *pool)
{
    place *found = NULL;

    for (int32_t i = 0; i < pool->options.count; i++) {
        place *p = &pool->places[i];

        if (!p->busy && p->lives)
            return p;
        if (!p->busy && found == NULL)
            found = p;
    }
    return found;
}

/* NULL: none was free in time. */
static place *take_place(decoders *pool, uint64_t deadline)
{
    struct timespec until = { (time_t)(deadline / 1000000000), (long)(deadline % 1000000000) };
    place          *found = NULL;
    int             error = decoder_now() < deadline ? 0 : ETIMEDOUT;

    pthread_mutex_lock(&pool->lock);
    while (error == 0 && (found = find_idle(pool)) == NULL)
        error = pthread_cond_timedwait(&pool->freed, &pool->lock, &until);
    if (found != NULL)
        found->busy = true;
    else
        pthread_cond_signal(&pool->freed); /* in case this thread was woken as its time ended */
    pthread_mutex_unlock(&pool->lock);
    return found;
}

static void give_back(decoders *pool, place *p)
{
    pthread_mutex_lock(&pool->lock);
    p->busy = false;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->lock);
}

static void set_lives(decoders *pool, place *p, bool lives)
{
    pthread_mutex_lock(&pool->lock);
    p->lives = lives;
    pthread_mutex_unlock(&pool->lock);
}

static skc_status fill_place(decoders *pool, place *p, skc_error *err)
{
    skc_status status = decoder_spawn(pool->spawner, &p->handle, err);

    if (status != SKC_OK)
        return status;
    p->worked = 0;
    set_lives(pool, p, true);
    return SKC_OK;
}

static void empty_place(decoders *pool, place *p)
{
    set_lives(pool, p, false);
    decoder_end(&p->handle);
}

/* Ends a decoder for what it said, whichever picture made it say so. */
static void end_mischief(decoders *pool, place *p)
{
    pthread_mutex_lock(&pool->lock);
    pool->figures.died++;
    pthread_mutex_unlock(&pool->lock);
    empty_place(pool, p);
}

/* A decoder that waits has nothing to say: what can be read is its end, or mischief. */
static bool waits(const place *p)
{
    struct pollfd news = { .fd = p->handle.socket, .events = POLLIN };

    return poll(&news, 1, 0) == 0;
}

/* An end is no mischief: anybody who may send signals can have killed it. */
static bool spoke(const place *p)
{
    char first;

    return recv(p->handle.socket, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* The decoder of a place that was taken, made anew where it has to be. */
static skc_status prepare_place(decoders *pool, place *p, skc_error *err)
{
    if (p->lives && !waits(p)) {
        if (spoke(p))
            end_mischief(pool, p);
        else
            empty_place(pool, p);
    }
    return p->lives ? SKC_OK : fill_place(pool, p, err);
}

/* ------------------------------------------------------------------ one picture */

/* ASTRAY: the reply was to another job. */
typedef enum outcome { ANSWERED, ASTRAY, DIED, OVERDUE, OUT_OF_TIME } outcome;

typedef struct answer {
    outcome       outcome;
    decoder_reply reply; /* where it is ANSWERED */
} answer;

static const char *name_of(const decoder_request *request)
{
    return request->name != NULL ? request->name : "picture";
}

static bool inside(skc_box box, int32_t width, int32_t height)
{
    return box.width >= 1 && box.height >= 1 && box.x >= 0 && box.y >= 0 && box.width <= width &&
           box.height <= height && box.x <= width - box.width && box.y <= height - box.height;
}

static bool same_box(skc_box a, skc_box b)
{
    return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

/* That the whole picture or the wanted box was cut where nothing was to be found. */
static bool crop_as_wanted(const decoder_job *job, const decoder_reply *r)
{
    const skc_box whole = { 0, 0, r->width, r->height };

    if (job->crop == DECODER_LESION && r->found == 1)
        return inside(r->crop, r->width, r->height);
    return r->found == 0 && inside(r->crop, r->width, r->height) &&
           same_box(r->crop, job->crop == DECODER_BOX ? job->box : whole);
}

static bool plausible(const decoder_options *options, const decoder_job *job,
                      const decoder_reply *r)
{
    switch (r->status) {
    case SKC_OK:
        return r->width >= 1 && r->height >= 1 && r->width <= UINT16_MAX &&
               r->height <= UINT16_MAX &&
               (uint64_t)r->width * (uint64_t)r->height <= options->limits.max_pixels &&
               crop_as_wanted(job, r);
    case SKC_EFORMAT:
    case SKC_EUNSUPPORTED:
    case SKC_ELIMIT:
        return true;
    case SKC_EINVAL:
        return job->crop == DECODER_BOX;
    default:
        return false;
    }
}

static skc_status make_job(const decoder_request *request, decoder_job *job, skc_error *err)
{
    const char *name = name_of(request);

    memset(job, 0, sizeof *job); /* with its padding: a decoder sees nothing of the server */
    if (getrandom(&job->number, sizeof job->number, 0) != sizeof job->number)
        return failure(err, SKC_EIO, "%s: no random number for its job: %s", name, strerror(errno));
    job->size = request->size;
    job->crop = (int32_t)request->crop;
    job->box  = request->box;
    memcpy(job->name, name, strnlen(name, sizeof job->name - 1));
    return SKC_OK;
}

static outcome judge_reply(const decoders *pool, const decoder_job *job, const decoder_reply *reply)
{
    if (reply->number != job->number)
        return ASTRAY;
    return plausible(&pool->options, job, reply) ? ANSWERED : DIED;
}

/* Hands the picture over and waits. The reply is a copy that the decoder cannot change. */
static outcome hand_over(const decoders *pool, place *p, const decoder_request *request,
                         const decoder_job *job, uint64_t deadline, decoder_reply *reply)
{
    uint64_t        start = decoder_now();
    uint64_t        last  = start + (uint64_t)pool->options.milliseconds * 1000000;
    message_outcome came;

    if (request->size > 0)
        memcpy(p->handle.memory, request->bytes, request->size);
    if (!message_send(p->handle.socket, job, sizeof *job, NULL, 0))
        return DIED;
    came = message_receive(p->handle.socket, last < deadline ? last : deadline, reply,
                           sizeof *reply, NULL);
    p->worked += decoder_now() - start;
    if (came == MESSAGE_LATE)
        return last < deadline ? OVERDUE : OUT_OF_TIME;
    return came == MESSAGE_ARRIVED ? judge_reply(pool, job, reply) : DIED;
}

/* A message from outside: plain ASCII, ended. */
static skc_status refuse(decoder_reply *reply, skc_error *err)
{
    reply->message[sizeof reply->message - 1] = '\0';
    for (char *c = reply->message; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x7f)
            *c = '?';
    return failure(err, (skc_status)reply->status, "%s", reply->message);
}

static skc_status take_result(const decoders *pool, const place *p, const decoder_reply *reply,
                              decoder_result *out, skc_error *err)
{
    decoder_result result = { NULL, reply->width, reply->height, reply->crop, reply->found == 1 };
    int32_t        width = reply->crop.width, height = reply->crop.height;
    skc_status     status;

    decoder_fit(&width, &height, pool->options.side);
    status = skc_image_create(width, height, p->handle.memory, NULL, &result.image, err);
    if (status == SKC_OK)
        *out = result;
    return status;
}

/* What a large picture or a large result took beyond what most need. */
static void give_pages_back(const decoders *pool, const place *p, size_t size)
{
    size_t side = (size_t)pool->options.side;

    if ((size > KEPT_BYTES || side * side * 3 > KEPT_BYTES) && p->handle.size > KEPT_BYTES)
        (void)madvise(p->handle.memory + KEPT_BYTES, p->handle.size - KEPT_BYTES, MADV_REMOVE);
}

static void count_outcome(decoders *pool, outcome o, skc_status status)
{
    pthread_mutex_lock(&pool->lock);
    pool->figures.pictures++;
    pool->figures.refused += status != SKC_OK && status != SKC_EIO && status != SKC_ENOMEM;
    pool->figures.died += o == DIED || o == ASTRAY;
    pool->figures.overdue += o == OVERDUE || o == OUT_OF_TIME;
    pthread_mutex_unlock(&pool->lock);
}

static skc_status no_time(const char *name, skc_error *err)
{
    return failure(err, SKC_EIO, "%s: there was no time left to decode it", name);
}

/* Where the status is not SKC_OK the picture was not handed over, and there is no answer. */
static skc_status ask(decoders *pool, place *p, const decoder_request *request, uint64_t deadline,
                      answer *a, skc_error *err)
{
    decoder_job job;
    skc_status  status = prepare_place(pool, p, err);

    if (status == SKC_OK)
        status = make_job(request, &job, err);
    if (status == SKC_OK && decoder_now() >= deadline)
        status = no_time(name_of(request), err);
    if (status == SKC_OK)
        a->outcome = hand_over(pool, p, request, &job, deadline, &a->reply);
    return status;
}

static skc_status conclude(decoders *pool, const place *p, const char *name, answer *a,
                           decoder_result *out, skc_error *err)
{
    switch (a->outcome) {
    case ANSWERED:
        return a->reply.status == SKC_OK ? take_result(pool, p, &a->reply, out, err)
                                         : refuse(&a->reply, err);
    case ASTRAY:
    case DIED:
        return failure(err, SKC_EFORMAT, "%s: this picture cannot be decoded", name);
    case OVERDUE:
        return failure(err, SKC_EFORMAT,
                       "%s: this picture cannot be decoded: it takes more than %d ms", name,
                       pool->options.milliseconds);
    default:
        return no_time(name, err);
    }
}

/* On a place that was taken. What an earlier picture left behind is no fault of this one: where the
 * reply is to another job, a fresh decoder is asked, once. */
static skc_status run_on(decoders *pool, place *p, const decoder_request *request,
                         uint64_t deadline, decoder_result *out, skc_error *err)
{
    answer     a;
    skc_status status = ask(pool, p, request, deadline, &a, err);

    if (status == SKC_OK && a.outcome == ASTRAY) {
        end_mischief(pool, p);
        status = ask(pool, p, request, deadline, &a, err);
    }
    if (status != SKC_OK)
        return status;
    status = conclude(pool, p, name_of(request), &a, out, err);
    count_outcome(pool, a.outcome, status);
    give_pages_back(pool, p, request->size);
    if (a.outcome != ANSWERED || p->worked > (uint64_t)DECODER_LIFETIME_SECONDS * 1000000000) {
        empty_place(pool, p);
        (void)fill_place(pool, p, NULL);
    }
    return status;
}

static skc_status check_request(const decoders *pool, const decoder_request *r, skc_error *err)
{
    const char *name = name_of(r);

    if (r->bytes == NULL && r->size > 0)
        return failure(err, SKC_EINVAL, "%s: %zu bytes at NULL", name, r->size);
    if (r->crop != DECODER_WHOLE && r->crop != DECODER_BOX && r->crop != DECODER_LESION)
        return failure(err, SKC_EINVAL, "%s: no such way to crop: %d", name, (int)r->crop);
    if (r->size > pool->options.limits.max_bytes)
        return failure(err, SKC_ELIMIT, "%s: %zu bytes; at most %llu", name, r->size,
                       (unsigned long long)pool->options.limits.max_bytes);
    return SKC_OK;
}

skc_status decoders_run(decoders *pool, const decoder_request *request, uint64_t deadline,
                        decoder_result *out, skc_error *err)
{
    skc_status status = check_request(pool, request, err);
    place     *p;

    if (status != SKC_OK) {
        count_outcome(pool, ANSWERED, status);
        return status;
    }
    p = take_place(pool, deadline);
    if (p == NULL)
        return failure(err, SKC_EIO, "%s: no decoder was free in time", name_of(request));
    status = run_on(pool, p, request, deadline, out, err);
    give_back(pool, p);
    return status;
}

/* ------------------------------------------------------------------ making and ending */

static void create_lock(decoders *pool)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pool->lock, NULL);
}

skc_status decoders_create(decoder_spawner *spawner, decoders **out, skc_error *err)
{
    const decoder_options *options = decoder_spawner_options(spawner);
    decoders              *pool    = calloc(1, sizeof *pool);
    place                 *places  = calloc((size_t)options->count, sizeof *places);
    skc_status             status  = SKC_OK;

    if (pool == NULL || places == NULL) {
        free(places);
        free(pool);
        return failure_memory(err);
    }
    pool->spawner = spawner;
    pool->options = *options;
    pool->places  = places;
    create_lock(pool);
    for (int32_t i = 0; i < options->count && status == SKC_OK; i++)
        status = fill_place(pool, &places[i], err);
    if (status == SKC_OK)
        *out = pool;
    else
        decoders_free(pool);
    return status;
}

decoder_figures decoders_figures(decoders *pool)
{
    bool            can_work = decoder_spawner_lives(pool->spawner);
    decoder_figures figures;

    pthread_mutex_lock(&pool->lock);
    figures = pool->figures;
    for (int32_t i = 0; i < pool->options.count; i++) {
        figures.ready += can_work && pool->places[i].lives && !pool->places[i].busy;
        figures.busy += pool->places[i].busy;
    }
    pthread_mutex_unlock(&pool->lock);
    return figures;
}

void decoders_free(decoders *pool)
{
    if (pool == NULL)
        return;
    for (int32_t i = 0; i < pool->options.count; i++)
        if (pool->places[i].lives)
            decoder_end(&pool->places[i].handle);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->lock);
    free(pool->places);
    free(pool);
}
