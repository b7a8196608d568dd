/* calibrate.c - fits the temperature, the threshold and the class weights of a decision. */
#include <math.h>
#include <stdlib.h>

#include "train/metrics.h"

/* ---------------------------------------------------------------- temperature */

static double log_probability(float p)
{
    return log(fmax((double)p, SKC_SMALLEST_PROBABILITY));
}

/* Slope of the log loss of one row in the inverse temperature: the mean of log p under
 * softmax(inverse x log p), less that of the label. */
static double row_slope(const float *p, int32_t label, int32_t classes, double inverse)
{
    double sum = 0, mean = 0, top = log(SKC_SMALLEST_PROBABILITY);

    for (int32_t c = 0; c < classes; c++)
        top = fmax(top, log_probability(p[c]));
    for (int32_t c = 0; c < classes; c++) {
        double score = log_probability(p[c]);
        double share = exp(inverse * (score - top));

        sum += share;
        mean += share * score;
    }
    return mean / sum - log_probability(p[label]);
}

static double slope(const float *probabilities, const int32_t *labels, int32_t count,
                    int32_t classes, double inverse)
{
    double sum = 0;

    for (int32_t i = 0; i < count; i++)
        sum += row_slope(probabilities + (size_t)i * (size_t)classes, labels[i], classes, inverse);
    return sum / count;
}

/* The log loss is convex in the inverse temperature (Guo et al., ICML 2017), so its slope rises and
 * bisection finds where it is zero. */
skc_status skc_fit_temperature(const float *probabilities, const int32_t *labels, int32_t count,
                               int32_t classes, float *temperature, skc_error *err)
{
    const double flat = 1e-9;
    double       low = 1 / 20.0, high = 1 / 0.05, at_low, at_high;

    if (temperature == NULL)
        return skc__fail(err, SKC_EINVAL, "temperature is NULL");
    if (skc__check_rows(probabilities, labels, count, classes, err) != SKC_OK)
        return SKC_EINVAL;
    at_low  = slope(probabilities, labels, count, classes, low);
    at_high = slope(probabilities, labels, count, classes, high);
    if (fabs(at_low) < flat && fabs(at_high) < flat) {
        *temperature = 1; /* every row is uniform: any temperature is as good */
        return SKC_OK;
    }
    for (int step = 0; step < 48; step++) {
        double middle = (low + high) / 2;

        if (slope(probabilities, labels, count, classes, middle) < 0)
            low = middle;
        else
            high = middle;
    }
    *temperature = (float)fmin(fmax(2 / (low + high), 0.05), 20);
    return SKC_OK;
}

/* ---------------------------------------------------------------- threshold */

static int by_falling_value(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return *x > *y ? -1 : *x < *y;
}

/* The positives that must be found: the fewest whose share reaches `sensitivity`; at least one, as
 * a threshold that finds none has no upper end. */
static int32_t needed(int32_t positives, double sensitivity)
{
    int32_t found = (int32_t)(sensitivity * positives);

    while (found > 1 && (double)(found - 1) / positives >= sensitivity)
        found--;
    while (found < 1 || (double)found / positives < sensitivity)
        found++;
    return found;
}

skc_status skc_fit_threshold(const float *scores, const bool *positive, int32_t count,
                             double sensitivity, float *threshold, skc_error *err)
{
    skc_allocator allocator = skc__allocator(NULL);
    int32_t       positives = 0;
    float        *found;

    if (scores == NULL || positive == NULL || threshold == NULL || count < 1)
        return skc__fail(err, SKC_EINVAL, "threshold: scores are missing (%d of them)", count);
    if (!(sensitivity >= 0 && sensitivity <= 1))
        return skc__fail(err, SKC_EINVAL, "sensitivity is %g; 0..1", sensitivity);
    for (int32_t i = 0; i < count; i++)
        if (!isfinite(scores[i]))
            return skc__fail(err, SKC_EINVAL, "score %d is %g", i, (double)scores[i]);
    found = skc__allocate(&allocator, (size_t)count * sizeof *found, err);
    if (found == NULL)
        return SKC_ENOMEM;
    for (int32_t i = 0; i < count; i++)
        if (positive[i])
            found[positives++] = scores[i];
    qsort(found, (size_t)positives, sizeof *found, by_falling_value);
    if (positives > 0)
        *threshold = found[needed(positives, sensitivity) - 1];
    skc__release(&allocator, found);
    if (positives == 0)
        return skc__fail(err, SKC_EINVAL, "threshold: none of %d pictures is positive", count);
    return SKC_OK;
}

