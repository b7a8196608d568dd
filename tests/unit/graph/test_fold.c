/* test_fold.c - a folded graph says what the graph says. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "graph/workspace.h"
#include "model/model.h"

enum { BATCH = 2 };

static skc_allocator heap;

/* The scores of BATCH inputs; to be freed. */
static float *scores_of(const skc_graph *graph, const float *const *param)
{
    skc_kernels           kernels;
    skc_workspace_options options = { .max_batch = BATCH, .threads = 1, .kernels = &kernels };
    skc_workspace         w;
    const skc_walk        walk   = { .n = BATCH, .param = param };
    size_t                inputs = BATCH * skc__shape_count(graph->input);
    size_t                bytes =
        BATCH * sizeof(float) * skc__shape_count(graph->nodes[graph->node_count - 1].plan.out);
    float *scores = malloc(bytes);

    assert_non_null(scores);
    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    assert_int_equal(skc__workspace_create(graph, &options, &heap, &w, NULL), SKC_OK);
    for (size_t i = 0; i < inputs; i++)
        w.value[0][i] = 2 * sinf((float)(i * i % 911));
    skc__forward(&w, &walk);
    memcpy(scores, w.value[graph->node_count], bytes);
    skc__workspace_free(&w);
    return scores;
}

static void assert_same_scores(const skc_model *model, const skc_folded *folded)
{
    const float *const *param   = (const float *const *)model->param;
    float              *wanted  = scores_of(&model->graph, param);
    float              *found   = scores_of(&folded->graph, folded->param);
    float               largest = 0;
    size_t              count   = BATCH * (size_t)model->label_count;

    for (size_t i = 0; i < count; i++)
        largest = fmaxf(largest, fabsf(wanted[i]));
    assert_true(largest > 0);
    for (size_t i = 0; i < count; i++)
        assert_true(fabsf(found[i] - wanted[i]) <= 1e-4f * largest);
    free(wanted);
    free(found);
}

static skc_model *model_of(const char *architecture)
{
    static const char *const labels[] = { "a", "b", "c" };
    skc_model_options        options;
    skc_model               *model = NULL;
    skc_error                err;

    skc_model_options_init(&options);
    options.architecture = architecture;
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 3;
    options.height = options.width = architecture[0] != '{' ? 64 : 0;
    options.width_factor           = architecture[0] != '{' ? 0.25f : 1;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    tiny_statistics(model);
    return model;
}

/* Folds, compares, and tells how many nodes are left. */
static int32_t fold(const char *architecture)
{
    skc_model *model = model_of(architecture);
    skc_folded folded;
    skc_error  err;
    int32_t    nodes;

    assert_works(
        skc__fold(&model->graph, (const float *const *)model->param, false, &heap, &folded, &err),
        err);
    assert_same_scores(model, &folded);
    nodes = folded.graph.node_count;
    skc__folded_free(&folded);
    skc_model_free(model);
    return nodes;
}

static void test_every_architecture(void **state)
{
    static const char *const batchnorm_free[] = { "mobilenetv1", "mobilenetv2" };

    (void)state;
    for (int32_t i = 0; skc_architecture_name(i) != NULL; i++)
        fold(skc_architecture_name(i));
    for (int k = 0; k < 2; k++) {
        skc_model *model = model_of(batchnorm_free[k]);
        skc_folded folded;

        assert_int_equal(skc__fold(&model->graph, (const float *const *)model->param, false, &heap,
                                   &folded, NULL),
                         SKC_OK);
        for (int32_t i = 0; i < folded.graph.node_count; i++) {
            assert_string_not_equal(folded.graph.nodes[i].ops->name, "batchnorm");
            assert_string_not_equal(folded.graph.nodes[i].ops->name, "relu6");
            assert_string_not_equal(folded.graph.nodes[i].ops->name, "dropout");
        }
        skc__folded_free(&folded);
        skc_model_free(model);
    }
}

#define IN "{\"name\":\"n\",\"input\":{\"height\":8,\"width\":8},\"layers\":["
#define END                                                                                        \
    "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"                                             \
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}"
#define CONV(name)        "{\"name\":\"" name "\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":3},"
#define BN(name)          "{\"name\":\"" name "\",\"type\":\"batchnorm\"},"
#define RELU(name)        "{\"name\":\"" name "\",\"type\":\"relu\"},"
#define DROP(name)        "{\"name\":\"" name "\",\"type\":\"dropout\",\"rate\":0.5},"
#define ADD(name, inputs) "{\"name\":\"" name "\",\"type\":\"add\",\"inputs\":[" inputs "]},"

static void test_what_goes(void **state)
{
    (void)state;
    assert_int_equal(fold(IN CONV("a") BN("b") RELU("r") END), 3);
    assert_int_equal(fold(IN CONV("a") DROP("d") BN("b") DROP("e") RELU("r") END), 3);
    assert_int_equal(fold(IN CONV("a") BN("b") BN("c") RELU("r") END), 3);
    /* nothing goes behind a clamp but what is the same after it */
    assert_int_equal(fold(IN CONV("a") RELU("r") BN("b") END), 4);
    assert_int_equal(fold(IN CONV("a") RELU("r") RELU("s") END), 4);
    /* no layer before them that could take them in */
    assert_int_equal(fold(IN BN("b") CONV("a") END), 4);
    assert_int_equal(fold(IN DROP("d") CONV("a") END), 3);
    assert_int_equal(fold(IN RELU("r") CONV("a") END), 4);
}

/* Whoever reads the middle of a chain must find there what the graph has there. */
static void test_branches(void **state)
{
    (void)state;
    assert_int_equal(fold(IN CONV("a") BN("b") ADD("s", "\"b\",\"a\"") END), 5);
    assert_int_equal(fold(IN CONV("a") BN("b") RELU("r") ADD("s", "\"r\",\"b\"") END), 5);
    assert_int_equal(fold(IN CONV("a") BN("b") DROP("d") RELU("r") ADD("s", "\"r\",\"b\"") END), 5);
    assert_int_equal(fold(IN CONV("a") DROP("d") BN("b") ADD("s", "\"b\",\"a\"") END), 5);
    assert_int_equal(fold(IN CONV("a") DROP("d") DROP("e") RELU("r") ADD("s", "\"r\",\"d\"") END),
                     5);
    assert_int_equal(fold(IN CONV("a") BN("b") ADD("s", "\"b\",\"b\"") END), 4);
}

/* What ends a graph stays its end. */
static void test_last(void **state)
{
    (void)state;
    assert_int_equal(fold(IN "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
                             "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3},"
                             "{\"name\":\"b\",\"type\":\"batchnorm\"}]}"),
                     2);
    assert_int_equal(fold(IN "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
                             "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3},"
                             "{\"name\":\"d\",\"type\":\"dropout\",\"rate\":0.5}]}"),
                     3);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_model    *model = context;
    skc_allocator a     = skc__allocator(runtime);
    skc_folded    folded;
    skc_status    status =
        skc__fold(&model->graph, (const float *const *)model->param, false, &a, &folded, NULL);

    if (status == SKC_OK)
        skc__folded_free(&folded);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_model *model = model_of(tiny_mixed);

    (void)state;
    assert_int_equal(faults_count(attempt, model), 3);
    skc_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_architecture), cmocka_unit_test(test_what_goes),
        cmocka_unit_test(test_branches),           cmocka_unit_test(test_last),
        cmocka_unit_test(test_out_of_memory),
    };

    heap = skc__allocator(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
