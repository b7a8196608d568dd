/* test_workspace.c - buffers that share memory give the bits of buffers that do not.
 *
 * The reference has a block of its own for every value, gradient and saved buffer, filled with NaN
 * before each walk, and finds out by itself who writes a gradient first. What is fused shares its
 * input's block: that is no matter of planning. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "graph/workspace.h"
#include "model/model.h"
#include "random_graph.h"

enum { BATCH = 3, MAX_BLOCKS = 2000 };

typedef struct plan {
    skc_workspace workspace;
    void         *blocks[MAX_BLOCKS];
    size_t        sizes[MAX_BLOCKS];
    int32_t       count;
    size_t        bytes; /* of values, gradients and saved buffers */
    size_t        scratch;
} plan;

static void *block_of(plan *p, size_t bytes)
{
    void *block = calloc(1, bytes > 0 ? bytes : 1);

    assert_non_null(block);
    assert_true(p->count < MAX_BLOCKS);
    p->sizes[p->count]    = bytes;
    p->blocks[p->count++] = block;
    return block;
}

static float *floats_of(plan *p, const skc_graph *graph, int32_t tensor)
{
    size_t bytes = skc__shape_count(skc__graph_shape(graph, tensor, BATCH)) * sizeof(float);

    p->bytes += bytes;
    return block_of(p, bytes);
}

static bool learns(const skc_graph *graph, int32_t i, const bool *frozen)
{
    for (int32_t p = 0; p < graph->nodes[i].plan.param_count && !frozen[i]; p++)
        if (graph->nodes[i].plan.param[p].role == SKC_TRAINED)
            return true;
    return false;
}

static skc_plan_context context_of(const skc_workspace_options *options)
{
    return (skc_plan_context){ .threads = options->threads, .training = options->training };
}

static void fuse(const skc_graph *graph, const skc_workspace_options *options, skc_fused *fused)
{
    const skc_plan_context context = context_of(options);
    const skc_fusion       inside  = options->training ? SKC_FUSE_ALL : SKC_FUSE_POOLS;

    skc__fuse(graph, options->unfused ? SKC_FUSE_NOTHING : inside, BATCH, &context, fused);
}

static void make_saved(plan *p, const skc_graph *graph, const skc_workspace_options *options)
{
    skc_plan_context context = context_of(options);
    size_t           scratch = 0;

    for (int32_t i = 0; i < graph->node_count; i++) {
        const int32_t  pool = p->workspace.fused[i].pool;
        skc_layer_plan layer;

        context.pooling = pool >= 0 ? graph->nodes[pool].config : NULL;
        assert_int_equal(skc__node_infer(graph, i, BATCH, &context, &layer, NULL), SKC_OK);
        p->workspace.saved[i] = layer.saved_bytes > 0 ? block_of(p, layer.saved_bytes) : NULL;
        p->bytes += layer.saved_bytes + layer.prepared_bytes;
        if (layer.prepared_bytes > 0)
            p->workspace.prepared[i] = block_of(p, layer.prepared_bytes);
        scratch = layer.scratch_bytes > scratch ? layer.scratch_bytes : scratch;
    }
    p->workspace.scratch = block_of(p, scratch);
    p->scratch           = scratch;
}

static void share_fused(const skc_graph *graph, skc_workspace *w)
{
    for (int32_t i = 0; i < graph->node_count; i++)
        if (w->fused[i].skipped || skc__is_unstored(w->fused, i))
            w->value[i + 1] = w->value[graph->nodes[i].in[0]];
    for (int32_t i = graph->node_count - 1; i >= 0; i--)
        if ((w->fused[i].skipped || skc__passes_gradient(graph, w->fused, i)) &&
            w->gradient[graph->nodes[i].in[0]] != NULL)
            w->gradient[graph->nodes[i].in[0]] = w->gradient[i + 1];
}

static void make_gradients(plan *p, const skc_graph *graph, const bool *frozen)
{
    size_t tensors = (size_t)graph->node_count + 1;
    bool  *written = block_of(p, tensors);

    for (int32_t i = 0; i < graph->node_count; i++) {
        bool wanted = learns(graph, i, frozen);

        for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
            wanted = wanted || p->workspace.gradient[graph->nodes[i].in[k]] != NULL;
        p->workspace.gradient[i + 1] = wanted ? floats_of(p, graph, i + 1) : NULL;
    }
    for (int32_t i = graph->node_count - 1; i >= 0; i--)
        for (int32_t k = 0; k < graph->nodes[i].n_in; k++) {
            p->workspace.accumulate[i][k]  = written[graph->nodes[i].in[k]];
            written[graph->nodes[i].in[k]] = true;
        }
}

