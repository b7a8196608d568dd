/* report_plots.c - the plots of the report: markup with their figures as tables, and what the
 * page's script draws. */
#include "report_plots.h"
#include "cli.h"
#include "json_build.h"

#include <math.h>
#include <string.h>

enum { TABLE_ROWS = 21 }; /* of a curve, at most */

json_t *report_plot_words(void)
{
    return json_checked(json_pack(
        "{so so}", "threshold", report_text(REPORT_AT_THRESHOLD, report_plain("{1}"), NULL),
        "pictures", report_text(REPORT_OF_PICTURES, report_plain("{1}"), NULL)));
}

/* ------------------------------------------------------------------ a plot */

static json_t *axis(report_word title, const char *range)
{
    return json_checked(
        json_pack("{so ss}", "title", report_text(title, NULL, NULL), "range", range));
}

/* Takes both over. */
static json_t *line(json_t *label, const char *style, json_t *points)
{
    return json_checked(json_pack("{so ss so}", "label", label, "style", style, "points", points));
}

static json_t *reference(report_word label, double x0, double y0, double x1, double y1)
{
    return line(report_text(label, NULL, NULL), "reference",
                json_pack("[[ff], [ff]]", x0, y0, x1, y1));
}

typedef struct plot {
    report_word title, caption;
    json_t     *summary; /* for those who do not see it */
    json_t     *x, *y, *lines;
    int32_t     digits, total;
} plot;

/* Takes the plot's parts over; the tables of its figures follow, then plot_end. */
static void plot_begin(const markup *m, const plot *p, json_t *plots)
{
    markup_put(m, "<figure><h3>");
    markup_words(m, p->title);
    markup_put(m, "</h3>\n<figcaption>");
    markup_words(m, p->caption);
    markup_put(m, "</figcaption>\n<div class=\"plot\" data-plot=\"%zu\"></div>\n<details><summary>",
               json_array_size(plots));
    markup_words(m, REPORT_AS_TABLE);
    markup_put(m, "</summary>\n");
    json_push(plots, json_pack("{so so so so so si si}", "title", report_text(p->title, NULL, NULL),
                               "summary", p->summary, "x", p->x, "y", p->y, "lines", p->lines,
                               "digits", (int)p->digits, "total", (int)p->total));
}

static void plot_end(const markup *m)
{
    markup_put(m, "</details></figure>\n");
}

static void plots_begin(const markup *m, const char *id, report_word title)
{
    markup_section(m, id, title);
    markup_put(m, "<div class=\"charts\">\n");
}

static void plots_end(const markup *m)
{
    markup_put(m, "</div>");
    markup_section_end(m);
}

/* ------------------------------------------------------------------ curves of the classes */

/* A curve with what it is called: {"label", "auc", "points", "joint"}; a class against the rest,
 * or, behind the classes, malignant against benign. */
static json_t *named_curve(const json_t *evaluation, const char *kind, size_t i)
{
    const json_t *classes = json_object_get(evaluation, "classes");
    const json_t *one     = json_array_get(classes, i);
    const json_t *metrics = json_object_get(evaluation, "metrics");
    const bool    two     = json_array_size(classes) == 2;
    json_t       *label, *auc;

    if (one != NULL) {
        label = label_short(json_string_value(json_object_get(one, "label")));
        auc   = json_object_get(json_object_get(one, "auc"), "value");
    } else {
        label = report_text(two ? REPORT_MALIGNANT : REPORT_MALIGNANT_ANY, NULL, NULL);
        auc =
            json_object_get(json_object_get(metrics, skc_metric_name(SKC_MALIGNANT_AUC)), "value");
    }
    return json_checked(
        json_pack("{so sO sO sb}", "label", label, "auc", auc, "points",
                  json_array_get(json_object_get(json_object_get(evaluation, "curves"), kind), i),
                  "joint", one == NULL));
}

