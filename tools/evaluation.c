/* evaluation.c - an evaluated part of a data set: as JSON, on the terminal, and its worst mistakes.
 */
#include "evaluation.h"
#include "cli.h"
#include "json_build.h"
#include "terminal.h"

#include <math.h>
#include <stdlib.h>

skc_status evaluation_compute(evaluation *e, const int32_t *groups, int32_t resamples,
                              const skc_runtime *runtime, skc_evaluation **figures, skc_error *err)
{
    skc_evaluation_input input;
    skc_status           status;

    skc_evaluation_input_init(&input);
    input.count         = e->count;
    input.classes       = e->classes;
    input.probabilities = e->probabilities;
    input.labels        = e->truth;
    input.groups        = groups;
    input.class_weights = e->class_weights;
    input.malignant     = e->malignant;
    input.threshold     = e->threshold;
    input.resamples     = resamples;
    status              = skc_evaluate(&input, runtime, figures, err);
    e->figures          = status == SKC_OK ? *figures : NULL;
    return status;
}

/* The threshold is taken a hair lower, because the first of two equals wins. */
void evaluation_weigh_two(float threshold, float weights[2])
{
    weights[0] = fmaxf(threshold * (1 - 1e-6f), 1e-30f);
    weights[1] = fmaxf(1 - threshold, 1e-30f);
}

int32_t evaluation_decision(const evaluation *e, int32_t i)
{
    const float *p = e->probabilities + (size_t)i * (size_t)e->classes, *w = e->class_weights;
    int32_t      best = 0;

    for (int32_t c = 1; c < e->classes; c++)
        if (p[c] * (w ? w[c] : 1) > p[best] * (w ? w[best] : 1))
            best = c;
    return best;
}

/* ------------------------------------------------------------------ JSON */

json_t *evaluation_interval_json(skc_interval figure)
{
    return json_checked(json_pack("{so so so}", "value", json_number(figure.value), "low",
                                  json_number(figure.low), "high", json_number(figure.high)));
}

static json_t *metrics_json(const evaluation *e)
{
    json_t *all = json_checked(json_object());

    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        json_put(all, skc_metric_name((skc_metric)m),
                 evaluation_interval_json(skc_evaluation_metric(e->figures, (skc_metric)m)));
    return all;
}

static json_t *classes_json(const evaluation *e)
{
    json_t *all = json_checked(json_array());

    for (int32_t c = 0; c < e->classes; c++) {
        skc_class_metrics one = skc_evaluation_class(e->figures, c);

        json_push(all, json_pack("{so sb si so so so so}", "label", cli_json_text(e->labels[c]),
                                 "malignant", e->malignant != NULL && e->malignant[c], "pictures",
                                 (int)one.support, "recall", evaluation_interval_json(one.recall),
                                 "precision", evaluation_interval_json(one.precision), "f1",
                                 evaluation_interval_json(one.f1), "auc",
                                 evaluation_interval_json(one.auc)));
    }
    return all;
}

static json_t *confusion_json(const evaluation *e)
{
    const int32_t *counts = skc_evaluation_confusion(e->figures);
    json_t        *rows   = json_checked(json_array());

    for (int32_t truth = 0; truth < e->classes; truth++) {
        json_t *row = json_checked(json_array());

        for (int32_t c = 0; c < e->classes; c++)
            json_push(row, json_integer(*counts++));
        json_push(rows, row);
    }
    return rows;
}

json_t *evaluation_json(const evaluation *e)
{
    return json_checked(json_pack(
        "{so si so so so so}", "part", cli_json_text(e->part), "pictures", (int)e->count,
        "threshold", e->malignant != NULL ? json_number((double)e->threshold) : json_null(),
        "metrics", metrics_json(e), "classes", classes_json(e), "confusion", confusion_json(e)));
}