static void make_reference(plan *p, const skc_graph *graph, const skc_workspace_options *options)
{
    size_t tensors = (size_t)graph->node_count + 1;

    memset(p, 0, sizeof *p);
    p->workspace            = (skc_workspace){ .graph            = graph,
                                               .kernels          = options->kernels,
                                               .threads          = options->threads,
                                               .max_batch        = BATCH,
                                               .planned_pictures = BATCH,
                                               .training         = options->training };
    p->workspace.value      = block_of(p, tensors * sizeof(float *));
    p->workspace.gradient   = block_of(p, tensors * sizeof(float *));
    p->workspace.saved      = block_of(p, tensors * sizeof(void *));
    p->workspace.prepared   = block_of(p, tensors * sizeof(void *));
    p->workspace.accumulate = block_of(p, tensors * sizeof *p->workspace.accumulate);
    p->workspace.frozen     = block_of(p, tensors);
    if (options->frozen != NULL)
        memcpy(p->workspace.frozen, options->frozen, tensors - 1);
    if (options->training)
        make_gradients(p, graph, p->workspace.frozen);
    for (int32_t t = 0; t <= graph->node_count; t++)
        p->workspace.value[t] = floats_of(p, graph, t);
    p->workspace.fused = block_of(p, tensors * sizeof *p->workspace.fused);
    fuse(graph, options, p->workspace.fused);
    make_saved(p, graph, options);
    share_fused(graph, &p->workspace);
    if (options->param != NULL)
        skc__prepare(&p->workspace, options->param);
}

static void free_reference(plan *p)
{
    while (p->count > 0)
        free(p->blocks[--p->count]);
}

static void fill_nan(float *values, size_t count)
{
    for (size_t i = 0; values != NULL && i < count; i++)
        values[i] = NAN;
}

/* Whether the gradient of tensor t is that of a later one, which may be smaller. */
static bool is_shared(const skc_workspace *w, int32_t t)
{
    for (int32_t later = t + 1; later <= w->graph->node_count; later++)
        if (w->gradient[t] == w->gradient[later])
            return true;
    return false;
}

static void forget(const plan *p)
{
    for (int32_t t = 0; t <= p->workspace.graph->node_count; t++) {
        size_t count = skc__shape_count(skc__graph_shape(p->workspace.graph, t, BATCH));

        fill_nan(p->workspace.value[t], count);
        if (!is_shared(&p->workspace, t))
            fill_nan(p->workspace.gradient[t], count);
    }
}

/* Gradients and new statistics of all parameters, one block. */
typedef struct results {
    float *block, **gradient, **statistic;
    size_t count;
    float *scores;
    size_t score_count;
} results;

static results make_results(const skc_model *model)
{
    size_t  params = (size_t)model->graph.param_count + 1, at = 0;
    results r = { 0 };

    free(copy_params(model, &r.count));
    r.score_count =
        BATCH * skc__shape_count(model->graph.nodes[model->graph.node_count - 1].plan.out);
    r.block     = calloc(2 * r.count + r.score_count, sizeof(float));
    r.gradient  = calloc(params, sizeof(float *));
    r.statistic = calloc(params, sizeof(float *));
    assert_true(r.block != NULL && r.gradient != NULL && r.statistic != NULL);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);

        if (spec->role == SKC_TRAINED)
            r.gradient[p] = r.block + at;
        else
            r.statistic[p] = r.block + r.count + at;
        at += skc__param_count(spec);
    }
    r.scores = r.block + 2 * r.count;
    return r;
}

static void free_results(results *r)
{
    free(r->block);
    free(r->gradient);
    free(r->statistic);
}

/* One walk forward and, in training, back; round makes the inputs differ. */
static void walk(const skc_workspace *w, const skc_model *model, int32_t n, int32_t round,
                 results *r)
{
    const skc_walk step   = { .n        = n,
                              .param    = (const float *const *)model->param,
                              .stat     = r->statistic,
                              .training = w->training,
                              .seed     = 17 + (uint64_t)round };
    int32_t        last   = model->graph.node_count;
    size_t         inputs = (size_t)n * skc__shape_count(model->graph.input);
    size_t         scores = r->score_count / BATCH * (size_t)n;

    memset(r->block, 0, (2 * r->count + r->score_count) * sizeof(float));
    for (size_t i = 0; i < inputs; i++)
        w->value[0][i] = sinf((float)(i * i % 977) + (float)round);
    skc__forward(w, &step);
    memcpy(r->scores, w->value[last], scores * sizeof(float));
    for (size_t i = 0; i < scores; i++)
        assert_true(isfinite(r->scores[i]));
    if (!w->training || w->gradient[last] == NULL)
        return;
    for (size_t i = 0; i < scores; i++)
        w->gradient[last][i] = cosf((float)i);
    skc__backward(w, &step, r->gradient);
}

