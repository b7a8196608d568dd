/* skincnn-eval.c - measures a model on one part of a manifest: figures with intervals, a report. */
#define _POSIX_C_SOURCE 200809L /* mkstemp */
#include "cli.h"
#include "eval_points.h"
#include "failure.h"
#include "files.h"
#include "json_build.h"
#include "pictures.h"
#include "report.h"
#include "tasks.h"
#include "terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct settings {
    const char *model, *manifest, *cache, *out, *kernels;
    int32_t     split, map, decision, resamples, mistakes, threads;
    float       threshold;
    bool        json;
} settings;

enum { MAP_NONE, MAP_MALIGNANCY };
enum { DECISION_MODEL, DECISION_ARGMAX };

#define SPLITS "train|val|test|all"
static const char *const split_names[] = { "train", "val", "test", "all" };

/* clang-format off */
static const cli_option options[] = {
    { "What to measure", .kind = CLI_GROUP },
    { "model", 'm', CLI_TEXT, offsetof(settings, model), NULL, 0, 0, "FILE", "the model" },
    { "manifest", 'd', CLI_TEXT, offsetof(settings, manifest), NULL, 0, 0, "FILE",
      "the table of pictures, as skincnn-data makes it" },
    { "split", 's', CLI_CHOICE, offsetof(settings, split), "test", 0, 0, SPLITS,
      "the part of the manifest to measure on" },
    { "map", 0, CLI_CHOICE, offsetof(settings, map), "none", 0, 0, "none|malignancy",
      "malignancy: mel, bcc and akiec count as malignant, other diagnoses as benign, in the labels "
      "of the manifest and in the probabilities of the model" },
    { "decision", 0, CLI_CHOICE, offsetof(settings, decision), "model", 0, 0, "model|argmax",
      "model: by its class weights or, with two labels, its threshold; argmax: the likeliest "
      "label" },
    { "threshold", 0, CLI_FLOAT, offsetof(settings, threshold), NULL, 0, 1, "P",
      "malignant from this probability on, instead of the model's own threshold" },
    { "resamples", 0, CLI_INT, offsetof(settings, resamples), "1000", 0, 100000, "N",
      "resamples behind the intervals; 0: no intervals" },
    { "Output", .kind = CLI_GROUP },
    { "out", 'o', CLI_TEXT, offsetof(settings, out), NULL, 0, 0, "DIR",
      "write metrics.json and report.html into this folder" },
    { "mistakes", 0, CLI_INT, offsetof(settings, mistakes), "24", 0, 500, "N",
      "worst mistakes shown as pictures in the report" },
    { "json", 'j', CLI_FLAG, offsetof(settings, json),
      .help = "print the content of metrics.json on one line instead of tables" },
    { "Running", .kind = CLI_GROUP },
    { "cache", 0, CLI_TEXT, offsetof(settings, cache), NULL, 0, 0, "FILE",
      "keep the decoded pictures of the whole manifest here for the next time" },
    CLI_RUNTIME_OPTIONS(settings),
    { .name = NULL },
};
/* clang-format on */

static const char *const malignancy_labels[] = { "benign", "malignant" };

typedef struct job {
    const settings *options;
    skc_runtime     runtime;
    skc_model      *model;
    skc_manifest   *manifest;
    skc_cache      *cache;
    skc_dataset    *dataset;
    const char    **labels;        /* (model's) */
    bool           *malignant;     /* (evaluated classes) */
    float          *weights;       /* (evaluated classes) */
    float          *probabilities; /* (count, evaluated classes) */
    int32_t        *truth;         /* (count) */
    evaluation      result;
    skc_evaluation *figures;
    eval_points     points;
    report         *report;
    int32_t         failed; /* pictures */
    progress        bar;
} job;

static const char *split_name(const job *j)
{
    return split_names[j->options->split];
}

/* As the library wants it: NULL for all rows. */
static const char *part_of(const job *j)
{
    return strcmp(split_name(j), "all") == 0 ? NULL : split_name(j);
}

