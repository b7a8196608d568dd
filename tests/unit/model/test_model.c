/* test_model.c - models made, changed and asked. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "model/model.h"

static const char *const two[] = { "benign", "malignant" };

static skc_model_options options_of(const char *architecture)
{
    skc_model_options options;

    skc_model_options_init(&options);
    options.architecture = architecture;
    options.task         = "malignancy";
    options.labels       = two;
    options.label_count  = 2;
    return options;
}

static skc_model *create(const skc_model_options *options)
{
    skc_model *model = NULL;
    skc_error  err;

    assert_works(skc_model_create(options, NULL, &model, &err), err);
    return model;
}

static void test_created(void **state)
{
    skc_model_options options = options_of("seed");
    skc_model        *model;
    skc_preprocessing p;
    skc_decision      d;

    (void)state;
    options.height = options.width = 48;
    model                          = create(&options);
    p                              = skc_model_preprocessing(model);
    d                              = skc_model_decision(model);
    assert_string_equal(skc_model_architecture_name(model), "seed");
    assert_string_equal(skc_model_task(model), "malignancy");
    assert_int_equal(skc_model_label_count(model), 2);
    assert_string_equal(skc_model_label(model, 1), "malignant");
    assert_null(skc_model_label(model, 2));
    assert_null(skc_model_label(model, -1));
    assert_string_equal(skc_model_sha256(model), "");
    assert_string_equal(skc_model_provenance(model), "{}");
    assert_int_equal(p.height, 48);
    assert_int_equal(p.width, 48);
    assert_int_equal(p.fit, SKC_FIT_CENTRE);
    assert_true(d.temperature == 1 && d.threshold == 0.5f && d.views == 1);
    assert_true(d.class_weights[0] == 1 && d.class_weights[1] == 1);
    skc_model_free(model);
    skc_model_free(NULL);
}

static void test_initial_parameters(void **state)
{
    skc_model      *a = tiny_model(tiny_mixed, 7, NULL), *b = tiny_model(tiny_mixed, 7, NULL);
    skc_model      *c = tiny_model(tiny_mixed, 8, NULL);
    skc_tensor_info weight, other, variance, scale, bias;
    double          sum = 0, squares = 0;

    (void)state;
    assert_same_params(a, b);
    assert_int_equal(skc_model_tensor_count(a), 19);
    assert_int_equal(skc_model_tensor(a, 0, &weight, NULL), SKC_OK);
    assert_int_equal(skc_model_tensor(c, 0, &other, NULL), SKC_OK);
    assert_string_equal(weight.name, "conv1.weight");
    assert_int_equal(weight.rank, 4);
    assert_int_equal(weight.extent[0], 8);
    assert_int_equal(weight.extent[3], 3);
    assert_memory_not_equal(weight.data, other.data, 8 * 27 * sizeof(float));
    for (int i = 0; i < 8 * 27; i++) {
        sum += (double)weight.data[i];
        squares += (double)weight.data[i] * (double)weight.data[i];
    }
    assert_true(fabs(sum / 216) < 0.1);
    assert_true(fabs(squares / 216 - 2.0 / 27) < 0.03); /* He et al. */
    assert_int_equal(skc_model_tensor(a, 1, &scale, NULL), SKC_OK);
    assert_int_equal(skc_model_tensor(a, 4, &variance, NULL), SKC_OK);
    assert_int_equal(skc_model_tensor(a, 18, &bias, NULL), SKC_OK);
    assert_true(scale.data[0] == 1 && variance.data[0] == 1 && bias.data[0] == 0);
    assert_int_equal(skc_model_tensor(a, 19, &bias, NULL), SKC_EINVAL);
    assert_int_equal(skc_model_tensor(a, -1, &bias, NULL), SKC_EINVAL);
    skc_model_free(a);
    skc_model_free(b);
    skc_model_free(c);
}

