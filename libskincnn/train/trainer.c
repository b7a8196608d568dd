/* trainer.c - training: created, stepped, evaluated, exported. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "core/random.h"
#include "train/loss.h"
#include "train/sampler.h"
#include "train/schedule.h"
#include "train/score.h"

/* ---------------------------------------------------------------- creation */

static skc_status check_fit(const skc_trainer *t, skc_error *err)
{
    if (t->dataset->label_count != t->model->label_count)
        return skc__fail(err, SKC_EMISMATCH, "a dataset of %d labels for a model of %d",
                         t->dataset->label_count, t->model->label_count);
    for (int32_t c = 0; t->options.class_weights != NULL && c < t->model->label_count; c++)
        if (!(t->options.class_weights[c] > 0) || !isfinite(t->options.class_weights[c]))
            return skc__fail(err, SKC_EINVAL, "class weight %g of %s; over 0 is allowed",
                             (double)t->options.class_weights[c], t->model->labels[c]);
    return SKC_OK;
}

/* Does the name begin with one of the comma-separated prefixes? */
static bool has_prefix(const char *name, const char *prefixes)
{
    while (prefixes != NULL && *prefixes != '\0') {
        size_t length = strcspn(prefixes, ",");

        if (length > 0 && strncmp(name, prefixes, length) == 0)
            return true;
        prefixes += length + (prefixes[length] == ',');
    }
    return false;
}

/* A prefix that fits no layer is a mistake that would otherwise pass unseen. */
static skc_status check_freeze(const skc_trainer *t, skc_error *err)
{
    const char *prefixes = t->options.freeze;
    char        one[SKC_MAX_NAME];

    while (prefixes != NULL && *prefixes != '\0') {
        size_t length = strcspn(prefixes, ",");
        bool   fits   = false;

        if (length >= sizeof one)
            return skc__fail(err, SKC_EINVAL, "freeze: a prefix is too long");
        memcpy(one, prefixes, length);
        one[length] = '\0';
        for (int32_t i = 0; i < t->model->graph.node_count; i++)
            fits = fits || has_prefix(t->model->graph.nodes[i].name, one);
        if (!fits)
            return skc__fail(err, SKC_EINVAL, "freeze: no layer begins with \"%s\"", one);
        prefixes += length + (prefixes[length] == ',');
    }
    return SKC_OK;
}

/* What each parameter has besides its value: gradient, moments, average, next statistic. */
typedef struct needs {
    bool gradient, second, average, statistic;
} needs;

static needs needs_of(const skc_trainer *t, int32_t p)
{
    int32_t               node;
    const skc_param_spec *spec   = skc__graph_param(&t->model->graph, p, &node);
    bool                  frozen = has_prefix(t->model->graph.nodes[node].name, t->options.freeze);
    bool                  learns = spec->role == SKC_TRAINED && !frozen;

    return (needs){ .gradient  = learns,
                    .second    = learns && t->options.optimiser == SKC_ADAMW,
                    .average   = t->options.ema > 0,
                    .statistic = spec->role == SKC_STATISTIC && !frozen };
}

static size_t arena_bytes(skc_trainer *t)
{
    size_t params = (size_t)t->model->graph.param_count;
    size_t bytes =
        5 * skc__arena_piece(params * sizeof(float *)) +
        skc__arena_piece((params + 1) * sizeof(size_t)) +
        skc__arena_piece((size_t)t->model->graph.node_count) +
        skc__arena_piece((size_t)t->dataset->count * sizeof(int32_t)) +
        skc__arena_piece((size_t)t->batch * sizeof(int32_t)) +
        skc__arena_piece((size_t)t->model->label_count * sizeof(float)) +
        (t->options.freeze != NULL ? skc__arena_piece(strlen(t->options.freeze) + 1) : 0);

    for (int32_t p = 0; p < t->model->graph.param_count; p++) {
        needs  n    = needs_of(t, p);
        size_t size = skc__param_count(skc__graph_param(&t->model->graph, p, NULL));

        t->gradient_count += n.gradient ? size : 0;
        bytes += (size_t)(n.gradient + n.second + n.average + n.statistic) *
                 skc__arena_piece(size * sizeof(float));
    }
    return bytes + skc__arena_piece((t->gradient_count + 1) * sizeof(float)) +
           skc__arena_piece(skc__blocks(t->gradient_count) * sizeof(double));
}

