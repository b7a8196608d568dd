/* test_operating_point.c - malignant labels and operating points: set, kept, dropped, in files. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/digest.h"
#include "model_files.h"

static const bool b_and_c[] = { false, true, true };

static const skc_operating_point two_points[] = { { "sensitivity_95", 0.25f, 0.953f, 0.7f },
                                                  { "youden", 0.625f, NAN, NAN } };

static skc_model *pointed(void)
{
    skc_model *model = tiny_model(tiny_plain, 1, NULL);
    skc_error  err;

    assert_works(skc_model_set_malignant(model, b_and_c, &err), err);
    assert_works(skc_model_set_operating_points(model, two_points, 2, &err), err);
    return model;
}

static skc_model *two_labels(const char *first, const char *second)
{
    const char *const labels[] = { first, second };
    skc_model_options options;
    skc_model        *model = NULL;
    skc_error         err;

    skc_model_options_init(&options);
    options.architecture = "{\"name\":\"n\",\"input\":{\"height\":4,\"width\":4},\"layers\":["
                           "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
                           "{\"name\":\"logits\",\"type\":\"dense\",\"units\":2}]}";
    options.task         = "malignancy";
    options.labels       = labels;
    options.label_count  = 2;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    return model;
}

static void assert_points(const skc_model *model)
{
    assert_int_equal(skc_model_operating_point_count(model), 2);
    for (int32_t i = 0; i < 2; i++) {
        skc_operating_point p = skc_model_operating_point(model, i);

        assert_string_equal(p.name, two_points[i].name);
        assert_true(p.threshold == two_points[i].threshold);
        assert_true(i == 0 ? p.sensitivity == two_points[i].sensitivity : isnan(p.sensitivity));
        assert_true(i == 0 ? p.specificity == two_points[i].specificity : isnan(p.specificity));
    }
    assert_memory_equal(skc_model_malignant(model), b_and_c, sizeof b_and_c);
    assert_true(skc_model_decision(model).threshold == 0.25f);
}

/* ---------------------------------------------------------------- in memory */

static void test_malignant(void **state)
{
    const float p[]     = { 0.25f, 0.5f, 0.125f };
    const bool  none[3] = { false }, all[] = { true, true, true };
    skc_model  *model = tiny_model(tiny_plain, 1, NULL);
    skc_error   err;

    (void)state;
    assert_null(skc_model_malignant(model));
    assert_true(isnan(skc_model_malignant_probability(model, p)));
    assert_int_equal(skc_model_operating_point_count(model), 0);
    assert_fails(skc_model_set_malignant(model, none, &err), SKC_EINVAL, err, "0 of 3", "1..2");
    assert_fails(skc_model_set_malignant(model, all, &err), SKC_EINVAL, err, "3 of 3");
    assert_works(skc_model_set_malignant(model, b_and_c, &err), err);
    assert_true(skc_model_malignant_probability(model, p) == 0.625);
    assert_works(skc_model_set_malignant(model, NULL, &err), err);
    assert_null(skc_model_malignant(model));
    skc_model_free(model);
}

static void test_set_and_read(void **state)
{
    skc_model *model = pointed();
    skc_error  err;

    (void)state;
    assert_points(model);
    assert_works(skc_model_set_operating_points(model, NULL, 0, &err), err);
    assert_int_equal(skc_model_operating_point_count(model), 0);
    skc_model_free(model);
}

static void test_refused(void **state)
{
    skc_operating_point p[SKC_MOST_OPERATING_POINTS + 1];
    skc_model          *model = tiny_model(tiny_plain, 1, NULL);
    skc_error           err;

    (void)state;
    assert_fails(skc_model_set_operating_points(model, two_points, 2, &err), SKC_EINVAL, err,
                 "malignant labels are not known");
    skc_model_free(model);
    model = pointed();
    for (int32_t i = 0; i <= SKC_MOST_OPERATING_POINTS; i++) {
        p[i] = two_points[0];
        snprintf(p[i].name, sizeof p[i].name, "p%d", i);
    }
    assert_fails(skc_model_set_operating_points(model, p, 17, &err), SKC_EINVAL, err, "17",
                 "0..16");
    assert_fails(skc_model_set_operating_points(model, p, -1, &err), SKC_EINVAL, err, "-1");
    memset(p[1].name, 'x', sizeof p[1].name); /* no NUL */
    assert_fails(skc_model_set_operating_points(model, p, 2, &err), SKC_EINVAL, err, "point 1");
    memcpy(p[1].name, "a b", 4);
    assert_fails(skc_model_set_operating_points(model, p, 2, &err), SKC_EINVAL, err, "point 1");
    p[1].name[0] = '\0';
    assert_fails(skc_model_set_operating_points(model, p, 2, &err), SKC_EINVAL, err, "point 1");
    memcpy(p[1].name, "p0", 3);
    assert_fails(skc_model_set_operating_points(model, p, 2, &err), SKC_EINVAL, err, "p0", "twice");
    p[0].threshold = NAN;
    assert_fails(skc_model_set_operating_points(model, p, 1, &err), SKC_EINVAL, err, "threshold");
    p[0].threshold   = 1;
    p[0].sensitivity = 1.01f;
    assert_fails(skc_model_set_operating_points(model, p, 1, &err), SKC_EINVAL, err, "1.01");
    assert_points(model);
    skc_model_free(model);
}

