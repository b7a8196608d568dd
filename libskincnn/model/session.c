/* session.c - prediction: pictures in, probabilities out, without allocating. */
#include <math.h>
#include <string.h>

#include "model/lanes.h"
#include "model/model.h"
#include "model/preparation.h"
#include "model/probability.h"

enum { MAX_BATCH = 4096 };

struct skc_session {
    skc_allocator    allocator;
    const skc_model *model;
    skc_kernels      kernels;
    skc_pool        *pool;
    skc_folded       own; /* where the model has none prepared */
    bool             has_own;
    const skc_graph *graph;
    int32_t          max_batch, views;
    skc_lanes        lanes;
    skc_preparation  preparation;
    int32_t          pictures; /* whose inputs stand in `inputs` together */
    float           *inputs;   /* (pictures, views, h, w, c) */
    bool             own_inputs;
    float           *scores; /* (inputs of a call, labels) */
};

/* ---------------------------------------------------------------- life */

static const skc_folded *folded_of(const skc_session *session)
{
    return session->has_own ? &session->own : &session->model->folded;
}

static skc_status choose_graph(skc_session *session, skc_error *err)
{
    const skc_model *model  = session->model;
    skc_status       status = SKC_OK;

    if (!model->has_folded) {
        status           = skc__fold(&model->graph, (const float *const *)model->param, false,
                                     &session->allocator, &session->own, err);
        session->has_own = status == SKC_OK;
    }
    session->graph = &folded_of(session)->graph;
    return status;
}

/* Inputs that there may be at a time: the views of one picture at least. */
static int32_t most_inputs(const skc_session *session)
{
    return session->max_batch > session->views ? session->max_batch : session->views;
}

static skc_status create_lanes(skc_session *session, skc_error *err)
{
    const skc_model        *model   = session->model;
    const skc_lanes_options options = { .graph = session->graph,
                                        .param = folded_of(session)->param,
                                        .quantisation =
                                            model->is_quantised ? &model->quantisation : NULL,
                                        .kernels = &session->kernels,
                                        .pool    = session->pool,
                                        .compact = model->compact,
                                        .most    = most_inputs(session) };

    return skc__lanes_create(&options, &session->allocator, &session->lanes, err);
}

/* Pictures are made inputs a few slices for each thread at a time. */
static skc_status create_preparation(skc_session *session, skc_error *err)
{
    enum { SLICES = 4 };
    const int64_t few =
        (int64_t)SLICES * skc__pool_threads(session->pool) * session->lanes.slice / session->views;
    const int64_t                 most    = most_inputs(session) / session->views;
    const int64_t                 some    = few < most ? few : most;
    const skc_preparation_options options = { .kernels       = &session->kernels,
                                              .pool          = session->pool,
                                              .preprocessing = &session->model->preprocessing,
                                              .views         = session->views,
                                              .inputs        = most_inputs(session) };

    session->pictures = some > 1 ? (int32_t)some : 1;
    return skc__preparation_create(&options, &session->allocator, &session->preparation, err);
}

static size_t input_floats(const skc_session *session)
{
    return (size_t)session->pictures * (size_t)session->views *
           skc__shape_count(session->graph->input);
}

static size_t score_floats(const skc_session *session)
{
    return (size_t)most_inputs(session) * (size_t)session->model->label_count;
}

static skc_status fill_session(skc_session *session, const skc_runtime *runtime, skc_error *err)
{
    skc_status status = skc__kernels(runtime, &session->kernels, err);

    if (status == SKC_OK)
        status = skc__pool_create(runtime, &session->pool, err);
    if (status == SKC_OK)
        status = choose_graph(session, err);
    if (status == SKC_OK)
        status = create_lanes(session, err);
    if (status == SKC_OK)
        status = create_preparation(session, err);
    if (status != SKC_OK)
        return status;
    session->inputs     = skc__lanes_first(&session->lanes);
    session->own_inputs = session->inputs == NULL;
    if (session->own_inputs)
        session->inputs =
            skc__allocate(&session->allocator, input_floats(session) * sizeof(float), err);
    session->scores =
        skc__allocate(&session->allocator, score_floats(session) * sizeof(float), err);
    return session->inputs != NULL && session->scores != NULL ? SKC_OK : SKC_ENOMEM;
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
    session->allocator = allocator;
    session->model     = model;
    session->max_batch = max_batch;
    session->views     = model->views;
    status             = fill_session(session, runtime, err);
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
    skc__lanes_free(&session->lanes);
    skc__preparation_free(&session->preparation);
    if (session->has_own)
        skc__folded_free(&session->own);
    if (session->own_inputs)
        skc__release(&allocator, session->inputs);
    skc__release(&allocator, session->scores);
    skc__release(&allocator, session);
}

size_t skc_session_bytes(const skc_session *session)
{
    return sizeof *session + skc__pool_bytes(session->pool) + skc__lanes_bytes(&session->lanes) +
           (session->has_own ? session->own.arena.size + session->own.graph.arena.size : 0) +
           skc__preparation_bytes(&session->preparation) +
           ((session->own_inputs ? input_floats(session) : 0) + score_floats(session)) *
               sizeof(float);
}

/* ---------------------------------------------------------------- running */

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
    size_t     scores = (size_t)count * (size_t)session->model->label_count;
    size_t     values = skc__shape_count(session->graph->input);
    skc_status status;

    if (count < 1 || count > session->max_batch)
        return skc__fail(err, SKC_EINVAL, "%d inputs; 1..%d are allowed", count,
                         session->max_batch);
    if (session->model->is_quantised && check_inputs(inputs, (size_t)count * values, err) != SKC_OK)
        return SKC_EINVAL;
    skc__lanes_run(&session->lanes, inputs, count, session->scores);
    status = check_finite(session->scores, scores, err);
    if (status == SKC_OK)
        memcpy(logits, session->scores, scores * sizeof(float));
    return status;
}

static skc_status predict_some(skc_session *session, const skc_image *const *images, int32_t count,
                               float *probabilities, skc_error *err)
{
    int32_t    labels = session->model->label_count, views = session->views;
    skc_status status =
        skc__prepare_pictures(&session->preparation, images, count, session->inputs, err);

    if (status != SKC_OK)
        return status;
    skc__lanes_run(&session->lanes, session->inputs, count * views, session->scores);
    status = check_finite(session->scores, (size_t)(count * views) * (size_t)labels, err);
    if (status != SKC_OK)
        return status;
    memset(probabilities, 0, (size_t)count * (size_t)labels * sizeof(float));
    for (int32_t i = 0; i < count * views; i++)
        skc__add_softmax(labels, session->scores + (ptrdiff_t)i * labels,
                         session->model->temperature, 1.0 / views,
                         probabilities + (ptrdiff_t)(i / views) * labels);
    return SKC_OK;
}

skc_status skc_session_predict(skc_session *session, const skc_image *const *images, int32_t count,
                               float *probabilities, skc_error *err)
{
    int32_t    most   = session->pictures;
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
