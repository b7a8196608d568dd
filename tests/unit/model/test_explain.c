/* test_explain.c - heat lies on what decides, turns with the picture, and comes for every layer;
 * what is refused, and memory. Values are in tests/golden/test_explain.c. */
#define _GNU_SOURCE
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "model/model.h"

static skc_heat run(skc_explainer *explainer, const skc_image *image, int32_t label)
{
    skc_heat  heat;
    skc_error err;

    assert_works(skc_explainer_run(explainer, image, label, &heat, &err), err);
    return heat;
}

static skc_explainer *explainer_of(const skc_model *model, const char *layer)
{
    skc_explainer *explainer = NULL;
    skc_error      err;

    assert_works(skc_explainer_create(model, layer, NULL, &explainer, &err), err);
    return explainer;
}

static void set_views(skc_model *model, int32_t views)
{
    const skc_decision decision = { 1, 0.5f, views, NULL };
    skc_error          err;

    assert_works(skc_model_set_decision(model, &decision, &err), err);
}

static double sum_of(const skc_heat *heat)
{
    double sum = 0;

    for (int32_t i = 0; i < heat->height * heat->width; i++)
        sum += (double)heat->values[i];
    return sum;
}

/* ---------------------------------------------------------------- a decisive patch */

enum { SIDE = 32, PATCH = 8 };

/* Two labels: what is over 0.5 in red speaks for the second, in blue for the first. */
static skc_model *red_or_blue(void)
{
    static const char *const       labels[]      = { "blue", "red" };
    static const skc_preprocessing preprocessing = {
        SIDE, SIDE, SKC_FIT_CENTRE, { 0, 0, 0 }, { 255, 255, 255 }
    };
    static const float weight[] = { 0, 0, 1, 1, 0, 0 }, bias[] = { -0.5f, -0.5f };
    static const float logits[] = { 1, -1, -1, 1 };
    skc_model_options  options;
    skc_model         *model = NULL;
    skc_error          err;

    skc_model_options_init(&options);
    options.architecture = "{\"name\":\"n\",\"input\":{\"height\":32,\"width\":32},\"layers\":["
                           "{\"name\":\"conv\",\"type\":\"conv2d\",\"filters\":2,\"kernel\":1},"
                           "{\"name\":\"relu\",\"type\":\"relu\"},"
                           "{\"name\":\"shrunk\",\"type\":\"avg_pool\",\"kernel\":4,\"stride\":4},"
                           "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
                           "{\"name\":\"logits\",\"type\":\"dense\",\"units\":2,\"bias\":false}]}";
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 2;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    memcpy(model->param[skc__model_find_param(model, "conv.weight")], weight, sizeof weight);
    memcpy(model->param[skc__model_find_param(model, "conv.bias")], bias, sizeof bias);
    memcpy(model->param[skc__model_find_param(model, "logits.weight")], logits, sizeof logits);
    assert_works(skc_model_set_preprocessing(model, &preprocessing, &err), err);
    return model;
}

/* Grey, with a square of one bright channel whose top left corner is (x, y). */
static skc_image *patched(int32_t width, int32_t height, int32_t x, int32_t y, int channel)
{
    skc_image *image = NULL;
    uint8_t   *pixels;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    pixels = skc_image_pixels_mutable(image);
    memset(pixels, 80, 3 * (size_t)width * (size_t)height);
    for (int32_t row = y; row < y + PATCH; row++)
        for (int32_t column = x; column < x + PATCH; column++)
            pixels[3 * (row * width + column) + channel] = 250;
    return image;
}

