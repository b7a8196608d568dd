/* optimiser.c - from gradients to new parameters: norm, clipping, SGD or AdamW, averages.
 *
 * A task is a block of values, always the same one, however many parameters it is of: threads have
 * equal work, and any number of them gives the same bits.
 */
#include <math.h>
#include <string.h>

#include "core/parallel.h"
#include "train/trainer.h"

enum { BLOCK = 1 << 14 }; /* values */

size_t skc__blocks(size_t values)
{
    return (values + BLOCK - 1) / BLOCK;
}

static size_t block_end(size_t begin, size_t values)
{
    return values - begin < BLOCK ? values : begin + BLOCK;
}

/* ---------------------------------------------------------------- gradients */

static void clear_block(void *context, int32_t number, int32_t thread)
{
    skc_trainer *t     = context;
    size_t       begin = (size_t)number * BLOCK;

    (void)thread;
    memset(t->gradients + begin, 0,
           (block_end(begin, t->gradient_count) - begin) * sizeof *t->gradients);
}

void skc__clear_gradients(skc_trainer *trainer)
{
    skc__parallel(trainer->pool, (int32_t)skc__blocks(trainer->gradient_count), clear_block,
                  trainer);
}

static void square_block(void *context, int32_t number, int32_t thread)
{
    skc_trainer *t     = context;
    size_t       begin = (size_t)number * BLOCK;
    const float *from  = t->gradients + begin;

    (void)thread;
    t->squares[number] = t->kernels.dot(block_end(begin, t->gradient_count) - begin, from, from);
}

double skc__gradient_norm(skc_trainer *trainer)
{
    const int32_t blocks = (int32_t)skc__blocks(trainer->gradient_count);
    double        sum    = 0;

    skc__parallel(trainer->pool, blocks, square_block, trainer);
    for (int32_t i = 0; i < blocks; i++)
        sum += trainer->squares[i];
    return sqrt(sum);
}

/* ---------------------------------------------------------------- update */

typedef struct update {
    skc_trainer *trainer;
    float        rate, gradient_scale, average_decay;
} update;

/* `count` values of parameter p from value `first` on. */
typedef struct piece {
    int32_t p;
    size_t  first, count;
} piece;

static float *at(float *const *params, const piece *s)
{
    return params[s->p] + s->first;
}

static void apply_sgd(const update *u, const skc_param_spec *spec, const piece *s)
{
    const skc_trainer *t    = u->trainer;
    const skc_sgd_step step = { .rate           = u->rate,
                                .momentum       = t->options.momentum,
                                .decay          = spec->decay ? t->options.weight_decay : 0,
                                .gradient_scale = u->gradient_scale };

    t->kernels.sgd(s->count, &step, at(t->gradient, s), at(t->first, s), at(t->model->param, s));
}

static void apply_adamw(const update *u, const skc_param_spec *spec, const piece *s)
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

    t->kernels.adamw(s->count, &step, at(t->gradient, s), at(t->first, s), at(t->second, s),
                     at(t->model->param, s));
}

static void update_piece(const update *u, const piece *s)
{
    const skc_trainer    *t     = u->trainer;
    const skc_param_spec *spec  = skc__graph_param(&t->model->graph, s->p, NULL);
    float                *value = at(t->model->param, s);

    if (spec->role == SKC_STATISTIC && t->statistic[s->p] != NULL)
        memcpy(value, at(t->statistic, s), s->count * sizeof *value);
    else if (t->gradient[s->p] != NULL && t->options.optimiser == SKC_ADAMW)
        apply_adamw(u, spec, s);
    else if (t->gradient[s->p] != NULL)
        apply_sgd(u, spec, s);
    if (t->average[s->p] != NULL)
        t->kernels.average(s->count, u->average_decay, value, at(t->average, s));
}

/* The parameter that has a value, counted through all: the last that begins at or before it. */
static int32_t param_with(const skc_trainer *t, size_t value)
{
    int32_t low = 0, high = t->model->graph.param_count - 1;

    while (low < high) {
        int32_t middle = (low + high + 1) / 2;

        if (t->starts[middle] <= value)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

static void update_block(void *context, int32_t number, int32_t thread)
{
    const update      *u   = context;
    const skc_trainer *t   = u->trainer;
    size_t             now = (size_t)number * BLOCK;
    size_t             end = block_end(now, t->starts[t->model->graph.param_count]);

    (void)thread;
    for (int32_t p = param_with(t, now); now < end; p++) {
        const size_t stop = t->starts[p + 1] < end ? t->starts[p + 1] : end;
        const piece  s    = { p, now - t->starts[p], stop - now };

        update_piece(u, &s);
        now = stop;
    }
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

    skc__parallel(trainer->pool,
                  (int32_t)skc__blocks(trainer->starts[trainer->model->graph.param_count]),
                  update_block, &u);
}
