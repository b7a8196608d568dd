/* test_pooled.c - a convolution that does the max_pool behind it gives what both give one after the
 * other: the same bits forward, and the same gradients. */
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
#include "unfused.h"

enum { MAX_TESTED = 16 };

/* ---------------------------------------------------------------- cases */

/* Input pixels with so many channels: layer 0 makes them of three. */
#define START(h, w, c)                                                                             \
    "{\"name\":\"n\",\"input\":{\"height\":" #h ",\"width\":" #w "},\"layers\":["                  \
    "{\"name\":\"i\",\"type\":\"conv2d\",\"filters\":" #c ",\"kernel\":1},"
#define CONV(name, filters, options)                                                               \
    "{\"name\":\"" name "\",\"type\":\"conv2d\",\"filters\":" #filters "," options "},"
#define POOL(options) "{\"name\":\"pool\",\"type\":\"max_pool\"," options "},"
#define PLAIN(type)   "{\"name\":\"" type "\",\"type\":\"" type "\"},"
#define END                                                                                        \
    "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"                                             \
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}"

#define SAME3 "\"kernel\":3,\"padding\":\"same\""
#define POOL2 POOL("\"kernel\":2")

typedef struct pooled_case {
    int32_t     batch, pool; /* pool: the max_pool that layer 1, "a", does in training; -1: none */
    const char *architecture;
} pooled_case;

static const pooled_case cases[] = {
    /* direct: rows and columns left over, hanging over, in padding, under several windows or none
     */
    { 2, 2, START(13, 11, 3) CONV("a", 8, SAME3) POOL2 END },
    { 2, 2, START(13, 11, 3) CONV("a", 8, SAME3) POOL("\"kernel\":2,\"ceil_mode\":true") END },
    { 2, 2,
      START(23, 30, 3) CONV("a", 20, "\"kernel\":7,\"stride\":2,\"padding\":3")
          POOL("\"kernel\":3,\"stride\":2,\"padding\":1") END },
    { 3, 2, START(7, 9, 5) CONV("a", 6, "\"kernel\":1") POOL("\"kernel\":3,\"stride\":1") END },
    { 2, 2,
      START(9, 12, 6) CONV("a", 4, "\"kernel\":[3,2],\"groups\":2")
          POOL("\"kernel\":[3,2],\"stride\":[1,3],\"padding\":[1,0,0,1]") END },
    { 2, 2, START(14, 11, 2) CONV("a", 3, SAME3) POOL("\"kernel\":2,\"stride\":3") END },
    { 2, 2, START(6, 5, 4) CONV("a", 17, SAME3) POOL("\"kernel\":[6,5]") END },
    /* several bands in a picture, and small pictures in many parts */
    { 2, 2, START(150, 90, 3) CONV("a", 33, SAME3) POOL2 END },
    { 1, 2, START(120, 70, 3) CONV("a", 64, SAME3) POOL("\"kernel\":3,\"stride\":2") END },
    { 40, 2, START(4, 5, 9) CONV("a", 4, SAME3) POOL2 END },
    /* Winograd's way: as the tiles are, with half a tile left over, across tiles */
    { 2, 2, START(20, 16, 16) CONV("a", 16, SAME3) POOL2 END },
    { 3, 2, START(18, 21, 16) CONV("a", 40, SAME3) POOL2 END },
    { 2, 2, START(19, 21, 16) CONV("a", 18, SAME3) POOL("\"kernel\":4,\"ceil_mode\":true") END },
    { 2, -1, START(20, 16, 16) CONV("a", 16, SAME3) POOL("\"kernel\":3,\"stride\":2") END },
    { 2, -1, START(20, 16, 16) CONV("a", 16, SAME3) POOL("\"kernel\":2,\"padding\":1") END },
    { 1, -1, START(12, 12, 16) CONV("a", 200, SAME3) POOL2 END },
    /* clamps, before and behind; the end of the graph */
    { 2, 3, START(13, 11, 3) CONV("a", 8, SAME3) PLAIN("relu") POOL2 END },
    { 2, 2, START(13, 11, 3) CONV("a", 8, SAME3) POOL2 PLAIN("relu6") END },
    { 2, 3, START(20, 16, 16) CONV("a", 20, SAME3) PLAIN("relu") POOL2 END },
    { 2, 2,
      START(6, 6, 4) CONV("a", 3, SAME3) "{\"name\":\"p\",\"type\":\"max_pool\",\"kernel\":6}]}" },
    /* what is read through a view, what is to be tallied, and a gradient that goes on */
    { 2, -1, START(30, 30, 16) PLAIN("batchnorm") CONV("a", 16, SAME3) PLAIN("relu") POOL2 END },
    { 4, 3,
      START(160, 160, 3) CONV("a", 48, SAME3) PLAIN("relu") POOL2 PLAIN("batchnorm")
          CONV("b", 16, SAME3) END },
    { 2, 3,
      START(21, 18, 3) CONV("a", 16, SAME3) PLAIN("relu")
          POOL2 CONV("b", 24, SAME3) "{\"name\":\"r\",\"type\":\"relu\"},"
                                     "{\"name\":\"p\",\"type\":\"max_pool\",\"kernel\":2}," END },
    { 2, -1, START(21, 18, 3) CONV("a", 5, SAME3) CONV("b", 7, "\"kernel\":3") POOL2 END },
};

/* ---------------------------------------------------------------- walks */

typedef struct result {
    float *scores, **gradient;
    size_t score_count;
    size_t arena;
} result;

