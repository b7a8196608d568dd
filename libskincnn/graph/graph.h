/* graph.h - a network as a directed acyclic graph of layers, read from an architecture text.
 *
 * Floor 3. Tensor 0 is the graph's input; tensor i + 1 is the output of node i. Nodes stand in an
 * order in which every input comes before its reader; the last node's output is the graph's.
 */
#ifndef SKC_GRAPH_GRAPH_H
#define SKC_GRAPH_GRAPH_H

#include "core/json.h"
#include "layers/layer.h"

enum { SKC_MAX_NODES = 4096, SKC_MAX_NAME = 64 };

typedef struct skc_node {
    char                 name[SKC_MAX_NAME];
    const skc_layer_ops *ops;
    void                *config; /* ops->config_size bytes */
    int32_t              n_in;
    int32_t              in[SKC_MAX_INPUTS]; /* tensor numbers */
    skc_layer_plan       plan;               /* for one picture, inference, one thread */
    int32_t              first_param;        /* its parameters' first number in the graph */
    float                low, high;          /* clamp fused behind it; -inf, inf: none */
} skc_node;

typedef struct skc_graph {
    skc_arena arena;
    char      name[SKC_MAX_NAME];
    skc_shape input; /* n = 1 */
    int32_t   node_count;
    skc_node *nodes;
    int32_t   param_count;
} skc_graph;

/* Reads {"name", "input": {"height", "width", "channels"}, "layers": [{"name", "type", "inputs",
 * options}]} (docs/model-format.md). "inputs" defaults to the layer before; "input" names the
 * graph's. Checks names, order, options and shapes; every layer but the last must feed another. */
skc_status skc__graph_parse(const char *text, size_t size, const char *where,
                            const skc_allocator *allocator, skc_graph *out, skc_error *err);
void       skc__graph_free(skc_graph *graph);

/* An empty graph with room for `node_count` nodes and their configs, for fold.c. */
skc_status skc__graph_create(int32_t node_count, size_t config_bytes,
                             const skc_allocator *allocator, skc_graph *out, skc_error *err);

/* Shape of tensor t for n pictures. */
skc_shape skc__graph_shape(const skc_graph *graph, int32_t tensor, int32_t n);

/* Infers the plan of node i for n pictures. */
skc_status skc__node_infer(const skc_graph *graph, int32_t i, int32_t n,
                           const skc_plan_context *context, skc_layer_plan *out, skc_error *err);

/* The spec of parameter p of the graph, and the node that it belongs to. */
const skc_param_spec *skc__graph_param(const skc_graph *graph, int32_t p, int32_t *node);

/* Elements of a parameter. */
size_t skc__param_count(const skc_param_spec *spec);

#endif
