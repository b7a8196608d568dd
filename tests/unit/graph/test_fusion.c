/* test_fusion.c - what is fused and what is not, and that it makes no difference to a step. */
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
#include "unfused.h"

enum { BATCH = 4, MAX_TESTED = 512 };

/* ---------------------------------------------------------------- decisions */

#define IN "{\"name\":\"n\",\"input\":{\"height\":8,\"width\":8},\"layers\":["
#define END                                                                                        \
    "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"                                             \
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}"
#define LAYER(name, type, input)                                                                   \
    "{\"name\":\"" name "\",\"type\":\"" type "\",\"inputs\":[\"" input "\"]},"
#define CONV(name, input)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"conv2d\",\"filters\":3,\"kernel\":1,"                       \
    "\"inputs\":[\"" input "\"]},"
#define POOL(name, input)                                                                          \
    "{\"name\":\"" name "\",\"type\":\"max_pool\",\"kernel\":2,\"inputs\":[\"" input "\"]},"
#define ADD(name, a, b) "{\"name\":\"" name "\",\"type\":\"add\",\"inputs\":[\"" a "\",\"" b "\"]},"
#define DROPOUT(name, input)                                                                       \
    "{\"name\":\"" name "\",\"type\":\"dropout\",\"rate\":0.5,\"inputs\":[\"" input "\"]},"

/* An architecture, and what becomes of the layers that are listed: "layer:" and of s (skipped),
 * u (unstored), v (read through a view), g (its gradient is), p (does the pool behind it), c (a
 * clamp behind it). */
typedef struct decision {
    const char *architecture, *fates;
} decision;

static const decision decisions[] = {
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") LAYER("r", "relu", "b") CONV("d", "r") END,
      "a:g b:uvc r:sv d: gap: logits:" },
    { IN CONV("a", "input") LAYER("r", "relu", "a") POOL("p", "r") CONV("d", "p") END,
      "a:pc r:s p:s d:" },
    { IN CONV("a", "input") LAYER("r", "relu6", "a") CONV("d", "r") END, "a:c r:s d:" },
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") LAYER("r", "relu", "b") POOL("p", "r") END,
      "a:g b:uv r:sv p:c" },
    /* two readers of the batchnorm, one of which must have it stored; and both not */
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") LAYER("r", "relu", "b") ADD("s", "b", "r")
          END,
      "a:g b: r: s:" },
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") CONV("d", "b") ADD("s", "b", "d") END,
      "a:g b:uv d: s:" },
    /* two readers of the clamp, and of what it reads */
    { IN CONV("a", "input") LAYER("r", "relu", "a") CONV("d", "r") ADD("s", "r", "d") END,
      "a:c r:s d: s:" },
    { IN CONV("a", "input") LAYER("r", "relu", "a") ADD("s", "r", "a") LAYER("q", "relu", "s") END,
      "a: r: s:c q:s" },
    /* two readers of what the batchnorm reads: its gradient is a sum */
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") ADD("s", "a", "b") END, "a: b:uv s:" },
    /* a clamp before the batchnorm */
    { IN CONV("a", "input") LAYER("r", "relu", "a") LAYER("b", "batchnorm", "r") CONV("d", "b") END,
      "a:c r:s b:uv d:" },
    /* a batchnorm of the input, of a pool, of a batchnorm, of a sum */
    { IN LAYER("b", "batchnorm", "input") CONV("d", "b") END, "b:uv d:" },
    { IN POOL("p", "input") LAYER("b", "batchnorm", "p") CONV("d", "b") END, "p:g b:uv d:" },
    { IN LAYER("b", "batchnorm", "input") LAYER("e", "batchnorm", "b") CONV("d", "e") END,
      "b: e:uv d:" },
    { IN CONV("a", "input") ADD("s", "a", "input") LAYER("b", "batchnorm", "s")
          LAYER("r", "relu", "b") CONV("d", "r") END,
      "a: s:g b:uvc r:sv d:" },
    /* what stands between */
    { IN CONV("a", "input") LAYER("b", "batchnorm", "a") DROPOUT("o", "b") LAYER("r", "relu", "o")
          CONV("d", "r") END,
      "a:g b: o: r: d:" },
    { IN CONV("a", "input") LAYER("r", "relu", "a") LAYER("q", "relu6", "r") CONV("d", "q") END,
      "a:c r:s q: d:" },
    { IN CONV("a", "input") LAYER("r", "relu6", "a") LAYER("q", "relu", "r") POOL("p", "q")
          LAYER("t", "relu", "p") CONV("d", "t") END,
      "a:c r:s q:s p:c t: d:" },
    { IN LAYER("r", "relu", "input") CONV("d", "r") END, "r: d:" },
    /* the end */
    { IN CONV("a", "input")
          LAYER("g", "global_avg_pool", "a") "{\"name\":\"l\",\"type\":\"dense\",\"units\":3},"
                                             "{\"name\":\"b\",\"type\":\"batchnorm\"}]}",
      "a: g: l:g b:" },
    { IN CONV("a", "input")
          LAYER("g", "global_avg_pool",
                "a") "{\"name\":\"l\",\"type\":\"dense\",\"units\":3},"
                     "{\"name\":\"b\",\"type\":\"batchnorm\"},{\"name\":\"r\",\"type\":\"relu\"}]}",
      "l:g b:c r:s" },
};

