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

/* As the weight of one class rises, a picture turns to that class at one point: this. */
typedef struct {
    double turn; /* best rival's weight x probability, over the class's probability */
    double gain; /* of balanced accuracy when it has turned */
} turning;

typedef struct {
    const float   *probabilities;
    const int32_t *labels;
    int32_t        count, classes;
    turning       *turnings; /* (count) */
    double        *weights;  /* (classes) */
    double        *worth;    /* (classes) balanced accuracy of one picture; 0: class is absent */
} search;

/* Weights stay within this factor of each other, far inside the range of float. */
static const double widest = 1e9;

static int by_turn(const void *a, const void *b)
{
    const turning *x = a, *y = b;

    return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* Fills the turnings for class c, sorted; returns how many there are. */
static int32_t find_turnings(const search *s, int32_t c)
{
    int32_t found = 0;

    for (int32_t i = 0; i < s->count; i++) {
        const float *p     = s->probabilities + (size_t)i * (size_t)s->classes;
        int32_t      label = s->labels[i], rival = c == 0;

        for (int32_t k = rival + 1; k < s->classes; k++)
            if (k != c && s->weights[k] * (double)p[k] > s->weights[rival] * (double)p[rival])
                rival = k;
        if (p[c] <= 0 || (label != c && label != rival))
            continue; /* never turns, or is wrong on both sides */
        s->turnings[found].turn = s->weights[rival] * (double)p[rival] / (double)p[c];
        s->turnings[found].gain = label == c ? s->worth[c] : -s->worth[rival];
        found++;
    }
    qsort(s->turnings, (size_t)found, sizeof *s->turnings, by_turn);
    return found;
}

/* The range that the weight of class c may take. */
static void allowed(const search *s, int32_t c, double *low, double *high)
{
    double smallest = INFINITY, largest = 0;

    for (int32_t k = 0; k < s->classes; k++)
        if (k != c) {
            smallest = fmin(smallest, s->weights[k]);
            largest  = fmax(largest, s->weights[k]);
        }
    *low  = largest / widest;
    *high = smallest * widest;
}

/* The stretch before the first turning and the one after the last are open: a factor of two is
 * enough to be on the far side. */
static void close_ends(const turning *turnings, int32_t count, double *low, double *high)
{
    int32_t first = 0;

    while (first < count && turnings[first].turn <= 0)
        first++;
    if (first < count) {
        *low  = fmax(*low, turnings[first].turn / 4);
        *high = fmin(*high, turnings[count - 1].turn * 4);
    }
}

/* Moves the weight of class c to the middle (of the logarithm) of the widest of the best stretches
 * between two turnings. Returns by how much balanced accuracy rises; 0: nothing moved. */
static double improve(search *s, int32_t c)
{
    const double same  = 1e-9;
    int32_t      count = find_turnings(s, c);
    double       low, end, total = 0, now = 0, best = -INFINITY, best_low = 1, best_high = 1;

    allowed(s, c, &low, &end);
    close_ends(s->turnings, count, &low, &end);
    for (int32_t i = 0; i <= count; i++) {
        double high = i < count ? fmin(s->turnings[i].turn, end) : end;

        if (high > low) {
            if (total > best + same || (total > best - same && high / low > best_high / best_low)) {
                best      = total;
                best_low  = low;
                best_high = high;
            }
            low = high;
        }
        if (i < count) {
            total += s->turnings[i].gain;
            if (s->turnings[i].turn < s->weights[c])
                now = total;
        }
    }
    if (best <= now + same)
        return 0;
    s->weights[c] = sqrt(best_low * best_high);
    return best - now;
}

/* Inverse class frequencies; a class without pictures starts as if it had one. */
static void start(search *s)
{
    int32_t present = 0;

    for (int32_t c = 0; c < s->classes; c++)
        s->worth[c] = 0;
    for (int32_t i = 0; i < s->count; i++)
        s->worth[s->labels[i]]++;
    for (int32_t c = 0; c < s->classes; c++)
        present += s->worth[c] > 0;
    for (int32_t c = 0; c < s->classes; c++) {
        s->weights[c] = 1 / fmax(s->worth[c], 1);
        s->worth[c]   = s->worth[c] > 0 ? 1 / (s->worth[c] * present) : 0;
    }
}

static void climb(search *s)
{
    double risen = 1;

    start(s);
    for (int32_t pass = 0; pass < 100 && risen > 0; pass++) {
        risen = 0;
        for (int32_t c = 0; c < s->classes; c++)
            if (s->worth[c] > 0)
                risen += improve(s, c);
    }
}

skc_status skc_fit_class_weights(const float *probabilities, const int32_t *labels, int32_t count,
                                 int32_t classes, float *weights, skc_error *err)
{
    skc_allocator allocator = skc__allocator(NULL);
    search        s         = { probabilities, labels, count, classes, NULL, NULL, NULL };
    double        largest   = 0;

    if (weights == NULL)
        return skc__fail(err, SKC_EINVAL, "weights is NULL");
    if (skc__check_rows(probabilities, labels, count, classes, err) != SKC_OK)
        return SKC_EINVAL;
    s.turnings = skc__allocate(&allocator, (size_t)count * sizeof *s.turnings, err);
    s.weights  = skc__allocate(&allocator, 2 * (size_t)classes * sizeof *s.weights, err);
    if (s.turnings != NULL && s.weights != NULL) {
        s.worth = s.weights + classes;
        climb(&s);
        for (int32_t c = 0; c < classes; c++)
            largest = fmax(largest, s.weights[c]);
        for (int32_t c = 0; c < classes; c++)
            weights[c] = (float)(s.weights[c] / largest);
    }
    skc__release(&allocator, s.turnings);
    skc__release(&allocator, s.weights);
    return largest > 0 ? SKC_OK : SKC_ENOMEM;
}