/* Whatever changes the probabilities that points were measured on. */
static void test_dropped(void **state)
{
    static const skc_decision others[]  = { { 2, 0.25f, 1, NULL },
                                            { 1, 0.5f, 1, NULL },
                                            { 1, 0.25f, 8, NULL } };
    static const float        weights[] = { 1, 2, 3 };
    static const bool         only_c[]  = { false, false, true };
    const skc_decision        same      = { 1, 0.25f, 1, weights };
    skc_model                *model     = pointed(), *source;
    int32_t                   copied;
    skc_error                 err;

    (void)state;
    assert_works(skc_model_set_decision(model, &same, &err), err);
    assert_works(skc_model_set_malignant(model, b_and_c, &err), err);
    assert_points(model);
    assert_works(skc_model_set_malignant(model, only_c, &err), err);
    assert_int_equal(skc_model_operating_point_count(model), 0);
    skc_model_free(model);
    for (int i = 0; i < 3; i++) {
        model = pointed();
        assert_works(skc_model_set_decision(model, &others[i], &err), err);
        assert_int_equal(skc_model_operating_point_count(model), 0);
        assert_non_null(skc_model_malignant(model));
        skc_model_free(model);
    }
    model  = pointed();
    source = tiny_model(tiny_plain, 2, NULL);
    assert_works(skc_model_transfer(model, source, &copied, &err), err);
    assert_int_equal(skc_model_operating_point_count(model), 0);
    skc_model_free(source);
    skc_model_free(model);
}

static void test_two_labels(void **state)
{
    const bool          first[] = { true, false }, second[] = { false, true };
    skc_operating_point point = { "p", 0.125f, 1, 0.5f };
    skc_model          *model = two_labels("benign", "malignant");
    skc_decision        d     = { 1, 0.75f, 1, NULL };
    skc_error           err;

    (void)state;
    assert_works(skc_model_set_decision(model, &d, &err), err);
    assert_int_equal(skc_model_operating_point_count(model), 1);
    assert_string_equal(skc_model_operating_point(model, 0).name, "default");
    assert_true(skc_model_operating_point(model, 0).threshold == 0.75f);
    assert_true(isnan(skc_model_operating_point(model, 0).sensitivity));
    assert_works(skc_model_set_malignant(model, second, &err), err);
    assert_true(skc_model_operating_point(model, 0).threshold == 0.75f);
    assert_works(skc_model_set_operating_points(model, &point, 1, &err), err);
    assert_true(skc_model_decision(model).threshold == 0.125f);
    /* the threshold of a decision is on the second label */
    assert_works(skc_model_set_malignant(model, first, &err), err);
    assert_true(skc_model_operating_point(model, 0).threshold == 0.875f);
    assert_works(skc_model_set_operating_points(model, &point, 1, &err), err);
    assert_true(skc_model_decision(model).threshold == 0.875f);
    skc_model_free(model);
}

/* ---------------------------------------------------------------- files */

static void test_files_keep_them(void **state)
{
    const bool          first[]   = { true, false };
    skc_precision       formats[] = { SKC_F32, SKC_F16 };
    skc_operating_point point     = { "p", 0.1f, 1, 0.5f };
    skc_model          *model, *again = NULL;
    skc_error           err;

    (void)state;
    for (int i = 0; i < 2; i++) {
        model = pointed();
        save(model, formats[i]);
        assert_works(skc_model_load(path(), NULL, &again, &err), err);
        assert_points(again);
        assert_int_equal(skc_model_precision(again), formats[i]);
        skc_model_free(again);
        skc_model_free(model);
    }
    model = two_labels("malignant", "benign");
    assert_works(skc_model_set_malignant(model, first, &err), err);
    assert_works(skc_model_set_operating_points(model, &point, 1, &err), err);
    save(model, SKC_F32);
    assert_works(skc_model_load(path(), NULL, &again, &err), err);
    assert_true(skc_model_operating_point(again, 0).threshold == 0.1f);
    skc_model_free(again);
    skc_model_free(model);
}

static void test_quantised_models_keep_them(void **state)
{
    skc_model       *model = pointed(), *small = NULL, *again = NULL;
    skc_image       *image  = tiny_picture(1, 20, 20);
    const skc_image *list[] = { image };
    skc_error        err;

    (void)state;
    assert_works(skc_model_quantise(model, list, 1, NULL, NULL, &small, &err), err);
    assert_points(small);
    save(small, SKC_F32);
    assert_works(skc_model_load(path(), NULL, &again, &err), err);
    assert_points(again);
    skc_model_free(again);
    skc_model_free(small);
    skc_model_free(model);
    skc_image_free(image);
}