static void fuse(const skc_model *model, skc_fusion fusion, skc_fused *fused)
{
    const skc_plan_context context = { .threads = 2, .training = fusion == SKC_FUSE_ALL };

    skc__fuse(&model->graph, fusion, BATCH, &context, fused);
}

static int32_t node_named(const skc_graph *graph, const char *name, size_t length)
{
    for (int32_t i = 0; i < graph->node_count; i++)
        if (strlen(graph->nodes[i].name) == length &&
            memcmp(graph->nodes[i].name, name, length) == 0)
            return i;
    fail_msg("no layer %.*s", (int)length, name);
    return -1;
}

static void describe(const skc_fused *fused, int32_t i, char text[8])
{
    const struct {
        bool is;
        char letter;
    } letters[] = { { fused[i].skipped, 's' },   { skc__is_unstored(fused, i), 'u' },
                    { fused[i].view >= 0, 'v' }, { fused[i].gradient_view >= 0, 'g' },
                    { fused[i].pool >= 0, 'p' }, { skc__is_clamped(fused, i), 'c' } };

    for (size_t k = 0; k < sizeof letters / sizeof letters[0]; k++)
        if (letters[k].is)
            *text++ = letters[k].letter;
    *text = '\0';
}

static void assert_decision(const decision *d)
{
    skc_model *model = tiny_model(d->architecture, 1, NULL);
    skc_fused  fused[MAX_TESTED];

    fuse(model, SKC_FUSE_ALL, fused);
    for (const char *at = d->fates; *at != '\0'; at += strspn(at, " ")) {
        size_t  name = strcspn(at, ":"), letters = strcspn(at + name + 1, " ");
        char    found[8];
        int32_t i = node_named(&model->graph, at, name);

        describe(fused, i, found);
        if (strlen(found) != letters || memcmp(found, at + name + 1, letters) != 0)
            fail_msg("%s: %s is \"%s\" (%s)", d->fates, model->graph.nodes[i].name, found,
                     d->architecture);
        at += name + 1 + letters;
    }
    skc_model_free(model);
}

static void test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++)
        assert_decision(&decisions[i]);
}

static void test_clamps_are_those_of_the_layers(void **state)
{
    skc_model *model = tiny_model(decisions[2].architecture, 1, NULL);
    skc_fused  fused[MAX_TESTED];

    (void)state;
    fuse(model, SKC_FUSE_ALL, fused);
    assert_true(fused[0].low == 0 && fused[0].high == 6);
    assert_true(fused[1].low == -INFINITY && fused[1].high == INFINITY);
    skc_model_free(model);
}

static void test_off_fuses_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
        skc_model *model = tiny_model(decisions[i].architecture, 1, NULL);
        skc_fused  fused[MAX_TESTED];
        char       found[8];

        fuse(model, SKC_FUSE_NOTHING, fused);
        for (int32_t k = 0; k < model->graph.node_count; k++) {
            describe(fused, k, found);
            assert_string_equal(found, "");
        }
        skc_model_free(model);
    }
}

