/* test_quantise.c - quantised models: near the model they come from, whatever its layers; the same
 * from file, threads and kernel sets; refused where they cannot be used; damage is found. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "model_files.h"

#include "../graph/random_graph.h"

enum { PICTURES = 12 };

/* To be freed by free_pictures. */
static skc_image **pictures(void)
{
    skc_image **images = calloc(PICTURES, sizeof *images);

    assert_non_null(images);
    for (int32_t i = 0; i < PICTURES; i++)
        images[i] = tiny_picture(i, 20, 20);
    return images;
}

static void free_pictures(skc_image **images)
{
    for (int32_t i = 0; i < PICTURES; i++)
        skc_image_free(images[i]);
    free(images);
}

static skc_model *quantise(const skc_model *model, skc_quantise_report *report)
{
    skc_image **images = pictures();
    skc_model  *result = NULL;
    skc_error   err;

    assert_works(skc_model_quantise(model, (const skc_image *const *)images, PICTURES, NULL, report,
                                    &result, &err),
                 err);
    free_pictures(images);
    return result;
}

static skc_model *quantised(const char *architecture)
{
    skc_model *model = interesting(architecture), *result = quantise(model, NULL);

    skc_model_free(model);
    return result;
}

/* Scores of PICTURES inputs by formula; to be freed. */
static float *scores(const skc_model *model, const skc_runtime *runtime)
{
    const size_t count  = skc__shape_count(model->graph.input);
    float       *inputs = malloc(PICTURES * count * sizeof *inputs);
    float       *logits = calloc((size_t)PICTURES * TINY_LABELS, sizeof *logits);
    skc_session *session;
    skc_error    err;

    assert_true(inputs != NULL && logits != NULL);
    for (size_t i = 0; i < PICTURES * count; i++)
        inputs[i] = 1.5f * sinf((float)(i * i % 3511));
    assert_works(skc_session_create(model, PICTURES, runtime, &session, &err), err);
    assert_works(skc_session_run(session, inputs, PICTURES, logits, &err), err);
    skc_session_free(session);
    free(inputs);
    return logits;
}

/* ---------------------------------------------------------------- what it computes */

static void assert_near(const skc_model *model, double most, const char *what)
{
    skc_quantise_report report;
    skc_model          *result = quantise(model, &report);

    assert_true(skc_model_is_quantised(result) && !skc_model_is_quantised(model));
    assert_int_equal(report.pictures, PICTURES);
    if (!(report.error <= most))
        fail_msg("%s: probabilities differ by %g", what, report.error);
    skc_model_free(result);
}

static void test_tiny_networks(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        skc_model *model = interesting(i == 0 ? tiny_plain : tiny_mixed);

        assert_near(model, 0.02, i == 0 ? "plain" : "mixed");
        skc_model_free(model);
    }
}

/* Every layer type, at the end of the network too, with windows of every kind. */
static void test_every_layer(void **state)
{
    static const char *const layers[] = {
        "'type':'conv2d','filters':5,'kernel':[3,2],'stride':2,'padding':[2,0,1,3]",
        "'type':'conv2d','filters':6,'kernel':3,'dilation':2,'padding':'same','bias':false",
        "'type':'conv2d','filters':6,'kernel':3,'groups':3,'padding':1",
        "'type':'conv2d','filters':70,'kernel':1,'stride':3",
        "'type':'depthwise_conv2d','kernel':[3,5],'stride':[2,1],'padding':'same'",
        "'type':'depthwise_conv2d','kernel':3,'dilation':2",
        "'type':'max_pool','kernel':3,'stride':2,'padding':'same'",
        "'type':'max_pool','kernel':2,'ceil_mode':true",
        "'type':'avg_pool','kernel':3,'padding':1",
        "'type':'global_avg_pool'",
        "'type':'flatten'",
        "'type':'relu'",
        "'type':'relu6'",
        "'type':'sigmoid'",
        "'type':'softmax'",
        "'type':'batchnorm'",
        "'type':'dropout','rate':0.5",
        "'type':'add','inputs':['input','input']",
        "'type':'concat','inputs':['input','input']",
    };
    char text[1024];

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        for (int last = 0; last < 2; last++) {
            skc_model *model;

            snprintf(text, sizeof text,
                     "{'name':'one','input':{'height':13,'width':11},'layers':[{'name':'it',%s},"
                     "{'name':'out','type':'dense','units':3}%s]}",
                     layers[i], last ? ",{'name':'end','type':'softmax'}" : "");
            for (char *c = text; *c != '\0'; c++)
                *c = *c == '\'' ? '"' : *c;
            model = tiny_model(text, 3, NULL);
            tiny_statistics(model);
            assert_near(model, 0.03, layers[i]);
            skc_model_free(model);
        }
}

static void test_random_graphs(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 25; seed++) {
        random_graph g;
        skc_model   *model;

        model = tiny_model(random_architecture(&g, seed), seed, NULL);
        tiny_statistics(model);
        assert_near(model, 0.15, g.text);
        skc_model_free(model);
    }
}