/* Those that are defined; of two classes either curve says it all. */
static json_t *named_curves(const json_t *evaluation, const char *kind)
{
    size_t  count = json_array_size(json_object_get(json_object_get(evaluation, "curves"), kind));
    size_t  two   = json_array_size(json_object_get(evaluation, "classes")) == 2;
    json_t *list  = json_checked(json_array());

    for (size_t i = two && count > 0 ? count - 1 : 0; i < count; i++) {
        json_t *curve = named_curve(evaluation, kind, i);

        if (json_array_size(json_object_get(curve, "points")) > 0)
            json_push(list, json_incref(curve));
        json_decref(curve);
    }
    return list;
}

static json_t *label_of(const json_t *curve)
{
    return json_incref(json_object_get(curve, "label"));
}

/* "mel: AUC 0.912; nv: AUC 0.874" */
static json_t *list_areas(const json_t *curves)
{
    json_t       *list = NULL;
    const json_t *curve;
    size_t        i;

    json_array_foreach(curves, i, curve)
    {
        json_t *area = report_text(REPORT_AUC_IS, label_of(curve),
                                   figure_text(json_object_get(curve, "auc"), 3));

        list = list == NULL ? area : report_text(REPORT_LIST, list, area);
    }
    return list != NULL ? list : report_plain("%s", "");
}

static json_t *curve_lines(const json_t *curves, bool areas)
{
    json_t       *lines = json_checked(json_array());
    const json_t *curve;
    size_t        i;

    json_array_foreach(curves, i, curve)
    {
        const bool joint = json_is_true(json_object_get(curve, "joint"));
        json_t    *label = label_of(curve);

        if (areas)
            label = report_text(REPORT_IN_BRACKETS, label,
                                figure_text(json_object_get(curve, "auc"), 2));
        json_push(lines, line(label, joint ? "joint" : "curve",
                              json_incref(json_object_get(curve, "points"))));
    }
    return lines;
}

/* Row k of `rows` from `count` points: evenly, with the first and the last. */
static size_t thinned(size_t k, size_t rows, size_t count)
{
    return rows < 2 ? 0 : (size_t)lround((double)(k * (count - 1)) / (double)(rows - 1));
}

static void put_curve_table(markup *m, const json_t *curve, report_word title, report_word x,
                            report_word y)
{
    const json_t *points = json_object_get(curve, "points");
    size_t        count = json_array_size(points), rows = count < TABLE_ROWS ? count : TABLE_ROWS;

    markup_table(m, report_text(REPORT_PAIR, report_text(title, NULL, NULL), label_of(curve)),
                 NULL);
    markup_head(m, report_text(REPORT_THRESHOLD, NULL, NULL));
    markup_head(m, report_text(x, NULL, NULL));
    markup_head(m, report_text(y, NULL, NULL));
    markup_body(m);
    for (size_t k = 0; k < rows; k++) {
        const json_t *point     = json_array_get(points, thinned(k, rows, count));
        const json_t *threshold = json_array_get(point, 2);

        markup_row(m, json_is_number(threshold) ? figure_text(threshold, 3)
                                                : report_text(REPORT_NONE, NULL, NULL));
        markup_cell(m, figure_text(json_array_get(point, 0), 3));
        markup_cell(m, figure_text(json_array_get(point, 1), 3));
        markup_row_end(m);
    }
    markup_table_end(m);
}

static void put_roc(markup *m, const json_t *evaluation, json_t *plots)
{
    json_t       *curves = named_curves(evaluation, "roc");
    const plot    roc    = { .title   = REPORT_ROC,
                             .caption = REPORT_ROC_TEXT,
                             .summary = list_areas(curves),
                             .x       = axis(REPORT_FALSE_POSITIVES, "share"),
                             .y       = axis(REPORT_TRUE_POSITIVES, "share"),
                             .lines   = curve_lines(curves, true),
                             .digits  = 3 };
    const json_t *curve;
    size_t        i;

    json_push(roc.lines, reference(REPORT_CHANCE, 0, 0, 1, 1));
    plot_begin(m, &roc, plots);
    json_array_foreach(curves, i, curve)
        put_curve_table(m, curve, REPORT_ROC, REPORT_FALSE_POSITIVES, REPORT_TRUE_POSITIVES);
    plot_end(m);
    json_decref(curves);
}

