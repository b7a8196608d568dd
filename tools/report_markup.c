/* report_markup.c - elements of the report's page, with texts escaped and words in both languages.
 */
#include "report_markup.h"
#include "cli.h"
#include "json_build.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void markup_put(const markup *m, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vfprintf(m->file, format, arguments);
    va_end(arguments);
}

void markup_escaped(const markup *m, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", m->file);
            break;
        case '&':
            fputs("&amp;", m->file);
            break;
        case '"':
            fputs("&quot;", m->file);
            break;
        default:
            fputc(*text, m->file);
        }
}

void markup_text(const markup *m, json_t *text)
{
    if (json_is_string(text))
        markup_escaped(m, json_string_value(text));
    for (int32_t i = 0; i < 2 && !json_is_string(text); i++) {
        markup_put(m, "<span lang=\"%s\">", report_languages[i]);
        markup_escaped(m, report_in(text, i));
        markup_put(m, "</span>");
    }
    json_decref(text);
}

void markup_words(const markup *m, report_word word)
{
    markup_text(m, report_text(word, NULL, NULL));
}

/* ------------------------------------------------------------------ sections and tables */

void markup_section(const markup *m, const char *id, report_word title)
{
    markup_put(m, "\n<section aria-labelledby=\"%s\"><h2 id=\"%s\">", id, id);
    markup_words(m, title);
    markup_put(m, "</h2>\n");
}

void markup_section_end(const markup *m)
{
    markup_put(m, "</section>\n");
}

void markup_table(markup *m, json_t *caption, const char *style)
{
    int32_t id = ++m->captions;

    markup_put(m, "<div><p class=\"faint\" id=\"caption-%d\">", (int)id);
    markup_text(m, caption);
    markup_put(m, "</p><div class=\"scroll\" tabindex=\"0\" role=\"region\" ");
    markup_put(m, "aria-labelledby=\"caption-%d\">", (int)id);
    markup_put(m, "<table aria-labelledby=\"caption-%d\" class=\"%s\"><thead><tr>", (int)id,
               style != NULL ? style : "");
}

void markup_head(const markup *m, json_t *text)
{
    markup_put(m, "<th scope=\"col\">");
    markup_text(m, text);
    markup_put(m, "</th>");
}

void markup_body(const markup *m)
{
    markup_put(m, "</tr></thead><tbody>\n");
}

void markup_row(const markup *m, json_t *heading)
{
    markup_put(m, "<tr><th scope=\"row\">");
    markup_text(m, heading);
    markup_put(m, "</th>");
}

void markup_cell(const markup *m, json_t *text)
{
    markup_put(m, "<td>");
    markup_text(m, text);
    markup_put(m, "</td>");
}

void markup_cell_words(const markup *m, json_t *text)
{
    markup_put(m, "<td class=\"text\">");
    markup_text(m, text);
    markup_put(m, "</td>");
}

void markup_row_end(const markup *m)
{
    markup_put(m, "</tr>\n");
}

void markup_table_end(const markup *m)
{
    markup_put(m, "</tbody></table></div></div>\n");
}

/* ------------------------------------------------------------------ figures and labels */

json_t *figure_text(const json_t *value, int32_t digits)
{
    return json_is_number(value) ? report_plain("%.*f", (int)digits, json_number_value(value))
                                 : report_plain("\u2013");
}

json_t *percent_text(double share, int32_t digits)
{
    return report_plain("%.*f\u202f%%", (int)digits, 100 * share);
}

json_t *count_text(int32_t count)
{
    const int32_t thousands = count / 1000, millions = thousands / 1000;

    if (millions > 0)
        return report_plain("%d,%03d,%03d", (int)millions, (int)(thousands % 1000),
                            (int)(count % 1000));
    return thousands > 0 ? report_plain("%d,%03d", (int)thousands, (int)(count % 1000))
                         : report_plain("%d", (int)count);
}

json_t *interval_text(const json_t *figure)
{
    const json_t *low = json_object_get(figure, "low"), *high = json_object_get(figure, "high");

    return json_is_number(low)
               ? report_plain("%.3f\u2013%.3f", json_number_value(low), json_number_value(high))
               : report_plain("%s", "");
}

json_t *label_short(const char *label)
{
    const bilingual name = label_text(label);

    return strcmp(name.en, label) == 0 ? report_both(name) : report_plain("%s", label);
}

json_t *label_long(const char *label)
{
    const bilingual name = label_text(label);

    return strcmp(name.en, label) == 0 ? NULL : report_both(name);
}
