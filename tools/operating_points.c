/* operating_points.c - thresholds on the malignant probability: fitted, applied, shown. */
#include "operating_points.h"
#include "cli.h"
#include "json_build.h"
#include "tasks.h"
#include "terminal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool points_malignant(const skc_model *model, bool *malignant)
{
    int32_t      count = skc_model_label_count(model);
    const bool  *known = skc_model_malignant(model);
    const char **labels;
    bool         found;

    if (known != NULL) {
        memcpy(malignant, known, (size_t)count * sizeof *malignant);
        return true;
    }
    labels = cli_memory(NULL, (size_t)count, sizeof *labels);
    for (int32_t i = 0; i < count; i++)
        labels[i] = skc_model_label(model, i);
    found = task_mark_malignant(labels, count, malignant);
    free(labels);
    return found;
}

skc_operating_point points_at(const skc_model *model, const bool *malignant, int32_t i)
{
    skc_operating_point point = skc_model_operating_point(model, i);

    /* of a model that does not know them, a threshold is on the second label */
    if (skc_model_malignant(model) == NULL && malignant[0])
        point.threshold = 1 - point.threshold;
    return point;
}

float points_sum(const float *probabilities, const bool *malignant, int32_t labels)
{
    float sum = 0;

    for (int32_t i = 0; i < labels; i++)
        sum += malignant[i] ? probabilities[i] : 0;
    return fminf(sum, 1);
}

/* ------------------------------------------------------------------ one picture */

points_answer points_decide(const skc_model *model, const float *probabilities)
{
    int32_t       count     = skc_model_label_count(model);
    bool         *malignant = cli_memory(NULL, (size_t)count, sizeof *malignant);
    points_answer answer    = { .probability = NAN };

    if (points_malignant(model, malignant)) {
        answer.probability = (double)points_sum(probabilities, malignant, count);
        answer.has_point   = skc_model_operating_point_count(model) > 0;
    }
    if (answer.has_point) {
        answer.point     = points_at(model, malignant, 0);
        answer.malignant = answer.probability >= (double)answer.point.threshold;
    }
    free(malignant);
    return answer;
}

json_t *points_answer_json(const points_answer *answer)
{
    if (isnan(answer->probability))
        return json_checked(json_null());
    if (!answer->has_point)
        return json_checked(json_pack("{sf sn sn sn}", "probability", answer->probability, "point",
                                      "threshold", "decided"));
    return json_checked(json_pack("{sf ss sf sb}", "probability", answer->probability, "point",
                                  answer->point.name, "threshold", (double)answer->point.threshold,
                                  "decided", answer->malignant));
}

/* ------------------------------------------------------------------ fitting */

typedef struct fitting {
    float  *scores;   /* (count) malignant probability */
    bool   *positive; /* (count) */
    int32_t count;
} fitting;

static fitting begin_fitting(const skc_model *model, const bool *malignant,
                             const float *probabilities, const int32_t *truth, int32_t count)
{
    int32_t classes = skc_model_label_count(model);
    fitting f       = { .scores   = cli_memory(NULL, (size_t)count, sizeof *f.scores),
                        .positive = cli_memory(NULL, (size_t)count, sizeof *f.positive),
                        .count    = count };

    for (int32_t i = 0; i < count; i++) {
        f.scores[i]   = points_sum(probabilities + (ptrdiff_t)i * classes, malignant, classes);
        f.positive[i] = malignant[truth[i]];
    }
    return f;
}

skc_status points_fit(skc_model *model, const bool *malignant, const float *probabilities,
                      const int32_t *truth, int32_t count, double sensitivity, skc_error *err)
{
    const double        wanted[] = { sensitivity, 0.90, 0.95, 0.98, -1 };
    skc_operating_point points[sizeof wanted / sizeof *wanted];
    fitting             f      = begin_fitting(model, malignant, probabilities, truth, count);
    int32_t             fitted = 0;
    skc_status          status = skc_model_set_malignant(model, malignant, err);

    for (size_t i = 0; i < sizeof wanted / sizeof *wanted && status == SKC_OK; i++)
        if (i == 0 || fabs(wanted[i] - sensitivity) > 1e-9)
            status = skc_fit_operating_point(f.scores, f.positive, f.count, wanted[i],
                                             &points[fitted++], err);
    if (status == SKC_OK)
        status = skc_model_set_operating_points(model, points, fitted, err);
    free(f.scores);
    free(f.positive);
    return status;
}

/* ------------------------------------------------------------------ measuring */

skc_status points_measure(skc_operating_point point, const points_pictures *pictures,
                          const skc_runtime *runtime, points_measured *out, skc_error *err)
{
    static const bool    malignant[] = { false, true };
    size_t               count       = (size_t)pictures->count;
    float               *rows        = cli_memory(NULL, 2 * count, sizeof *rows);
    int32_t             *labels      = cli_memory(NULL, count, sizeof *labels);
    skc_evaluation      *figures     = NULL;
    skc_evaluation_input input;
    skc_status           status;

    for (size_t i = 0; i < count; i++) {
        rows[2 * i]     = 1 - pictures->scores[i];
        rows[2 * i + 1] = pictures->scores[i];
        labels[i]       = pictures->positive[i];
    }
    skc_evaluation_input_init(&input);
    input.count         = pictures->count;
    input.classes       = 2;
    input.probabilities = rows;
    input.labels        = labels;
    input.groups        = pictures->groups;
    input.malignant     = malignant;
    input.threshold     = point.threshold;
    input.resamples     = pictures->resamples;
    status              = skc_evaluate(&input, runtime, &figures, err);
    if (status == SKC_OK)
        *out = (points_measured){ point, skc_evaluation_metric(figures, SKC_SENSITIVITY),
                                  skc_evaluation_metric(figures, SKC_SPECIFICITY) };
    skc_evaluation_free(figures);
    free(rows);
    free(labels);
    return status;
}

/* ------------------------------------------------------------------ showing */

static void share_cell(table *t, float share)
{
    if (isnan(share))
        table_cell(t, "-");
    else
        table_cell(t, "%.3f", (double)share);
}

void points_print(const skc_model *model, FILE *stream)
{
    int32_t count = skc_model_operating_point_count(model);
    table   t;

    if (count == 0 || skc_model_malignant(model) == NULL)
        return;
    t = table_begin("lrrr");
    table_cell(&t, "operating point");
    table_cell(&t, "malignant from");
    table_cell(&t, "sensitivity");
    table_cell(&t, "specificity");
    for (int32_t i = 0; i < count; i++) {
        skc_operating_point p = skc_model_operating_point(model, i);

        table_cell(&t, "%s", p.name);
        table_cell(&t, "%.4f", (double)p.threshold);
        share_cell(&t, p.sensitivity);
        share_cell(&t, p.specificity);
    }
    table_end(&t, stream);
}

json_t *points_json(const skc_model *model)
{
    json_t *list = json_checked(json_array());

    for (int32_t i = 0; i < skc_model_operating_point_count(model); i++) {
        skc_operating_point p = skc_model_operating_point(model, i);

        json_push(list, json_pack("{ss sf so so}", "name", p.name, "threshold", (double)p.threshold,
                                  "sensitivity", json_number((double)p.sensitivity), "specificity",
                                  json_number((double)p.specificity)));
    }
    return list;
}
