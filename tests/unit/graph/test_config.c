/* test_config.c - a layer's options: defaults, every kind, ranges, and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "graph/config.h"

typedef struct config {
    int32_t     count;
    float       rate;
    bool        flag;
    int32_t     pair[2];
    skc_padding padding;
} config;

static const skc_field fields[] = {
    { "count", SKC_FIELD_INT, offsetof(config, count), true, 0, 1, 100, "" },
    { "rate", SKC_FIELD_FLOAT, offsetof(config, rate), false, 0.25, 0, 1, "" },
    { "flag", SKC_FIELD_BOOL, offsetof(config, flag), false, 1, 0, 1, "" },
    { "pair", SKC_FIELD_PAIR, offsetof(config, pair), false, 3, 1, 9, "" },
    { "padding", SKC_FIELD_PADDING, offsetof(config, padding), false, 0, 0, 50, "" },
    { 0 },
};

static const skc_layer_ops ops = { .name        = "probe",
                                   .config_size = sizeof(config),
                                   .fields      = fields };

static skc_status parse(const char *text, config *out, skc_error *err)
{
    skc_json  *json;
    skc_status status;

    assert_int_equal(skc__json_parse(text, strlen(text), "t", &json, NULL), SKC_OK);
    memset(out, 0x55, sizeof *out);
    status = skc__config_parse(&ops, json, "net, layer x", out, err);
    skc__json_free(json);
    return status;
}

static config parsed(const char *text)
{
    config    out;
    skc_error err;

    assert_works(parse(text, &out, &err), err);
    return out;
}

static void test_defaults(void **state)
{
    config c = parsed("{\"count\":7,\"name\":\"x\",\"type\":\"probe\",\"inputs\":[]}");

    (void)state;
    assert_int_equal(c.count, 7);
    assert_true(c.rate == 0.25f);
    assert_true(c.flag);
    assert_int_equal(c.pair[0], 3);
    assert_int_equal(c.pair[1], 3);
    assert_int_equal(c.padding.mode, SKC_PADDING_VALID);
}

static void test_given(void **state)
{
    config c = parsed("{\"count\":100,\"rate\":1,\"flag\":false,\"pair\":[2,9]}");

    (void)state;
    assert_int_equal(c.count, 100);
    assert_true(c.rate == 1);
    assert_false(c.flag);
    assert_int_equal(c.pair[0], 2);
    assert_int_equal(c.pair[1], 9);
    c = parsed("{\"count\":1,\"pair\":5}");
    assert_int_equal(c.pair[0], 5);
    assert_int_equal(c.pair[1], 5);
}

static void assert_padding(const char *text, int32_t mode, int32_t top, int32_t bottom,
                           int32_t left, int32_t right)
{
    char   whole[128];
    config c;

    snprintf(whole, sizeof whole, "{\"count\":1,\"padding\":%s}", text);
    c = parsed(whole);
    assert_int_equal(c.padding.mode, mode);
    assert_int_equal(c.padding.top, top);
    assert_int_equal(c.padding.bottom, bottom);
    assert_int_equal(c.padding.left, left);
    assert_int_equal(c.padding.right, right);
}

static void test_padding(void **state)
{
    (void)state;
    assert_padding("\"same\"", SKC_PADDING_SAME, 0, 0, 0, 0);
    assert_padding("\"valid\"", SKC_PADDING_VALID, 0, 0, 0, 0);
    assert_padding("2", SKC_PADDING_EXPLICIT, 2, 2, 2, 2);
    assert_padding("[1,4]", SKC_PADDING_EXPLICIT, 1, 1, 4, 4);
    assert_padding("[1,2,3,4]", SKC_PADDING_EXPLICIT, 1, 2, 3, 4);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "{}", "count is missing" },
        { "{\"count\":0}", "count is 0; 1..100" },
        { "{\"count\":101}", "count is 101; 1..100" },
        { "{\"count\":9223372036854775807}", "1..100" },
        { "{\"count\":4294967297}", "1..100" },
        { "{\"count\":1.0}", "count must be a whole number" },
        { "{\"count\":\"1\"}", "count must be a whole number" },
        { "{\"count\":null}", "count must be a whole number" },
        { "{\"count\":true}", "count must be a whole number" },
        { "{\"count\":1,\"rate\":1.5}", "rate is 1.5; 0..1" },
        { "{\"count\":1,\"rate\":-1e-9}", "rate is -1e-09; 0..1" },
        { "{\"count\":1,\"rate\":\"x\"}", "rate must be a number" },
        { "{\"count\":1,\"flag\":1}", "flag must be true or false" },
        { "{\"count\":1,\"pair\":[1]}", "pair must be a number or [height, width]" },
        { "{\"count\":1,\"pair\":[1,2,3]}", "pair must be" },
        { "{\"count\":1,\"pair\":[1,10]}", "pair is 10; 1..9" },
        { "{\"count\":1,\"pair\":{}}", "pair must be a whole number" },
        { "{\"count\":1,\"padding\":\"full\"}", "padding must be \"same\"" },
        { "{\"count\":1,\"padding\":[1,2,3]}", "padding must be" },
        { "{\"count\":1,\"padding\":[1,2,3,51]}", "padding is 51; 0..50" },
        { "{\"count\":1,\"padding\":-1}", "padding is -1; 0..50" },
        { "{\"count\":1,\"padding\":true}", "padding must be a whole number" },
        { "{\"count\":1,\"strides\":2}", "probe has no option \"strides\"" },
    };
    config    out;
    skc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_fails(parse(bad[i].text, &out, &err), SKC_EFORMAT, err,
                     "net, layer x: ", bad[i].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_given),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
