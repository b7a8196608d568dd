/* models.c - one set of loaded models with the sessions of all inference threads. */
#define _POSIX_C_SOURCE 200809L
#include "inference/models.h"
#include "failure.h"
#include "tasks.h"

#include <jansson.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct thread_models {
    skc_session   *session[INFERENCE_TASKS];
    skc_explainer *explainer[INFERENCE_TASKS];
} thread_models;

struct inference_models {
    atomic_int     held;
    uint64_t       number;
    char           loaded[32];
    char           version[INFERENCE_TASKS][64];
    skc_model     *model[INFERENCE_TASKS];
    bool          *malignant[INFERENCE_TASKS]; /* (labels) */
    thread_models *thread;                     /* (threads) */
    int32_t        threads;
    skc_runtime    runtime;
};

const char *inference_task_name(inference_task task)
{
    static const char *const names[] = { "malignancy", "diagnosis" };

    return names[task];
}

/* ------------------------------------------------------------------ loading */

static skc_status check_labels(const skc_model *model, const char *path, inference_task task,
                               skc_error *err)
{
    if (strcmp(skc_model_task(model), inference_task_name(task)) != 0)
        return failure(err, SKC_EMISMATCH, "%s: its task is '%s', not '%s'", path,
                       skc_model_task(model), inference_task_name(task));
    if (task == INFERENCE_MALIGNANCY &&
        (skc_model_label_count(model) != 2 || strcmp(skc_model_label(model, 0), "benign") != 0 ||
         strcmp(skc_model_label(model, 1), "malignant") != 0))
        return failure(err, SKC_EMISMATCH, "%s: its labels must be benign, malignant", path);
    return SKC_OK;
}

/* What the file says, or else what is known of the labels' names. */
static skc_status mark_malignant(inference_models *set, inference_task task, const char *path,
                                 skc_error *err)
{
    const skc_model *model = set->model[task];
    int32_t          count = skc_model_label_count(model);
    const bool      *known = skc_model_malignant(model);
    const char     **labels;
    bool             marked;

    set->malignant[task] = calloc((size_t)count, sizeof(bool));
    labels               = calloc((size_t)count, sizeof(char *));
    if (set->malignant[task] == NULL || labels == NULL) {
        free(labels);
        return failure_memory(err);
    }
    for (int32_t i = 0; i < count; i++)
        labels[i] = skc_model_label(model, i);
    marked = known != NULL || task_mark_malignant(labels, count, set->malignant[task]);
    if (known != NULL)
        memcpy(set->malignant[task], known, (size_t)count * sizeof(bool));
    free(labels);
    return marked
               ? SKC_OK
               : failure(err, SKC_EMISMATCH, "%s: which labels are malignant is not known", path);
}

