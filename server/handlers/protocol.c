/* protocol.c - the Open Inference Protocol, version 2: the models for clients that speak it.
 *
 * https://github.com/kserve/open-inference-protocol. A picture is one element of the BYTES tensor
 * "image", in base64. Errors are problems with the member "error" that the protocol wants.
 */
#include "handlers/handlers.h"
#include "handlers/judge.h"
#include "json_with.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The task of the path's {model}; false: it has replied. */
static bool find_model(server *s, http_exchange *x, inference_task *task)
{
    const char *name = http_parameter(x, "model"), *version = http_parameter(x, "version");

    for (int t = 0; t < INFERENCE_TASKS; t++) {
        inference_models *models;
        bool              same;

        *task = (inference_task)t;
        if (strcmp(name, inference_task_name(*task)) != 0)
            continue;
        models = inference_models_hold(s->inference);
        same   = version == NULL || strcmp(version, inference_model_version(models, *task)) == 0;
        inference_models_release(models);
        if (!same)
            http_reply_problem(x, HTTP_NOT_FOUND, "model %s has no version '%.60s'", name, version);
        return same;
    }
    http_reply_problem(x, HTTP_NOT_FOUND, "there is no model '%.60s'", name);
    return false;
}

void handle_v2_server(void *context, http_exchange *x)
{
    (void)context;
    http_reply_json(x, 200,
                    json_pack("{s:s, s:s, s:[]}", "name", "skincnn-server", "version",
                              skc_version(), "extensions"));
}

void handle_v2_live(void *context, http_exchange *x)
{
    (void)context;
    http_reply_json(x, 200, json_pack("{s:b}", "live", 1));
}

void handle_v2_ready(void *context, http_exchange *x)
{
    server   *s = context;
    skc_error err;

    if (atomic_load(&s->draining) || health_check(s, http_deadline(x), &err) != SKC_OK)
        http_reply_problem(x, HTTP_LOADING, "the server is not ready");
    else
        http_reply_json(x, 200, json_pack("{s:b}", "ready", 1));
}

void handle_v2_model_ready(void *context, http_exchange *x)
{
    server        *s = context;
    inference_task task;
    skc_error      err;

    if (!find_model(s, x, &task))
        return;
    if (atomic_load(&s->draining) || health_check(s, http_deadline(x), &err) != SKC_OK)
        http_reply_problem(x, HTTP_LOADING, "the model is not ready");
    else
        http_reply_json(x, 200,
                        json_pack("{s:s, s:b}", "name", inference_task_name(task), "ready", 1));
}

static json_t *tensor(const char *name, const char *type, int32_t columns)
{
    json_t *shape = columns == 0 ? json_pack("[i]", -1) : json_pack("[i, i]", -1, columns);

    return json_pack("{s:s, s:s, s:o}", "name", name, "datatype", type, "shape", shape);
}

void handle_v2_model(void *context, http_exchange *x)
{
    server           *s = context;
    inference_models *models;
    inference_task    task;
    json_t           *answer;

    if (!find_model(s, x, &task))
        return;
    models = inference_models_hold(s->inference);
    answer = json_pack(
        "{s:s, s:[s], s:s, s:[o], s:[o, o, o, o]}", "name", inference_task_name(task), "versions",
        inference_model_version(models, task), "platform", "skincnn", "inputs",
        tensor("image", "BYTES", 0), "outputs",
        tensor("probabilities", "FP32", skc_model_label_count(inference_model(models, task))),
        tensor("label", "BYTES", 0), tensor("malignant", "BOOL", 0), tensor("refusal", "BYTES", 0));
    inference_models_release(models);
    http_reply_json(x, 200, answer);
}

/* ------------------------------------------------------------------ inference */

static bool wrong(http_exchange *x, const char *what)
{
    http_reply_problem(x, HTTP_BAD_VALUE, "%s", what);
    return false;
}

/* What is not about the picture; false: it has replied. */
static bool check_members(http_exchange *x, const json_t *body)
{
    const json_t *id = json_object_get(body, "id"), *outputs = json_object_get(body, "outputs");

    if (!json_is_object(body)) {
        http_reply_problem(x, HTTP_BAD_JSON, "the body must be an object");
        return false;
    }
    if (id != NULL && !json_is_string(id))
        return wrong(x, "id must be a text");
    return outputs == NULL || json_is_array(outputs) || wrong(x, "outputs must be a list");
}