/* ------------------------------------------------------------------ model and manifest */

static void list_labels(job *j)
{
    int32_t count = skc_model_label_count(j->model);

    j->labels = cli_memory(NULL, (size_t)count, sizeof *j->labels);
    for (int32_t c = 0; c < count; c++)
        j->labels[c] = skc_model_label(j->model, c);
}

/* The model's first label on the side, benign or malignant, of another label; NULL: none. */
static const char *counterpart(const job *j, const char *label)
{
    const char *side = task_malignancy(label);

    for (int32_t c = 0; side != NULL && c < skc_model_label_count(j->model); c++)
        if (task_malignancy(j->labels[c]) == side)
            return j->labels[c];
    return NULL;
}

/* Rows get labels that the model knows. `all`: rows of other parts stay, so that a kept cache fits
 * the whole manifest. */
static skc_status select_rows(job *j, const skc_manifest *from, bool all, skc_error *err)
{
    const char *part   = part_of(j);
    skc_status  status = skc_manifest_create(&j->runtime, &j->manifest, err);

    for (int32_t i = 0; i < skc_manifest_count(from) && status == SKC_OK; i++) {
        skc_manifest_row row    = skc_manifest_row_at(from, i);
        bool             inside = part == NULL || strcmp(part, row.split) == 0;

        if (!inside && !all)
            continue;
        if (inside && j->options->map == MAP_MALIGNANCY) {
            const char *label = counterpart(j, row.label);

            if (label == NULL)
                return failure(err, SKC_EMISMATCH,
                               "%s: label \"%s\" has no malignant or benign side in the model",
                               row.path, row.label);
            row.label = label;
        }
        status = skc_manifest_add(j->manifest, &row, err);
    }
    return status;
}

static skc_status open_manifest(job *j, int32_t *leaks, skc_error *err)
{
    skc_manifest *all     = NULL;
    const char   *example = NULL;
    skc_status    status  = skc_manifest_load(j->options->manifest, &j->runtime, &all, err);

    if (status == SKC_OK)
        status = select_rows(j, all, j->options->cache != NULL, err);
    if (status == SKC_OK && skc_manifest_count(j->manifest) == 0)
        status = failure(err, SKC_ENOTFOUND, "%s: no picture in the part \"%s\"",
                         j->options->manifest, split_name(j));
    *leaks = status == SKC_OK ? skc_manifest_leaks(all, &example) : 0;
    if (*leaks > 0) {
        cli_error("%s: %d groups (e.g. \"%s\") are in several parts: not comparable",
                  j->options->manifest, (int)*leaks, example);
        report_add_note(j->report, REPORT_NOTE_SEEN, *leaks);
    }
    skc_manifest_free(all);
    return status;
}

/* ------------------------------------------------------------------ pictures */

static void show_progress(void *user, int32_t done, int32_t total)
{
    job *j = user;

    j->bar.total = (uint64_t)total;
    progress_update(&j->bar, (uint64_t)done, NULL);
}

static void note_failure(void *user, int32_t row, const skc_error *err)
{
    job        *j    = user;
    const char *part = part_of(j);

    if (part != NULL && strcmp(part, skc_manifest_row_at(j->manifest, row).split) != 0)
        return;
    cli_error("%s", err->message);
    j->failed++;
}

static bool was_stopped(void *user)
{
    (void)user;
    return terminal_interrupted();
}

/* An empty file in the folder for temporary ones. Release with free; NULL after a message. */
static char *temporary_file(skc_error *err)
{
    const char *folder = getenv("TMPDIR");
    char       *path   = file_join(folder != NULL ? folder : "/tmp", "skincnn-eval-XXXXXX");
    int         file   = mkstemp(path);

    if (file < 0) {
        failure(err, SKC_EIO, "%s: cannot be made", path);
        free(path);
        return NULL;
    }
    close(file);
    return path;
}

