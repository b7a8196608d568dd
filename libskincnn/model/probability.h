/* probability.h - scores to probabilities. */
#ifndef SKC_MODEL_PROBABILITY_H
#define SKC_MODEL_PROBABILITY_H

#include <stdint.h>

/* probabilities (labels) += share x softmax(logits / temperature), summed in double. */
void skc__add_softmax(int32_t labels, const float *logits, float temperature, double share,
                      float *probabilities);

#endif