/* Layers that end a network in other ways than dense. */
static void test_other_ends(void **state)
{
    static const char *const ends[] = {
        "{\"name\":\"e\",\"type\":\"global_avg_pool\"}",
        "{\"name\":\"p\",\"type\":\"global_avg_pool\"},{\"name\":\"e\",\"type\":\"relu\"}",
        "{\"name\":\"p\",\"type\":\"global_avg_pool\"},{\"name\":\"e\",\"type\":\"flatten\"}",
        "{\"name\":\"e\",\"type\":\"max_pool\",\"kernel\":16}",
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        skc_model *model;

        snprintf(text, sizeof text,
                 "{\"name\":\"x\",\"input\":{\"height\":16,\"width\":16},\"layers\":[{\"name\":"
                 "\"c\",\"type\":\"conv2d\",\"filters\":3,\"kernel\":3,\"padding\":\"same\"},%s]}",
                 ends[i]);
        model = tiny_model(text, 9, NULL);
        assert_near(model, 0.02, ends[i]);
        skc_model_free(model);
    }
}

/* ---------------------------------------------------------------- the same everywhere */

static void test_sets_and_threads(void **state)
{
    skc_model *model = quantised(tiny_mixed);
    float     *want  = scores(model, NULL);

    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++)
        for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
            skc_runtime runtime = runtime_of(threads);
            float      *got;

            runtime.kernels = skc_kernel_set(set);
            got             = scores(model, &runtime);
            for (int i = 0; i < PICTURES * TINY_LABELS; i++)
                if (set > 0 || threads > 1)
                    assert_true(fabsf(got[i] - want[i]) <= 0.05f * (1 + fabsf(want[i])));
            free(got);
        }
    free(want);
    skc_model_free(model);
}

/* Only of layers that run on bytes: the same bits. */
static void test_same_bits(void **state)
{
    skc_model *model = quantised(tiny_plain);
    float     *want  = scores(model, NULL);

    (void)state;
    for (int32_t threads = 1; threads <= 3; threads++)
        for (int32_t set = 0; skc_kernel_set(set) != NULL; set++) {
            skc_runtime runtime = runtime_of(threads);
            float      *got;

            runtime.kernels = skc_kernel_set(set);
            got             = scores(model, &runtime);
            assert_memory_equal(got, want, PICTURES * TINY_LABELS * sizeof *got);
            free(got);
        }
    free(want);
    skc_model_free(model);
}

static void test_file(void **state)
{
    skc_model *model = quantised(tiny_mixed), *loaded = NULL;
    float     *want = scores(model, NULL), *got;
    skc_error  err;

    (void)state;
    save(model, SKC_F32);
    assert_works(skc_model_load(path(), NULL, &loaded, &err), err);
    assert_true(skc_model_is_quantised(loaded));
    got = scores(loaded, NULL);
    assert_memory_equal(got, want, PICTURES * TINY_LABELS * sizeof *got);
    assert_same_params(model, loaded);
    assert_string_equal(skc_model_provenance(model), skc_model_provenance(loaded));
    assert_true(skc_model_decision(loaded).temperature == 1.7f);
    assert_int_equal(skc_model_preprocessing(loaded).fit, SKC_FIT_SQUASH);
    free(got);
    free(want);
    skc_model_free(loaded);
    skc_model_free(model);
}

/* ---------------------------------------------------------------- refused */

static void test_refused(void **state)
{
    skc_model   *model = quantised(tiny_plain), *plain = interesting(tiny_plain), *none = NULL;
    skc_image  **images = pictures();
    skc_session *session;
    skc_trainer *trainer = NULL;
    tiny_data    data;
    float        inputs[TINY_INPUT] = { 0 }, logits[TINY_LABELS];
    int32_t      copied;
    skc_error    err;
    const skc_image *const *some    = (const skc_image *const *)images;
    const skc_train_options options = tiny_options(1);

    (void)state;
    assert_fails(skc_model_quantise(model, some, PICTURES, NULL, NULL, &none, &err),
                 SKC_EUNSUPPORTED, err, "quantised");
    assert_fails(skc_model_quantise(plain, some, 0, NULL, NULL, &none, &err), SKC_EINVAL, err,
                 "0 pictures", "100000");
    assert_fails(skc_model_save(model, path(), SKC_F16, &err), SKC_EUNSUPPORTED, err, "F16");
    assert_fails(skc_model_transfer(model, plain, &copied, &err), SKC_EUNSUPPORTED, err, "filled");
    assert_fails(skc_model_import(model, "a", "b", &err), SKC_EUNSUPPORTED, err, "filled");
    tiny_data_open(&data, 6, scratch_path("c.cache"));
    assert_fails(skc_trainer_create(model, data.dataset, &options, NULL, &trainer, &err),
                 SKC_EUNSUPPORTED, err, "trained");
    tiny_data_close(&data);
    remove(scratch_path("c.cache"));
    assert_null(trainer);
    assert_null(none);
    assert_works(skc_model_transfer(plain, model, &copied, &err), err);
    assert_true(copied > 0);
    assert_works(skc_session_create(model, 1, NULL, &session, &err), err);
    inputs[5] = NAN;
    assert_fails(skc_session_run(session, inputs, 1, logits, &err), SKC_EINVAL, err, "not finite");
    skc_session_free(session);
    free_pictures(images);
    skc_model_free(model);
    skc_model_free(plain);
}

