/* score.c - the probabilities of a dataset's pictures, batch by batch. */
#include "train/score.h"

#include <math.h>
#include <string.h>

#include "model/model.h"
#include "model/probability.h"

enum { MAX_INDICES = 256, SCORE_BATCH = 32 };

static skc_status score_batch(const skc_scoring *s, const skc_dataset *dataset, int32_t first,
                              int32_t count, float *probabilities, skc_error *err)
{
    const skc_workspace *w    = s->workspace;
    const skc_walk       walk = { .n = count, .param = s->param };
    int32_t              indices[MAX_INDICES];
    int32_t              labels = dataset->label_count;

    for (int32_t i = 0; i < count; i++)
        indices[i] = first + i;
    for (int32_t view = 0; view < s->views; view++) {
        const float *logits = w->value[w->graph->node_count];

        skc__load_plain(s->loader, dataset, indices, count, view, w->value[0]);
        skc__forward(w, &walk);
        for (int32_t i = 0; i < count * labels; i++)
            if (!isfinite(logits[i]))
                return skc__fail(err, SKC_EDIVERGED, "picture %d: its score is not finite",
                                 first + i / labels);
        for (int32_t i = 0; i < count; i++)
            skc__add_softmax(labels, logits + (ptrdiff_t)i * labels, s->temperature, 1.0 / s->views,
                             probabilities + (ptrdiff_t)i * labels);
    }
    return SKC_OK;
}

skc_status skc__score_dataset(const skc_scoring *scoring, const skc_dataset *dataset,
                              float *probabilities, skc_error *err)
{
    int32_t    most   = scoring->workspace->max_batch;
    skc_status status = skc__loader_check(scoring->loader, dataset, err);

    if (most > MAX_INDICES)
        most = MAX_INDICES;
    if (status == SKC_OK)
        memset(probabilities, 0,
               (size_t)dataset->count * (size_t)dataset->label_count * sizeof(float));
    for (int32_t first = 0; first < dataset->count && status == SKC_OK; first += most) {
        int32_t count = dataset->count - first < most ? dataset->count - first : most;

        status = score_batch(scoring, dataset, first, count,
                             probabilities + (ptrdiff_t)first * dataset->label_count, err);
    }
    return status;
}

static skc_status score_with(const skc_model *model, const skc_folded *folded,
                             const skc_dataset *dataset, const skc_runtime *runtime,
                             float *probabilities, skc_error *err)
{
    skc_allocator         allocator = skc__allocator(runtime);
    skc_kernels           kernels;
    skc_pool             *pool      = NULL;
    skc_workspace_options options   = { .max_batch = SCORE_BATCH, .kernels = &kernels };
    skc_workspace         workspace = { 0 };
    skc_loader            loader    = { 0 };
    skc_scoring scoring = { &workspace, folded->param, &loader, model->temperature, model->views };
    skc_status  status  = skc__kernels(runtime, &kernels, err);

    if (status == SKC_OK)
        status = skc__pool_create(runtime, &pool, err);
    options.threads = skc__pool_threads(pool);
    options.pool    = pool;
    options.param   = folded->param;
    options.compact = model->compact;
    if (status == SKC_OK)
        status = skc__workspace_create(&folded->graph, &options, &allocator, &workspace, err);
    if (status == SKC_OK)
        status =
            skc__loader_create(&kernels, &model->preprocessing, pool, &allocator, &loader, err);
    if (status == SKC_OK)
        status = skc__score_dataset(&scoring, dataset, probabilities, err);
    skc__loader_free(&loader);
    skc__workspace_free(&workspace);
    skc__pool_free(pool);
    return status;
}

skc_status skc_model_predict_dataset(const skc_model *model, const skc_dataset *dataset,
                                     const skc_runtime *runtime, float *probabilities,
                                     skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_folded    own;
    skc_status    status;

    if (dataset->label_count != model->label_count)
        return skc__fail(err, SKC_EMISMATCH, "a dataset of %d labels for a model of %d",
                         dataset->label_count, model->label_count);
    if (model->has_folded)
        return score_with(model, &model->folded, dataset, runtime, probabilities, err);
    status =
        skc__fold(&model->graph, (const float *const *)model->param, false, &allocator, &own, err);
    if (status != SKC_OK)
        return status;
    status = score_with(model, &own, dataset, runtime, probabilities, err);
    skc__folded_free(&own);
    return status;
}
