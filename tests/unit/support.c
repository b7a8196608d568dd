/* support.c - what many tests need: tiny networks, pictures by formula, a dataset of them. */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/model.h"

#define INPUT "\"input\":{\"height\":16,\"width\":16},"

const char *const tiny_plain =
    "{\"name\":\"tiny_plain\"," INPUT "\"layers\":["
    "{\"name\":\"conv1\",\"type\":\"conv2d\",\"filters\":8,\"kernel\":3,\"padding\":\"same\"},"
    "{\"name\":\"relu1\",\"type\":\"relu\"},"
    "{\"name\":\"pool1\",\"type\":\"max_pool\",\"kernel\":4,\"stride\":4},"
    "{\"name\":\"flatten\",\"type\":\"flatten\"},"
    "{\"name\":\"hidden\",\"type\":\"dense\",\"units\":12},"
    "{\"name\":\"relu2\",\"type\":\"relu\"},"
    "{\"name\":\"dropout\",\"type\":\"dropout\",\"rate\":0.2},"
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}";

const char *const tiny_mixed =
    "{\"name\":\"tiny_mixed\"," INPUT "\"layers\":["
    "{\"name\":\"conv1\",\"type\":\"conv2d\",\"filters\":8,\"kernel\":3,\"padding\":\"same\","
    "\"bias\":false},"
    "{\"name\":\"conv1_bn\",\"type\":\"batchnorm\"},"
    "{\"name\":\"conv1_relu\",\"type\":\"relu6\"},"
    "{\"name\":\"pool1\",\"type\":\"max_pool\",\"kernel\":2,\"stride\":2},"
    "{\"name\":\"block.depthwise\",\"type\":\"depthwise_conv2d\",\"kernel\":3,"
    "\"padding\":\"same\",\"bias\":false},"
    "{\"name\":\"block.depthwise_bn\",\"type\":\"batchnorm\"},"
    "{\"name\":\"block.depthwise_relu\",\"type\":\"relu\"},"
    "{\"name\":\"block.project\",\"type\":\"conv2d\",\"filters\":8,\"kernel\":1,\"bias\":false},"
    "{\"name\":\"block.project_bn\",\"type\":\"batchnorm\"},"
    "{\"name\":\"block.add\",\"type\":\"add\",\"inputs\":[\"block.project_bn\",\"pool1\"]},"
    "{\"name\":\"side\",\"type\":\"conv2d\",\"filters\":4,\"kernel\":1},"
    "{\"name\":\"side_sigmoid\",\"type\":\"sigmoid\"},"
    "{\"name\":\"join\",\"type\":\"concat\",\"inputs\":[\"block.add\",\"side_sigmoid\"]},"
    "{\"name\":\"pool2\",\"type\":\"avg_pool\",\"kernel\":2,\"stride\":2},"
    "{\"name\":\"pool3\",\"type\":\"global_avg_pool\"},"
    "{\"name\":\"dropout\",\"type\":\"dropout\",\"rate\":0.2},"
    "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}";

static const char *const labels[TINY_LABELS] = { "a", "b", "c" };

skc_model *tiny_model(const char *architecture, uint64_t seed, const skc_runtime *runtime)
{
    skc_model_options options;
    skc_model        *model = NULL;
    skc_error         err;

    skc_model_options_init(&options);
    options.architecture = architecture;
    options.task         = "test";
    options.labels       = labels;
    options.label_count  = TINY_LABELS;
    options.seed         = seed;
    assert_works(skc_model_create(&options, runtime, &model, &err), err);
    return model;
}

void tiny_statistics(skc_model *model)
{
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);
        float                 step = spec->role == SKC_STATISTIC ? 0.125f : 0.0625f;

        for (size_t i = 0; spec->fan_in == 0 && i < skc__param_count(spec); i++)
            model->param[p][i] += step * (float)(1 + i % 5);
    }
}

skc_image *tiny_picture(int32_t i, int32_t width, int32_t height)
{
    skc_image *image = NULL;
    uint8_t   *pixels;

    assert_int_equal(skc_image_create(width, height, NULL, NULL, &image, NULL), SKC_OK);
    pixels = skc_image_pixels_mutable(image);
    for (int32_t y = 0; y < height; y++)
        for (int32_t x = 0; x < width; x++)
            for (int32_t c = 0; c < 3; c++)
                *pixels++ = (uint8_t)((c == i % TINY_LABELS ? 120 : 40) +
                                      (x * (i + 3) + y * (2 * i + 5) + 11 * c) % 90);
    return image;
}

float *tiny_inputs(int32_t count)
{
    size_t size   = (size_t)count * TINY_INPUT;
    float *inputs = malloc(size * sizeof(float));

    assert_non_null(inputs);
    for (size_t i = 0; i < size; i++)
        inputs[i] = 2 * sinf((float)(i * i % 1009) + 0.5f * (float)(i / TINY_INPUT));
    return inputs;
}