static void test_layers(void **state)
{
    skc_model     *model = tiny_model(tiny_plain, 1, NULL);
    skc_layer_info info;
    size_t         parameters = 0;

    (void)state;
    assert_int_equal(skc_model_layer_count(model), 8);
    assert_int_equal(skc_model_layer(model, 0, &info, NULL), SKC_OK);
    assert_string_equal(info.name, "conv1");
    assert_string_equal(info.type, "conv2d");
    assert_int_equal(info.height, 16);
    assert_int_equal(info.channels, 8);
    assert_int_equal(info.parameters, 8 * 28);
    assert_int_equal(info.macs, 16 * 16 * 8 * 27);
    for (int32_t i = 0; i < 8; i++) {
        assert_int_equal(skc_model_layer(model, i, &info, NULL), SKC_OK);
        parameters += info.parameters;
    }
    assert_int_equal(skc_model_parameter_count(model), parameters);
    assert_int_equal(parameters, 8 * 28 + 12 * 129 + 3 * 13);
    assert_int_equal(skc_model_layer(model, 8, &info, NULL), SKC_EINVAL);
    skc_model_free(model);
}

static void test_layer_types(void **state)
{
    int32_t count = 0;
    bool    conv  = false;

    (void)state;
    for (; skc_layer_type_name(count) != NULL; count++) {
        assert_non_null(skc_layer_type_summary(count));
        conv = conv || strcmp(skc_layer_type_name(count), "conv2d") == 0;
    }
    assert_true(conv && count >= 14);
    assert_null(skc_layer_type_summary(count));
    assert_null(skc_layer_type_name(-1));
}

static void test_refused(void **state)
{
    static const char *const same[] = { "a", "a" }, *const empty[] = { "a", "" },
                             *const latin[] = { "n\xe6vus", "mel" };
    skc_model_options               options;
    skc_model                      *model = NULL;
    skc_error                       err;

    (void)state;
#define REFUSED(change, status, ...)                                                               \
    options = options_of("seed");                                                                  \
    change;                                                                                        \
    assert_fails(skc_model_create(&options, NULL, &model, &err), status, err, __VA_ARGS__)
    REFUSED(options.architecture = NULL, SKC_EINVAL, "no architecture");
    REFUSED(options.architecture = "sead", SKC_ENOTFOUND, "\"sead\"", "resnet18");
    REFUSED(options.architecture = "{", SKC_EFORMAT, "JSON line 1");
    REFUSED(options.architecture = "{\"layers\":7}", SKC_EFORMAT, "layers");
    REFUSED(options.task = NULL, SKC_EINVAL, "task");
    REFUSED(options.task = "", SKC_EINVAL, "task");
    REFUSED(options.label_count = 1, SKC_EINVAL, "1 labels; 2..10000");
    REFUSED(options.label_count = -1, SKC_EINVAL, "-1 labels");
    REFUSED(options.label_count = 10001, SKC_EINVAL, "10001");
    REFUSED(options.labels = NULL, SKC_EINVAL, "labels");
    REFUSED(options.labels = same, SKC_EINVAL, "label a is there twice");
    REFUSED(options.labels = empty, SKC_EINVAL, "label 1 needs");
    REFUSED(options.labels = latin, SKC_EINVAL, "label 0 needs", "UTF-8");
    REFUSED(options.dropout = 1.5f, SKC_EINVAL, "dropout 1.5");
    REFUSED(options.width = 20, SKC_EINVAL, "32..512");
    REFUSED(options.architecture = tiny_plain, SKC_EMISMATCH, "1 x 1 x 3 scores for 2 labels");
    REFUSED(options.architecture = tiny_plain;
            options.height       = 5000, SKC_EFORMAT, "input height is 5000");
    REFUSED(options.architecture = tiny_plain;
            options.width        = -1, SKC_EFORMAT, "input width is -1");
#undef REFUSED
    assert_null(model);
}

