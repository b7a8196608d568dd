/* train_result.c - what comes out of a run: the model with its decision, metrics.json, report.html.
 */
#include "files.h"
#include "json_build.h"
#include "operating_points.h"
#include "terminal.h"
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An evaluated part: as the model decides, and by the likeliest label. */
typedef struct part {
    const char        *name;
    const skc_dataset *dataset;
    float             *probabilities;
    evaluation         decided, argmax;
    skc_evaluation    *decided_figures, *argmax_figures;
} part;

typedef struct result {
    const train_outcome *o;
    skc_model           *model;
    float                two_weights[2];   /* the threshold of a model of two labels, as weights */
    part                 validation, test; /* test.dataset NULL: none */
} result;

static char *in_folder(const result *r, const char *name)
{
    return file_join(r->o->settings->out, name);
}

/* ---------------------------------------------------------------- decision */

static skc_status predict(const result *r, part *p, skc_error *err)
{
    size_t scores = (size_t)skc_dataset_count(p->dataset) * (size_t)r->o->data->label_count;

    if (p->probabilities == NULL)
        p->probabilities = cli_memory(NULL, scores, sizeof(float));
    return skc_model_predict_dataset(r->model, p->dataset, r->o->runtime, p->probabilities, err);
}

/* Temperature, then class weights and operating points on calibrated probabilities; all on
 * validation. */
static skc_status fit_decision(result *r, skc_error *err)
{
    part          *v      = &r->validation;
    const int32_t *labels = skc_dataset_labels(v->dataset);
    int32_t        count = skc_dataset_count(v->dataset), classes = r->o->data->label_count;
    float         *weights  = cli_memory(NULL, (size_t)classes, sizeof(float));
    skc_decision   decision = { 1, 0.5f, r->o->settings->views, NULL };
    skc_status     status   = skc_model_set_decision(r->model, &decision, err);

    if (status == SKC_OK)
        status = predict(r, v, err);
    if (status == SKC_OK)
        status = skc_fit_temperature(v->probabilities, labels, count, classes,
                                     &decision.temperature, err);
    if (status == SKC_OK)
        status = skc_model_set_decision(r->model, &decision, err);
    if (status == SKC_OK)
        status = predict(r, v, err);
    if (status == SKC_OK)
        status = skc_fit_class_weights(v->probabilities, labels, count, classes, weights, err);
    decision.class_weights = weights;
    if (status == SKC_OK)
        status = skc_model_set_decision(r->model, &decision, err);
    if (status == SKC_OK && r->o->data->malignant != NULL)
        status = points_fit(r->model, r->o->data->malignant, v->probabilities, labels, count,
                            r->o->settings->sensitivity, err);
    free(weights);
    return status;
}

/* ---------------------------------------------------------------- model */

static json_t *part_counts(const result *r)
{
    json_t *json = json_checked(json_object());

    json_put(json, "train", json_integer(skc_dataset_count(r->o->data->train)));
    json_put(json, r->o->settings->validation,
             json_integer(skc_dataset_count(r->o->data->validation)));
    if (r->o->data->test != NULL)
        json_put(json, r->o->settings->test, json_integer(skc_dataset_count(r->o->data->test)));
    return json;
}

static skc_status set_provenance(result *r, skc_error *err)
{
    json_t    *json = json_checked(json_object());
    char      *text;
    skc_status status;

    json_put(json, "recipe", cli_json_text(r->o->recipe));
    json_put(json, "version", json_string(skc_version()));
    json_put(json, "manifest_pictures", part_counts(r));
    json_put(json, "epoch", json_integer(r->o->history->best_epoch));
    json_put(json, "seconds", json_number(floor(r->o->history->seconds)));
    json_put(json, "comparable", json_boolean(r->o->data->leaks == 0));
    json_put(json, "disclaimer", json_string(SKC_DISCLAIMER));
    text   = json_dumps(json, JSON_COMPACT);
    status = skc_model_set_provenance(r->model, text, err);
    free(text);
    json_decref(json);
    return status;
}

/* Writes the model that ships, then goes on with what is in the file: the figures are the file's.
 */
