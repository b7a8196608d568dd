/* batch.h - one batch of pictures through one network, and their heat maps. */
#ifndef SKC_SERVER_INFERENCE_BATCH_H
#define SKC_SERVER_INFERENCE_BATCH_H

#include "inference/inference.h"

enum { MAX_BATCH = 64 };

typedef struct batch_item {
    const inference_request *request;
    inference_answer        *answer;
} batch_item;

/* With the session of one thread: fills in the answers; statuses[i] and errors[i] are those of
 * items[i]. 1 to MAX_BATCH items. */
void batch_run(inference_models *models, int32_t thread, inference_task task,
               const batch_item *items, int32_t count, skc_status *statuses, skc_error *errors);

#endif