/* An empty list where the curve is undefined. */
static json_t *curve_json(const evaluation *e, skc_curve curve, int32_t c)
{
    const skc_curve_point *points;
    int32_t                count = 0;
    json_t                *list  = json_checked(json_array());

    if (skc_evaluation_curve(e->figures, curve, c, &points, &count, NULL) != SKC_OK)
        return list;
    for (int32_t i = 0; i < count; i++)
        json_push(list, json_pack("[ooo]", json_number(points[i].x), json_number(points[i].y),
                                  json_number(points[i].threshold)));
    return list;
}

static json_t *curves_json(const evaluation *e, skc_curve curve)
{
    json_t *all = json_checked(json_array());

    for (int32_t c = 0; c < e->classes; c++)
        json_push(all, curve_json(e, curve, c));
    if (e->malignant != NULL)
        json_push(all, curve_json(e, curve, -1));
    return all;
}

json_t *evaluation_curves(const evaluation *e)
{
    return json_checked(json_pack("{so so so}", "roc", curves_json(e, SKC_CURVE_ROC), "pr",
                                  curves_json(e, SKC_CURVE_PR), "calibration",
                                  curve_json(e, SKC_CURVE_CALIBRATION, 0)));
}

/* ------------------------------------------------------------------ terminal */

void evaluation_interval_cell(table *t, skc_interval figure)
{
    if (isnan(figure.value))
        table_cell(t, "-");
    else if (isnan(figure.low))
        table_cell(t, "%.3f", figure.value);
    else
        table_cell(t, "%.3f (%.3f-%.3f)", figure.value, figure.low, figure.high);
}

static void print_metrics(const evaluation *e, FILE *stream)
{
    table t = table_begin("lll");

    table_cell(&t, "figure");
    table_cell(&t, "value (95 %% interval)");
    table_cell(&t, "meaning");
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++) {
        skc_interval figure = skc_evaluation_metric(e->figures, (skc_metric)m);

        if (isnan(figure.value))
            continue;
        table_cell(&t, "%s", skc_metric_name((skc_metric)m));
        evaluation_interval_cell(&t, figure);
        table_cell(&t, "%s", skc_metric_text((skc_metric)m));
    }
    table_end(&t, stream);
}

static void print_classes(const evaluation *e, FILE *stream)
{
    static const char *const heads[] = { "class", "pictures", "recall", "precision", "f1", "auc" };
    table                    t       = table_begin("lrllll");

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        table_cell(&t, "%s", heads[i]);
    for (int32_t c = 0; c < e->classes; c++) {
        skc_class_metrics one = skc_evaluation_class(e->figures, c);

        table_cell(&t, "%s", e->labels[c]);
        table_cell(&t, "%d", (int)one.support);
        evaluation_interval_cell(&t, one.recall);
        evaluation_interval_cell(&t, one.precision);
        evaluation_interval_cell(&t, one.f1);
        evaluation_interval_cell(&t, one.auc);
    }
    table_end(&t, stream);
}

void evaluation_print(const evaluation *e, FILE *stream)
{
    print_metrics(e, stream);
    fputc('\n', stream);
    print_classes(e, stream);
}

/* ------------------------------------------------------------------ mistakes */

typedef struct {
    float   truth; /* probability of the true label */
    int32_t picture;
} mistake;

static int by_truth(const void *a, const void *b)
{
    const mistake *x = a, *y = b;

    if (x->truth != y->truth)
        return x->truth < y->truth ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

int32_t evaluation_mistakes(const evaluation *e, int32_t limit, int32_t *pictures)
{
    mistake *all   = cli_memory(NULL, (size_t)e->count, sizeof *all);
    int32_t  count = 0;

    for (int32_t i = 0; i < e->count; i++)
        if (evaluation_decision(e, i) != e->truth[i])
            all[count++] =
                (mistake){ e->probabilities[(size_t)i * (size_t)e->classes + (size_t)e->truth[i]],
                           i };
    qsort(all, (size_t)count, sizeof *all, by_truth);
    if (count > limit)
        count = limit;
    for (int32_t i = 0; i < count; i++)
        pictures[i] = all[i].picture;
    free(all);
    return count;
}
