/* metrics.c - counts decided pictures and turns the counts into figures. */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int32_t skc__figure_count(int32_t classes)
{
    return SKC_METRIC_COUNT + SKC_CLASS_FIGURES * classes;
}

/* ---------------------------------------------------------------- input */

static skc_status check_row(const float *p, int32_t row, int32_t classes, skc_error *err)
{
    double sum = 0;

    for (int32_t c = 0; c < classes; c++) {
        if (!isfinite(p[c]) || p[c] < 0)
            return skc__fail(err, SKC_EINVAL, "row %d: probability %d is %g; at least 0", row, c,
                             (double)p[c]);
        sum += (double)p[c];
    }
    if (fabs(sum - 1) > 1e-3)
        return skc__fail(err, SKC_EINVAL, "row %d: probabilities sum to %g instead of 1", row, sum);
    return SKC_OK;
}

skc_status skc__check_rows(const float *probabilities, const int32_t *labels, int32_t count,
                           int32_t classes, skc_error *err)
{
    if (probabilities == NULL || labels == NULL)
        return skc__fail(err, SKC_EINVAL, "%s is NULL", labels ? "probabilities" : "labels");
    if (count < 1 || count > SKC_MAX_CASES)
        return skc__fail(err, SKC_EINVAL, "%d pictures; 1..%d", count, (int)SKC_MAX_CASES);
    if (classes < 2 || classes > SKC_MAX_CLASSES)
        return skc__fail(err, SKC_EINVAL, "%d classes; 2..%d", classes, (int)SKC_MAX_CLASSES);
    for (int32_t i = 0; i < count; i++) {
        if (labels[i] < 0 || labels[i] >= classes)
            return skc__fail(err, SKC_EINVAL, "row %d: label %d; 0..%d", i, labels[i], classes - 1);
        if (check_row(probabilities + (size_t)i * (size_t)classes, i, classes, err) != SKC_OK)
            return SKC_EINVAL;
    }
    return SKC_OK;
}

/* ---------------------------------------------------------------- sample */

/* The first of the largest weight x probability. */
static int32_t argmax(const float *p, const float *weights, int32_t classes)
{
    int32_t best = 0;

    for (int32_t c = 1; c < classes; c++)
        if (p[c] * (weights ? weights[c] : 1) > p[best] * (weights ? weights[best] : 1))
            best = c;
    return best;
}

/* Summed in float and in the order of the classes, so that a threshold that was fitted on such sums
 * cuts at the same picture. */
static float malignant_score(const float *p, const bool *malignant, int32_t classes)
{
    float sum = 0;

    for (int32_t c = 0; c < classes; c++)
        if (malignant[c])
            sum += p[c];
    return sum;
}

static skc_case make_case(const skc_evaluation_input *input, const float *p, int32_t label)
{
    int32_t  top        = argmax(p, NULL, input->classes);
    int32_t  bin        = (int32_t)ceil((double)p[top] * SKC_ECE_BINS) - 1;
    skc_case out        = { 0 };
    bool     called     = false;
    bool     is_harmful = false;

    if (input->malignant != NULL) {
        is_harmful = input->malignant[label];
        called     = malignant_score(p, input->malignant, input->classes) >= input->threshold;
    }
    out.cell       = label * input->classes + argmax(p, input->class_weights, input->classes);
    out.bin        = (uint8_t)(bin < 0 ? 0 : bin >= SKC_ECE_BINS ? SKC_ECE_BINS - 1 : bin);
    out.side       = (uint8_t)(2 * is_harmful + called);
    out.right      = top == label;
    out.confidence = p[top];
    out.loss       = -log(fmax((double)p[label], SKC_SMALLEST_PROBABILITY));
    return out;
}