static void put_pr(markup *m, const json_t *evaluation, json_t *plots)
{
    json_t       *curves = named_curves(evaluation, "pr");
    const plot    pr     = { .title   = REPORT_PR,
                             .caption = REPORT_PR_TEXT,
                             .summary = list_areas(curves),
                             .x       = axis(REPORT_RECALL, "share"),
                             .y       = axis(REPORT_PRECISION, "share"),
                             .lines   = curve_lines(curves, false),
                             .digits  = 3 };
    const json_t *curve;
    size_t        i;

    plot_begin(m, &pr, plots);
    json_array_foreach(curves, i, curve)
        put_curve_table(m, curve, REPORT_PR, REPORT_RECALL, REPORT_PRECISION);
    plot_end(m);
    json_decref(curves);
}

/* ------------------------------------------------------------------ calibration */

static void put_bin_table(markup *m, const json_t *bins)
{
    const json_t *bin;
    size_t        i;

    markup_table(m, report_text(REPORT_CALIBRATION, NULL, NULL), NULL);
    markup_head(m, report_text(REPORT_CONFIDENCE, NULL, NULL));
    markup_head(m, report_text(REPORT_SHARE_RIGHT, NULL, NULL));
    markup_head(m, report_text(REPORT_PICTURES, NULL, NULL));
    markup_body(m);
    json_array_foreach(bins, i, bin)
    {
        markup_row(m, figure_text(json_array_get(bin, 0), 3));
        markup_cell(m, figure_text(json_array_get(bin, 1), 3));
        markup_cell(m, count_text((int32_t)json_number_value(json_array_get(bin, 2))));
        markup_row_end(m);
    }
    markup_table_end(m);
}

static void put_calibration(markup *m, const json_t *evaluation, json_t *plots)
{
    json_t       *bins = json_object_get(json_object_get(evaluation, "curves"), "calibration");
    const json_t *ece =
        json_object_get(json_object_get(evaluation, "metrics"), skc_metric_name(SKC_ECE));
    const plot calibration = {
        .title   = REPORT_CALIBRATION,
        .caption = REPORT_CALIBRATION_TEXT,
        .summary = report_text(REPORT_CALIBRATION_SUMMARY,
                               figure_text(json_object_get(ece, "value"), 3), NULL),
        .x       = axis(REPORT_CONFIDENCE, "share"),
        .y       = axis(REPORT_SHARE_RIGHT, "share"),
        .lines   = json_checked(json_array()),
        .digits  = 3,
        .total   = (int32_t)json_integer_value(json_object_get(evaluation, "pictures"))
    };

    json_push(calibration.lines,
              line(report_text(REPORT_DECISIONS, NULL, NULL), "bins", json_incref(bins)));
    json_push(calibration.lines, reference(REPORT_PERFECT, 0, 0, 1, 1));
    plot_begin(m, &calibration, plots);
    put_bin_table(m, bins);
    plot_end(m);
}

void report_put_curves(markup *m, const json_t *evaluation, json_t *plots)
{
    plots_begin(m, "curves", REPORT_CURVES);
    put_roc(m, evaluation, plots);
    put_pr(m, evaluation, plots);
    put_calibration(m, evaluation, plots);
    plots_end(m);
}

/* ------------------------------------------------------------------ training */

/* A figure over the epochs: how it is called, and its key in an epoch's row. */
typedef struct series {
    bilingual   name;
    const char *key;
} series;

/* The epochs in which it is known, as points. */
static json_t *series_points(const json_t *epochs, const char *key)
{
    json_t       *points = json_checked(json_array());
    const json_t *row;
    size_t        i;

    json_array_foreach(epochs, i, row)
    {
        json_t *value = json_object_get(row, key);

        if (json_is_number(value))
            json_push(points, json_pack("[OO]", json_object_get(row, "epoch"), value));
    }
    return points;
}

static bool is_known(const json_t *epochs, const series *s)
{
    const json_t *row;
    size_t        i;

    json_array_foreach(epochs, i,
                       row) if (json_is_number(json_object_get(row, s->key))) return true;
    return false;
}

static json_t *series_lines(const json_t *epochs, const series *all, int32_t count)
{
    json_t *lines = json_checked(json_array());

    for (int32_t i = 0; i < count; i++)
        if (is_known(epochs, &all[i]))
            json_push(lines,
                      line(report_both(all[i].name), "epochs", series_points(epochs, all[i].key)));
    return lines;
}

