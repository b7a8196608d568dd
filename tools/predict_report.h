/* predict_report.h - the answers of skincnn-predict as a table, CSV or JSON lines. */
#ifndef SKC_TOOLS_PREDICT_REPORT_H
#define SKC_TOOLS_PREDICT_REPORT_H
#include "cli.h"
#include "files.h"
#include "terminal.h"

enum { REPORT_MOST_MODELS = 8 };

typedef enum report_form { REPORT_TABLE, REPORT_CSV, REPORT_JSON } report_form;

/* What --explain wrote of a picture for one model. */
typedef struct report_heat {
    char       *file;
    const char *layer;
    int32_t     label;
    skc_box     box; /* the part of the picture that the heat covers */
} report_heat;

typedef struct report {
    report_form             form;
    const skc_model *const *models;
    int32_t                 model_count;
    int32_t                 top;  /* labels to show in the table */
    table                   rows; /* REPORT_TABLE */
    file_list               remarks;
} report;

/* At most REPORT_MOST_MODELS models, which must outlive the report; CSV prints its heading. */
report report_begin(report_form form, const skc_model *const *models, int32_t model_count,
                    int32_t top);

/* One picture: probabilities[m] is a row for model m, heats[m] what explains it (heats NULL: none).
 * `quality` has width 0 where it was not measured. Where `error` is not NULL, the picture failed
 * with that message and the first two are not used. */
void report_picture(report *r, const char *path, const float *const *probabilities,
                    const report_heat *heats, const skc_quality *quality, const char *error);

/* Prints what is left, and for people the disclaimer. */
void report_end(report *r);

#endif
