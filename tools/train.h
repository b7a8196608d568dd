/* train.h - the parts of skincnn-train: settings, data, the run with its folder, the result. */
#ifndef SKC_TOOLS_TRAIN_H
#define SKC_TOOLS_TRAIN_H

#include "cli.h"
#include "evaluation.h"
#include "report.h"

typedef struct train_settings {
    const char       *manifest, *out, *cache, *resume;
    const char       *task;
    cli_list          labels;
    const char       *architecture;
    int32_t           size;
    float             width_factor, dropout;
    int32_t           fit; /* skc_fit */
    const char       *init;
    const char       *validation, *test;
    int32_t           validation_percent;
    bool              allow_leaks;
    skc_train_options train;
    cli_list          class_weights;
    int32_t           metric; /* index into train_metrics */
    int32_t           patience, views;
    double            sensitivity;
    double            time_budget, save_every; /* minutes */
    int32_t           precision;               /* skc_precision */
    int32_t           resamples, mistakes;
    bool              dry_run, json, quiet;
    const char       *go_on; /* the folder to go on in, instead of `out`; NULL: a new run */
    int32_t           threads;
    const char       *kernels;
} train_settings;

/* Figures that can choose the best epoch; `larger` where more is better. */
typedef struct train_metric {
    skc_metric metric;
    bool       larger;
} train_metric;

#define TRAIN_METRIC_NAMES "macro_auc|balanced_accuracy|accuracy|malignant_auc|log_loss"
extern const train_metric train_metrics[];

/* ---------------------------------------------------------------- data (train_data.c) */

typedef struct train_data {
    skc_manifest *manifest;
    skc_cache    *cache;
    skc_dataset  *train, *validation, *test; /* test NULL: the manifest has none */
    const char  **labels;
    int32_t       label_count;
    bool         *malignant; /* NULL: not known which labels are */
    int32_t       leaks;     /* groups in more than one part */
    int32_t       lost;      /* pictures that could not be read */
} train_data;

/* Opens the manifest, finds the labels, carves a validation part where there is none, refuses
 * leaks. Prints messages; false: give up. */
bool train_data_open(const train_settings *s, train_data *data);
/* Makes or opens the picture cache at `side` and the datasets of the parts. */
bool train_data_load(const train_settings *s, int32_t side, const skc_runtime *runtime,
                     train_data *data);
void train_data_close(train_data *data);

/* ---------------------------------------------------------------- history (train_history.c) */

/* What a run remembers between epochs; travels in the checkpoint's note. */
typedef struct train_history {
    report_epoch *epochs;
    int32_t       count, capacity;
    int32_t       best_epoch;      /* 0: none yet */
    double        best;            /* value of the chosen metric */
    double        seconds;         /* spent training, over all resumptions */
    int64_t       images, correct; /* of the epoch that runs */
} train_history;

void       train_history_add(train_history *history, const report_epoch *epoch);
void       train_history_free(train_history *history);
/* As JSON text, and back; false when malformed. */
char      *train_history_note(const train_history *history);
bool       train_history_read(train_history *history, const char *note);
/* results.csv: a row an epoch. */
skc_status train_history_write(const train_history *history, const char *path, skc_error *err);

/* ---------------------------------------------------------------- result (train_result.c) */

/* What the last stage needs of the run. */
typedef struct train_outcome {
    const train_settings *settings;
    const train_data     *data;
    const train_history  *history;
    const skc_runtime    *runtime;
    const char           *recipe; /* the command line */
} train_outcome;

/* From DIR/best.safetensors: fits temperature, class weights and operating point on the validation
 * part, writes DIR/model.safetensors, DIR/metrics.json and DIR/report.html, and prints the figures
 * of the parts. False after a message. */
bool train_finish(const train_outcome *outcome);

/* ---------------------------------------------------------------- run (train_run.c) */

/* Everything from the data to the report; returns the exit status. */
int train_run(const train_settings *settings, char *const *command_line);

#endif