/* Loads a file without tensors whose decision has `more` in it. */
static skc_status load_decision(const char *more, skc_error *err)
{
    const skc_allocator heap     = skc__allocator(NULL);
    skc_json           *metadata = skc__json_object();
    skc_model          *model    = NULL;
    char                text[2048], sum[9];
    skc_status          status;

    snprintf(text, sizeof text,
             "{\"format\":1,\"task\":\"t\",\"labels\":[\"a\",\"b\",\"c\"],\"preprocessing\":"
             "{\"height\":8,\"width\":8,\"fit\":\"centre\",\"mean\":[0,0,0],\"deviation\":[1,1,1]},"
             "\"decision\":{\"temperature\":1,\"threshold\":0.25,\"views\":1,\"class_weights\":"
             "[1,1,1]%s},\"architecture\":{\"name\":\"n\",\"input\":{\"height\":8,\"width\":8},"
             "\"layers\":[{\"name\":\"gap\",\"type\":\"global_avg_pool\"}]}}",
             more);
    snprintf(sum, sizeof sum, "%08x", skc__crc32(text, strlen(text)));
    assert_true(skc__json_set(metadata, "skincnn", skc__json_string(text)));
    assert_true(skc__json_set(metadata, "skincnn_crc32", skc__json_string(sum)));
    assert_int_equal(skc__safetensors_write(path(), NULL, 0, SKC_F32, metadata, &heap, NULL),
                     SKC_OK);
    skc__json_free(metadata);
    status = skc_model_load(path(), NULL, &model, err);
    skc_model_free(model);
    return status;
}

#define MALIGNANT    ",\"malignant\":[\"c\",\"b\"]"
#define POINTS(list) MALIGNANT ",\"operating_points\":" list

static void test_loading_checks(void **state)
{
    static const struct {
        const char *more, *message;
    } cases[] = {
        { ",\"malignant\":\"b\"", "decision.malignant is no array" },
        { ",\"malignant\":[\"x\"]", "entry 0 is no label" },
        { ",\"malignant\":[\"b\",7]", "entry 1 is no label" },
        { ",\"malignant\":[\"b\",\"b\"]", "there twice" },
        { ",\"malignant\":[]", "0 of 3 labels" },
        { ",\"malignant\":[\"a\",\"b\",\"c\"]", "3 of 3 labels" },
        { POINTS("{}"), "no array of 1..16" },
        { POINTS("[]"), "no array of 1..16" },
        { POINTS("[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "no array of 1..16" },
        { POINTS("[7]"), "name of entry 0" },
        { POINTS("[{\"threshold\":0.25}]"), "name of entry 0" },
        { POINTS("[{\"name\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"threshold\":0.25}]"),
          "over 31 bytes" },
        { POINTS("[{\"name\":\"a,b\",\"threshold\":0.25}]"), "needs a name" },
        { POINTS("[{\"name\":\"a\"}]"), "threshold" },
        { POINTS("[{\"name\":\"a\",\"threshold\":\"0.25\"}]"), "threshold" },
        { POINTS("[{\"name\":\"a\",\"threshold\":1.5}]"), "threshold 1.5" },
        { POINTS("[{\"name\":\"a\",\"threshold\":0.25,\"sensitivity\":null}]"), "sensitivity" },
        { POINTS("[{\"name\":\"a\",\"threshold\":0.25,\"specificity\":2}]"), "specificity 2" },
        { POINTS("[{\"name\":\"a\",\"threshold\":0.25},{\"name\":\"a\",\"threshold\":0.5}]"),
          "twice" },
        { POINTS("[{\"name\":\"a\",\"threshold\":0.5}]"), "not that of operating point a" },
        { ",\"operating_points\":[{\"name\":\"a\",\"threshold\":0.25}]", "not known" },
    };
    skc_error err;

    (void)state;
    assert_works(load_decision("", &err), err);
    assert_works(load_decision(MALIGNANT, &err), err);
    assert_works(load_decision(POINTS("[{\"name\":\"a\",\"threshold\":0.25,\"sensitivity\":1,"
                                      "\"specificity\":0.5},{\"name\":\"b\",\"threshold\":1}]"),
                               &err),
                 err);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        skc_status status = load_decision(cases[i].more, &err);

        assert_true(status == SKC_EFORMAT || status == SKC_EINVAL);
        assert_fails(status, status, err, cases[i].message);
    }
}

static skc_status attempt_load(void *context, const skc_runtime *runtime)
{
    skc_model *model  = NULL;
    skc_status status = skc_model_load(context, runtime, &model, NULL);

    skc_model_free(model);
    return status;
}

static void test_no_memory(void **state)
{
    skc_model *model = pointed();
    char       file[512];

    (void)state;
    save(model, SKC_F32);
    skc_model_free(model);
    snprintf(file, sizeof file, "%s", path());
    assert_true(faults_count(attempt_load, file) > 5);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malignant),
        cmocka_unit_test(test_set_and_read),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_two_labels),
        cmocka_unit_test(test_files_keep_them),
        cmocka_unit_test(test_quantised_models_keep_them),
        cmocka_unit_test(test_loading_checks),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