static skc_status open_cache(job *j, skc_error *err)
{
    const settings   *o     = j->options;
    skc_preprocessing input = skc_model_preprocessing(j->model);
    char             *path  = o->cache != NULL ? cli_copy(o->cache) : temporary_file(err);
    pictures_options  how;
    skc_status        status;

    if (path == NULL)
        return SKC_EIO;
    how = (pictures_options){ .manifest_path = o->manifest, .runtime = &j->runtime, .user = j };
    how.progress = show_progress;
    how.failed   = note_failure;
    how.stop     = was_stopped;
    j->bar       = progress_begin("reading pictures", 1);
    status =
        pictures_cache(j->manifest, &how, path, skc_preprocessing_side(&input), &j->cache, err);
    progress_end(&j->bar);
    if (o->cache == NULL)
        unlink(path); /* an open cache keeps its mapping */
    free(path);
    return status;
}

static skc_status open_dataset(job *j, skc_error *err)
{
    return skc_dataset_create(j->manifest, j->cache, part_of(j), j->labels,
                              skc_model_label_count(j->model), &j->runtime, &j->dataset, err);
}

/* ------------------------------------------------------------------ figures */

/* Sums the probabilities of each side, in place, and turns labels into sides. */
static void reduce_to_malignancy(job *j, const bool *malignant, int32_t count, int32_t classes)
{
    for (int32_t i = 0; i < count; i++) {
        const float *from   = j->probabilities + (size_t)i * (size_t)classes;
        float        sum[2] = { 0, 0 };

        for (int32_t c = 0; c < classes; c++)
            sum[malignant[c]] += from[c];
        j->probabilities[2 * (size_t)i]     = sum[0];
        j->probabilities[2 * (size_t)i + 1] = sum[1];
        j->truth[i]                         = malignant[j->truth[i]];
    }
}

static skc_status map_to_malignancy(job *j, evaluation *e, skc_error *err)
{
    bool *malignant = cli_memory(NULL, (size_t)e->classes, sizeof *malignant);
    bool  known     = task_mark_malignant(j->labels, e->classes, malignant);

    if (known) {
        reduce_to_malignancy(j, malignant, e->count, e->classes);
        e->labels  = malignancy_labels;
        e->classes = 2;
    }
    free(malignant);
    if (known)
        return SKC_OK;
    return failure(err, SKC_EMISMATCH, "%s: not all labels are known to be malignant or benign",
                   j->options->model);
}

/* How the evaluated classes are decided. */
static void choose_decision(job *j, evaluation *e, bool own_threshold)
{
    skc_decision decision = skc_model_decision(j->model);
    size_t       classes  = (size_t)e->classes;

    j->malignant = cli_memory(NULL, classes, sizeof *j->malignant);
    j->weights   = cli_memory(NULL, classes, sizeof *j->weights);
    if (j->options->map == MAP_MALIGNANCY ? task_mark_malignant(e->labels, e->classes, j->malignant)
                                          : points_malignant(j->model, j->malignant))
        e->malignant = j->malignant;
    e->threshold = own_threshold ? j->options->threshold : decision.threshold;
    if (j->options->decision == DECISION_MODEL)
        e->class_weights = j->weights;
    if (classes == 2)
        evaluation_weigh_two(e->threshold, j->weights);
    else
        for (size_t c = 0; c < classes; c++)
            j->weights[c] = decision.class_weights != NULL ? decision.class_weights[c] : 1;
    if (classes == 2 && j->malignant[0])
        e->threshold = 1 - e->threshold; /* the threshold is on the second label */
}

