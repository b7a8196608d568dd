/* test_lanes.c - inputs one by one, in batches, and on threads: the same scores. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "model/lanes.h"
#include "model/model.h"

enum { COUNT = 9, THREADS = 4 };

/* Pictures so large that a thread takes them one by one; Winograd's way, and weights to share. */
static const char large[] =
    "{\"name\":\"large\",\"input\":{\"height\":224,\"width\":224,\"channels\":3},\"layers\":["
    "{\"name\":\"a\",\"type\":\"conv2d\",\"filters\":16,\"kernel\":1},"
    "{\"name\":\"b\",\"type\":\"conv2d\",\"filters\":16,\"kernel\":3,\"padding\":\"same\"},"
    "{\"name\":\"r\",\"type\":\"relu\"},"
    "{\"name\":\"p\",\"type\":\"max_pool\",\"kernel\":8},"
    "{\"name\":\"d\",\"type\":\"dense\",\"units\":3}]}";

static float *make_inputs(const skc_model *model, int32_t count)
{
    const size_t values = skc__shape_count(model->graph.input);
    float       *inputs = malloc((size_t)count * values * sizeof *inputs);

    assert_non_null(inputs);
    for (size_t i = 0; i < (size_t)count * values; i++)
        inputs[i] = (float)(i / values + 1) * (float)(i * 2654435761u % 1024) / 4096 - 0.5f;
    return inputs;
}

static skc_session *open_session(const skc_model *model, int32_t max_batch, int32_t threads)
{
    const skc_runtime runtime = runtime_of(threads);
    skc_session      *session = NULL;
    skc_error         err;

    assert_works(skc_session_create(model, max_batch, &runtime, &session, &err), err);
    return session;
}

static void run(skc_session *session, const float *inputs, int32_t count, float *scores)
{
    skc_error err;

    assert_works(skc_session_run(session, inputs, count, scores, &err), err);
}

/* Whatever the number of inputs and of threads: bit by bit the scores of one input alone. */
static void assert_same_scores(const skc_model *model)
{
    const size_t values = skc__shape_count(model->graph.input);
    float       *inputs = make_inputs(model, COUNT);
    float        wanted[COUNT * TINY_LABELS], found[COUNT * TINY_LABELS];

    for (int32_t threads = 1; threads <= THREADS; threads++) {
        skc_session *session = open_session(model, COUNT, threads);

        for (int32_t i = 0; i < COUNT && threads == 1; i++)
            run(session, inputs + (size_t)i * values, 1, wanted + (ptrdiff_t)i * TINY_LABELS);
        for (int32_t count = 1; count <= COUNT; count++) {
            memset(found, 0, sizeof found);
            run(session, inputs, count, found);
            assert_memory_equal(found, wanted, (size_t)count * TINY_LABELS * sizeof *found);
        }
        skc_session_free(session);
    }
    assert_memory_not_equal(wanted, wanted + TINY_LABELS, TINY_LABELS * sizeof *wanted);
    free(inputs);
}

static skc_model *quantised(const char *architecture)
{
    skc_model       *model = tiny_model(architecture, 3, NULL), *result = NULL;
    skc_image       *image    = tiny_picture(1, 64, 64);
    const skc_image *images[] = { image };
    skc_error        err;

    tiny_statistics(model);
    assert_works(skc_model_quantise(model, images, 1, NULL, NULL, &result, &err), err);
    skc_image_free(image);
    skc_model_free(model);
    return result;
}

static void test_same_scores(void **state)
{
    const char *const architectures[] = { tiny_plain, tiny_mixed, large };

    (void)state;
    for (int i = 0; i < 3; i++) {
        skc_model *model = tiny_model(architectures[i], 3, NULL);

        tiny_statistics(model);
        assert_same_scores(model);
        skc_model_free(model);
        model = quantised(architectures[i]);
        assert_same_scores(model);
        skc_model_free(model);
    }
}