static void test_patch(void **state)
{
    static const char *const layers[] = { "conv", "relu", "shrunk", NULL };
    skc_model               *model    = red_or_blue();

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        for (int32_t views = 1; views <= 8; views += 7) {
            skc_image     *image = patched(SIDE, SIDE, 20, 4, 0);
            skc_explainer *explainer;
            skc_heat       heat;
            double         within = 0;

            set_views(model, views);
            explainer = explainer_of(model, layers[i]);
            heat      = run(explainer, image, -1);
            assert_int_equal(heat.label, 1);
            for (int32_t row = 4; row < 4 + PATCH; row++)
                for (int32_t column = 20; column < 20 + PATCH; column++)
                    within += (double)heat.values[row * SIDE + column];
            assert_true(heat.values[8 * SIDE + 24] == 1);
            if (i == 1) /* at the input's size, after the relu, nowhere else */
                assert_true(within == sum_of(&heat));
            else
                assert_true(within > 0.35 * sum_of(&heat));
            heat = run(explainer, image, 0); /* nothing speaks for blue */
            assert_true(i == 0 || sum_of(&heat) == 0);
            skc_explainer_free(explainer);
            skc_image_free(image);
        }
    skc_model_free(model);
}

/* The box tells where in a picture that is no square. */
static void test_box(void **state)
{
    skc_model        *model     = red_or_blue();
    skc_preprocessing p         = skc_model_preprocessing(model);
    skc_explainer    *explainer = explainer_of(model, "relu");
    skc_image        *image = patched(96, 64, 50, 40, 2), *out = NULL;
    skc_heat          heat = run(explainer, image, -1);
    skc_error         err;

    (void)state;
    assert_int_equal(heat.label, 0);
    assert_memory_equal(&heat.box, &((skc_box){ 16, 0, 64, 64 }), sizeof heat.box);
    /* the patch's middle (54, 44) is (38, 44) in the box, (19, 22) in the input of half the size */
    assert_true(heat.values[22 * SIDE + 19] > 0.99f);
    assert_works(skc_image_overlay(image, &heat, 1, &out, &err), err);
    assert_memory_equal(skc_image_pixels(out) + 3 * (44 * 96 + 54),
                        ((const uint8_t[]){ 253, 231, 37 }), 3);
    assert_memory_equal(skc_image_pixels(out), skc_image_pixels(image), 3 * 39 * 96);
    skc_image_free(out);
    p.fit = SKC_FIT_SQUASH;
    assert_works(skc_model_set_preprocessing(model, &p, &err), err);
    heat = run(explainer, image, -1);
    assert_memory_equal(&heat.box, &((skc_box){ 0, 0, 96, 64 }), sizeof heat.box);
    assert_true(heat.values[22 * SIDE + 18] > 0.99f);
    skc_image_free(image);
    skc_explainer_free(explainer);
    skc_model_free(model);
}

/* ---------------------------------------------------------------- symmetry */

static skc_image *mirrored(const skc_image *image, bool across, bool down)
{
    int32_t        w = skc_image_width(image), h = skc_image_height(image);
    skc_image     *out  = NULL;
    const uint8_t *from = skc_image_pixels(image);

    assert_int_equal(skc_image_create(w, h, NULL, NULL, &out, NULL), SKC_OK);
    for (int32_t y = 0; y < h; y++)
        for (int32_t x = 0; x < w; x++)
            memcpy(skc_image_pixels_mutable(out) + 3 * (y * w + x),
                   from + 3 * ((down ? h - 1 - y : y) * w + (across ? w - 1 - x : x)), 3);
    return out;
}

static void test_heat_turns_with_the_picture(void **state)
{
    skc_model *model = tiny_model(tiny_mixed, 5, NULL);
    skc_image *image = tiny_picture(1, 24, 24);
    float      plain[TINY_SIDE * TINY_SIDE];

    (void)state;
    tiny_statistics(model);
    set_views(model, 8);
    for (int32_t label = 0; label < TINY_LABELS; label++) {
        skc_explainer *explainer = explainer_of(model, "block.depthwise");
        skc_heat       heat      = run(explainer, image, label);

        memcpy(plain, heat.values, sizeof plain);
        for (int flips = 1; flips < 4; flips++) {
            skc_image *turned = mirrored(image, flips & 1, flips & 2);

            heat = run(explainer, turned, label);
            for (int32_t y = 0; y < TINY_SIDE; y++)
                for (int32_t x = 0; x < TINY_SIDE; x++)
                    assert_float_equal(heat.values[(flips & 2 ? TINY_SIDE - 1 - y : y) * TINY_SIDE +
                                                   (flips & 1 ? TINY_SIDE - 1 - x : x)],
                                       plain[y * TINY_SIDE + x], 1e-3f);
            skc_image_free(turned);
        }
        skc_explainer_free(explainer);
    }
    skc_image_free(image);
    skc_model_free(model);
}

