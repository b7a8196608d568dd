/* models.h - one set of loaded models with the sessions of all inference threads. */
#ifndef SKC_SERVER_INFERENCE_MODELS_H
#define SKC_SERVER_INFERENCE_MODELS_H

#include "inference/inference.h"

/* Loads both files of the folder and makes a session for each of `threads` threads and each task,
 * for `batch` pictures. The caller holds it. */
skc_status models_load(const inference_options *options, int32_t threads, uint64_t number,
                       inference_models **out, skc_error *err);
/* Every session predicts a made-up picture; before anybody else knows the set. */
skc_status models_try(inference_models *models, skc_error *err);
void       models_hold(inference_models *models);

/* Those of one thread: nobody else may use them. */
skc_session *models_session(inference_models *models, int32_t thread, inference_task task);
/* Made when it is first asked for. */
skc_status   models_explainer(inference_models *models, int32_t thread, inference_task task,
                              skc_explainer **out, skc_error *err);

#endif