typedef struct attempt {
    const skc_model *model;
    skc_image      **images;
} attempt;

static skc_status try_quantise(void *context, const skc_runtime *runtime)
{
    const attempt *a      = context;
    skc_model     *result = NULL;
    skc_error      err;
    skc_status     status = skc_model_quantise(a->model, (const skc_image *const *)a->images, 2,
                                               runtime, NULL, &result, &err);

    assert_true((status == SKC_OK) == (result != NULL));
    skc_model_free(result);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_model *model = interesting(tiny_plain);
    attempt    a     = { model, pictures() };

    (void)state;
    assert_true(faults_count(try_quantise, &a) > 20);
    free_pictures(a.images);
    skc_model_free(model);
}

/* ---------------------------------------------------------------- damage */

static unsigned char *file_of(size_t *size, size_t *data)
{
    skc_model     *model = quantised(tiny_plain);
    unsigned char *bytes;

    save(model, SKC_F32);
    skc_model_free(model);
    bytes = read_bytes(path(), size);
    *data = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
    return bytes;
}

static void test_truncated(void **state)
{
    size_t         size, data;
    unsigned char *bytes = file_of(&size, &data);

    (void)state;
    for (size_t part = 0; part < size; part += part < data ? 7 : 97)
        assert_refused(bytes, part, "m: ");
    free(bytes);
}

static void test_flipped(void **state)
{
    size_t         size, data;
    unsigned char *bytes = file_of(&size, &data);

    (void)state;
    for (size_t at = 0; at < size; at += at < data ? 3 : 41) {
        bytes[at] ^= (unsigned char)(1 << at % 8);
        assert_refused(bytes, size, "m: ");
        bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    free(bytes);
}

/* Writes a file that is as it should be, but for what `spoil` does to the model. */
static void assert_spoilt(void (*spoil)(skc_model *model), const char *message)
{
    skc_model     *model = quantised(tiny_plain);
    unsigned char *bytes;
    size_t         size;

    spoil(model);
    save(model, SKC_F32);
    bytes = read_bytes(path(), &size);
    assert_refused(bytes, size, message);
    free(bytes);
    skc_model_free(model);
}

static void spoil_zero(skc_model *model)
{
    model->quantisation.tensor[0].zero = 256;
}

static void spoil_zero_below(skc_model *model)
{
    model->quantisation.tensor[0].zero = -1;
}

static void spoil_scale(skc_model *model)
{
    model->quantisation.tensor[1].scale = 0;
}

static void spoil_large_scale(skc_model *model)
{
    model->quantisation.tensor[1].scale = 1e30f;
}

static void spoil_weight_scale(skc_model *model)
{
    model->quantisation.weight_scale[0][0] = -1;
}

static void test_spoilt(void **state)
{
    (void)state;
    assert_spoilt(spoil_zero, "scale of \"input\"");
    assert_spoilt(spoil_zero_below, "scale of \"input\"");
    assert_spoilt(spoil_scale, "scale of \"conv1\"");
    assert_spoilt(spoil_large_scale, "scale of \"conv1\"");
    assert_spoilt(spoil_weight_scale, "tensor conv1.weight_scale: element 0");
}

/* Puts `to` in the place of `from`, of the same length, and makes the description's checksum right
 * again. */
static void replace(unsigned char *bytes, size_t data, const char *from, const char *to)
{
    unsigned char *at = memmem(bytes, data, from, strlen(from));

    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

static void test_wrong_entries(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        { "\"conv1.weight\":{\"dtype\":\"I8\"", "\"conv1.weight\":{\"dtype\":\"U8\"", "dtype" },
        { "\"conv1.weight\":{\"dtype\":\"I8\"", "\"conv1.waight\":{\"dtype\":\"I8\"",
          "conv1.weight is missing" },
        { "\"conv1.weight_scale\":{\"dtype\"", "\"conv1.weight_skale\":{\"dtype\"",
          "conv1.weight_scale" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t         size, data;
        unsigned char *bytes = file_of(&size, &data);

        replace(bytes, data, cases[i].from, cases[i].to);
        assert_refused(bytes, size, cases[i].message);
        free(bytes);
    }
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1; /* the one that every test writes, nothing temporary */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny_networks),
        cmocka_unit_test(test_every_layer),
        cmocka_unit_test(test_random_graphs),
        cmocka_unit_test(test_other_ends),
        cmocka_unit_test(test_sets_and_threads),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_spoilt),
        cmocka_unit_test(test_wrong_entries),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
