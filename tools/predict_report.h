/* predict_report.h - the answers of skincnn-predict as a table, CSV or JSON lines. */
#ifndef SKC_TOOLS_PREDICT_REPORT_H
#define SKC_TOOLS_PREDICT_REPORT_H
#include "cli.h"
#include "terminal.h"

enum { REPORT_MOST_MODELS = 8 };

typedef enum report_form { REPORT_TABLE, REPORT_CSV, REPORT_JSON } report_form;

typedef struct report {
    report_form             form;
    const skc_model *const *models;
    int32_t                 model_count;
    int32_t                 top;  /* labels to show in the table */
    table                   rows; /* REPORT_TABLE */
} report;

/* At most REPORT_MOST_MODELS models, which must outlive the report; CSV prints its heading. */
report report_begin(report_form form, const skc_model *const *models, int32_t model_count,
                    int32_t top);

/* One picture: probabilities[m] is a row for model m. Where `error` is not NULL, the picture failed
 * with that message and `probabilities` is not used. */
void report_picture(report *r, const char *path, const float *const *probabilities,
                    const char *error);

/* Prints what is left, and for people the disclaimer. */
void report_end(report *r);

#endif
