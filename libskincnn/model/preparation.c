/* preparation.c - pictures to the inputs of a prediction, on several threads. */
#include "model/preparation.h"

#include <string.h>

/* Memory for the temporary needs of scaling: grows to what one picture took, then stays. */
typedef struct scratch {
    skc_allocator  allocator;
    unsigned char *block;
    size_t         size, used, overflow; /* overflow: bytes that did not fit this time */
    size_t         wanted;               /* by the largest picture so far */
} scratch;

struct skc_desk {
    scratch    scratch;
    float     *sampled; /* one input as float 0..255 */
    skc_status status;  /* of the pictures of one call */
    skc_error  error;
};

/* ---------------------------------------------------------------- scratch */

static void *scratch_allocate(void *user, size_t bytes)
{
    scratch *s     = user;
    size_t   piece = skc__arena_piece(bytes);

    if (piece < bytes)
        return NULL;
    if (s->block != NULL && piece <= s->size - s->used) {
        s->used += piece;
        return s->block + s->used - piece;
    }
    s->overflow += piece;
    return s->allocator.allocate(s->allocator.user, bytes);
}

static bool in_scratch(const scratch *s, const void *block)
{
    const unsigned char *p = block;

    return s->block != NULL && p >= s->block && p < s->block + s->size;
}

static void scratch_release(void *user, void *block)
{
    scratch *s = user;

    if (!in_scratch(s, block))
        s->allocator.release(s->allocator.user, block);
}

/* What the users of a scratch need of reallocation: nothing; a NULL tells them so. */
static void *scratch_reallocate(void *user, void *block, size_t bytes)
{
    (void)user;
    (void)block;
    (void)bytes;
    return NULL;
}

/* After a picture. */
static void scratch_reset(scratch *s)
{
    const size_t wanted = s->used + s->overflow + SKC_ALIGNMENT;

    if (s->overflow > 0 && wanted > s->wanted)
        s->wanted = wanted;
    s->used     = 0;
    s->overflow = 0;
}

static void scratch_grow(scratch *s, size_t size)
{
    unsigned char *larger;

    if (size <= s->size || (larger = skc__allocate(&s->allocator, size, NULL)) == NULL)
        return;
    skc__release(&s->allocator, s->block);
    s->block = larger;
    s->size  = size;
}

/* ---------------------------------------------------------------- life */

static size_t input_values(const skc_preprocessing *p)
{
    return (size_t)p->height * (size_t)p->width * 3;
}

skc_status skc__preparation_create(const skc_preparation_options *options,
                                   const skc_allocator *allocator, skc_preparation *out,
                                   skc_error *err)
{
    const int32_t   threads = skc__pool_threads(options->pool);
    const int32_t   desks   = threads < options->inputs ? threads : options->inputs;
    skc_preparation p       = { .allocator     = *allocator,
                                .kernels       = options->kernels,
                                .pool          = options->pool,
                                .preprocessing = *options->preprocessing,
                                .views         = options->views,
                                .count         = desks };

    p.desks = skc__allocate_zeroed(allocator, (size_t)p.count * sizeof *p.desks, err);
    if (p.desks == NULL)
        return SKC_ENOMEM;
    for (int32_t i = 0; i < p.count; i++) {
        p.desks[i].scratch.allocator = *allocator;
        p.desks[i].sampled =
            skc__allocate(allocator, input_values(&p.preprocessing) * sizeof(float), err);
        if (p.desks[i].sampled == NULL) {
            skc__preparation_free(&p);
            return SKC_ENOMEM;
        }
    }
    *out = p;
    return SKC_OK;
}

void skc__preparation_free(skc_preparation *preparation)
{
    for (int32_t i = 0; i < preparation->count && preparation->desks != NULL; i++) {
        skc__release(&preparation->allocator, preparation->desks[i].sampled);
        skc__release(&preparation->allocator, preparation->desks[i].scratch.block);
    }
    skc__release(&preparation->allocator, preparation->desks);
    preparation->desks = NULL;
}

