/* report.h - report.html: one self-contained page with figures, curves and the worst mistakes. */
#ifndef SKC_TOOLS_REPORT_H
#define SKC_TOOLS_REPORT_H

#include "evaluation.h"

/* Texts may be any bytes: what is not UTF-8 becomes U+FFFD. Functions that return nothing end the
 * program when out of memory, as the tools do. */
typedef struct report report;

report *report_create(const char *title, const char *subtitle);
void    report_free(report *r);

/* A row of the table of settings, in the order of the calls. */
void report_add_setting(report *r, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A remark that stands at the top, e.g. that lesions are on both sides of the split. */
void report_add_note(report *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One epoch of training; what is not known is NaN. */
typedef struct report_epoch {
    int32_t epoch;
    double  learning_rate, train_loss, train_accuracy;
    double  metrics[SKC_METRIC_COUNT]; /* of the validation part */
} report_epoch;

void report_add_epoch(report *r, const report_epoch *epoch);

/* Figures, classes, confusion matrix and curves; replaces what was set before. */
void report_set_evaluation(report *r, const evaluation *e);

/* A wrongly decided picture, shown as a small JPEG; worst first is up to the caller. */
typedef struct report_mistake {
    const skc_image *image;
    const char      *truth, *decided, *caption;
    double           probability_truth, probability_decided;
} report_mistake;

SKC_MUST_CHECK skc_status report_add_mistake(report *r, const report_mistake *mistake,
                                             skc_error *err);

/* Where the pictures of an evaluation come from. */
typedef struct report_pictures {
    const skc_manifest *manifest; /* its paths are the captions */
    const skc_dataset  *dataset;
    const skc_cache    *cache;
} report_pictures;

/* Adds the worst mistakes of an evaluation, at most `limit` of them. */
SKC_MUST_CHECK skc_status report_add_mistakes(report *r, const evaluation *e,
                                              const report_pictures *from, int32_t limit,
                                              skc_error *err);

/* To a temporary file, synced, renamed. */
SKC_MUST_CHECK skc_status report_write(const report *r, const char *path, skc_error *err);

#endif
