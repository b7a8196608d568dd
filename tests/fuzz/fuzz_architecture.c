/* fuzz_architecture.c - any text as an architecture: an error, or a graph that can be planned,
 * folded and walked there and back. */
#include <string.h>

#include "capped.h"
#include "graph/fold.h"
#include "graph/workspace.h"

enum { MAX_ELEMENTS = 1 << 18, MAX_MACS = 1 << 24, BATCH = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

/* Parameters and their gradients, all 0 but for what divides. */
typedef struct numbers {
    float **param, **gradient, **statistic;
    float  *block;
} numbers;

static bool make_numbers(const skc_graph *graph, numbers *out)
{
    size_t count = (size_t)graph->param_count + 1, elements = 0;

    for (int32_t p = 0; p < graph->param_count; p++) {
        elements += skc__param_count(skc__graph_param(graph, p, NULL));
        if (elements > MAX_ELEMENTS)
            return false;
    }
    out->param     = calloc(3 * count, sizeof(float *));
    out->block     = calloc(2 * elements + 1, sizeof(float));
    out->gradient  = out->param + count;
    out->statistic = out->param + 2 * count;
    require(out->param != NULL && out->block != NULL);
    elements = 0;
    for (int32_t p = 0; p < graph->param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(graph, p, NULL);
        size_t                size = skc__param_count(spec);

        out->param[p]     = out->block + elements;
        out->gradient[p]  = out->block + elements + size;
        out->statistic[p] = out->gradient[p];
        for (size_t i = 0; i < size; i++)
            out->param[p][i] = spec->initial;
        elements += 2 * size;
    }
    return true;
}

static void walk(const skc_graph *graph, const float *const *param, const numbers *n, bool training)
{
    const skc_runtime     runtime   = capped_runtime();
    const skc_allocator   allocator = runtime.allocator;
    skc_kernels           kernels;
    skc_workspace_options options = {
        .max_batch = BATCH, .threads = 1, .training = training, .kernels = &kernels
    };
    skc_workspace  w;
    const skc_walk step = {
        .n = BATCH, .param = param, .stat = n->statistic, .training = training
    };
    size_t last;

    require(skc__kernels(&runtime, &kernels, NULL) == SKC_OK);
    if (skc__workspace_create(graph, &options, &allocator, &w, NULL) != SKC_OK)
        return;
    skc__forward(&w, &step);
    last = skc__shape_count(skc__graph_shape(graph, graph->node_count, BATCH));
    if (training && w.gradient[graph->node_count] != NULL) {
        memset(w.gradient[graph->node_count], 0, last * sizeof(float));
        skc__backward(&w, &step, n->gradient);
    }
    skc__workspace_free(&w);
}

static void exercise(const skc_graph *graph, const skc_allocator *allocator)
{
    uint64_t   macs = 0;
    numbers    n;
    skc_folded folded;

    for (int32_t i = 0; i < graph->node_count; i++) {
        require(skc__shape_count(skc__graph_shape(graph, i + 1, 1)) > 0);
        macs += graph->nodes[i].plan.macs;
        if (macs > MAX_MACS)
            return;
    }
    if (!make_numbers(graph, &n))
        return;
    walk(graph, (const float *const *)n.param, &n, true);
    if (skc__fold(graph, (const float *const *)n.param, false, allocator, &folded, NULL) ==
        SKC_OK) {
        require(folded.graph.node_count <= graph->node_count);
        walk(&folded.graph, folded.param, &n, false);
        skc__folded_free(&folded);
    }
    free(n.param);
    free(n.block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const skc_runtime   runtime   = capped_runtime();
    const skc_allocator allocator = runtime.allocator;
    skc_graph           graph;
    skc_error           err = { SKC_OK, "" };
    skc_status          status =
        skc__graph_parse((const char *)data, size, "input", &allocator, &graph, &err);

    if (status != SKC_OK) {
        require(err.status == status && strncmp(err.message, "input", 5) == 0);
        return 0;
    }
    exercise(&graph, &allocator);
    skc__graph_free(&graph);
    return 0;
}
