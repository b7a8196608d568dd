/* folded_text.c - the architecture text of a folded graph: what was taken into the layer before, or
 * does nothing at inference, is left out. Clamps stay: folding takes them in again. */
#include <string.h>

#include "model/model.h"

static const skc_node *find_node(const skc_graph *graph, const char *name)
{
    for (int32_t i = 0; i < graph->node_count; i++)
        if (strcmp(graph->nodes[i].name, name) == 0)
            return &graph->nodes[i];
    return NULL;
}

static bool is_left_out(const skc_node *node, const skc_graph *folded)
{
    return node->ops->as_clamp == NULL && find_node(folded, node->name) == NULL;
}

/* The name of what stands for a tensor in the folded architecture. */
static const char *name_of(const skc_graph *graph, const skc_graph *folded, int32_t tensor)
{
    while (tensor > 0 && is_left_out(&graph->nodes[tensor - 1], folded))
        tensor = graph->nodes[tensor - 1].in[0];
    return tensor == 0 ? "input" : graph->nodes[tensor - 1].name;
}

static skc_json *layer_of(const skc_graph *graph, const skc_graph *folded, int32_t i,
                          const skc_json *json)
{
    const skc_node *node = &graph->nodes[i], *kept = find_node(folded, node->name);
    skc_json       *layer = skc__json_copy(json), *inputs = skc__json_array();
    bool            ok = layer != NULL;

    for (int32_t k = 0; k < node->n_in; k++)
        ok = skc__json_append(inputs, skc__json_string(name_of(graph, folded, node->in[k]))) && ok;
    ok = skc__json_set(layer, "inputs", inputs) && ok;
    if (kept != NULL && kept->plan.param_count > node->plan.param_count)
        ok = skc__json_set(layer, "bias", skc__json_boolean(true)) && ok;
    if (ok)
        return layer;
    skc__json_free(layer);
    return NULL;
}

char *skc__folded_architecture(const skc_model *model, const skc_folded *folded, skc_error *err)
{
    const skc_graph *graph  = &model->graph;
    skc_json        *layers = skc__json_array(), *json = NULL;
    char            *text = NULL;
    bool ok = skc__json_parse(model->architecture, strlen(model->architecture), "architecture",
                              &json, err) == SKC_OK;

    for (int32_t i = 0; i < graph->node_count && ok; i++)
        if (!is_left_out(&graph->nodes[i], &folded->graph))
            ok = skc__json_append(layers,
                                  layer_of(graph, &folded->graph, i,
                                           skc__json_at(skc__json_get(json, "layers"), (size_t)i)));
    if (ok && skc__json_set(json, "layers", layers))
        text = skc__json_text(json, false, &model->allocator, err);
    else if (!ok)
        skc__json_free(layers);
    skc__json_free(json);
    if (text == NULL)
        skc__fail(err, SKC_ENOMEM, "out of memory for an architecture");
    return text;
}
