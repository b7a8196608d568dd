/* model_calibrate.c - `skincnn-model calibrate`: temperature and operating points on pictures. */
#include "model_calibrate.h"
#include "failure.h"
#include "files.h"
#include "model_make.h"
#include "operating_points.h"
#include "picture_cache.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPLITS "train|val|test|all"
static const char *const split_names[] = { "train", "val", "test", NULL };

/* clang-format off */
const cli_option calibrate_options[] = {
    { "Pictures", .kind = CLI_GROUP },
    { "manifest", 'd', CLI_TEXT, offsetof(calibrate_settings, manifest), NULL, 0, 0, "FILE",
      "the table of pictures, as skincnn-data makes it" },
    { "split", 's', CLI_CHOICE, offsetof(calibrate_settings, split), "val", 0, 0, SPLITS,
      "the part of the manifest to fit on" },
    { "What to fit", .kind = CLI_GROUP },
    { "sensitivity", 0, CLI_DOUBLE, offsetof(calibrate_settings, sensitivity), "0.95", 0.5, 1, "P",
      "of the default point; those of 0.9, 0.95 and 0.98 and 'youden' stand beside it" },
    { "temperature", 0, CLI_FLAG, offsetof(calibrate_settings, temperature),
      .help = "the temperature, too; else it stays as it is" },
    { "malignant", 0, CLI_LIST, offsetof(calibrate_settings, malignant), NULL, 0, 0, "A,B,...",
      "the labels that are malignant; if not given, those that the model names, or mel, bcc, akiec, "
      "scc and malignant" },
    { "Output", .kind = CLI_GROUP },
    { "json", 'j', CLI_FLAG, offsetof(calibrate_settings, json),
      .help = "print the outcome as one JSON object" },
    { "force", 0, CLI_FLAG, offsetof(calibrate_settings, force), .help = "overwrite the file" },
    { "Running", .kind = CLI_GROUP },
    CLI_RUNTIME_OPTIONS(calibrate_settings),
    { .name = NULL },
};
/* clang-format on */

typedef struct job {
    const calibrate_settings *options;
    skc_runtime               runtime;
    skc_model                *model;
    skc_manifest             *manifest; /* of the part */
    skc_cache                *cache;
    skc_dataset              *dataset;
    bool                     *malignant; /* (labels) */
    int32_t                   labels;
    float                    *probabilities; /* (pictures, labels) */
} job;

/* ------------------------------------------------------------------ labels */

static int32_t label_number(const job *j, const char *label)
{
    for (int32_t i = 0; i < j->labels; i++)
        if (strcmp(skc_model_label(j->model, i), label) == 0)
            return i;
    return -1;
}

static skc_status choose_malignant(job *j, const char *from, skc_error *err)
{
    const cli_list *given = &j->options->malignant;

    j->labels    = skc_model_label_count(j->model);
    j->malignant = cli_memory(NULL, (size_t)j->labels, sizeof *j->malignant);
    memset(j->malignant, 0, (size_t)j->labels * sizeof *j->malignant);
    for (int32_t i = 0; i < given->count; i++) {
        int32_t label = label_number(j, given->items[i]);

        if (label < 0)
            return failure(err, SKC_ENOTFOUND, "--malignant: %s has no label \"%s\"", from,
                           given->items[i]);
        j->malignant[label] = true;
    }
    if (given->count > 0 || points_malignant(j->model, j->malignant))
        return SKC_OK;
    return failure(err, SKC_EMISMATCH,
                   "%s: which of its labels are malignant is not known; give --malignant", from);
}

/* ------------------------------------------------------------------ pictures */

static skc_status select_rows(job *j, const skc_manifest *all, skc_error *err)
{
    const char *part   = split_names[j->options->split];
    skc_status  status = skc_manifest_create(&j->runtime, &j->manifest, err);

    for (int32_t i = 0; i < skc_manifest_count(all) && status == SKC_OK; i++) {
        skc_manifest_row row = skc_manifest_row_at(all, i);

        if (part == NULL || strcmp(part, row.split) == 0)
            status = skc_manifest_add(j->manifest, &row, err);
    }
    if (status == SKC_OK && skc_manifest_count(j->manifest) == 0)
        return failure(err, SKC_ENOTFOUND, "%s: no picture in the part to fit on",
                       j->options->manifest);
    return status;
}