static skc_status write_model(result *r, skc_error *err)
{
    char      *path   = in_folder(r, "model.safetensors");
    skc_model *stored = NULL;
    skc_status status = set_provenance(r, err);

    if (status == SKC_OK)
        status = skc_model_save(r->model, path, (skc_precision)r->o->settings->precision, err);
    if (status == SKC_OK)
        status = skc_model_load(path, r->o->runtime, &stored, err);
    if (status == SKC_OK) {
        skc_model_free(r->model);
        r->model = stored;
    }
    free(path);
    return status;
}

/* ---------------------------------------------------------------- figures */

/* The class weights that the model decides by. */
static const float *decision_weights(result *r)
{
    skc_decision decision = skc_model_decision(r->model);

    if (r->o->data->label_count != 2)
        return decision.class_weights;
    evaluation_weigh_two(decision.threshold, r->two_weights);
    return r->two_weights;
}

static skc_status compute(const result *r, const part *p, const float *weights, evaluation *e,
                          skc_evaluation **figures, skc_error *err)
{
    *e = (evaluation){ .part          = p->name,
                       .labels        = r->o->data->labels,
                       .count         = skc_dataset_count(p->dataset),
                       .classes       = r->o->data->label_count,
                       .probabilities = p->probabilities,
                       .truth         = skc_dataset_labels(p->dataset),
                       .class_weights = weights,
                       .malignant     = r->o->data->malignant,
                       .threshold     = skc_model_decision(r->model).threshold };
    return evaluation_compute(e, skc_dataset_groups(p->dataset), r->o->settings->resamples,
                              r->o->runtime, figures, err);
}

static skc_status evaluate(result *r, part *p, skc_error *err)
{
    skc_status status = predict(r, p, err);

    if (status == SKC_OK)
        status = compute(r, p, decision_weights(r), &p->decided, &p->decided_figures, err);
    if (status == SKC_OK)
        status = compute(r, p, NULL, &p->argmax, &p->argmax_figures, err);
    return status;
}

static void put_part(json_t *parts, const part *p)
{
    json_t *one = json_checked(json_object());

    if (p->dataset == NULL) {
        json_decref(one);
        return;
    }
    json_put(one, "decided", evaluation_json(&p->decided));
    json_put(one, "argmax", evaluation_json(&p->argmax));
    json_put(parts, p->name, one);
}

static skc_status write_metrics(const result *r, skc_error *err)
{
    json_t    *json = json_checked(json_object()), *parts = json_checked(json_object());
    char      *path = in_folder(r, "metrics.json"), *text;
    skc_status status;

    json_put(json, "model_sha256", json_string(skc_model_sha256(r->model)));
    json_put(json, "task", cli_json_text(skc_model_task(r->model)));
    json_put(json, "best_epoch", json_integer(r->o->history->best_epoch));
    json_put(json, "seconds", json_number(r->o->history->seconds));
    json_put(json, "comparable", json_boolean(r->o->data->leaks == 0));
    json_put(json, "operating_points", points_json(r->model));
    put_part(parts, &r->validation);
    put_part(parts, &r->test);
    json_put(json, "parts", parts);
    json_put(json, "disclaimer", json_string(SKC_DISCLAIMER));
    text   = json_dumps(json, JSON_INDENT(1));
    status = file_write(path, text, strlen(text), err);
    free(text);
    free(path);
    json_decref(json);
    return status;
}