static float *take_floats(skc_trainer *t, bool wanted, size_t count)
{
    return wanted ? skc__arena_take(&t->arena, count * sizeof(float)) : NULL;
}

static void take_params(skc_trainer *t)
{
    float *gradient = t->gradients;

    for (int32_t p = 0; p < t->model->graph.param_count; p++) {
        needs  n    = needs_of(t, p);
        size_t size = skc__param_count(skc__graph_param(&t->model->graph, p, NULL));

        t->starts[p + 1] = t->starts[p] + size;
        t->gradient[p]   = n.gradient ? gradient : NULL;
        t->first[p]      = take_floats(t, n.gradient, size);
        t->second[p]     = take_floats(t, n.second, size);
        t->average[p]    = take_floats(t, n.average, size);
        t->statistic[p]  = take_floats(t, n.statistic, size);
        gradient += n.gradient ? size : 0;
        if (n.average)
            memcpy(t->average[p], t->model->param[p], size * sizeof(float));
    }
}

static void take_options(skc_trainer *t)
{
    size_t labels = (size_t)t->model->label_count;

    if (t->options.freeze != NULL) {
        char *copy = skc__arena_take(&t->arena, strlen(t->options.freeze) + 1);
        memcpy(copy, t->options.freeze, strlen(t->options.freeze) + 1);
        t->options.freeze = copy;
    }
    if (t->options.class_weights != NULL) {
        float *copy = skc__arena_take(&t->arena, labels * sizeof(float));
        memcpy(copy, t->options.class_weights, labels * sizeof(float));
        t->options.class_weights = copy;
    }
}

static skc_status take_pieces(skc_trainer *t, skc_error *err)
{
    size_t     params = (size_t)t->model->graph.param_count;
    skc_status status = skc__arena_create(&t->allocator, arena_bytes(t), &t->arena, err);

    if (status != SKC_OK)
        return status;
    t->gradient  = skc__arena_take(&t->arena, params * sizeof(float *));
    t->first     = skc__arena_take(&t->arena, params * sizeof(float *));
    t->second    = skc__arena_take(&t->arena, params * sizeof(float *));
    t->average   = skc__arena_take(&t->arena, params * sizeof(float *));
    t->statistic = skc__arena_take(&t->arena, params * sizeof(float *));
    t->squares   = skc__arena_take(&t->arena, skc__blocks(t->gradient_count) * sizeof(double));
    t->starts    = skc__arena_take(&t->arena, (params + 1) * sizeof(size_t));
    t->frozen    = skc__arena_take(&t->arena, (size_t)t->model->graph.node_count);
    t->order     = skc__arena_take(&t->arena, (size_t)t->dataset->count * sizeof(int32_t));
    t->labels    = skc__arena_take(&t->arena, (size_t)t->batch * sizeof(int32_t));
    t->gradients = skc__arena_take(&t->arena, (t->gradient_count + 1) * sizeof(float));
    take_options(t);
    take_params(t);
    for (int32_t i = 0; i < t->model->graph.node_count; i++)
        t->frozen[i] = has_prefix(t->model->graph.nodes[i].name, t->options.freeze);
    return SKC_OK;
}

static skc_status make_machinery(skc_trainer *t, skc_error *err)
{
    skc_workspace_options options = { .max_batch = t->batch,
                                      .threads   = skc__pool_threads(t->pool),
                                      .pool      = t->pool,
                                      .training  = true,
                                      .kernels   = &t->kernels,
                                      .frozen    = t->frozen };
    skc_status            status =
        skc__workspace_create(&t->model->graph, &options, &t->allocator, &t->workspace, err);

    if (status == SKC_OK && t->workspace.gradient[t->model->graph.node_count] == NULL)
        status = skc__fail(err, SKC_EINVAL, "freeze: every layer is frozen; nothing would learn");
    if (status == SKC_OK)
        status = skc__loader_create(&t->kernels, &t->model->preprocessing, t->pool, &t->allocator,
                                    &t->loader, err);
    if (status == SKC_OK)
        status = skc__loader_check(&t->loader, t->dataset, err);
    if (status == SKC_OK)
        status = skc__sampler_create(t->dataset, t->options.balance, t->options.balance_sources,
                                     &t->allocator, &t->sampler, err);
    return status;
}

