/* test_explain.c - Grad-CAM over many layers of three nets against the NumPy reference. */
#include "golden.h"

#include "explain.h"

static skc_json *stored; /* forward.json, which has the architecture text of `mixed` */

static int load(void **state)
{
    (void)state;
    stored = golden_load("tests/golden/forward.json");
    return 0;
}

static int unload(void **state)
{
    (void)state;
    skc__json_free(stored);
    return 0;
}

static const char *name_of(const skc_json *entry)
{
    const skc_json *architecture = skc__json_get(entry, "architecture");
    const char     *name         = skc__json_as_string(architecture);

    return name != NULL ? name : skc__json_as_string(skc__json_get(architecture, "name"));
}

static const skc_json *entry_of(const char *net)
{
    const skc_json *nets = skc__json_get(stored, "nets");

    for (size_t i = 0; i < skc__json_size(nets); i++)
        if (strcmp(name_of(skc__json_at(nets, i)), net) == 0)
            return skc__json_at(nets, i);
    fail_msg("forward.json has no %s", net);
    return NULL;
}

static skc_model *open_model(const struct explain_case *c)
{
    const skc_preprocessing preprocessing = {
        c->side, c->side, SKC_FIT_CENTRE, { 112, 120, 128 }, { 64, 48, 56 }
    };
    const skc_decision decision = { 1, 0.5f, c->views, NULL };
    skc_model         *model =
        golden_model(entry_of(c->net), c->side, c->side, c->factor, EXPLAIN_LABELS, -1);
    skc_error err;

    golden_fill(model);
    golden_ok(skc_model_set_preprocessing(model, &preprocessing, &err), &err);
    golden_ok(skc_model_set_decision(model, &decision, &err), &err);
    return model;
}

/* formula.py: pictures(1, side, 1). */
static skc_image *open_picture(int32_t side)
{
    uint64_t   start = golden_start("picture0");
    skc_image *image = NULL;
    uint8_t   *pixels;
    skc_error  err;

    golden_ok(skc_image_create(side, side, NULL, NULL, &image, &err), &err);
    pixels = skc_image_pixels_mutable(image);
    for (size_t i = 0; i < (size_t)side * (size_t)side * 3; i++)
        pixels[i] = (uint8_t)(golden_word(start, i) >> 58);
    return image;
}

static void compare(const struct explain_case *c, const skc_heat *heat)
{
    const float *wanted = c->heat;
    char         what[128];

    assert_int_equal(heat->height, c->side);
    assert_int_equal(heat->width, c->side);
    for (int32_t row = 0; row < c->side; row += EXPLAIN_STEP)
        for (int32_t column = 0; column < c->side; column += EXPLAIN_STEP) {
            snprintf(what, sizeof what, "%s, %s, row %d, column %d", c->net, c->layer, row, column);
            golden_close(what, (double)heat->values[row * c->side + column], (double)*wanted++,
                         1e-3);
        }
    assert_ptr_equal(wanted, c->heat + c->count);
}

static void explain(const struct explain_case *c, const char *kernels, int32_t threads)
{
    skc_model     *model     = open_model(c);
    skc_image     *image     = open_picture(c->side);
    skc_explainer *explainer = NULL;
    skc_runtime    runtime;
    skc_heat       heat;
    skc_error      err;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    runtime.kernels = kernels;
    golden_ok(skc_explainer_create(model, c->asked, &runtime, &explainer, &err), &err);
    assert_string_equal(skc_explainer_layer(explainer), c->layer);
    golden_ok(skc_explainer_run(explainer, image, -1, &heat, &err), &err);
    assert_int_equal(heat.label, c->decided);
    golden_ok(skc_explainer_run(explainer, image, c->label, &heat, &err), &err);
    assert_int_equal(heat.label, c->label);
    compare(c, &heat);
    skc_explainer_free(explainer);
    skc_image_free(image);
    skc_model_free(model);
}

static void test_every_kernel_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof explain_cases / sizeof *explain_cases; i++)
        for (int32_t k = 0; skc_kernel_set(k) != NULL; k++)
            explain(&explain_cases[i], skc_kernel_set(k), 1);
}

static void test_two_threads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof explain_cases / sizeof *explain_cases; i++)
        explain(&explain_cases[i], NULL, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kernel_set),
        cmocka_unit_test(test_two_threads),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
