/* skincnn-predict.c - classifies pictures with one or more models. */
#include "cli.h"
#include "failure.h"
#include "files.h"
#include "input.h"
#include "predict_explain.h"
#include "predict_report.h"
#include "terminal.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    cli_list     models;
    const char  *crop, *kernels;
    bool         csv, json, refuse;
    int32_t      top, threads, batch;
    input_limits limits;

    explain_options explain;
} settings;

/* clang-format off */
static const cli_option options[] = {
    { "Model and picture", .kind = CLI_GROUP },
    { "model", 'm', CLI_REPEAT, offsetof(settings, models), NULL, 0, 0, "FILE",
      "use this model instead of the two that ship with the program" },
    { "crop", 'c', CLI_TEXT, offsetof(settings, crop), NULL, 0, 0, "CROP",
      "first cut out a part: 'auto' (around the lesion), 'centre' or X,Y,W,H in pixels" },
    { "refuse", 0, CLI_FLAG, offsetof(settings, refuse),
      .help = "no answer, but the reason, for pictures that are not good enough to be judged (too "
              "small, blank, too dark or bright, blurred, noisy, text or drawn); without it the "
              "reason is a remark beside the answer" },
    { "Output", .kind = CLI_GROUP },
    { "top", 'k', CLI_INT, offsetof(settings, top), "3", 1, 100, "K",
      "labels in the table, the likeliest first" },
    { "json", 'j', CLI_FLAG, offsetof(settings, json), .help = "one JSON object a line" },
    { "csv", 0, CLI_FLAG, offsetof(settings, csv), .help = "comma-separated, with a heading" },
    { "Explanation", .kind = CLI_GROUP },
    { "explain", 'e', CLI_TEXT, offsetof(settings, explain.path), NULL, 0, 0, "FILE.png|DIR",
      "draw over the picture where the evidence for the answer lies (Grad-CAM): purple to yellow, "
      "the strongest; several models side by side. A folder gets a file for each picture" },
    { "explain-layer", 0, CLI_TEXT, offsetof(settings, explain.layer), NULL, 0, 0, "NAME",
      "look at the output of this layer (skincnn-model inspect lists them) instead of the last one "
      "of more than one pixel" },
    { "explain-label", 0, CLI_TEXT, offsetof(settings, explain.label), NULL, 0, 0, "LABEL",
      "the evidence for this label, in the models that have it, instead of the one decided" },
    { "force", 0, CLI_FLAG, offsetof(settings, explain.force),
      .help = "overwrite files of --explain" },
    { "Running", .kind = CLI_GROUP },
    { "batch", 0, CLI_INT, offsetof(settings, batch), "8", 1, 256, "N",
      "pictures held in memory and classified together" },
    CLI_RUNTIME_OPTIONS(settings),
    { "Limits", .kind = CLI_GROUP },
    INPUT_LIMIT_OPTIONS(settings),
    { .name = NULL },
};
/* clang-format on */

typedef struct predictor {
    const settings *options;
    skc_runtime     runtime;
    input_crop      crop;
    int32_t         count;
    skc_model      *models[REPORT_MOST_MODELS];
    skc_session    *sessions[REPORT_MOST_MODELS];
    float          *probabilities[REPORT_MOST_MODELS]; /* (batch, labels) */
    skc_image     **images;                            /* (batch) NULL: failed */
    skc_error      *errors;                            /* (batch) */
    skc_quality    *qualities;                         /* (batch) width 0: not measured */
    bool            explains;
    explaining      explaining; /* where it does */
} predictor;

/* ------------------------------------------------------------------ models */