/* Every batchnorm of these nets is read through its view, every clamp is done by a neighbour. */
static void test_nets_are_fused_throughout(void **state)
{
    static const char *const nets[] = { "resnet18",          "mobilenetv1", "mobilenetv2",
                                        "mobilenet_edgetpu", "seed",        "vgg16" };

    (void)state;
    for (size_t n = 0; n < sizeof nets / sizeof nets[0]; n++) {
        skc_model *model = tiny_model(nets[n], 1, NULL);
        skc_fused  fused[MAX_TESTED];

        assert_true(model->graph.node_count <= MAX_TESTED);
        fuse(model, SKC_FUSE_ALL, fused);
        for (int32_t i = 0; i < model->graph.node_count; i++) {
            const skc_layer_ops *ops = model->graph.nodes[i].ops;

            const int32_t before = model->graph.nodes[i].in[0] - 2; /* the one before the clamp */

            if (strcmp(nets[n], "seed") == 0 && ops->is_max_pool)
                assert_int_equal(fused[before].pool, i);
            if (!ops->is_max_pool)
                assert_int_equal(fused[i].skipped, ops->as_clamp != NULL);
            assert_int_equal(skc__is_unstored(fused, i), ops->as_gradient_view != NULL);
            assert_int_equal(skc__passes_gradient(&model->graph, fused, i),
                             ops->as_gradient_view != NULL);
        }
        skc_model_free(model);
    }
}

/* ---------------------------------------------------------------- a step */

/* What a step leaves: the scores, then gradients and new statistics of all parameters. */
typedef struct outcome {
    float *scores, **param; /* by number, in one block with the scores */
    size_t score_count;
    float *block;
} outcome;

static outcome make_outcome(const skc_model *model)
{
    size_t  params = (size_t)model->graph.param_count, at = 0, count;
    outcome o = { .score_count = BATCH * 3 };

    free(copy_params(model, &count));
    o.block = calloc(o.score_count + count, sizeof(float));
    o.param = calloc(params, sizeof(float *));
    assert_true(o.block != NULL && o.param != NULL);
    o.scores = o.block;
    for (size_t p = 0; p < params; p++) {
        o.param[p] = o.block + o.score_count + at;
        at += skc__param_count(skc__graph_param(&model->graph, (int32_t)p, NULL));
    }
    return o;
}

static void free_outcome(outcome *o)
{
    free(o->block);
    free(o->param);
}

/* One step over `model`, statistics and gradients into the outcome. */
static size_t take_step(const skc_model *model, skc_workspace_options options, int32_t kernel_set,
                        const outcome *o)
{
    const skc_allocator heap = skc__allocator(NULL);
    const skc_walk      walk = { .n        = BATCH,
                                 .param    = (const float *const *)model->param,
                                 .stat     = o->param,
                                 .training = true,
                                 .seed     = 5 };
    skc_kernels         kernels;
    skc_workspace       w;
    skc_error           err;
    int32_t             last = model->graph.node_count;
    size_t              bytes;

    assert_works(skc__kernels_for(skc__cpu_probe(), skc_kernel_set(kernel_set), &kernels, &err),
                 err);
    options.kernels = &kernels;
    assert_works(skc__workspace_create(&model->graph, &options, &heap, &w, &err), err);
    for (size_t i = 0; i < BATCH * skc__shape_count(model->graph.input); i++)
        w.value[0][i] = 2 * sinf((float)(i * i % 1009));
    skc__forward(&w, &walk);
    memcpy(o->scores, w.value[last], o->score_count * sizeof(float));
    if (w.gradient[last] != NULL) {
        for (size_t i = 0; i < o->score_count; i++)
            w.gradient[last][i] = cosf((float)i);
        skc__backward(&w, &walk, o->param);
    }
    bytes = w.arena.size;
    skc__workspace_free(&w);
    return bytes;
}

static void assert_same_step(const skc_model *model, const bool *frozen, int32_t kernel_set)
{
    skc_workspace_options options = {
        .max_batch = BATCH, .threads = 2, .training = true, .frozen = frozen, .unfused = true
    };
    outcome apart = make_outcome(model), fused = make_outcome(model);

    take_step(model, options, kernel_set, &apart);
    options.unfused = false;
    take_step(model, options, kernel_set, &fused);
    assert_near_unfused("scores", apart.scores, fused.scores, apart.score_count, 2e-4, 1e-7);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        char                  what[256];
        int32_t               node;
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, &node);

        snprintf(what, sizeof what, "%s, kernels %d, %s.%s", model->graph.name, kernel_set,
                 model->graph.nodes[node].name, spec->name);
        assert_near_unfused(what, apart.param[p], fused.param[p], skc__param_count(spec), 2e-4,
                            1e-7);
    }
    free_outcome(&apart);
    free_outcome(&fused);
}