/* ---------------------------------------------------------------- every layer */

static void test_every_layer(void **state)
{
    skc_model     *model   = tiny_model(tiny_mixed, 5, NULL);
    skc_image     *image   = tiny_picture(2, 20, 31);
    skc_session   *session = NULL;
    float          probabilities[TINY_LABELS];
    skc_layer_info layer;
    skc_error      err;
    int32_t        hot = 0;

    (void)state;
    tiny_statistics(model);
    assert_works(skc_session_create(model, 1, NULL, &session, &err), err);
    assert_works(
        skc_session_predict(session, (const skc_image *const[]){ image }, 1, probabilities, &err),
        err);
    for (int32_t i = 0; i < skc_model_layer_count(model); i++) {
        skc_explainer *explainer;

        assert_works(skc_model_layer(model, i, &layer, &err), err);
        explainer = explainer_of(model, layer.name);
        assert_string_equal(skc_explainer_layer(explainer), layer.name);
        for (int32_t label = -1; label < TINY_LABELS; label++) {
            skc_heat heat    = run(explainer, image, label);
            float    largest = 0;

            assert_int_equal(heat.label,
                             label < 0 ? skc_model_decide(model, probabilities) : label);
            for (int32_t k = 0; k < TINY_SIDE * TINY_SIDE; k++) {
                assert_true(heat.values[k] >= 0 && heat.values[k] <= 1);
                largest = fmaxf(largest, heat.values[k]);
            }
            assert_true(largest == 0 || largest == 1);
            hot += largest == 1;
        }
        skc_explainer_free(explainer);
    }
    assert_true(hot > 2 * skc_model_layer_count(model));
    skc_session_free(session);
    skc_image_free(image);
    skc_model_free(model);
}

static void test_default_layer(void **state)
{
    skc_model     *model     = tiny_model(tiny_mixed, 5, NULL);
    skc_explainer *explainer = explainer_of(model, NULL);

    (void)state;
    assert_string_equal(skc_explainer_layer(explainer), "pool2");
    skc_explainer_free(explainer);
    skc_model_free(model);
}

/* By rounded weights: nearly the heat of the model that it was made from, and the same after the
 * way through a file. */
static void test_quantised(void **state)
{
    skc_model       *model = tiny_model(tiny_mixed, 5, NULL), *small = NULL, *again = NULL;
    skc_image       *image  = tiny_picture(1, 20, 20);
    const skc_image *list[] = { image };
    const char      *file   = scratch_path("q.safetensors");
    skc_model       *all[2];
    skc_explainer   *before;
    skc_heat         wanted;
    skc_error        err;

    (void)state;
    tiny_statistics(model);
    assert_works(skc_model_quantise(model, list, 1, NULL, NULL, &small, &err), err);
    assert_works(skc_model_save(small, file, SKC_F32, &err), err);
    assert_works(skc_model_load(file, NULL, &again, &err), err);
    before = explainer_of(model, "block.add");
    wanted = run(before, image, 1);
    assert_true(sum_of(&wanted) > 0);
    all[0] = small, all[1] = again;
    for (int i = 0; i < 2; i++) {
        skc_explainer *explainer = explainer_of(all[i], "block.add");
        skc_heat       heat      = run(explainer, image, 1);

        for (int32_t k = 0; k < TINY_SIDE * TINY_SIDE; k++)
            assert_float_equal(heat.values[k], wanted.values[k], 0.06f);
        skc_explainer_free(explainer);
    }
    skc_explainer_free(before);
    skc_model_free(again);
    skc_model_free(small);
    skc_model_free(model);
    skc_image_free(image);
}

/* ---------------------------------------------------------------- refused; memory */