/* A text of one's own with another input size: the model's text says so too. */
static void test_resized(void **state)
{
    skc_model_options options  = options_of(tiny_mixed);
    const char *const labels[] = { "a", "b", "c" };
    skc_model        *model, *again;

    (void)state;
    options.labels      = labels;
    options.label_count = 3;
    options.height      = 24;
    model               = create(&options);
    assert_int_equal(skc_model_preprocessing(model).height, 24);
    assert_int_equal(skc_model_preprocessing(model).width, 16);
    options.height       = 0;
    options.architecture = skc_model_architecture(model);
    again                = create(&options);
    assert_int_equal(skc_model_preprocessing(again).height, 24);
    assert_string_equal(skc_model_architecture(model), skc_model_architecture(again));
    skc_model_free(model);
    skc_model_free(again);
}

static void test_preprocessing(void **state)
{
    skc_model        *model = tiny_model(tiny_plain, 1, NULL);
    skc_preprocessing p     = skc_model_preprocessing(model), bad;
    skc_error         err;

    (void)state;
    p.fit          = SKC_FIT_SQUASH;
    p.mean[1]      = 100;
    p.deviation[2] = 60;
    assert_works(skc_model_set_preprocessing(model, &p, &err), err);
    assert_int_equal(skc_model_preprocessing(model).fit, SKC_FIT_SQUASH);
    assert_true(skc_model_preprocessing(model).mean[1] == 100);
#define REFUSED(change, status, ...)                                                               \
    bad = p;                                                                                       \
    change;                                                                                        \
    assert_fails(skc_model_set_preprocessing(model, &bad, &err), status, err, __VA_ARGS__)
    REFUSED(bad.height = 17, SKC_EMISMATCH, "17 x 16", "16 x 16");
    REFUSED(bad.mean[0] = NAN, SKC_EINVAL, "channel 0");
    REFUSED(bad.deviation[1] = 0, SKC_EINVAL, "channel 1");
    REFUSED(bad.deviation[1] = -1, SKC_EINVAL, "channel 1");
    REFUSED(bad.deviation[1] = INFINITY, SKC_EINVAL, "channel 1");
    REFUSED(bad.fit = (skc_fit)7, SKC_EINVAL, "unknown fit 7");
#undef REFUSED
    assert_true(skc_model_preprocessing(model).mean[1] == 100);
    skc_model_free(model);
}

static void test_decision(void **state)
{
    static const float weights[] = { 1, 0.5f, 4 }, wrong[] = { 1, 0, 1 };
    skc_model         *model = tiny_model(tiny_plain, 1, NULL);
    skc_decision       d     = { 2, 0.25f, 8, weights }, bad;
    skc_error          err;

    (void)state;
    assert_int_equal(skc_model_decide(model, (const float[]){ 0.3f, 0.5f, 0.2f }), 1);
    assert_works(skc_model_set_decision(model, &d, &err), err);
    assert_int_equal(skc_model_decide(model, (const float[]){ 0.3f, 0.5f, 0.2f }), 2);
    assert_true(skc_model_decision(model).class_weights != weights); /* a copy */
    assert_true(skc_model_decision(model).class_weights[2] == 4);
#define REFUSED(change, ...)                                                                       \
    bad = d;                                                                                       \
    change;                                                                                        \
    assert_fails(skc_model_set_decision(model, &bad, &err), SKC_EINVAL, err, __VA_ARGS__)
    REFUSED(bad.temperature = 0, "temperature 0");
    REFUSED(bad.temperature = NAN, "temperature");
    REFUSED(bad.temperature = INFINITY, "temperature");
    REFUSED(bad.threshold = 1.01f, "threshold 1.01; 0..1");
    REFUSED(bad.threshold = NAN, "threshold");
    REFUSED(bad.views = 4, "4 views; 1 or 8");
    REFUSED(bad.class_weights = wrong, "class weight 0 of b");
#undef REFUSED
    d.class_weights = NULL;
    assert_works(skc_model_set_decision(model, &d, &err), err);
    assert_true(skc_model_decision(model).class_weights[2] == 1);
    skc_model_free(model);
}

