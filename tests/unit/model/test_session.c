/* test_session.c - prediction: what goes in, what comes out, and that nothing is allocated. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "../support.h"
#include "model/input.h"
#include "model/model.h"

enum { PICTURES = 5 };

static skc_session *session_of(const skc_model *model, int32_t max_batch,
                               const skc_runtime *runtime)
{
    skc_session *session = NULL;
    skc_error    err;

    assert_works(skc_session_create(model, max_batch, runtime, &session, &err), err);
    return session;
}

static skc_model *model_of(int32_t views, float temperature)
{
    const skc_decision decision = { temperature, 0.5f, views, NULL };
    skc_model         *model    = tiny_model(tiny_mixed, 5, NULL);

    tiny_statistics(model);
    assert_int_equal(skc_model_set_decision(model, &decision, NULL), SKC_OK);
    return model;
}

static void make_pictures(skc_image *images[PICTURES], int32_t width, int32_t height)
{
    for (int32_t i = 0; i < PICTURES; i++)
        images[i] = tiny_picture(i, width, height);
}

static void free_pictures(skc_image *images[PICTURES])
{
    for (int32_t i = 0; i < PICTURES; i++)
        skc_image_free(images[i]);
}

static void predict(skc_session *session, skc_image *const *images, int32_t count, float *out)
{
    skc_error err;

    assert_works(skc_session_predict(session, (const skc_image *const *)images, count, out, &err),
                 err);
}

static void assert_near(const float *a, const float *b, int32_t count, float tolerance)
{
    for (int32_t i = 0; i < count; i++)
        assert_true(fabsf(a[i] - b[i]) <= tolerance);
}

static void test_limits(void **state)
{
    skc_model   *model   = model_of(1, 1);
    skc_runtime  runtime = runtime_of(1);
    skc_session *session = NULL;
    float       *inputs  = tiny_inputs(5), scores[5 * TINY_LABELS];
    skc_error    err;

    (void)state;
    assert_fails(skc_session_create(model, 0, &runtime, &session, &err), SKC_EINVAL, err,
                 "max_batch is 0; 1..4096");
    assert_fails(skc_session_create(model, 4097, &runtime, &session, &err), SKC_EINVAL, err,
                 "4097");
    runtime.threads = 999;
    assert_fails(skc_session_create(model, 4, &runtime, &session, &err), SKC_EINVAL, err,
                 "threads is 999");
    runtime.threads = 1;
    runtime.kernels = "quantum";
    assert_fails(skc_session_create(model, 4, &runtime, &session, &err), SKC_EINVAL, err,
                 "quantum");
    assert_null(session);
    runtime.kernels = NULL;
    session         = session_of(model, 4, &runtime);
    assert_true(skc_session_bytes(session) > 4 * TINY_INPUT * sizeof(float));
    assert_works(skc_session_run(session, inputs, 4, scores, &err), err);
    assert_fails(skc_session_run(session, inputs, 5, scores, &err), SKC_EINVAL, err,
                 "5 inputs; 1..4");
    assert_fails(skc_session_run(session, inputs, 0, scores, &err), SKC_EINVAL, err, "0 inputs");
    assert_fails(skc_session_run(session, inputs, -1, scores, &err), SKC_EINVAL, err, "-1 inputs");
    assert_fails(skc_session_predict(session, NULL, 0, scores, &err), SKC_EINVAL, err,
                 "0 pictures");
    skc_session_free(session);
    skc_session_free(NULL);
    skc_model_free(model);
    free(inputs);
}

/* A session has room for the views of one picture, but runs no more inputs than it was made for. */
static void test_limits_with_views(void **state)
{
    skc_model   *model   = model_of(8, 1);
    skc_session *session = session_of(model, 2, NULL);
    float       *inputs  = tiny_inputs(3), scores[3 * TINY_LABELS];
    skc_image   *picture = tiny_picture(1, 20, 20);

    (void)state;
    assert_int_equal(skc_session_run(session, inputs, 2, scores, NULL), SKC_OK);
    assert_int_equal(skc_session_run(session, inputs, 3, scores, NULL), SKC_EINVAL);
    predict(session, &picture, 1, scores);
    skc_image_free(picture);
    skc_session_free(session);
    skc_model_free(model);
    free(inputs);
}

