/* judge.c - one way for all routes: pictures are decoded, looked at, and given to the networks. */
#include "handlers/judge.h"
#include "handlers/base64.h"
#include "json_with.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAT_SIDE = 448, HEAT_QUALITY = 85 };

/* ------------------------------------------------------------------ judging */

/* By its first bytes: what begins otherwise is not damaged but something else. */
static bool is_jpeg_or_png(const sent_picture *p)
{
    return (p->size >= 3 && memcmp(p->bytes, "\xff\xd8\xff", 3) == 0) ||
           (p->size >= 8 && memcmp(p->bytes, "\x89PNG\r\n\x1a\n", 8) == 0);
}

static void fail_decoding(const sent_picture *p, judged *one, skc_status status,
                          const skc_error *err)
{
    if (status == SKC_EFORMAT && !is_jpeg_or_png(p))
        status = SKC_EUNSUPPORTED;
    one->failure.happened = true;
    one->failure.problem  = status == SKC_EUNSUPPORTED ? HTTP_PICTURE_FORMAT
                            : status == SKC_ELIMIT     ? HTTP_PICTURE_SIZE
                            : status == SKC_EFORMAT    ? HTTP_BAD_PICTURE
                            : status == SKC_EINVAL     ? HTTP_BAD_VALUE
                                                       : HTTP_BUSY;
    snprintf(one->failure.detail, sizeof one->failure.detail, "%s", err->message);
}

static void look_at(server *s, http_exchange *x, const sent_picture *p, judged *one)
{
    const decoder_request request = {
        .bytes = p->bytes, .size = p->size, .crop = p->crop, .box = p->box, .name = p->name
    };
    skc_error  err;
    skc_status status;

    if (p->failure.happened) {
        one->failure = p->failure;
        return;
    }
    status = decoders_run(s->decoders, &request, http_deadline(x), &one->decoded, &err);
    if (status == SKC_OK)
        status = skc_image_quality(one->decoded.image, NULL, &one->quality, &err);
    if (status != SKC_OK)
        fail_decoding(p, one, status, &err);
    else if (!judged_accepted(one))
        metrics_refusal(s->metrics, one->quality.reason);
}

bool judged_accepted(const judged *one)
{
    return !one->failure.happened && one->quality.reason == SKC_QUALITY_GOOD;
}

static bool abandoned(const void *exchange)
{
    return http_abandoned(exchange);
}

static bool infer(server *s, http_exchange *x, bool explain, const bool wanted[INFERENCE_TASKS],
                  judged *all, int32_t count)
{
    inference_request requests[PICTURES_MOST];
    inference_result  results[PICTURES_MOST];
    int32_t           accepted = 0;
    skc_error         err;
    skc_status        status;

    for (int32_t i = 0; i < count; i++) {
        if (!judged_accepted(&all[i]))
            continue;
        requests[accepted] = (inference_request){ .image     = all[i].decoded.image,
                                                  .explain   = explain,
                                                  .deadline  = http_deadline(x),
                                                  .abandoned = abandoned,
                                                  .context   = x };
        memcpy(requests[accepted++].wanted, wanted, INFERENCE_TASKS * sizeof(bool));
    }
    if (accepted == 0)
        return true;
    status = inference_run(s->inference, requests, accepted, results, &err);
    if (status != SKC_OK) {
        http_reply_problem(x,
                           status == SKC_EIO      ? HTTP_OVERDUE
                           : status == SKC_EINVAL ? HTTP_INTERNAL
                                                  : HTTP_BUSY,
                           "%s", err.message);
        return false;
    }
    for (int32_t i = count - 1; i >= 0; i--)
        if (judged_accepted(&all[i]))
            all[i].result = results[--accepted];
    return true;
}

/* A picture without a verdict names the models of the others, or those in use. */
static void name_models(server *s, judged *all, int32_t count)
{
    inference_models *models = NULL;

    for (int32_t i = 0; i < count && models == NULL; i++)
        if (all[i].result.models != NULL)
            models = inference_models_again(all[i].result.models);
    if (models == NULL)
        models = inference_models_hold(s->inference);
    for (int32_t i = 0; i < count; i++)
        if (all[i].result.models == NULL)
            all[i].result.models = inference_models_again(models);
    inference_models_release(models);
}

bool judge(server *s, http_exchange *x, const picture_list *list,
           const bool wanted[INFERENCE_TASKS], judged *out)
{
    bool good = true;

    memset(out, 0, (size_t)list->count * sizeof *out);
    for (int32_t i = 0; i < list->count; i++)
        look_at(s, x, &list->item[i], &out[i]);
    for (int32_t i = 0; i < list->count && good && !list->several; i++)
        if (out[i].failure.happened) {
            http_reply_problem(x, out[i].failure.problem, "%s", out[i].failure.detail);
            good = false;
        }
    good = good && infer(s, x, list->explain, wanted, out, list->count);
    if (good)
        name_models(s, out, list->count);
    else
        judged_free(out, list->count);
    return good;
}

void judged_free(judged *all, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        skc_image_free(all[i].decoded.image);
        inference_result_free(&all[i].result);
        all[i] = (judged){ 0 };
    }
}

/* ------------------------------------------------------------------ answers */

