/* workspace.c - the buffers of a graph's forward and backward walk, planned once. */
#include "graph/workspace.h"

#include <stdio.h>
#include <string.h>

/* A buffer to be placed, with the steps of its life. Buffers that share memory in place form one
 * group: all but one point at `same`, directly or over others. */
typedef struct buffer {
    size_t  bytes, offset;
    int32_t begin, end; /* inclusive; end < begin: not needed */
    int32_t same;       /* another buffer whose memory this one is; -1: its own */
} buffer;

/* Buffers by number: values 0..N, gradients N+1..2N+1, saved 2N+2..3N+1. */
typedef struct layout {
    const skc_graph             *graph;
    const skc_workspace_options *options;
    int32_t                      nodes;
    buffer                      *buffers;
    int32_t                      buffer_count;
    bool                        *wanted; /* by tensor: its gradient is */
    bool (*accumulate)[SKC_MAX_INPUTS];
    skc_fused *fused;
    size_t    *prepared_bytes; /* by node */
    size_t     scratch_bytes, shared_bytes;
} layout;

static int32_t gradient_of(const layout *l, int32_t tensor)
{
    return l->nodes + 1 + tensor;
}

static int32_t saved_of(const layout *l, int32_t node)
{
    return 2 * (l->nodes + 1) + node;
}

static int32_t backward_step(const layout *l, int32_t node)
{
    return 2 * l->nodes - node;
}

static void live_until(buffer *b, int32_t step)
{
    if (step > b->end)
        b->end = step;
}

static int32_t group_of(const layout *l, int32_t number)
{
    while (l->buffers[number].same >= 0)
        number = l->buffers[number].same;
    return number;
}

/* Makes `number` the memory of `with`'s group, whose life grows to cover both. */
static void join(layout *l, int32_t number, int32_t with)
{
    int32_t group = group_of(l, with);
    buffer *b = &l->buffers[number], *g = &l->buffers[group];

    b->same = group;
    if (b->begin < g->begin)
        g->begin = b->begin;
    live_until(g, b->end);
}

static bool is_frozen(const layout *l, int32_t node)
{
    return l->options->frozen != NULL && l->options->frozen[node];
}

static bool has_trained_params(const skc_layer_plan *plan)
{
    for (int32_t p = 0; p < plan->param_count; p++)
        if (plan->param[p].role == SKC_TRAINED)
            return true;
    return false;
}

/* A gradient is wanted where a parameter that learns lies upstream. */
static void find_wanted(layout *l)
{
    for (int32_t i = 0; i < l->nodes; i++) {
        const skc_node *node = &l->graph->nodes[i];
        bool            want = !is_frozen(l, i) && has_trained_params(&node->plan);

        for (int32_t k = 0; k < node->n_in; k++)
            want = want || l->wanted[node->in[k]];
        l->wanted[i + 1] = want && l->options->training;
    }
}

/* Tensor t is read in this step; through a view, so are the numbers of that. */
static void read_value(layout *l, int32_t t, int32_t step)
{
    live_until(&l->buffers[t], step);
    if (t > 0 && l->fused[t - 1].view >= 0)
        live_until(&l->buffers[saved_of(l, l->fused[t - 1].view)], step);
}

/* What backward of node i reads besides gradients. */
static void find_backward_reads(layout *l, int32_t i)
{
    const skc_node  *node  = &l->graph->nodes[i];
    const skc_fused *fused = &l->fused[i];
    int32_t          step  = backward_step(l, i);
    bool             masks = node->ops->reads_gradient_views && skc__is_clamped(l->fused, i);

    for (int32_t k = 0; k < node->n_in && (node->ops->backward_reads & SKC_BACKWARD_READS_INPUT);
         k++)
        read_value(l, node->in[k], step);
    if (masks || fused->gradient_view >= 0 ||
        (node->ops->backward_reads & SKC_BACKWARD_READS_OUTPUT))
        live_until(&l->buffers[i + 1], step);
    live_until(&l->buffers[saved_of(l, i)], step);
    if (fused->gradient_view >= 0)
        live_until(&l->buffers[saved_of(l, fused->gradient_view)], step);
    if (fused->pool >= 0)
        live_until(&l->buffers[saved_of(l, fused->pool)], step);
}

