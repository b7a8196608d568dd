/* report_plots.h - the plots of the report: markup with their figures as tables, and what the
 * page's script draws. */
#ifndef SKC_TOOLS_REPORT_PLOTS_H
#define SKC_TOOLS_REPORT_PLOTS_H

#include "report_markup.h"

/* Every plot also goes into the list `plots`, for the script:
 *     {"title", "summary": texts, "digits": of its figures, "total": pictures,
 *      "x", "y": {"title": a text, "range": "share" (0..1), "positive" or "epochs"},
 *      "lines": [{"label": a text, "points": [[x, y, threshold or pictures], ...],
 *                 "style": "curve", "joint", "bins", "epochs" or "reference"}, ...]} */
void report_put_curves(markup *m, const json_t *evaluation, json_t *plots);
void report_put_history(markup *m, const json_t *epochs, json_t *plots);

/* The words that the script itself puts together: {"threshold", "pictures"}. */
json_t *report_plot_words(void);

#endif
