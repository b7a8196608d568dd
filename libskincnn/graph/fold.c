/* fold.c - a graph made ready for inference: batchnorm merged into the layer before it, activations
 * fused behind it, dropout gone.
 *
 * Two passes over the nodes: the first only counts what the folded graph needs, the second builds
 * it. Both decide by the same `fate_of`, so they cannot disagree. */
#include "graph/fold.h"

#include <math.h>
#include <string.h>

typedef enum fate { KEPT, DROPPED, ABSORBED_AFFINE, ABSORBED_CLAMP } fate;

typedef struct folding {
    const skc_graph    *graph;
    const float *const *param;
    bool                in_place; /* parameters may be written to */
    fate               *fates;    /* by node */
    int32_t            *host; /* by node: the kept node that its output now comes from; -1: input */
    int32_t            *readers; /* by tensor: how many inputs read it */
    bool               *alone;   /* by node: its output, and all from its host's to there, have one
                                    reader at most */
    bool               *affine;  /* by node: has absorbed one */
    bool    *clamp; /* by node: has absorbed one, or a clamp behind which no affine goes */
    int32_t *moved; /* by node: its number in the folded graph */
} folding;

static fate fate_of(const folding *f, int32_t i)
{
    const skc_node      *node = &f->graph->nodes[i];
    int32_t              host = node->in[0] == 0 ? -1 : f->host[node->in[0] - 1];
    const skc_layer_ops *before;

    if (node->ops->identity_at_inference && i + 1 < f->graph->node_count)
        return DROPPED;
    if (host < 0 || !f->alone[node->in[0] - 1])
        return KEPT;
    before = f->graph->nodes[host].ops;
    if (node->ops->as_affine != NULL && before->absorb_affine != NULL && !f->clamp[host])
        return ABSORBED_AFFINE;
    if (node->ops->as_clamp != NULL && before->absorbs_clamp && !f->clamp[host])
        return ABSORBED_CLAMP;
    return KEPT;
}

/* Decides every node's fate; tells how many stay. */
static int32_t decide(folding *f)
{
    int32_t kept = 0;

    for (int32_t i = 0; i < f->graph->node_count; i++)
        for (int32_t k = 0; k < f->graph->nodes[i].n_in; k++)
            f->readers[f->graph->nodes[i].in[k]]++;
    for (int32_t i = 0; i < f->graph->node_count; i++) {
        int32_t before = f->graph->nodes[i].in[0] - 1;

        f->fates[i] = fate_of(f, i);
        f->host[i]  = f->fates[i] == KEPT ? i : before < 0 ? -1 : f->host[before];
        f->alone[i] =
            f->readers[i + 1] <= 1 && (f->fates[i] == KEPT || before < 0 || f->alone[before]);
        if (f->fates[i] == ABSORBED_AFFINE)
            f->affine[f->host[i]] = true;
        if (f->fates[i] == ABSORBED_CLAMP)
            f->clamp[f->host[i]] = true;
        if (f->fates[i] == KEPT)
            f->moved[i] = kept++;
    }
    return kept;
}

static void copy_node(const folding *f, int32_t i, skc_graph *graph)
{
    const skc_node *from = &f->graph->nodes[i];
    skc_node       *to   = &graph->nodes[f->moved[i]];

    *to        = *from;
    to->config = skc__arena_take(&graph->arena, from->ops->config_size);
    memcpy(to->config, from->config, from->ops->config_size);
    for (int32_t k = 0; k < from->n_in; k++) {
        int32_t host = from->in[k] == 0 ? -1 : f->host[from->in[k] - 1];
        to->in[k]    = host < 0 ? 0 : f->moved[host] + 1;
    }
    if (f->affine[i])
        to->ops->add_bias(to->config);
}

static skc_status copy_nodes(const folding *f, int32_t kept, const skc_allocator *allocator,
                             skc_graph *out, skc_error *err)
{
    const skc_plan_context context = { .threads = 1, .training = false };
    size_t                 configs = 0;
    skc_status             status;

    for (int32_t i = 0; i < f->graph->node_count; i++)
        configs += skc__arena_piece(f->graph->nodes[i].ops->config_size);
    status = skc__graph_create(kept, configs, allocator, out, err);
    if (status != SKC_OK)
        return status;
    memcpy(out->name, f->graph->name, sizeof out->name);
    out->input = f->graph->input;
    for (int32_t i = 0; i < f->graph->node_count && status == SKC_OK; i++) {
        skc_node *node = &out->nodes[f->moved[i]];

        if (f->fates[i] != KEPT)
            continue;
        copy_node(f, i, out);
        out->node_count++;
        status            = skc__node_infer(out, f->moved[i], 1, &context, &node->plan, err);
        node->first_param = out->param_count;
        out->param_count += node->plan.param_count;
    }
    if (status != SKC_OK)
        skc__graph_free(out);
    return status;
}

/* Parameters of a node before this one are changed in place, the others are copied: all, or a bias
 * that the layer did not have. */
static int32_t first_copied(const folding *f, const skc_node *from)
{
    return f->in_place ? from->plan.param_count : 0;
}

/* Room for changed parameters, and for the scales and shifts of all that is absorbed: one layer may
 * take in several batchnorms. */