static void test_two_classes_by_threshold(void **state)
{
    skc_model_options options = options_of("seed");
    skc_model        *model;
    skc_decision      d = { 1, 0.2f, 1, NULL };
    skc_error         err;

    (void)state;
    options.height = 32;
    options.width  = 40;
    model          = create(&options);
    assert_works(skc_model_set_decision(model, &d, &err), err);
    assert_int_equal(skc_model_decide(model, (const float[]){ 0.8f, 0.2f }), 1);
    assert_int_equal(skc_model_decide(model, (const float[]){ 0.81f, 0.19f }), 0);
    d.views = 8;
    assert_fails(skc_model_set_decision(model, &d, &err), SKC_EINVAL, err, "square", "32 x 40");
    skc_model_free(model);
}

static void test_provenance(void **state)
{
    skc_model *model = tiny_model(tiny_plain, 1, NULL);
    skc_error  err;

    (void)state;
    assert_works(skc_model_set_provenance(model, " {\"seed\": 7, \"by\": \"\xc3\xa4\"} ", &err),
                 err);
    assert_string_equal(skc_model_provenance(model), "{\"seed\":7,\"by\":\"\xc3\xa4\"}");
    assert_fails(skc_model_set_provenance(model, "[]", &err), SKC_EINVAL, err, "JSON object");
    assert_fails(skc_model_set_provenance(model, "{", &err), SKC_EFORMAT, err, "provenance");
    assert_string_equal(skc_model_provenance(model), "{\"seed\":7,\"by\":\"\xc3\xa4\"}");
    skc_model_free(model);
}

/* A trunk goes over; a layer of another shape or name does not. */
static void test_transfer(void **state)
{
    static const char other[] =
        "{\"name\":\"other\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
        "{\"name\":\"conv1\",\"type\":\"conv2d\",\"filters\":8,\"kernel\":3},"
        "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
        "{\"name\":\"hidden\",\"type\":\"dense\",\"units\":5},"
        "{\"name\":\"out\",\"type\":\"dense\",\"units\":3}]}";
    static const char strange[] =
        "{\"name\":\"strange\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
        "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
        "{\"name\":\"out2\",\"type\":\"dense\",\"units\":3}]}";
    skc_model *a = tiny_model(tiny_plain, 1, NULL), *b = tiny_model(other, 2, NULL);
    skc_model *before = tiny_model(other, 2, NULL), *none = tiny_model(strange, 3, NULL);
    int32_t    copied = -1;
    skc_error  err;

    (void)state;
    assert_works(skc_model_transfer(b, a, &copied, &err), err);
    assert_int_equal(copied, 2);
    assert_memory_equal(b->param[0], a->param[0], 8 * 27 * sizeof(float));
    for (int32_t p = 2; p < b->graph.param_count; p++)
        assert_memory_equal(b->param[p], before->param[p],
                            skc__param_count(skc__graph_param(&b->graph, p, NULL)) * sizeof(float));
    assert_fails(skc_model_transfer(none, a, &copied, &err), SKC_EMISMATCH, err, "strange",
                 "tiny_plain");
    assert_int_equal(copied, 2);
    skc_model_free(a);
    skc_model_free(b);
    skc_model_free(before);
    skc_model_free(none);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_model_options options  = options_of(context);
    const char *const labels[] = { "a", "b", "c" };
    skc_model        *model;
    skc_status        status;

    options.labels      = labels;
    options.label_count = 3;
    options.height = options.width = 32;
    status                         = skc_model_create(&options, runtime, &model, NULL);
    if (status == SKC_OK) {
        status = skc_model_set_provenance(model, "{\"a\":1}", NULL);
        skc_model_free(model);
    }
    return status;
}

static void test_out_of_memory(void **state)
{
    char built_in[] = "seed", own[4096];

    (void)state;
    strcpy(own, tiny_mixed);
    assert_true(faults_count(attempt, built_in) > 5);
    assert_true(faults_count(attempt, own) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_created),
        cmocka_unit_test(test_initial_parameters),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_layer_types),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_resized),
        cmocka_unit_test(test_preprocessing),
        cmocka_unit_test(test_decision),
        cmocka_unit_test(test_two_classes_by_threshold),
        cmocka_unit_test(test_provenance),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
