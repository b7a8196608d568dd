/* report.h - report.html: one self-contained page with figures, curves and the worst mistakes. */
#ifndef SKC_TOOLS_REPORT_H
#define SKC_TOOLS_REPORT_H

#include "evaluation.h"
#include "report_words.h"

/* The page stands in Traditional Chinese and English; its reader switches. Its words are those of
 * report_words.h; what comes from elsewhere (paths, labels, names) is the same in both and may be
 * any bytes: what is not UTF-8 becomes U+FFFD. Functions that return nothing end the program when
 * out of memory, as the tools do. */
typedef struct report report;

/* `part` and `task` fill in the words of the title; either may be NULL where it names none. */
report *report_create(report_word title, const char *part, const char *task, const char *subtitle);
void    report_free(report *r);

/* A row of the table of settings, in the order of the calls: a value, or words. */
void report_add_setting(report *r, report_word name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_add_setting_words(report *r, report_word name, report_word value);

/* A remark that stands at the top, e.g. that lesions are on both sides of the split: so many. */
void report_add_note(report *r, report_word note, int32_t count);

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
