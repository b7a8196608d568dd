/* train_run.c - the run: folder, model, epochs, checkpoints, early stopping, interruption. */
#define _GNU_SOURCE
#include "files.h"
#include "json_build.h"
#include "terminal.h"
#include "train.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

const train_metric train_metrics[] = {
    { SKC_MACRO_AUC, true },     { SKC_BALANCED_ACCURACY, true }, { SKC_ACCURACY, true },
    { SKC_MALIGNANT_AUC, true }, { SKC_LOG_LOSS, false },
};

typedef enum ending { FINISHED, INTERRUPTED, OUT_OF_TIME, NO_BETTER, FAILED } ending;

typedef struct run {
    const train_settings *s;
    char *const          *command_line;
    skc_runtime           runtime;
    int                   lock; /* of the run folder; -1: not locked */
    train_data            data;
    train_history         history;
    skc_model            *model;
    skc_trainer          *trainer;
    float                *class_weights;
    float                *probabilities; /* of the validation part */
    double                started, saved;
    double                before; /* seconds of earlier sittings */
} run;

static char *in_folder(const run *r, const char *name)
{
    return file_join(r->s->out, name);
}

/* ---------------------------------------------------------------- setting up */

static bool make_model(run *r)
{
    const train_settings *s = r->s;
    skc_model_options     o;
    skc_preprocessing     p;
    skc_error             err;
    char                 *text = NULL;
    size_t                size;
    skc_status            status = SKC_OK;

    skc_model_options_init(&o);
    o.architecture = s->architecture;
    o.height = o.width = s->size;
    o.width_factor     = s->width_factor;
    o.dropout          = s->dropout;
    o.task             = s->task;
    o.labels           = r->data.labels;
    o.label_count      = r->data.label_count;
    o.seed             = s->train.seed;
    if (strstr(s->architecture, ".json") != NULL) {
        status         = file_read(s->architecture, 4000000, &text, &size, &err);
        o.architecture = text;
    }
    if (status == SKC_OK)
        status = skc_model_create(&o, &r->runtime, &r->model, &err);
    free(text);
    if (status == SKC_OK) {
        p      = skc_model_preprocessing(r->model);
        p.fit  = (skc_fit)s->fit;
        status = skc_model_set_preprocessing(r->model, &p, &err);
    }
    if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK;
}

/* Weights mean something only with the range of input that they were trained on. */
static skc_status take_range(skc_model *model, const skc_model *source, skc_error *err)
{
    skc_preprocessing p = skc_model_preprocessing(model), from = skc_model_preprocessing(source);

    memcpy(p.mean, from.mean, sizeof p.mean);
    memcpy(p.deviation, from.deviation, sizeof p.deviation);
    return skc_model_set_preprocessing(model, &p, err);
}

static bool take_weights_of(run *r)
{
    skc_model *source = NULL;
    skc_error  err;
    int32_t    copied = 0;
    skc_status status;

    if (r->s->init == NULL)
        return true;
    status = skc_model_load(r->s->init, &r->runtime, &source, &err);
    if (status == SKC_OK)
        status = skc_model_transfer(r->model, source, &copied, &err);
    if (status == SKC_OK)
        status = take_range(r->model, source, &err);
    skc_model_free(source);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    else if (!r->s->quiet)
        printf("%d of %d tensors taken from %s\n", copied, skc_model_tensor_count(r->model),
               r->s->init);
    return status == SKC_OK;
}

