/* predict_explain.h - skincnn-predict --explain: where in a picture the evidence lies, drawn over
 * it.
 */
#ifndef SKC_TOOLS_PREDICT_EXPLAIN_H
#define SKC_TOOLS_PREDICT_EXPLAIN_H
#include "files.h"
#include "predict_report.h"

typedef struct explain_options {
    const char *path; /* NULL: nothing is explained; "*.png": of one picture; else a folder */
    const char *layer, *label;
    bool        force; /* overwrite */
} explain_options;

typedef struct explaining {
    const explain_options *options;
    int32_t                count;
    skc_explainer         *explainers[REPORT_MOST_MODELS];
    int32_t                labels[REPORT_MOST_MODELS]; /* asked for; -1: the one decided */
} explaining;

/* Checks that every picture has a file of its own to write, that none is there already, and makes
 * the folder. False after a message. */
bool explain_check(const explain_options *options, const file_list *pictures);

/* An explainer for each model, at most REPORT_MOST_MODELS. False after a message; explain_end
 * releases in any case. */
bool explain_begin(explaining *e, const explain_options *options, skc_model *const *models,
                   int32_t count, const skc_runtime *runtime);
void explain_end(explaining *e);

/* Explains a picture by every model and writes what came of it; with several models, side by side.
 * heats[m] is for the report; their `file` is to be released once. */
skc_status explain_picture(explaining *e, const char *path, const skc_image *image,
                           report_heat heats[REPORT_MOST_MODELS], skc_error *err);

#endif
