/* model_quantise.c - `skincnn-model quantise`: weights and activations of 8 bits. */
#include "model_quantise.h"
#include "failure.h"
#include "files.h"
#include "picture_cache.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPLITS "train|val|test|all"
static const char *const split_names[] = { "train", "val", "test", NULL };

/* clang-format off */
const cli_option quantise_options[] = {
    { "Calibration", .kind = CLI_GROUP },
    { "manifest", 'd', CLI_TEXT, offsetof(quantise_settings, manifest), NULL, 0, 0, "FILE",
      "the table of pictures, as skincnn-data makes it" },
    { "split", 's', CLI_CHOICE, offsetof(quantise_settings, split), "train", 0, 0, SPLITS,
      "the part of the manifest to take pictures from" },
    { "count", 'n', CLI_INT, offsetof(quantise_settings, count), "256", 1, 100000, "N",
      "take so many, evenly spread over the part; all where there are fewer" },
    { "Output", .kind = CLI_GROUP },
    { "json", 'j', CLI_FLAG, offsetof(quantise_settings, json),
      .help = "print the outcome as one JSON object" },
    { "force", 0, CLI_FLAG, offsetof(quantise_settings, force), .help = "overwrite the file" },
    { "Running", .kind = CLI_GROUP },
    CLI_RUNTIME_OPTIONS(quantise_settings),
    { .name = NULL },
};
/* clang-format on */

typedef struct job {
    const quantise_settings *options;
    skc_runtime              runtime;
    skc_model               *model, *result;
    skc_manifest            *manifest; /* of the chosen pictures */
    skc_cache               *cache;
    skc_image              **images;
    int32_t                  count;
    skc_quantise_report      report;
} job;

/* ------------------------------------------------------------------ pictures */

static bool is_inside(const job *j, skc_manifest_row row)
{
    const char *part = split_names[j->options->split];

    return part == NULL || strcmp(part, row.split) == 0;
}

/* Of n pictures of the part, number i * n / count for each i. */
static skc_status choose_rows(job *j, const skc_manifest *all, skc_error *err)
{
    int64_t    inside = 0, seen = 0;
    int64_t    wanted = j->options->count, taken = 0;
    skc_status status = skc_manifest_create(&j->runtime, &j->manifest, err);

    for (int32_t i = 0; i < skc_manifest_count(all); i++)
        inside += is_inside(j, skc_manifest_row_at(all, i));
    wanted = wanted < inside ? wanted : inside;
    for (int32_t i = 0; i < skc_manifest_count(all) && status == SKC_OK; i++) {
        skc_manifest_row row = skc_manifest_row_at(all, i);

        if (is_inside(j, row) && seen++ == taken * inside / wanted && taken++ < wanted)
            status = skc_manifest_add(j->manifest, &row, err);
        if (taken == wanted)
            break;
    }
    if (status == SKC_OK && inside == 0)
        return failure(err, SKC_ENOTFOUND, "%s: no picture in the part to calibrate on",
                       j->options->manifest);
    return status;
}

static skc_status take_images(job *j, skc_error *err)
{
    const int32_t rows   = skc_cache_rows(j->cache);
    skc_status    status = SKC_OK;

    j->images = cli_memory(NULL, (size_t)rows + 1, sizeof(skc_image *));
    for (int32_t i = 0; i < rows && status == SKC_OK; i++) {
        if (!skc_cache_has(j->cache, i))
            continue;
        status = skc_cache_image(j->cache, i, &j->runtime, &j->images[j->count], err);
        j->count += status == SKC_OK;
    }
    if (status == SKC_OK && j->count == 0)
        return failure(err, SKC_ENOTFOUND, "%s: no picture could be read", j->options->manifest);
    return status;
}

static skc_status load_pictures(job *j, skc_error *err)
{
    const skc_preprocessing input = skc_model_preprocessing(j->model);
    skc_manifest           *all   = NULL;
    skc_status status             = skc_manifest_load(j->options->manifest, &j->runtime, &all, err);

    if (status == SKC_OK)
        status = choose_rows(j, all, err);
    skc_manifest_free(all);
    if (status == SKC_OK)
        status = picture_cache_once(j->manifest, j->options->manifest, &j->runtime,
                                    skc_preprocessing_side(&input), &j->cache, err);
    return status == SKC_OK ? take_images(j, err) : status;
}

/* ------------------------------------------------------------------ outcome */

static uint64_t bytes_of(const char *path)
{
    char     *bytes = NULL;
    size_t    size  = 0;
    skc_error err;

    if (file_read(path, UINT64_MAX, &bytes, &size, &err) != SKC_OK)
        size = 0;
    free(bytes);
    return size;
}

static void print_outcome(const job *j, const char *from, const char *to)
{
    const skc_quantise_report *r = &j->report;
    char                       before[32], after[32];

    if (j->options->json) {
        cli_json_line(json_pack("{so sI sI si si sf}", "path", cli_json_text(to), "bytes_before",
                                (json_int_t)bytes_of(from), "bytes", (json_int_t)bytes_of(to),
                                "pictures", (int)r->pictures, "agreeing", (int)r->agreeing, "error",
                                r->error));
        return;
    }
    bytes_text(bytes_of(from), before);
    bytes_text(bytes_of(to), after);
    printf("%s: %s, %s instead of %s\n", to, skc_model_architecture_name(j->result), after, before);
    printf("%d of %d calibration pictures are decided as before (%.1f %%); probabilities differ by "
           "%.4f (root mean square)\n",
           (int)r->agreeing, (int)r->pictures, 100.0 * r->agreeing / r->pictures, r->error);
}

static skc_status quantise(job *j, const char *from, const char *to, skc_error *err)
{
    skc_status status = skc_model_load(from, &j->runtime, &j->model, err);

    if (status == SKC_OK)
        status = load_pictures(j, err);
    if (status == SKC_OK)
        status = skc_model_quantise(j->model, (const skc_image *const *)j->images, j->count,
                                    &j->runtime, &j->report, &j->result, err);
    return status == SKC_OK ? skc_model_save(j->result, to, SKC_F32, err) : status;
}

static void release(job *j)
{
    for (int32_t i = 0; i < j->count; i++)
        skc_image_free(j->images[i]);
    free(j->images);
    skc_cache_free(j->cache);
    skc_manifest_free(j->manifest);
    skc_model_free(j->model);
    skc_model_free(j->result);
}

int quantise_run(const cli_call *call)
{
    const quantise_settings *o    = call->settings;
    const char              *from = call->arguments[0], *to = call->arguments[1];
    job                      j = { .options = o, .runtime = cli_runtime(o->threads, o->kernels) };
    skc_error                err;
    skc_status               status;

    if (o->manifest == NULL)
        return cli_usage(call, "--manifest is missing");
    if (file_exists(to) && !o->force) {
        cli_error("%s: exists already; --force overwrites", to);
        return CLI_FAILED;
    }
    terminal_catch_interrupt();
    status = quantise(&j, from, to, &err);
    if (status == SKC_OK)
        print_outcome(&j, from, to);
    else
        cli_error("%s", err.message);
    release(&j);
    return status == SKC_OK ? CLI_OK : CLI_FAILED;
}
