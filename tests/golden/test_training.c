/* test_training.c - ten training steps of two nets against the NumPy reference: from PNG pictures
 * through cache, sampler, loader, forward, loss, backward, clipping, optimiser and averages. */
#define _GNU_SOURCE
#include "golden.h"

#include <unistd.h>

#include "train/trainer.h"

/* What comparisons allow, as a share (golden.h): float32 and float64 end within 1e-5 here. */
static const double SHARE = 1e-4;

static skc_json *stored; /* training.json */
static char      folder[64], cache_path[96];

static int load(void **state)
{
    (void)state;
    stored = golden_load("tests/golden/training.json");
    snprintf(folder, sizeof folder, "/tmp/skincnn-golden-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(cache_path, sizeof cache_path, "%s/pictures.cache", folder);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    skc__json_free(stored);
    unlink(cache_path);
    return rmdir(folder);
}

/* ---------------------------------------------------------------- pictures */

/* Noise that is brighter the higher the label i % labels (formula.py). */
static void put_picture(skc_cache_writer *writer, int32_t i, int32_t side, int32_t labels)
{
    size_t         bytes  = (size_t)side * (size_t)side * 3, size;
    uint8_t       *pixels = malloc(bytes), *png = NULL;
    skc_image     *image = NULL;
    skc_cache_item item  = { .row = i };
    char           name[24];
    skc_error      result, err;

    assert_non_null(pixels);
    snprintf(name, sizeof name, "picture%d", i);
    for (size_t k = 0; k < bytes; k++)
        pixels[k] =
            (uint8_t)((golden_word(golden_start(name), k) >> 58) + (uint64_t)(64 * (i % labels)));
    golden_ok(skc_image_create(side, side, pixels, NULL, &image, &err), &err);
    golden_ok(skc_image_encode(image, SKC_PNG, 0, NULL, &png, &size, &err), &err);
    item.bytes = png;
    item.size  = size;
    item.name  = name;
    golden_ok(skc_cache_writer_put(writer, &item, 1, &result, &err), &err);
    golden_ok(result.status, &result);
    skc_free(NULL, png);
    skc_image_free(image);
    free(pixels);
}

static void make_cache(const skc_json *trace, const skc_model *model, skc_cache **out)
{
    skc_preprocessing p      = skc_model_preprocessing(model);
    int32_t           count  = golden_integer(trace, "pictures");
    skc_cache_writer *writer = NULL;
    skc_error         err;

    golden_ok(skc_cache_writer_create(cache_path, count, skc_preprocessing_side(&p), "golden", NULL,
                                      &writer, &err),
              &err);
    for (int32_t i = 0; i < count; i++)
        put_picture(writer, i, p.width, golden_integer(trace, "labels"));
    golden_ok(skc_cache_writer_finish(writer, &err), &err);
    golden_ok(skc_cache_open(cache_path, NULL, out, &err), &err);
}

static skc_dataset *make_dataset(const skc_json *trace, const skc_model *model,
                                 const skc_cache *cache)
{
    skc_manifest *manifest = NULL;
    skc_dataset  *dataset  = NULL;
    skc_error     err;

    golden_ok(skc_manifest_create(NULL, &manifest, &err), &err);
    for (int32_t i = 0; i < golden_integer(trace, "pictures"); i++) {
        char             path[16];
        skc_manifest_row row = { path, skc_model_label(model, i % model->label_count), "", "train",
                                 "" };

        snprintf(path, sizeof path, "%d.png", i);
        golden_ok(skc_manifest_add(manifest, &row, &err), &err);
    }
    golden_ok(skc_dataset_create(manifest, cache, "train", (const char *const *)model->labels,
                                 model->label_count, NULL, &dataset, &err),
              &err);
    skc_manifest_free(manifest);
    return dataset;
}

/* ---------------------------------------------------------------- training */

static skc_train_options read_options(const skc_json *json, float *class_weights)
{
    const skc_json   *weights   = skc__json_get(json, "class_weights");
    const char       *schedule  = skc__json_as_string(skc__json_get(json, "schedule"));
    const char       *optimiser = skc__json_as_string(skc__json_get(json, "optimiser"));
    skc_train_options o;

    assert_non_null(schedule);
    assert_non_null(optimiser);
    skc_train_options_init(&o);
    for (size_t i = 0; i < skc__json_size(weights); i++)
        class_weights[i] = (float)golden_at(weights, i);
    o.class_weights   = class_weights;
    o.optimiser       = strcmp(optimiser, "adamw") == 0 ? SKC_ADAMW : SKC_SGD;
    o.schedule        = strcmp(schedule, "step") == 0 ? SKC_SCHEDULE_STEP : SKC_SCHEDULE_COSINE;
    o.seed            = (uint64_t)golden_integer(json, "seed");
    o.epochs          = golden_integer(json, "epochs");
    o.batch           = golden_integer(json, "batch");
    o.step_epochs     = golden_integer(json, "step_epochs");
    o.learning_rate   = (float)golden_number(json, "learning_rate");
    o.momentum        = (float)golden_number(json, "momentum");
    o.beta1           = (float)golden_number(json, "beta1");
    o.beta2           = (float)golden_number(json, "beta2");
    o.epsilon         = (float)golden_number(json, "epsilon");
    o.weight_decay    = (float)golden_number(json, "weight_decay");
    o.warmup_epochs   = (float)golden_number(json, "warmup_epochs");
    o.final_rate      = (float)golden_number(json, "final_rate");
    o.step_factor     = (float)golden_number(json, "step_factor");
    o.label_smoothing = (float)golden_number(json, "label_smoothing");
    o.ema             = (float)golden_number(json, "ema");
    o.clip_norm       = (float)golden_number(json, "clip_norm");
    o.augmentation    = (skc_augmentation){ .scale_min = 1, .scale_max = 1, .aspect = 1 };
    return o;
}

static skc_model *make_model(const skc_json *trace)
{
    int32_t    side  = golden_integer(trace, "side");
    skc_model *model = golden_model(trace, side, side, (float)golden_number(trace, "width_factor"),
                                    golden_integer(trace, "labels"), 0);
    skc_preprocessing p = skc_model_preprocessing(model);
    skc_error         err;

    for (size_t c = 0; c < 3; c++) {
        p.mean[c]      = (float)golden_at(skc__json_get(trace, "mean"), c);
        p.deviation[c] = (float)golden_at(skc__json_get(trace, "deviation"), c);
    }
    golden_ok(skc_model_set_preprocessing(model, &p, &err), &err);
    golden_fill(model);
    return model;
}

static void assert_steps(skc_trainer *trainer, const skc_json *steps)
{
    for (size_t i = 0; i < skc__json_size(steps); i++) {
        const skc_json *wanted = skc__json_at(steps, i);
        double          loss   = golden_number(wanted, "loss");
        double          rate   = golden_number(wanted, "learning_rate");
        double          norm   = golden_number(wanted, "gradient_norm");
        skc_train_step  step;
        skc_error       err;

        golden_ok(skc_trainer_step(trainer, &step, &err), &err);
        golden_close("loss", step.loss, loss, SHARE * loss);
        golden_close("learning rate", step.learning_rate, rate, 1e-6 * rate);
        golden_close("gradient norm", step.gradient_norm, norm, SHARE * norm);
        assert_int_equal(step.correct, golden_integer(wanted, "correct"));
    }
}

static void assert_tensors(const skc_model *model, float *const *param, const skc_json *wanted)
{
    assert_int_equal(skc__json_size(wanted), model->graph.param_count);
    for (int32_t p = 0; p < model->graph.param_count; p++)
        golden_digest_close(model->param_name[p], param[p],
                            skc__param_count(skc__graph_param(&model->graph, p, NULL)),
                            skc__json_get(wanted, model->param_name[p]), SHARE, 0);
}

/* By the averaged weights. */
static void assert_probabilities(skc_trainer *trainer, const skc_dataset *dataset,
                                 const skc_json *wanted)
{
    size_t    count = skc__json_size(wanted);
    float    *found = malloc(count * sizeof *found);
    skc_error err;

    assert_non_null(found);
    assert_int_equal(count, dataset->count * dataset->label_count);
    golden_ok(skc_trainer_predict(trainer, dataset, 1, found, &err), &err);
    golden_all_close("probability", found, count, wanted, SHARE);
    free(found);
}

static void run_with(const skc_json *trace, const char *kernels)
{
    float             class_weights[GOLDEN_MAX_LABELS];
    skc_train_options options = read_options(skc__json_get(trace, "options"), class_weights);
    skc_model        *model   = make_model(trace);
    skc_cache        *cache   = NULL;
    skc_dataset      *dataset;
    skc_runtime       runtime;
    skc_trainer      *trainer = NULL;
    skc_error         err;

    make_cache(trace, model, &cache);
    dataset = make_dataset(trace, model, cache);
    skc_runtime_init(&runtime);
    runtime.threads = 2;
    runtime.kernels = kernels;
    golden_ok(skc_trainer_create(model, dataset, &options, &runtime, &trainer, &err), &err);
    assert_steps(trainer, skc__json_get(trace, "steps"));
    assert_tensors(model, model->param, skc__json_get(trace, "tensors"));
    assert_tensors(model, trainer->average, skc__json_get(trace, "averages"));
    assert_probabilities(trainer, dataset, skc__json_get(trace, "probabilities"));
    skc_trainer_free(trainer);
    skc_dataset_free(dataset);
    skc_cache_free(cache);
    skc_model_free(model);
}

static void run_trace(size_t number)
{
    const skc_json *trace = skc__json_at(skc__json_get(stored, "traces"), number);

    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
        run_with(trace, skc_kernel_set(i));
}

static void test_seed_with_sgd(void **state)
{
    (void)state;
    run_trace(0);
}

static void test_resnet18_with_adamw(void **state)
{
    (void)state;
    run_trace(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed_with_sgd),
        cmocka_unit_test(test_resnet18_with_adamw),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
