/* batch.c - one batch of pictures through one network, and their heat maps. */
#include "inference/batch.h"
#include "failure.h"
#include "inference/models.h"

#include <stdlib.h>
#include <string.h>

#define HEAT_OPACITY 0.6F

static skc_status draw_heat(inference_models *models, int32_t thread, inference_task task,
                            const batch_item *i, skc_error *err)
{
    skc_explainer *explainer;
    skc_heat       heat;
    skc_status     status = models_explainer(models, thread, task, &explainer, err);

    if (status == SKC_OK)
        status = skc_explainer_run(explainer, i->request->image, -1, &heat, err);
    if (status == SKC_OK)
        status =
            skc_image_overlay(i->request->image, &heat, HEAT_OPACITY, &i->answer->heat_map, err);
    return status;
}

/* Predicts `count` items of one set of models; their answers get the rows of `all`. */
static skc_status predict(inference_models *models, int32_t thread, inference_task task,
                          const batch_item *items, int32_t count, float *all, skc_error *err)
{
    const skc_image *images[MAX_BATCH];
    size_t           labels = (size_t)skc_model_label_count(inference_model(models, task));
    skc_status       status;

    for (int32_t i = 0; i < count; i++)
        images[i] = items[i].request->image;
    status = skc_session_predict(models_session(models, thread, task), images, count, all, err);
    for (int32_t i = 0; i < count && status == SKC_OK; i++) {
        float **own = &items[i].answer->probabilities;

        if (*own == NULL) /* not made by a batch that then failed */
            *own = malloc(labels * sizeof(float));
        if (*own == NULL)
            return failure_memory(err);
        memcpy(*own, all + (size_t)i * labels, labels * sizeof(float));
    }
    return status;
}

void batch_run(inference_models *models, int32_t thread, inference_task task,
               const batch_item *items, int32_t count, skc_status *statuses, skc_error *errors)
{
    size_t     labels = (size_t)skc_model_label_count(inference_model(models, task));
    float     *all    = malloc((size_t)count * labels * sizeof(float));
    skc_error  err    = { SKC_OK, "" };
    skc_status status =
        all == NULL ? failure_memory(&err) : predict(models, thread, task, items, count, all, &err);

    for (int32_t i = 0; i < count; i++) {
        statuses[i] = status;
        errors[i]   = err;
        if (status != SKC_OK && count > 1 && all != NULL) /* one picture's fault is its own */
            statuses[i] = predict(models, thread, task, &items[i], 1, all, &errors[i]);
        if (statuses[i] == SKC_OK && items[i].request->explain)
            statuses[i] = draw_heat(models, thread, task, &items[i], &errors[i]);
    }
    free(all);
}
