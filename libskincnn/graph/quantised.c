/* quantised.c - inference of a folded graph on bytes: its plan and its walk. */
#include "graph/quantised.h"

#include <math.h>
#include <string.h>

static const skc_int8_ops *ops_of(const skc_graph *graph, int32_t node)
{
    return skc__int8_find(graph->nodes[node].ops->int8);
}

static bool keeps_scale(const skc_graph *graph, int32_t tensor)
{
    const skc_int8_ops *ops = tensor > 0 ? ops_of(graph, tensor - 1) : NULL;

    return ops != NULL && ops->keeps_scale;
}

bool skc__has_scale(const skc_graph *graph, int32_t tensor)
{
    return tensor < graph->node_count && !keeps_scale(graph, tensor);
}

skc_int8_scale skc__tensor_scale(const skc_graph *graph, const skc_int8_scale *own, int32_t tensor)
{
    while (keeps_scale(graph, tensor))
        tensor = graph->nodes[tensor - 1].in[0];
    return tensor < graph->node_count ? own[tensor] : (skc_int8_scale){ 1, 0 };
}

skc_scaling skc__scaling(const skc_graph *graph, int32_t p)
{
    int32_t             node;
    const size_t        count = skc__param_count(skc__graph_param(graph, p, &node));
    const skc_int8_ops *ops   = ops_of(graph, node);
    const size_t        c     = (size_t)graph->nodes[node].plan.out.c;

    if (ops == NULL || !ops->has_weights || p != graph->nodes[node].first_param)
        return (skc_scaling){ count, 0, 1 };
    return (skc_scaling){ count, c, ops->channels_last ? 1 : count / c };
}

/* ---------------------------------------------------------------- planning */

/* A tensor's bytes, the last node that reads it, and where it was placed. */
typedef struct piece {
    size_t  bytes, offset;
    int32_t end;
} piece;

typedef struct planning {
    const skc_graph             *graph;
    const float *const          *param;
    const skc_quantisation      *quantisation;
    const skc_quantised_options *options;
    skc_quantised_node          *node;
    skc_int8_scale              *scale;
    bool                        *real;
    piece                       *pieces; /* by tensor */
    size_t                       shared, scratch, prepared;
} planning;

static skc_shape batch_shape(const planning *p, int32_t tensor)
{
    return skc__graph_shape(p->graph, tensor, p->options->max_batch);
}

/* All of the layer of node i but whether it writes floats. */
static void describe(const planning *p, int32_t i, skc_int8_layer *layer)
{
    const skc_node *node = &p->graph->nodes[i];

    *layer = (skc_int8_layer){ .threads   = p->options->threads,
                               .n_in      = node->n_in,
                               .in        = batch_shape(p, node->in[0]),
                               .out       = batch_shape(p, i + 1),
                               .out_scale = p->scale[i + 1],
                               .low       = node->low,
                               .high      = node->high };
    if (node->ops->as_convolution != NULL)
        node->ops->as_convolution(node->config, layer->in, &layer->window);
    if (node->ops->as_clamp != NULL)
        node->ops->as_clamp(node->config, &layer->low, &layer->high);
    for (int32_t k = 0; k < node->n_in; k++)
        layer->in_scale[k] = p->scale[node->in[k]];
    if (node->plan.param_count > 0) {
        layer->weights      = p->param[node->first_param];
        layer->weight_scale = p->quantisation->weight_scale[node->first_param];
    }
    if (node->plan.param_count > 1)
        layer->bias = p->param[node->first_param + 1];
}

/* On bytes or in floats. */
static void choose_ways(planning *p)
{
    const int32_t last = p->graph->node_count - 1;

    for (int32_t i = 0; i <= last; i++) {
        skc_quantised_node *n   = &p->node[i];
        const skc_int8_ops *ops = ops_of(p->graph, i);

        if (ops == NULL || (i == last && !ops->may_write_real))
            continue;
        describe(p, i, &n->layer);
        if (ops->suits == NULL || ops->suits(&n->layer))
            n->ops = ops;
    }
}