/* ---------------------------------------------------------------- class weights */

/* Strengths tried: 0, 0.05, ... 1.5. */
enum { STRENGTHS = 31, NEIGHBOURS = 2 };

/* weights[c] = (pictures of c)^-strength, the largest 1. A class without pictures counts as one. */
static void weigh(const int32_t *pictures, int32_t classes, double strength, float *weights)
{
    int32_t fewest = INT32_MAX;

    for (int32_t c = 0; c < classes; c++)
        fewest = pictures[c] > 0 && pictures[c] < fewest ? pictures[c] : fewest;
    for (int32_t c = 0; c < classes; c++) {
        double n = pictures[c] > 0 ? pictures[c] : fewest;

        weights[c] = (float)pow(n / fewest, -strength);
    }
}

static int32_t decide(const float *p, const float *weights, int32_t classes)
{
    int32_t best = 0;

    for (int32_t c = 1; c < classes; c++)
        if (p[c] * weights[c] > p[best] * weights[best])
            best = c;
    return best;
}

/* Mean recall over the classes that have pictures; `right` (classes) is scratch. */
static double balanced_accuracy(const float *probabilities, const int32_t *labels, int32_t count,
                                int32_t classes, const int32_t *pictures, const float *weights,
                                int32_t *right)
{
    double  sum     = 0;
    int32_t present = 0;

    for (int32_t c = 0; c < classes; c++)
        right[c] = 0;
    for (int32_t i = 0; i < count; i++)
        right[labels[i]] +=
            decide(probabilities + (size_t)i * (size_t)classes, weights, classes) == labels[i];
    for (int32_t c = 0; c < classes; c++) {
        present += pictures[c] > 0;
        sum += pictures[c] > 0 ? (double)right[c] / pictures[c] : 0;
    }
    return sum / present;
}

/* The strength whose figure is best on average with its neighbours', so that one lucky picture of a
 * rare class does not decide; the smallest of equals. */
static int32_t best_strength(const double figures[STRENGTHS])
{
    int32_t best  = 0;
    double  value = -1;

    for (int32_t i = 0; i < STRENGTHS; i++) {
        int32_t from = i < NEIGHBOURS ? 0 : i - NEIGHBOURS;
        int32_t to   = i + NEIGHBOURS < STRENGTHS ? i + NEIGHBOURS : STRENGTHS - 1;
        double  sum  = 0;

        for (int32_t k = from; k <= to; k++)
            sum += figures[k];
        if (sum / (to - from + 1) > value + 1e-12) {
            value = sum / (to - from + 1);
            best  = i;
        }
    }
    return best;
}

skc_status skc_fit_class_weights(const float *probabilities, const int32_t *labels, int32_t count,
                                 int32_t classes, float *weights, skc_error *err)
{
    skc_allocator allocator = skc__allocator(NULL);
    int32_t      *pictures;
    double        figures[STRENGTHS];

    if (weights == NULL)
        return skc__fail(err, SKC_EINVAL, "weights is NULL");
    if (skc__check_rows(probabilities, labels, count, classes, err) != SKC_OK)
        return SKC_EINVAL;
    pictures = skc__allocate_zeroed(&allocator, 2 * (size_t)classes * sizeof *pictures, err);
    if (pictures == NULL)
        return SKC_ENOMEM;
    for (int32_t i = 0; i < count; i++)
        pictures[labels[i]]++;
    for (int32_t i = 0; i < STRENGTHS; i++) {
        weigh(pictures, classes, 0.05 * i, weights);
        figures[i] = balanced_accuracy(probabilities, labels, count, classes, pictures, weights,
                                       pictures + classes);
    }
    weigh(pictures, classes, 0.05 * best_strength(figures), weights);
    skc__release(&allocator, pictures);
    return SKC_OK;
}
