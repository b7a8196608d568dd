/* report_markup.h - elements of the report's page, with texts escaped and words in both languages.
 *
 * A text that is not the same in both languages becomes two spans with their `lang`, of which the
 * page shows one. Functions take texts over. */
#ifndef SKC_TOOLS_REPORT_MARKUP_H
#define SKC_TOOLS_REPORT_MARKUP_H

#include "report_words.h"

#include <stdio.h>

typedef struct markup {
    FILE   *file;
    int32_t captions; /* so far: their number makes ids */
} markup;

/* Markup of our own; texts go in by markup_text only. */
void markup_put(const markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void markup_text(const markup *m, json_t *text);
void markup_words(const markup *m, report_word word);
/* For attributes and inside <title>: what is not shown as two spans; `text` is not taken. */
void markup_escaped(const markup *m, const char *text);

/* <section> with its heading; `id` is that of the heading. */
void markup_section(const markup *m, const char *id, report_word title);
void markup_section_end(const markup *m);

/* A table in a box that scrolls:
 *     markup_table(m, caption, NULL); markup_head(m, text)...; markup_body(m);
 *     markup_row(m, text); markup_cell(m, text)...; markup_row_end(m); ...
 *     markup_table_end(m);
 * The first cell of a row is its heading. `style` is a class of the page's, or NULL. */
void markup_table(markup *m, json_t *caption, const char *style);
void markup_head(const markup *m, json_t *text);
void markup_body(const markup *m);
void markup_row(const markup *m, json_t *heading);
void markup_cell(const markup *m, json_t *text);
void markup_cell_words(const markup *m, json_t *text); /* set to the left */
void markup_row_end(const markup *m);
void markup_table_end(const markup *m);

/* Figures: "0.912", or a dash for null; a share of 1 as "91.2 %"; "2,003". */
json_t *figure_text(const json_t *value, int32_t digits);
json_t *percent_text(double share, int32_t digits);
json_t *count_text(int32_t count);
/* "0.874–0.950", "" where there is no interval; of {"value", "low", "high"}. */
json_t *interval_text(const json_t *figure);
/* "mel"; 惡性, malignant: a code stands for itself, a word is translated. */
json_t *label_short(const char *label);
/* 黑色素瘤, melanoma; NULL where label_short says it all. */
json_t *label_long(const char *label);

#endif
