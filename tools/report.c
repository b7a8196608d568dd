/* report.c - collects what a report shows as JSON and writes the page from it. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "report.h"
#include "cli.h"
#include "failure.h"
#include "files.h"
#include "json_build.h"
#include "report_assets.h"
#include "report_page.h"
#include "report_plots.h"

#include <math.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THUMBNAIL_SIDE = 192, THUMBNAIL_QUALITY = 82 };

struct report {
    json_t *data;                                 /* all of it */
    json_t *settings, *notes, *epochs, *mistakes; /* lists in it */
};

/* ------------------------------------------------------------------ collecting */

static json_t *add_list(report *r, const char *name)
{
    json_t *list = json_checked(json_array());

    json_put(r->data, name, list);
    return list;
}

/* Borrowed bytes as a text; NULL stays NULL. */
static json_t *value_text(const char *value)
{
    return value != NULL ? report_plain("%s", value) : NULL;
}

report *report_create(report_word title, const char *part, const char *task, const char *subtitle)
{
    report *r = cli_memory(NULL, 1, sizeof *r);

    r->data = json_checked(json_object());
    json_put(r->data, "title", report_text(title, value_text(part), value_text(task)));
    json_put(r->data, "subtitle", value_text(subtitle));
    r->notes    = add_list(r, "notes");
    r->epochs   = add_list(r, "epochs");
    r->mistakes = add_list(r, "mistakes");
    r->settings = add_list(r, "settings");
    return r;
}

void report_free(report *r)
{
    if (r == NULL)
        return;
    json_decref(r->data);
    free(r);
}

static void add_row(report *r, report_word name, json_t *value)
{
    json_t *row = json_checked(json_array());

    json_push(row, report_text(name, NULL, NULL));
    json_push(row, value);
    json_push(r->settings, row);
}

void report_add_setting(report *r, report_word name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    add_row(r, name, report_plain_list(format, arguments));
    va_end(arguments);
}

void report_add_setting_words(report *r, report_word name, report_word value)
{
    add_row(r, name, report_text(value, NULL, NULL));
}

void report_add_note(report *r, report_word note, int32_t count)
{
    json_push(r->notes, report_text(note, report_plain("%d", (int)count), NULL));
}

void report_add_epoch(report *r, const report_epoch *epoch)
{
    json_t *row = json_checked(json_object());

    json_put(row, "epoch", json_integer(epoch->epoch));
    json_put(row, "learning_rate", json_number(epoch->learning_rate));
    json_put(row, "train_loss", json_number(epoch->train_loss));
    json_put(row, "train_accuracy", json_number(epoch->train_accuracy));
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        json_put(row, skc_metric_name((skc_metric)m), json_number(epoch->metrics[m]));
    json_push(r->epochs, row);
}

void report_set_evaluation(report *r, const evaluation *e)
{
    json_t *all = evaluation_json(e);

    json_put(all, "curves", evaluation_curves(e));
    json_put(r->data, "evaluation", all);
}

/* ------------------------------------------------------------------ mistakes */

/* A copy no larger than a thumbnail. */
static skc_status shrink(const skc_image *image, skc_image **out, skc_error *err)
{
    int32_t width = skc_image_width(image), height = skc_image_height(image);
    int32_t longer = width > height ? width : height;
    double  scale  = longer > THUMBNAIL_SIDE ? (double)THUMBNAIL_SIDE / longer : 1;

    width  = (int32_t)fmax(1, round(width * scale));
    height = (int32_t)fmax(1, round(height * scale));
    return skc_image_resize(image, width, height, out, err);
}

