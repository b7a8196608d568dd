/* test_quantised.c - what has a scale in a quantised graph; the file of a model says the rest
 * (model/test_quantise.c). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "model/model.h"

/* Nodes of the folded graph: conv1 (with its clamp), pool1, flatten, hidden (with its clamp),
 * logits. */
static void test_scales(void **state)
{
    static const bool    has[]   = { true, true, false, false, true, false };
    const skc_int8_scale own[]   = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 4, 4 }, { 5, 5 }, { 6, 6 } };
    static const float   found[] = { 1, 2, 2, 2, 5, 1 };
    skc_model           *model   = tiny_model(tiny_plain, 3, NULL);

    (void)state;
    assert_int_equal(skc__model_fold(model, NULL), SKC_OK);
    assert_int_equal(model->folded.graph.node_count, 5);
    for (int32_t t = 0; t < 6; t++) {
        assert_int_equal(skc__has_scale(&model->folded.graph, t), has[t]);
        assert_true(skc__tensor_scale(&model->folded.graph, own, t).scale == found[t]);
    }
    skc_model_free(model);
}

static void test_scaling(void **state)
{
    skc_model  *model = tiny_model(tiny_mixed, 3, NULL);
    skc_scaling s;

    (void)state;
    assert_int_equal(skc__model_fold(model, NULL), SKC_OK);
    s = skc__scaling(&model->folded.graph, 0); /* conv1.weight (8, 3, 3, 3) */
    assert_true(s.count == 216 && s.channels == 8);
    assert_int_equal(skc__scaled_channel(s, 26), 0);
    assert_int_equal(skc__scaled_channel(s, 27), 1);
    assert_int_equal(skc__scaling(&model->folded.graph, 1).channels, 0); /* its bias */
    s = skc__scaling(&model->folded.graph, 2); /* depthwise (1, 3, 3, 8) */
    assert_true(s.count == 72 && s.channels == 8);
    assert_int_equal(skc__scaled_channel(s, 9), 1);
    skc_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scales),
        cmocka_unit_test(test_scaling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
