/* test_import.c - parameters of others, through a map of names. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "model/model.h"

static const char net[] =
    "{\"name\":\"net\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
    "{\"name\":\"block1.conv\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":[2,3],\"bias\":false},"
    "{\"name\":\"block1.conv_bn\",\"type\":\"batchnorm\"},"
    "{\"name\":\"block2.depthwise\",\"type\":\"depthwise_conv2d\",\"kernel\":3},"
    "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}";

static const char rules[] =
    "{\"to\":\"block{i}.conv.weight\",\"from\":\"features.{i}.0.kernel\"},"
    "{\"to\":\"block{i}.conv_bn.mean\",\"constant\":0.5},"
    "{\"to\":\"block{i}.conv_bn.variance\",\"constant\":2},"
    "{\"to\":\"block{i}.conv_bn.{what}\",\"from\":\"features.{i}.1.{what}\"},"
    "{\"to\":\"block{i}.{kind}.{what}\",\"from\":\"{kind}.{i}.{what}\"},"
    "{\"to\":\"logits.{what}\",\"from\":\"head.{what}\"}";

/* Tensors of the file: conv (O, I, H, W) or (O, H, W, I), depthwise (C, 1, H, W) or (1, H, W, C).
 */
enum { TENSORS = 7 };
static const char *const names[TENSORS] = {
    "features.1.0.kernel", "features.1.1.scale", "features.1.1.shift", "depthwise.2.weight",
    "depthwise.2.bias",    "head.weight",        "head.bias"
};
static const int32_t rank[TENSORS]    = { 4, 1, 1, 4, 1, 2, 1 };
static const int32_t oihw[TENSORS][4] = { { 4, 3, 2, 3 }, { 4 },    { 4 }, { 4, 1, 3, 3 },
                                          { 4 },          { 3, 4 }, { 3 } };
static const int32_t ohwi[TENSORS][4] = { { 4, 2, 3, 3 }, { 4 },    { 4 }, { 1, 3, 3, 4 },
                                          { 4 },          { 3, 4 }, { 3 } };

static void write_weights(const int32_t extents[TENSORS][4], int32_t count, const char *renamed)
{
    const skc_allocator heap = skc__allocator(NULL);
    static float        data[TENSORS][72];
    skc_to_store        tensors[TENSORS];
    skc_error           err;

    for (int t = 0; t < TENSORS; t++) {
        for (int i = 0; i < 72; i++)
            data[t][i] = (float)(100 * t + i);
        tensors[t] = (skc_to_store){ "", names[t], rank[t], extents[t], data[t], NULL };
    }
    if (renamed != NULL)
        tensors[TENSORS - 1].name = renamed;
    assert_works(
        skc__safetensors_write(scratch_path("w"), tensors, count, SKC_F32, NULL, &heap, &err), err);
}

static skc_status import(skc_model *model, const char *layout, const char *list, skc_error *err)
{
    char map[2048], weights[512];

    snprintf(map, sizeof map, "{\"about\":\"x\",\"layout\":\"%s\",\"rules\":[%s]}", layout, list);
    write_bytes(scratch_path("map.json"), map, strlen(map));
    strcpy(weights, scratch_path("w"));
    return skc_model_import(model, weights, scratch_path("map.json"), err);
}

static const float *param(const skc_model *model, const char *name)
{
    for (int32_t p = 0; p < model->graph.param_count; p++)
        if (strcmp(model->param_name[p], name) == 0)
            return model->param[p];
    fail();
    return NULL;
}

static void assert_constants_and_plain(const skc_model *model)
{
    for (int i = 0; i < 4; i++) {
        assert_true(param(model, "block1.conv_bn.mean")[i] == 0.5f);
        assert_true(param(model, "block1.conv_bn.variance")[i] == 2);
        assert_true(param(model, "block1.conv_bn.scale")[i] == (float)(100 + i));
        assert_true(param(model, "block1.conv_bn.shift")[i] == (float)(200 + i));
        assert_true(param(model, "block2.depthwise.bias")[i] == (float)(400 + i));
    }
    for (int i = 0; i < 12; i++)
        assert_true(param(model, "logits.weight")[i] == (float)(500 + i));
    for (int i = 0; i < 3; i++)
        assert_true(param(model, "logits.bias")[i] == (float)(600 + i));
}