static skc_status fill_trainer(skc_trainer *t, const skc_runtime *runtime, skc_error *err)
{
    skc_status status = skc__train_options_check(&t->options, err);

    if (status == SKC_OK)
        status = check_fit(t, err);
    if (status == SKC_OK)
        status = check_freeze(t, err);
    if (status == SKC_OK)
        status = skc__kernels(runtime, &t->kernels, err);
    if (status == SKC_OK)
        status = skc__pool_create(runtime, &t->pool, err);
    if (status != SKC_OK)
        return status;
    t->batch = t->options.batch < t->dataset->count ? t->options.batch : t->dataset->count;
    t->steps = t->dataset->count / t->batch; /* a remainder waits for another epoch's order */
    status   = take_pieces(t, err);
    if (status == SKC_OK)
        status = make_machinery(t, err);
    if (status == SKC_OK)
        skc__trainer_begin_epoch(t);
    return status;
}

skc_status skc_trainer_create(skc_model *model, const skc_dataset *dataset,
                              const skc_train_options *options, const skc_runtime *runtime,
                              skc_trainer **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_trainer  *t;
    skc_status    status = skc__refuse_quantised(model, "trained", err);

    if (status == SKC_OK)
        status = skc__refuse_compact(model, err);
    if (status != SKC_OK)
        return status;
    t = skc__allocate_zeroed(&allocator, sizeof *t, err);
    if (t == NULL)
        return SKC_ENOMEM;
    skc__model_changed(model);
    t->allocator = allocator;
    t->model     = model;
    t->dataset   = dataset;
    t->options   = *options;
    status       = fill_trainer(t, runtime, err);
    if (status == SKC_OK)
        *out = t;
    else
        skc_trainer_free(t);
    return status;
}

void skc_trainer_free(skc_trainer *trainer)
{
    skc_allocator allocator;

    if (trainer == NULL)
        return;
    allocator = trainer->allocator;
    skc__sampler_free(trainer->sampler);
    skc__loader_free(&trainer->loader);
    skc__workspace_free(&trainer->workspace);
    skc__arena_free(&trainer->arena);
    skc__pool_free(trainer->pool);
    skc__release(&allocator, trainer);
}

size_t skc_trainer_bytes(const skc_trainer *trainer)
{
    return sizeof *trainer + skc__pool_bytes(trainer->pool) + trainer->workspace.arena.size +
           trainer->arena.size +
           (size_t)skc__pool_threads(trainer->pool) *
               skc__shape_count(trainer->model->graph.input) * sizeof(float);
}

/* ---------------------------------------------------------------- steps */

void skc__trainer_begin_epoch(skc_trainer *t)
{
    skc__sampler_order(t->sampler, t->options.seed, (uint64_t)t->progress.epoch, t->order);
}

static void load_batch(skc_trainer *t)
{
    int32_t        first   = t->progress.step * t->batch;
    const int32_t *indices = t->order + first;
    const skc_draw draw = { &t->options.augmentation, ~t->options.seed, (uint64_t)t->progress.epoch,
                            (uint64_t)first };

    skc__load_augmented(&t->loader, t->dataset, indices, t->batch, &draw, t->workspace.value[0]);
    for (int32_t i = 0; i < t->batch; i++)
        t->labels[i] = t->dataset->labels[indices[i]];
}

/* Forward, loss, backward: gradients of the batch's mean loss. */
static skc_loss differentiate(skc_trainer *t)
{
    const skc_walk         walk    = { .n        = t->batch,
                                       .param    = (const float *const *)t->model->param,
                                       .stat     = t->statistic,
                                       .training = true,
                                       .seed     = t->options.seed * 0x9e3779b97f4a7c15u +
                                               (uint64_t)t->progress.total * SKC_MAX_NODES };
    const skc_loss_options options = { t->model->label_count, t->options.label_smoothing,
                                       t->options.class_weights };
    int32_t                last    = t->model->graph.node_count;
    skc_loss               loss;

    skc__forward(&t->workspace, &walk);
    loss = skc__cross_entropy(&options, t->workspace.value[last], t->labels, t->batch,
                              t->workspace.gradient[last]);
    skc__clear_gradients(t);
    skc__backward(&t->workspace, &walk, t->gradient);
    return loss;
}

/* Sums gradients over the ranks; the float behind them counts the ranks. */
static skc_status reduce(skc_trainer *t, double *ranks, skc_error *err)
{
    float *counter = &t->gradients[t->gradient_count];

    *counter = 1;
    if (t->options.all_reduce != NULL &&
        t->options.all_reduce(t->options.all_reduce_user, t->gradients, t->gradient_count + 1) != 0)
        return skc__fail(err, SKC_EIO, "the gradients could not be summed over the ranks");
    *ranks = (double)*counter;
    return SKC_OK;
}

