/* skincnn-predict.c - classifies pictures with one or more models. */
#include "cli.h"
#include "files.h"
#include "input.h"
#include "predict_report.h"
#include "terminal.h"
#include "workers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct settings {
    cli_list     models;
    const char  *crop, *kernels;
    bool         csv, json;
    int32_t      top, threads, batch;
    input_limits limits;
} settings;

/* clang-format off */
static const cli_option options[] = {
    { "Model and picture", .kind = CLI_GROUP },
    { "model", 'm', CLI_REPEAT, offsetof(settings, models), NULL, 0, 0, "FILE",
      "use this model instead of the two that ship with the program" },
    { "crop", 'c', CLI_TEXT, offsetof(settings, crop), NULL, 0, 0, "CROP",
      "first cut out a part: 'auto' (around the lesion), 'centre' or X,Y,W,H in pixels" },
    { "Output", .kind = CLI_GROUP },
    { "top", 'k', CLI_INT, offsetof(settings, top), "3", 1, 100, "K",
      "labels in the table, the likeliest first" },
    { "json", 'j', CLI_FLAG, offsetof(settings, json), .help = "one JSON object a line" },
    { "csv", 0, CLI_FLAG, offsetof(settings, csv), .help = "comma-separated, with a heading" },
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
    for (int32_t m = 0; m < p->count; m++) {
        free(p->probabilities[m]);
        skc_session_free(p->sessions[m]);
        skc_model_free(p->models[m]);
    }
    free(p->images);
    free(p->errors);
}

/* ------------------------------------------------------------------ a batch */

static skc_status load_one(const predictor *p, const char *path, skc_image **out, skc_error *err)
{
    skc_image *image  = NULL;
    skc_box    box    = { 0 };
    skc_status status = input_load(path, &p->options->limits, &p->runtime, &image, err);

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

    p->images[i] = NULL;
    if (load_one(p, l->paths[i], &p->images[i], &p->errors[i]) != SKC_OK)
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

/* Returns how many succeeded. */
static size_t run_batch(predictor *p, report *r, char *const *paths, int32_t count)
{
    skc_error err;
    size_t    good = 0;
    bool      predicted;

    /* decoding takes as long as the network, so it is spread over the processors, too */
    workers_run(p->options->threads, count, load_task, &(loading){ p, paths });
    predicted = predict_batch(p, count, &err);
    progress_wipe_for_output();
    for (int32_t i = 0; i < count; i++) {
        const float *rows[REPORT_MOST_MODELS];
        const char  *error = p->images[i] == NULL ? p->errors[i].message
                             : predicted          ? NULL
                                                  : err.message;
        for (int32_t m = 0; m < p->count; m++)
            rows[m] = p->probabilities[m] + good * (size_t)skc_model_label_count(p->models[m]);
        report_picture(r, paths[i], rows, error);
        good += error == NULL;
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
    p->images = cli_memory(NULL, batch, sizeof(skc_image *));
    p->errors = cli_memory(NULL, batch, sizeof(skc_error));
    r         = report_begin(form, models, p->count, o->top);
    for (size_t i = 0; i < pictures->count && cli_output_ok(); i += batch) {
        size_t left = pictures->count - i;
        good += run_batch(p, &r, pictures->paths + i, (int32_t)(left < batch ? left : batch));
        progress_update(&bar, left < batch ? pictures->count : i + batch, NULL);
    }
    progress_end(&bar);
    report_end(&r);
    return good;
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
    if (!read_crop(o->crop, &p.crop))
        return CLI_FAILED;
    for (int32_t i = 0; i < call->count; i++)
        complete = file_list_pictures(&pictures, call->arguments[i]) && complete;
    if (pictures.count > 0 && add_models(&p))
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
    "other kind of photograph. A picture that cannot be read is reported, and the rest goes on.",
    commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
