/* test_models.c - sets of models that change while requests run, and what is said of them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "served_models.h"

/* ------------------------------------------------------------------ changing models */

/* Every request is answered by one set, that before or that after, and none is dropped. */
static void test_reload_under_load(void **state)
{
    inference_options options = usual();
    inference        *s       = create(&options);
    client            clients[THREADS];
    pthread_t         threads[THREADS];
    truth             before = truth_of(s), after;
    skc_error         err;

    (void)state;
    save_models(2);
    assert_works(inference_reload(s, &err), err);
    after = truth_of(s);
    assert_false(near(&before.diagnosis[0][0], &after.diagnosis[0][0], LABELS));
    start_clients(clients, threads, s, &before, &after);
    for (int i = 0; i < 6; i++) {
        usleep(3000);
        if (i % 3 == 2) {
            save_models((uint64_t)(i / 3 + 1));
            assert_works(inference_reload(s, &err), err);
            assert_works(inference_reload(s, &err), err);
        } else {
            assert_works(inference_roll_back(s, &err), err);
        }
    }
    join_clients(clients, threads);
    assert_int_equal(inference_figures_of(s).dropped, 0);
    inference_free(s);
    save_models(1);
}

static void test_roll_back(void **state)
{
    inference_options options = usual();
    inference        *s       = create(&options);
    inference_models *first   = inference_models_hold(s), *second, *third;
    skc_error         err;

    (void)state;
    assert_null(inference_models_before(s));
    assert_fails(inference_roll_back(s, &err), SKC_ENOTFOUND, err, "no models from before");
    assert_works(inference_reload(s, &err), err);
    second = inference_models_hold(s);
    third  = inference_models_before(s);
    assert_ptr_not_equal(first, second);
    assert_ptr_equal(first, third);
    inference_models_release(third);
    assert_true(inference_models_number(second) > inference_models_number(first));
    assert_works(inference_roll_back(s, &err), err);
    third = inference_models_hold(s);
    assert_ptr_equal(first, third);
    inference_models_release(third);
    inference_models_release(second);
    assert_int_equal(inference_figures_of(s).reloads, 2);
    inference_free(s); /* `first` is still held, and lives */
    assert_string_equal(skc_model_label(inference_model(first, INFERENCE_DIAGNOSIS), 4), "mel");
    inference_models_release(first);
}

static void refuses(inference *s, const char *message)
{
    inference_models *held = inference_models_hold(s), *again;
    skc_error         err;
    skc_status        status = inference_reload(s, &err);

    assert_fails(status, status == SKC_EFORMAT ? SKC_EFORMAT : SKC_EMISMATCH, err, message);
    again = inference_models_hold(s);
    assert_ptr_equal(held, again);
    assert_works(inference_check(s, now() + 10 * SECOND, &err), err);
    inference_models_release(again);
    inference_models_release(held);
}

static void test_wrong_files(void **state)
{
    static const char *const swapped[2] = { "malignant", "benign" };
    static const char *const unknown[3] = { "a", "b", "c" };
    inference_options        options    = usual();
    inference               *s          = create(&options);

    (void)state;
    write_bytes(scratch_path("diagnosis.safetensors"), "broken", 6);
    refuses(s, "diagnosis.safetensors");
    save_model("diagnosis.safetensors", "malignancy", lesion, LABELS, 1, "{}");
    refuses(s, "its task is 'malignancy', not 'diagnosis'");
    save_model("diagnosis.safetensors", "diagnosis", unknown, 3, 1, "{}");
    refuses(s, "malignant");
    save_models(1);
    save_model("malignancy.safetensors", "malignancy", swapped, 2, 1, "{}");
    refuses(s, "benign, malignant");
    save_models(1);
    assert_int_equal(inference_reload(s, NULL), SKC_OK);
    inference_free(s);
}

/* ------------------------------------------------------------------ what is said of models */

static void test_of_models(void **state)
{
    static const bool  expected[LABELS] = { true, true, false, false, true, false, false };
    static const float p[LABELS]        = { 0.1F, 0.2F, 0, 0, 0.3F, 0.4F, 0 };
    inference_options  options          = usual();
    inference         *s                = create(&options);
    inference_models  *m                = inference_models_hold(s);
    const char        *version;

    (void)state;
    assert_memory_equal(inference_malignant(m, INFERENCE_DIAGNOSIS), expected, sizeof expected);
    assert_true(fabs(inference_malignant_probability(m, INFERENCE_DIAGNOSIS, p) - 0.6) < 1e-6);
    version = inference_model_version(m, INFERENCE_MALIGNANCY);
    assert_int_equal(strlen(version), 12);
    assert_memory_equal(version, skc_model_sha256(inference_model(m, INFERENCE_MALIGNANCY)), 12);
    assert_memory_equal(inference_model_version(m, INFERENCE_DIAGNOSIS), "2026.1+", 7);
    assert_true(inference_point(m, INFERENCE_DIAGNOSIS).threshold == 0.5F);
    assert_true(inference_sensitive_point(m, INFERENCE_DIAGNOSIS).threshold == 0.25F);
    assert_int_equal(strlen(inference_models_loaded(m)), 20);
    assert_ptr_equal(inference_models_again(m), m);
    inference_models_release(m);
    inference_models_release(m);
    inference_models_release(NULL);
    inference_free(s);
}

/* A version that is too long is cut between characters. */
static void test_long_version(void **state)
{
    inference_options options = usual();
    inference        *s;
    inference_models *m;
    char              provenance[200] = "{\"version\": \"v";

    (void)state;
    for (int i = 0; i < 20; i++)
        strcat(provenance, "版");
    strcat(provenance, "\"}");
    save_model("diagnosis.safetensors", "diagnosis", lesion, LABELS, 1, provenance);
    s = create(&options);
    m = inference_models_hold(s);
    assert_int_equal(strlen(inference_model_version(m, INFERENCE_DIAGNOSIS)), 1 + 13 * 3 + 1 + 12);
    assert_non_null(strstr(inference_model_version(m, INFERENCE_DIAGNOSIS), "版+"));
    inference_models_release(m);
    inference_free(s);
    save_models(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reload_under_load), cmocka_unit_test(test_roll_back),
        cmocka_unit_test(test_wrong_files),       cmocka_unit_test(test_of_models),
        cmocka_unit_test(test_long_version),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