static skc_model *small_model(const char *architecture, int32_t height, float width_factor)
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
    options.height       = height;
    options.width        = height + 8;
    options.width_factor = width_factor;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    tiny_statistics(model);
    return model;
}

static void test_a_step_of_each_net(void **state)
{
    (void)state;
    for (int32_t i = 0; skc_architecture_name(i) != NULL; i++) {
        skc_model *model  = small_model(skc_architecture_name(i), 64, 0.25f);
        bool      *frozen = calloc((size_t)model->graph.node_count, 1);

        assert_non_null(frozen);
        assert_same_step(model, frozen, 0);
        assert_same_step(model, frozen, 1);
        for (int32_t k = 0; k < model->graph.node_count; k++)
            frozen[k] = k < 12 || k % 5 == 0;
        assert_same_step(model, frozen, 0);
        free(frozen);
        skc_model_free(model);
    }
}

static void test_a_step_of_small_graphs(void **state)
{
    (void)state;
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
        for (size_t i = 0; i < sizeof decisions / sizeof decisions[0]; i++) {
            skc_model *model = tiny_model(decisions[i].architecture, 1, NULL);

            tiny_statistics(model);
            assert_same_step(model, NULL, set);
            skc_model_free(model);
        }
    }
}

static void test_a_step_of_random_graphs(void **state)
{
    random_graph g;

    (void)state;
    for (uint64_t seed = 0; seed < 150; seed++) {
        skc_model *model              = tiny_model(random_architecture(&g, seed), seed, NULL);
        bool       frozen[MAX_TESTED] = { false };

        tiny_statistics(model);
        assert_same_step(model, NULL, 0);
        for (int32_t i = 0; i < model->graph.node_count; i++)
            frozen[i] = skc__random_below(&g.random, 3) == 0;
        assert_same_step(model, frozen, 0);
        skc_model_free(model);
    }
}

/* clang-format off */
#define NORMED(name, options)                                                                      \
    "{\"name\":\"" name "\",\"bias\":false," options "},"                                          \
    "{\"name\":\"" name "_bn\",\"type\":\"batchnorm\"},"
#define RELU6(name) "{\"name\":\"" name "\",\"type\":\"relu6\"},"

/* Layers that are large enough for their writers to make batchnorm's sums: direct, with a stride
 * and without, depthwise, of which one writes past the caches, and Winograd's. Clamps are only where
 * the next batchnorm would undo the scale: of a million values some are so near to a clamp that the
 * last bit decides. */
static const char large[] =
    "{\"name\":\"n\",\"input\":{\"height\":172,\"width\":180},\"layers\":["
    NORMED("a", "\"type\":\"conv2d\",\"filters\":68,\"kernel\":3,\"padding\":\"same\"")
    RELU6("a_relu")
    NORMED("b", "\"type\":\"depthwise_conv2d\",\"kernel\":3,\"padding\":1")
    NORMED("c", "\"type\":\"conv2d\",\"filters\":24,\"kernel\":2,\"stride\":2")
    NORMED("d", "\"type\":\"conv2d\",\"filters\":16,\"kernel\":3,\"padding\":1")
    NORMED("e", "\"type\":\"conv2d\",\"filters\":48,\"kernel\":1")
    RELU6("e_relu")
    NORMED("f", "\"type\":\"depthwise_conv2d\",\"kernel\":3,\"stride\":2,\"padding\":\"same\"")
    NORMED("g", "\"type\":\"conv2d\",\"filters\":40,\"kernel\":1")
    END;
/* clang-format on */

static double norm_of(const float *a, const float *b, size_t count)
{
    double squares = 0;

    for (size_t i = 0; i < count; i++) {
        double d = (double)a[i] - (b != NULL ? (double)b[i] : 0);
        squares += d * d;
    }
    return sqrt(squares);
}