/* The one input, {"name": "image", "datatype": "BYTES", "shape": [n], "data": [...]}. */
static bool read_input(http_exchange *x, const json_t *body, picture_list *list)
{
    const json_t *inputs = json_object_get(body, "inputs"), *input = json_array_get(inputs, 0);
    const json_t *shape = json_object_get(input, "shape"), *data = json_object_get(input, "data");
    const char   *name  = json_string_value(json_object_get(input, "name"));
    const char   *type  = json_string_value(json_object_get(input, "datatype"));
    json_int_t    count = json_integer_value(json_array_get(shape, 0));
    bool column = json_array_size(shape) == 2 && json_integer_value(json_array_get(shape, 1)) == 1;

    if (json_array_size(inputs) != 1 || name == NULL || strcmp(name, "image") != 0 ||
        type == NULL || strcmp(type, "BYTES") != 0)
        return wrong(x, "inputs must be one tensor with the name image and the datatype BYTES");
    if ((json_array_size(shape) != 1 && !column) || count < 1 || count > PICTURES_MOST ||
        json_array_size(data) != (size_t)count)
        return wrong(x, "shape must be [n] or [n, 1] with n of 1 to 16, and data have n elements");
    list->count = (int32_t)count;
    for (int32_t i = 0; i < list->count; i++) {
        sent_picture *p = &list->item[i];

        snprintf(p->name, sizeof p->name, "data[%d]", (int)i);
        if (!picture_from_base64(json_array_get(data, (size_t)i), p)) {
            http_reply_problem(x, p->failure.problem, "%s", p->failure.detail);
            return false;
        }
    }
    return true;
}

static json_t *output(const char *name, const char *type, int32_t rows, int32_t columns,
                      json_t *data)
{
    json_t *shape = columns == 0 ? json_pack("[i]", rows) : json_pack("[i, i]", rows, columns);

    return json_pack("{s:s, s:s, s:o, s:o}", "name", name, "datatype", type, "shape", shape, "data",
                     data);
}

/* Zeros and an empty label stand for a picture that is refused. */
static json_t *outputs_json(const judged *all, int32_t count, const inference_models *models,
                            inference_task task)
{
    const skc_model *model         = inference_model(models, task);
    int32_t          labels        = skc_model_label_count(model);
    json_t          *probabilities = json_array(), *names = json_array(), *malignant = json_array(),
           *refusals = json_array();

    for (int32_t i = 0; i < count; i++) {
        const float *p    = all[i].result.answer[task].probabilities;
        bool         good = judged_accepted(&all[i]) && p != NULL;
        double       sum  = good ? inference_malignant_probability(models, task, p) : 0;

        for (int32_t k = 0; k < labels; k++)
            probabilities = json_with_item(probabilities,
                                           json_real(good ? round((double)p[k] * 1e6) / 1e6 : 0));
        names = json_with_item(
            names, json_string(good ? skc_model_label(model, skc_model_decide(model, p)) : ""));
        malignant = json_with_item(
            malignant,
            json_boolean(good && sum >= (double)inference_point(models, task).threshold));
        refusals = json_with_item(refusals,
                                  json_string(good ? "" : skc_quality_name(all[i].quality.reason)));
    }
    return json_pack("[o, o, o, o]", output("probabilities", "FP32", count, labels, probabilities),
                     output("label", "BYTES", count, 0, names),
                     output("malignant", "BOOL", count, 0, malignant),
                     output("refusal", "BYTES", count, 0, refusals));
}

/* Leaves the outputs that "outputs" names; false: one of them does not exist. */
static bool select_outputs(const json_t *wanted, json_t *outputs)
{
    size_t found = 0, names = json_array_size(wanted);

    for (size_t i = json_array_size(outputs); names > 0 && i-- > 0;) {
        const json_t *name = json_object_get(json_array_get(outputs, i), "name");
        bool          keep = false;

        for (size_t k = 0; k < names && !keep; k++)
            keep = json_equal(json_object_get(json_array_get(wanted, k), "name"), name);
        found += keep;
        if (!keep)
            json_array_remove(outputs, i);
    }
    return found == names;
}

static void answer(http_exchange *x, const json_t *body, const judged *all, int32_t count,
                   inference_task task)
{
    const inference_models *models  = all[0].result.models;
    const json_t           *id      = json_object_get(body, "id");
    json_t                 *outputs = outputs_json(all, count, models, task);
    json_t                 *reply;

    if (outputs != NULL && !select_outputs(json_object_get(body, "outputs"), outputs)) {
        json_decref(outputs);
        wrong(x, "outputs may be probabilities, label, malignant and refusal, each once");
        return;
    }
    reply = json_pack("{s:s, s:s, s:o}", "model_name", inference_task_name(task), "model_version",
                      inference_model_version(models, task), "outputs", outputs);
    if (json_is_string(id))
        reply = json_with(reply, "id", json_string(json_string_value(id)));
    http_reply_json(x, 200, reply);
}

void handle_v2_infer(void *context, http_exchange *x)
{
    server        *s                       = context;
    bool           wanted[INFERENCE_TASKS] = { false };
    picture_list   list                    = { .several = false };
    judged         all[PICTURES_MOST];
    json_error_t   error;
    inference_task task;
    size_t         size;
    const char    *text;

    if (!find_model(s, x, &task))
        return;
    text      = http_body(x, &size);
    list.json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    http_release_body(x);
    if (list.json == NULL) {
        http_reply_problem(x, HTTP_BAD_JSON, "line %d, column %d: %s", error.line, error.column,
                           error.text);
        return;
    }
    wanted[task] = true;
    if (check_members(x, list.json) && read_input(x, list.json, &list) &&
        judge(s, x, &list, wanted, all)) {
        answer(x, list.json, all, list.count, task);
        judged_free(all, list.count);
    }
    pictures_free(&list);
}
