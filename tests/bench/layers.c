/* layers.c - the convolutions of a network one by one, found by walking its graph. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layers/geometry.h"

/* ---------------------------------------------------------------- the list */

/* A shape of convolution; the same numbers describe it to the rival. */
typedef struct shape {
    int32_t    groups, bias;
    skc_shape  in, out; /* of one picture */
    skc_window window;
} shape;

typedef struct entry {
    const skc_node *node;
    shape           shape;
    int             count; /* layers of this shape in the network */
} entry;

typedef struct list {
    entry *entries;
    int    count;
} list;

static bool is_depthwise(const skc_node *node)
{
    return strcmp(node->ops->name, "depthwise_conv2d") == 0;
}

static bool is_convolution(const skc_node *node)
{
    return strcmp(node->ops->name, "conv2d") == 0 || is_depthwise(node);
}

/* Copies the option `name` out of a layer's config; leaves `to` where the layer has none. */
static void read_option(const skc_node *node, const char *name, void *to, size_t size)
{
    for (const skc_field *f = node->ops->fields; f->name != NULL; f++)
        if (strcmp(f->name, name) == 0)
            memcpy(to, (const unsigned char *)node->config + f->offset, size);
}

static shape shape_of(const skc_graph *graph, int32_t i)
{
    const skc_node    *node    = &graph->nodes[i];
    skc_window_options options = { .stride = { 0, 0 } };
    bool               bias    = false;
    shape              s;

    memset(&s, 0, sizeof s); /* shapes are compared byte by byte */
    s.in  = skc__graph_shape(graph, node->in[0], 1);
    s.out = skc__graph_shape(graph, i + 1, 1);
    read_option(node, "kernel", options.kernel, sizeof options.kernel);
    read_option(node, "stride", options.stride, sizeof options.stride);
    read_option(node, "dilation", options.dilation, sizeof options.dilation);
    read_option(node, "padding", &options.padding, sizeof options.padding);
    read_option(node, "bias", &bias, sizeof bias);
    s.bias   = bias;
    s.groups = is_depthwise(node) ? s.in.c : 1;
    read_option(node, "groups", &s.groups, sizeof s.groups);
    s.window = skc__window(&options, s.in);
    return s;
}

/* Where nothing learns before a layer, nobody wants its input's gradient. */
static list make_list(const skc_graph *graph, bench_pass pass)
{
    list l = { bench_allocate((size_t)graph->node_count * sizeof(entry)), 0 };

    for (int32_t i = 0; i < graph->node_count; i++) {
        const skc_node *node = &graph->nodes[i];
        shape           s;
        int             k = 0;

        if (!is_convolution(node) || (pass == BENCH_DATA && node->in[0] == 0))
            continue;
        s = shape_of(graph, i);
        while (k < l.count && memcmp(&l.entries[k].shape, &s, sizeof s) != 0)
            k++;
        if (k == l.count)
            l.entries[l.count++] = (entry){ node, s, 0 };
        l.entries[k].count++;
    }
    return l;
}

void bench_print_layers(const skc_model *model, bench_pass pass)
{
    list l = make_list(&model->graph, pass);

    for (int i = 0; i < l.count; i++) {
        const shape    *s = &l.entries[i].shape;
        const skc_axis *h = &s->window.h, *w = &s->window.w;

        printf("count %d groups %d bias %d in %d %d %d out %d %d %d kernel %d %d stride %d %d "
               "dilation %d %d padding %d %d %d %d\n",
               l.entries[i].count, s->groups, s->bias, s->in.c, h->in, w->in, s->out.c, h->out,
               w->out, h->kernel, w->kernel, h->stride, w->stride, h->dilation, w->dilation,
               h->before, w->before, h->after, w->after);
    }
}

/* ---------------------------------------------------------------- one layer */

typedef struct layer {
    const skc_node    *node;
    skc_layer_io       io;
    skc_layer_gradient gradient;
    bench_pass         pass;
} layer;

typedef struct layers {
    skc_kernels kernels;
    skc_pool   *pool;
    int         count;
    layer      *layer;
} layers;

/* Buffers that all layers use in turn, as large as the largest needs. */
typedef struct buffers {
    float *x, *y, *dx, *dy;
    void  *saved, *scratch;
} buffers;

