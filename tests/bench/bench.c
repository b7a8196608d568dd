/* bench.c - how fast this machine trains and predicts: images a second of each architecture. */
#define _GNU_SOURCE
#include "skincnn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CLASSES = 7, PICTURES = 64, ROUNDS = 5 };

typedef struct bench_row {
    const char *architecture;
    int32_t     size;
} bench_row;

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void must(skc_status status, const skc_error *err)
{
    if (status == SKC_OK)
        return;
    fprintf(stderr, "bench: %s\n", err->message);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static skc_model *make_model(const bench_row *r, skc_error *err)
{
    static const char *const labels[CLASSES] = { "a", "b", "c", "d", "e", "f", "g" };
    skc_model_options        o;
    skc_model               *model = NULL;

    skc_model_options_init(&o);
    o.architecture = r->architecture;
    o.height = o.width = r->size;
    o.task             = "bench";
    o.labels           = labels;
    o.label_count      = CLASSES;
    must(skc_model_create(&o, NULL, &model, err), err);
    return model;
}

/* Median milliseconds of running `batch` inputs. */
static double time_run(const skc_model *model, int32_t batch, skc_error *err)
{
    skc_preprocessing p       = skc_model_preprocessing(model);
    size_t            count   = (size_t)batch * (size_t)p.height * (size_t)p.width * 3;
    float            *inputs  = malloc(count * sizeof *inputs);
    float            *logits  = malloc((size_t)batch * CLASSES * sizeof *logits);
    skc_session      *session = NULL;
    double            took[ROUNDS];

    if (inputs == NULL || logits == NULL)
        exit(1);
    for (size_t i = 0; i < count; i++)
        inputs[i] = (float)(i % 17) * 0.1f - 0.8f;
    must(skc_session_create(model, batch, NULL, &session, err), err);
    must(skc_session_run(session, inputs, batch, logits, err), err);
    for (int i = 0; i < ROUNDS; i++) {
        double begin = seconds();
        must(skc_session_run(session, inputs, batch, logits, err), err);
        took[i] = seconds() - begin;
    }
    qsort(took, ROUNDS, sizeof took[0], by_value);
    skc_session_free(session);
    free(inputs);
    free(logits);
    return 1e3 * took[ROUNDS / 2];
}

/* A data set of pictures that need no reading: a manifest and a cache in a temporary folder. */
static skc_dataset *make_data(const skc_model *model, skc_cache **cache, skc_error *err)
{
    skc_preprocessing p    = skc_model_preprocessing(model);
    int32_t           side = skc_preprocessing_side(&p);
    const char       *labels[CLASSES];
    char              path[64] = "/tmp/skincnn-bench-XXXXXX", name[32];
    skc_manifest     *manifest = NULL;
    skc_cache_writer *writer   = NULL;
    skc_dataset      *dataset  = NULL;
    skc_image        *image    = NULL;
    uint8_t          *bytes    = NULL;
    size_t            size     = 0;

    if (close(mkstemp(path)) != 0)
        exit(1);
    for (int32_t c = 0; c < CLASSES; c++)
        labels[c] = skc_model_label(model, c);
    must(skc_image_create(side, side, NULL, NULL, &image, err), err);
    must(skc_image_encode(image, SKC_PNG, 90, NULL, &bytes, &size, err), err);
    must(skc_manifest_create(NULL, &manifest, err), err);
    must(skc_cache_writer_create(path, PICTURES, side, "bench", NULL, &writer, err), err);
    for (int32_t i = 0; i < PICTURES; i++) {
        skc_manifest_row row    = { name, labels[i % CLASSES], "", "train", "" };
        skc_cache_item   item   = { i, bytes, size, "bench" };
        skc_error        result = { SKC_OK, "" };

        snprintf(name, sizeof name, "%d.png", i);
        must(skc_manifest_add(manifest, &row, err), err);
        must(skc_cache_writer_put(writer, &item, 1, &result, err), err);
    }
    must(skc_cache_writer_finish(writer, err), err);
    must(skc_cache_open(path, NULL, cache, err), err);
    must(skc_dataset_create(manifest, *cache, "train", labels, CLASSES, NULL, &dataset, err), err);
    unlink(path);
    skc_manifest_free(manifest);
    skc_image_free(image);
    skc_free(NULL, bytes);
    return dataset;
}

/* Median milliseconds of a training step of 32 pictures, loading and augmentation included. */
static double time_step(skc_model *model, skc_error *err)
{
    skc_cache        *cache   = NULL;
    skc_dataset      *dataset = make_data(model, &cache, err);
    skc_trainer      *trainer = NULL;
    skc_train_options o;
    skc_train_step    step;
    double            took[ROUNDS];

    skc_train_options_init(&o);
    o.batch         = 32;
    o.learning_rate = 1e-4f;
    must(skc_trainer_create(model, dataset, &o, NULL, &trainer, err), err);
    must(skc_trainer_step(trainer, &step, err), err);
    for (int i = 0; i < ROUNDS; i++) {
        double begin = seconds();
        must(skc_trainer_step(trainer, &step, err), err);
        took[i] = seconds() - begin;
    }
    qsort(took, ROUNDS, sizeof took[0], by_value);
    skc_trainer_free(trainer);
    skc_dataset_free(dataset);
    skc_cache_free(cache);
    return 1e3 * took[ROUNDS / 2];
}

int main(void)
{
    static const bench_row rows[]  = { { "seed", 100 },
                                       { "seed", 224 },
                                       { "resnet18", 224 },
                                       { "mobilenetv2", 224 },
                                       { "mobilenet_edgetpu", 224 } };
    const char            *kernels = "scalar";
    skc_error              err;

    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++)
        kernels = skc_kernel_set(i);
    printf("kernels %s, medians of %d, %d classes\n", kernels, (int)ROUNDS, (int)CLASSES);
    printf("%-18s %5s %14s %16s %16s\n", "architecture", "size", "batch 1 ms", "batch 32 img/s",
           "train 32 img/s");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        skc_model *model = make_model(&rows[i], &err);
        double     one = time_run(model, 1, &err), many = time_run(model, 32, &err);
        double     step = time_step(model, &err);

        printf("%-18s %5d %14.2f %16.1f %16.1f\n", rows[i].architecture, rows[i].size, one,
               32e3 / many, 32e3 / step);
        (void)fflush(stdout);
        skc_model_free(model);
    }
    return 0;
}
