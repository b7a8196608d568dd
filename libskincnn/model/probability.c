/* probability.c - scores to probabilities. */
#include "model/probability.h"

#include <math.h>

void skc__add_softmax(int32_t labels, const float *logits, float temperature, double share,
                      float *probabilities)
{
    float  largest = logits[0];
    double sum     = 0;

    for (int32_t i = 1; i < labels; i++)
        largest = logits[i] > largest ? logits[i] : largest;
    for (int32_t i = 0; i < labels; i++)
        sum += exp(((double)logits[i] - (double)largest) / (double)temperature);
    for (int32_t i = 0; i < labels; i++)
        probabilities[i] +=
            (float)(share * exp(((double)logits[i] - (double)largest) / (double)temperature) / sum);
}