/* "10 epochs; in the last one training 0.412; validation 0.530." */
static json_t *last_epoch(const json_t *epochs, const series *all, int32_t count, int32_t digits)
{
    const size_t  size = json_array_size(epochs);
    const json_t *last = json_array_get(epochs, size - 1);
    json_t       *list = NULL;

    for (int32_t i = 0; i < count; i++) {
        json_t *value;

        if (!is_known(epochs, &all[i]))
            continue;
        value = report_text(REPORT_NAMED_VALUE, report_both(all[i].name),
                            figure_text(json_object_get(last, all[i].key), digits));
        list  = list == NULL ? value : report_text(REPORT_LIST, list, value);
    }
    return report_text(REPORT_EPOCHS_SUMMARY, count_text((int32_t)size), list);
}

static void put_epoch_table(markup *m, const json_t *epochs, report_word title, const series *all,
                            int32_t count, int32_t digits)
{
    const json_t *row;
    size_t        i;

    markup_table(m, report_text(title, NULL, NULL), NULL);
    markup_head(m, report_text(REPORT_EPOCH, NULL, NULL));
    for (int32_t k = 0; k < count; k++)
        if (is_known(epochs, &all[k]))
            markup_head(m, report_both(all[k].name));
    markup_body(m);
    json_array_foreach(epochs, i, row)
    {
        markup_row(m, count_text((int32_t)json_integer_value(json_object_get(row, "epoch"))));
        for (int32_t k = 0; k < count; k++)
            if (is_known(epochs, &all[k]))
                markup_cell(m, figure_text(json_object_get(row, all[k].key), digits));
        markup_row_end(m);
    }
    markup_table_end(m);
}

/* What a plot over the epochs says besides its lines. */
typedef struct epoch_plot {
    report_word title, caption, y;
    const char *range; /* of y */
    int32_t     digits;
} epoch_plot;

static void put_epoch_plot(markup *m, const json_t *epochs, const epoch_plot *what,
                           const series *all, int32_t count, json_t *plots)
{
    const plot p = { .title   = what->title,
                     .caption = what->caption,
                     .summary = last_epoch(epochs, all, count, what->digits),
                     .x       = axis(REPORT_EPOCH, "epochs"),
                     .y       = axis(what->y, what->range),
                     .lines   = series_lines(epochs, all, count),
                     .digits  = what->digits };

    plot_begin(m, &p, plots);
    put_epoch_table(m, epochs, what->title, all, count, what->digits);
    plot_end(m);
}

static series metric_series(skc_metric metric)
{
    return (series){ report_metric_name(metric), skc_metric_name(metric) };
}

void report_put_history(markup *m, const json_t *epochs, json_t *plots)
{
    const epoch_plot loss     = { REPORT_LOSS, REPORT_LOSS_TEXT, REPORT_LOSS_AXIS, "positive", 3 };
    const epoch_plot figures  = { REPORT_VALIDATION, REPORT_VALIDATION_TEXT, REPORT_SHARE, "share",
                                  3 };
    const epoch_plot rate     = { REPORT_LEARNING_RATE, REPORT_LEARNING_RATE_TEXT,
                                  REPORT_LEARNING_RATE_AXIS, "positive", 5 };
    const series     losses[] = {
            { report_words(REPORT_LOSS_TRAINING), "train_loss" },
            { report_words(REPORT_LOSS_VALIDATION), skc_metric_name(SKC_LOG_LOSS) },
    };
    const series shares[] = { { report_words(REPORT_TRAINING_ACCURACY), "train_accuracy" },
                              metric_series(SKC_ACCURACY),
                              metric_series(SKC_BALANCED_ACCURACY),
                              metric_series(SKC_MACRO_AUC) };
    const series rates[]  = { { report_words(REPORT_LEARNING_RATE_AXIS), "learning_rate" } };

    plots_begin(m, "training", REPORT_TRAINING);
    put_epoch_plot(m, epochs, &loss, losses, 2, plots);
    put_epoch_plot(m, epochs, &figures, shares, 4, plots);
    put_epoch_plot(m, epochs, &rate, rates, 1, plots);
    plots_end(m);
}
