/* eval_points.c - how a model's operating points do on the pictures of an evaluation. */
#include "eval_points.h"
#include "cli.h"
#include "json_build.h"
#include "terminal.h"

#include <stdlib.h>

skc_status eval_points_measure(const skc_model *model, const evaluation *e, const int32_t *groups,
                               int32_t resamples, const skc_runtime *runtime, eval_points *out,
                               skc_error *err)
{
    size_t          labels = (size_t)skc_model_label_count(model), count = (size_t)e->count;
    bool           *malignant = cli_memory(NULL, labels, sizeof *malignant); /* of the model */
    float          *scores    = cli_memory(NULL, count, sizeof *scores);
    bool           *positive  = cli_memory(NULL, count, sizeof *positive);
    points_pictures pictures  = { scores, positive, groups, e->count, resamples };
    bool            known     = e->malignant != NULL && points_malignant(model, malignant);
    int32_t         points    = known ? skc_model_operating_point_count(model) : 0;
    skc_status      status    = SKC_OK;

    *out = (eval_points){ .count = 0 };
    for (int32_t i = 0; i < e->count && points > 0; i++) {
        scores[i] =
            points_sum(e->probabilities + (ptrdiff_t)i * e->classes, e->malignant, e->classes);
        positive[i] = e->malignant[e->truth[i]];
    }
    for (; out->count < points && status == SKC_OK; out->count += status == SKC_OK)
        status = points_measure(points_at(model, malignant, out->count), &pictures, runtime,
                                &out->list[out->count], err);
    free(malignant);
    free(scores);
    free(positive);
    return status;
}

void eval_points_print(const eval_points *points, FILE *stream)
{
    table t;

    if (points->count < 2)
        return;
    t = table_begin("lrll");
    table_cell(&t, "operating point");
    table_cell(&t, "malignant from");
    table_cell(&t, "sensitivity");
    table_cell(&t, "specificity");
    for (int32_t i = 0; i < points->count; i++) {
        const points_measured *p = &points->list[i];

        table_cell(&t, "%s", p->point.name);
        table_cell(&t, "%.4f", (double)p->point.threshold);
        evaluation_interval_cell(&t, p->sensitivity);
        evaluation_interval_cell(&t, p->specificity);
    }
    fputc('\n', stream);
    table_end(&t, stream);
}

json_t *eval_points_json(const eval_points *points)
{
    json_t *list = json_checked(json_array());

    for (int32_t i = 0; i < points->count; i++) {
        const points_measured *p = &points->list[i];

        json_push(list, json_pack("{ss sf so so}", "name", p->point.name, "threshold",
                                  (double)p->point.threshold, "sensitivity",
                                  evaluation_interval_json(p->sensitivity), "specificity",
                                  evaluation_interval_json(p->specificity)));
    }
    return list;
}