static skc_status measure(job *j, bool own_threshold, skc_error *err)
{
    evaluation *e      = &j->result;
    int32_t     labels = skc_model_label_count(j->model);
    size_t      count  = (size_t)skc_dataset_count(j->dataset);
    skc_status  status;

    j->probabilities = cli_memory(NULL, count * (size_t)labels, sizeof *j->probabilities);
    j->truth         = cli_memory(NULL, count, sizeof *j->truth);
    memcpy(j->truth, skc_dataset_labels(j->dataset), count * sizeof *j->truth);
    status = skc_model_predict_dataset(j->model, j->dataset, &j->runtime, j->probabilities, err);
    if (status != SKC_OK)
        return status;
    *e       = (evaluation){ .part = split_name(j), .labels = j->labels, .classes = labels };
    e->count = (int32_t)count;
    e->probabilities = j->probabilities;
    e->truth         = j->truth;
    if (j->options->map == MAP_MALIGNANCY)
        status = map_to_malignancy(j, e, err);
    if (status != SKC_OK)
        return status;
    choose_decision(j, e, own_threshold);
    status = evaluation_compute(e, skc_dataset_groups(j->dataset), j->options->resamples,
                                &j->runtime, &j->figures, err);
    if (status == SKC_OK)
        status = eval_points_measure(j->model, e, skc_dataset_groups(j->dataset),
                                     j->options->resamples, &j->runtime, &j->points, err);
    return status;
}

/* ------------------------------------------------------------------ output */

static json_t *metrics_json(const job *j, int32_t leaks)
{
    json_t *all = evaluation_json(&j->result);

    json_put(all, "operating_points", eval_points_json(&j->points));
    json_put(all, "model", cli_json_text(j->options->model));
    json_put(all, "sha256", cli_json_text(skc_model_sha256(j->model)));
    json_put(all, "task", cli_json_text(skc_model_task(j->model)));
    json_put(all, "manifest", cli_json_text(j->options->manifest));
    json_put(all, "decision",
             json_string(j->options->decision == DECISION_MODEL ? "model" : "argmax"));
    json_put(all, "groups_in_several_parts", json_integer(leaks));
    json_put(all, "failed", json_integer(j->failed));
    return all;
}

static void fill_report(job *j)
{
    const settings   *o        = j->options;
    skc_preprocessing input    = skc_model_preprocessing(j->model);
    skc_decision      decision = skc_model_decision(j->model);

    report_add_setting(j->report, REPORT_MODEL, "%s", o->model);
    report_add_setting(j->report, REPORT_MODEL_SHA256, "%s", skc_model_sha256(j->model));
    report_add_setting(j->report, REPORT_ARCHITECTURE, "%s", skc_model_architecture_name(j->model));
    report_add_setting(j->report, REPORT_INPUT, "%d x %d", (int)input.width, (int)input.height);
    report_add_setting(j->report, REPORT_VIEWS, "%d", (int)decision.views);
    report_add_setting(j->report, REPORT_TEMPERATURE, "%g", (double)decision.temperature);
    report_add_setting(j->report, REPORT_MANIFEST, "%s", o->manifest);
    report_add_setting(j->report, REPORT_PART, "%s", split_name(j));
    report_add_setting_words(j->report, REPORT_LABELS,
                             o->map == MAP_MALIGNANCY ? REPORT_LABELS_MAPPED : REPORT_LABELS_KEPT);
    report_add_setting_words(j->report, REPORT_DECISION,
                             o->decision == DECISION_MODEL ? REPORT_DECISION_MODEL
                                                           : REPORT_DECISION_ARGMAX);
    report_add_setting(j->report, REPORT_RESAMPLES, "%d", (int)o->resamples);
    if (j->failed > 0)
        report_add_note(j->report, REPORT_NOTE_UNREADABLE, j->failed);
    report_set_evaluation(j->report, &j->result);
}

static skc_status write_files(job *j, const json_t *metrics, skc_error *err)
{
    const report_pictures from = { j->manifest, j->dataset, j->cache };
    char                 *json = file_join(j->options->out, "metrics.json");
    char                 *page = file_join(j->options->out, "report.html");
    skc_status            status;

    fill_report(j);
    status = report_add_mistakes(j->report, &j->result, &from, j->options->mistakes, err);
    if (status == SKC_OK)
        status = json_save(metrics, json, err);
    if (status == SKC_OK)
        status = report_write(j->report, page, err);
    if (status == SKC_OK && !j->options->json)
        printf("\nwrote %s and %s\n", json, page);
    free(json);
    free(page);
    return status;
}

