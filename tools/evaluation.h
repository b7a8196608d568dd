/* evaluation.h - an evaluated part of a data set: as JSON, on the terminal, and its worst mistakes.
 */
#ifndef SKC_TOOLS_EVALUATION_H
#define SKC_TOOLS_EVALUATION_H

#include "skincnn.h"
#include "terminal.h"

#include <jansson.h>
#include <stdio.h>

/* What was evaluated and what came of it; all of it is the caller's. */
typedef struct evaluation {
    const char           *part;   /* "test" */
    const char *const    *labels; /* (classes) */
    int32_t               count, classes;
    const float          *probabilities; /* (count, classes) */
    const int32_t        *truth;         /* (count) label numbers */
    const float          *class_weights; /* (classes), or NULL */
    const bool           *malignant;     /* (classes), or NULL */
    float                 threshold;     /* operating point on the malignant probability */
    const skc_evaluation *figures;
} evaluation;

/* Computes `figures`, which the caller releases with skc_evaluation_free. The same pictures,
 * weights and threshold as in the struct; `groups` may be NULL. */
SKC_MUST_CHECK skc_status evaluation_compute(evaluation *e, const int32_t *groups,
                                             int32_t resamples, const skc_runtime *runtime,
                                             skc_evaluation **figures, skc_error *err);

/* The class weights that decide two labels by a threshold on the second. */
void evaluation_weigh_two(float threshold, float weights[2]);

/* The label number decided for picture i. */
int32_t evaluation_decision(const evaluation *e, int32_t i);

/* {"part", "pictures", "threshold", "metrics": {NAME: {"value", "low", "high"}}, "classes": [...],
 * "confusion": [[...]]}; what is undefined is null. */
json_t *evaluation_json(const evaluation *e);

/* The curves for the report: {"roc", "pr": a list of [x, y, threshold] for every class, then for
 * malignant against benign where there is that; "calibration": one list}. */
json_t *evaluation_curves(const evaluation *e);

/* {"value", "low", "high"}, and "0.912 (0.874-0.950)". */
json_t *evaluation_interval_json(skc_interval figure);
void    evaluation_interval_cell(table *t, skc_interval figure);

/* A table of the metrics with their intervals, and one of the classes. */
void evaluation_print(const evaluation *e, FILE *stream);

/* Writes the numbers of wrongly decided pictures, those first whose truth was given the smallest
 * probability; returns how many, at most `limit`. */
int32_t evaluation_mistakes(const evaluation *e, int32_t limit, int32_t *pictures);

#endif
