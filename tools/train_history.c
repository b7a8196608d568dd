/* train_history.c - what a training run remembers between epochs, and results.csv. */
#define _GNU_SOURCE /* open_memstream */
#include "files.h"
#include "json_build.h"
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void train_history_add(train_history *history, const report_epoch *epoch)
{
    if (history->count == history->capacity) {
        history->capacity = history->capacity > 0 ? history->capacity * 2 : 64;
        history->epochs =
            cli_memory(history->epochs, (size_t)history->capacity, sizeof *history->epochs);
    }
    history->epochs[history->count++] = *epoch;
}

void train_history_free(train_history *history)
{
    free(history->epochs);
    memset(history, 0, sizeof *history);
}

/* ---------------------------------------------------------------- note */

static json_t *epoch_json(const report_epoch *e)
{
    json_t *list = json_checked(json_array());

    json_push(list, json_integer(e->epoch));
    json_push(list, json_number(e->learning_rate));
    json_push(list, json_number(e->train_loss));
    json_push(list, json_number(e->train_accuracy));
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        json_push(list, json_number(e->metrics[m]));
    return list;
}

char *train_history_note(const train_history *history)
{
    json_t *json = json_checked(json_object()), *epochs = json_checked(json_array());
    char   *text;

    for (int32_t i = 0; i < history->count; i++)
        json_push(epochs, epoch_json(&history->epochs[i]));
    json_put(json, "best_epoch", json_integer(history->best_epoch));
    json_put(json, "best", json_number(history->best));
    json_put(json, "seconds", json_number(history->seconds));
    json_put(json, "images", json_integer(history->images));
    json_put(json, "correct", json_integer(history->correct));
    json_put(json, "epochs", epochs);
    text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

static double number_at(const json_t *list, size_t i)
{
    const json_t *value = json_array_get(list, i);

    return json_is_number(value) ? json_number_value(value) : NAN;
}

static report_epoch read_epoch(const json_t *list)
{
    report_epoch e = { .epoch          = (int32_t)json_integer_value(json_array_get(list, 0)),
                       .learning_rate  = number_at(list, 1),
                       .train_loss     = number_at(list, 2),
                       .train_accuracy = number_at(list, 3) };

    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        e.metrics[m] = number_at(list, (size_t)m + 4);
    return e;
}

bool train_history_read(train_history *history, const char *note)
{
    json_t       *json = json_loads(note, JSON_REJECT_DUPLICATES, NULL);
    const json_t *epochs;

    if (json == NULL)
        return false;
    epochs = json_object_get(json, "epochs");
    for (size_t i = 0; i < json_array_size(epochs); i++) {
        report_epoch e = read_epoch(json_array_get(epochs, i));
        train_history_add(history, &e);
    }
    history->best_epoch = (int32_t)json_integer_value(json_object_get(json, "best_epoch"));
    history->best       = json_number_value(json_object_get(json, "best"));
    history->seconds    = json_number_value(json_object_get(json, "seconds"));
    history->images     = json_integer_value(json_object_get(json, "images"));
    history->correct    = json_integer_value(json_object_get(json, "correct"));
    json_decref(json);
    return true;
}

/* ---------------------------------------------------------------- results.csv */

/* What is undefined is left empty. */
static void put_number(FILE *file, double value)
{
    if (isfinite(value))
        fprintf(file, ",%.6g", value);
    else
        fputc(',', file);
}

skc_status train_history_write(const train_history *history, const char *path, skc_error *err)
{
    char      *text = NULL;
    size_t     size = 0;
    FILE      *file = open_memstream(&text, &size);
    skc_status status;

    if (file == NULL)
        return SKC_ENOMEM;
    fputs("epoch,learning_rate,train_loss,train_accuracy", file);
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        fprintf(file, ",val_%s", skc_metric_name((skc_metric)m));
    fputc('\n', file);
    for (int32_t i = 0; i < history->count; i++) {
        const report_epoch *e = &history->epochs[i];

        fprintf(file, "%d", e->epoch);
        put_number(file, e->learning_rate);
        put_number(file, e->train_loss);
        put_number(file, e->train_accuracy);
        for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
            put_number(file, e->metrics[m]);
        fputc('\n', file);
    }
    if (fclose(file) != 0) {
        free(text);
        return SKC_ENOMEM;
    }
    status = file_write(path, text, size, err);
    free(text);
    return status;
}