static void assert_same_walks(const skc_model *model, const skc_workspace_options *options)
{
    const skc_allocator heap = skc__allocator(NULL);
    skc_workspace       planned;
    plan                reference;
    results             a = make_results(model), b = make_results(model);
    skc_error           err;

    assert_works(skc__workspace_create(&model->graph, options, &heap, &planned, &err), err);
    make_reference(&reference, &model->graph, options);
    for (int32_t round = 0; round < 3; round++) {
        int32_t n = round == 1 ? 1 : BATCH;

        forget(&reference);
        walk(&planned, model, n, round, &a);
        walk(&reference.workspace, model, n, round, &b);
        assert_memory_equal(a.block, b.block, (2 * a.count + a.score_count) * sizeof(float));
    }
    for (int32_t t = 0; t <= model->graph.node_count; t++)
        assert_int_equal(planned.gradient[t] == NULL, reference.workspace.gradient[t] == NULL);
    assert_true(planned.arena.size < reference.bytes + reference.scratch ||
                model->graph.node_count < 8);
    free_reference(&reference);
    free_results(&a);
    free_results(&b);
    skc__workspace_free(&planned);
}

static skc_model *model_of(const char *architecture)
{
    static const char *const labels[] = { "a", "b", "c" };
    skc_model_options        options;
    skc_model               *model = NULL;
    skc_error                err;

    skc_model_options_init(&options);
    options.architecture = architecture;
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 3;
    if (architecture[0] != '{') {
        options.height       = 32;
        options.width        = 40;
        options.width_factor = 0.25f;
    }
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    tiny_statistics(model);
    return model;
}

/* Nodes whose number has bit `bit`, or is under -bit, do not learn. */
static void assert_planned(const char *architecture, int32_t threads, bool training, int32_t bit)
{
    skc_model  *model  = model_of(architecture);
    bool       *frozen = calloc((size_t)model->graph.node_count, 1);
    skc_kernels kernels;

    assert_non_null(frozen);
    for (int32_t i = 0; i < model->graph.node_count; i++)
        frozen[i] = bit < 0 ? i < -bit : (i & bit) != 0;
    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    assert_same_walks(model, &(skc_workspace_options){
                                 .max_batch = BATCH,
                                 .threads   = threads,
                                 .training  = training,
                                 .param     = training ? NULL : (const float *const *)model->param,
                                 .kernels   = &kernels,
                                 .frozen    = frozen });
    free(frozen);
    skc_model_free(model);
}

#define IN "\"input\":{\"height\":8,\"width\":8},\"layers\":["
#define END                                                                                        \
    "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"                                             \
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}"
#define CONV(name)        "{\"name\":\"" name "\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":1},"
#define ADD(name, inputs) "{\"name\":\"" name "\",\"type\":\"add\",\"inputs\":[" inputs "]},"
#define RELU(name, input) "{\"name\":\"" name "\",\"type\":\"relu\",\"inputs\":[\"" input "\"]},"