static void softmax(const float *scores, float temperature, float *out)
{
    double sum = 0, e[TINY_LABELS];

    for (int i = 0; i < TINY_LABELS; i++)
        sum += e[i] = exp((double)scores[i] / (double)temperature);
    for (int i = 0; i < TINY_LABELS; i++)
        out[i] = (float)(e[i] / sum);
}

/* predict = preprocessing, run, softmax with the model's temperature. */
static void test_run_and_predict_agree(void **state)
{
    static const int32_t sizes[][2] = { { 16, 16 }, { 20, 20 }, { 31, 18 }, { 90, 140 } };
    const skc_allocator  heap       = skc__allocator(NULL);
    skc_model           *model      = model_of(1, 2.5f);
    skc_preprocessing    p          = skc_model_preprocessing(model);
    skc_session         *session    = session_of(model, 1, NULL);
    skc_kernels          kernels;

    (void)state;
    assert_int_equal(skc__kernels(NULL, &kernels, NULL), SKC_OK);
    for (int k = 0; k < 4; k++) {
        skc_image   *picture = tiny_picture(k, sizes[k][0], sizes[k][1]);
        float        sampled[TINY_INPUT], input[TINY_INPUT];
        float        scores[TINY_LABELS], wanted[TINY_LABELS], found[TINY_LABELS];
        void        *block;
        skc_pixels   staged;
        skc_sampling sampling;

        assert_int_equal(skc__input_stage(picture, &p, &heap, &staged, &block, NULL), SKC_OK);
        sampling = skc__sampling_plain(staged.width, staged.height, &p, 0);
        skc__sample(&kernels, staged, &sampling, p.width, p.height, sampled);
        skc__input_normalise(&kernels, &p, sampled, input);
        assert_int_equal(skc_session_run(session, input, 1, scores, NULL), SKC_OK);
        softmax(scores, 2.5f, wanted);
        predict(session, &picture, 1, found);
        assert_near(found, wanted, TINY_LABELS, 1e-6f);
        skc__release(&heap, block);
        skc_image_free(picture);
    }
    skc_session_free(session);
    skc_model_free(model);
}

static void test_any_count_in_any_batch(void **state)
{
    skc_model *model = model_of(1, 1);
    skc_image *images[PICTURES];
    float      one[PICTURES * TINY_LABELS], many[PICTURES * TINY_LABELS];

    (void)state;
    make_pictures(images, 40, 28);
    for (int32_t batch = 1; batch <= 6; batch++) {
        skc_session *session = session_of(model, batch, NULL);

        for (int32_t i = 0; i < PICTURES; i++)
            predict(session, &images[i], 1, one + i * TINY_LABELS);
        predict(session, images, PICTURES, many);
        assert_near(one, many, PICTURES * TINY_LABELS, 1e-6f);
        for (int32_t i = 0; i < PICTURES; i++)
            assert_true(fabsf(many[3 * i] + many[3 * i + 1] + many[3 * i + 2] - 1) < 1e-6f);
        skc_session_free(session);
    }
    assert_true(fabsf(many[0] - many[3]) > 1e-4f); /* pictures differ, and so do their answers */
    free_pictures(images);
    skc_model_free(model);
}

/* The picture mirrored (bits 0 and 1) and with its axes exchanged (bit 2). */
static skc_image *turned(skc_image *image, int32_t symmetry)
{
    int32_t        side = skc_image_width(image);
    skc_image     *out  = NULL;
    const uint8_t *from = skc_image_pixels(image);
    uint8_t       *to;

    assert_int_equal(skc_image_create(side, side, NULL, NULL, &out, NULL), SKC_OK);
    to = skc_image_pixels_mutable(out);
    for (int32_t y = 0; y < side; y++)
        for (int32_t x = 0; x < side; x++) {
            int32_t a = symmetry & 4 ? y : x, b = symmetry & 4 ? x : y;

            a = symmetry & 1 ? side - 1 - a : a;
            b = symmetry & 2 ? side - 1 - b : b;
            memcpy(to + 3 * (y * side + x), from + 3 * (b * side + a), 3);
        }
    return out;
}

