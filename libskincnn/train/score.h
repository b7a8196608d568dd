/* score.h - the probabilities of a dataset's pictures, batch by batch. */
#ifndef SKC_TRAIN_SCORE_H
#define SKC_TRAIN_SCORE_H

#include "graph/workspace.h"
#include "train/loader.h"

typedef struct skc_scoring {
    const skc_workspace *workspace;
    const float *const  *param;
    const skc_loader    *loader;
    float                temperature;
    int32_t              views; /* 1 or 8 */
} skc_scoring;

/* probabilities (count, labels). SKC_EDIVERGED when a score is not finite. */
skc_status skc__score_dataset(const skc_scoring *scoring, const skc_dataset *dataset,
                              float *probabilities, skc_error *err);

#endif
