/* predict_explain.c - skincnn-predict --explain: where in a picture the evidence lies, drawn over
 * it.
 */
#include "predict_explain.h"
#include "cli.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

#define OPACITY 0.7f /* of the strongest heat: the skin still shows through */

/* ------------------------------------------------------------------ files */

static bool is_one_file(const char *path)
{
    size_t length = strlen(path);

    return length >= 4 && strcmp(path + length - 4, ".png") == 0;
}

/* FILE.png itself, or DIR/<the picture's name>.png. Release with free. */
static char *output_of(const explain_options *o, const char *picture)
{
    char *name, *dot, *file, *path;

    if (is_one_file(o->path))
        return cli_copy(o->path);
    name = cli_copy(strcmp(picture, "-") == 0 ? "stdin" : file_name(picture));
    dot  = strrchr(name, '.');
    if (dot != NULL && dot > name && file_is_picture(name))
        *dot = '\0';
    file = cli_format("%s.png", name);
    path = file_join(o->path, file);
    free(name);
    free(file);
    return path;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool check_outputs(const explain_options *o, char **outputs, size_t count)
{
    qsort(outputs, count, sizeof *outputs, by_text);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(outputs[i - 1], outputs[i]) == 0) {
            cli_error("%s would be written for two pictures", outputs[i]);
            return false;
        }
        if (!o->force && file_exists(outputs[i])) {
            cli_error("%s: exists already; --force overwrites", outputs[i]);
            return false;
        }
    }
    return true;
}

bool explain_check(const explain_options *options, const file_list *pictures)
{
    char    **outputs;
    bool      good;
    skc_error err;

    if (is_one_file(options->path) && pictures->count > 1) {
        cli_error("--explain %s is one file for %zu pictures; name a folder", options->path,
                  pictures->count);
        return false;
    }
    outputs = cli_memory(NULL, pictures->count, sizeof *outputs);
    for (size_t i = 0; i < pictures->count; i++)
        outputs[i] = output_of(options, pictures->paths[i]);
    good = check_outputs(options, outputs, pictures->count);
    for (size_t i = 0; i < pictures->count; i++)
        free(outputs[i]);
    free(outputs);
    if (good && !is_one_file(options->path) && file_make_folder(options->path, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    return good;
}

/* ------------------------------------------------------------------ explainers */

static int32_t label_number(const skc_model *model, const char *label)
{
    for (int32_t i = 0; i < skc_model_label_count(model); i++)
        if (strcmp(skc_model_label(model, i), label) == 0)
            return i;
    return -1;
}

/* A label may be of one model; the others then explain what they decide. */
static bool find_labels(explaining *e, skc_model *const *models, int32_t count)
{
    bool found = e->options->label == NULL;

    for (int32_t m = 0; m < count; m++) {
        e->labels[m] = e->options->label != NULL ? label_number(models[m], e->options->label) : -1;
        found        = found || e->labels[m] >= 0;
    }
    if (!found)
        cli_error("--explain-label: no model has a label \"%s\"", e->options->label);
    return found;
}

bool explain_begin(explaining *e, const explain_options *options, skc_model *const *models,
                   int32_t count, const skc_runtime *runtime)
{
    skc_error err;

    *e = (explaining){ .options = options };
    if (!find_labels(e, models, count))
        return false;
    for (; e->count < count; e->count++)
        if (skc_explainer_create(models[e->count], options->layer, runtime,
                                 &e->explainers[e->count], &err) != SKC_OK) {
            cli_error("%s", err.message);
            return false;
        }
    return true;
}

void explain_end(explaining *e)
{
    for (int32_t m = 0; m < e->count; m++)
        skc_explainer_free(e->explainers[m]);
}

/* ------------------------------------------------------------------ a picture */

/* Copies `part` into `whole` from column x on. */
static void paste(const skc_image *part, skc_image *whole, int32_t x)
{
    size_t         row  = 3 * (size_t)skc_image_width(part);
    const uint8_t *from = skc_image_pixels(part);
    uint8_t       *to   = skc_image_pixels_mutable(whole) + 3 * (size_t)x;

    for (int32_t y = 0; y < skc_image_height(part); y++)
        memcpy(to + (size_t)y * 3 * (size_t)skc_image_width(whole), from + (size_t)y * row, row);
}

/* Draws what model m says beside what was drawn before. */
static skc_status draw(explaining *e, int32_t m, const skc_image *image, skc_image *whole,
                       report_heat *heat, skc_error *err)
{
    skc_image *part = NULL;
    skc_heat   found;
    skc_status status = skc_explainer_run(e->explainers[m], image, e->labels[m], &found, err);

    if (status == SKC_OK)
        status = skc_image_overlay(image, &found, OPACITY, &part, err);
    if (status != SKC_OK)
        return status;
    heat->label = found.label;
    heat->layer = skc_explainer_layer(e->explainers[m]);
    heat->box   = found.box;
    paste(part, whole, m * skc_image_width(image));
    skc_image_free(part);
    return SKC_OK;
}

skc_status explain_picture(explaining *e, const char *path, const skc_image *image,
                           report_heat heats[REPORT_MOST_MODELS], skc_error *err)
{
    char      *file  = output_of(e->options, path);
    skc_image *whole = NULL;
    skc_status status;

    if (skc_image_width(image) > 65535 / e->count)
        status = failure(err, SKC_ELIMIT, "%s: %d pixels wide, too wide for %d beside each other",
                         path, (int)skc_image_width(image), (int)e->count);
    else
        status = skc_image_create(e->count * skc_image_width(image), skc_image_height(image), NULL,
                                  NULL, &whole, err);
    for (int32_t m = 0; m < e->count && status == SKC_OK; m++) {
        heats[m].file = file;
        status        = draw(e, m, image, whole, &heats[m], err);
    }
    if (status == SKC_OK)
        status = skc_image_save(whole, file, SKC_PNG, 100, err);
    skc_image_free(whole);
    if (status != SKC_OK)
        free(file);
    return status;
}