static size_t changed_bytes(const folding *f, const skc_graph *graph)
{
    size_t bytes = skc__arena_piece((size_t)(graph->param_count + 1) * sizeof(float *));

    for (int32_t i = 0; i < f->graph->node_count; i++) {
        const skc_node *from = &f->graph->nodes[i], *node = &graph->nodes[f->moved[i]];

        if (f->fates[i] == ABSORBED_AFFINE)
            bytes += 2 * skc__arena_piece((size_t)from->plan.out.c * sizeof(float));
        if (f->fates[i] != KEPT || !f->affine[i])
            continue;
        for (int32_t p = first_copied(f, from); p < node->plan.param_count; p++)
            bytes += skc__arena_piece(skc__param_count(&node->plan.param[p]) * sizeof(float));
    }
    return bytes;
}

/* The parameters of kept node i for changing, the bias zero where it had none. */
static void copy_params(const folding *f, int32_t i, skc_folded *out)
{
    const skc_node *from = &f->graph->nodes[i], *to = &out->graph.nodes[f->moved[i]];

    for (int32_t p = 0; p < first_copied(f, from); p++)
        out->param[to->first_param + p] = f->param[from->first_param + p];
    for (int32_t p = first_copied(f, from); p < to->plan.param_count; p++) {
        size_t count = skc__param_count(&to->plan.param[p]);
        float *copy  = skc__arena_take(&out->arena, count * sizeof(float));

        if (p < from->plan.param_count)
            memcpy(copy, f->param[from->first_param + p], count * sizeof(float));
        out->param[to->first_param + p] = copy;
    }
}

static void absorb_affine(const folding *f, int32_t i, skc_folded *out)
{
    const skc_node *from = &f->graph->nodes[i], *to = &out->graph.nodes[f->moved[f->host[i]]];
    int32_t         channels = from->plan.out.c;
    float          *scale    = skc__arena_take(&out->arena, (size_t)channels * sizeof(float));
    float          *shift    = skc__arena_take(&out->arena, (size_t)channels * sizeof(float));
    float          *param[SKC_MAX_PARAMS];

    for (int32_t p = 0; p < to->plan.param_count; p++)
        param[p] = (float *)(uintptr_t)out->param[to->first_param + p]; /* ours to change */
    from->ops->as_affine(from->config, f->param + from->first_param, channels, scale, shift);
    to->ops->absorb_affine(to->config, param, channels, &to->plan, scale, shift);
}

static void absorb_clamp(const folding *f, int32_t i, skc_folded *out)
{
    const skc_node *from = &f->graph->nodes[i];
    skc_node       *to   = &out->graph.nodes[f->moved[f->host[i]]];

    from->ops->as_clamp(from->config, &to->low, &to->high);
}

static void fill_params(const folding *f, skc_folded *out)
{
    for (int32_t i = 0; i < f->graph->node_count; i++) {
        const skc_node *from = &f->graph->nodes[i];

        if (f->fates[i] == KEPT && f->affine[i]) {
            copy_params(f, i, out);
        } else if (f->fates[i] == KEPT) {
            for (int32_t p = 0; p < from->plan.param_count; p++)
                out->param[out->graph.nodes[f->moved[i]].first_param + p] =
                    f->param[from->first_param + p];
        } else if (f->fates[i] == ABSORBED_AFFINE) {
            absorb_affine(f, i, out);
        } else if (f->fates[i] == ABSORBED_CLAMP) {
            absorb_clamp(f, i, out);
        }
    }
}

static skc_status build(folding *f, const skc_allocator *allocator, skc_folded *out, skc_error *err)
{
    skc_folded folded;
    int32_t    kept   = decide(f);
    skc_status status = copy_nodes(f, kept, allocator, &folded.graph, err);

    if (status != SKC_OK)
        return status;
    status = skc__arena_create(allocator, changed_bytes(f, &folded.graph), &folded.arena, err);
    if (status != SKC_OK) {
        skc__graph_free(&folded.graph);
        return status;
    }
    folded.param =
        skc__arena_take(&folded.arena, (size_t)(folded.graph.param_count + 1) * sizeof(float *));
    fill_params(f, &folded);
    *out = folded;
    return SKC_OK;
}

skc_status skc__fold(const skc_graph *graph, const float *const *param, bool in_place,
                     const skc_allocator *allocator, skc_folded *out, skc_error *err)
{
    folding    f = { .graph = graph, .param = param, .in_place = in_place };
    size_t     n = (size_t)graph->node_count;
    skc_arena  arena;
    skc_status status = skc__arena_create(
        allocator, 4 * skc__arena_piece((n + 1) * sizeof(int32_t)) + 3 * skc__arena_piece(n),
        &arena, err);

    if (status != SKC_OK)
        return status;
    f.fates   = skc__arena_take(&arena, n * sizeof *f.fates);
    f.host    = skc__arena_take(&arena, n * sizeof *f.host);
    f.readers = skc__arena_take(&arena, (n + 1) * sizeof *f.readers);
    f.moved   = skc__arena_take(&arena, n * sizeof *f.moved);
    f.alone   = skc__arena_take(&arena, n * sizeof *f.alone);
    f.affine  = skc__arena_take(&arena, n * sizeof *f.affine);
    f.clamp   = skc__arena_take(&arena, n * sizeof *f.clamp);
    status    = build(&f, allocator, out, err);
    skc__arena_free(&arena);
    return status;
}

void skc__folded_free(skc_folded *folded)
{
    skc__graph_free(&folded->graph);
    skc__arena_free(&folded->arena);
}