static void test_oihw(void **state)
{
    skc_model   *model = tiny_model(net, 1, NULL);
    const float *conv  = param(model, "block1.conv.weight");
    const float *depth = param(model, "block2.depthwise.weight");
    skc_error    err;

    (void)state;
    write_weights(oihw, TENSORS, NULL);
    assert_works(import(model, "oihw", rules, &err), err);
    for (int o = 0; o < 4; o++)
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 3; x++)
                for (int i = 0; i < 3; i++)
                    assert_true(conv[((o * 2 + y) * 3 + x) * 3 + i] ==
                                (float)(((o * 3 + i) * 2 + y) * 3 + x));
    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            for (int c = 0; c < 4; c++)
                assert_true(depth[(y * 3 + x) * 4 + c] == (float)(300 + (c * 3 + y) * 3 + x));
    assert_constants_and_plain(model);
    skc_model_free(model);
}

static void test_ohwi(void **state)
{
    skc_model *model = tiny_model(net, 1, NULL);
    skc_error  err;

    (void)state;
    write_weights(ohwi, TENSORS, NULL);
    assert_works(import(model, "ohwi", rules, &err), err);
    for (int i = 0; i < 72; i++)
        assert_true(param(model, "block1.conv.weight")[i] == (float)i);
    for (int i = 0; i < 36; i++)
        assert_true(param(model, "block2.depthwise.weight")[i] == (float)(300 + i));
    assert_constants_and_plain(model);
    skc_model_free(model);
}

static void test_refused(void **state)
{
    skc_model *model = tiny_model(net, 1, NULL);
    char       list[2048];
    skc_error  err;

    (void)state;
    write_weights(oihw, TENSORS, NULL);
    assert_fails(import(model, "hwio", rules, &err), SKC_EFORMAT, err, "map.json", "\"layout\"");
    assert_fails(import(model, "ohwi", rules, &err), SKC_EMISMATCH, err,
                 "tensor features.1.0.kernel has shape [4, 3, 2, 3]",
                 "block1.conv.weight of [4, 2, 3, 3]");
    assert_fails(import(model, "oihw", "", &err), SKC_EMISMATCH, err,
                 "no rule says where block1.conv.weight comes from");
    snprintf(list, sizeof list, "{\"to\":\"logits.bias\",\"constant\":0},%s", rules);
    assert_fails(import(model, "oihw", list, &err), SKC_EMISMATCH, err,
                 "tensor head.bias is not used");
    snprintf(list, sizeof list, "{\"to\":\"logits.bias\",\"constant\":\"0\"},%s", rules);
    assert_fails(import(model, "oihw", list, &err), SKC_EFORMAT, err,
                 "constant of logits.bias is not a number");
    snprintf(list, sizeof list, "{\"to\":\"logits.bias\"},%s", rules);
    assert_fails(import(model, "oihw", list, &err), SKC_EFORMAT, err, "rule for logits.bias");
    snprintf(list, sizeof list, "{\"to\":\"logits.bias\",\"from\":\"head.{x}\"},%s", rules);
    assert_fails(import(model, "oihw", list, &err), SKC_EFORMAT, err, "rule for logits.bias");
    write_weights(oihw, TENSORS, "head.offset");
    assert_fails(import(model, "oihw", rules, &err), SKC_EMISMATCH, err,
                 "tensor head.bias, wanted for logits.bias, is missing");
    write_weights(oihw, TENSORS - 1, NULL);
    assert_fails(import(model, "oihw", rules, &err), SKC_EMISMATCH, err, "head.bias");
    skc_model_free(model);
}

static void test_files(void **state)
{
    skc_model *model = tiny_model(net, 1, NULL);
    char       map[512], weights[512];
    skc_error  err;

    (void)state;
    strcpy(map, scratch_path("map.json"));
    strcpy(weights, scratch_path("w"));
    assert_fails(skc_model_import(model, "/nowhere", map, &err), SKC_ENOTFOUND, err, "/nowhere");
    assert_fails(skc_model_import(model, weights, "/nowhere", &err), SKC_ENOTFOUND, err,
                 "/nowhere");
    assert_fails(skc_model_import(model, map, map, &err), SKC_EFORMAT, err, "map.json");
    assert_fails(skc_model_import(model, weights, weights, &err), SKC_EFORMAT, err, "JSON");
    write_bytes(map, "{\"layout\":\"oihw\",\"rules\":7}", 27);
    assert_fails(skc_model_import(model, weights, map, &err), SKC_EFORMAT, err, "\"rules\"");
    skc_model_free(model);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_model *model = context;
    skc_status status;

    model->allocator = skc__allocator(runtime);
    status           = import(model, "oihw", rules, NULL);
    model->allocator = skc__allocator(NULL);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_model *model = tiny_model(net, 1, NULL);

    (void)state;
    write_weights(oihw, TENSORS, NULL);
    assert_true(faults_count(attempt, model) >= 10);
    assert_constants_and_plain(model);
    skc_model_free(model);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oihw),          cmocka_unit_test(test_ohwi),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_files),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
