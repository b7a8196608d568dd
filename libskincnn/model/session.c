/* session.c - prediction: pictures in, probabilities out, without allocating. */
#include <math.h>
#include <string.h>

#include "graph/slice.h"
#include "graph/workspace.h"
#include "model/input.h"
#include "model/model.h"
#include "model/probability.h"

enum { MAX_BATCH = 4096 };

/* Memory for the temporary needs of resizing: grows to what one picture took, then stays. */
typedef struct scratch {
    skc_allocator  allocator;
    unsigned char *block;
    size_t         size, used, overflow; /* overflow: bytes that did not fit this time */
} scratch;

struct skc_session {
    skc_allocator       allocator;
    const skc_model    *model;
    skc_kernels         kernels;
    skc_pool           *pool;
    skc_folded          own; /* where the model has none prepared */
    bool                has_own;
    const skc_graph    *graph;
    const float *const *param;
    int32_t             max_batch, views;
    skc_workspace       workspace;
    skc_quantised       quantised; /* in its place where the model is */
    float              *input;     /* (batch, h, w, c), of either */
    int32_t             batch;     /* that go through the graph together; `views` at least */
    float              *scores;    /* (max_batch, labels): of all slices */
    float              *sampled;   /* one picture as float 0..255 */
    scratch             scratch;
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

/* After a picture: room for all of it next time. Failing to get it costs speed only. */
static void scratch_reset(scratch *s)
{
    size_t         wanted = s->used + s->overflow + SKC_ALIGNMENT;
    unsigned char *larger;

    if (s->overflow > 0 && (larger = skc__allocate(&s->allocator, wanted, NULL)) != NULL) {
        skc__release(&s->allocator, s->block);
        s->block = larger;
        s->size  = wanted;
    }
    s->used     = 0;
    s->overflow = 0;
}

/* ---------------------------------------------------------------- life */

static skc_status choose_graph(skc_session *session, skc_error *err)
{
    const skc_model  *model  = session->model;
    const skc_folded *folded = &model->folded;
    skc_status        status = SKC_OK;

    if (!model->has_folded) {
        status           = skc__fold(&model->graph, (const float *const *)model->param, false,
                                     &session->allocator, &session->own, err);
        session->has_own = status == SKC_OK;
        folded           = &session->own;
    }
    session->graph = &folded->graph;
    session->param = folded->param;
    return status;
}

static skc_status create_workspace(skc_session *session, skc_error *err)
{
    const skc_workspace_options options = { .max_batch = session->batch,
                                            .threads   = skc__pool_threads(session->pool),
                                            .pool      = session->pool,
                                            .kernels   = &session->kernels,
                                            .compact   = session->model->compact,
                                            .param     = session->param };
    skc_status status = skc__workspace_create(session->graph, &options, &session->allocator,
                                              &session->workspace, err);

    if (status == SKC_OK)
        session->input = session->workspace.value[0];
    return status;
}

static skc_status create_quantised(skc_session *session, skc_error *err)
{
    const skc_quantised_options options = { session->batch, skc__pool_threads(session->pool),
                                            session->pool, &session->kernels };
    skc_status                  status =
        skc__quantised_create(session->graph, session->param, &session->model->quantisation,
                              &options, &session->allocator, &session->quantised, err);

    if (status == SKC_OK)
        session->input = session->quantised.input;
    return status;
}

/* Pictures that go through the graph together: all views of one at least. */
static int32_t pictures_at_once(const skc_session *session, int32_t most)
{
    const skc_graph *graph       = session->graph;
    size_t           value_bytes = session->model->is_quantised ? 1 : sizeof(float);
    size_t           weights     = 0;
    int32_t          slice;

    for (int32_t p = 0; p < graph->param_count; p++)
        weights += skc__param_count(skc__graph_param(graph, p, NULL));
    /* prepared for Winograd's convolution, 3x3 weights grow to four times their size */
    slice = skc__slice(graph, value_bytes, 2 * value_bytes * weights, most);
    return slice > session->views ? slice : session->views;
}

static skc_status fill_session(skc_session *session, int32_t max_batch, const skc_runtime *runtime,
                               skc_error *err)
{
    int32_t    views  = session->model->views;
    skc_status status = skc__kernels(runtime, &session->kernels, err);

    if (status == SKC_OK)
        status = skc__pool_create(runtime, &session->pool, err);
    if (status == SKC_OK)
        status = choose_graph(session, err);
    if (status == SKC_OK)
        session->batch = pictures_at_once(session, max_batch > views ? max_batch : views);
    if (status == SKC_OK)
        status = session->model->is_quantised ? create_quantised(session, err)
                                              : create_workspace(session, err);
    if (status != SKC_OK)
        return status;
    session->sampled = skc__allocate(&session->allocator,
                                     skc__shape_count(session->graph->input) * sizeof(float), err);
    session->scores =
        skc__allocate(&session->allocator,
                      (size_t)max_batch * (size_t)session->model->label_count * sizeof(float), err);
    return session->sampled != NULL && session->scores != NULL ? SKC_OK : SKC_ENOMEM;
}

skc_status skc_session_create(const skc_model *model, int32_t max_batch, const skc_runtime *runtime,
                              skc_session **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_session  *session;
    skc_status    status;

    if (max_batch < 1 || max_batch > MAX_BATCH)
        return skc__fail(err, SKC_EINVAL, "max_batch is %d; 1..%d is allowed", max_batch,
                         (int)MAX_BATCH);
    session = skc__allocate_zeroed(&allocator, sizeof *session, err);
    if (session == NULL)
        return SKC_ENOMEM;
    session->allocator         = allocator;
    session->scratch.allocator = allocator;
    session->model             = model;
    session->max_batch         = max_batch;
    session->views             = model->views;
    status                     = fill_session(session, max_batch, runtime, err);
    if (status == SKC_OK)
        *out = session;
    else
        skc_session_free(session);
    return status;
}

void skc_session_free(skc_session *session)
{
    skc_allocator allocator;

    if (session == NULL)
        return;
    allocator = session->allocator;
    skc__pool_free(session->pool);
    skc__workspace_free(&session->workspace);
    skc__quantised_free(&session->quantised);
    if (session->has_own)
        skc__folded_free(&session->own);
    skc__release(&allocator, session->sampled);
    skc__release(&allocator, session->scores);
    skc__release(&allocator, session->scratch.block);
    skc__release(&allocator, session);
}

size_t skc_session_bytes(const skc_session *session)
{
    return sizeof *session + skc__pool_bytes(session->pool) + session->workspace.arena.size +
           session->quantised.arena.size +
           (session->has_own ? session->own.arena.size + session->own.graph.arena.size : 0) +
           (skc__shape_count(session->graph->input) +
            (size_t)session->max_batch * (size_t)session->model->label_count) *
               sizeof(float) +
           session->scratch.size;
}

/* ---------------------------------------------------------------- running */

/* Runs `n` inputs, read where they are unless they are quantised. */
static const float *run(const skc_session *session, const float *inputs, int32_t n)
{
    const skc_walk walk   = { .n = n, .input = inputs, .param = session->param };
    size_t         values = (size_t)n * skc__shape_count(session->graph->input);

    if (session->model->is_quantised) {
        if (inputs != session->input)
            memcpy(session->input, inputs, values * sizeof(float));
        skc__quantised_forward(&session->quantised, n);
        return session->quantised.output;
    }
    skc__forward(&session->workspace, &walk);
    return session->workspace.value[session->graph->node_count];
}

static skc_status check_finite(const float *values, size_t count, skc_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return skc__fail(err, SKC_EINVAL, "score %zu is not finite", i);
    return SKC_OK;
}

/* Floats bring NaN to the scores, where it is found; bytes would hide it. */
static skc_status check_inputs(const float *inputs, size_t count, skc_error *err)
{
    bool finite = true;

    for (size_t i = 0; i < count; i++)
        finite &= fabsf(inputs[i]) < INFINITY;
    return finite ? SKC_OK : skc__fail(err, SKC_EINVAL, "an input is not finite");
}

skc_status skc_session_run(skc_session *session, const float *inputs, int32_t count, float *logits,
                           skc_error *err)
{
    size_t     labels = (size_t)session->model->label_count;
    size_t     values = skc__shape_count(session->graph->input);
    skc_status status;

    if (count < 1 || count > session->max_batch)
        return skc__fail(err, SKC_EINVAL, "%d inputs; 1..%d are allowed", count,
                         session->max_batch);
    if (session->model->is_quantised && check_inputs(inputs, (size_t)count * values, err) != SKC_OK)
        return SKC_EINVAL;
    for (int32_t done = 0; done < count; done += session->batch) {
        int32_t      some   = count - done < session->batch ? count - done : session->batch;
        const float *result = run(session, inputs + (size_t)done * values, some);

        memcpy(session->scores + (size_t)done * labels, result,
               (size_t)some * labels * sizeof(float));
    }
    status = check_finite(session->scores, (size_t)count * labels, err);
    if (status == SKC_OK)
        memcpy(logits, session->scores, (size_t)count * labels * sizeof(float));
    return status;
}

/* Writes the `views` inputs of a picture from input number `at` on. */
static skc_status prepare(skc_session *session, const skc_image *image, int32_t at, skc_error *err)
{
    skc_preprocessing p         = session->model->preprocessing;
    size_t            elements  = skc__shape_count(session->graph->input);
    skc_allocator     allocator = { scratch_allocate, scratch_reallocate, scratch_release,
                                    &session->scratch };
    skc_pixels        staged;
    void             *block  = NULL;
    skc_status        status = skc__input_stage(image, &p, &allocator, &staged, &block, err);

    for (int32_t view = 0; view < session->views && status == SKC_OK; view++) {
        skc_sampling sampling = skc__sampling_plain(staged.width, staged.height, &p, view);

        skc__sample(&session->kernels, staged, &sampling, p.width, p.height, session->sampled);
        skc__input_normalise(&session->kernels, &p, session->sampled,
                             session->input + (size_t)(at + view) * elements);
    }
    skc__release(&allocator, block);
    scratch_reset(&session->scratch);
    return status;
}

static skc_status predict_some(skc_session *session, const skc_image *const *images, int32_t count,
                               float *probabilities, skc_error *err)
{
    int32_t      labels = session->model->label_count, views = session->views;
    const float *logits;
    skc_status   status = SKC_OK;

    for (int32_t i = 0; i < count && status == SKC_OK; i++)
        status = prepare(session, images[i], i * views, err);
    if (status != SKC_OK)
        return status;
    logits = run(session, session->input, count * views);
    status = check_finite(logits, (size_t)(count * views) * (size_t)labels, err);
    if (status != SKC_OK)
        return status;
    memset(probabilities, 0, (size_t)count * (size_t)labels * sizeof(float));
    for (int32_t i = 0; i < count * views; i++)
        skc__add_softmax(labels, logits + (ptrdiff_t)i * labels, session->model->temperature,
                         1.0 / views, probabilities + (ptrdiff_t)(i / views) * labels);
    return SKC_OK;
}

skc_status skc_session_predict(skc_session *session, const skc_image *const *images, int32_t count,
                               float *probabilities, skc_error *err)
{
    int32_t    most   = session->batch / session->views;
    skc_status status = SKC_OK;

    if (count < 1)
        return skc__fail(err, SKC_EINVAL, "%d pictures; 1 or more are allowed", count);
    for (int32_t done = 0; done < count && status == SKC_OK; done += most) {
        int32_t some = count - done < most ? count - done : most;

        status = predict_some(session, images + done, some,
                              probabilities + (ptrdiff_t)done * session->model->label_count, err);
    }
    return status;
}
