/* graph.c - a network as a directed acyclic graph of layers, read from an architecture text. */
#include "graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph/config.h"

/* What the readers of one text share. */
typedef struct reading {
    skc_graph  *graph;
    const char *where; /* "architecture seed" */
    skc_error  *err;
} reading;

skc_shape skc__graph_shape(const skc_graph *graph, int32_t tensor, int32_t n)
{
    skc_shape shape = tensor == 0 ? graph->input : graph->nodes[tensor - 1].plan.out;

    shape.n = n;
    return shape;
}

size_t skc__param_count(const skc_param_spec *spec)
{
    size_t count = 1;

    for (int32_t i = 0; i < spec->rank; i++)
        count *= (size_t)spec->extent[i];
    return count;
}

const skc_param_spec *skc__graph_param(const skc_graph *graph, int32_t p, int32_t *node)
{
    int32_t i = 0;

    while (p >= graph->nodes[i].first_param + graph->nodes[i].plan.param_count)
        i++;
    if (node != NULL)
        *node = i;
    return &graph->nodes[i].plan.param[p - graph->nodes[i].first_param];
}

skc_status skc__node_infer(const skc_graph *graph, int32_t i, int32_t n,
                           const skc_plan_context *context, skc_layer_plan *out, skc_error *err)
{
    const skc_node *node = &graph->nodes[i];
    skc_shape       in[SKC_MAX_INPUTS];

    for (int32_t k = 0; k < node->n_in; k++)
        in[k] = skc__graph_shape(graph, node->in[k], n);
    memset(out, 0, sizeof *out);
    return node->ops->infer(node->config, in, node->n_in, context, out, err);
}

static bool name_is_valid(const char *name)
{
    size_t length =
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");

    return length > 0 && length < SKC_MAX_NAME && name[length] == '\0';
}

static skc_status copy_name(const reading *r, const char *name, const char *what, char *out)
{
    if (name == NULL || !name_is_valid(name))
        return skc__fail(r->err, SKC_EFORMAT,
                         "%s: %s needs a name of 1..%d letters, digits, '_' or '.'", r->where, what,
                         SKC_MAX_NAME - 1);
    memcpy(out, name, strlen(name) + 1);
    return SKC_OK;
}

