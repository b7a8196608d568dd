/* loss.c - softmax cross-entropy with label smoothing and class weights. */
#include "train/loss.h"

#include <math.h>
#include <stddef.h>

static double class_weight(const skc_loss_options *options, int32_t c)
{
    return options->weights == NULL ? 1 : (double)options->weights[c];
}

/* weight x smoothed target of class c for a picture of class `label`. */
static double target(const skc_loss_options *options, int32_t label, int32_t c)
{
    double smoothing = (double)options->smoothing;
    double share     = smoothing / options->classes + (c == label ? 1 - smoothing : 0);

    return class_weight(options, c) * share;
}

static int32_t largest(const float *scores, int32_t classes)
{
    int32_t best = 0;

    for (int32_t c = 1; c < classes; c++)
        if (scores[c] > scores[best])
            best = c;
    return best;
}

/* softmax(scores)[c] = exp(scores[c] - top) / sum, which cannot overflow. */
typedef struct softmax {
    double top, sum;
} softmax;

static softmax softmax_of(const float *scores, int32_t classes)
{
    softmax row = { (double)scores[largest(scores, classes)], 0 };

    for (int32_t c = 0; c < classes; c++)
        row.sum += exp((double)scores[c] - row.top);
    return row;
}

/* The loss of one picture, not yet divided by the weight of all; its gradient is. */
static double one_picture(const skc_loss_options *options, const float *scores, int32_t label,
                          double weight, float *gradient)
{
    softmax row    = softmax_of(scores, options->classes);
    double  norm   = log(row.sum);
    double  loss   = 0;
    double  demand = 0; /* sum of the targets */

    for (int32_t c = 0; c < options->classes; c++) {
        double q = target(options, label, c);
        loss += q * (norm - ((double)scores[c] - row.top));
        demand += q;
    }
    for (int32_t c = 0; c < options->classes && gradient != NULL; c++) {
        double p    = exp((double)scores[c] - row.top) / row.sum;
        gradient[c] = (float)((demand * p - target(options, label, c)) / weight);
    }
    return loss;
}

skc_loss skc__cross_entropy(const skc_loss_options *options, const float *logits,
                            const int32_t *labels, int32_t count, float *gradient)
{
    skc_loss loss = { 0 };
    double   sum  = 0;

    for (int32_t i = 0; i < count; i++)
        loss.weight += class_weight(options, labels[i]);
    for (int32_t i = 0; i < count; i++) {
        size_t       at     = (size_t)i * (size_t)options->classes;
        const float *scores = logits + at;
        sum += one_picture(options, scores, labels[i], loss.weight,
                           gradient == NULL ? NULL : gradient + at);
        loss.correct += largest(scores, options->classes) == labels[i];
    }
    loss.mean = sum / loss.weight;
    return loss;
}
