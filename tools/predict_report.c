/* predict_report.c - the answers of skincnn-predict as a table, CSV or JSON lines. */
#include "predict_report.h"
#include "operating_points.h"
#include "quality_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ CSV */

/* RFC 4180: quoted where it must be. */
static void csv_text(const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void csv_heading(const report *r)
{
    fputs("path", stdout);
    for (int32_t m = 0; m < r->model_count; m++) {
        const skc_model *model = r->models[m];
        putchar(',');
        csv_text(skc_model_task(model));
        for (int32_t c = 0; c < skc_model_label_count(model); c++) {
            char *name = cli_format("%s_%s", skc_model_task(model), skc_model_label(model, c));
            putchar(',');
            csv_text(name);
            free(name);
        }
    }
    fputs(",quality,error\n", stdout);
}

static void csv_picture(const report *r, const char *path, const float *const *probabilities,
                        const skc_quality *quality, const char *error)
{
    csv_text(path);
    for (int32_t m = 0; m < r->model_count; m++) {
        const skc_model *model = r->models[m];
        putchar(',');
        if (error == NULL)
            csv_text(skc_model_label(model, skc_model_decide(model, probabilities[m])));
        for (int32_t c = 0; c < skc_model_label_count(model); c++) {
            putchar(',');
            if (error == NULL)
                printf("%.6f", (double)probabilities[m][c]);
        }
    }
    putchar(',');
    csv_text(quality->width > 0 ? skc_quality_name(quality->reason) : "");
    putchar(',');
    csv_text(error != NULL ? error : "");
    putchar('\n');
}

/* ------------------------------------------------------------------ JSON */

static json_t *json_heat(const skc_model *model, const report_heat *heat)
{
    return json_pack("{so ss ss s{si si si si}}", "file", cli_json_text(heat->file), "label",
                     skc_model_label(model, heat->label), "layer", heat->layer, "box", "x",
                     (int)heat->box.x, "y", (int)heat->box.y, "width", (int)heat->box.width,
                     "height", (int)heat->box.height);
}

/* heat NULL: not explained. */
static json_t *json_answer(const skc_model *model, const float *probabilities,
                           const report_heat *heat)
{
    json_t       *answer = json_object(), *shares = json_object();
    points_answer at = points_decide(model, probabilities);

    json_object_set_new(
        answer, "label",
        json_string(skc_model_label(model, skc_model_decide(model, probabilities))));
    for (int32_t c = 0; c < skc_model_label_count(model); c++)
        json_object_set_new(shares, skc_model_label(model, c), json_real((double)probabilities[c]));
    json_object_set_new(answer, "probabilities", shares);
    json_object_set_new(answer, "malignant", points_answer_json(&at));
    if (heat != NULL)
        json_object_set_new(answer, "heat", json_heat(model, heat));
    json_object_set_new(answer, "model", json_string(skc_model_sha256(model)));
    return answer;
}

static void json_picture(const report *r, const char *path, const float *const *probabilities,
                         const report_heat *heats, const skc_quality *quality, const char *error)
{
    json_t *line = json_object();

    json_object_set_new(line, "path", cli_json_text(path));
    for (int32_t m = 0; m < r->model_count; m++)
        json_object_set_new(line, skc_model_task(r->models[m]),
                            error == NULL ? json_answer(r->models[m], probabilities[m],
                                                        heats != NULL ? &heats[m] : NULL)
                                          : json_null());
    json_object_set_new(line, "quality", quality->width > 0 ? quality_json(quality) : json_null());
    json_object_set_new(line, "error", error != NULL ? cli_json_text(error) : json_null());
    json_object_set_new(line, "disclaimer", json_string(SKC_DISCLAIMER));
    cli_json_line(line);
}

/* ------------------------------------------------------------------ table */

/* The `top` likeliest labels: "mel 0.71, nv 0.20, bkl 0.05". */
static void table_shares(report *r, const skc_model *model, const float *probabilities)
{
    char    text[1024] = "";
    int32_t count = skc_model_label_count(model), shown = 0, best;
    size_t  used = 0;
    bool   *done = cli_memory(NULL, (size_t)count, sizeof(bool));

    memset(done, 0, (size_t)count * sizeof(bool));
    for (; shown < r->top && shown < count && used < sizeof text; shown++) {
        best = -1;
        for (int32_t c = 0; c < count; c++)
            if (!done[c] && (best < 0 || probabilities[c] > probabilities[best]))
                best = c;
        done[best] = true;
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s %.2f", shown > 0 ? ", " : "",
                             skc_model_label(model, best), (double)probabilities[best]);
    }
    free(done);
    table_cell(&r->rows, "%s", text);
}