/* --class-weights: "label=weight,..." or "balanced". */
static bool choose_class_weights(run *r)
{
    const cli_list *list = &r->s->class_weights;
    int32_t         n    = r->data.label_count;

    if (list->count == 0)
        return true;
    r->class_weights = cli_memory(NULL, (size_t)n, sizeof(float));
    for (int32_t c = 0; c < n; c++)
        r->class_weights[c] = 1;
    if (list->count == 1 && strcmp(list->items[0], "balanced") == 0) {
        const int32_t *labels = skc_dataset_labels(r->data.train);
        int32_t        count  = skc_dataset_count(r->data.train);

        for (int32_t c = 0; c < n; c++) {
            int32_t of_class = 0;
            for (int32_t i = 0; i < count; i++)
                of_class += labels[i] == c;
            if (of_class > 0)
                r->class_weights[c] = (float)count / ((float)n * (float)of_class);
        }
        return true;
    }
    for (int32_t i = 0; i < list->count; i++) {
        char   *equals = strchr(list->items[i], '='), *end = NULL;
        int32_t found = -1;

        for (int32_t c = 0; c < n && equals != NULL; c++)
            if (strlen(r->data.labels[c]) == (size_t)(equals - list->items[i]) &&
                strncmp(r->data.labels[c], list->items[i], (size_t)(equals - list->items[i])) == 0)
                found = c;
        if (found >= 0)
            r->class_weights[found] = strtof(equals + 1, &end);
        if (found < 0 || end == equals + 1 || *end != '\0' || !(r->class_weights[found] > 0)) {
            cli_error("--class-weights: \"%s\" is not \"balanced\" or LABEL=WEIGHT over 0",
                      list->items[i]);
            return false;
        }
    }
    return true;
}

static bool make_trainer(run *r)
{
    skc_train_options o = r->s->train;
    skc_error         err;

    o.class_weights = r->class_weights;
    if (skc_trainer_create(r->model, r->data.train, &o, &r->runtime, &r->trainer, &err) == SKC_OK)
        return true;
    cli_error("%s", err.message);
    return false;
}

static bool resume(run *r)
{
    char      *path = in_folder(r, "last.safetensors"), *note = NULL;
    skc_error  err;
    skc_status status = skc_trainer_resume(r->trainer, path, &note, &err);

    free(path);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    else if (!train_history_read(&r->history, note))
        status = SKC_EFORMAT, cli_error("%s/last.safetensors: its note is malformed", r->s->out);
    skc_free(&r->runtime, note);
    r->before = r->history.seconds;
    return status == SKC_OK;
}

