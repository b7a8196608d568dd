/* data_generate.c - the sub-command generate: a folder of made pictures with its manifest. */
#include "data.h"
#include "failure.h"
#include "files.h"
#include "generate.h"
#include "terminal.h"
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One in four lesions is photographed twice. */
enum { TWICE = 4, CHUNK = 64 };

typedef struct plan {
    generate_request request;
    const char      *label;
    char            *path; /* within the folder */
    skc_error        err;
} plan;

/* The class of the n-th lesion: all in turn; for malignancy the two labels in turn, and the classes
 * of each in turn within it. */
static int32_t class_of(int32_t labels, int32_t n)
{
    bool    wanted   = n % 2 != 0;
    int32_t of_label = 0, among;

    if (labels == DATA_DIAGNOSIS)
        return n % GENERATE_CLASSES;
    for (int32_t i = 0; i < GENERATE_CLASSES; i++)
        of_label += generate_malignant[i] == wanted;
    among = n / 2 % of_label;
    for (int32_t i = 0; i < GENERATE_CLASSES; i++)
        if (generate_malignant[i] == wanted && among-- == 0)
            return i;
    return 0;
}

static const char *label_of(int32_t labels, int32_t class_index)
{
    if (labels == DATA_DIAGNOSIS)
        return generate_labels[class_index];
    return generate_malignant[class_index] ? "malignant" : "benign";
}

/* The next number of a label: the labels are few. */
static int32_t next_number(const plan *plans, int32_t before, const char *label)
{
    for (int32_t i = before - 1; i >= 0; i--)
        if (strcmp(plans[i].label, label) == 0)
            return atoi(strrchr(plans[i].path, '_') + 1) + 1;
    return 1;
}

static plan *make_plans(const data_settings *settings)
{
    plan   *plans   = cli_memory(NULL, (size_t)settings->count, sizeof *plans);
    int32_t lesions = 0;

    for (int32_t i = 0; i < settings->count; i++) {
        bool again = i > 0 && plans[i - 1].request.view == 0 && (lesions - 1) % TWICE == TWICE - 1;
        int32_t n  = again ? lesions - 1 : lesions++;
        int32_t class_index = class_of(settings->labels, n);

        plans[i] = (plan){ .request = { settings->seed, class_index, n, again, settings->size },
                           .label   = label_of(settings->labels, class_index) };
        plans[i].path = cli_format("%s/%s_%04d.%s", plans[i].label, plans[i].label,
                                   (int)next_number(plans, i, plans[i].label),
                                   settings->image_format == SKC_JPEG ? "jpg" : "png");
    }
    return plans;
}

static void free_plans(plan *plans, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        free(plans[i].path);
    free(plans);
}

/* ------------------------------------------------------------------ pictures */

/* Without syncing each: what a crash would lose can be made again. */
static skc_status write_file(const char *path, const void *bytes, size_t size, skc_error *err)
{
    FILE *file  = fopen(path, "wb");
    bool  whole = file != NULL && fwrite(bytes, 1, size, file) == size;

    if (file != NULL && fclose(file) != 0)
        whole = false;
    return whole ? SKC_OK
                 : failure(err, SKC_EIO, "%s: cannot be written: %s", path, strerror(errno));
}

static skc_status make_one(const data_settings *settings, const plan *p, const skc_runtime *runtime,
                           skc_error *err)
{
    char      *path = file_join(settings->out, p->path);
    skc_image *image;
    uint8_t   *bytes;
    size_t     size;
    skc_status status = generate_picture(&p->request, runtime, &image, err);

    if (status == SKC_OK) {
        status = skc_image_encode(image, (skc_picture_format)settings->image_format,
                                  settings->quality, runtime, &bytes, &size, err);
        skc_image_free(image);
    }
    if (status == SKC_OK) {
        status = write_file(path, bytes, size, err);
        skc_free(runtime, bytes);
    }
    free(path);
    return status;
}

typedef struct making {
    const data_settings *settings;
    const skc_runtime   *runtime;
    plan                *plans; /* of the task 0 on */
} making;

static void make_task(void *context, int32_t i)
{
    const making *m = context;
    plan         *p = &m->plans[i];

    p->err.status = make_one(m->settings, p, m->runtime, &p->err);
}

static void make_pictures(const data_settings *settings, plan *plans, problems *list)
{
    skc_runtime runtime = cli_runtime(1, settings->kernels);
    progress    bar     = progress_begin("pictures", (uint64_t)settings->count);

    for (int32_t start = 0, end; start < settings->count; start = end) {
        end = start + CHUNK < settings->count ? start + CHUNK : settings->count;
        workers_run(settings->threads, end - start, make_task,
                    &(making){ settings, &runtime, plans + start });
        for (int32_t i = start; i < end; i++)
            if (plans[i].err.status != SKC_OK)
                problem_add(list, "pictures not written", "%s", plans[i].err.message);
        progress_update(&bar, (uint64_t)end, NULL);
    }
    progress_end(&bar);
}

static bool make_folders(const data_settings *settings, const plan *plans)
{
    skc_error   err;
    const char *last = "";
    bool        fine = true;

    for (int32_t i = 0; i < settings->count && fine; i++) {
        char *folder = file_join(settings->out, plans[i].label);

        if (strcmp(last, plans[i].label) != 0)
            fine = file_make_folder(folder, &err) == SKC_OK;
        last = plans[i].label;
        free(folder);
    }
    if (!fine)
        cli_error("%s", err.message);
    return fine;
}

/* ------------------------------------------------------------------ the manifest */

static bool add_rows(const data_settings *settings, const plan *plans, skc_manifest *manifest)
{
    skc_split_options options;
    skc_error         err;
    skc_status        status = SKC_OK;

    for (int32_t i = 0; i < settings->count && status == SKC_OK; i++) {
        char            *group = cli_format("lesion_%06d", (int)plans[i].request.lesion + 1);
        skc_manifest_row row   = { plans[i].path, plans[i].label, group, "", "generated" };

        if (plans[i].err.status == SKC_OK)
            status = skc_manifest_add(manifest, &row, &err);
        free(group);
    }
    skc_split_options_init(&options);
    if (status == SKC_OK && skc_manifest_count(manifest) > 0)
        status = skc_manifest_split(manifest, &options, &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK;
}

static int write_manifest(const data_settings *settings, const plan *plans, const problems *list)
{
    char         *path     = file_join(settings->out, "manifest.csv");
    skc_manifest *manifest = data_create();
    int           result   = CLI_FAILED;

    if (manifest != NULL && add_rows(settings, plans, manifest))
        result = data_finish(manifest, path, list);
    else
        skc_manifest_free(manifest);
    free(path);
    return result;
}

/* Pictures of an earlier call would be left behind unlisted. */
static bool is_taken(const char *folder)
{
    char *path  = file_join(folder, "manifest.csv");
    bool  taken = file_exists(path);

    if (taken)
        cli_error("%s is there already; choose another folder", path);
    free(path);
    return taken;
}

int data_generate(const cli_call *call)
{
    const data_settings *settings = call->settings;
    problems             list     = { .total = 0 };
    plan                *plans;
    int                  result = CLI_FAILED;

    if (settings->out == NULL)
        return cli_usage(call, "--out is missing: the folder to fill");
    if (is_taken(settings->out))
        return CLI_FAILED;
    plans = make_plans(settings);
    if (make_folders(settings, plans)) {
        make_pictures(settings, plans, &list);
        result = write_manifest(settings, plans, &list);
    }
    free_plans(plans, settings->count);
    return result;
}