/* How much of a UTF-8 text fits, so that no character is cut. */
static int whole_bytes(const char *text)
{
    enum { MOST = 40 };
    int length = (int)strnlen(text, MOST + 1);

    if (length <= MOST)
        return length;
    for (length = MOST; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
        length--;
    return length;
}

static void write_version(inference_models *set, inference_task task)
{
    const skc_model *model  = set->model[task];
    json_t          *origin = json_loads(skc_model_provenance(model), 0, NULL);
    const char      *text   = json_string_value(json_object_get(origin, "version"));

    if (text != NULL)
        snprintf(set->version[task], sizeof set->version[task], "%.*s+%.12s", whole_bytes(text),
                 text, skc_model_sha256(model));
    else
        snprintf(set->version[task], sizeof set->version[task], "%.12s", skc_model_sha256(model));
    json_decref(origin);
}

static skc_status load_task(inference_models *set, const inference_options *options,
                            inference_task task, skc_error *err)
{
    char       path[4096];
    skc_status status;

    if (snprintf(path, sizeof path, "%s/%s.safetensors", options->folder,
                 inference_task_name(task)) >= (int)sizeof path)
        return failure(err, SKC_EINVAL, "the models' folder has too long a name");
    status = skc_model_load(path, &set->runtime, &set->model[task], err);
    if (status == SKC_OK)
        status = check_labels(set->model[task], path, task, err);
    if (status == SKC_OK)
        status = mark_malignant(set, task, path, err);
    for (int32_t t = 0; t < set->threads && status == SKC_OK; t++)
        status = skc_session_create(set->model[task], options->batch, &set->runtime,
                                    &set->thread[t].session[task], err);
    if (status == SKC_OK)
        write_version(set, task);
    return status;
}

static void models_free(inference_models *set)
{
    for (int32_t t = 0; set->thread != NULL && t < set->threads; t++)
        for (int task = 0; task < INFERENCE_TASKS; task++) {
            skc_session_free(set->thread[t].session[task]);
            skc_explainer_free(set->thread[t].explainer[task]);
        }
    for (int task = 0; task < INFERENCE_TASKS; task++) {
        skc_model_free(set->model[task]);
        free(set->malignant[task]);
    }
    free(set->thread);
    free(set);
}

skc_status models_load(const inference_options *options, int32_t threads, uint64_t number,
                       inference_models **out, skc_error *err)
{
    inference_models *set    = calloc(1, sizeof *set);
    skc_status        status = SKC_OK;
    time_t            now    = time(NULL);
    struct tm         utc;

    if (set == NULL)
        return failure_memory(err);
    atomic_init(&set->held, 1);
    skc_runtime_init(&set->runtime);
    set->runtime.threads = 1;
    set->runtime.kernels = options->kernels;
    set->number          = number;
    set->threads         = threads;
    set->thread          = calloc((size_t)threads, sizeof *set->thread);
    strftime(set->loaded, sizeof set->loaded, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    if (set->thread == NULL)
        status = failure_memory(err);
    for (int task = 0; task < INFERENCE_TASKS && status == SKC_OK; task++)
        status = load_task(set, options, (inference_task)task, err);
    if (status == SKC_OK)
        *out = set;
    else
        models_free(set);
    return status;
}

skc_status models_try(inference_models *models, skc_error *err)
{
    float     *probabilities = NULL;
    skc_image *image         = NULL;
    skc_status status        = skc_image_create(32, 32, NULL, NULL, &image, err);

    for (int t = 0; t < INFERENCE_TASKS && status == SKC_OK; t++) {
        size_t labels = (size_t)skc_model_label_count(inference_model(models, (inference_task)t));

        free(probabilities);
        probabilities = malloc(labels * sizeof(float));
        if (probabilities == NULL)
            status = failure_memory(err);
        for (int32_t i = 0; i < models->threads && status == SKC_OK; i++)
            status =
                skc_session_predict(models_session(models, i, (inference_task)t),
                                    (const skc_image *const[]){ image }, 1, probabilities, err);
    }
    free(probabilities);
    skc_image_free(image);
    return status;
}

/* ------------------------------------------------------------------ use */

void models_hold(inference_models *models)
{
    atomic_fetch_add_explicit(&models->held, 1, memory_order_relaxed);
}

inference_models *inference_models_again(inference_models *models)
{
    models_hold(models);
    return models;
}

void inference_models_release(inference_models *models)
{
    if (models != NULL && atomic_fetch_sub_explicit(&models->held, 1, memory_order_acq_rel) == 1)
        models_free(models);
}

skc_session *models_session(inference_models *models, int32_t thread, inference_task task)
{
    return models->thread[thread].session[task];
}

skc_status models_explainer(inference_models *models, int32_t thread, inference_task task,
                            skc_explainer **out, skc_error *err)
{
    skc_explainer **mine   = &models->thread[thread].explainer[task];
    skc_status      status = SKC_OK;

    if (*mine == NULL)
        status = skc_explainer_create(models->model[task], NULL, &models->runtime, mine, err);
    if (status == SKC_OK)
        *out = *mine;
    return status;
}

const skc_model *inference_model(const inference_models *models, inference_task task)
{
    return models->model[task];
}

const char *inference_models_loaded(const inference_models *models)
{
    return models->loaded;
}

uint64_t inference_models_number(const inference_models *models)
{
    return models->number;
}

const char *inference_model_version(const inference_models *models, inference_task task)
{
    return models->version[task];
}

const bool *inference_malignant(const inference_models *models, inference_task task)
{
    return models->malignant[task];
}

double inference_malignant_probability(const inference_models *models, inference_task task,
                                       const float *probabilities)
{
    double sum = 0;

    for (int32_t i = 0; i < skc_model_label_count(models->model[task]); i++)
        sum += models->malignant[task][i] ? (double)probabilities[i] : 0;
    return sum;
}

skc_operating_point inference_point(const inference_models *models, inference_task task)
{
    const skc_model *model = models->model[task];

    if (skc_model_operating_point_count(model) > 0)
        return skc_model_operating_point(model, 0);
    return (skc_operating_point){
        .name = "even", .threshold = 0.5F, .sensitivity = NAN, .specificity = NAN
    };
}

skc_operating_point inference_sensitive_point(const inference_models *models, inference_task task)
{
    const skc_model    *model = models->model[task];
    skc_operating_point point = inference_point(models, task);

    for (int32_t i = 0; i < skc_model_operating_point_count(model); i++) {
        skc_operating_point other = skc_model_operating_point(model, i);

        if (strcmp(other.name, "sensitivity_98") == 0 && other.threshold <= point.threshold)
            return other;
    }
    point.threshold /= 2;
    snprintf(point.name, sizeof point.name, "half");
    return point;
}
