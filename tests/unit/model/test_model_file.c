/* test_model_file.c - model files: read back as they were, and refused when anything is wrong. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "core/digest.h"
#include "core/half.h"
#include "model_files.h"

static skc_model *load(void)
{
    skc_model *model = NULL;
    skc_error  err;

    assert_works(skc_model_load(path(), NULL, &model, &err), err);
    return model;
}

static void assert_same_description(const skc_model *a, const skc_model *b)
{
    skc_preprocessing p = skc_model_preprocessing(a), q = skc_model_preprocessing(b);
    skc_decision      c = skc_model_decision(a), d = skc_model_decision(b);

    assert_string_equal(skc_model_task(a), skc_model_task(b));
    assert_int_equal(skc_model_label_count(a), skc_model_label_count(b));
    assert_string_equal(skc_model_label(a, 2), skc_model_label(b, 2));
    assert_string_equal(skc_model_provenance(a), skc_model_provenance(b));
    assert_int_equal(p.height, q.height);
    assert_int_equal(p.width, q.width);
    assert_int_equal(p.fit, q.fit);
    assert_memory_equal(p.mean, q.mean, sizeof p.mean);
    assert_memory_equal(p.deviation, q.deviation, sizeof p.deviation);
    assert_true(c.temperature == d.temperature && c.threshold == d.threshold);
    assert_int_equal(c.views, d.views);
    assert_memory_equal(c.class_weights, d.class_weights, 3 * sizeof(float));
}

static void test_round_trip(void **state)
{
    skc_model     *model = interesting(tiny_mixed), *back, *again;
    unsigned char *bytes;
    size_t         size;
    char           hex[65];

    (void)state;
    save(model, SKC_F32);
    back = load();
    assert_same_params(model, back);
    assert_same_description(model, back);
    bytes = read_bytes(path(), &size);
    skc_sha256(bytes, size, hex);
    assert_string_equal(skc_model_sha256(back), hex);
    save(back, SKC_F32); /* and what was read is written as it was */
    again = load();
    assert_string_equal(skc_model_sha256(again), hex);
    assert_int_equal(skc_model_set_provenance(again, "{}", NULL), SKC_OK);
    assert_string_equal(skc_model_sha256(again), ""); /* no longer that file's */
    free(bytes);
    skc_model_free(model);
    skc_model_free(back);
    skc_model_free(again);
}

/* Scores of one input, each number of which differs from its neighbours. */
static void score(const skc_model *model, float *scores)
{
    skc_preprocessing p     = skc_model_preprocessing(model);
    size_t            count = (size_t)p.height * (size_t)p.width * 3;
    float            *input = malloc(count * sizeof *input);
    skc_session      *session;
    skc_error         err;

    assert_non_null(input);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(i * 7 % 13) / 13 - 0.5f;
    assert_works(skc_session_create(model, 2, NULL, &session, &err), err);
    assert_works(skc_session_run(session, input, 1, scores, &err), err);
    skc_session_free(session);
    free(input);
}

/* A compact model predicts as any other, and gives no parameters. */
static void test_compact(void **state)
{
    skc_model        *model = interesting(tiny_mixed), *compact = NULL;
    float             expected[16], scores[16];
    int32_t           labels    = skc_model_label_count(model), copied;
    skc_model        *quantised = NULL;
    skc_trainer      *trainer   = NULL;
    skc_train_options options;
    skc_tensor_info   tensor;
    skc_runtime       runtime;
    skc_error         err;

    (void)state;
    skc_runtime_init(&runtime);
    runtime.compact = true;
    save(model, SKC_F32);
    assert_works(skc_model_load(path(), &runtime, &compact, &err), err);
    assert_same_description(model, compact);
    score(model, expected);
    score(compact, scores);
    for (int32_t i = 0; i < labels; i++)
        assert_true(fabsf(scores[i] - expected[i]) <= 1e-5f * (1 + fabsf(expected[i])));
    assert_fails(skc_model_save(compact, path(), SKC_F32, &err), SKC_EUNSUPPORTED, err, "compact");
    assert_fails(skc_model_tensor(compact, 0, &tensor, &err), SKC_EUNSUPPORTED, err, "compact");
    assert_fails(skc_model_transfer(compact, model, &copied, &err), SKC_EUNSUPPORTED, err,
                 "compact");
    assert_fails(skc_model_transfer(model, compact, &copied, &err), SKC_EUNSUPPORTED, err,
                 "compact");
    assert_fails(skc_model_import(compact, "weights", "map", &err), SKC_EUNSUPPORTED, err,
                 "compact");
    skc_train_options_init(&options);
    assert_fails(skc_trainer_create(compact, NULL, &options, NULL, &trainer, &err),
                 SKC_EUNSUPPORTED, err, "compact");
    assert_fails(skc_model_quantise(compact, NULL, 1, NULL, NULL, &quantised, &err),
                 SKC_EUNSUPPORTED, err, "compact");
    skc_model_free(compact);
    skc_model_free(model);
}