static void fill_cache(int32_t count, const char *path)
{
    skc_preprocessing p      = { .height = TINY_SIDE, .width = TINY_SIDE };
    skc_cache_writer *writer = NULL;
    skc_error         err, result;

    assert_works(skc_cache_writer_create(path, count, skc_preprocessing_side(&p), "tiny", NULL,
                                         &writer, &err),
                 err);
    for (int32_t i = 0; i < count; i++) {
        skc_image     *image = tiny_picture(i, 32, 32);
        skc_cache_item item  = { .row = i, .name = "tiny" };
        uint8_t       *bytes = NULL;

        assert_works(skc_image_encode(image, SKC_PNG, 90, NULL, &bytes, &item.size, &err), err);
        item.bytes = bytes;
        assert_works(skc_cache_writer_put(writer, &item, 1, &result, &err), err);
        assert_int_equal(result.status, SKC_OK);
        skc_free(NULL, bytes);
        skc_image_free(image);
    }
    assert_works(skc_cache_writer_finish(writer, &err), err);
}

void tiny_data_open(tiny_data *data, int32_t count, const char *path)
{
    skc_error err;
    char      name[32];

    memset(data, 0, sizeof *data);
    fill_cache(count, path);
    assert_works(skc_cache_open(path, NULL, &data->cache, &err), err);
    assert_works(skc_manifest_create(NULL, &data->manifest, &err), err);
    for (int32_t i = 0; i < count; i++) {
        skc_manifest_row row = { name, labels[i % TINY_LABELS], "", "train", "tiny" };

        snprintf(name, sizeof name, "%d.png", i);
        assert_works(skc_manifest_add(data->manifest, &row, &err), err);
    }
    assert_works(skc_dataset_create(data->manifest, data->cache, "train", labels, TINY_LABELS, NULL,
                                    &data->dataset, &err),
                 err);
}

void tiny_data_close(tiny_data *data)
{
    skc_dataset_free(data->dataset);
    skc_cache_free(data->cache);
    skc_manifest_free(data->manifest);
}

skc_train_options tiny_options(int32_t epochs)
{
    skc_train_options options;

    skc_train_options_init(&options);
    options.epochs          = epochs;
    options.batch           = 8;
    options.learning_rate   = 0.05f;
    options.warmup_epochs   = 0;
    options.final_rate      = 1;
    options.label_smoothing = 0;
    options.ema             = 0;
    options.augmentation    = (skc_augmentation){ .scale_min = 1, .scale_max = 1, .aspect = 1 };
    return options;
}

float *copy_params(const skc_model *model, size_t *count)
{
    float *all, *at;

    *count = 0;
    for (int32_t p = 0; p < model->graph.param_count; p++)
        *count += skc__param_count(skc__graph_param(&model->graph, p, NULL));
    all = at = malloc(*count * sizeof(float));
    assert_non_null(all);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        size_t size = skc__param_count(skc__graph_param(&model->graph, p, NULL));

        memcpy(at, model->param[p], size * sizeof(float));
        at += size;
    }
    return all;
}

void assert_same_params(const skc_model *a, const skc_model *b)
{
    size_t size_a, size_b;
    float *x = copy_params(a, &size_a), *y = copy_params(b, &size_b);

    assert_int_equal(size_a, size_b);
    assert_memory_equal(x, y, size_a * sizeof(float));
    free(x);
    free(y);
}

skc_runtime runtime_of(int32_t threads)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    return runtime;
}

unsigned char *read_bytes(const char *path, size_t *size)
{
    FILE          *file  = fopen(path, "rb");
    unsigned char *bytes = NULL;
    long           end;

    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    end = ftell(file);
    assert_true(end >= 0);
    rewind(file);
    bytes = malloc((size_t)end + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)end, file);
    assert_int_equal(*size, end);
    fclose(file);
    return bytes;
}

void write_bytes(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void assert_fails_with(skc_status found, skc_status wanted, const skc_error *err,
                       const char *const *texts, const char *call, const char *file, int line)
{
    if (found != wanted) {
        print_error("%s: %s, not %s: %s\n", call, skc_status_text(found), skc_status_text(wanted),
                    found != SKC_OK ? err->message : "");
        _fail(file, line);
    }
    for (; *texts != NULL; texts++)
        if (strstr(err->message, *texts) == NULL) {
            print_error("%s: no \"%s\" in: %s\n", call, *texts, err->message);
            _fail(file, line);
        }
}

void assert_works_with(skc_status found, const skc_error *err, const char *call, const char *file,
                       int line)
{
    if (found == SKC_OK)
        return;
    print_error("%s: %s: %s\n", call, skc_status_text(found), err->message);
    _fail(file, line);
}
