/* explain.c - where in a picture the evidence for a label lies: Grad-CAM (Selvaraju et al., ICCV
 * 2017) over any layer.
 *
 * The model's graph is copied with one node more: a tap behind the layer in question, which hands
 * its input on. All other layers are frozen, so the backward walk goes from the scores to the tap
 * and no further. There layer output A and gradient G of the score meet, and the tap works out the
 * map max(0, sum over channels c of mean(G[c]) A[c]), which it adds to what is for the walk the
 * gradient of its one parameter. */
#include <math.h>
#include <string.h>

#include "graph/workspace.h"
#include "image/overlay.h"
#include "layers/geometry.h"
#include "model/model.h"
#include "model/preparation.h"
#include "model/probability.h"

struct skc_explainer {
    skc_allocator    allocator;
    const skc_model *model;
    skc_kernels      kernels;
    skc_pool        *pool;
    skc_preparation  preparation;
    int32_t          views, tap;           /* node number of the tap */
    skc_shape        shape;                /* of the layer's output, one picture */
    skc_graph        graph;                /* the model's, with the tap; configs are the model's */
    skc_arena        arena;                /* all that follows */
    const float    **param;                /* by number; the tap's, the last, is not read */
    float          **gradient;             /* the same; NULL but for the tap's: the maps */
    bool            *frozen;               /* by node */
    float           *maps;                 /* (views, shape.h, shape.w) */
    float           *probabilities, *heat; /* (labels), (input height, width) */
    skc_workspace    workspace;
};

/* ---------------------------------------------------------------- the tap */

static skc_status tap_infer(const void *config, const skc_shape *in, int32_t n_in,
                            const skc_plan_context *context, skc_layer_plan *plan, skc_error *err)
{
    (void)config, (void)n_in, (void)context, (void)err;
    *plan = (skc_layer_plan){ .out           = in[0],
                              .param_count   = 1,
                              .param         = { { .name   = "map",
                                                   .rank   = 2,
                                                   .extent = { in[0].h, in[0].w },
                                                   .role   = SKC_TRAINED } },
                              .scratch_bytes = (size_t)in[0].c * sizeof(double) };
    return SKC_OK;
}

static void tap_forward(const void *config, const skc_layer_io *io)
{
    (void)config;
    if (io->out != io->in[0].data)
        memcpy(io->out, io->in[0].data, skc__shape_count(io->out_shape) * sizeof(float));
}

/* One picture: a, g (pixels, channels); weights (channels) is scratch. */
static void add_map(size_t pixels, size_t channels, const float *a, const float *g, double *weights,
                    float *map)
{
    memset(weights, 0, channels * sizeof *weights);
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < channels; c++)
            weights[c] += (double)g[i * channels + c];
    for (size_t i = 0; i < pixels; i++) {
        double sum = 0;

        for (size_t c = 0; c < channels; c++)
            sum += weights[c] * (double)a[i * channels + c];
        map[i] += sum > 0 ? (float)(sum / (double)pixels) : 0;
    }
}

static void tap_backward(const void *config, const skc_layer_io *io,
                         const skc_layer_gradient *gradient)
{
    skc_shape shape  = io->out_shape;
    size_t    pixels = (size_t)shape.h * (size_t)shape.w, c = (size_t)shape.c;

    (void)config;
    for (size_t n = 0; n < (size_t)shape.n; n++)
        add_map(pixels, c, io->out + n * pixels * c, gradient->out + n * pixels * c, io->scratch,
                gradient->param[0] + n * pixels);
}

static const skc_layer_ops tap_ops = { .name           = "tap",
                                       .min_inputs     = 1,
                                       .max_inputs     = 1,
                                       .backward_reads = SKC_BACKWARD_READS_OUTPUT,
                                       .in_place       = true,
                                       .infer          = tap_infer,
                                       .forward        = tap_forward,
                                       .backward       = tap_backward };

/* ---------------------------------------------------------------- life */

static skc_status find_layer(const skc_graph *graph, const char *name, int32_t *out, skc_error *err)
{
    for (int32_t i = graph->node_count - 1; i >= 0; i--) {
        skc_shape shape = graph->nodes[i].plan.out;

        if (name != NULL ? strcmp(graph->nodes[i].name, name) == 0 : shape.h > 1 || shape.w > 1) {
            *out = i;
            return SKC_OK;
        }
    }
    if (name == NULL)
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "architecture %s has no layer of more than one pixel to explain by",
                         graph->name);
    return skc__fail(err, SKC_ENOTFOUND, "architecture %s has no layer \"%.100s\"", graph->name,
                     name);
}