/* Floats for what nobody reads as bytes, if it can be written so. */
static void choose_reals(planning *p)
{
    const int32_t tensors = p->graph->node_count + 1;

    p->real[0] = true;
    for (int32_t t = 1; t < tensors; t++)
        p->real[t] = p->node[t - 1].ops == NULL || p->node[t - 1].ops->may_write_real;
    for (int32_t i = 0; i < p->graph->node_count; i++)
        for (int32_t k = 0; k < p->graph->nodes[i].n_in; k++)
            if (p->node[i].ops != NULL)
                p->real[p->graph->nodes[i].in[k]] = false;
    for (int32_t t = 1; t < tensors; t++)
        p->node[t - 1].layer.real = p->real[t];
}

static void need_scratch(planning *p, size_t bytes)
{
    if (bytes > p->scratch)
        p->scratch = bytes;
}

/* Scratch of a node in floats: inputs, output, what it saves, its own scratch. */
static skc_status plan_floats(planning *p, int32_t i, skc_error *err)
{
    /* without prepared parameters a layer needs the scratch of training */
    const skc_plan_context context = { .threads          = p->options->threads,
                                       .training         = true,
                                       .planned_pictures = p->options->planned_pictures };
    const skc_node        *node    = &p->graph->nodes[i];
    skc_layer_plan        *plan    = &p->node[i].plan;
    size_t     bytes  = skc__arena_piece(skc__shape_count(batch_shape(p, i + 1)) * sizeof(float));
    skc_status status = skc__node_infer(p->graph, i, p->options->max_batch, &context, plan, err);

    if (status != SKC_OK)
        return status;
    for (int32_t k = 0; k < node->n_in; k++)
        bytes += skc__arena_piece(skc__shape_count(batch_shape(p, node->in[k])) * sizeof(float));
    need_scratch(p, bytes + skc__arena_piece(plan->saved_bytes) + plan->scratch_bytes);
    return SKC_OK;
}

static skc_status plan_nodes(planning *p, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < p->graph->node_count && status == SKC_OK; i++) {
        const skc_int8_ops   *ops   = p->node[i].ops;
        const skc_int8_layer *layer = &p->node[i].layer;

        if (ops == NULL) {
            status = plan_floats(p, i, err);
            continue;
        }
        if (ops->scratch_bytes != NULL)
            need_scratch(p, ops->scratch_bytes(layer));
        if (ops->prepared_bytes != NULL && p->options->prepared == NULL)
            p->prepared += skc__arena_piece(ops->prepared_bytes(layer));
    }
    return status;
}

/* Tensor t lives from the step of node t - 1 to that of its last reader. */
static bool lives_meet(const planning *p, int32_t a, int32_t b)
{
    return (a > 0 ? a - 1 : 0) <= p->pieces[b].end && (b > 0 ? b - 1 : 0) <= p->pieces[a].end;
}

/* At the lowest offset that meets no earlier tensor that is alive. */
static void place(planning *p, int32_t t)
{
    piece *own   = &p->pieces[t];
    bool   moved = true;

    while (moved) {
        moved = false;
        for (int32_t k = 0; k < t; k++) {
            const piece *other = &p->pieces[k];

            if (lives_meet(p, k, t) && own->offset < other->offset + other->bytes &&
                other->offset < own->offset + own->bytes) {
                own->offset = other->offset + other->bytes;
                moved       = true;
            }
        }
    }
    if (own->offset + own->bytes > p->shared)
        p->shared = own->offset + own->bytes;
}

static skc_status place_tensors(planning *p, skc_error *err)
{
    const int32_t last = p->graph->node_count;

    for (int32_t i = 0; i < last; i++)
        for (int32_t k = 0; k < p->graph->nodes[i].n_in; k++)
            p->pieces[p->graph->nodes[i].in[k]].end = i;
    p->pieces[last].end = last;
    for (int32_t t = 0; t <= last; t++) {
        const size_t count = skc__shape_count(batch_shape(p, t));

        if (count == 0)
            return skc__fail(err, SKC_ELIMIT, "architecture %s: a batch of %d is too large",
                             p->graph->name, p->options->max_batch);
        p->pieces[t].bytes =
            skc__arena_piece(p->real[t] ? count * sizeof(float) : count + SKC_INT8_SLACK);
        if (t == 0 && p->real[t])
            p->pieces[t].bytes = 0; /* the caller has it */
        place(p, t);
    }
    return SKC_OK;
}