/* Inputs so large that they go through the network one by one: each has the scores that it has
 * alone, and where one is not finite none are written. */
static void test_slices(void **state)
{
    enum { SIDE = 512, COUNT = 3, VALUES = SIDE * SIDE * 3 };
    static const char wide[] =
        "{\"name\":\"wide\",\"input\":{\"height\":512,\"width\":512,\"channels\":3},\"layers\":["
        "{\"name\":\"c\",\"type\":\"conv2d\",\"filters\":16,\"kernel\":1},"
        "{\"name\":\"m\",\"type\":\"global_avg_pool\"},"
        "{\"name\":\"d\",\"type\":\"dense\",\"units\":3}]}";
    skc_model   *model   = tiny_model(wide, 1, NULL);
    skc_session *session = session_of(model, COUNT, NULL);
    float       *inputs  = malloc((size_t)COUNT * VALUES * sizeof *inputs);
    float        all[COUNT * TINY_LABELS], one[TINY_LABELS];
    skc_error    err;

    (void)state;
    assert_non_null(inputs);
    for (int32_t i = 0; i < COUNT * VALUES; i++)
        inputs[i] = (float)(i / VALUES + 1) * (float)(i % 23 - 11) / 16;
    assert_works(skc_session_run(session, inputs, COUNT, all, &err), err);
    for (int32_t i = 0; i < COUNT; i++) {
        assert_works(skc_session_run(session, inputs + (ptrdiff_t)i * VALUES, 1, one, &err), err);
        assert_memory_equal(one, all + (ptrdiff_t)i * TINY_LABELS, sizeof one);
    }
    assert_true(memcmp(all, all + TINY_LABELS, sizeof one) != 0);
    for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
        all[i] = 7;
    inputs[(COUNT - 1) * VALUES] = NAN;
    assert_fails(skc_session_run(session, inputs, COUNT, all, &err), SKC_EINVAL, err,
                 "is not finite");
    for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
        assert_true(all[i] == 7);
    free(inputs);
    skc_session_free(session);
    skc_model_free(model);
}

static void test_eight_views(void **state)
{
    skc_model   *plain = model_of(1, 1), *eight = model_of(8, 1);
    skc_session *single              = session_of(plain, 1, NULL);
    skc_image   *picture             = tiny_picture(4, 20, 20);
    float        wanted[TINY_LABELS] = { 0 }, one[TINY_LABELS], found[2 * TINY_LABELS];

    (void)state;
    for (int32_t s = 0; s < 8; s++) {
        skc_image *view = turned(picture, s);

        predict(single, &view, 1, one);
        for (int i = 0; i < TINY_LABELS; i++)
            wanted[i] += one[i] / 8;
        skc_image_free(view);
    }
    predict(single, &picture, 1, one);
    for (int32_t batch = 1; batch <= 17; batch += 8) {
        skc_session *session   = session_of(eight, batch, NULL);
        skc_image   *images[2] = { picture, picture };

        predict(session, images, 2, found);
        assert_near(found, wanted, TINY_LABELS, 2e-5f);
        assert_near(found + TINY_LABELS, wanted, TINY_LABELS, 2e-5f);
        skc_session_free(session);
    }
    assert_true(fabsf(one[0] - wanted[0]) > 1e-4f);
    skc_image_free(picture);
    skc_session_free(single);
    skc_model_free(plain);
    skc_model_free(eight);
}