static void test_half_precision(void **state)
{
    skc_model *model = interesting(tiny_mixed), *back;
    size_t     count;
    float     *x, *y;

    (void)state;
    save(model, SKC_F16);
    back = load();
    x    = copy_params(model, &count);
    y    = copy_params(back, &count);
    for (size_t i = 0; i < count; i++)
        assert_true(y[i] == skc__float_from_half(skc__half_from_float(x[i])));
    assert_same_description(model, back);
    free(x);
    free(y);
    skc_model_free(model);
    skc_model_free(back);
}

static void test_too_large_for_half(void **state)
{
    skc_model *model = tiny_model(tiny_plain, 1, NULL);
    skc_error  err;

    (void)state;
    model->param[2][5] = 70000;
    assert_fails(skc_model_save(model, path(), SKC_F16, &err), SKC_ELIMIT, err,
                 "tensor hidden.weight: element 5 is 70000");
    skc_model_free(model);
}

/* An architecture text of one's own at another size than the text's. */
static void test_resized(void **state)
{
    static const char *const labels[] = { "a", "b", "c" };
    skc_model_options        options;
    skc_model               *model, *back;
    skc_error                err;

    (void)state;
    skc_model_options_init(&options);
    options.architecture = tiny_plain;
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 3;
    options.height       = 20;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    save(model, SKC_F32);
    back = load();
    assert_int_equal(skc_model_preprocessing(back).height, 20);
    assert_int_equal(skc_model_preprocessing(back).width, 16);
    assert_same_params(model, back);
    skc_model_free(model);
    skc_model_free(back);
}

/* ---------------------------------------------------------------- a description that is wrong */

/* A file of the model with one thing in its description changed, all checksums right. */
static unsigned char *described(const char *key, const char *value, size_t *size)
{
    const skc_allocator heap        = skc__allocator(NULL);
    skc_model          *model       = interesting(tiny_plain);
    skc_json           *description = skc__model_describe(model), *json = NULL;
    skc_json           *metadata = skc__json_object();
    skc_to_store       *entries  = calloc((size_t)model->graph.param_count, sizeof *entries);
    char               *text, sum[9];
    skc_error           err;

    assert_non_null(entries);
    if (value != NULL)
        assert_works(skc__json_parse(value, strlen(value), "t", &json, &err), err);
    assert_true(skc__json_set(description, key, json != NULL ? json : skc__json_boolean(false)));
    text = skc__json_text(description, false, &heap, NULL);
    snprintf(sum, sizeof sum, "%08x", skc__crc32(text, strlen(text)));
    assert_true(skc__json_set(metadata, "skincnn", skc__json_string(text)));
    assert_true(skc__json_set(metadata, "skincnn_crc32", skc__json_string(sum)));
    skc__model_entries(model, "", model->param, entries);
    assert_works(skc__safetensors_write(path(), entries, model->graph.param_count, SKC_F32,
                                        metadata, &heap, &err),
                 err);
    skc__release(&heap, text);
    skc__json_free(description);
    skc__json_free(metadata);
    free(entries);
    skc_model_free(model);
    return read_bytes(path(), size);
}