static size_t arena_bytes(const planning *p)
{
    const size_t nodes = (size_t)p->graph->node_count, tensors = nodes + 1;

    return skc__arena_piece(nodes * sizeof *p->node) +
           skc__arena_piece(tensors * sizeof *p->scale) +
           skc__arena_piece(tensors * sizeof *p->real) +
           skc__arena_piece(tensors * sizeof(void *)) + skc__arena_piece(p->scratch) + p->shared +
           p->prepared;
}

static void prepare(skc_quantised *q, const skc_quantised *other)
{
    for (int32_t i = 0; i < q->graph->node_count; i++) {
        const skc_int8_ops *ops   = q->node[i].ops;
        skc_int8_layer     *layer = &q->node[i].layer;

        if (ops == NULL || ops->prepared_bytes == NULL)
            continue;
        if (other != NULL) {
            layer->prepared = other->node[i].layer.prepared;
            continue;
        }
        layer->prepared = skc__arena_take(&q->arena, ops->prepared_bytes(layer));
        ops->prepare(layer, layer->prepared, q->scratch);
    }
}

static skc_status build(const planning *p, const skc_allocator *allocator, skc_quantised *q,
                        skc_error *err)
{
    const size_t   nodes = (size_t)p->graph->node_count, tensors = nodes + 1;
    unsigned char *base;
    skc_status     status = skc__arena_create(allocator, arena_bytes(p), &q->arena, err);

    if (status != SKC_OK)
        return status;
    q->node    = skc__arena_take(&q->arena, nodes * sizeof *q->node);
    q->scale   = skc__arena_take(&q->arena, tensors * sizeof *q->scale);
    q->real    = skc__arena_take(&q->arena, tensors * sizeof *q->real);
    q->value   = skc__arena_take(&q->arena, tensors * sizeof *q->value);
    q->scratch = skc__arena_take(&q->arena, p->scratch);
    base       = skc__arena_take(&q->arena, p->shared);
    memcpy(q->node, p->node, nodes * sizeof *q->node);
    memcpy(q->scale, p->scale, tensors * sizeof *q->scale);
    memcpy(q->real, p->real, tensors * sizeof *q->real);
    for (size_t t = 0; t < tensors; t++)
        q->value[t] = base + p->pieces[t].offset;
    q->output = q->value[nodes];
    prepare(q, p->options->prepared);
    return SKC_OK;
}

static skc_status plan(planning *p, const skc_allocator *allocator, skc_quantised *out,
                       skc_error *err)
{
    skc_quantised q      = { .graph            = p->graph,
                             .param            = p->param,
                             .kernels          = p->options->kernels,
                             .pool             = p->options->pool,
                             .threads          = p->options->threads,
                             .planned_pictures = p->options->planned_pictures > 0
                                                     ? p->options->planned_pictures
                                                     : p->options->max_batch };
    skc_status    status = SKC_OK;

    for (int32_t t = 0; t <= p->graph->node_count; t++)
        p->scale[t] = skc__tensor_scale(p->graph, p->quantisation->tensor, t);
    choose_ways(p);
    choose_reals(p);
    status = place_tensors(p, err);
    if (status == SKC_OK)
        status = plan_nodes(p, err);
    if (status == SKC_OK)
        status = build(p, allocator, &q, err);
    if (status == SKC_OK)
        *out = q;
    return status;
}

skc_status skc__quantised_create(const skc_graph *graph, const float *const *param,
                                 const skc_quantisation      *quantisation,
                                 const skc_quantised_options *options,
                                 const skc_allocator *allocator, skc_quantised *out, skc_error *err)
{
    const size_t nodes = (size_t)graph->node_count, tensors = nodes + 1;
    planning     p = {
            .graph = graph, .param = param, .quantisation = quantisation, .options = options
    };
    skc_arena  arena;
    skc_status status = skc__arena_create(allocator,
                                          skc__arena_piece(nodes * sizeof *p.node) +
                                              skc__arena_piece(tensors * sizeof *p.scale) +
                                              skc__arena_piece(tensors * sizeof *p.real) +
                                              skc__arena_piece(tensors * sizeof *p.pieces),
                                          &arena, err);

    if (status != SKC_OK)
        return status;
    p.node   = skc__arena_take(&arena, nodes * sizeof *p.node);
    p.scale  = skc__arena_take(&arena, tensors * sizeof *p.scale);
    p.real   = skc__arena_take(&arena, tensors * sizeof *p.real);
    p.pieces = skc__arena_take(&arena, tensors * sizeof *p.pieces);
    status   = plan(&p, allocator, out, err);
    skc__arena_free(&arena);
    return status;
}

