/* network.c - a whole network at work: a session's run, a training step. */
#define _GNU_SOURCE
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "train/loss.h"
#include "train/trainer.h"

static float *make_inputs(const skc_model *model, int32_t batch)
{
    size_t count  = (size_t)batch * skc__shape_count(model->graph.input);
    float *inputs = bench_allocate(count * sizeof *inputs);

    bench_fill(inputs, count);
    return inputs;
}

/* ---------------------------------------------------------------- inference */

typedef struct infer {
    skc_session *session;
    float       *inputs, *logits;
    int32_t      batch;
} infer;

static void infer_round(void *state, double *seconds)
{
    infer    *s     = state;
    double    begin = bench_now();
    skc_error err;

    bench_must(skc_session_run(s->session, s->inputs, s->batch, s->logits, &err), &err);
    *seconds = bench_now() - begin;
}

bench_task bench_infer(skc_model *model, int32_t batch, int32_t threads)
{
    infer      *s       = bench_allocate(sizeof *s);
    skc_runtime runtime = bench_runtime(threads);
    skc_error   err;

    s->batch  = batch;
    s->inputs = make_inputs(model, batch);
    s->logits = bench_allocate((size_t)batch * (size_t)model->label_count * sizeof(float));
    bench_must(skc_session_create(model, batch, &runtime, &s->session, &err), &err);
    return (bench_task){ s, 1, infer_round };
}

/* ---------------------------------------------------------------- training */

typedef struct train {
    skc_trainer *trainer;
    float       *inputs; /* of one batch; NULL: from the cache */
    uint64_t     seed;
} train;

static void put_pictures(const skc_model *model, int32_t count, const char *picture,
                         skc_manifest *manifest, const char *path)
{
    int32_t           side = skc_preprocessing_side(&model->preprocessing);
    size_t            size;
    unsigned char    *bytes  = bench_read(picture, &size);
    skc_cache_writer *writer = NULL;
    char              name[32];
    skc_error         err, result;

    bench_must(skc_cache_writer_create(path, count, side, "bench", NULL, &writer, &err), &err);
    for (int32_t i = 0; i < count; i++) {
        skc_manifest_row row  = { name, model->labels[i % BENCH_CLASSES], "", "train", "" };
        skc_cache_item   item = { i, bytes, size, "bench" };

        snprintf(name, sizeof name, "%d.jpg", i);
        result.status = SKC_OK;
        bench_must(skc_manifest_add(manifest, &row, &err), &err);
        bench_must(skc_cache_writer_put(writer, &item, 1, &result, &err), &err);
        bench_must(result.status, &result);
    }
    bench_must(skc_cache_writer_finish(writer, &err), &err);
    free(bytes);
}

/* `count` times the same picture, each with bytes of its own in the cache. */
static skc_dataset *make_data(const skc_model *model, int32_t count, const char *picture)
{
    char          path[64] = "/tmp/skincnn-bench-XXXXXX";
    skc_manifest *manifest = NULL;
    skc_cache    *cache    = NULL;
    skc_dataset  *dataset  = NULL;
    skc_error     err;
    int           file = mkstemp(path);

    if (file < 0 || close(file) != 0)
        bench_die(path, "no such file can be made");
    bench_must(skc_manifest_create(NULL, &manifest, &err), &err);
    put_pictures(model, count, picture, manifest, path);
    bench_must(skc_cache_open(path, NULL, &cache, &err), &err);
    bench_must(skc_dataset_create(manifest, cache, "train", (const char *const *)model->labels,
                                  model->label_count, NULL, &dataset, &err),
               &err);
    (void)unlink(path);
    skc_manifest_free(manifest);
    return dataset;
}

/* A step without the loader: what skc_trainer_step does once the batch is there. */
static void step_from_memory(train *s)
{
    skc_trainer           *t       = s->trainer;
    int32_t                last    = t->model->graph.node_count;
    const skc_loss_options options = { .classes = t->model->label_count };
    const skc_walk         walk    = { .n        = t->batch,
                                       .input    = s->inputs,
                                       .param    = (const float *const *)t->model->param,
                                       .stat     = t->statistic,
                                       .training = true,
                                       .seed     = s->seed++ };

    skc__forward(&t->workspace, &walk);
    (void)skc__cross_entropy(&options, t->workspace.value[last], t->labels, t->batch,
                             t->workspace.gradient[last]);
    skc__clear_gradients(t);
    skc__backward(&t->workspace, &walk, t->gradient);
    (void)skc__gradient_norm(t);
    skc__update(t, 1e-4, 1);
}

static void train_round(void *state, double *seconds)
{
    train         *s     = state;
    double         begin = bench_now();
    skc_train_step step;
    skc_error      err;

    if (s->inputs != NULL)
        step_from_memory(s);
    else
        bench_must(skc_trainer_step(s->trainer, &step, &err), &err);
    *seconds = bench_now() - begin;
}

/* SGD with momentum and weight decay and nothing besides, as the rival does it. */
static skc_train_options train_options(int32_t batch)
{
    skc_train_options o;

    skc_train_options_init(&o);
    o.epochs          = 100000;
    o.batch           = batch;
    o.learning_rate   = 1e-4f;
    o.weight_decay    = 1e-4f;
    o.label_smoothing = 0;
    o.ema             = 0;
    o.clip_norm       = 0;
    o.augmentation =
        (skc_augmentation){ .flip = true, .scale_min = 0.6f, .scale_max = 1, .aspect = 1.2f };
    return o;
}

bench_task bench_train(skc_model *model, int32_t batch, int32_t threads, const char *picture,
                       bool from_memory)
{
    train            *s       = bench_allocate(sizeof *s);
    skc_runtime       runtime = bench_runtime(threads);
    skc_train_options options = train_options(batch);
    skc_dataset      *dataset = make_data(model, from_memory ? batch : 2 * batch, picture);
    skc_error         err;

    bench_must(skc_trainer_create(model, dataset, &options, &runtime, &s->trainer, &err), &err);
    if (from_memory) {
        s->inputs = make_inputs(model, batch);
        memcpy(s->trainer->labels, skc_dataset_labels(dataset), (size_t)batch * sizeof(int32_t));
    }
    return (bench_task){ s, 1, train_round };
}
