/* report_page.c - what a report has collected, as the parts of its page. */
#include "report_page.h"
#include "json_build.h"
#include "report_plots.h"

#include <string.h>

static json_t *words(report_word word)
{
    return report_text(word, NULL, NULL);
}

static json_t *borrowed(const json_t *object, const char *key)
{
    return json_incref(json_object_get(object, key));
}

static const char *string_in(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

/* ------------------------------------------------------------------ around the content */

void report_put_title(const markup *m, const json_t *data)
{
    const json_t *title = json_object_get(data, "title");

    markup_escaped(m, report_in(title, 0));
    if (!json_is_string(title)) {
        markup_put(m, " \u00b7 ");
        markup_escaped(m, report_in(title, 1));
    }
}

void report_put_switch(const markup *m)
{
    const bilingual own     = report_words(REPORT_OWN_NAME);
    const char     *names[] = { own.zh, own.en };

    markup_put(m, "<fieldset class=\"language\"><legend class=\"unseen\">");
    markup_words(m, REPORT_LANGUAGE);
    markup_put(m, "</legend>");
    for (int32_t i = 0; i < 2; i++)
        markup_put(m,
                   "<label lang=\"%s\"><input type=\"radio\" name=\"language\" value=\"%s\" "
                   "autocomplete=\"off\"%s>%s</label>",
                   report_languages[i], report_languages[i], i == 0 ? " checked" : "", names[i]);
    markup_put(m, "</fieldset>");
}

void report_put_footer(const markup *m)
{
    markup_put(m, "<p>");
    markup_text(m, report_both(disclaimer_text()));
    markup_put(m, "</p><p>skincnn %s</p>", skc_version());
}

static void put_head(const markup *m, const json_t *data)
{
    const json_t *note;
    size_t        i;

    markup_put(m, "<h1>");
    markup_text(m, borrowed(data, "title"));
    markup_put(m, "</h1>\n<p class=\"faint\">");
    markup_text(m, borrowed(data, "subtitle"));
    markup_put(m, "</p>\n<noscript><p class=\"note\">");
    markup_words(m, REPORT_NO_SCRIPT);
    markup_put(m, "</p></noscript>\n");
    json_array_foreach(json_object_get(data, "notes"), i, note)
    {
        markup_put(m, "<p class=\"note\" role=\"note\">");
        markup_text(m, json_incref((json_t *)(uintptr_t)note));
        markup_put(m, "</p>\n");
    }
}

/* ------------------------------------------------------------------ figures */

static const json_t *metric_of(const json_t *evaluation, skc_metric metric)
{
    return json_object_get(json_object_get(evaluation, "metrics"), skc_metric_name(metric));
}

static void put_tile(const markup *m, const json_t *evaluation, skc_metric metric)
{
    const json_t *figure = metric_of(evaluation, metric);
    json_t       *value  = json_object_get(figure, "value");

    if (!json_is_number(value))
        return;
    markup_put(m, "<div class=\"tile\"><dt>");
    markup_text(m, report_both(report_metric_name(metric)));
    markup_put(m, "</dt><dd>");
    markup_text(m, figure_text(value, 3));
    markup_put(m, "<small>");
    markup_text(m, interval_text(figure));
    markup_put(m, "</small></dd></div>\n");
}

static void put_key_figures(const markup *m, const json_t *evaluation)
{
    static const skc_metric keys[] = { SKC_BALANCED_ACCURACY, SKC_ACCURACY,    SKC_MACRO_AUC,
                                       SKC_SENSITIVITY,       SKC_SPECIFICITY, SKC_MALIGNANT_AUC };
    const json_t           *count  = json_object_get(evaluation, "pictures");

    markup_section(m, "key-figures", REPORT_KEY_FIGURES);
    markup_put(m, "<dl class=\"tiles\">\n");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        put_tile(m, evaluation, keys[i]);
    markup_put(m, "</dl>\n<p class=\"faint\">");
    markup_text(m,
                report_text(REPORT_KEY_FIGURES_TEXT, count_text((int32_t)json_integer_value(count)),
                            borrowed(evaluation, "part")));
    markup_put(m, "</p>\n");
    markup_section_end(m);
}

static void put_metrics(markup *m, const json_t *evaluation)
{
    const json_t *threshold = json_object_get(evaluation, "threshold");

    markup_section(m, "all-figures", REPORT_ALL_FIGURES);
    markup_table(m,
                 json_is_number(threshold)
                     ? report_text(REPORT_OPERATING_POINT, figure_text(threshold, 3), NULL)
                     : words(REPORT_ALL_FIGURES_TEXT),
                 "words");
    markup_head(m, words(REPORT_FIGURE));
    markup_head(m, words(REPORT_VALUE));
    markup_head(m, words(REPORT_INTERVAL));
    markup_head(m, words(REPORT_MEANING));
    markup_body(m);
    for (int32_t i = 0; i < SKC_METRIC_COUNT; i++) {
        const json_t *figure = metric_of(evaluation, (skc_metric)i);

        markup_row(m, report_both(report_metric_name((skc_metric)i)));
        markup_cell(m, figure_text(json_object_get(figure, "value"), 3));
        markup_cell(m, interval_text(figure));
        markup_cell_words(m, report_both(report_metric_meaning((skc_metric)i)));
        markup_row_end(m);
    }
    markup_table_end(m);
    markup_section_end(m);
}

/* ------------------------------------------------------------------ classes */

static void put_interval_cell(const markup *m, const json_t *figure)
{
    markup_put(m, "<td>");
    markup_text(m, figure_text(json_object_get(figure, "value"), 3));
    markup_put(m, "<small>");
    markup_text(m, interval_text(figure));
    markup_put(m, "</small></td>");
}

/* "mel", its name, and that it is malignant where the name does not say so. */
static void put_class_heading(const markup *m, const json_t *one)
{
    const char *label = string_in(one, "label");
    json_t     *name  = label_long(label);

    markup_put(m, "<tr><th scope=\"row\">");
    markup_text(m, label_short(label));
    if (json_is_true(json_object_get(one, "malignant")) && strcmp(label, "malignant") != 0) {
        markup_put(m, " <span class=\"badge\">");
        markup_words(m, REPORT_MALIGNANT);
        markup_put(m, "</span>");
    }
    if (name != NULL) {
        markup_put(m, "<small>");
        markup_text(m, name);
        markup_put(m, "</small>");
    }
    markup_put(m, "</th>");
}

static void put_classes(markup *m, const json_t *evaluation)
{
    static const report_word heads[] = { REPORT_CLASS,     REPORT_PICTURES, REPORT_RECALL,
                                         REPORT_PRECISION, REPORT_F1,       REPORT_AUC };
    static const char *const keys[]  = { "recall", "precision", "f1", "auc" };
    const json_t            *one;
    size_t                   i;

    markup_section(m, "classes", REPORT_CLASSES);
    markup_table(m, words(REPORT_CLASSES_TEXT), NULL);
    for (i = 0; i < sizeof heads / sizeof *heads; i++)
        markup_head(m, words(heads[i]));
    markup_body(m);
    json_array_foreach(json_object_get(evaluation, "classes"), i, one)
    {
        put_class_heading(m, one);
        markup_cell(m, count_text((int32_t)json_integer_value(json_object_get(one, "pictures"))));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
            put_interval_cell(m, json_object_get(one, keys[k]));
        markup_row_end(m);
    }
    markup_table_end(m);
    markup_section_end(m);
}

static json_int_t sum_of(const json_t *row)
{
    const json_t *count;
    json_int_t    sum = 0;
    size_t        i;

    json_array_foreach(row, i, count) sum += json_integer_value(count);
    return sum;
}

static void put_confusion_row(const markup *m, const json_t *row, size_t truth)
{
    const json_int_t total = sum_of(row);
    const json_t    *count;
    size_t           i;

    json_array_foreach(row, i, count)
    {
        const json_int_t n     = json_integer_value(count);
        const double     share = total > 0 ? (double)n / (double)total : 0;

        markup_put(m, "<td%s style=\"background: rgba(var(--cell), %.3f)\">",
                   i == truth ? " class=\"right\"" : "", 0.55 * share);
        markup_text(m, count_text((int32_t)n));
        markup_put(m, "<small>");
        markup_text(m, total > 0 ? percent_text(share, 0) : report_plain("%s", ""));
        markup_put(m, "</small></td>");
    }
}

static void put_confusion(markup *m, const json_t *evaluation)
{
    const json_t *classes = json_object_get(evaluation, "classes"), *one, *row;
    size_t        i;

    markup_section(m, "confusion-matrix", REPORT_CONFUSION);
    markup_table(m, words(REPORT_CONFUSION_TEXT), "confusion");
    markup_head(m, words(REPORT_TRUTH));
    json_array_foreach(classes, i, one) markup_head(m, label_short(string_in(one, "label")));
    markup_body(m);
    json_array_foreach(json_object_get(evaluation, "confusion"), i, row)
    {
        markup_row(m, label_short(string_in(json_array_get(classes, i), "label")));
        put_confusion_row(m, row, i);
        markup_row_end(m);
    }
    markup_table_end(m);
    markup_section_end(m);
}

/* ------------------------------------------------------------------ mistakes and settings */

/* The labels' full names, where either has one besides what is shown anyway. */
static void put_names(const markup *m, const char *truth, const char *decided)
{
    json_t *from = label_long(truth), *to = label_long(decided);

    if (from != NULL || to != NULL) {
        markup_put(m, "<br>");
        markup_text(m, report_text(REPORT_BECAME, from != NULL ? from : label_short(truth),
                                   to != NULL ? to : label_short(decided)));
    }
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/'), *inside = strrchr(path, '!');

    if (inside != NULL && (slash == NULL || inside > slash))
        slash = inside;
    return slash != NULL ? slash + 1 : path;
}

static void put_mistake(const markup *m, const json_t *one)
{
    const char *truth = string_in(one, "truth"), *decided = string_in(one, "decided");
    const char *path = string_in(one, "caption");

    markup_put(m, "<li><figure><img src=\"%s\" decoding=\"async\" alt=\"", string_in(one, "image"));
    markup_escaped(m, path);
    markup_put(m, "\"><figcaption><strong>");
    markup_text(m, report_text(REPORT_BECAME, label_short(truth), label_short(decided)));
    markup_put(m, "</strong>");
    put_names(m, truth, decided);
    markup_put(m, "<br>");
    markup_text(
        m, report_text(
               REPORT_PROBABILITIES,
               percent_text(json_number_value(json_object_get(one, "probability_truth")), 1),
               percent_text(json_number_value(json_object_get(one, "probability_decided")), 1)));
    markup_put(m, "<br><span title=\"");
    markup_escaped(m, path);
    markup_put(m, "\">");
    markup_escaped(m, last_part(path));
    markup_put(m, "</span></figcaption></figure></li>\n");
}

static void put_mistakes(const markup *m, const json_t *mistakes)
{
    const json_t *one;
    size_t        i;

    markup_section(m, "mistakes", REPORT_MISTAKES);
    markup_put(m, "<p class=\"faint\">");
    markup_words(m, REPORT_MISTAKES_TEXT);
    markup_put(m, "</p>\n<ul class=\"mistakes\">\n");
    json_array_foreach(mistakes, i, one) put_mistake(m, one);
    markup_put(m, "</ul>\n");
    markup_section_end(m);
}

static void put_settings(markup *m, const json_t *settings)
{
    const json_t *row;
    size_t        i;

    markup_section(m, "settings", REPORT_SETTINGS);
    markup_table(m, words(REPORT_SETTINGS_TEXT), "words");
    markup_head(m, words(REPORT_SETTING));
    markup_head(m, words(REPORT_VALUE));
    markup_body(m);
    json_array_foreach(settings, i, row)
    {
        markup_row(m, json_incref(json_array_get(row, 0)));
        markup_cell_words(m, json_incref(json_array_get(row, 1)));
        markup_row_end(m);
    }
    markup_table_end(m);
    markup_section_end(m);
}

void report_put_main(markup *m, const json_t *data, json_t *plots)
{
    const json_t *evaluation = json_object_get(data, "evaluation");
    const json_t *epochs     = json_object_get(data, "epochs");
    const json_t *mistakes   = json_object_get(data, "mistakes");
    const json_t *settings   = json_object_get(data, "settings");

    put_head(m, data);
    if (evaluation != NULL) {
        put_key_figures(m, evaluation);
        put_classes(m, evaluation);
        put_confusion(m, evaluation);
        report_put_curves(m, evaluation, plots);
    }
    if (json_array_size(epochs) > 0)
        report_put_history(m, epochs, plots);
    if (json_array_size(mistakes) > 0)
        put_mistakes(m, mistakes);
    if (evaluation != NULL)
        put_metrics(m, evaluation);
    if (json_array_size(settings) > 0)
        put_settings(m, settings);
}
