/* eval_points.h - how a model's operating points do on the pictures of an evaluation. */
#ifndef SKC_TOOLS_EVAL_POINTS_H
#define SKC_TOOLS_EVAL_POINTS_H
#include "evaluation.h"
#include "operating_points.h"

typedef struct eval_points {
    points_measured list[SKC_MOST_OPERATING_POINTS];
    int32_t         count; /* 0: the model has none, or malignant labels are not known */
} eval_points;

/* Measures all points on the pictures of `e`. */
SKC_MUST_CHECK skc_status eval_points_measure(const skc_model *model, const evaluation *e,
                                              const int32_t *groups, int32_t resamples,
                                              const skc_runtime *runtime, eval_points *out,
                                              skc_error *err);

/* A table, where there is more than the one that the other figures are at. */
void    eval_points_print(const eval_points *points, FILE *stream);
/* [{"name", "threshold", "sensitivity": {"value", "low", "high"}, "specificity"}] */
json_t *eval_points_json(const eval_points *points);

#endif
