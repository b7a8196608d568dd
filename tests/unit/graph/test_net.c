/* test_net.c - the built-in architectures: sizes, widths, and figures that others have published.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "graph/graph.h"
#include "graph/net.h"

static skc_allocator heap;

static skc_graph graph_of(const char *name, const skc_net_options *options)
{
    char     *text = NULL;
    skc_graph graph;
    skc_error err;

    assert_works(skc__net_text(name, options, &heap, &text, &err), err);
    assert_works(skc__graph_parse(text, strlen(text), name, &heap, &graph, &err), err);
    skc__release(&heap, text);
    return graph;
}

static skc_net_options options_of(int32_t side, int32_t classes)
{
    return (skc_net_options){
        .height = side, .width = side, .classes = classes, .width_factor = 1, .dropout = -1
    };
}

/* Trained parameters, and multiply-adds of convolutions and dense layers alone, of the layers whose
 * names begin with a prefix. */
static void count(const skc_graph *graph, const char *prefix, uint64_t *params, uint64_t *macs)
{
    *params = *macs = 0;
    for (int32_t i = 0; i < graph->node_count; i++) {
        const skc_node *node = &graph->nodes[i];

        if (strncmp(node->name, prefix, strlen(prefix)) != 0)
            continue;
        for (int32_t p = 0; p < node->plan.param_count; p++)
            if (node->plan.param[p].role == SKC_TRAINED)
                *params += skc__param_count(&node->plan.param[p]);
        if (strstr(node->ops->name, "conv") != NULL || strcmp(node->ops->name, "dense") == 0)
            *macs += node->plan.macs;
    }
}

static void assert_figures(const char *name, int32_t side, int32_t classes, const char *prefix,
                           uint64_t params, uint64_t macs)
{
    skc_net_options options = options_of(side, classes);
    skc_graph       graph   = graph_of(name, &options);
    uint64_t        found_params, found_macs;

    count(&graph, prefix, &found_params, &found_macs);
    assert_int_equal(found_params, params);
    if (macs != 0)
        assert_int_equal(found_macs, macs);
    skc__graph_free(&graph);
}

static void test_published_figures(void **state)
{
    (void)state;
    /* torchvision's documentation: 11,689,512 parameters; 1.814 G multiply-adds (fvcore) */
    assert_figures("resnet18", 224, 1000, "", 11689512, 1814073344);
    /* torchvision: 3,504,872 parameters; 300.8 M multiply-adds */
    assert_figures("mobilenetv2", 224, 1000, "", 3504872, 300774272);
    /* Keras: 4,231,976 trained parameters with 1000 classes; 568.7 M multiply-adds */
    assert_figures("mobilenetv1", 224, 1000, "", 4231976, 568740352);
    /* Keras: VGG16 without top, 14,714,688 parameters; 15.347 G multiply-adds */
    assert_figures("vgg16", 224, 1000, "conv", 14714688, 15346630656);
    /* the seed project: (3 9 + 1) 32 + (32 9 + 1) 32 + (32 9 + 1) 64, 12 x 12 x 64 -> 64 -> 2 */
    assert_figures("seed", 100, 2, "", 896 + 9248 + 18496 + 589888 + 130, 0);
}

/* 1001 classes as the original has; its batchnorm is folded in the published count of 4.07 M. */
static void test_edgetpu(void **state)
{
    skc_net_options options = options_of(224, 1001);
    skc_graph       graph   = graph_of("mobilenet_edgetpu", &options);
    uint64_t        params, macs;

    (void)state;
    count(&graph, "", &params, &macs);
    assert_in_range(params, 4060000, 4120000);
    assert_in_range(macs, 985000000, 995000000);
    skc__graph_free(&graph);
}

static void test_every_size_and_width(void **state)
{
    static const int32_t sides[]   = { 0, 32, 33, 100, 224, 512 };
    static const float   factors[] = { 0.1f, 0.35f, 0.75f, 1, 1.4f, 4 };

    (void)state;
    for (int32_t i = 0; skc_architecture_name(i) != NULL; i++)
        for (int s = 0; s < 6; s++)
            for (int f = 0; f < 6; f++) {
                skc_net_options options = options_of(sides[s], 7);
                skc_graph       graph;

                options.width_factor = factors[f];
                graph                = graph_of(skc_architecture_name(i), &options);
                assert_string_equal(graph.name, skc_architecture_name(i));
                assert_true(skc__shape_equal(skc__graph_shape(&graph, graph.node_count, 1),
                                             (skc_shape){ 1, 1, 1, 7 }));
                if (sides[s] != 0)
                    assert_int_equal(graph.input.h, sides[s]);
                skc__graph_free(&graph);
            }
}

static void test_shape_and_dropout(void **state)
{
    skc_net_options options = options_of(0, 2);
    skc_graph       graph;

    (void)state;
    options.height = 96;
    graph          = graph_of("seed", &options);
    assert_int_equal(graph.input.h, 96);
    assert_int_equal(graph.input.w, 100);
    assert_string_equal(graph.nodes[graph.node_count - 2].ops->name, "dropout");
    skc__graph_free(&graph);
    options.dropout = 0;
    graph           = graph_of("seed", &options);
    assert_string_not_equal(graph.nodes[graph.node_count - 2].ops->name, "dropout");
    skc__graph_free(&graph);
}

static void test_channels(void **state)
{
    static const struct {
        float   factor;
        int32_t channels, expected;
    } cases[] = {
        { 1, 13, 13 },    { 0.35f, 16, 8 },  { 0.75f, 32, 24 },
        { 1.4f, 24, 32 }, { 0.75f, 24, 24 }, /* 18 would go to 16, more than a tenth down */
        { 0.1f, 16, 8 }
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        skc_net_options options = { .width_factor = cases[i].factor };
        skc_net         net     = { .options = &options };

        assert_int_equal(skc__net_channels(&net, cases[i].channels), cases[i].expected);
    }
}

static void test_refused(void **state)
{
    skc_net_options options = options_of(31, 2);
    char           *text    = NULL;
    skc_error       err;

    (void)state;
    assert_fails(skc__net_text("vgg19", &options, &heap, &text, &err), SKC_ENOTFOUND, err,
                 "\"vgg19\"", "seed, vgg16, resnet18", "mobilenet_edgetpu");
    assert_fails(skc__net_text("seed", &options, &heap, &text, &err), SKC_EINVAL, err, "31",
                 "32..512");
    options = options_of(513, 2);
    assert_fails(skc__net_text("seed", &options, &heap, &text, &err), SKC_EINVAL, err, "513");
    options              = options_of(32, 2);
    options.width_factor = 4.5f;
    assert_fails(skc__net_text("seed", &options, &heap, &text, &err), SKC_EINVAL, err, "4.5");
    assert_null(text);
    assert_null(skc_architecture_name(-1));
    assert_null(skc_architecture_summary(1000));
    assert_non_null(skc_architecture_summary(0));
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    const skc_net_options *options = context;
    skc_allocator          a       = skc__allocator(runtime);
    char                  *text;
    skc_status             status = skc__net_text("resnet18", options, &a, &text, NULL);

    if (status == SKC_OK)
        skc__release(&a, text);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_net_options options = options_of(32, 2);

    (void)state;
    assert_true(faults_count(attempt, &options) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_figures),
        cmocka_unit_test(test_edgetpu),
        cmocka_unit_test(test_every_size_and_width),
        cmocka_unit_test(test_shape_and_dropout),
        cmocka_unit_test(test_channels),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
    };

    heap = skc__allocator(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
