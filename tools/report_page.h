/* report_page.h - what a report has collected, as the parts of its page. */
#ifndef SKC_TOOLS_REPORT_PAGE_H
#define SKC_TOOLS_REPORT_PAGE_H

#include "report_markup.h"

/* `data` is what report.c collected:
 *     {"title", "subtitle": texts, "notes": [texts], "settings": [[name, value], ...],
 *      "epochs": [...], "mistakes": [...], "evaluation": as evaluation_json, with "curves"} */

/* The name in the browser's tab, in both languages: a script leaves one. */
void report_put_title(const markup *m, const json_t *data);
/* A radio button for each language; which is set decides what the page shows. */
void report_put_switch(const markup *m);
/* The content; its plots go into `plots` (report_plots.h). */
void report_put_main(markup *m, const json_t *data, json_t *plots);
void report_put_footer(const markup *m);

#endif