/* Tensor number of a layer's name among the first `count` nodes; -1: none. */
static int32_t find_tensor(const skc_graph *graph, int32_t count, const char *name)
{
    if (strcmp(name, "input") == 0)
        return 0;
    for (int32_t i = 0; i < count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return i + 1;
    return -1;
}

static skc_status read_extent(const reading *r, const skc_json *input, const char *key,
                              int32_t fallback, int32_t max, int32_t *out)
{
    const skc_json *json  = skc__json_get(input, key);
    int64_t         value = json != NULL ? skc__json_as_integer(json) : fallback;

    if (value < 1 || value > max)
        return skc__fail(r->err, SKC_EFORMAT, "%s: input %s is %lld; 1..%d is allowed", r->where,
                         key, (long long)value, max);
    *out = (int32_t)value;
    return SKC_OK;
}

static skc_status read_input(const reading *r, const skc_json *json)
{
    const skc_json *input  = skc__json_get(json, "input");
    skc_shape      *shape  = &r->graph->input;
    skc_status      status = read_extent(r, input, "height", 0, 4096, &shape->h);

    if (status == SKC_OK)
        status = read_extent(r, input, "width", 0, 4096, &shape->w);
    if (status == SKC_OK)
        status = read_extent(r, input, "channels", 3, 3, &shape->c);
    if (status == SKC_OK && shape->c != 3)
        status = skc__fail(r->err, SKC_EFORMAT, "%s: input has %d channels; 3 is allowed", r->where,
                           shape->c);
    shape->n = 1;
    return status;
}

static skc_status read_inputs(const reading *r, const skc_json *json, int32_t i)
{
    skc_node       *node   = &r->graph->nodes[i];
    const skc_json *inputs = skc__json_get(json, "inputs");
    size_t          count  = skc__json_is_array(inputs) ? skc__json_size(inputs) : 0;

    if (inputs == NULL) {
        node->n_in  = 1;
        node->in[0] = i;
    } else if (count < 1 || count > SKC_MAX_INPUTS) {
        return skc__fail(r->err, SKC_EFORMAT, "%s, layer %s: inputs must be 1..%d names", r->where,
                         node->name, (int)SKC_MAX_INPUTS);
    }
    for (size_t k = 0; k < count; k++) {
        const char *name   = skc__json_as_string(skc__json_at(inputs, k));
        int32_t     tensor = name != NULL ? find_tensor(r->graph, i, name) : -1;

        if (tensor < 0)
            return skc__fail(r->err, SKC_EFORMAT,
                             "%s, layer %s: input \"%.60s\" is no earlier layer", r->where,
                             node->name, name != NULL ? name : "?");
        node->in[node->n_in++] = tensor;
    }
    if (node->n_in < node->ops->min_inputs || node->n_in > node->ops->max_inputs)
        return skc__fail(r->err, SKC_EFORMAT, "%s, layer %s: %s takes %d..%d inputs, not %d",
                         r->where, node->name, node->ops->name, node->ops->min_inputs,
                         node->ops->max_inputs, node->n_in);
    return SKC_OK;
}

static skc_status infer_node(const reading *r, int32_t i)
{
    const skc_plan_context context = { .threads = 1, .training = false };
    skc_node              *node    = &r->graph->nodes[i];
    char                   where[192];
    skc_status             status = skc__node_infer(r->graph, i, 1, &context, &node->plan, r->err);

    if (status != SKC_OK) {
        snprintf(where, sizeof where, "%s, layer %s", r->where, node->name);
        return skc__fail_in(r->err, status, where);
    }
    node->first_param = r->graph->param_count;
    r->graph->param_count += node->plan.param_count;
    return SKC_OK;
}

static skc_status read_layer(const reading *r, const skc_json *json, int32_t i)
{
    skc_node   *node = &r->graph->nodes[i];
    const char *type = skc__json_as_string(skc__json_get(json, "type"));
    char        what[32], where[192];
    skc_status  status;

    snprintf(what, sizeof what, "layer %d", i + 1);
    status = copy_name(r, skc__json_as_string(skc__json_get(json, "name")), what, node->name);
    if (status != SKC_OK)
        return status;
    if (find_tensor(r->graph, i, node->name) >= 0)
        return skc__fail(r->err, SKC_EFORMAT, "%s: two layers are named %s", r->where, node->name);
    node->ops = type != NULL ? skc__layer_find(type) : NULL;
    if (node->ops == NULL)
        return skc__fail(r->err, SKC_EFORMAT, "%s, layer %s: no layer type \"%.40s\"", r->where,
                         node->name, type != NULL ? type : "");
    node->low    = -INFINITY;
    node->high   = INFINITY;
    node->config = skc__arena_take(&r->graph->arena, node->ops->config_size);
    snprintf(where, sizeof where, "%s, layer %s", r->where, node->name);
    status = skc__config_parse(node->ops, json, where, node->config, r->err);
    if (status == SKC_OK)
        status = read_inputs(r, json, i);
    return status == SKC_OK ? infer_node(r, i) : status;
}

static skc_status check_all_used(const reading *r)
{
    const skc_graph *graph = r->graph;

    for (int32_t t = 1; t < graph->node_count; t++) {
        bool used = false;

        for (int32_t i = t; i < graph->node_count && !used; i++)
            for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
                used = used || graph->nodes[i].in[k] == t;
        if (!used)
            return skc__fail(r->err, SKC_EFORMAT, "%s: layer %s feeds no other layer", r->where,
                             graph->nodes[t - 1].name);
    }
    return SKC_OK;
}

/* Room for all configs: types are looked up again, and reported, in read_layer. */
static size_t config_bytes(const skc_json *layers)
{
    size_t bytes = 0;

    for (size_t i = 0; i < skc__json_size(layers); i++) {
        const char *type = skc__json_as_string(skc__json_get(skc__json_at(layers, i), "type"));
        const skc_layer_ops *ops = type != NULL ? skc__layer_find(type) : NULL;

        bytes += ops != NULL ? skc__arena_piece(ops->config_size) : 0;
    }
    return bytes;
}

skc_status skc__graph_create(int32_t node_count, size_t configs, const skc_allocator *allocator,
                             skc_graph *out, skc_error *err)
{
    size_t     nodes = (size_t)node_count * sizeof(skc_node);
    skc_status status;

    memset(out, 0, sizeof *out);
    status = skc__arena_create(allocator, skc__arena_piece(nodes) + configs, &out->arena, err);
    if (status == SKC_OK)
        out->nodes = skc__arena_take(&out->arena, nodes);
    return status;
}

static skc_status read_graph(const reading *r, const skc_json *json)
{
    const skc_json *layers = skc__json_get(json, "layers");
    skc_status      status;

    status = copy_name(r, skc__json_as_string(skc__json_get(json, "name")), "the architecture",
                       r->graph->name);
    if (status == SKC_OK)
        status = read_input(r, json);
    for (size_t i = 0; i < skc__json_size(layers) && status == SKC_OK; i++) {
        status = read_layer(r, skc__json_at(layers, i), (int32_t)i);
        r->graph->node_count++;
    }
    return status == SKC_OK ? check_all_used(r) : status;
}

skc_status skc__graph_parse(const char *text, size_t size, const char *where,
                            const skc_allocator *allocator, skc_graph *out, skc_error *err)
{
    skc_json       *json;
    const skc_json *layers;
    skc_graph       graph;
    size_t          count;
    reading         r      = { &graph, where, err };
    skc_status      status = skc__json_parse(text, size, where, &json, err);

    if (status != SKC_OK)
        return status;
    layers = skc__json_get(json, "layers");
    count  = skc__json_is_array(layers) ? skc__json_size(layers) : 0;
    if (count < 1 || count > SKC_MAX_NODES)
        status = skc__fail(err, SKC_EFORMAT, "%s: \"layers\" must be an array of 1..%d layers",
                           where, (int)SKC_MAX_NODES);
    else
        status = skc__graph_create((int32_t)count, config_bytes(layers), allocator, &graph, err);
    if (status == SKC_OK) {
        status = read_graph(&r, json);
        if (status == SKC_OK)
            *out = graph;
        else
            skc__graph_free(&graph);
    }
    skc__json_free(json);
    return status;
}

void skc__graph_free(skc_graph *graph)
{
    skc__arena_free(&graph->arena);
}
