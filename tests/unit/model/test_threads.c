/* test_threads.c - eight threads, each with a session of its own, share one model. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "../support.h"
#include "model/model.h"

enum { THREADS = 8, PICTURES = 6, ROUNDS = 3 };

typedef struct job {
    const skc_model *model;
    skc_image      **images;
    float            probabilities[ROUNDS][PICTURES * TINY_LABELS];
    skc_status       status;
} job;

static void *predict(void *argument)
{
    job         *j       = argument;
    skc_runtime  runtime = runtime_of(1);
    skc_session *session = NULL;

    j->status = skc_session_create(j->model, 4, &runtime, &session, NULL);
    for (int round = 0; round < ROUNDS && j->status == SKC_OK; round++)
        j->status = skc_session_predict(session, (const skc_image *const *)j->images, PICTURES,
                                        j->probabilities[round], NULL);
    skc_session_free(session);
    return NULL;
}

static void run_threads(const skc_model *model)
{
    static job jobs[THREADS + 1];
    pthread_t  threads[THREADS];
    skc_image *images[PICTURES];

    for (int32_t i = 0; i < PICTURES; i++)
        images[i] = tiny_picture(i, 50 + i, 44);
    for (int t = 0; t <= THREADS; t++)
        jobs[t] = (job){ .model = model, .images = images };
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, predict, &jobs[t]), 0);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    predict(&jobs[THREADS]); /* alone */
    for (int t = 0; t <= THREADS; t++) {
        assert_int_equal(jobs[t].status, SKC_OK);
        for (int round = 0; round < ROUNDS; round++)
            assert_memory_equal(jobs[t].probabilities[round], jobs[THREADS].probabilities[0],
                                sizeof jobs[t].probabilities[0]);
    }
    for (int32_t i = 0; i < PICTURES; i++)
        skc_image_free(images[i]);
}

/* Sessions fold for themselves. */
static void test_fresh_model(void **state)
{
    skc_model *model = tiny_model(tiny_mixed, 4, NULL);

    (void)state;
    tiny_statistics(model);
    run_threads(model);
    skc_model_free(model);
}

/* Sessions share what was folded when the file was read. */
static void test_loaded_model(void **state)
{
    skc_model *made = tiny_model(tiny_mixed, 4, NULL), *model = NULL;
    skc_error  err;

    (void)state;
    assert_works(skc_model_save(made, scratch_path("m"), SKC_F16, &err), err);
    assert_works(skc_model_load(scratch_path("m"), NULL, &model, &err), err);
    assert_true(model->has_folded);
    run_threads(model);
    skc_model_free(model);
    skc_model_free(made);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_fresh_model),
                                        cmocka_unit_test(test_loaded_model) };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