static bool add_model(predictor *p, const char *path)
{
    skc_error  err;
    skc_model *model = NULL;
    int32_t    m     = p->count;

    if (skc_model_load(path, &p->runtime, &model, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    p->models[m] = model;
    p->count++;
    for (int32_t i = 0; i < m; i++)
        if (strcmp(skc_model_task(p->models[i]), skc_model_task(model)) == 0) {
            cli_error("%s: a second model for the task '%s'", path, skc_model_task(model));
            return false;
        }
    if (skc_session_create(model, p->options->batch, &p->runtime, &p->sessions[m], &err) !=
        SKC_OK) {
        cli_error("%s: %s", path, err.message);
        return false;
    }
    p->probabilities[m] = cli_memory(
        NULL, (size_t)p->options->batch * (size_t)skc_model_label_count(model), sizeof(float));
    return true;
}

static bool add_models(predictor *p)
{
    static const char *const shipped[] = { "malignancy.safetensors", "diagnosis.safetensors" };
    const cli_list          *given     = &p->options->models;
    bool                     good      = true;

    if (given->count > REPORT_MOST_MODELS) {
        cli_error("--model is given %d times; at most %d are allowed", (int)given->count,
                  REPORT_MOST_MODELS);
        return false;
    }
    for (int32_t i = 0; i < given->count && good; i++)
        good = add_model(p, given->items[i]);
    for (size_t i = 0; i < 2 && given->count == 0 && good; i++) {
        char *path = file_shipped(shipped[i]);
        good       = add_model(p, path);
        free(path);
    }
    return good;
}

static void free_predictor(predictor *p)
{
    explain_end(&p->explaining);
    for (int32_t m = 0; m < p->count; m++) {
        free(p->probabilities[m]);
        skc_session_free(p->sessions[m]);
        skc_model_free(p->models[m]);
    }
    free(p->images);
    free(p->errors);
    free(p->qualities);
}

/* ------------------------------------------------------------------ a batch */

/* Of the whole picture, before a part of it is cut out. */
static skc_status judge(const predictor *p, const char *path, const skc_image *image,
                        skc_quality *quality, skc_error *err)
{
    skc_error  inner;
    skc_status status = skc_image_quality(image, &p->runtime, quality, &inner);

    if (status != SKC_OK)
        return failure(err, status, "%s: %s", path, inner.message);
    if (p->options->refuse && quality->reason != SKC_QUALITY_GOOD)
        return failure(err, SKC_EINVAL, "%s: refused as %s: %s", path,
                       skc_quality_name(quality->reason), skc_quality_text(quality->reason));
    return SKC_OK;
}

static skc_status load_one(const predictor *p, const char *path, skc_image **out,
                           skc_quality *quality, skc_error *err)
{
    skc_image *image  = NULL;
    skc_box    box    = { 0 };
    skc_status status = input_load(path, &p->options->limits, &p->runtime, &image, err);

    if (status == SKC_OK)
        status = judge(p, path, image, quality, err);
    if (status == SKC_OK && p->crop.cut != INPUT_WHOLE) {
        status = input_find_box(image, &p->crop, path, &box, err);
        if (status == SKC_OK)
            status = input_cut_image(&image, box, path, err);
    }
    if (status == SKC_OK)
        *out = image;
    else
        skc_image_free(image);
    return status;
}

typedef struct loading {
    predictor   *predictor;
    char *const *paths;
} loading;

static void load_task(void *context, int32_t i)
{
    const loading *l = context;
    predictor     *p = l->predictor;

    p->images[i]          = NULL;
    p->qualities[i].width = 0;
    if (load_one(p, l->paths[i], &p->images[i], &p->qualities[i], &p->errors[i]) != SKC_OK)
        p->images[i] = NULL;
}

/* Predicts the pictures that could be read; their rows stand in that order without gaps. */
static bool predict_batch(predictor *p, int32_t count, skc_error *err)
{
    const skc_image **ready  = cli_memory(NULL, (size_t)count, sizeof(skc_image *));
    int32_t           n      = 0;
    skc_status        status = SKC_OK;

    for (int32_t i = 0; i < count; i++)
        if (p->images[i] != NULL)
            ready[n++] = p->images[i];
    for (int32_t m = 0; m < p->count && n > 0 && status == SKC_OK; m++)
        status = skc_session_predict(p->sessions[m], ready, n, p->probabilities[m], err);
    free(ready);
    return status == SKC_OK;
}

/* Reports picture i of the batch, which was read and predicted, as row number `row`. False: it was
 * not explained. */
static bool report_good(predictor *p, report *r, const char *path, int32_t i, size_t row)
{
    const float *rows[REPORT_MOST_MODELS];
    report_heat  heats[REPORT_MOST_MODELS];
    skc_error    err;

    for (int32_t m = 0; m < p->count; m++)
        rows[m] = p->probabilities[m] + row * (size_t)skc_model_label_count(p->models[m]);
    if (p->explains && explain_picture(&p->explaining, path, p->images[i], heats, &err) != SKC_OK) {
        report_picture(r, path, NULL, NULL, &p->qualities[i], err.message);
        return false;
    }
    report_picture(r, path, rows, p->explains ? heats : NULL, &p->qualities[i], NULL);
    if (p->explains)
        free(heats[0].file);
    return true;
}

/* Returns how many succeeded. */
static size_t run_batch(predictor *p, report *r, char *const *paths, int32_t count)
{
    skc_error err;
    size_t    good = 0, row = 0;
    bool      predicted;

    /* decoding takes as long as the network, so it is spread over the processors, too */
    workers_run(p->options->threads, count, load_task, &(loading){ p, paths });
    predicted = predict_batch(p, count, &err);
    progress_wipe_for_output();
    for (int32_t i = 0; i < count; i++) {
        const char *error = p->images[i] == NULL ? p->errors[i].message : err.message;

        if (p->images[i] == NULL || !predicted)
            report_picture(r, paths[i], NULL, NULL, &p->qualities[i], error);
        else
            good += report_good(p, r, paths[i], i, row++);
        skc_image_free(p->images[i]);
    }
    return good;
}

/* ------------------------------------------------------------------ the program */

static bool read_crop(const char *text, input_crop *crop)
{
    *crop = (input_crop){ .margin = 0.2f };
    if (text == NULL)
        crop->cut = INPUT_WHOLE;
    else if (strcmp(text, "auto") == 0)
        crop->cut = INPUT_AUTO;
    else if (strcmp(text, "centre") == 0)
        crop->cut = INPUT_CENTRE;
    else if (text[0] >= '0' && text[0] <= '9') {
        crop->cut = INPUT_BOX;
        return cli_parse_box("--crop", text, &crop->box);
    } else {
        cli_error("--crop is '%s'; it must be auto, centre or x,y,w,h in pixels", text);
        return false;
    }
    return true;
}

static size_t predict_all(predictor *p, const file_list *pictures)
{
    const settings  *o    = p->options;
    report_form      form = o->json ? REPORT_JSON : o->csv ? REPORT_CSV : REPORT_TABLE;
    const skc_model *models[REPORT_MOST_MODELS];
    size_t           good = 0, batch = (size_t)o->batch;
    progress         bar = progress_begin("Classifying", pictures->count);
    report           r;

    for (int32_t m = 0; m < p->count; m++)
        models[m] = p->models[m];
    p->images    = cli_memory(NULL, batch, sizeof(skc_image *));
    p->errors    = cli_memory(NULL, batch, sizeof(skc_error));
    p->qualities = cli_memory(NULL, batch, sizeof(skc_quality));
    r            = report_begin(form, models, p->count, o->top);
    for (size_t i = 0; i < pictures->count && cli_output_ok(); i += batch) {
        size_t left = pictures->count - i;
        good += run_batch(p, &r, pictures->paths + i, (int32_t)(left < batch ? left : batch));
        progress_update(&bar, left < batch ? pictures->count : i + batch, NULL);
    }
    progress_end(&bar);
    report_end(&r);
    return good;
}

/* Models, and what explains them. */
static bool prepare(predictor *p, const file_list *pictures)
{
    const explain_options *o = &p->options->explain;

    p->explains = o->path != NULL;
    if (pictures->count == 0 || (p->explains && !explain_check(o, pictures)) || !add_models(p))
        return false;
    return !p->explains || explain_begin(&p->explaining, o, p->models, p->count, &p->runtime);
}

static int run(const cli_call *call)
{
    const settings *o        = call->settings;
    predictor       p        = { .options = o, .runtime = cli_runtime(o->threads, o->kernels) };
    file_list       pictures = { 0 };
    size_t          good     = 0;
    bool            complete = true;

    if (o->json && o->csv)
        return cli_usage(call, "--json and --csv contradict each other");
    if (o->explain.path == NULL && (o->explain.layer != NULL || o->explain.label != NULL))
        return cli_usage(call, "--explain-layer and --explain-label need --explain");
    if (!read_crop(o->crop, &p.crop))
        return CLI_FAILED;
    for (int32_t i = 0; i < call->count; i++)
        complete = file_list_pictures(&pictures, call->arguments[i]) && complete;
    if (prepare(&p, &pictures))
        good = predict_all(&p, &pictures);
    if (good > 0 && good < pictures.count && cli_output_ok())
        cli_error("%zu of %zu pictures failed", pictures.count - good, pictures.count);
    complete = complete && good == pictures.count;
    free_predictor(&p);
    file_list_free(&pictures);
    return good == 0 ? CLI_FAILED : complete ? CLI_OK : CLI_SOME_FAILED;
}

static const char *const examples[] = {
    "skincnn-predict spot.jpg",
    "One picture by both models.",
    "skincnn-predict --json pictures/ > answers.jsonl",
    "Every picture in a folder and the folders below, one JSON object a line.",
    "skincnn-predict --crop auto --top 7 photo.jpg",
    "Cut out the lesion first, and show all labels.",
    "skincnn-predict --explain why.png spot.jpg",
    "Also draw what the answers rest on, a panel for each model.",
    "curl -s https://example.org/spot.jpg | skincnn-predict -",
    "A picture from standard input.",
    "skincnn-predict --model runs/mine/model.safetensors spot.jpg",
    "A model of your own.",
    NULL,
};

static const cli_command commands[] = {
    { .arguments     = "FILE|FOLDER|-...",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = options,
      .examples      = examples,
      .settings_size = sizeof(settings),
      .run           = run },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-predict",
    "classifies pictures of skin lesions",
    "Reads JPEG and PNG pictures, as files, in folders (files that end in .jpg, .jpeg or .png, in "
    "the order of their names), or '-' for standard input. Each is classified by two models: "
    "malignancy (benign or malignant) and diagnosis (akiec, bcc, bkl, df, mel, nv or vasc).\n\n"
    "The models were trained on pictures taken through a dermatoscope and know nothing of any "
    "other kind of photograph. A picture that cannot be read is reported, and the rest goes on.\n\n"
    "Each picture's quality is measured, whole. Where it is not good enough to be judged, a remark "
    "says so; with --refuse the picture counts as failed and gets no answer.\n\n"
    "JSON answers also carry the probability that the spot is malignant, and whether that is over "
    "the threshold of the model's first operating point: the one to go by when few may be missed.",
    commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