static void test_wrong_description(void **state)
{
    static const struct {
        const char *key, *value, *message;
    } cases[] = {
        { "format", "[2]", "model format 0" },
        { "task", "[\"\"]", "the task needs" },
        { "labels", "[\"a\",\"b\"]", "1 x 1 x 3 scores for 2 labels" },
        { "labels", "[\"a\",\"b\",\"c\",\"d\"]", "1 x 1 x 3 scores for 4 labels" },
        { "labels", "[\"a\",\"b\",7]", "label 2 needs" },
        { "labels", "[]", "labels is missing" },
        { "labels", "{\"a\":1}", "labels is missing" },
        { "architecture", "[]", "architecture is missing" },
        { "architecture", "{}", "\"layers\"" },
        { "preprocessing", "{}", "preprocessing.fit" },
        { "preprocessing",
          "{\"height\":4294967312,\"width\":16,\"fit\":\"centre\",\"mean\":[0,0,0],"
          "\"deviation\":[1,1,1]}",
          "preprocessing to" },
        { "preprocessing",
          "{\"height\":16,\"width\":16,\"fit\":\"centre\",\"mean\":[0,0],\"deviation\":[1,1,1]}",
          "preprocessing.mean" },
        { "preprocessing",
          "{\"height\":16,\"width\":16,\"fit\":\"crop\",\"mean\":[0,0,0],\"deviation\":[1,1,1]}",
          "preprocessing.fit" },
        { "preprocessing",
          "{\"height\":16,\"width\":16,\"fit\":\"centre\",\"mean\":[0,0,0],"
          "\"deviation\":[1,0,1]}",
          "channel 1" },
        { "preprocessing",
          "{\"height\":32,\"width\":16,\"fit\":\"centre\",\"mean\":[0,0,0],"
          "\"deviation\":[1,1,1]}",
          "preprocessing to 32 x 16" },
        { "decision", "{}", "decision.class_weights" },
        { "decision",
          "{\"temperature\":-1,\"threshold\":0.5,\"views\":1,\"class_weights\":[1,1,1]}",
          "temperature -1" },
        { "decision",
          "{\"temperature\":1,\"threshold\":0.5,\"views\":4294967297,\"class_weights\":[1,1,1]}",
          "views" },
        { "decision", "{\"temperature\":1,\"threshold\":0.5,\"views\":1,\"class_weights\":[1,1]}",
          "decision.class_weights" },
        { "provenance", "[]", "provenance must be a JSON object" },
    };
    unsigned char *bytes;
    size_t         size;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bytes = described(cases[i].key, cases[i].value, &size);
        assert_refused(bytes, size, cases[i].message);
        free(bytes);
    }
}

/* A tensor too few, and one too many. */
static void test_number_of_tensors(void **state)
{
    const skc_allocator heap     = skc__allocator(NULL);
    skc_model          *model    = interesting(tiny_plain);
    skc_json           *metadata = skc__model_metadata(model);
    int32_t             count    = model->graph.param_count;
    skc_to_store       *entries  = calloc((size_t)count + 1, sizeof *entries);
    unsigned char      *bytes;
    size_t              size;
    skc_error           err;

    (void)state;
    assert_non_null(entries);
    skc__model_entries(model, "", model->param, entries);
    entries[count]      = entries[0];
    entries[count].name = "extra";
    for (int32_t wrong = count - 1; wrong <= count + 1; wrong += 2) {
        assert_works(skc__safetensors_write(path(), entries, wrong, SKC_F16, metadata, &heap, &err),
                     err);
        bytes = read_bytes(path(), &size);
        assert_fails(load_bytes(bytes, size, &err), SKC_EMISMATCH, err,
                     wrong < count ? "tensor logits.bias is missing"
                                   : "tensor extra is not of architecture tiny_plain");
        free(bytes);
    }
    skc__json_free(metadata);
    free(entries);
    skc_model_free(model);
}

/* Format 2 must be refused by its number, whatever else a later version puts into the file. */
static void test_later_format(void **state)
{
    const skc_allocator heap     = skc__allocator(NULL);
    static const char   text[]   = "{\"format\":2}";
    skc_json           *metadata = skc__json_object();
    char                sum[9];
    unsigned char      *bytes;
    size_t              size;
    skc_error           err;

    (void)state;
    snprintf(sum, sizeof sum, "%08x", skc__crc32(text, strlen(text)));
    assert_true(skc__json_set(metadata, "skincnn", skc__json_string(text)));
    assert_true(skc__json_set(metadata, "skincnn_crc32", skc__json_string(sum)));
    assert_works(skc__safetensors_write(path(), NULL, 0, SKC_F32, metadata, &heap, &err), err);
    skc__json_free(metadata);
    bytes = read_bytes(path(), &size);
    assert_fails(load_bytes(bytes, size, &err), SKC_EUNSUPPORTED, err, "model format 2", "reads 1");
    free(bytes);
}

