/* train_data.c - the data of a training run: manifest, labels, parts, leaks, cache. */
#define _GNU_SOURCE
#include "files.h"
#include "pictures.h"
#include "tasks.h"
#include "terminal.h"
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const diagnosis_labels[]  = { "akiec", "bcc", "bkl", "df", "mel", "nv", "vasc" };
static const char *const malignancy_labels[] = { "benign", "malignant" };

/* ---------------------------------------------------------------- labels */

static void take_labels(train_data *data, const char *const *labels, int32_t count)
{
    data->labels = cli_memory(NULL, (size_t)count, sizeof *data->labels);
    for (int32_t i = 0; i < count; i++)
        data->labels[i] = cli_copy(labels[i]);
    data->label_count = count;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Another task's labels: those of the manifest, sorted. */
static void find_labels(train_data *data)
{
    int32_t      rows = skc_manifest_count(data->manifest), count = 0;
    const char **found = cli_memory(NULL, (size_t)rows, sizeof *found);

    for (int32_t i = 0; i < rows; i++)
        found[i] = skc_manifest_row_at(data->manifest, i).label;
    qsort(found, (size_t)rows, sizeof *found, by_text);
    for (int32_t i = 0; i < rows; i++)
        if (count == 0 || strcmp(found[i], found[count - 1]) != 0)
            found[count++] = found[i];
    take_labels(data, found, count);
    free(found);
}

static bool choose_labels(const train_settings *s, train_data *data)
{
    if (s->labels.count > 0)
        take_labels(data, (const char *const *)s->labels.items, s->labels.count);
    else if (strcmp(s->task, "diagnosis") == 0)
        take_labels(data, diagnosis_labels, 7);
    else if (strcmp(s->task, "malignancy") == 0)
        take_labels(data, malignancy_labels, 2);
    else
        find_labels(data);
    if (data->label_count < 2) {
        cli_error("%s: %d label; at least 2 are needed", s->manifest, data->label_count);
        return false;
    }
    data->malignant = cli_memory(NULL, (size_t)data->label_count, sizeof *data->malignant);
    if (!task_mark_malignant(data->labels, data->label_count, data->malignant)) {
        free(data->malignant);
        data->malignant = NULL;
    }
    return true;
}

/* ---------------------------------------------------------------- parts */

static int32_t count_part(const skc_manifest *manifest, const char *part)
{
    int32_t count = 0;

    for (int32_t i = 0; i < skc_manifest_count(manifest); i++)
        count += strcmp(skc_manifest_row_at(manifest, i).split, part) == 0;
    return count;
}

static bool carve(const train_settings *s, train_data *data, const char *from, const char *to,
                  const char *seed, int32_t percent)
{
    skc_split_options options;
    skc_error         err;

    skc_split_options_init(&options);
    options.seed    = seed;
    options.percent = percent;
    options.from    = from;
    options.to      = to;
    options.rest    = "train";
    if (skc_manifest_split(data->manifest, &options, &err) == SKC_OK)
        return true;
    cli_error("%s: %s", s->manifest, err.message);
    return false;
}

/* A manifest without parts is split 8:2 first; one without validation gets it out of train. */
static bool choose_parts(const train_settings *s, train_data *data)
{
    bool ok = true;

    if (count_part(data->manifest, "") == skc_manifest_count(data->manifest))
        ok = carve(s, data, NULL, "test", "ham10000-split-v1", 20);
    if (ok && count_part(data->manifest, s->validation) == 0)
        ok = carve(s, data, "train", s->validation, "skincnn-validation-v1", s->validation_percent);
    if (ok && count_part(data->manifest, s->validation) == 0) {
        cli_error("%s: %d %% of its lesions for the part \"%s\" come to none; choose a larger "
                  "--validation-percent, or mark them in the manifest",
                  s->manifest, s->validation_percent, s->validation);
        ok = false;
    }
    return ok;
}

static bool check_leaks(const train_settings *s, train_data *data)
{
    const char *example = NULL;

    data->leaks = skc_manifest_leaks(data->manifest, &example);
    if (data->leaks == 0)
        return true;
    cli_error("%s: %d lesions or patients stand in more than one part, e.g. %s: figures would be "
              "flattered",
              s->manifest, data->leaks, example);
    if (s->allow_leaks) {
        cli_error("going on as --allow-leaks says; the results are marked as not comparable");
        return true;
    }
    cli_error("split again with \"skincnn-data split\", or use --allow-leaks");
    return false;
}

bool train_data_open(const train_settings *s, train_data *data)
{
    skc_error err;

    memset(data, 0, sizeof *data);
    if (skc_manifest_load(s->manifest, NULL, &data->manifest, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    if (skc_manifest_count(data->manifest) == 0) {
        cli_error("%s: no pictures", s->manifest);
        return false;
    }
    return choose_labels(s, data) && check_leaks(s, data) && choose_parts(s, data);
}

/* ---------------------------------------------------------------- pictures */

typedef struct reading {
    progress bar;
    int32_t  failed;
} reading;

static void show_progress(void *user, int32_t done, int32_t total)
{
    reading *r = user;

    if (done >= total)
        progress_end(&r->bar);
    else
        progress_update(&r->bar, (uint64_t)done, NULL);
}

static void report_failure(void *user, int32_t row, const skc_error *err)
{
    reading *r = user;

    (void)row;
    if (r->failed++ < 10)
        cli_error("%s", err->message);
}

static bool stopped(void *user)
{
    (void)user;
    return terminal_interrupted();
}

/* A dry run leaves nothing behind. */
static char *cache_path(const train_settings *s)
{
    const char *temporary = getenv("TMPDIR");

    if (s->cache == NULL && s->dry_run)
        return cli_format("%s/skincnn-dry-run-%ld.cache", temporary != NULL ? temporary : "/tmp",
                          (long)getpid());
    return s->cache != NULL ? cli_copy(s->cache) : cli_format("%s/pictures.cache", s->out);
}

static bool make_dataset(const train_settings *s, train_data *data, const char *part,
                         const skc_runtime *runtime, skc_dataset **out)
{
    skc_error err;

    if (skc_dataset_create(data->manifest, data->cache, part, data->labels, data->label_count,
                           runtime, out, &err) == SKC_OK)
        return true;
    cli_error("%s: part %s: %s", s->manifest, part, err.message);
    return false;
}

bool train_data_load(const train_settings *s, int32_t side, const skc_runtime *runtime,
                     train_data *data)
{
    reading r = { progress_begin("pictures", (uint64_t)skc_manifest_count(data->manifest)), 0 };
    pictures_options how  = { .manifest_path = s->manifest,
                              .runtime       = runtime,
                              .user          = &r,
                              .progress      = show_progress,
                              .failed        = report_failure,
                              .stop          = stopped };
    char            *path = cache_path(s);
    skc_error        err;
    skc_status       status = pictures_cache(data->manifest, &how, path, side, &data->cache, &err);

    progress_end(&r.bar);
    if (s->cache == NULL && s->dry_run)
        unlink(path); /* it stays mapped */
    free(path);
    if (status != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    data->lost = r.failed;
    if (r.failed > 0)
        cli_error("%d of %d pictures could not be used", r.failed,
                  skc_manifest_count(data->manifest));
    return make_dataset(s, data, "train", runtime, &data->train) &&
           make_dataset(s, data, s->validation, runtime, &data->validation) &&
           (count_part(data->manifest, s->test) == 0 ||
            make_dataset(s, data, s->test, runtime, &data->test));
}

void train_data_close(train_data *data)
{
    skc_dataset_free(data->train);
    skc_dataset_free(data->validation);
    skc_dataset_free(data->test);
    skc_cache_free(data->cache);
    skc_manifest_free(data->manifest);
    for (int32_t i = 0; i < data->label_count; i++)
        free((void *)(uintptr_t)data->labels[i]);
    free(data->labels);
    free(data->malignant);
}
