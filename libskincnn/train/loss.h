/* loss.h - softmax cross-entropy with label smoothing and class weights. */
#ifndef SKC_TRAIN_LOSS_H
#define SKC_TRAIN_LOSS_H

#include <stdint.h>

typedef struct skc_loss_options {
    int32_t classes;
    float   smoothing;    /* 0..1: (1 - s) x one-hot + s / classes is what the network should say */
    const float *weights; /* (classes) > 0; NULL: all 1 */
} skc_loss_options;

typedef struct skc_loss {
    double  mean;    /* sum of the pictures' losses / weight */
    double  weight;  /* sum of the weights of the pictures' labels */
    int32_t correct; /* pictures whose largest score is their label's */
} skc_loss;

/* As PyTorch's CrossEntropyLoss(weight, label_smoothing), reduction "mean": with targets q, picture
 * i loses - sum_c weights[c] q[c] log p[c]. logits (count, classes), labels (count); gradient
 * (count, classes) is written: the derivative of the mean; NULL: not wanted. count >= 1. */
skc_loss skc__cross_entropy(const skc_loss_options *options, const float *logits,
                            const int32_t *labels, int32_t count, float *gradient);

#endif
