/* data_generate.c - the sub-command generate: a folder of made pictures with its manifest. */
#include "data.h"
#include "failure.h"
#include "files.h"
#include "generate.h"
#include "generate_bad.h"
#include "terminal.h"
#include "workers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One in four lesions is photographed twice. */
enum { TWICE = 4, CHUNK = 64 };

typedef struct plan {
    generate_request request; /* the lesion, or what is spoilt where no picture is given */
    bad_request      bad;     /* its kind is BAD_NONE for a lesion */
    const char      *label;
    char            *group;
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

/* `from` (may be NULL) has the pictures to spoil, one a plan. */
static plan make_plan(const data_settings *settings, int32_t i, int32_t n, bool again,
                      const skc_manifest *from)
{
    int32_t class_index = class_of(settings->labels, n);
    plan    p           = { .request = { settings->seed, class_index, n, again, settings->size },
                            .bad     = { (bad_kind)settings->kind, settings->seed, i, settings->size },
                            .label   = settings->kind != BAD_NONE ? bad_kind_names[settings->kind]
                                                                  : label_of(settings->labels, class_index) };

    p.group = from != NULL ? cli_copy(skc_manifest_row_at(from, i).group)
                           : cli_format("lesion_%06d", (int)n + 1);
    return p;
}

static plan *make_plans(const data_settings *settings, int32_t count, const skc_manifest *from)
{
    plan   *plans   = cli_memory(NULL, (size_t)count, sizeof *plans);
    int32_t lesions = 0;

    for (int32_t i = 0; i < count; i++) {
        bool again = settings->kind == BAD_NONE && i > 0 && plans[i - 1].request.view == 0 &&
                     (lesions - 1) % TWICE == TWICE - 1;
        int32_t n = again ? lesions - 1 : lesions++;

        plans[i]      = make_plan(settings, i, n, again, from);
        plans[i].path = cli_format("%s/%s_%04d.%s", plans[i].label, plans[i].label,
                                   (int)next_number(plans, i, plans[i].label),
                                   settings->image_format == SKC_JPEG ? "jpg" : "png");
    }
    return plans;
}

static void free_plans(plan *plans, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        free(plans[i].group);
        free(plans[i].path);
    }
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

static skc_status draw(const plan *p, const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    skc_image *good;
    skc_status status;

    if (p->bad.kind != BAD_NONE && !bad_kind_spoils(p->bad.kind))
        return bad_picture(&p->bad, NULL, runtime, out, err);
    if (p->bad.kind == BAD_NONE)
        return generate_picture(&p->request, runtime, out, err);
    status = generate_picture(&p->request, runtime, &good, err);
    if (status != SKC_OK)
        return status;
    status = bad_picture(&p->bad, good, runtime, out, err);
    skc_image_free(good);
    return status;
}

typedef struct making {
    const data_settings *settings;
    const skc_runtime   *runtime;
    plan                *plans; /* of the task 0 on */
    progress            *bar;
} making;

/* Releases the picture. */
static skc_status save_picture(const making *m, const plan *p, skc_image *image, skc_error *err)
{
    char      *path = file_join(m->settings->out, p->path);
    uint8_t   *bytes;
    size_t     size;
    skc_status status = skc_image_encode(image, (skc_picture_format)m->settings->image_format,
                                         m->settings->quality, m->runtime, &bytes, &size, err);

    skc_image_free(image);
    if (status == SKC_OK) {
        status = write_file(path, bytes, size, err);
        skc_free(m->runtime, bytes);
    }
    free(path);
    return status;
}

static void make_task(void *context, int32_t i)
{
    const making *m = context;
    plan         *p = &m->plans[i];
    skc_image    *image;

    p->err.status = draw(p, m->runtime, &image, &p->err);
    if (p->err.status == SKC_OK)
        p->err.status = save_picture(m, p, image, &p->err);
}

static void make_pictures(const making *m, int32_t count)
{
    for (int32_t start = 0, end; start < count; start = end) {
        making chunk = *m;

        chunk.plans += start;
        end = start + CHUNK < count ? start + CHUNK : count;
        workers_run(m->settings->threads, end - start, make_task, &chunk);
        progress_update(m->bar, (uint64_t)end, NULL);
    }
}

/* ------------------------------------------------------------------ spoilt pictures */

/* At most `count` rows, spread evenly over them all. */
static skc_manifest *choose_rows(const skc_manifest *from, int32_t count)
{
    skc_manifest *chosen = data_create();
    int32_t       rows   = skc_manifest_count(from);
    skc_error     err;

    count = count < rows ? count : rows;
    for (int32_t i = 0; chosen != NULL && i < count; i++) {
        skc_manifest_row row = skc_manifest_row_at(from, (int32_t)((int64_t)i * rows / count));

        if (skc_manifest_add(chosen, &row, &err) == SKC_OK)
            continue;
        cli_error("%s", err.message);
        skc_manifest_free(chosen);
        chosen = NULL;
    }
    return chosen;
}

typedef struct spoil_batch {
    const making         *making;
    const skc_cache_item *items;
    skc_error            *results;
} spoil_batch;

static void spoil_task(void *context, int32_t i)
{
    const spoil_batch    *b    = context;
    const skc_cache_item *item = &b->items[i];
    const plan           *p    = &b->making->plans[item->row];
    skc_error            *err  = &b->results[i];
    skc_image            *source, *image;

    err->status = skc_image_decode(item->bytes, item->size, item->name, NULL, b->making->runtime,
                                   &source, err);
    if (err->status != SKC_OK)
        return;
    err->status = bad_picture(&p->bad, source, b->making->runtime, &image, err);
    skc_image_free(source);
    if (err->status == SKC_OK)
        err->status = save_picture(b->making, p, image, err);
}

static skc_status spoil_pictures(void *user, const skc_cache_item *items, int32_t count,
                                 skc_error *results, skc_error *err)
{
    const making *m = user;

    (void)err;
    workers_run(m->settings->threads, count, spoil_task, &(spoil_batch){ m, items, results });
    return SKC_OK;
}

static void note_spoilt(void *user, int32_t done, int32_t total)
{
    const making *m = user;

    (void)total;
    progress_update(m->bar, (uint64_t)done, NULL);
}

static void note_failed(void *user, int32_t row, const skc_error *err)
{
    const making *m = user;

    m->plans[row].err = *err;
}

/* False after a message. */
static bool spoil_all(making *m, const skc_manifest *from, const char *base)
{
    pictures_options options = { .manifest_path = base,
                                 .runtime       = m->runtime,
                                 .user          = m,
                                 .progress      = note_spoilt,
                                 .failed        = note_failed };
    skc_error        err;
    bool             fine = pictures_read(from, &options, spoil_pictures, m, &err) == SKC_OK;

    if (!fine)
        cli_error("%s", err.message);
    return fine;
}

/* ------------------------------------------------------------------ folders and the manifest */

static bool make_folders(const data_settings *settings, const plan *plans, int32_t count)
{
    skc_error   err;
    const char *last = "";
    bool        fine = true;

    for (int32_t i = 0; i < count && fine; i++) {
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

static bool add_rows(const plan *plans, int32_t count, skc_manifest *manifest)
{
    skc_split_options options;
    skc_error         err;
    skc_status        status = SKC_OK;

    for (int32_t i = 0; i < count && status == SKC_OK; i++) {
        const plan      *p   = &plans[i];
        skc_manifest_row row = { p->path, p->label, p->group, "", "generated" };

        if (p->err.status == SKC_OK)
            status = skc_manifest_add(manifest, &row, &err);
    }
    skc_split_options_init(&options);
    if (status == SKC_OK && skc_manifest_count(manifest) > 0)
        status = skc_manifest_split(manifest, &options, &err);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK;
}

static int write_manifest(const data_settings *settings, const plan *plans, int32_t count)
{
    char         *path     = file_join(settings->out, "manifest.csv");
    skc_manifest *manifest = data_create();
    problems      list     = { .total = 0 };
    int           result   = CLI_FAILED;

    for (int32_t i = 0; i < count; i++)
        if (plans[i].err.status != SKC_OK)
            problem_add(&list, "pictures not written", "%s", plans[i].err.message);
    if (manifest != NULL && add_rows(plans, count, manifest))
        result = data_finish(manifest, path, &list);
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

/* `from` and `base` as data_open gave them, NULL where nothing is spoilt. */
static int generate(const data_settings *settings, int32_t count, const skc_manifest *from,
                    const char *base)
{
    skc_runtime runtime = cli_runtime(1, settings->kernels);
    progress    bar     = progress_begin("pictures", (uint64_t)count);
    plan       *plans   = make_plans(settings, count, from);
    making      m       = { settings, &runtime, plans, &bar };
    bool        fine    = make_folders(settings, plans, count);

    if (fine && from != NULL)
        fine = spoil_all(&m, from, base);
    else if (fine)
        make_pictures(&m, count);
    progress_end(&bar);
    int result = fine ? write_manifest(settings, plans, count) : CLI_FAILED;
    free_plans(plans, count);
    return result;
}

static int generate_spoilt(const data_settings *settings)
{
    const char   *base;
    skc_manifest *all    = data_open(settings->spoil, &base);
    skc_manifest *chosen = all != NULL ? choose_rows(all, settings->count) : NULL;
    int           result = CLI_FAILED;

    if (chosen != NULL)
        result = generate(settings, skc_manifest_count(chosen), chosen, base);
    skc_manifest_free(chosen);
    skc_manifest_free(all);
    return result;
}

int data_generate(const cli_call *call)
{
    const data_settings *settings = call->settings;

    if (settings->out == NULL)
        return cli_usage(call, "--out is missing: the folder to fill");
    if (settings->spoil != NULL && !bad_kind_spoils((bad_kind)settings->kind))
        return cli_usage(call, "--from goes with --kind noise, blur, tiny, dark and bright");
    if (is_taken(settings->out))
        return CLI_FAILED;
    return settings->spoil != NULL ? generate_spoilt(settings)
                                   : generate(settings, settings->count, NULL, NULL);
}