static void find_lives(layout *l)
{
    for (int32_t t = 0; t <= l->nodes; t++) {
        l->buffers[t].begin = t == 0 ? 0 : t - 1;
        l->buffers[t].end   = l->buffers[t].begin;
    }
    for (int32_t i = 0; i < l->nodes; i++)
        l->buffers[saved_of(l, i)].begin = l->buffers[saved_of(l, i)].end = i;
    for (int32_t i = 0; i < l->nodes; i++) {
        if (l->fused[i].tally >= 0)
            l->buffers[saved_of(l, l->fused[i].tally)].begin = i;
        if (l->fused[i].pool >= 0)
            l->buffers[saved_of(l, l->fused[i].pool)].begin = i;
    }
    live_until(&l->buffers[l->nodes], l->nodes);
    for (int32_t i = 0; i < l->nodes; i++) {
        if (l->fused[i].skipped)
            continue;
        for (int32_t k = 0; k < l->graph->nodes[i].n_in; k++)
            read_value(l, l->graph->nodes[i].in[k], i);
        if (l->wanted[i + 1])
            find_backward_reads(l, i);
    }
}

/* A gradient lives from its first writer's step (the last reader of the value, walking back) to the
 * step of the node that made the value. The first writer overwrites, the others add. */
static void find_gradient_lives(layout *l)
{
    for (int32_t t = 0; t <= l->nodes; t++) {
        buffer *b = &l->buffers[gradient_of(l, t)];
        b->begin  = 1;
        b->end    = 0;
    }
    if (l->wanted[l->nodes]) {
        l->buffers[gradient_of(l, l->nodes)].begin = l->nodes;
        l->buffers[gradient_of(l, l->nodes)].end   = backward_step(l, l->nodes - 1);
    }
    for (int32_t i = l->nodes - 1; i >= 0; i--) {
        const skc_node *node = &l->graph->nodes[i];

        for (int32_t k = 0; k < node->n_in && l->wanted[i + 1]; k++) {
            int32_t t = node->in[k];
            buffer *b = &l->buffers[gradient_of(l, t)];

            if (!l->wanted[t])
                continue;
            l->accumulate[i][k] = b->end >= b->begin;
            if (!l->accumulate[i][k]) {
                b->begin = backward_step(l, i);
                b->end   = backward_step(l, t - 1);
            }
        }
    }
}

/* Fused: what node i does not write is its input's memory. */
static void find_fused(layout *l)
{
    for (int32_t i = 0; i < l->nodes; i++)
        if (l->fused[i].skipped || skc__is_unstored(l->fused, i))
            join(l, i + 1, l->graph->nodes[i].in[0]);
    for (int32_t i = l->nodes - 1; i >= 0; i--)
        if (l->wanted[i + 1] && l->wanted[l->graph->nodes[i].in[0]] &&
            (l->fused[i].skipped || skc__passes_gradient(l->graph, l->fused, i)))
            join(l, gradient_of(l, l->graph->nodes[i].in[0]), gradient_of(l, i + 1));
}

/* Whether node i reads tensor t's memory through another input than the first. */
static bool reads_twice(const layout *l, int32_t i)
{
    const skc_node *node = &l->graph->nodes[i];

    for (int32_t k = 1; k < node->n_in; k++)
        if (group_of(l, node->in[k]) == group_of(l, node->in[0]))
            return true;
    return false;
}

/* Node i may write its output over its first input when nobody reads that input any more. */
static bool can_overwrite_input(const layout *l, int32_t i)
{
    const skc_node *node = &l->graph->nodes[i];
    int32_t         t    = node->in[0];

    return node->ops->in_place && l->buffers[i + 1].same < 0 && t != 0 &&
           l->buffers[group_of(l, t)].end <= i && !reads_twice(l, i) &&
           l->buffers[t].bytes == l->buffers[i + 1].bytes;
}

/* The gradient of node i's first input may overwrite that of its output, if node i writes it first
 * (then nothing else is in it) and takes the input only once. */
static bool can_overwrite_gradient(const layout *l, int32_t i)
{
    const skc_node *node = &l->graph->nodes[i];
    int32_t         t    = node->in[0];

    return node->ops->in_place_backward && l->wanted[i + 1] && l->wanted[t] &&
           l->buffers[gradient_of(l, t)].same < 0 && !l->accumulate[i][0] && !reads_twice(l, i) &&
           l->buffers[gradient_of(l, t)].bytes == l->buffers[gradient_of(l, i + 1)].bytes;
}

static void find_in_place(layout *l)
{
    for (int32_t i = 0; i < l->nodes; i++)
        if (can_overwrite_input(l, i))
            join(l, i + 1, l->graph->nodes[i].in[0]);
    for (int32_t i = l->nodes - 1; i >= 0; i--)
        if (can_overwrite_gradient(l, i))
            join(l, gradient_of(l, l->graph->nodes[i].in[0]), gradient_of(l, i + 1));
}

static skc_plan_context context_of(const skc_workspace_options *options)
{
    return (skc_plan_context){ .threads          = options->threads,
                               .training         = options->training || options->param == NULL,
                               .compact          = options->compact,
                               .planned_pictures = options->planned_pictures };
}

