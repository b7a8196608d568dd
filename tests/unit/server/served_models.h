/* served_models.h - for tests: tiny models in a folder, a service of them, and clients that ask it.
 * Files that include it define _GNU_SOURCE first, and include cmocka. */
#ifndef SKC_TESTS_SERVED_MODELS_H
#define SKC_TESTS_SERVED_MODELS_H

#include <math.h>
#include <pthread.h>
#include <time.h>

#include "../support.h"
#include "inference/inference.h"

enum { PICTURES = 12, THREADS = 16, ROUNDS = 15, QUEUE = 1000, LABELS = 7 };

#define SECOND 1000000000ULL

static char       folder[512];
static skc_image *picture[PICTURES];

static const char *const binary[2]      = { "benign", "malignant" };
static const char *const lesion[LABELS] = { "akiec", "bcc", "bkl", "df", "mel", "nv", "vasc" };

/* ------------------------------------------------------------------ models */

static inline void save_model(const char *name, const char *task, const char *const *labels,
                              int32_t count, uint64_t seed, const char *provenance)
{
    char              architecture[700];
    skc_model_options options;
    skc_model        *model;
    skc_error         err;

    snprintf(architecture, sizeof architecture,
             "{\"name\":\"tiny\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
             "{\"name\":\"c\",\"type\":\"conv2d\",\"filters\":8,\"kernel\":3,\"padding\":\"same\"},"
             "{\"name\":\"r\",\"type\":\"relu\"},"
             "{\"name\":\"p\",\"type\":\"global_avg_pool\"},"
             "{\"name\":\"logits\",\"type\":\"dense\",\"units\":%d}]}",
             (int)count);
    skc_model_options_init(&options);
    options.architecture = architecture;
    options.task         = task;
    options.labels       = labels;
    options.label_count  = count;
    options.seed         = seed;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    assert_works(skc_model_set_provenance(model, provenance, &err), err);
    assert_works(skc_model_save(model, scratch_path(name), SKC_F32, &err), err);
    skc_model_free(model);
}

static inline void save_models(uint64_t seed)
{
    save_model("malignancy.safetensors", "malignancy", binary, 2, seed, "{}");
    save_model("diagnosis.safetensors", "diagnosis", lesion, LABELS, seed,
               "{\"version\": \"2026.1\"}");
}

static inline int make_files(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", scratch_path(""));
    for (int32_t i = 0; i < PICTURES; i++)
        picture[i] = tiny_picture(i, 20 + 3 * i, 30);
    save_models(1);
    return 0;
}

static inline int remove_files(void **state)
{
    (void)state;
    for (int32_t i = 0; i < PICTURES; i++)
        skc_image_free(picture[i]);
    scratch_remove();
    return 0;
}

/* What sessions alone say of all pictures, by a set of models. */
typedef struct truth {
    float malignancy[PICTURES][2], diagnosis[PICTURES][LABELS];
} truth;

static inline void predict_alone(const inference_models *models, inference_task task, float *out)
{
    const skc_model *model = inference_model(models, task);
    int32_t          count = skc_model_label_count(model);
    skc_session     *session;
    skc_error        err;

    assert_works(skc_session_create(model, 1, NULL, &session, &err), err);
    for (int32_t i = 0; i < PICTURES; i++)
        assert_works(skc_session_predict(session, (const skc_image *const *)&picture[i], 1,
                                         out + i * count, &err),
                     err);
    skc_session_free(session);
}

static inline truth truth_of(inference *s)
{
    inference_models *models = inference_models_hold(s);
    truth             t;

    predict_alone(models, INFERENCE_MALIGNANCY, &t.malignancy[0][0]);
    predict_alone(models, INFERENCE_DIAGNOSIS, &t.diagnosis[0][0]);
    inference_models_release(models);
    return t;
}

static inline bool near(const float *a, const float *b, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= 1e-5F))
            return false;
    return true;
}

/* ------------------------------------------------------------------ requests */

static inline uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static inline inference_options usual(void)
{
    return (inference_options){ .folder = folder, .threads = 2, .batch = 4, .queue = QUEUE };
}

static inline inference *create(const inference_options *options)
{
    inference *s = NULL;
    skc_error  err;

    assert_works(inference_create(options, &s, &err), err);
    return s;
}

static inline inference_request request_of(int32_t i)
{
    return (inference_request){ .image    = picture[i % PICTURES],
                                .wanted   = { true, true },
                                .deadline = now() + 100 * SECOND };
}

/* Whether the answer of picture i is that of one of two sets. */
static inline bool is_right(const inference_result *r, int32_t i, const truth *a, const truth *b)
{
    const float *m = r->answer[INFERENCE_MALIGNANCY].probabilities;
    const float *d = r->answer[INFERENCE_DIAGNOSIS].probabilities;

    i %= PICTURES;
    return (near(m, a->malignancy[i], 2) && near(d, a->diagnosis[i], LABELS)) ||
           (near(m, b->malignancy[i], 2) && near(d, b->diagnosis[i], LABELS));
}

typedef struct client {
    inference   *service;
    const truth *before, *after;
    int          number, wrong, explain;
} client;

static inline void *ask_often(void *argument)
{
    client *c = argument;

    for (int round = 0; round < ROUNDS; round++) {
        inference_request requests[3];
        inference_result  results[3];
        int32_t           count = 1 + (round + c->number) % 3;

        for (int32_t i = 0; i < count; i++) {
            requests[i]         = request_of(round + c->number + i);
            requests[i].explain = c->explain != 0 && round % 5 == 0;
        }
        if (inference_run(c->service, requests, count, results, NULL) != SKC_OK) {
            c->wrong++;
            continue;
        }
        for (int32_t i = 0; i < count; i++) {
            c->wrong += !is_right(&results[i], round + c->number + i, c->before, c->after);
            c->wrong += results[i].models != results[count - 1].models;
            c->wrong += (results[i].answer[0].heat_map != NULL) != requests[i].explain;
            inference_result_free(&results[i]);
        }
    }
    return NULL;
}

static inline void start_clients(client *clients, pthread_t *threads, inference *s,
                                 const truth *before, const truth *after)
{
    for (int i = 0; i < THREADS; i++) {
        clients[i] = (client){ s, before, after, i, 0, i == 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &clients[i]), 0);
    }
}

static inline void join_clients(client *clients, pthread_t *threads)
{
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].wrong, 0);
    }
}

#endif
