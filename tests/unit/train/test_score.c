/* test_score.c - the probabilities of a dataset's pictures. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "model/model.h"

enum { COUNT = 37 }; /* more than a batch, and a remainder */

static tiny_data data;

static skc_model *model_of(int32_t views, float temperature)
{
    const skc_decision decision = { temperature, 0.5f, views, NULL };
    skc_model         *model    = tiny_model(tiny_mixed, 5, NULL);

    tiny_statistics(model);
    assert_int_equal(skc_model_set_decision(model, &decision, NULL), SKC_OK);
    return model;
}

static void assert_as_a_session(const skc_model *model)
{
    static float wanted[COUNT * TINY_LABELS], found[COUNT * TINY_LABELS];
    skc_session *session = NULL;
    skc_error    err;

    assert_works(skc_session_create(model, 8, NULL, &session, &err), err);
    for (int32_t i = 0; i < COUNT; i++) {
        skc_image *image = tiny_picture(i, 32, 32);

        assert_works(skc_session_predict(session, (const skc_image *const *)&image, 1,
                                         wanted + i * TINY_LABELS, &err),
                     err);
        skc_image_free(image);
    }
    assert_works(skc_model_predict_dataset(model, data.dataset, NULL, found, &err), err);
    for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
        assert_true(fabsf(found[i] - wanted[i]) < 1e-5f);
    skc_session_free(session);
}

static void test_as_a_session(void **state)
{
    (void)state;
    for (int32_t views = 1; views <= 8; views += 7) {
        skc_model *model = model_of(views, 1.5f), *loaded = NULL;

        assert_as_a_session(model);
        assert_int_equal(skc_model_save(model, scratch_path("m"), SKC_F32, NULL), SKC_OK);
        assert_int_equal(skc_model_load(scratch_path("m"), NULL, &loaded, NULL), SKC_OK);
        assert_as_a_session(loaded); /* with what was folded on loading */
        skc_model_free(model);
        skc_model_free(loaded);
    }
}

static void test_refused(void **state)
{
    static float             probabilities[COUNT * TINY_LABELS];
    static const char *const labels[] = { "x", "y" };
    skc_model_options        options;
    skc_model               *model   = NULL;
    skc_runtime              runtime = runtime_of(1);
    skc_error                err;

    (void)state;
    skc_model_options_init(&options);
    options.architecture = "seed";
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 2;
    options.height = options.width = 32;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    assert_fails(skc_model_predict_dataset(model, data.dataset, NULL, probabilities, &err),
                 SKC_EMISMATCH, err, "a dataset of 3 labels for a model of 2");
    skc_model_free(model);
    model           = model_of(1, 1);
    runtime.threads = -2;
    assert_fails(skc_model_predict_dataset(model, data.dataset, &runtime, probabilities, &err),
                 SKC_EINVAL, err, "threads");
    for (int32_t i = 0; i < 3; i++)
        model->param[model->graph.param_count - 1][i] = NAN;
    assert_fails(skc_model_predict_dataset(model, data.dataset, NULL, probabilities, &err),
                 SKC_EDIVERGED, err, "picture 0");
    skc_model_free(model);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    static float probabilities[COUNT * TINY_LABELS];

    return skc_model_predict_dataset(context, data.dataset, runtime, probabilities, NULL);
}

static void test_out_of_memory(void **state)
{
    skc_model *model = model_of(8, 1);

    (void)state;
    assert_true(faults_count(attempt, model) >= 6);
    skc_model_free(model);
}

static int set_up(void **state)
{
    (void)state;
    tiny_data_open(&data, COUNT, scratch_path("cache"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tiny_data_close(&data);
    return scratch_remove() - 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_a_session),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