static skc_fusion fusion_of(const skc_workspace_options *options)
{
    if (options->unfused)
        return SKC_FUSE_NOTHING;
    return options->training ? SKC_FUSE_ALL : SKC_FUSE_POOLS;
}

static skc_status find_sizes(layout *l, skc_error *err)
{
    skc_plan_context context = context_of(l->options);
    int32_t          n       = l->options->max_batch;

    for (int32_t t = 0; t <= l->nodes; t++) {
        size_t count = skc__shape_count(skc__graph_shape(l->graph, t, n));

        if (count == 0)
            return skc__fail(err, SKC_ELIMIT, "architecture %s: a batch of %d is too large",
                             l->graph->name, n);
        l->buffers[t].bytes                 = count * sizeof(float);
        l->buffers[gradient_of(l, t)].bytes = count * sizeof(float);
    }
    for (int32_t i = 0; i < l->nodes; i++) {
        const int32_t  pool = l->fused[i].pool;
        skc_layer_plan plan;
        skc_status     status;

        context.pooling = pool >= 0 ? l->graph->nodes[pool].config : NULL;
        status          = skc__node_infer(l->graph, i, n, &context, &plan, err);
        if (status != SKC_OK)
            return status;
        if (pool >= 0)
            l->buffers[i + 1].bytes = l->buffers[pool + 1].bytes;
        l->buffers[saved_of(l, i)].bytes = plan.saved_bytes;
        l->prepared_bytes[i]             = l->options->prepared == NULL ? plan.prepared_bytes : 0;
        if (!l->fused[i].skipped && plan.scratch_bytes > l->scratch_bytes)
            l->scratch_bytes = plan.scratch_bytes;
    }
    return SKC_OK;
}

static bool lives_meet(const buffer *a, const buffer *b)
{
    return a->begin <= b->end && b->begin <= a->end;
}

/* The lowest offset at which `b` meets none of the placed buffers: tries 0 and the end of each. */
static size_t lowest_offset(const layout *l, const int32_t *placed, int32_t count, const buffer *b)
{
    size_t best  = 0;
    bool   moved = true;

    while (moved) {
        moved = false;
        for (int32_t i = 0; i < count; i++) {
            const buffer *p = &l->buffers[placed[i]];

            if (lives_meet(p, b) && best < p->offset + skc__arena_piece(p->bytes) &&
                p->offset < best + skc__arena_piece(b->bytes)) {
                best  = p->offset + skc__arena_piece(p->bytes);
                moved = true;
            }
        }
    }
    return best;
}

static bool placed_before(const layout *l, int32_t a, int32_t b)
{
    size_t size_a = l->buffers[a].bytes, size_b = l->buffers[b].bytes;

    return size_a != size_b ? size_a > size_b : a < b;
}