/* Node i of the model becomes node i, or i + 1 behind the tap; who read the layer reads the tap. */
static skc_status add_tap(skc_explainer *e, int32_t layer, skc_error *err)
{
    const skc_graph       *from    = &e->model->graph;
    const skc_plan_context context = { .threads = 1, .training = true };
    skc_node              *tap;
    skc_status status = skc__graph_create(from->node_count + 1, 0, &e->allocator, &e->graph, err);

    if (status != SKC_OK)
        return status;
    memcpy(e->graph.name, from->name, sizeof from->name);
    e->graph.input       = from->input;
    e->graph.node_count  = from->node_count + 1;
    e->graph.param_count = from->param_count + 1;
    e->tap               = layer + 1;
    for (int32_t i = 0; i < from->node_count; i++) {
        skc_node *node = &e->graph.nodes[i <= layer ? i : i + 1];

        *node = from->nodes[i];
        for (int32_t k = 0; k < node->n_in; k++)
            node->in[k] += node->in[k] > layer;
    }
    tap  = &e->graph.nodes[e->tap];
    *tap = (skc_node){ .ops         = &tap_ops,
                       .n_in        = 1,
                       .in          = { layer + 1 },
                       .first_param = from->param_count,
                       .low         = -INFINITY,
                       .high        = INFINITY };
    return skc__node_infer(&e->graph, e->tap, 1, &context, &tap->plan, err);
}

static skc_status take_pieces(skc_explainer *e, skc_error *err)
{
    const skc_graph *graph  = &e->graph;
    size_t           params = (size_t)graph->param_count, nodes = (size_t)graph->node_count;
    size_t           maps   = (size_t)e->views * skc__pixels(e->shape) * sizeof(float);
    size_t           pixels = (size_t)graph->input.h * (size_t)graph->input.w;
    size_t           labels = (size_t)e->model->label_count;
    skc_status       status =
        skc__arena_create(&e->allocator,
                          2 * skc__arena_piece(params * sizeof(float *)) + skc__arena_piece(nodes) +
                              skc__arena_piece(maps) + skc__arena_piece(labels * sizeof(float)) +
                              skc__arena_piece(pixels * sizeof(float)),
                          &e->arena, err);

    if (status != SKC_OK)
        return status;
    e->param         = skc__arena_take(&e->arena, params * sizeof *e->param);
    e->gradient      = skc__arena_take(&e->arena, params * sizeof *e->gradient);
    e->frozen        = skc__arena_take(&e->arena, nodes);
    e->maps          = skc__arena_take(&e->arena, maps);
    e->probabilities = skc__arena_take(&e->arena, labels * sizeof(float));
    e->heat          = skc__arena_take(&e->arena, pixels * sizeof(float));
    for (size_t p = 0; p + 1 < params; p++)
        e->param[p] = e->model->param[p];
    for (size_t i = 0; i < nodes; i++)
        e->frozen[i] = i != (size_t)e->tap;
    e->gradient[params - 1] = e->maps;
    return SKC_OK;
}

static skc_status create_preparation(skc_explainer *e, skc_error *err)
{
    const skc_preparation_options options = { .kernels       = &e->kernels,
                                              .pool          = e->pool,
                                              .preprocessing = &e->model->preprocessing,
                                              .views         = e->views,
                                              .inputs        = e->views };

    return skc__preparation_create(&options, &e->allocator, &e->preparation, err);
}

static skc_status fill_explainer(skc_explainer *e, int32_t layer, const skc_runtime *runtime,
                                 skc_error *err)
{
    skc_workspace_options options = { .max_batch = e->views,
                                      .training  = true,
                                      .kernels   = &e->kernels };
    skc_status            status  = skc__kernels(runtime, &e->kernels, err);

    if (status == SKC_OK)
        status = skc__pool_create(runtime, &e->pool, err);
    if (status == SKC_OK)
        status = add_tap(e, layer, err);
    if (status == SKC_OK)
        status = take_pieces(e, err);
    if (status == SKC_OK)
        status = create_preparation(e, err);
    if (status != SKC_OK)
        return status;
    options.pool    = e->pool;
    options.threads = skc__pool_threads(e->pool);
    options.frozen  = e->frozen;
    return skc__workspace_create(&e->graph, &options, &e->allocator, &e->workspace, err);
}

skc_status skc_explainer_create(const skc_model *model, const char *layer,
                                const skc_runtime *runtime, skc_explainer **out, skc_error *err)
{
    skc_allocator  allocator = skc__allocator(runtime);
    skc_explainer *e;
    int32_t        node   = 0;
    skc_status     status = skc__refuse_compact(model, err);

    if (status == SKC_OK)
        status = find_layer(&model->graph, layer, &node, err);
    if (status != SKC_OK)
        return status;
    e = skc__allocate_zeroed(&allocator, sizeof *e, err);
    if (e == NULL)
        return SKC_ENOMEM;
    e->allocator = allocator;
    e->model     = model;
    e->views     = model->views;
    e->shape     = model->graph.nodes[node].plan.out;
    status       = fill_explainer(e, node, runtime, err);
    if (status == SKC_OK)
        *out = e;
    else
        skc_explainer_free(e);
    return status;
}

void skc_explainer_free(skc_explainer *explainer)
{
    skc_allocator allocator;

    if (explainer == NULL)
        return;
    allocator = explainer->allocator;
    skc__pool_free(explainer->pool);
    skc__workspace_free(&explainer->workspace);
    skc__preparation_free(&explainer->preparation);
    skc__arena_free(&explainer->arena);
    skc__graph_free(&explainer->graph);
    skc__release(&allocator, explainer);
}