void skc__quantised_free(skc_quantised *quantised)
{
    skc__arena_free(&quantised->arena);
}

/* ---------------------------------------------------------------- walking */

/* Pieces of scratch, one behind the other. */
static void *take(unsigned char **scratch, size_t bytes)
{
    void *taken = *scratch;

    *scratch += skc__arena_piece(bytes);
    return taken;
}

/* Tensor t of n pictures in floats. */
static const float *floats_of(const skc_quantised *q, const float *input, int32_t t, int32_t n,
                              unsigned char **scratch)
{
    const size_t count = skc__shape_count(skc__graph_shape(q->graph, t, n));
    float       *wide;

    if (t == 0)
        return input;
    if (q->real[t])
        return q->value[t];
    wide = take(scratch, count * sizeof *wide);
    q->kernels->int8.dequantise(count, q->value[t], q->scale[t].scale, (float)q->scale[t].zero,
                                wide);
    return wide;
}

static void quantise(const skc_quantised *q, int32_t t, int32_t n, const float *x)
{
    q->kernels->int8.quantise(skc__shape_count(skc__graph_shape(q->graph, t, n)), x,
                              1 / q->scale[t].scale, (float)q->scale[t].zero, q->value[t]);
}

static void forward_floats(const skc_quantised *q, const float *input, int32_t i, int32_t n)
{
    const skc_node *node    = &q->graph->nodes[i];
    unsigned char  *scratch = q->scratch;
    skc_layer_io    io;

    memset(&io, 0, sizeof io);
    io.kernels          = q->kernels;
    io.threads          = q->threads;
    io.pool             = q->pool;
    io.planned_pictures = q->planned_pictures;
    io.n_in             = node->n_in;
    io.out_shape        = skc__graph_shape(q->graph, i + 1, n);
    io.low              = node->low;
    io.high             = node->high;
    for (int32_t k = 0; k < node->n_in; k++)
        io.in[k] = (skc_input){ .data  = floats_of(q, input, node->in[k], n, &scratch),
                                .shape = skc__graph_shape(q->graph, node->in[k], n) };
    for (int32_t p = 0; p < node->plan.param_count; p++)
        io.param[p] = q->param[node->first_param + p];
    io.out     = q->real[i + 1] ? q->value[i + 1]
                                : take(&scratch, skc__shape_count(io.out_shape) * sizeof(float));
    io.saved   = take(&scratch, q->node[i].plan.saved_bytes);
    io.scratch = scratch;
    node->ops->forward(node->config, &io);
    if (!q->real[i + 1])
        quantise(q, i + 1, n, io.out);
}

static void forward_bytes(const skc_quantised *q, int32_t i, int32_t n)
{
    const skc_node *node = &q->graph->nodes[i];
    skc_int8_io     io   = { .layer   = &q->node[i].layer,
                             .kernels = &q->kernels->int8,
                             .pool    = q->pool,
                             .n       = n,
                             .out     = q->real[i + 1] ? NULL : q->value[i + 1],
                             .real    = q->real[i + 1] ? q->value[i + 1] : NULL,
                             .scratch = q->scratch };

    for (int32_t k = 0; k < node->n_in; k++)
        io.in[k] = q->value[node->in[k]];
    q->node[i].ops->forward(&io);
}

void skc__quantised_forward(const skc_quantised *quantised, const float *input, int32_t n)
{
    if (!quantised->real[0])
        quantise(quantised, 0, n, input);
    for (int32_t i = 0; i < quantised->graph->node_count; i++)
        if (quantised->node[i].ops != NULL)
            forward_bytes(quantised, i, n);
        else
            forward_floats(quantised, input, i, n);
}