static int by_falling_score(const void *a, const void *b)
{
    const skc_ranked *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* One row of `ranked`: class c against the rest, or malignant against benign where c = classes. */
static void rank(const skc_evaluation_input *input, int32_t c, skc_ranked *ranked)
{
    int32_t classes = input->classes;
    bool    single  = c < classes;

    for (int32_t i = 0; i < input->count; i++) {
        const float *p     = input->probabilities + (size_t)i * (size_t)classes;
        int32_t      label = input->labels[i];

        ranked[i].score    = single ? p[c] : malignant_score(p, input->malignant, classes);
        ranked[i].picture  = (uint32_t)i & SKC_MAX_CASES;
        ranked[i].positive = single ? label == c : input->malignant[label];
    }
    qsort(ranked, (size_t)input->count, sizeof *ranked, by_falling_score);
    for (int32_t i = 0; i < input->count; i++)
        ranked[i].last = i + 1 == input->count || ranked[i + 1].score != ranked[i].score;
}

typedef struct {
    int32_t group, picture;
} membership;

static int by_group(const void *a, const void *b)
{
    const membership *x = a, *y = b;

    if (x->group != y->group)
        return x->group < y->group ? -1 : 1;
    return x->picture < y->picture ? -1 : x->picture > y->picture;
}

/* Numbers the groups 0, 1, ... in the order of the caller's numbers. The cases' memory, not filled
 * yet, holds the sorted list. */
static void number_groups(skc_sample *sample, const int32_t *groups)
{
    membership *sorted = (membership *)(void *)sample->cases;
    int32_t     number = 0;

    _Static_assert(sizeof(membership) <= sizeof(skc_case), "the list must fit");
    for (int32_t i = 0; i < sample->count; i++)
        sorted[i] = (membership){ groups != NULL ? groups[i] : i, i };
    qsort(sorted, (size_t)sample->count, sizeof *sorted, by_group);
    for (int32_t i = 0; i < sample->count; i++) {
        number += i > 0 && sorted[i].group != sorted[i - 1].group;
        sample->group[sorted[i].picture] = number;
    }
    sample->groups = number + 1;
}

void skc__sample_fill(skc_sample *sample, const skc_evaluation_input *input)
{
    size_t count = (size_t)sample->count, classes = (size_t)sample->classes;

    number_groups(sample, input->groups);
    for (size_t i = 0; i < count; i++)
        sample->cases[i] = make_case(input, input->probabilities + i * classes, input->labels[i]);
    for (int32_t c = 0; c < sample->classes + sample->has_malignant; c++)
        rank(input, c, sample->ranked + (size_t)c * count);
}

/* ---------------------------------------------------------------- figures */

double skc__auc(const skc_ranked *ranked, int32_t count, const int32_t *weights)
{
    double  area      = 0; /* twice the number of pairs in the right order */
    int64_t positives = 0, negatives = 0, above = 0;

    for (int32_t i = 0; i < count;) {
        int64_t tied_positives = 0, tied = 0;
        bool    last;

        do {
            int64_t weight = weights[ranked[i].picture];

            tied += weight;
            tied_positives += ranked[i].positive ? weight : 0;
            last = ranked[i++].last;
        } while (!last);
        area += (double)(tied - tied_positives) * (double)(2 * above + tied_positives);
        above += tied_positives;
        positives += tied_positives;
        negatives += tied - tied_positives;
    }
    if (positives == 0 || negatives == 0)
        return NAN;
    return area / (2 * (double)positives * (double)negatives);
}

void skc__tally(const skc_sample *sample, const int32_t *weights, skc_tally *tally)
{
    int64_t *confusion = tally->confusion;
    size_t   classes   = (size_t)sample->classes;

    memset(confusion, 0, classes * classes * sizeof *confusion);
    memset(tally, 0, sizeof *tally);
    tally->confusion = confusion;
    for (int32_t i = 0; i < sample->count; i++) {
        const skc_case *one    = &sample->cases[i];
        int64_t         weight = weights[i];

        confusion[one->cell] += weight;
        tally->sides[one->side] += weight;
        tally->loss += (double)weight * one->loss;
        tally->bins[one->bin].count += weight;
        tally->bins[one->bin].right += one->right ? weight : 0;
        tally->bins[one->bin].confidence += (double)weight * (double)one->confidence;
    }
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : NAN;
}

/* Recall, precision and F1 of class c; NaN where it has no picture. */
static void class_figures(const skc_tally *tally, int32_t classes, int32_t c, double *figures)
{
    size_t  n = (size_t)classes, k = (size_t)c;
    int64_t right = tally->confusion[k * n + k], support = 0, decided = 0;

    for (size_t j = 0; j < n; j++) {
        support += tally->confusion[k * n + j];
        decided += tally->confusion[j * n + k];
    }
    figures[SKC_FIGURE_RECALL]    = ratio((double)right, (double)support);
    figures[SKC_FIGURE_PRECISION] = support == 0   ? NAN
                                    : decided == 0 ? 0
                                                   : (double)right / (double)decided;
    figures[SKC_FIGURE_F1] = support == 0 ? NAN : 2 * (double)right / (double)(support + decided);
}

/* The mean over the classes where a figure is defined. */
static double class_mean(const double *by_class, int32_t classes, int32_t figure)
{
    double  sum   = 0;
    int32_t count = 0;

    for (int32_t c = 0; c < classes; c++) {
        double value = by_class[c * SKC_CLASS_FIGURES + figure];

        if (!isnan(value)) {
            sum += value;
            count++;
        }
    }
    return ratio(sum, count);
}

/* Accuracy, ECE and log loss: the figures that are means over pictures. */
static void picture_figures(const skc_sample *sample, const skc_tally *tally, double *figures)
{
    size_t  n     = (size_t)sample->classes;
    int64_t total = 0, right = 0;
    double  gap = 0;

    for (size_t c = 0; c < n; c++)
        right += tally->confusion[c * n + c];
    for (int32_t b = 0; b < SKC_ECE_BINS; b++) {
        total += tally->bins[b].count;
        gap += fabs((double)tally->bins[b].right - tally->bins[b].confidence);
    }
    figures[SKC_ACCURACY] = ratio((double)right, (double)total);
    figures[SKC_ECE]      = ratio(gap, (double)total);
    figures[SKC_LOG_LOSS] = ratio(tally->loss, (double)total);
}

static void malignant_figures(const skc_sample *sample, const int32_t *weights,
                              const skc_tally *tally, double *figures)
{
    const int64_t *sides = tally->sides;

    figures[SKC_SENSITIVITY] = figures[SKC_SPECIFICITY] = figures[SKC_MALIGNANT_AUC] = NAN;
    if (!sample->has_malignant)
        return;
    figures[SKC_SENSITIVITY]   = ratio((double)sides[3], (double)(sides[2] + sides[3]));
    figures[SKC_SPECIFICITY]   = ratio((double)sides[0], (double)(sides[0] + sides[1]));
    figures[SKC_MALIGNANT_AUC] = skc__auc(
        sample->ranked + (size_t)sample->classes * (size_t)sample->count, sample->count, weights);
}

void skc__figures(const skc_sample *sample, const int32_t *weights, skc_tally *tally,
                  double *figures)
{
    double *by_class = figures + SKC_METRIC_COUNT;
    size_t  count    = (size_t)sample->count;

    skc__tally(sample, weights, tally);
    for (int32_t c = 0; c < sample->classes; c++) {
        double *own = by_class + c * SKC_CLASS_FIGURES;

        class_figures(tally, sample->classes, c, own);
        own[SKC_FIGURE_AUC] = skc__auc(sample->ranked + (size_t)c * count, sample->count, weights);
    }
    picture_figures(sample, tally, figures);
    malignant_figures(sample, weights, tally, figures);
    figures[SKC_BALANCED_ACCURACY] = class_mean(by_class, sample->classes, SKC_FIGURE_RECALL);
    figures[SKC_MACRO_PRECISION]   = class_mean(by_class, sample->classes, SKC_FIGURE_PRECISION);
    figures[SKC_MACRO_F1]          = class_mean(by_class, sample->classes, SKC_FIGURE_F1);
    figures[SKC_MACRO_AUC]         = class_mean(by_class, sample->classes, SKC_FIGURE_AUC);
}