static bool statistics_finite(const skc_trainer *t)
{
    for (int32_t p = 0; p < t->model->graph.param_count; p++) {
        size_t size = skc__param_count(skc__graph_param(&t->model->graph, p, NULL));

        for (size_t i = 0; t->statistic[p] != NULL && i < size; i++)
            if (!isfinite(t->statistic[p][i]))
                return false;
    }
    return true;
}

/* Counts the step; at the end of an epoch draws the next one's order. */
static void advance(skc_trainer *t, double loss, skc_train_step *out)
{
    skc_progress *p = &t->progress;

    p->loss_sum += loss;
    p->total++;
    p->step++;
    out->epoch          = p->epoch + 1;
    out->step           = p->step;
    out->steps          = t->steps;
    out->images         = t->batch;
    out->loss           = loss;
    out->epoch_finished = p->step == t->steps;
    if (!out->epoch_finished)
        return;
    p->last_loss = p->loss_sum / t->steps;
    p->loss_sum  = 0;
    p->step      = 0;
    p->epoch++;
    skc__trainer_begin_epoch(t);
}

skc_status skc_trainer_step(skc_trainer *trainer, skc_train_step *out, skc_error *err)
{
    skc_trainer *t = trainer;
    skc_loss     loss;
    double       ranks = 1, norm, rate, clip = (double)t->options.clip_norm;
    skc_status   status;

    if (skc_trainer_finished(t))
        return skc__fail(err, SKC_EINVAL, "all %d epochs are done", t->options.epochs);
    load_batch(t);
    loss   = differentiate(t);
    status = reduce(t, &ranks, err);
    if (status != SKC_OK)
        return status;
    norm = skc__gradient_norm(t) / ranks;
    if (!isfinite(loss.mean) || !isfinite(norm) || !statistics_finite(t))
        return skc__fail(err, SKC_EDIVERGED,
                         "epoch %d, step %d: loss %g, gradient norm %g: training diverged; try a "
                         "lower learning rate or a longer warm-up",
                         t->progress.epoch + 1, t->progress.step + 1, loss.mean, norm);
    rate = skc__learning_rate(&t->options, t->progress.total, t->steps);
    skc__update(t, rate, (clip > 0 && norm > clip ? clip / norm : 1) / ranks);
    out->learning_rate = rate;
    out->gradient_norm = norm;
    out->correct       = loss.correct;
    advance(t, loss.mean, out);
    return SKC_OK;
}

double skc_trainer_epoch_loss(const skc_trainer *trainer)
{
    const skc_progress *p = &trainer->progress;

    return p->step > 0 ? p->loss_sum / p->step : p->last_loss;
}

bool skc_trainer_finished(const skc_trainer *trainer)
{
    return trainer->progress.epoch >= trainer->options.epochs;
}

/* ---------------------------------------------------------------- results */

float *const *skc__trainer_best(const skc_trainer *trainer)
{
    return trainer->options.ema > 0 ? trainer->average : trainer->model->param;
}

skc_status skc_trainer_predict(skc_trainer *trainer, const skc_dataset *dataset, int32_t views,
                               float *probabilities, skc_error *err)
{
    const skc_scoring scoring = { &trainer->workspace,
                                  (const float *const *)skc__trainer_best(trainer),
                                  &trainer->loader, 1.0f, views };

    if (views != 1 && views != 8)
        return skc__fail(err, SKC_EINVAL, "%d views; 1 or 8 is allowed", views);
    if (views == 8 && trainer->model->graph.input.h != trainer->model->graph.input.w)
        return skc__fail(err, SKC_EINVAL, "8 views need a square input, not %d x %d",
                         trainer->model->graph.input.h, trainer->model->graph.input.w);
    if (dataset->label_count != trainer->model->label_count)
        return skc__fail(err, SKC_EMISMATCH, "a dataset of %d labels for a model of %d",
                         dataset->label_count, trainer->model->label_count);
    return skc__score_dataset(&scoring, dataset, probabilities, err);
}

skc_status skc_trainer_export(skc_trainer *trainer, const char *path, skc_precision precision,
                              skc_error *err)
{
    return skc__model_save(trainer->model, skc__trainer_best(trainer), path, precision, err);
}
