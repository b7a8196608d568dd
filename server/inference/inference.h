/* inference.h - pictures to probabilities for many threads at once: loaded models, dynamic batches.
 *
 * Each inference thread has a session for each task and takes what is waiting: up to `batch`
 * pictures, or what has come after `wait_microseconds`. Models are replaced while requests run:
 * those under way keep the set of models that they began with.
 */
#ifndef SKC_SERVER_INFERENCE_INFERENCE_H
#define SKC_SERVER_INFERENCE_INFERENCE_H

#include "skincnn.h"

typedef enum inference_task {
    INFERENCE_MALIGNANCY,
    INFERENCE_DIAGNOSIS,
    INFERENCE_TASKS
} inference_task;

typedef struct inference inference;

typedef struct inference_options {
    const char *folder;            /* with malignancy.safetensors and diagnosis.safetensors */
    int32_t     threads;           /* 0: one for every processor */
    int32_t     batch;             /* pictures that go through a network together, 1..64 */
    int32_t     wait_microseconds; /* for more pictures to come: 0..1,000,000 */
    int32_t     queue;             /* pictures that may wait */
    const char *kernels;           /* NULL: the best set */
    /* After each batch, on an inference thread; may be NULL. */
    void (*batched)(void *context, inference_task task, int32_t pictures, double seconds);
    void *context;
} inference_options;

/* A set of models: what stands in their files. Counted: held by those that use it. */
typedef struct inference_models inference_models;

typedef struct inference_request {
    const skc_image *image;
    bool             wanted[INFERENCE_TASKS];
    bool             explain;  /* a heat map for each wanted task */
    uint64_t         deadline; /* CLOCK_MONOTONIC nanoseconds; then it is dropped */
    /* Asked before work is begun: true drops it. May be NULL. */
    bool (*abandoned)(const void *context);
    const void *context;
} inference_request;

typedef struct inference_answer {
    float     *probabilities; /* (labels): calibrated; NULL: not wanted */
    skc_image *heat_map;      /* the picture with its heat; NULL: not wanted */
} inference_answer;

typedef struct inference_result {
    inference_models *models; /* held until inference_result_free */
    inference_answer  answer[INFERENCE_TASKS];
} inference_result;

/* Loads the models and tries them on a made-up picture; SKC_EMISMATCH where a file's task or labels
 * are not those of its name. */
skc_status inference_create(const inference_options *options, inference **out, skc_error *err);
/* Waits for what is under way. */
void       inference_free(inference *service);

/* Blocks until `results` (count of them) are there. Any thread. SKC_ELIMIT: the queue is full;
 * SKC_EIO: the deadline passed or the request was abandoned. On failure nothing is held. */
SKC_MUST_CHECK skc_status inference_run(inference *service, const inference_request *requests,
                                        int32_t count, inference_result *results, skc_error *err);
void                      inference_result_free(inference_result *result);

/* Loads the files again, tries them, and puts them in place; the old set stays for roll-back. On
 * failure everything is as before. */
skc_status inference_reload(inference *service, skc_error *err);
/* Changes places with the set before; SKC_ENOTFOUND: there is none. */
skc_status inference_roll_back(inference *service, skc_error *err);
/* A real tiny inference with both models through the queue: SKC_OK when it is answered in time. */
skc_status inference_check(inference *service, uint64_t deadline, skc_error *err);

typedef struct inference_figures {
    int32_t  waiting; /* pictures now */
    uint64_t pictures, batches, dropped, reloads;
} inference_figures;

inference_figures inference_figures_of(inference *service);

/* The set in use, held: release it. */
inference_models *inference_models_hold(inference *service);
/* Held once more. */
inference_models *inference_models_again(inference_models *models);
/* The set that a roll-back would put in place, held; NULL: there is none. */
inference_models *inference_models_before(inference *service);
void              inference_models_release(inference_models *models);
const skc_model  *inference_model(const inference_models *models, inference_task task);
/* "2026-11-23T10:00:00Z" when it was loaded; a number that grows with each set. */
const char       *inference_models_loaded(const inference_models *models);
uint64_t          inference_models_number(const inference_models *models);
/* "malignancy", "diagnosis". */
const char       *inference_task_name(inference_task task);
/* Which labels are malignant (labels), and the point that decides: the model's default one. */
const bool       *inference_malignant(const inference_models *models, inference_task task);
double inference_malignant_probability(const inference_models *models, inference_task task,
                                       const float *probabilities);
skc_operating_point inference_point(const inference_models *models, inference_task task);
/* The model's point "sensitivity_98", which misses less; without one, half the default threshold.
 */
skc_operating_point inference_sensitive_point(const inference_models *models, inference_task task);
/* The version of a model: "version" of its provenance with '+', if there is one, then the first 12
 * digits of its SHA-256. */
const char         *inference_model_version(const inference_models *models, inference_task task);

#endif