/* What could go wrong when a layer writes over its input. */
static const char *const shared[] = {
    /* the same input twice */
    "{\"name\":\"n\"," IN CONV("a") RELU("r", "a") ADD("s", "\"r\",\"r\"") END,
    /* one reader in place, another later */
    "{\"name\":\"n\"," IN CONV("a") RELU("r", "a") ADD("s", "\"r\",\"a\"") END,
    "{\"name\":\"n\"," IN CONV("a") RELU("r", "a") ADD("s", "\"a\",\"r\"") END,
    /* a chain in place, its start and its middle read again */
    "{\"name\":\"n\"," IN CONV("a") RELU("p", "a") RELU("q", "p") RELU("r", "q")
        ADD("s", "\"r\",\"p\"") ADD("t", "\"a\",\"s\"") END,
    /* sums of sums: gradients that several sums hand through */
    "{\"name\":\"n\"," IN CONV("a") CONV("b") CONV("c") ADD("s", "\"a\",\"b\",\"c\"")
        ADD("t", "\"s\",\"b\"") ADD("u", "\"t\",\"s\",\"a\"") RELU("r", "u") ADD("v", "\"r\",\"t\"")
            END,
    /* the input itself is read by a layer in place, twice */
    "{\"name\":\"n\"," IN RELU("r", "input") RELU("q", "input") ADD("s", "\"r\",\"q\"")
        ADD("t", "\"s\",\"input\"") ADD("u", "\"t\",\"t\"") CONV("z") END,
    /* one memory under two names: a batchnorm that is not stored, and its input */
    "{\"name\":\"n\"," IN CONV("a") "{\"name\":\"b\",\"type\":\"batchnorm\"}," ADD(
        "s", "\"b\",\"a\"") CONV("z") END,
    "{\"name\":\"n\"," IN CONV("a") "{\"name\":\"b\",\"type\":\"batchnorm\"}," ADD(
        "s", "\"a\",\"b\"") ADD("t", "\"s\",\"b\"") CONV("z") END,
    /* dropout and batchnorm in place before a branch */
    "{\"name\":\"n\"," IN CONV("a") "{\"name\":\"d\",\"type\":\"dropout\",\"rate\":0.5},"
                                    "{\"name\":\"bn\",\"type\":\"batchnorm\"}," RELU("r", "bn")
                                        ADD("s", "\"d\",\"r\"") ADD("t", "\"bn\",\"s\"") END,
};

static void test_shared(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++) {
        assert_planned(shared[i], 1, true, 0);
        assert_planned(shared[i], 1, false, 0);
        for (int32_t bit = 1; bit <= 4; bit *= 2)
            assert_planned(shared[i], 1, true, bit);
        for (int32_t frozen = 1; frozen <= 4; frozen++)
            assert_planned(shared[i], 1, true, -frozen);
    }
}

static void test_tiny(void **state)
{
    (void)state;
    for (int32_t threads = 1; threads <= 2; threads++) {
        assert_planned(tiny_mixed, threads, true, 0);
        assert_planned(tiny_mixed, threads, false, 0);
        assert_planned(tiny_plain, threads, true, 0);
    }
    for (int32_t frozen = 1; frozen <= 17; frozen++)
        assert_planned(tiny_mixed, 1, true, -frozen);
    for (int32_t bit = 1; bit <= 16; bit *= 2)
        assert_planned(tiny_mixed, 1, true, bit);
}

static void test_random_graphs(void **state)
{
    random_graph g;

    (void)state;
    for (uint64_t seed = 1000; seed < 1100; seed++) {
        random_architecture(&g, seed);
        assert_planned(g.text, 1, true, 0);
        assert_planned(g.text, 1, true, 1 << seed % 4);
        assert_planned(g.text, 1, false, 0);
    }
}

static void test_every_architecture(void **state)
{
    (void)state;
    for (int32_t i = 0; skc_architecture_name(i) != NULL; i++) {
        assert_planned(skc_architecture_name(i), 2, true, 0);
        assert_planned(skc_architecture_name(i), 1, true, -9);
        assert_planned(skc_architecture_name(i), 1, false, 0);
    }
}

static void test_too_large(void **state)
{
    const skc_allocator   heap  = skc__allocator(NULL);
    skc_model            *model = model_of(tiny_plain);
    skc_kernels           kernels;
    skc_workspace_options options = { .max_batch = INT32_MAX, .threads = 1, .kernels = &kernels };
    skc_workspace         workspace;
    skc_error             err;

    (void)state;
    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    assert_fails(skc__workspace_create(&model->graph, &options, &heap, &workspace, &err),
                 SKC_ELIMIT, err, "tiny_plain", "2147483647");
    skc_model_free(model);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_allocator         a = skc__allocator(runtime);
    skc_kernels           kernels;
    skc_workspace_options options = {
        .max_batch = 2, .threads = 1, .training = true, .kernels = &kernels
    };
    skc_workspace workspace;
    skc_status    status;

    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    status = skc__workspace_create(&((skc_model *)context)->graph, &options, &a, &workspace, NULL);
    if (status == SKC_OK)
        skc__workspace_free(&workspace);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_model *model = model_of(tiny_mixed);

    (void)state;
    assert_int_equal(faults_count(attempt, model), 2);
    skc_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared),        cmocka_unit_test(test_tiny),
        cmocka_unit_test(test_random_graphs), cmocka_unit_test(test_every_architecture),
        cmocka_unit_test(test_too_large),     cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