static void describe_run(const result *r, report *page)
{
    const train_settings   *s     = r->o->settings;
    const skc_preprocessing input = skc_model_preprocessing(r->model);
    char                    took[32];

    duration_text(r->o->history->seconds, took);
    report_add_setting(page, REPORT_ARCHITECTURE, "%s", skc_model_architecture_name(r->model));
    report_add_setting(page, REPORT_INPUT, "%d x %d", input.width, input.height);
    report_add_setting(page, REPORT_PARAMETERS, "%zu", skc_model_parameter_count(r->model));
    report_add_setting(page, REPORT_PICTURES_TRAINED, "%d", skc_dataset_count(r->o->data->train));
    report_add_setting(page, REPORT_PICTURES_VALIDATED, "%d (%s)",
                       skc_dataset_count(r->o->data->validation), s->validation);
    report_add_setting(page, REPORT_BEST_EPOCH, "%d / %d", r->o->history->best_epoch,
                       s->train.epochs);
    report_add_setting(page, REPORT_TIME, "%s", took);
    report_add_setting(page, REPORT_RECIPE, "%s", r->o->recipe);
    report_add_setting(page, REPORT_MODEL_SHA256, "%s", skc_model_sha256(r->model));
    if (r->o->data->leaks > 0)
        report_add_note(page, REPORT_NOTE_FLATTERED, r->o->data->leaks);
}

static skc_status write_report(const result *r, skc_error *err)
{
    const part     *p    = r->test.dataset != NULL ? &r->test : &r->validation;
    report_pictures from = { r->o->data->manifest, p->dataset, r->o->data->cache };
    report         *page = report_create(REPORT_TITLE_TRAINING, NULL, NULL, r->o->settings->out);
    char           *path = in_folder(r, "report.html");
    skc_status      status;

    describe_run(r, page);
    for (int32_t i = 0; i < r->o->history->count; i++)
        report_add_epoch(page, &r->o->history->epochs[i]);
    report_set_evaluation(page, &p->decided);
    status = report_add_mistakes(page, &p->decided, &from, r->o->settings->mistakes, err);
    if (status == SKC_OK)
        status = report_write(page, path, err);
    report_free(page);
    free(path);
    return status;
}

/* ---------------------------------------------------------------- all of it */

static skc_status load_best(result *r, skc_error *err)
{
    char      *path   = in_folder(r, "best.safetensors");
    skc_status status = skc_model_load(path, r->o->runtime, &r->model, err);

    free(path);
    return status;
}

static skc_status make_result(result *r, skc_error *err)
{
    skc_status status = load_best(r, err);

    if (status == SKC_OK)
        status = fit_decision(r, err);
    if (status == SKC_OK)
        status = write_model(r, err);
    if (status == SKC_OK)
        status = evaluate(r, &r->validation, err);
    if (status == SKC_OK && r->test.dataset != NULL)
        status = evaluate(r, &r->test, err);
    if (status == SKC_OK)
        status = write_metrics(r, err);
    if (status == SKC_OK)
        status = write_report(r, err);
    return status;
}

static void show_part(const part *p, const char *remark)
{
    if (p->dataset == NULL)
        return;
    printf("\n%s part%s, as the model decides (by the likeliest label: accuracy %.3f, balanced "
           "%.3f):\n",
           p->name, remark, skc_evaluation_metric(p->argmax_figures, SKC_ACCURACY).value,
           skc_evaluation_metric(p->argmax_figures, SKC_BALANCED_ACCURACY).value);
    evaluation_print(&p->decided, stdout);
}

static void show_result(const result *r)
{
    if (r->o->settings->json || r->o->settings->quiet)
        return;
    if (r->o->data->malignant != NULL) {
        putchar('\n');
        points_print(r->model, stdout);
    }
    show_part(&r->validation, " (tuned on it, so flattered)");
    show_part(&r->test, "");
    printf("\n%s/model.safetensors, metrics.json and report.html are written. %s\n",
           r->o->settings->out, SKC_DISCLAIMER);
}

bool train_finish(const train_outcome *outcome)
{
    result     r = { .o          = outcome,
                     .validation = { .name    = outcome->settings->validation,
                                     .dataset = outcome->data->validation },
                     .test = { .name = outcome->settings->test, .dataset = outcome->data->test } };
    skc_error  err;
    skc_status status = make_result(&r, &err);

    if (status == SKC_OK)
        show_result(&r);
    else
        cli_error("%s", err.message);
    skc_model_free(r.model);
    for (int i = 0; i < 2; i++) {
        part *p = i == 0 ? &r.validation : &r.test;

        skc_evaluation_free(p->decided_figures);
        skc_evaluation_free(p->argmax_figures);
        free(p->probabilities);
    }
    return status == SKC_OK;
}