/* A number that is not finite, wherever it is: the call fails and writes nothing. */
static void assert_refused(const skc_model *model, int32_t threads)
{
    const size_t values  = skc__shape_count(model->graph.input);
    skc_session *session = open_session(model, COUNT, threads);
    float       *inputs  = make_inputs(model, COUNT);
    float        scores[COUNT * TINY_LABELS];
    skc_error    err;

    for (int32_t bad = 0; bad < COUNT; bad++) {
        float *value = inputs + (size_t)bad * values, kept = *value;

        for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
            scores[i] = 7;
        *value = NAN;
        assert_fails(skc_session_run(session, inputs, COUNT, scores, &err), SKC_EINVAL, err,
                     "not finite");
        for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
            assert_true(scores[i] == 7);
        *value = kept;
    }
    run(session, inputs, COUNT, scores);
    free(inputs);
    skc_session_free(session);
}

static void test_not_finite(void **state)
{
    skc_model *model = tiny_model(tiny_plain, 3, NULL), *bytes = quantised(tiny_plain);

    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++) {
        assert_refused(model, threads);
        assert_refused(bytes, threads);
    }
    skc_model_free(model);
    skc_model_free(bytes);
}

static skc_lanes lanes_of(const skc_folded *folded, skc_pool *pool, const skc_kernels *kernels,
                          bool compact, int32_t most)
{
    const skc_allocator     heap    = skc__allocator(NULL);
    const skc_lanes_options options = { .graph   = &folded->graph,
                                        .param   = folded->param,
                                        .kernels = kernels,
                                        .pool    = pool,
                                        .compact = compact,
                                        .most    = most };
    skc_lanes               lanes;
    skc_error               err;

    assert_works(skc__lanes_create(&options, &heap, &lanes, &err), err);
    return lanes;
}

/* Threads have lanes of their own, but where there is never more than one input, or where a compact
 * model would have to pack its weights for each. */
static void test_plan(void **state)
{
    const skc_runtime runtime = runtime_of(THREADS);
    skc_model        *model   = tiny_model(large, 3, NULL);
    skc_pool         *pool    = NULL;
    skc_kernels       kernels;
    skc_lanes         one, compact, many;

    (void)state;
    assert_int_equal(skc__model_fold(model, NULL), SKC_OK);
    assert_int_equal(skc__kernels(&runtime, &kernels, NULL), SKC_OK);
    assert_int_equal(skc__pool_create(&runtime, &pool, NULL), SKC_OK);
    one     = lanes_of(&model->folded, pool, &kernels, false, 1);
    compact = lanes_of(&model->folded, pool, &kernels, true, 32);
    many    = lanes_of(&model->folded, pool, &kernels, false, 32);
    assert_true(one.count == 0 && one.all.max_batch == 1 && skc__lanes_first(&one) != NULL);
    assert_true(compact.count == 0 && skc__lanes_first(&compact) == NULL);
    assert_true(many.count == THREADS && many.slice == 1 && skc__lanes_first(&many) == NULL);
    assert_true(skc__lanes_bytes(&one) < skc__lanes_bytes(&many));
    skc__lanes_free(&one);
    skc__lanes_free(&compact);
    skc__lanes_free(&many);
    skc__pool_free(pool);
    skc_model_free(model);
}

/* A dense layer of 8 MB: its prepared weights are there once, and not once for each lane. */
static void test_weights_are_shared(void **state)
{
    static const char heavy[] =
        "{\"name\":\"heavy\",\"input\":{\"height\":32,\"width\":32,\"channels\":3},\"layers\":["
        "{\"name\":\"f\",\"type\":\"dense\",\"units\":700},"
        "{\"name\":\"d\",\"type\":\"dense\",\"units\":3}]}";
    skc_model   *model  = tiny_model(heavy, 1, NULL);
    skc_session *single = open_session(model, COUNT, 1);
    skc_session *many   = open_session(model, COUNT, THREADS);

    (void)state;
    assert_true(skc_session_bytes(single) > (size_t)700 * 32 * 32 * 3 * sizeof(float));
    assert_true(skc_session_bytes(many) < skc_session_bytes(single) + ((size_t)2 << 20));
    skc_session_free(single);
    skc_session_free(many);
    skc_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_scores),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_weights_are_shared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
