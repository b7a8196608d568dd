/* operating_points.h - thresholds on the malignant probability: fitted, applied, shown. */
#ifndef SKC_TOOLS_OPERATING_POINTS_H
#define SKC_TOOLS_OPERATING_POINTS_H

#include "skincnn.h"

#include <jansson.h>
#include <stdio.h>

/* Marks the model's malignant labels: those that it names, else by tasks.h. false: not known. */
bool points_malignant(const skc_model *model, bool *malignant);

/* Point i of a model whose malignant labels are these, with a threshold on their summed
 * probability. */
skc_operating_point points_at(const skc_model *model, const bool *malignant, int32_t i);

/* Summed in float and in the order of the labels, as skc_evaluate does, so that a fitted threshold
 * finds the picture that it was taken from. */
float points_sum(const float *probabilities, const bool *malignant, int32_t labels);

/* What a model says of a picture in the end. */
typedef struct points_answer {
    double              probability; /* malignant; NaN: not known which labels are */
    bool                has_point, malignant;
    skc_operating_point point; /* the default, with a threshold on `probability` */
} points_answer;

points_answer points_decide(const skc_model *model, const float *probabilities);

/* {"probability", "point", "threshold", "decided"}; null where malignant labels are not known. */
json_t *points_answer_json(const points_answer *answer);

/* Sets which labels are malignant, and the points "sensitivity_95" (the default, of the wanted
 * `sensitivity`), those for 0.90, 0.95 and 0.98 beside it, and "youden", all fitted on these
 * pictures: probabilities (count, labels), truth (count). */
SKC_MUST_CHECK skc_status points_fit(skc_model *model, const bool *malignant,
                                     const float *probabilities, const int32_t *truth,
                                     int32_t count, double sensitivity, skc_error *err);

/* A point measured on pictures. */
typedef struct points_measured {
    skc_operating_point point;
    skc_interval        sensitivity, specificity;
} points_measured;

/* What is to be measured: `count` pictures' malignant probability, whether they are, and their
 * groups (NULL: each its own). */
typedef struct points_pictures {
    const float   *scores;
    const bool    *positive;
    const int32_t *groups;
    int32_t        count, resamples;
} points_pictures;

SKC_MUST_CHECK skc_status points_measure(skc_operating_point point, const points_pictures *pictures,
                                         const skc_runtime *runtime, points_measured *out,
                                         skc_error *err);

/* A table of the model's points; nothing where it has none stored. */
void    points_print(const skc_model *model, FILE *stream);
/* [{"name", "threshold", "sensitivity", "specificity"}] */
json_t *points_json(const skc_model *model);

#endif