/* Six digits after the point are more than a float has. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(round(value * 1e6) / 1e6) : json_null();
}

static json_t *box_json(skc_box box)
{
    return json_pack("{s:i, s:i, s:i, s:i}", "x", box.x, "y", box.y, "width", box.width, "height",
                     box.height);
}

/* Measured on the cropped picture as it is judged; the box in pixels of that. */
static json_t *quality_json(const skc_quality *q)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "reason", skc_quality_name(q->reason),
                     "sharpness", number((double)q->sharpness), "brightness",
                     number((double)q->brightness), "contrast", number((double)q->contrast),
                     "noise", number((double)q->noise), "lesion",
                     q->has_lesion ? box_json(q->lesion) : json_null(), "lesion_share",
                     number((double)q->lesion_share));
}

json_t *judged_refusal(const judged *one)
{
    if (judged_accepted(one))
        return json_null();
    return json_pack("{s:s, s:o}", "reason", skc_quality_name(one->quality.reason), "text",
                     text_json(quality_text(one->quality.reason)));
}

json_t *judged_model(const inference_models *models, inference_task task)
{
    const skc_model *model = inference_model(models, task);

    return json_pack("{s:s, s:s, s:s, s:s}", "name", inference_task_name(task), "architecture",
                     skc_model_architecture_name(model), "version",
                     inference_model_version(models, task), "sha256", skc_model_sha256(model));
}

static json_t *decision_json(const inference_models *models, inference_task task, const float *p)
{
    skc_operating_point point = inference_point(models, task);
    double              sum   = inference_malignant_probability(models, task, p);

    return json_pack("{s:b, s:o, s:o, s:s}", "malignant", sum >= (double)point.threshold,
                     "probability", number(sum), "threshold", number((double)point.threshold),
                     "operating_point", point.name);
}

skc_status judged_jpeg(const skc_image *image, int32_t side, int32_t quality, uint8_t **bytes,
                       size_t *size, skc_error *err)
{
    int32_t    width = skc_image_width(image), height = skc_image_height(image);
    int32_t    longer = width > height ? width : height;
    skc_image *small  = NULL;
    skc_status status = SKC_OK;

    if (longer > side) {
        status =
            skc_image_resize(image, width * side / longer > 0 ? width * side / longer : 1,
                             height * side / longer > 0 ? height * side / longer : 1, &small, err);
        image = small;
    }
    if (status == SKC_OK)
        status = skc_image_encode(image, SKC_JPEG, quality, NULL, bytes, size, err);
    skc_image_free(small);
    return status;
}

static json_t *heat_json(const skc_image *heat)
{
    uint8_t  *bytes;
    size_t    size;
    char     *url;
    json_t   *json;
    skc_error err;

    if (heat == NULL)
        return json_null();
    if (judged_jpeg(heat, HEAT_SIDE, HEAT_QUALITY, &bytes, &size, &err) != SKC_OK)
        return NULL;
    url  = base64_data_url("image/jpeg", bytes, size);
    json = url == NULL ? NULL : json_string_nocheck(url);
    skc_free(NULL, bytes);
    free(url);
    return json;
}

static json_t *names_json(const skc_model *model)
{
    json_t *names = json_object();

    for (int32_t i = 0; i < skc_model_label_count(model); i++)
        names = json_with(names, skc_model_label(model, i),
                          text_json(label_text(skc_model_label(model, i))));
    return names;
}

/* The members that a verdict has, or null for each. */
static json_t *verdict_json(const judged *one, inference_task task)
{
    const float     *p     = one->result.answer[task].probabilities;
    const skc_model *model = inference_model(one->result.models, task);
    json_t          *probabilities;

    if (!judged_accepted(one))
        return json_pack("{s:n, s:n, s:n, s:n}", "label", "probabilities", "decision", "heat_map");
    probabilities = json_object();
    for (int32_t i = 0; i < skc_model_label_count(model); i++)
        probabilities = json_with(probabilities, skc_model_label(model, i), number((double)p[i]));
    return json_pack("{s:s, s:o, s:o, s:o}", "label",
                     skc_model_label(model, skc_model_decide(model, p)), "probabilities",
                     probabilities, "decision", decision_json(one->result.models, task, p),
                     "heat_map", heat_json(one->result.answer[task].heat_map));
}

json_t *judged_json(const judged *one, inference_task task)
{
    json_t *answer  = json_pack("{s:s, s:b, s:o, s:o, s:{s:i, s:i}, s:o, s:o, s:o}", "task",
                                inference_task_name(task), "accepted", judged_accepted(one),
                                "refusal", judged_refusal(one), "quality",
                                quality_json(&one->quality), "picture", "width", one->decoded.width,
                                "height", one->decoded.height, "crop", box_json(one->decoded.crop),
                                "names", names_json(inference_model(one->result.models, task)),
                                "model", judged_model(one->result.models, task));
    json_t *verdict = verdict_json(one, task);

    if (answer == NULL || verdict == NULL || json_object_update(answer, verdict) != 0) {
        json_decref(answer);
        answer = NULL;
    }
    json_decref(verdict);
    return answer;
}

bool judged_frame(const http_exchange *x, json_t *answer)
{
    double milliseconds = (double)(http_now() - http_started(x)) / 1e6;

    return json_object_set_new(answer, "request_id", json_string(http_request_id(x))) == 0 &&
           json_object_set_new(answer, "milliseconds", json_real(round(milliseconds * 10) / 10)) ==
               0 &&
           json_object_set_new(answer, "disclaimer", text_json(disclaimer_text())) == 0;
}