static void table_heading(report *r)
{
    table_cell(&r->rows, "picture");
    for (int32_t m = 0; m < r->model_count; m++) {
        table_cell(&r->rows, "%s", skc_model_task(r->models[m]));
        table_cell(&r->rows, "probability");
    }
}

static void table_picture(report *r, const char *path, const float *const *probabilities,
                          const skc_quality *quality)
{
    if (quality->reason != SKC_QUALITY_GOOD) {
        char *remark = cli_format("%s: %s", path, skc_quality_text(quality->reason));

        file_list_add(&r->remarks, remark);
        free(remark);
    }
    table_cell(&r->rows, "%s", path);
    for (int32_t m = 0; m < r->model_count; m++) {
        const skc_model *model = r->models[m];
        table_cell(&r->rows, "%s",
                   skc_model_label(model, skc_model_decide(model, probabilities[m])));
        table_shares(r, model, probabilities[m]);
    }
}

/* ------------------------------------------------------------------ all three */

report report_begin(report_form form, const skc_model *const *models, int32_t model_count,
                    int32_t top)
{
    static const char all_left[2 * REPORT_MOST_MODELS + 2] = "lllllllllllllllll";
    report r = { .form = form, .models = models, .model_count = model_count, .top = top };

    r.rows = table_begin(&all_left[sizeof all_left - 1 - (size_t)(2 * model_count + 1)]);
    if (form == REPORT_CSV)
        csv_heading(&r);
    else if (form == REPORT_TABLE)
        table_heading(&r);
    return r;
}

void report_picture(report *r, const char *path, const float *const *probabilities,
                    const report_heat *heats, const skc_quality *quality, const char *error)
{
    if (r->form == REPORT_JSON)
        json_picture(r, path, probabilities, heats, quality, error);
    else if (r->form == REPORT_CSV)
        csv_picture(r, path, probabilities, quality, error);
    else if (error != NULL)
        cli_error("%s", error);
    else
        table_picture(r, path, probabilities, quality);
}

/* Why a label is not always the likeliest one. */
static void explain_decision(const skc_model *model)
{
    skc_decision d      = skc_model_decision(model);
    int32_t      labels = skc_model_label_count(model);
    bool         even   = true;

    for (int32_t i = 1; i < labels; i++)
        even = even && d.class_weights[i] == d.class_weights[0];
    if (labels == 2 && d.threshold != 0.5f)
        printf("%s: %s is said from probability %.2f on, so as to miss few.\n",
               skc_model_task(model), skc_model_label(model, 1), (double)d.threshold);
    else if (labels > 2 && !even)
        printf("%s: rare labels weigh more than frequent ones.\n", skc_model_task(model));
}

/* Control characters of a path are shown as '?'. */
static void print_remarks(file_list *remarks)
{
    for (size_t i = 0; i < remarks->count; i++) {
        for (char *c = remarks->paths[i]; *c != '\0'; c++)
            *c = (unsigned char)*c < ' ' || *c == 127 ? '?' : *c;
        printf("%s\n", remarks->paths[i]);
    }
    file_list_free(remarks);
}

void report_end(report *r)
{
    bool any = r->rows.count > (size_t)(2 * r->model_count + 1);

    if (any)
        table_end(&r->rows, stdout);
    else
        table_free(&r->rows);
    if (!any)
        return;
    printf("\n");
    print_remarks(&r->remarks);
    for (int32_t m = 0; m < r->model_count; m++)
        explain_decision(r->models[m]);
    printf("%s\n", SKC_DISCLAIMER);
}
