/* operating_point.c - chooses a threshold on the malignant probability and measures it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "train/metrics.h"

static int by_value(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return *x > *y ? 1 : -(*x < *y);
}

/* How many of the sorted values are below `limit`. */
static int32_t count_below(const float *sorted, int32_t count, float limit)
{
    int32_t low = 0, high = count;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;

        if (sorted[middle] < limit)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Scores by truth, each sorted: benign at the front of `scores`, malignant behind them. */
typedef struct sides {
    float  *scores;
    int32_t benign, malignant;
} sides;

static double sensitivity_at(const sides *s, float threshold)
{
    return 1 - (double)count_below(s->scores + s->benign, s->malignant, threshold) / s->malignant;
}

static double specificity_at(const sides *s, float threshold)
{
    return (double)count_below(s->scores, s->benign, threshold) / s->benign;
}

/* The best is at the score of a malignant one: between two of them a higher threshold loses none.
 * The smallest of equals, which finds the most. */
static float youden_threshold(const sides *s)
{
    float  best  = 0;
    double value = -1;

    for (int32_t i = s->benign; i < s->benign + s->malignant; i++) {
        double sum = sensitivity_at(s, s->scores[i]) + specificity_at(s, s->scores[i]);

        if (sum > value + 1e-12) {
            value = sum;
            best  = s->scores[i];
        }
    }
    return best;
}

/* Fills in `s`, whose scores have room for `count`. */
static skc_status split_scores(const float *scores, const bool *positive, int32_t count, sides *s,
                               skc_error *err)
{
    int32_t last = count;

    for (int32_t i = 0; i < count; i++) {
        if (!(scores[i] >= 0 && scores[i] <= 1))
            return skc__fail(err, SKC_EINVAL, "score %d is %g; 0..1 is allowed", i,
                             (double)scores[i]);
        s->scores[positive[i] ? --last : s->benign++] = scores[i];
    }
    s->malignant = count - s->benign;
    if (s->benign == 0 || s->malignant == 0)
        return skc__fail(err, SKC_EINVAL,
                         "operating point: %d of %d pictures are positive; it takes both kinds",
                         s->malignant, count);
    qsort(s->scores, (size_t)s->benign, sizeof *s->scores, by_value);
    qsort(s->scores + s->benign, (size_t)s->malignant, sizeof *s->scores, by_value);
    return SKC_OK;
}

skc_status skc_fit_operating_point(const float *scores, const bool *positive, int32_t count,
                                   double sensitivity, skc_operating_point *out, skc_error *err)
{
    const skc_allocator allocator = skc__allocator(NULL);
    skc_operating_point point     = { .name = "youden" };
    sides               s         = { 0 };
    skc_status          status;

    if (scores == NULL || positive == NULL || out == NULL || count < 1)
        return skc__fail(err, SKC_EINVAL, "operating point: scores are missing (%d of them)",
                         count);
    s.scores = skc__allocate(&allocator, (size_t)count * sizeof *s.scores, err);
    if (s.scores == NULL)
        return SKC_ENOMEM;
    status = split_scores(scores, positive, count, &s, err);
    if (status == SKC_OK && sensitivity == -1)
        point.threshold = youden_threshold(&s);
    else if (status == SKC_OK) {
        snprintf(point.name, sizeof point.name, "sensitivity_%.6g", 100 * sensitivity);
        status = skc_fit_threshold(scores, positive, count, sensitivity, &point.threshold, err);
    }
    if (status == SKC_OK) {
        point.sensitivity = (float)sensitivity_at(&s, point.threshold);
        point.specificity = (float)specificity_at(&s, point.threshold);
        *out              = point;
    }
    skc__release(&allocator, s.scores);
    return status;
}