const char *skc_explainer_layer(const skc_explainer *explainer)
{
    return explainer->graph.nodes[explainer->tap - 1].name;
}

/* ---------------------------------------------------------------- running */

/* The label that the model decides for by these scores (views, labels). */
static skc_status decide(skc_explainer *e, const float *scores, int32_t *label, skc_error *err)
{
    int32_t labels = e->model->label_count;

    for (int32_t i = 0; i < e->views * labels; i++)
        if (!isfinite(scores[i]))
            return skc__fail(err, SKC_EINVAL, "score %d is not finite", i);
    memset(e->probabilities, 0, (size_t)labels * sizeof *e->probabilities);
    for (int32_t view = 0; view < e->views; view++)
        skc__add_softmax(labels, scores + (ptrdiff_t)view * labels, e->model->temperature,
                         1.0 / e->views, e->probabilities);
    if (*label < 0)
        *label = skc_model_decide(e->model, e->probabilities);
    return SKC_OK;
}

/* Fills `maps` by one walk to the scores and one back from the label's. */
static skc_status walk(skc_explainer *e, int32_t *label, skc_error *err)
{
    const skc_walk once = { .n = e->views, .param = e->param };
    int32_t        last = e->graph.node_count, labels = e->model->label_count;
    float         *gradient = e->workspace.gradient[last];
    skc_status     status;

    skc__forward(&e->workspace, &once);
    status = decide(e, e->workspace.value[last], label, err);
    if (status != SKC_OK)
        return status;
    memset(gradient, 0, (size_t)e->views * (size_t)labels * sizeof *gradient);
    for (int32_t view = 0; view < e->views; view++)
        gradient[view * labels + *label] = 1;
    memset(e->maps, 0, (size_t)e->views * skc__pixels(e->shape) * sizeof *e->maps);
    skc__backward(&e->workspace, &once, e->gradient);
    return SKC_OK;
}

/* The map of a view at (x, y) in its input, in pixels. */
static float map_at(const skc_explainer *e, int32_t view, float x, float y)
{
    return skc__map_at(e->maps + (size_t)view * skc__pixels(e->shape), e->shape.w, e->shape.h,
                       x / (float)e->graph.input.w, y / (float)e->graph.input.h);
}

/* Adds the map of a view, turned back. The view's sampling of a picture of the input's size turns
 * the view's pixels to the picture's; its inverse is its transpose, as for every symmetry. */
static void add_view(const skc_explainer *e, int32_t view)
{
    const skc_preprocessing *p = &e->model->preprocessing;
    skc_sampling             s = skc__sampling_plain(p->width, p->height, p, view);

    for (int32_t row = 0; row < p->height; row++)
        for (int32_t column = 0; column < p->width; column++) {
            float x = (float)column + 0.5f - s.matrix[0][2];
            float y = (float)row + 0.5f - s.matrix[1][2];

            e->heat[row * p->width + column] +=
                map_at(e, view, s.matrix[0][0] * x + s.matrix[1][0] * y,
                       s.matrix[0][1] * x + s.matrix[1][1] * y);
        }
}

/* One view is the picture as it lies, of any shape; of several each is a square. */
static void fill_heat(const skc_explainer *e)
{
    int32_t width = e->graph.input.w, pixels = e->graph.input.h * width;
    float   largest = 0;

    memset(e->heat, 0, (size_t)pixels * sizeof *e->heat);
    for (int32_t i = 0; i < pixels && e->views == 1; i++)
        e->heat[i] = map_at(e, 0, (float)(i % width) + 0.5f, (float)(i / width) + 0.5f);
    for (int32_t view = 0; view < e->views && e->views > 1; view++)
        add_view(e, view);
    for (int32_t i = 0; i < pixels; i++)
        largest = fmaxf(largest, e->heat[i]);
    for (int32_t i = 0; i < pixels && largest > 0; i++)
        e->heat[i] /= largest;
}

skc_status skc_explainer_run(skc_explainer *explainer, const skc_image *image, int32_t label,
                             skc_heat *out, skc_error *err)
{
    const skc_model *model = explainer->model;
    skc_status       status;

    if (label < -1 || label >= model->label_count)
        return skc__fail(err, SKC_EINVAL, "label %d; -1..%d is allowed", label,
                         model->label_count - 1);
    status = skc__prepare_pictures(&explainer->preparation, &image, 1,
                                   explainer->workspace.value[0], err);
    if (status == SKC_OK)
        status = walk(explainer, &label, err);
    if (status != SKC_OK)
        return status;
    fill_heat(explainer);
    *out = (skc_heat){ .height = explainer->graph.input.h,
                       .width  = explainer->graph.input.w,
                       .values = explainer->heat,
                       .box    = { 0, 0, image->width, image->height },
                       .label  = label };
    if (model->preprocessing.fit == SKC_FIT_CENTRE)
        out->box = skc_image_centre_square(image);
    return SKC_OK;
}
