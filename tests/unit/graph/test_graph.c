/* test_graph.c - architecture texts: what they become, and a clear word for what is wrong. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "graph/graph.h"

#define IN          "\"input\":{\"height\":8,\"width\":6}"
#define GAP         "{\"name\":\"gap\",\"type\":\"global_avg_pool\"}"
#define NET(layers) "{\"name\":\"n\"," IN ",\"layers\":[" layers "]}"

static skc_status parse(const char *text, const skc_allocator *allocator, skc_graph *out,
                        skc_error *err)
{
    return skc__graph_parse(text, strlen(text), "arch.json", allocator, out, err);
}

static skc_graph parsed(const char *text)
{
    const skc_allocator heap = skc__allocator(NULL);
    skc_graph           graph;
    skc_error           err;

    assert_works(parse(text, &heap, &graph, &err), err);
    return graph;
}

static void test_tiny_mixed(void **state)
{
    skc_graph graph = parsed(tiny_mixed);
    int32_t   node;

    (void)state;
    assert_string_equal(graph.name, "tiny_mixed");
    assert_int_equal(graph.node_count, 17);
    assert_int_equal(graph.param_count, 1 + 4 + 1 + 4 + 1 + 4 + 2 + 2);
    assert_int_equal(graph.nodes[9].n_in, 2);
    assert_int_equal(graph.nodes[9].in[0], 9);
    assert_int_equal(graph.nodes[9].in[1], 4);
    assert_true(skc__shape_equal(skc__graph_shape(&graph, 0, 5), (skc_shape){ 5, 16, 16, 3 }));
    assert_true(skc__shape_equal(skc__graph_shape(&graph, 13, 2), (skc_shape){ 2, 8, 8, 12 }));
    assert_true(skc__shape_equal(skc__graph_shape(&graph, 17, 1), (skc_shape){ 1, 1, 1, 3 }));
    assert_string_equal(skc__graph_param(&graph, 0, &node)->name, "weight");
    assert_int_equal(node, 0);
    assert_int_equal(skc__param_count(skc__graph_param(&graph, 0, NULL)), 8 * 3 * 3 * 3);
    assert_string_equal(skc__graph_param(&graph, graph.param_count - 1, &node)->name, "bias");
    assert_int_equal(node, 16);
    skc__graph_free(&graph);
    skc__graph_free(&graph);
}

static void test_inputs(void **state)
{
    skc_graph graph = parsed(NET("{\"name\":\"a\",\"type\":\"relu\"},"
                                 "{\"name\":\"b\",\"type\":\"relu\",\"inputs\":[\"input\"]},"
                                 "{\"name\":\"c\",\"type\":\"add\",\"inputs\":[\"b\",\"a\"]}"));

    (void)state;
    assert_int_equal(graph.nodes[0].in[0], 0);
    assert_int_equal(graph.nodes[1].in[0], 0);
    assert_int_equal(graph.nodes[2].in[0], 2);
    assert_int_equal(graph.nodes[2].in[1], 1);
    skc__graph_free(&graph);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message;
    } bad[] = {
        { "{", "arch.json: JSON line 1" },
        { "[]", "\"layers\" must be an array" },
        { "{\"name\":\"n\"," IN "}", "\"layers\" must be an array of 1..4096 layers" },
        { NET(""), "\"layers\" must be an array of 1..4096 layers" },
        { "{" IN ",\"layers\":[" GAP "]}", "the architecture needs a name" },
        { "{\"name\":\"a b\"," IN ",\"layers\":[" GAP "]}", "the architecture needs a name" },
        { "{\"name\":\"n\",\"layers\":[" GAP "]}", "input height is 0; 1..4096" },
        { "{\"name\":\"n\",\"input\":{\"height\":8},\"layers\":[" GAP "]}", "input width is 0" },
        { "{\"name\":\"n\",\"input\":{\"height\":8,\"width\":4097},\"layers\":[" GAP "]}",
          "input width is 4097" },
        { "{\"name\":\"n\",\"input\":{\"height\":\"8\",\"width\":8},\"layers\":[" GAP "]}",
          "input height is 0" },
        { "{\"name\":\"n\",\"input\":{\"height\":8,\"width\":8,\"channels\":1},"
          "\"layers\":[" GAP "]}",
          "input has 1 channels; 3" },
        { "{\"name\":\"n\",\"input\":{\"height\":8,\"width\":8,\"channels\":4},"
          "\"layers\":[" GAP "]}",
          "input channels is 4" },
        { NET("7"), "layer 1 needs a name" },
        { NET("{\"type\":\"relu\"}"), "layer 1 needs a name" },
        { NET("{\"name\":\"\",\"type\":\"relu\"}"), "layer 1 needs a name" },
        { NET(GAP "," GAP), "two layers are named gap" },
        { NET("{\"name\":\"input\",\"type\":\"relu\"}"), "two layers are named input" },
        { NET("{\"name\":\"x\",\"type\":\"rely\"}"), "layer x: no layer type \"rely\"" },
        { NET("{\"name\":\"x\"}"), "layer x: no layer type" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"kernel\":3}"),
          "layer x: relu has no option \"kernel\"" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":[\"y\"]}"),
          "layer x: input \"y\" is no earlier layer" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":[\"x\"]}"), "is no earlier layer" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":[7]}"), "is no earlier layer" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":[]}"), "inputs must be 1..8 names" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":\"input\"}"), "inputs must be 1..8" },
        { NET("{\"name\":\"x\",\"type\":\"relu\",\"inputs\":[\"input\",\"input\"]}"),
          "relu takes 1..1 inputs, not 2" },
        { NET("{\"name\":\"x\",\"type\":\"add\"}"), "add takes 2.." },
        { NET("{\"name\":\"dead\",\"type\":\"relu\"},"
              "{\"name\":\"y\",\"type\":\"relu\",\"inputs\":[\"input\"]}"),
          "layer dead feeds no other layer" },
        { NET("{\"name\":\"x\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":7,"
              "\"padding\":\"valid\"}"),
          "layer x" }, /* 7 rows of 8 but columns of 6 */
        { NET("{\"name\":\"x\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":1,\"groups\":2}"),
          "layer x" },
        { NET(GAP ",{\"name\":\"x\",\"type\":\"add\",\"inputs\":[\"gap\",\"input\"]}"), "layer x" },
    };
    faults              f = { 0, 0 };
    const skc_allocator a = faults_allocator(&f);
    skc_graph           graph;
    skc_error           err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        skc_status status = parse(bad[i].text, &a, &graph, &err);

        assert_in_set(status, ((LargestIntegralType[]){ SKC_EFORMAT, SKC_EMISMATCH, SKC_EINVAL }),
                      3);
        assert_fails(status, status, err, "arch.json", bad[i].message);
        assert_int_equal(f.live, 0);
    }
}

static void test_too_many_layers(void **state)
{
    enum { COUNT = 4097 };
    const skc_allocator heap = skc__allocator(NULL);
    char               *text = malloc(COUNT * 40 + 100), *at = text;
    skc_graph           graph;
    skc_error           err;

    (void)state;
    assert_non_null(text);
    at += sprintf(at, "{\"name\":\"n\"," IN ",\"layers\":[");
    for (int i = 0; i < COUNT; i++)
        at += sprintf(at, "%s{\"name\":\"r%d\",\"type\":\"relu\"}", i > 0 ? "," : "", i);
    strcpy(at, "]}");
    assert_fails(parse(text, &heap, &graph, &err), SKC_EFORMAT, err, "1..4096 layers");
    free(text);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_allocator a = skc__allocator(runtime);
    skc_graph     graph;
    skc_status    status = parse(context, &a, &graph, NULL);

    if (status == SKC_OK)
        skc__graph_free(&graph);
    return status;
}

static void test_out_of_memory(void **state)
{
    char text[4096];

    (void)state;
    strcpy(text, tiny_mixed);
    assert_true(faults_count(attempt, text) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny_mixed),    cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_too_many_layers),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