static void test_other_safetensors(void **state)
{
    const skc_allocator heap = skc__allocator(NULL);
    unsigned char      *bytes;
    size_t              size;
    skc_error           err;

    (void)state;
    assert_works(skc__safetensors_write(path(), NULL, 0, SKC_F32, NULL, &heap, &err), err);
    bytes = read_bytes(path(), &size);
    assert_fails(load_bytes(bytes, size, &err), SKC_EFORMAT, err, "no skincnn model",
                 "skincnn-model import");
    free(bytes);
}

/* ---------------------------------------------------------------- memory */

typedef struct watch {
    size_t most;
} watch;

static void *watch_allocate(void *user, size_t bytes)
{
    watch *w = user;

    w->most = bytes > w->most ? bytes : w->most;
    return malloc(bytes);
}

static void *watch_reallocate(void *user, void *block, size_t bytes)
{
    (void)user;
    return realloc(block, bytes);
}

static void watch_release(void *user, void *block)
{
    (void)user;
    free(block);
}

/* A small file whose architecture would need 64 GB must not make us ask for them. */
static void test_giant_architecture(void **state)
{
    static const char giant[] =
        "{\"name\":\"giant\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
        "{\"name\":\"flatten\",\"type\":\"flatten\"},"
        "{\"name\":\"wide\",\"type\":\"dense\",\"units\":60000},"
        "{\"name\":\"wider\",\"type\":\"dense\",\"units\":60000},"
        "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}";
    size_t         size;
    unsigned char *bytes   = described("architecture", giant, &size);
    watch          w       = { 0 };
    skc_runtime    runtime = runtime_of(1);
    skc_model     *model   = NULL;
    skc_error      err;

    (void)state;
    runtime.allocator = (skc_allocator){ watch_allocate, watch_reallocate, watch_release, &w };
    assert_fails(skc_model_load_memory(bytes, size, "m", &runtime, &model, &err), SKC_EMISMATCH,
                 err, "giant", "more than the file");
    assert_in_range(w.most, 1, 1000000);
    free(bytes);
}

static skc_status attempt_load(void *context, const skc_runtime *runtime)
{
    skc_model *model = NULL;
    skc_status status;

    (void)context;
    status = skc_model_load(path(), runtime, &model, NULL);
    assert_true((status == SKC_OK) == (model != NULL));
    skc_model_free(model);
    return status;
}

static skc_status attempt_save(void *context, const skc_runtime *runtime)
{
    skc_model *model = context;
    skc_status status;

    model->allocator = skc__allocator(runtime);
    status           = skc_model_save(model, scratch_path("other"), SKC_F16, NULL);
    model->allocator = skc__allocator(NULL);
    return status;
}

static void test_out_of_memory(void **state)
{
    skc_model *model = interesting(tiny_mixed);

    (void)state;
    save(model, SKC_F32);
    assert_true(faults_count(attempt_load, NULL) >= 10);
    assert_true(faults_count(attempt_save, model) >= 4);
    skc_model_free(model);
    assert_int_equal(unlink(scratch_path("other")), 0);
}

static void test_no_such_file(void **state)
{
    skc_model *model = NULL;
    skc_error  err;

    (void)state;
    assert_fails(skc_model_load(scratch_path("none"), NULL, &model, &err), SKC_ENOTFOUND, err,
                 "none");
    assert_fails(skc_model_load(scratch_path(""), NULL, &model, &err), SKC_EINVAL, err,
                 "regular file");
    assert_null(model);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1; /* the one that every test writes, nothing temporary */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),         cmocka_unit_test(test_half_precision),
        cmocka_unit_test(test_too_large_for_half), cmocka_unit_test(test_resized),
        cmocka_unit_test(test_wrong_description),  cmocka_unit_test(test_number_of_tensors),
        cmocka_unit_test(test_later_format),       cmocka_unit_test(test_other_safetensors),
        cmocka_unit_test(test_giant_architecture), cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_no_such_file),       cmocka_unit_test(test_compact),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