static result make_result(const skc_model *model, int32_t batch)
{
    result r = { .score_count = (size_t)batch * 3 };

    r.scores   = calloc(r.score_count, sizeof *r.scores);
    r.gradient = calloc((size_t)model->graph.param_count, sizeof *r.gradient);
    assert_true(r.scores != NULL && r.gradient != NULL);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        r.gradient[p] =
            calloc(skc__param_count(skc__graph_param(&model->graph, p, NULL)), sizeof(float));
        assert_non_null(r.gradient[p]);
    }
    return r;
}

static void free_result(const skc_model *model, result *r)
{
    for (int32_t p = 0; p < model->graph.param_count; p++)
        free(r->gradient[p]);
    free(r->gradient);
    free(r->scores);
}

static void run(const skc_model *model, const skc_workspace_options *options, result *r)
{
    const skc_allocator heap   = skc__allocator(NULL);
    const int32_t       last   = model->graph.node_count;
    const skc_walk      walk   = { .n        = options->max_batch,
                                   .param    = (const float *const *)model->param,
                                   .stat     = r->gradient,
                                   .training = options->training };
    const size_t        inputs = (size_t)walk.n * skc__shape_count(model->graph.input);
    skc_workspace       w;
    skc_error           err;

    assert_works(skc__workspace_create(&model->graph, options, &heap, &w, &err), err);
    for (size_t i = 0; i < inputs; i++)
        w.value[0][i] = 2 * sinf((float)(i * i % 1009));
    skc__forward(&w, &walk);
    memcpy(r->scores, w.value[last], r->score_count * sizeof(float));
    if (options->training) {
        for (size_t i = 0; i < r->score_count; i++)
            w.gradient[last][i] = cosf((float)i);
        skc__backward(&w, &walk, r->gradient);
    }
    r->arena = w.arena.size;
    skc__workspace_free(&w);
}

static void assert_same(const skc_model *model, skc_workspace_options options)
{
    result fused = make_result(model, options.max_batch),
           apart = make_result(model, options.max_batch);

    run(model, &options, &fused);
    options.unfused = true;
    run(model, &options, &apart);
    assert_memory_equal(fused.scores, apart.scores, fused.score_count * sizeof(float));
    for (int32_t p = 0; p < model->graph.param_count && options.training; p++)
        assert_near_unfused(model->param_name[p], apart.gradient[p], fused.gradient[p],
                            skc__param_count(skc__graph_param(&model->graph, p, NULL)), 1e-4, 1e-6);
    free_result(model, &fused);
    free_result(model, &apart);
}

/* ---------------------------------------------------------------- tests */

static skc_model *case_model(const pooled_case *c)
{
    skc_model *model = tiny_model(c->architecture, 5, NULL);

    tiny_statistics(model);
    return model;
}

static void test_decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const skc_plan_context context = { .threads = 1, .training = true };
        skc_model             *model   = case_model(&cases[i]);
        skc_fused              fused[MAX_TESTED];

        assert_true(model->graph.node_count <= MAX_TESTED);
        skc__fuse(&model->graph, SKC_FUSE_ALL, cases[i].batch, &context, fused);
        if (fused[1].pool != cases[i].pool)
            fail_msg("layer 1 does layer %d: %s", fused[1].pool, cases[i].architecture);
        if (cases[i].pool >= 0)
            assert_true(fused[cases[i].pool].skipped);
        skc_model_free(model);
    }
}

static void test_every_case(void **state)
{
    (void)state;
    for (int32_t set = 0; skc_kernel_set(set) != NULL; set++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
            for (int32_t threads = 1; threads <= 3; threads += 2) {
                skc_model            *model   = case_model(&cases[i]);
                skc_workspace_options options = { .max_batch = cases[i].batch, .threads = threads };
                skc_kernels           kernels;
                skc_error             err;

                assert_works(
                    skc__kernels_for(skc__cpu_probe(), skc_kernel_set(set), &kernels, &err), err);
                options.kernels  = &kernels;
                options.training = true;
                assert_same(model, options);
                options.training = false;
                assert_same(model, options); /* nothing prepared */
                options.param = (const float *const *)model->param;
                assert_same(model, options);
                options.compact = true;
                assert_same(model, options);
                skc_model_free(model);
            }
}

/* The gradient of what a frozen convolution writes goes on, and its own is not asked for. */
static void test_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int32_t frozen = 0; frozen < 4; frozen++) {
            skc_model            *model              = case_model(&cases[i]);
            bool                  chosen[MAX_TESTED] = { false };
            skc_workspace_options options            = {
                           .max_batch = cases[i].batch, .threads = 2, .training = true, .frozen = chosen
            };
            skc_kernels kernels;
            skc_error   err;

            chosen[frozen] = true;
            assert_works(skc__kernels_for(skc__cpu_probe(), NULL, &kernels, &err), err);
            options.kernels = &kernels;
            if (model->graph.node_count > 3)
                assert_same(model, options);
            skc_model_free(model);
        }
}

/* Neither the outputs of the convolution nor their gradient are stored. */
static void test_memory(void **state)
{
    skc_model *model =
        tiny_model(START(128, 128, 3) CONV("a", 32, SAME3) PLAIN("relu") POOL2 END, 1, NULL);
    const size_t          outputs = (size_t)4 * 128 * 128 * 32 * sizeof(float);
    result                r       = make_result(model, 4);
    skc_workspace_options options = { .max_batch = 4, .threads = 1, .training = true };
    skc_kernels           kernels;
    skc_error             err;
    size_t                fused;

    (void)state;
    assert_works(skc__kernels_for(skc__cpu_probe(), NULL, &kernels, &err), err);
    options.kernels = &kernels;
    run(model, &options, &r);
    fused           = r.arena;
    options.unfused = true;
    run(model, &options, &r);
    assert_true(fused + outputs < r.arena);
    free_result(model, &r);
    skc_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decisions),
        cmocka_unit_test(test_every_case),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
