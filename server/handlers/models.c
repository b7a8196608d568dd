/* models.c - the models in use: what they are, their labels, and putting others in their place. */
#include "handlers/handlers.h"
#include "handlers/judge.h"
#include "json_with.h"
#include "text.h"

#include <math.h>

static json_t *share(float value)
{
    return isfinite(value) ? json_real(round((double)value * 1e6) / 1e6) : json_null();
}

static json_t *points_json(const skc_model *model)
{
    json_t *list = json_array();

    for (int32_t i = 0; i < skc_model_operating_point_count(model); i++) {
        skc_operating_point p = skc_model_operating_point(model, i);

        list =
            json_with_item(list, json_pack("{s:s, s:o, s:o, s:o}", "name", p.name, "threshold",
                                           share(p.threshold), "sensitivity", share(p.sensitivity),
                                           "specificity", share(p.specificity)));
    }
    return list;
}

static json_t *labels_json(const inference_models *models, inference_task task)
{
    const skc_model *model = inference_model(models, task);
    json_t          *list  = json_array();

    for (int32_t i = 0; i < skc_model_label_count(model); i++) {
        const char *label = skc_model_label(model, i);

        list = json_with_item(list, json_pack("{s:s, s:o, s:b}", "label", label, "name",
                                              text_json(label_text(label)), "malignant",
                                              inference_malignant(models, task)[i]));
    }
    return list;
}

/* All that is known of one model. */
static json_t *model_json(const inference_models *models, inference_task task)
{
    const skc_model  *model   = inference_model(models, task);
    skc_preprocessing input   = skc_model_preprocessing(model);
    json_t           *answer  = judged_model(models, task);
    json_t           *further = json_pack(
                  "{s:{s:i, s:i}, s:I, s:o, s:o, s:s, s:b}", "input", "height", input.height, "width",
                  input.width, "parameters", (json_int_t)skc_model_parameter_count(model), "labels",
                  labels_json(models, task), "operating_points", points_json(model), "loaded",
                  inference_models_loaded(models), "quantised", skc_model_is_quantised(model));

    if (further == NULL || json_object_update(answer, further) != 0) {
        json_decref(answer);
        answer = NULL;
    }
    json_decref(further);
    return answer;
}

static json_t *set_json(const inference_models *models)
{
    if (models == NULL)
        return json_null();
    return json_pack("{s:I, s:o, s:o}", "number", (json_int_t)inference_models_number(models),
                     "malignancy", model_json(models, INFERENCE_MALIGNANCY), "diagnosis",
                     model_json(models, INFERENCE_DIAGNOSIS));
}

void handle_models(void *context, http_exchange *x)
{
    server           *s      = context;
    inference_models *models = inference_models_hold(s->inference);
    inference_models *before = inference_models_before(s->inference);
    json_t           *answer =
        json_pack("{s:o, s:o}", "current", set_json(models), "before", set_json(before));

    inference_models_release(models);
    inference_models_release(before);
    http_reply_json(x, 200, answer);
}

void handle_labels(void *context, http_exchange *x)
{
    server           *s      = context;
    inference_models *models = inference_models_hold(s->inference);
    json_t           *answer =
        json_pack("{s:o, s:o}", "malignancy", labels_json(models, INFERENCE_MALIGNANCY),
                  "diagnosis", labels_json(models, INFERENCE_DIAGNOSIS));

    inference_models_release(models);
    http_reply_json(x, 200, answer);
}

/* Messages name files, which are for the log only. */
static void answer_change(server *s, http_exchange *x, const char *event, skc_status status,
                          const skc_error *err)
{
    if (status != SKC_OK) {
        log_message(LOG_ERROR, "models not changed", "%s", err->message);
        http_reply_problem(x, HTTP_BAD_VALUE, "the models stay as they were; the log says why");
        return;
    }
    log_message(LOG_INFO, event, "other models are in use");
    handle_models(s, x);
}

void handle_models_reload(void *context, http_exchange *x)
{
    server    *s = context;
    skc_error  err;
    skc_status status = inference_reload(s->inference, &err);

    answer_change(s, x, "models reloaded", status, &err);
}

void handle_models_rollback(void *context, http_exchange *x)
{
    server    *s = context;
    skc_error  err;
    skc_status status = inference_roll_back(s->inference, &err);

    if (status == SKC_ENOTFOUND)
        http_reply_problem(x, HTTP_NOT_FOUND, "%s", err.message);
    else
        answer_change(s, x, "models rolled back", status, &err);
}