/* By norms: some gradients are 0 but for rounding, as a shift's before another batchnorm. */
static void assert_like_step(const skc_model *model, const bool *frozen, int32_t kernel_set)
{
    skc_workspace_options options = {
        .max_batch = BATCH, .threads = 2, .training = true, .frozen = frozen, .unfused = true
    };
    outcome apart = make_outcome(model), fused = make_outcome(model);
    double  largest = 0;

    take_step(model, options, kernel_set, &apart);
    options.unfused = false;
    take_step(model, options, kernel_set, &fused);
    assert_near_unfused("scores", apart.scores, fused.scores, apart.score_count, 2e-4, 1e-7);
    for (int32_t p = 0; p < model->graph.param_count; p++)
        largest =
            fmax(largest, norm_of(apart.param[p], NULL,
                                  skc__param_count(skc__graph_param(&model->graph, p, NULL))));
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        size_t count = skc__param_count(skc__graph_param(&model->graph, p, NULL));
        double off   = norm_of(apart.param[p], fused.param[p], count);

        if (!(off <= 1e-3 * norm_of(apart.param[p], NULL, count) + 1e-6 * largest))
            fail_msg("kernels %d, %s is off by %g of %g", kernel_set, model->param_name[p], off,
                     norm_of(apart.param[p], NULL, count));
    }
    free_outcome(&apart);
    free_outcome(&fused);
}

static void test_a_step_of_large_layers(void **state)
{
    skc_model *model              = tiny_model(large, 3, NULL);
    bool       frozen[MAX_TESTED] = { false };

    (void)state;
    tiny_statistics(model);
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++)
        assert_like_step(model, NULL, set);
    for (int32_t i = 0; i < model->graph.node_count; i++)
        frozen[i] = i % 4 == 1;
    assert_like_step(model, frozen, 0);
    skc_model_free(model);
}

static void test_tallies(void **state)
{
    skc_model *model = tiny_model(large, 3, NULL);
    skc_fused  fused[MAX_TESTED];

    (void)state;
    fuse(model, SKC_FUSE_ALL, fused);
    for (int32_t i = 0; i < model->graph.node_count; i++) {
        if (strcmp(model->graph.nodes[i].ops->name, "batchnorm") != 0)
            continue;
        assert_int_equal(fused[i - 1].tally, i);
        assert_true(fused[i].tallied && fused[i].gradient_tallied);
        assert_int_equal(fused[fused[i + 1].skipped ? i + 2 : i + 1].gradient_tally, i);
    }
    fuse(model, SKC_FUSE_NOTHING, fused);
    for (int32_t i = 0; i < model->graph.node_count; i++)
        assert_true(fused[i].tally < 0 && fused[i].gradient_tally < 0 && !fused[i].tallied &&
                    !fused[i].gradient_tallied);
    skc_model_free(model);
}

/* Whose output has two readers, each of which writes a part of its gradient. */
static void test_no_tally_with_two_readers(void **state)
{
    static const char architecture[] = IN CONV("a", "input") LAYER("b", "batchnorm", "a")
        LAYER("r", "relu", "b") CONV("d", "r") CONV("e", "r") ADD("s", "d", "e") END;
    skc_model *model = tiny_model(architecture, 3, NULL);
    skc_fused  fused[MAX_TESTED];

    (void)state;
    fuse(model, SKC_FUSE_ALL, fused);
    assert_true(fused[1].tallied && !fused[1].gradient_tallied);
    for (int32_t i = 0; i < model->graph.node_count; i++)
        assert_int_equal(fused[i].gradient_tally, -1);
    skc_model_free(model);
}

static void test_fusion_saves_memory(void **state)
{
    static const char *const nets[] = { "resnet18", "mobilenetv2", "mobilenet_edgetpu" };

    (void)state;
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        skc_model            *model   = small_model(nets[i], 96, 0.25f);
        skc_workspace_options options = { .max_batch = BATCH, .threads = 1, .training = true };
        outcome               o       = make_outcome(model);
        size_t                fused   = take_step(model, options, 0, &o);

        options.unfused = true;
        assert_true(10 * fused < 8 * take_step(model, options, 0, &o));
        free_outcome(&o);
        skc_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_clamps_are_those_of_the_layers),
        cmocka_unit_test(test_off_fuses_nothing),
        cmocka_unit_test(test_nets_are_fused_throughout),
        cmocka_unit_test(test_a_step_of_each_net),
        cmocka_unit_test(test_a_step_of_small_graphs),
        cmocka_unit_test(test_a_step_of_random_graphs),
        cmocka_unit_test(test_a_step_of_large_layers),
        cmocka_unit_test(test_tallies),
        cmocka_unit_test(test_no_tally_with_two_readers),
        cmocka_unit_test(test_fusion_saves_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