static json_t *data_url(const uint8_t *bytes, size_t size)
{
    static const char head[] = "data:image/jpeg;base64,";
    size_t            room   = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    char             *text   = cli_memory(NULL, sizeof head + room, 1);
    json_t           *value;

    memcpy(text, head, sizeof head);
    sodium_bin2base64(text + sizeof head - 1, room, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    value = json_string(text);
    free(text);
    return value;
}

static skc_status thumbnail(const skc_image *image, json_t **out, skc_error *err)
{
    skc_image *small  = NULL;
    uint8_t   *bytes  = NULL;
    size_t     size   = 0;
    skc_status status = shrink(image, &small, err);

    if (status == SKC_OK)
        status = skc_image_encode(small, SKC_JPEG, THUMBNAIL_QUALITY, NULL, &bytes, &size, err);
    if (status == SKC_OK)
        *out = json_checked(data_url(bytes, size));
    skc_free(NULL, bytes);
    skc_image_free(small);
    return status;
}

skc_status report_add_mistake(report *r, const report_mistake *mistake, skc_error *err)
{
    json_t    *picture, *row;
    skc_status status = thumbnail(mistake->image, &picture, err);

    if (status != SKC_OK)
        return status;
    row = json_checked(json_object());
    json_put(row, "image", picture);
    json_put(row, "truth", cli_json_text(mistake->truth));
    json_put(row, "decided", cli_json_text(mistake->decided));
    json_put(row, "caption", cli_json_text(mistake->caption));
    json_put(row, "probability_truth", json_number(mistake->probability_truth));
    json_put(row, "probability_decided", json_number(mistake->probability_decided));
    json_push(r->mistakes, row);
    return SKC_OK;
}

static skc_status add_picture(report *r, const evaluation *e, const report_pictures *from,
                              int32_t i, skc_error *err)
{
    const float   *p       = e->probabilities + (size_t)i * (size_t)e->classes;
    int32_t        decided = evaluation_decision(e, i), row = skc_dataset_row(from->dataset, i);
    skc_image     *image = NULL;
    report_mistake mistake;
    skc_status     status = skc_cache_image(from->cache, row, NULL, &image, err);

    if (status != SKC_OK)
        return status;
    mistake.image               = image;
    mistake.truth               = e->labels[e->truth[i]];
    mistake.decided             = e->labels[decided];
    mistake.caption             = skc_manifest_row_at(from->manifest, row).path;
    mistake.probability_truth   = (double)p[e->truth[i]];
    mistake.probability_decided = (double)p[decided];
    status                      = report_add_mistake(r, &mistake, err);
    skc_image_free(image);
    return status;
}

skc_status report_add_mistakes(report *r, const evaluation *e, const report_pictures *from,
                               int32_t limit, skc_error *err)
{
    int32_t   *pictures = cli_memory(NULL, (size_t)limit, sizeof *pictures);
    int32_t    count    = evaluation_mistakes(e, limit, pictures);
    skc_status status   = SKC_OK;

    for (int32_t k = 0; k < count && status == SKC_OK; k++)
        status = add_picture(r, e, from, pictures[k], err);
    free(pictures);
    return status;
}

/* ------------------------------------------------------------------ the page */

/* In JSON "<" stands in strings only. Written as \u003c, no text can end the script element. */
static void put_json(const markup *m, const char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '<')
            fputs("\\u003c", m->file);
        else
            fputc(*text, m->file);
}

/* What the script draws from: {"plots", "words"}. Filled while the content is written before it. */
static void put_data(const markup *m, json_t *drawn)
{
    char *text = json_dumps(drawn, JSON_COMPACT | JSON_REAL_PRECISION(7));

    if (text == NULL)
        json_checked(NULL);
    put_json(m, text);
    free(text);
}

/* The name of a place ends with "}}". */
static bool is_place(const char *found, const char *name)
{
    return strncmp(found, name, strlen(name)) == 0 && strncmp(found + strlen(name), "}}", 2) == 0;
}

static void fill_place(markup *m, const char *name, const json_t *data, json_t *drawn)
{
    if (is_place(name, "title"))
        report_put_title(m, data);
    else if (is_place(name, "switch"))
        report_put_switch(m);
    else if (is_place(name, "main"))
        report_put_main(m, data, json_object_get(drawn, "plots"));
    else if (is_place(name, "footer"))
        report_put_footer(m);
    else if (is_place(name, "data"))
        put_data(m, drawn);
    else if (is_place(name, "language"))
        fputs(report_language, m->file);
    else if (is_place(name, "chart"))
        fputs(report_chart, m->file);
    else if (is_place(name, "script"))
        fputs(report_script, m->file);
}

static void put_page(FILE *page, const json_t *data)
{
    const char *rest  = report_template, *open, *close;
    markup      m     = { .file = page };
    json_t     *drawn = json_checked(json_pack("{s[] so}", "plots", "words", report_plot_words()));

    while ((open = strstr(rest, "{{")) != NULL && (close = strstr(open, "}}")) != NULL) {
        fwrite(rest, 1, (size_t)(open - rest), page);
        fill_place(&m, open + 2, data, drawn);
        rest = close + 2;
    }
    fputs(rest, page);
    json_decref(drawn);
}

skc_status report_write(const report *r, const char *path, skc_error *err)
{
    char      *bytes = NULL;
    size_t     size  = 0;
    FILE      *page  = open_memstream(&bytes, &size);
    skc_status status;

    if (page != NULL)
        put_page(page, r->data);
    if (page == NULL || fclose(page) != 0)
        status = failure_memory(err);
    else
        status = file_write(path, bytes, size, err);
    free(bytes);
    return status;
}
