/* predict.c - POST /v1/malignancy and /v1/diagnosis. */
#include "handlers/handlers.h"
#include "handlers/judge.h"
#include "text.h"

/* In the place of a picture that could not be read. */
static json_t *failure_json(const http_exchange *x, const picture_failure *f)
{
    http_problem_info info = http_problem_of(f->problem);

    return json_pack("{s:{s:s+, s:s, s:i, s:s, s:s, s:s}}", "error", "type", "/docs#", info.code,
                     "title", info.title, "status", (int)info.status, "code", info.code, "detail",
                     f->detail, "request_id", http_request_id(x));
}

static json_t *list_json(const http_exchange *x, const judged *all, int32_t count,
                         inference_task task)
{
    json_t *results = json_array();

    for (int32_t i = 0; i < count; i++)
        if (json_array_append_new(results, all[i].failure.happened
                                               ? failure_json(x, &all[i].failure)
                                               : judged_json(&all[i], task)) != 0) {
            json_decref(results);
            return NULL;
        }
    return json_pack("{s:o, s:o}", "results", results, "model",
                     judged_model(all[0].result.models, task));
}

static void predict(server *s, http_exchange *x, inference_task task)
{
    bool         wanted[INFERENCE_TASKS] = { false };
    picture_list list;
    judged       all[PICTURES_MOST];
    json_t      *answer;

    if (!pictures_read(x, NULL, PICTURES_MOST, &list))
        return;
    wanted[task] = true;
    if (judge(s, x, &list, wanted, all)) {
        answer = list.several ? list_json(x, all, list.count, task) : judged_json(&all[0], task);
        if (answer != NULL && !judged_frame(x, answer)) {
            json_decref(answer);
            answer = NULL;
        }
        judged_free(all, list.count);
        http_reply_json(x, 200, answer);
    }
    pictures_free(&list);
}

void handle_malignancy(void *context, http_exchange *x)
{
    predict(context, x, INFERENCE_MALIGNANCY);
}

void handle_diagnosis(void *context, http_exchange *x)
{
    predict(context, x, INFERENCE_DIAGNOSIS);
}