/* The allocator refuses whatever it is asked for: nobody asks. */
static void test_allocates_nothing(void **state)
{
    faults       f       = { 0, 0 };
    skc_runtime  runtime = faults_runtime(&f);
    skc_model   *model   = model_of(8, 1);
    skc_session *session = session_of(model, 2, &runtime);
    skc_image   *large = tiny_picture(1, 200, 150), *other = tiny_picture(2, 200, 150);
    skc_image   *small  = tiny_picture(2, 60, 40);
    float       *inputs = tiny_inputs(2), scores[2 * TINY_LABELS], first[TINY_LABELS];

    (void)state;
    f.fail_at = 1;
    assert_int_equal(skc_session_run(session, inputs, 2, scores, NULL), SKC_OK);
    assert_int_equal(f.fail_at, 1);
    f.fail_at = 0;
    predict(session, &large, 1, first);
    f.fail_at = 1;
    predict(session, &other, 1, scores);
    predict(session, &large, 1, scores);
    predict(session, &small, 1, scores); /* less than has been needed before */
    predict(session, &large, 1, scores);
    assert_int_equal(f.fail_at, 1);
    assert_memory_equal(first, scores, sizeof first);
    skc_image_free(large);
    skc_image_free(other);
    skc_image_free(small);
    skc_session_free(session);
    assert_int_equal(f.live, 0);
    skc_model_free(model);
    free(inputs);
}

static void test_not_finite(void **state)
{
    skc_model   *model   = tiny_model(tiny_plain, 1, NULL);
    skc_session *session = session_of(model, 1, NULL);
    float       *inputs = tiny_inputs(1), scores[TINY_LABELS] = { 7, 7, 7 };
    skc_error    err;

    (void)state;
    for (int i = 0; i < TINY_INPUT; i++)
        inputs[i] = INFINITY;
    assert_fails(skc_session_run(session, inputs, 1, scores, &err), SKC_EINVAL, err,
                 "is not finite");
    assert_true(scores[0] == 7 && scores[2] == 7);
    skc_session_free(session);
    skc_model_free(model);
    free(inputs);
}

static void test_kernel_sets_agree(void **state)
{
    skc_model  *model   = model_of(1, 1);
    skc_image  *picture = tiny_picture(3, 64, 64);
    skc_runtime runtime = runtime_of(2);
    float       wanted[TINY_LABELS], found[TINY_LABELS];

    (void)state;
    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++) {
        skc_session *session;

        runtime.kernels = skc_kernel_set(i);
        session         = session_of(model, 1, &runtime);
        predict(session, &picture, 1, i == 0 ? wanted : found);
        if (i > 0)
            assert_near(found, wanted, TINY_LABELS, 1e-5f);
        skc_session_free(session);
    }
    skc_image_free(picture);
    skc_model_free(model);
}

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_session *session = NULL;
    skc_image   *picture = tiny_picture(1, 100, 80);
    float        scores[TINY_LABELS];
    skc_status   status = skc_session_create(context, 2, runtime, &session, NULL);

    if (status == SKC_OK)
        status = skc_session_predict(session, (const skc_image *const *)&picture, 1, scores, NULL);
    skc_session_free(session);
    skc_image_free(picture);
    return status;
}

/* Where only the room for next time is not to be had, the prediction works all the same; the counts
 * of failing attempts and of allocations therefore differ. */
static void test_out_of_memory(void **state)
{
    skc_model *model  = model_of(8, 1);
    int32_t    failed = 0;

    (void)state;
    for (int64_t n = 1; n < 100; n++) {
        faults      f       = { n, 0 };
        skc_runtime runtime = faults_runtime(&f);
        skc_status  status  = attempt(model, &runtime);

        assert_int_equal(f.live, 0);
        assert_true(status == SKC_OK || status == SKC_ENOMEM);
        failed += status == SKC_ENOMEM;
        if (f.fail_at > 0) {
            assert_int_equal(status, SKC_OK);
            assert_in_range(n - 1 - failed, 0, 1);
            assert_true(failed >= 8);
            skc_model_free(model);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_limits_with_views),
        cmocka_unit_test(test_run_and_predict_agree),
        cmocka_unit_test(test_any_count_in_any_batch),
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_eight_views),
        cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_kernel_sets_agree),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