typedef struct sizes {
    size_t x, y, saved, scratch;
} sizes;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static skc_layer_plan plan_of(const layer *l)
{
    const skc_plan_context context = { .threads  = l->io.threads,
                                       .training = l->pass != BENCH_FORWARD };
    skc_layer_plan         plan;
    skc_error              err;

    bench_must(l->node->ops->infer(l->node->config, &l->io.in[0].shape, 1, &context, &plan, &err),
               &err);
    return plan;
}

static void start_layer(layer *l, const entry *e, const layers *all, int32_t batch, int32_t threads)
{
    l->node                = e->node;
    l->io.kernels          = &all->kernels;
    l->io.threads          = threads;
    l->io.pool             = all->pool;
    l->io.planned_pictures = batch;
    l->io.training         = l->pass != BENCH_FORWARD;
    l->io.n_in             = 1;
    l->io.in[0].shape      = e->shape.in;
    l->io.in[0].shape.n    = batch;
    l->io.low              = -INFINITY;
    l->io.high             = INFINITY;
}

static void grow(sizes *s, const layer *l)
{
    skc_layer_plan plan = plan_of(l);

    s->x       = larger(s->x, skc__shape_count(l->io.in[0].shape));
    s->y       = larger(s->y, skc__shape_count(plan.out));
    s->saved   = larger(s->saved, plan.saved_bytes);
    s->scratch = larger(s->scratch, plan.scratch_bytes);
}

static buffers make_buffers(const sizes *s)
{
    buffers b = { .x       = bench_allocate(s->x * sizeof(float)),
                  .y       = bench_allocate(s->y * sizeof(float)),
                  .dx      = bench_allocate(s->x * sizeof(float)),
                  .dy      = bench_allocate(s->y * sizeof(float)),
                  .saved   = bench_allocate(s->saved),
                  .scratch = bench_allocate(s->scratch) };

    bench_fill(b.x, s->x);
    bench_fill(b.y, s->y);
    bench_fill(b.dy, s->y);
    return b;
}

static void finish_layer(layer *l, const buffers *b)
{
    skc_layer_plan plan = plan_of(l);

    l->io.in[0].data = b->x;
    l->io.out        = b->y;
    l->io.out_shape  = plan.out;
    l->io.saved      = b->saved;
    l->io.scratch    = b->scratch;
    l->gradient.out  = b->dy;
    if (l->pass == BENCH_DATA)
        l->gradient.in[0] = b->dx;
    for (int32_t p = 0; p < plan.param_count; p++) {
        size_t count   = skc__param_count(&plan.param[p]);
        float *values  = bench_allocate(count * sizeof *values);
        l->io.param[p] = values;
        bench_fill(values, count);
        if (l->pass == BENCH_WEIGHTS)
            l->gradient.param[p] = bench_allocate(count * sizeof(float));
    }
    if (l->pass == BENCH_FORWARD && l->node->ops->prepare != NULL && plan.prepared_bytes > 0) {
        void *prepared = bench_allocate(plan.prepared_bytes);
        l->node->ops->prepare(l->node->config, &l->io, prepared);
        l->io.prepared = prepared;
    }
}

static void call(void *state)
{
    const layer *l = state;

    if (l->pass == BENCH_FORWARD)
        l->node->ops->forward(l->node->config, &l->io);
    else
        l->node->ops->backward(l->node->config, &l->io, &l->gradient);
}

static void layers_round(void *state, double *seconds)
{
    const layers *s = state;

    for (int i = 0; i < s->count; i++)
        seconds[i] = bench_repeat(call, &s->layer[i], 0.003);
}

bench_task bench_layers(const skc_model *model, int32_t batch, int32_t threads, bench_pass pass)
{
    layers     *s       = bench_allocate(sizeof *s);
    list        l       = make_list(&model->graph, pass);
    skc_runtime runtime = bench_runtime(threads);
    sizes       most    = { 0, 0, 0, 0 };
    buffers     b;
    skc_error   err;

    bench_must(skc__kernels(&runtime, &s->kernels, &err), &err);
    bench_must(skc__pool_create(&runtime, &s->pool, &err), &err);
    s->count = l.count;
    s->layer = bench_allocate((size_t)l.count * sizeof *s->layer);
    for (int i = 0; i < l.count; i++) {
        s->layer[i].pass = pass;
        start_layer(&s->layer[i], &l.entries[i], s, batch, threads);
        grow(&most, &s->layer[i]);
    }
    b = make_buffers(&most);
    for (int i = 0; i < l.count; i++)
        finish_layer(&s->layer[i], &b);
    free(l.entries);
    return (bench_task){ s, s->count, layers_round };
}