/* args.json: enough to run again or go on, from any folder. */
static bool write_args(const run *r)
{
    json_t    *json = json_checked(json_object()), *words = json_checked(json_array());
    char      *folder = getcwd(NULL, 0), *text, *path = in_folder(r, "args.json");
    skc_error  err;
    skc_status status;

    for (char *const *word = r->command_line; *word != NULL; word++)
        json_push(words, cli_json_text(*word));
    json_put(json, "arguments", words);
    json_put(json, "folder", cli_json_text(folder != NULL ? folder : "."));
    json_put(json, "version", json_string(skc_version()));
    text   = json_dumps(json, JSON_INDENT(1));
    status = file_write(path, text, strlen(text), &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    free(folder);
    free(path);
    free(text);
    json_decref(json);
    return status == SKC_OK;
}

/* One process a run folder: the lock goes when the process does. */
static bool lock_folder(run *r)
{
    r->lock = open(r->s->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (r->lock >= 0 && flock(r->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    cli_error("%s: %s", r->s->out,
              r->lock >= 0 && errno == EWOULDBLOCK ? "another process is training in this folder"
                                                   : strerror(errno));
    return false;
}

static bool make_folder(run *r)
{
    char     *last = in_folder(r, "last.safetensors");
    bool      used = file_exists(last);
    skc_error err;

    free(last);
    if (used && r->s->go_on == NULL) {
        cli_error("%s holds a run already; go on with it by --resume %s, or choose another folder",
                  r->s->out, r->s->out);
        return false;
    }
    if (file_make_folder(r->s->out, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    return lock_folder(r) && (r->s->go_on != NULL || write_args(r));
}

/* ---------------------------------------------------------------- showing */

static void show_part(table *t, const char *name, const skc_dataset *d)
{
    table_cell(t, "%s", name);
    table_cell(t, "%d pictures", skc_dataset_count(d));
}

static void show_settings(const run *r)
{
    const skc_train_options *o = &r->s->train;
    table                    t = table_begin("ll");
    char                     bytes[32];

    bytes_text(skc_trainer_bytes(r->trainer), bytes);
    table_cell(&t, "setting");
    table_cell(&t, "value");
    table_cell(&t, "architecture");
    table_cell(&t, "%s, input %d x %d, %zu parameters", skc_model_architecture_name(r->model),
               skc_model_preprocessing(r->model).height, skc_model_preprocessing(r->model).width,
               skc_model_parameter_count(r->model));
    show_part(&t, "train", r->data.train);
    show_part(&t, r->s->validation, r->data.validation);
    if (r->data.test != NULL)
        show_part(&t, r->s->test, r->data.test);
    table_cell(&t, "epochs");
    table_cell(&t, "%d, batch %d, seed %llu", o->epochs, o->batch, (unsigned long long)o->seed);
    table_cell(&t, "optimiser");
    table_cell(&t, "%s, rate %g, weight decay %g, clip %g",
               o->optimiser == SKC_ADAMW ? "adamw" : "sgd with Nesterov momentum",
               (double)o->learning_rate, (double)o->weight_decay, (double)o->clip_norm);
    table_cell(&t, "schedule");
    table_cell(&t, "%s, warm-up %g epochs", o->schedule == SKC_SCHEDULE_STEP ? "step" : "cosine",
               (double)o->warmup_epochs);
    table_cell(&t, "loss");
    table_cell(&t, "cross-entropy, smoothing %g, balance %g%s", (double)o->label_smoothing,
               (double)o->balance, o->balance_sources ? ", sources alike" : "");
    table_cell(&t, "averaging");
    table_cell(&t, "%g", (double)o->ema);
    table_cell(&t, "memory");
    table_cell(&t, "%s", bytes);
    table_cell(&t, "run folder");
    table_cell(&t, "%s", r->s->out);
    table_end(&t, stdout);
}

static void show_classes(const run *r, const skc_evaluation *e)
{
    table t = table_begin("lrrrrr");

    for (const char *const *heading =
             (const char *const[]){ "class", "pictures", "recall", "precision", "F1", "AUC", NULL };
         *heading != NULL; heading++)
        table_cell(&t, "%s", *heading);
    for (int32_t c = 0; c < r->data.label_count; c++) {
        skc_class_metrics m = skc_evaluation_class(e, c);

        table_cell(&t, "%s", r->data.labels[c]);
        table_cell(&t, "%d", m.support);
        table_cell(&t, "%.3f", m.recall.value);
        table_cell(&t, "%.3f", m.precision.value);
        table_cell(&t, "%.3f", m.f1.value);
        table_cell(&t, "%.3f", m.auc.value);
    }
    table_end(&t, stdout);
}

static void show_epoch(const run *r, const report_epoch *e, const skc_evaluation *figures)
{
    char took[32];
    bool best = r->history.best_epoch == e->epoch;

    if (r->s->json) {
        json_t *line = json_checked(json_object());
        json_put(line, "epoch", json_integer(e->epoch));
        json_put(line, "train_loss", json_number(e->train_loss));
        json_put(line, "train_accuracy", json_number(e->train_accuracy));
        for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
            json_put(line, skc_metric_name((skc_metric)m), json_number(e->metrics[m]));
        json_put(line, "best", json_boolean(best));
        cli_json_line(line);
        return;
    }
    if (r->s->quiet)
        return;
    duration_text(terminal_seconds() - r->started, took);
    printf("epoch %d/%d  loss %.4f  accuracy %.3f | %s: accuracy %.3f  balanced %.3f  AUC %.3f  "
           "log loss %.3f%s  (%s)\n",
           e->epoch, r->s->train.epochs, e->train_loss, e->train_accuracy, r->s->validation,
           e->metrics[SKC_ACCURACY], e->metrics[SKC_BALANCED_ACCURACY], e->metrics[SKC_MACRO_AUC],
           e->metrics[SKC_LOG_LOSS], best ? "  best" : "", took);
    show_classes(r, figures);
    (void)fflush(stdout);
}

/* ---------------------------------------------------------------- epochs */

static bool save_checkpoint(run *r)
{
    char      *path = in_folder(r, "last.safetensors"), *note;
    skc_error  err;
    skc_status status;

    r->history.seconds = r->before + terminal_seconds() - r->started;
    note               = train_history_note(&r->history);
    status             = skc_trainer_save(r->trainer, path, note, &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    free(note);
    free(path);
    r->saved = terminal_seconds();
    return status == SKC_OK;
}

static bool is_better(const run *r, double value)
{
    if (!isfinite(value))
        return false;
    if (r->history.best_epoch == 0)
        return true;
    return train_metrics[r->s->metric].larger ? value > r->history.best : value < r->history.best;
}

/* Keeps the weights of the best epoch as they are: float32, decisions not fitted yet. */
static bool keep_best(run *r, const report_epoch *e)
{
    double     value = e->metrics[train_metrics[r->s->metric].metric];
    char      *path;
    skc_error  err;
    skc_status status;

    if (!is_better(r, value))
        return true;
    r->history.best       = value;
    r->history.best_epoch = e->epoch;
    path                  = in_folder(r, "best.safetensors");
    status                = skc_trainer_export(r->trainer, path, SKC_F32, &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    free(path);
    return status == SKC_OK;
}

static bool write_results(const run *r)
{
    char      *path = in_folder(r, "results.csv");
    skc_error  err;
    skc_status status = train_history_write(&r->history, path, &err);

    if (status != SKC_OK)
        cli_error("%s", err.message);
    free(path);
    return status == SKC_OK;
}

/* Evaluates on the validation part after an epoch, records, saves. */
static bool end_epoch(run *r, const skc_train_step *step)
{
    report_epoch    e       = { .epoch          = step->epoch,
                                .learning_rate  = step->learning_rate,
                                .train_loss     = skc_trainer_epoch_loss(r->trainer),
                                .train_accuracy = (double)r->history.correct / (double)r->history.images };
    evaluation      part    = { .part          = r->s->validation,
                                .labels        = r->data.labels,
                                .count         = skc_dataset_count(r->data.validation),
                                .classes       = r->data.label_count,
                                .probabilities = r->probabilities,
                                .truth         = skc_dataset_labels(r->data.validation),
                                .malignant     = r->data.malignant,
                                .threshold     = 0.5f };
    skc_evaluation *figures = NULL;
    skc_error       err;
    skc_status      status =
        skc_trainer_predict(r->trainer, r->data.validation, 1, r->probabilities, &err);
    bool ok;

    if (status == SKC_OK)
        status = evaluation_compute(&part, NULL, 0, &r->runtime, &figures, &err);
    if (status != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        e.metrics[m] = skc_evaluation_metric(figures, (skc_metric)m).value;
    r->history.images = r->history.correct = 0;
    train_history_add(&r->history, &e);
    ok = keep_best(r, &e) && write_results(r) && save_checkpoint(r);
    show_epoch(r, &e, figures);
    skc_evaluation_free(figures);
    return ok;
}

static bool out_of_time(const run *r)
{
    return r->s->time_budget > 0 &&
           r->before + terminal_seconds() - r->started > 60 * r->s->time_budget;
}

static bool out_of_patience(const run *r)
{
    return r->s->patience > 0 && r->history.best_epoch > 0 && r->history.count > 0 &&
           r->history.epochs[r->history.count - 1].epoch - r->history.best_epoch >= r->s->patience;
}

static void show_step(progress *bar, const run *r, const skc_train_step *step)
{
    double seconds = terminal_seconds() - bar->started;
    char  *note;

    if (!bar->visible)
        return;
    note = cli_format("epoch %d/%d  loss %.4f  %.0f images/s", step->epoch, r->s->train.epochs,
                      skc_trainer_epoch_loss(r->trainer),
                      seconds > 0 ? (double)step->step * step->images / seconds : 0);
    progress_update(bar, (uint64_t)step->step, note);
    free(note);
}

/* One epoch, or the rest of it after resuming. */
static ending train_epoch(run *r)
{
    progress       bar   = { .visible = false };
    bool           begun = false;
    skc_train_step step;
    skc_error      err;

    do {
        if (skc_trainer_step(r->trainer, &step, &err) != SKC_OK) {
            progress_end(&bar);
            cli_error("%s", err.message);
            return FAILED;
        }
        if (!begun && !r->s->quiet && !r->s->json)
            bar = progress_begin("train", (uint64_t)step.steps);
        begun = true;
        r->history.images += step.images;
        r->history.correct += step.correct;
        show_step(&bar, r, &step);
        if (terminal_interrupted() && !step.epoch_finished) {
            progress_end(&bar);
            return INTERRUPTED;
        }
        if (r->s->save_every > 0 && terminal_seconds() - r->saved > 60 * r->s->save_every &&
            !step.epoch_finished && !save_checkpoint(r)) {
            progress_end(&bar);
            return FAILED;
        }
    } while (!step.epoch_finished);
    progress_end(&bar);
    if (!end_epoch(r, &step))
        return FAILED;
    return terminal_interrupted() ? INTERRUPTED : FINISHED;
}

static ending train_epochs(run *r)
{
    while (!skc_trainer_finished(r->trainer)) {
        ending e = train_epoch(r);

        if (e != FINISHED)
            return e;
        if (out_of_patience(r))
            return NO_BETTER;
        if (out_of_time(r))
            return OUT_OF_TIME;
    }
    return FINISHED;
}

/* ---------------------------------------------------------------- all of it */

/* The command line; a resumed run's without the mark of that, since it comes to the same. */
static char *recipe_of(const run *r)
{
    char *recipe = cli_copy("skincnn-train");

    for (char *const *word = r->command_line + 1; r->command_line[0] != NULL && *word != NULL;
         word++) {
        char *longer;

        if (strncmp(*word, "--go-on=", 8) == 0)
            continue;
        longer = cli_format("%s %s", recipe, *word);
        free(recipe);
        recipe = longer;
    }
    return recipe;
}

static int finish(run *r)
{
    char         *recipe  = recipe_of(r);
    train_outcome outcome = { r->s, &r->data, &r->history, &r->runtime, recipe };
    bool          ok;

    skc_trainer_free(r->trainer); /* its memory is not needed for what follows */
    r->trainer = NULL;
    ok         = train_finish(&outcome);
    free(recipe);
    if (!ok)
        return CLI_FAILED;
    return r->data.lost > 0 ? CLI_SOME_FAILED : CLI_OK;
}

static int train_and_finish(run *r)
{
    ending e;

    r->started = r->saved = terminal_seconds();
    e                     = train_epochs(r);
    if (e == INTERRUPTED) {
        if (!save_checkpoint(r))
            return CLI_FAILED;
        cli_error("interrupted; everything is saved. Go on with: skincnn-train --resume %s",
                  r->s->out);
        return CLI_SOME_FAILED;
    }
    if (e == FAILED)
        return CLI_FAILED;
    if (!r->s->quiet && !r->s->json && e == NO_BETTER)
        printf("no better %s for %d epochs: stopping\n",
               skc_metric_name(train_metrics[r->s->metric].metric), r->s->patience);
    if (!r->s->quiet && !r->s->json && e == OUT_OF_TIME)
        printf("the time budget is spent: stopping\n");
    return finish(r);
}

static int prepare_and_train(run *r)
{
    skc_preprocessing p;
    int32_t           side;

    if (!train_data_open(r->s, &r->data) || !make_model(r) || !take_weights_of(r))
        return CLI_FAILED;
    if (!r->s->dry_run && !make_folder(r))
        return CLI_FAILED;
    p    = skc_model_preprocessing(r->model);
    side = skc_preprocessing_side(&p);
    if (!train_data_load(r->s, side, &r->runtime, &r->data) || !choose_class_weights(r) ||
        !make_trainer(r))
        return CLI_FAILED;
    if (r->s->go_on != NULL && !resume(r))
        return CLI_FAILED;
    if (!r->s->quiet && !r->s->json)
        show_settings(r);
    if (r->s->dry_run) {
        printf("dry run: nothing was trained\n");
        return CLI_OK;
    }
    r->probabilities = cli_memory(
        NULL, (size_t)skc_dataset_count(r->data.validation) * (size_t)r->data.label_count,
        sizeof(float));
    return train_and_finish(r);
}

int train_run(const train_settings *settings, char *const *command_line)
{
    run r = { .s = settings, .command_line = command_line, .lock = -1 };
    int status;

    r.runtime = cli_runtime(settings->threads, settings->kernels);
    terminal_catch_interrupt();
    status = prepare_and_train(&r);
    skc_trainer_free(r.trainer);
    skc_model_free(r.model);
    train_data_close(&r.data);
    train_history_free(&r.history);
    free(r.class_weights);
    free(r.probabilities);
    if (r.lock >= 0)
        close(r.lock);
    return status;
}
