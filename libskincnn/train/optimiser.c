/* optimiser.c - from gradients to new parameters: norm, clipping, SGD or AdamW, averages. Each
 * parameter is one task, so that any number of threads gives the same bits. */
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "train/trainer.h"

static const skc_param_spec *spec_of(const skc_trainer *trainer, int32_t p)
{
    return skc__graph_param(&trainer->model->graph, p, NULL);
}

static void square_one(void *context, int32_t p, int32_t thread)
{
    skc_trainer *t = context;

    (void)thread;
    t->squares[p] = t->gradient[p] == NULL ? 0
                                           : t->kernels.dot(skc__param_count(spec_of(t, p)),
                                                            t->gradient[p], t->gradient[p]);
}

double skc__gradient_norm(skc_trainer *trainer)
{
    double sum = 0;

    skc__parallel(trainer->pool, trainer->model->graph.param_count, square_one, trainer);
    for (int32_t p = 0; p < trainer->model->graph.param_count; p++)
        sum += trainer->squares[p];
    return sqrt(sum);
}

typedef struct update {
    skc_trainer *trainer;
    float        rate, gradient_scale, average_decay;
} update;

static void apply_sgd(const update *u, const skc_param_spec *spec, int32_t p)
{
    const skc_trainer *t    = u->trainer;
    const skc_sgd_step step = { .rate           = u->rate,
                                .momentum       = t->options.momentum,
                                .decay          = spec->decay ? t->options.weight_decay : 0,
                                .gradient_scale = u->gradient_scale };

    t->kernels.sgd(skc__param_count(spec), &step, t->gradient[p], t->first[p], t->model->param[p]);
}

static void apply_adamw(const update *u, const skc_param_spec *spec, int32_t p)
{
    const skc_trainer   *t     = u->trainer;
    double               steps = (double)(t->progress.total + 1);
    const skc_adamw_step step  = {
         .rate           = u->rate,
         .beta1          = t->options.beta1,
         .beta2          = t->options.beta2,
         .epsilon        = t->options.epsilon,
         .decay          = spec->decay ? t->options.weight_decay : 0,
         .correction1    = (float)(1 - pow((double)t->options.beta1, steps)),
         .correction2    = (float)(1 - pow((double)t->options.beta2, steps)),
         .gradient_scale = u->gradient_scale,
    };

    t->kernels.adamw(skc__param_count(spec), &step, t->gradient[p], t->first[p], t->second[p],
                     t->model->param[p]);
}

static void update_one(void *context, int32_t p, int32_t thread)
{
    const update         *u    = context;
    const skc_trainer    *t    = u->trainer;
    const skc_param_spec *spec = spec_of(t, p);

    (void)thread;
    if (spec->role == SKC_STATISTIC && t->statistic[p] != NULL)
        memcpy(t->model->param[p], t->statistic[p], skc__param_count(spec) * sizeof(float));
    else if (t->gradient[p] != NULL && t->options.optimiser == SKC_ADAMW)
        apply_adamw(u, spec, p);
    else if (t->gradient[p] != NULL)
        apply_sgd(u, spec, p);
    if (t->average[p] != NULL)
        t->kernels.average(skc__param_count(spec), u->average_decay, t->model->param[p],
                           t->average[p]);
}

void skc__update(skc_trainer *trainer, double rate, double gradient_scale)
{
    /* a young average follows quickly (as TensorFlow's ExponentialMovingAverage with num_updates)
     */
    double young =
        (1.0 + (double)trainer->progress.total) / (10.0 + (double)trainer->progress.total);
    double decay = (double)trainer->options.ema;
    update u     = { trainer, (float)rate, (float)gradient_scale,
                     (float)(young < decay ? young : decay) };

    skc__parallel(trainer->pool, trainer->model->graph.param_count, update_one, &u);
}