/* Greedy by size, the largest first (Pisarchyk and Lee, arXiv:2001.03288). */
static void place(layout *l, int32_t *order)
{
    int32_t count = 0;

    for (int32_t i = 0; i < l->buffer_count; i++) {
        const buffer *b = &l->buffers[i];
        int32_t       k;

        if (b->same >= 0 || b->bytes == 0 || b->end < b->begin)
            continue;
        for (k = count++; k > 0 && placed_before(l, i, order[k - 1]); k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (int32_t i = 0; i < count; i++) {
        buffer *b = &l->buffers[order[i]];
        size_t  end;

        b->offset = lowest_offset(l, order, i, b);
        end       = b->offset + skc__arena_piece(b->bytes);
        if (end > l->shared_bytes)
            l->shared_bytes = end;
    }
}

static void *address_of(const layout *l, unsigned char *base, int32_t number)
{
    const buffer *b = &l->buffers[group_of(l, number)];

    if (l->buffers[number].end < l->buffers[number].begin || b->bytes == 0)
        return NULL;
    return base + b->offset;
}

static size_t arena_bytes(const layout *l)
{
    size_t tensors = (size_t)l->nodes + 1, nodes = (size_t)l->nodes;
    size_t bytes = 4 * skc__arena_piece(tensors * sizeof(void *)) +
                   skc__arena_piece(nodes * sizeof *l->accumulate) +
                   skc__arena_piece(nodes * sizeof(bool)) +
                   skc__arena_piece(nodes * sizeof *l->fused) + skc__arena_piece(l->scratch_bytes) +
                   l->shared_bytes;

    for (size_t i = 0; i < nodes; i++)
        bytes += skc__arena_piece(l->prepared_bytes[i]);
    return bytes;
}

static void take_pieces(const layout *l, skc_workspace *out)
{
    size_t tensors = (size_t)l->nodes + 1, nodes = (size_t)l->nodes;

    out->value      = skc__arena_take(&out->arena, tensors * sizeof(void *));
    out->gradient   = skc__arena_take(&out->arena, tensors * sizeof(void *));
    out->saved      = skc__arena_take(&out->arena, tensors * sizeof(void *));
    out->prepared   = skc__arena_take(&out->arena, tensors * sizeof(void *));
    out->accumulate = skc__arena_take(&out->arena, nodes * sizeof *l->accumulate);
    out->frozen     = skc__arena_take(&out->arena, nodes * sizeof(bool));
    out->fused      = skc__arena_take(&out->arena, nodes * sizeof *l->fused);
    out->scratch    = skc__arena_take(&out->arena, l->scratch_bytes);
}

static skc_status build(const layout *l, const skc_allocator *allocator, skc_workspace *out,
                        skc_error *err)
{
    unsigned char *base;
    skc_status     status = skc__arena_create(allocator, arena_bytes(l), &out->arena, err);

    if (status != SKC_OK)
        return status;
    take_pieces(l, out);
    base = skc__arena_take(&out->arena, l->shared_bytes);
    for (int32_t t = 0; t <= l->nodes; t++) {
        out->value[t]    = address_of(l, base, t);
        out->gradient[t] = address_of(l, base, gradient_of(l, t));
    }
    for (int32_t i = 0; i < l->nodes; i++) {
        out->saved[i]  = address_of(l, base, saved_of(l, i));
        out->frozen[i] = is_frozen(l, i);
        out->fused[i]  = l->fused[i];
        memcpy(out->accumulate[i], l->accumulate[i], sizeof out->accumulate[i]);
        if (l->prepared_bytes[i] > 0)
            out->prepared[i] = skc__arena_take(&out->arena, l->prepared_bytes[i]);
        else if (l->options->prepared != NULL)
            out->prepared[i] = l->options->prepared->prepared[i];
    }
    return SKC_OK;
}

skc_status skc__workspace_create(const skc_graph *graph, const skc_workspace_options *options,
                                 const skc_allocator *allocator, skc_workspace *out, skc_error *err)
{
    layout                 l = { .graph = graph, .options = options, .nodes = graph->node_count };
    skc_workspace          workspace = { .graph            = graph,
                                         .kernels          = options->kernels,
                                         .threads          = options->threads,
                                         .pool             = options->pool,
                                         .max_batch        = options->max_batch,
                                         .planned_pictures = options->planned_pictures > 0
                                                                 ? options->planned_pictures
                                                                 : options->max_batch,
                                         .training         = options->training,
                                         .compact          = options->compact };
    const skc_plan_context context   = context_of(options);
    size_t                 nodes     = (size_t)l.nodes;
    skc_arena              arena;
    int32_t               *order;
    skc_status             status;

    l.buffer_count = 3 * l.nodes + 2;
    status         = skc__arena_create(allocator,
                                       skc__arena_piece((size_t)l.buffer_count * sizeof(buffer)) +
                                           skc__arena_piece((size_t)l.buffer_count * sizeof(int32_t)) +
                                           skc__arena_piece((nodes + 1) * sizeof(bool)) +
                                           skc__arena_piece(nodes * sizeof *l.accumulate) +
                                           skc__arena_piece(nodes * sizeof *l.fused) +
                                           skc__arena_piece(nodes * sizeof(size_t)),
                                       &arena, err);
    if (status != SKC_OK)
        return status;
    l.buffers        = skc__arena_take(&arena, (size_t)l.buffer_count * sizeof(buffer));
    order            = skc__arena_take(&arena, (size_t)l.buffer_count * sizeof(int32_t));
    l.wanted         = skc__arena_take(&arena, (nodes + 1) * sizeof(bool));
    l.accumulate     = skc__arena_take(&arena, nodes * sizeof *l.accumulate);
    l.fused          = skc__arena_take(&arena, nodes * sizeof *l.fused);
    l.prepared_bytes = skc__arena_take(&arena, nodes * sizeof(size_t));
    for (int32_t i = 0; i < l.buffer_count; i++)
        l.buffers[i].same = -1;
    skc__fuse(graph, fusion_of(options), options->max_batch, &context, l.fused);
    find_wanted(&l);
    status = find_sizes(&l, err);
    if (status == SKC_OK) {
        find_lives(&l);
        find_gradient_lives(&l);
        find_fused(&l);
        find_in_place(&l);
        place(&l, order);
        status = build(&l, allocator, &workspace, err);
    }
    skc__arena_free(&arena);
    if (status != SKC_OK)
        return status;
    if (options->param != NULL && options->prepared == NULL)
        skc__prepare(&workspace, options->param);
    *out = workspace;
    return SKC_OK;
}

void skc__workspace_free(skc_workspace *workspace)
{
    skc__arena_free(&workspace->arena);
}