size_t skc__preparation_bytes(const skc_preparation *preparation)
{
    size_t bytes = 0;

    for (int32_t i = 0; i < preparation->count; i++)
        bytes += sizeof(skc_desk) + input_values(&preparation->preprocessing) * sizeof(float) +
                 preparation->desks[i].scratch.size;
    return bytes;
}

/* ---------------------------------------------------------------- pictures */

/* Pictures of one call, and the staged one while its views are made. */
typedef struct job {
    skc_preparation        *preparation;
    const skc_image *const *images;
    skc_pixels              staged;
    float                  *inputs;
} job;

static void make_view(const skc_preparation *p, skc_desk *desk, skc_pixels staged, int32_t view,
                      float *input)
{
    const skc_preprocessing *how      = &p->preprocessing;
    const skc_sampling       sampling = skc__sampling_plain(staged.width, staged.height, how, view);

    skc__sample(p->kernels, staged, &sampling, how->width, how->height, desk->sampled);
    skc__input_normalise(p->kernels, how, desk->sampled, input);
}

static void make_one_view(void *context, int32_t view, int32_t part)
{
    const job *j = context;

    make_view(j->preparation, &j->preparation->desks[part], j->staged, view,
              j->inputs + (size_t)view * input_values(&j->preparation->preprocessing));
}

/* Stages a picture with a desk's memory and makes its views: on all threads, or on this one. */
static skc_status prepare(const job *j, skc_desk *desk, const skc_image *image, bool all_threads,
                          float *inputs, skc_error *err)
{
    skc_preparation    *p         = j->preparation;
    const skc_allocator allocator = { scratch_allocate, scratch_reallocate, scratch_release,
                                      &desk->scratch };
    job                 views     = { .preparation = p, .inputs = inputs };
    void               *block     = NULL;
    skc_status          status =
        skc__input_stage(image, &p->preprocessing, &allocator, &views.staged, &block, err);

    if (status == SKC_OK && all_threads)
        skc__parallel(p->pool, p->views, make_one_view, &views);
    for (int32_t view = 0; view < p->views && status == SKC_OK && !all_threads; view++)
        make_view(p, desk, views.staged, view,
                  inputs + (size_t)view * input_values(&p->preprocessing));
    skc__release(&allocator, block);
    scratch_reset(&desk->scratch);
    return status;
}

static void prepare_one(void *context, int32_t task, int32_t part)
{
    const job       *j    = context;
    skc_preparation *p    = j->preparation;
    skc_desk        *desk = &p->desks[part];

    if (desk->status == SKC_OK)
        desk->status =
            prepare(j, desk, j->images[task], false,
                    j->inputs + (size_t)task * (size_t)p->views * input_values(&p->preprocessing),
                    &desk->error);
}

/* What one desk needed each has from now on, whoever gets the next picture of that size. Failing to
 * get it costs speed only. */
static void grow_desks(const skc_preparation *p)
{
    size_t wanted = 0;

    for (int32_t i = 0; i < p->count; i++)
        wanted = p->desks[i].scratch.wanted > wanted ? p->desks[i].scratch.wanted : wanted;
    for (int32_t i = 0; i < p->count; i++)
        scratch_grow(&p->desks[i].scratch, wanted);
}

static skc_status prepare_all(job *j, int32_t count, skc_error *err)
{
    const skc_preparation *p = j->preparation;

    for (int32_t i = 0; i < p->count; i++)
        p->desks[i].status = SKC_OK;
    skc__parallel(p->pool, count, prepare_one, j);
    for (int32_t i = 0; i < p->count; i++)
        if (p->desks[i].status != SKC_OK)
            return skc__fail(err, p->desks[i].status, "%s", p->desks[i].error.message);
    return SKC_OK;
}

skc_status skc__prepare_pictures(skc_preparation *preparation, const skc_image *const *images,
                                 int32_t count, float *inputs, skc_error *err)
{
    job        j      = { .preparation = preparation, .images = images, .inputs = inputs };
    skc_status status = count == 1
                            ? prepare(&j, &preparation->desks[0], images[0], true, inputs, err)
                            : prepare_all(&j, count, err);

    grow_desks(preparation);
    return status;
}