static skc_status put_out(job *j, int32_t leaks, skc_error *err)
{
    json_t    *metrics = metrics_json(j, leaks);
    skc_status status  = SKC_OK;

    if (!j->options->json) {
        printf("%s on %d pictures of the part \"%s\"\n\n", j->options->model, (int)j->result.count,
               split_name(j));
        evaluation_print(&j->result, stdout);
        eval_points_print(&j->points, stdout);
    }
    if (j->options->out != NULL)
        status = write_files(j, metrics, err);
    if (j->options->json)
        cli_json_line(metrics);
    else
        json_decref(metrics);
    return status;
}

/* ------------------------------------------------------------------ the program */

static void release(job *j)
{
    report_free(j->report);
    skc_evaluation_free(j->figures);
    skc_dataset_free(j->dataset);
    skc_cache_free(j->cache);
    skc_manifest_free(j->manifest);
    skc_model_free(j->model);
    free(j->labels);
    free(j->malignant);
    free(j->weights);
    free(j->probabilities);
    free(j->truth);
}

static report *begin_report(const job *j)
{
    const char *task  = j->options->map == MAP_MALIGNANCY ? "malignancy" : skc_model_task(j->model);
    report_word title = strcmp(task, "malignancy") == 0  ? REPORT_TITLE_MALIGNANCY
                        : strcmp(task, "diagnosis") == 0 ? REPORT_TITLE_DIAGNOSIS
                                                         : REPORT_TITLE_OTHER;

    return report_create(title, split_name(j), task, file_name(j->options->model));
}

static skc_status evaluate(job *j, bool own_threshold, skc_error *err)
{
    int32_t    leaks  = 0;
    skc_status status = skc_model_load(j->options->model, &j->runtime, &j->model, err);

    if (status != SKC_OK)
        return status;
    list_labels(j);
    j->report = begin_report(j);
    if (j->options->out != NULL)
        status = file_make_folder(j->options->out, err); /* fails before the work, not after */
    if (status == SKC_OK)
        status = open_manifest(j, &leaks, err);
    if (status == SKC_OK)
        status = open_cache(j, err);
    if (status == SKC_OK)
        status = open_dataset(j, err);
    if (status == SKC_OK)
        status = measure(j, own_threshold, err);
    return status == SKC_OK ? put_out(j, leaks, err) : status;
}

static int run(const cli_call *call)
{
    const settings *o = call->settings;
    job             j = { .options = o, .runtime = cli_runtime(o->threads, o->kernels) };
    skc_error       err;
    skc_status      status;

    if (o->model == NULL || o->manifest == NULL)
        return cli_usage(call, "give --model and --manifest");
    terminal_catch_interrupt();
    status = evaluate(&j, cli_given(call, "threshold"), &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    release(&j);
    return status != SKC_OK ? CLI_FAILED : j.failed > 0 ? CLI_SOME_FAILED : CLI_OK;
}

static const char *const examples[] = {
    "skincnn-eval --model run/model.safetensors --manifest ham10000.csv --out evaluation",
    "All figures of a model on the test part, with a report.",
    "skincnn-eval -m malignancy.safetensors -d ham10000.csv --map malignancy --json",
    "A model for benign or malignant on pictures that are labelled with diagnoses.",
    "skincnn-eval -m model.safetensors -d ham10000.csv --split val --cache pictures.cache",
    "Keep the decoded pictures, so that the next evaluation starts at once.",
    NULL,
};

static const cli_command commands[] = {
    { .arguments     = "--model FILE --manifest FILE",
      .max_arguments = 0,
      .options       = options,
      .examples      = examples,
      .settings_size = sizeof(settings),
      .run           = run },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-eval",
    "measures a model on pictures whose labels are known",
    "Every figure comes with a 95 % interval from resampling the groups (lesions) of the manifest, "
    "not its pictures, because pictures of one lesion are alike. Groups that are in more than one "
    "part of the manifest are pointed out.\n\n"
    "With --out, metrics.json has all figures and report.html shows them with curves and the worst "
    "mistakes: one file that needs no network.",
    commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