static void test_refused(void **state)
{
    skc_model     *model = tiny_model(tiny_plain, 5, NULL), *loaded = NULL;
    const char    *file      = scratch_path("c.safetensors");
    skc_image     *image     = tiny_picture(1, 20, 20);
    skc_explainer *explainer = NULL;
    skc_runtime    compact;
    skc_heat       heat;
    skc_error      err;

    (void)state;
    skc_runtime_init(&compact);
    compact.compact = true;
    assert_fails(skc_explainer_create(model, "nothing", NULL, &explainer, &err), SKC_ENOTFOUND, err,
                 "tiny_plain", "nothing");
    assert_fails(skc_explainer_create(model, "input", NULL, &explainer, &err), SKC_ENOTFOUND, err,
                 "input");
    assert_works(skc_model_save(model, file, SKC_F32, &err), err);
    assert_works(skc_model_load(file, &compact, &loaded, &err), err);
    assert_fails(skc_explainer_create(loaded, NULL, NULL, &explainer, &err), SKC_EUNSUPPORTED, err,
                 "compact");
    assert_null(explainer);
    explainer = explainer_of(model, NULL);
    assert_fails(skc_explainer_run(explainer, image, 3, &heat, &err), SKC_EINVAL, err, "3",
                 "-1..2");
    assert_fails(skc_explainer_run(explainer, image, -2, &heat, &err), SKC_EINVAL, err, "-2");
    skc_explainer_free(explainer);
    model->param[0][0] = NAN;
    explainer          = explainer_of(model, NULL);
    assert_fails(skc_explainer_run(explainer, image, -1, &heat, &err), SKC_EINVAL, err, "finite");
    skc_explainer_free(explainer);
    skc_explainer_free(NULL);
    skc_model_free(loaded);
    skc_model_free(model);
    skc_image_free(image);
}

static void test_only_one_pixel(void **state)
{
    static const char *const labels[] = { "a", "b" };
    skc_model_options        options;
    skc_model               *model     = NULL;
    skc_explainer           *explainer = NULL;
    skc_error                err;

    (void)state;
    skc_model_options_init(&options);
    options.architecture = "{\"name\":\"n\",\"input\":{\"height\":4,\"width\":4},\"layers\":["
                           "{\"name\":\"flat\",\"type\":\"flatten\"},"
                           "{\"name\":\"logits\",\"type\":\"dense\",\"units\":2}]}";
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 2;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    assert_fails(skc_explainer_create(model, NULL, NULL, &explainer, &err), SKC_EUNSUPPORTED, err,
                 "more than one pixel");
    explainer = explainer_of(model, "flat");
    skc_explainer_free(explainer);
    skc_model_free(model);
}

typedef struct subject {
    const skc_model *model;
    const skc_image *image;
} subject;

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    const subject *s         = context;
    skc_explainer *explainer = NULL;
    skc_heat       heat;
    skc_status     status = skc_explainer_create(s->model, NULL, runtime, &explainer, NULL);

    if (status == SKC_OK)
        status = skc_explainer_run(explainer, s->image, -1, &heat, NULL);
    skc_explainer_free(explainer);
    return status;
}

/* One allocation may fail and nothing is lost: keeping a picture's memory for the next one. */
static void test_no_memory(void **state)
{
    skc_model *model  = tiny_model(tiny_mixed, 5, NULL);
    skc_image *image  = tiny_picture(1, 90, 70); /* large enough to be scaled down */
    subject    s      = { model, image };
    faults     f      = { 0, 0 };
    int64_t    failed = 0, tried = 0;

    (void)state;
    while (f.fail_at <= 0) {
        skc_runtime runtime;
        skc_status  status;

        f       = (faults){ ++tried, 0 };
        runtime = faults_runtime(&f);
        status  = attempt(&s, &runtime);
        assert_true(status == SKC_OK || status == SKC_ENOMEM);
        assert_int_equal(f.live, 0);
        failed += status == SKC_ENOMEM;
    }
    assert_true(failed >= 8);
    assert_true(failed >= tried - 2);
    skc_image_free(image);
    skc_model_free(model);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patch),
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_heat_turns_with_the_picture),
        cmocka_unit_test(test_every_layer),
        cmocka_unit_test(test_default_layer),
        cmocka_unit_test(test_quantised),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_only_one_pixel),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