static skc_status load_pictures(job *j, skc_error *err)
{
    const skc_preprocessing input  = skc_model_preprocessing(j->model);
    const char            **labels = cli_memory(NULL, (size_t)j->labels, sizeof *labels);
    skc_manifest           *all    = NULL;
    skc_status status = skc_manifest_load(j->options->manifest, &j->runtime, &all, err);

    for (int32_t i = 0; i < j->labels; i++)
        labels[i] = skc_model_label(j->model, i);
    if (status == SKC_OK)
        status = select_rows(j, all, err);
    if (status == SKC_OK)
        status = picture_cache_once(j->manifest, j->options->manifest, &j->runtime,
                                    skc_preprocessing_side(&input), &j->cache, err);
    if (status == SKC_OK)
        status = skc_dataset_create(j->manifest, j->cache, NULL, labels, j->labels, &j->runtime,
                                    &j->dataset, err);
    if (status == SKC_OK && skc_dataset_count(j->dataset) == 0)
        status = failure(err, SKC_ENOTFOUND, "%s: no picture could be read", j->options->manifest);
    skc_manifest_free(all);
    free(labels);
    return status;
}

static skc_status predict(job *j, skc_error *err)
{
    size_t count = (size_t)skc_dataset_count(j->dataset) * (size_t)j->labels;

    j->probabilities = cli_memory(j->probabilities, count, sizeof(float));
    return skc_model_predict_dataset(j->model, j->dataset, &j->runtime, j->probabilities, err);
}

/* ------------------------------------------------------------------ fitting */

/* From probabilities at temperature 1, as it was fitted in training. */
static skc_status fit_temperature(job *j, skc_error *err)
{
    skc_decision decision = skc_model_decision(j->model);
    skc_status   status;

    decision.temperature = 1;
    status               = skc_model_set_decision(j->model, &decision, err);
    if (status == SKC_OK)
        status = predict(j, err);
    if (status == SKC_OK)
        status = skc_fit_temperature(j->probabilities, skc_dataset_labels(j->dataset),
                                     skc_dataset_count(j->dataset), j->labels,
                                     &decision.temperature, err);
    if (status == SKC_OK)
        status = skc_model_set_decision(j->model, &decision, err);
    return status;
}

static skc_status calibrate(job *j, const char *from, skc_error *err)
{
    skc_status status = skc_model_load(from, &j->runtime, &j->model, err);

    if (status == SKC_OK)
        status = choose_malignant(j, from, err);
    if (status == SKC_OK)
        status = load_pictures(j, err);
    if (status == SKC_OK && j->options->temperature)
        status = fit_temperature(j, err);
    if (status == SKC_OK)
        status = predict(j, err);
    if (status == SKC_OK)
        status =
            points_fit(j->model, j->malignant, j->probabilities, skc_dataset_labels(j->dataset),
                       skc_dataset_count(j->dataset), j->options->sensitivity, err);
    return status;
}

static void show(const job *j, const char *to)
{
    int32_t count       = skc_dataset_count(j->dataset);
    double  temperature = (double)skc_model_decision(j->model).temperature;

    if (j->options->json) {
        cli_json_line(json_pack("{so si sf so}", "path", cli_json_text(to), "pictures", (int)count,
                                "temperature", temperature, "operating_points",
                                points_json(j->model)));
        return;
    }
    printf("%s: temperature %.4g; fitted on %d pictures:\n\n", to, temperature, (int)count);
    points_print(j->model, stdout);
}

static void release(job *j)
{
    free(j->probabilities);
    free(j->malignant);
    skc_dataset_free(j->dataset);
    skc_cache_free(j->cache);
    skc_manifest_free(j->manifest);
    skc_model_free(j->model);
}

int calibrate_run(const cli_call *call)
{
    const calibrate_settings *o    = call->settings;
    const char               *from = call->arguments[0], *to = call->arguments[1];
    job                       j = { .options = o, .runtime = cli_runtime(o->threads, o->kernels) };
    skc_error                 err;
    skc_status                status;

    if (o->manifest == NULL)
        return cli_usage(call, "--manifest is missing");
    if (file_exists(to) && !o->force) {
        cli_error("%s: exists already; --force overwrites", to);
        return CLI_FAILED;
    }
    terminal_catch_interrupt();
    status = calibrate(&j, from, &err);
    if (status == SKC_OK)
        status = skc_model_save(j.model, to, skc_model_precision(j.model), &err);
    if (status == SKC_OK)
        show(&j, to);
    else
        cli_error("%s", err.message);
    release(&j);
    return status == SKC_OK ? CLI_OK : CLI_FAILED;
}
