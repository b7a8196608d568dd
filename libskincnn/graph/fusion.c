/* fusion.c - which passes over memory a walk does without. */
#include "graph/fusion.h"

#include <math.h>

bool skc__is_unstored(const skc_fused *fused, int32_t node)
{
    return fused[node].view == node;
}

bool skc__is_clamped(const skc_fused *fused, int32_t node)
{
    return fused[node].low > -INFINITY || fused[node].high < INFINITY;
}

bool skc__passes_gradient(const skc_graph *graph, const skc_fused *fused, int32_t node)
{
    int32_t before = graph->nodes[node].in[0] - 1;

    return before >= 0 && fused[before].gradient_view == node;
}

static void fuse_nothing(const skc_graph *graph, skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        fused[i] = (skc_fused){ .low            = graph->nodes[i].low,
                                .high           = graph->nodes[i].high,
                                .pool           = -1,
                                .view           = -1,
                                .gradient_view  = -1,
                                .tally          = -1,
                                .gradient_tally = -1 };
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
            if (graph->nodes[i].in[k] > 0)
                fused[graph->nodes[i].in[k] - 1].readers++;
    }
}

/* Backward must keep out what the clamp cut: by the gradient's view, or by itself. */
static bool takes_clamp(const skc_graph *graph, const skc_fused *fused, int32_t node)
{
    const skc_layer_ops *ops = graph->nodes[node].ops;

    return ops->absorbs_clamp && (ops->reads_gradient_views || ops->as_gradient_view != NULL) &&
           !fused[node].skipped && !skc__is_clamped(fused, node);
}

/* The node that applies the clamp of node i, whose one reader is `reader` (-1: there are more, or
 * none); -1: i itself. What it reads must have no other reader, or that would read it clamped, and
 * add to the gradient before the clamp. */
static int32_t clamp_host(const skc_graph *graph, const skc_fused *fused, int32_t i, int32_t reader)
{
    int32_t before = graph->nodes[i].in[0] - 1;

    if (graph->nodes[i].ops->as_clamp == NULL || before < 0 || fused[before].readers > 1)
        return -1;
    if (reader >= 0 && graph->nodes[reader].ops->commutes_with_clamp &&
        takes_clamp(graph, fused, reader))
        return reader;
    return takes_clamp(graph, fused, before) ? before : -1;
}

static int32_t only_reader(const skc_graph *graph, const skc_fused *fused, int32_t i)
{
    for (int32_t j = i + 1; j < graph->node_count && fused[i].readers == 1; j++)
        for (int32_t k = 0; k < graph->nodes[j].n_in; k++)
            if (graph->nodes[j].in[k] == i + 1)
                return j;
    return -1;
}

static void fuse_clamps(const skc_graph *graph, skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        int32_t host = clamp_host(graph, fused, i, only_reader(graph, fused, i));

        if (host < 0)
            continue;
        graph->nodes[i].ops->as_clamp(graph->nodes[i].config, &fused[host].low, &fused[host].high);
        fused[i].skipped = true;
    }
}

/* The one node that reads the output of node i, over skipped clamps; -1: there is none. */
static int32_t stored_reader(const skc_graph *graph, const skc_fused *fused, int32_t i)
{
    do
        i = only_reader(graph, fused, i);
    while (i >= 0 && fused[i].skipped);
    return i;
}

/* It makes no difference on which side of the pool the clamp is: the layer before it takes it. */
static void fuse_pools(const skc_graph *graph, int32_t pictures, const skc_plan_context *context,
                       skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        const skc_node  *node = &graph->nodes[i];
        const int32_t    j    = stored_reader(graph, fused, i);
        skc_plan_context with = *context;

        if (node->ops->absorbs_pool == NULL || j < 0 || !graph->nodes[j].ops->is_max_pool ||
            (skc__is_clamped(fused, i) && skc__is_clamped(fused, j)))
            continue;
        with.pooling = graph->nodes[j].config;
        if (!node->ops->absorbs_pool(node->config, skc__graph_shape(graph, node->in[0], pictures),
                                     &with))
            continue;
        if (skc__is_clamped(fused, j)) {
            fused[i].low  = fused[j].low;
            fused[i].high = fused[j].high;
            fused[j].low  = -INFINITY;
            fused[j].high = INFINITY;
        }
        fused[i].pool    = j;
        fused[j].skipped = true;
    }
}

/* What a skipped node's readers need is needed of its input. */
static void find_plain(const skc_graph *graph, skc_fused *fused)
{
    fused[graph->node_count - 1].plain = true;
    for (int32_t i = graph->node_count - 1; i >= 0; i--)
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++) {
            int32_t before = graph->nodes[i].in[k] - 1;

            if (before >= 0 &&
                (fused[i].skipped ? fused[i].plain : !graph->nodes[i].ops->reads_views))
                fused[before].plain = true;
        }
}

static void fuse_views(const skc_graph *graph, skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        int32_t before = graph->nodes[i].in[0] - 1;

        if (fused[i].skipped && before >= 0)
            fused[i].view = fused[before].view;
        else if (graph->nodes[i].ops->as_gradient_view != NULL && !fused[i].plain)
            fused[i].view = i;
    }
}

/* The layer before must write for this one alone, and have no clamp: a gradient's view has room for
 * one. */
static void fuse_gradient_views(const skc_graph *graph, skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        int32_t before = graph->nodes[i].in[0] - 1;

        if (graph->nodes[i].ops->as_gradient_view != NULL && before >= 0 &&
            graph->nodes[before].ops->reads_gradient_views && !fused[before].skipped &&
            fused[before].readers == 1 && !skc__is_clamped(fused, before))
            fused[before].gradient_view = i;
    }
}

/* The node whose output is the first input of node i, over skipped ones; -1: the graph's input. */
static int32_t writer_of(const skc_graph *graph, const skc_fused *fused, int32_t i)
{
    int32_t before = graph->nodes[i].in[0] - 1;

    while (before >= 0 && fused[before].skipped)
        before = graph->nodes[before].in[0] - 1;
    return before;
}

/* Moments: who writes the input can make them. Products: the one reader of the output, if it reads
 * through the view, has all that they take, and alone writes the gradient. */
static void fuse_tallies(const skc_graph *graph, skc_fused *fused)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        int32_t before = fused[i].skipped ? -1 : writer_of(graph, fused, i);

        if (before < 0)
            continue;
        if (graph->nodes[i].ops->as_tally != NULL && fused[before].tally < 0 &&
            !skc__is_unstored(fused, before)) {
            fused[before].tally = i;
            fused[i].tallied    = true;
        }
        if (skc__is_unstored(fused, before) && graph->nodes[before].ops->as_tally != NULL &&
            fused[before].readers == 1 && fused[graph->nodes[i].in[0] - 1].readers == 1) {
            fused[i].gradient_tally        = before;
            fused[before].gradient_tallied = true;
        }
    }
}

void skc__fuse(const skc_graph *graph, skc_fusion fusion, int32_t pictures,
               const skc_plan_context *context, skc_fused *fused)
{
    fuse_nothing(graph, fused);
    if (fusion == SKC_FUSE_ALL)
        fuse_clamps(graph, fused);
    if (fusion != SKC_FUSE_NOTHING)
        fuse_pools(graph, pictures, context, fused);
    if (fusion != SKC_FUSE_ALL)
        return;
    find_plain(graph, fused);
    fuse_views(graph, fused);
    fuse_gradient_views(graph, fused);
    fuse_tallies(graph, fused);
}
