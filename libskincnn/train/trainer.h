/* trainer.h - what a trainer is inside the library: its state, all of it in a checkpoint. */
#ifndef SKC_TRAIN_TRAINER_H
#define SKC_TRAIN_TRAINER_H

#include "graph/workspace.h"
#include "model/model.h"
#include "train/loader.h"
#include "train/sampler.h"

/* Where training stands. Orders and augmentation follow from (seed, epoch, place) alone, so this
 * and the parameters are all that a resumed run needs. */
typedef struct skc_progress {
    int32_t epoch;     /* finished epochs */
    int32_t step;      /* finished steps of the epoch that runs, 0..steps - 1 */
    int64_t total;     /* finished steps */
    double  loss_sum;  /* over the steps of the epoch that runs */
    double  last_loss; /* mean loss of the epoch finished last */
} skc_progress;

struct skc_trainer {
    skc_allocator      allocator;
    skc_model         *model;
    const skc_dataset *dataset;
    skc_train_options  options; /* pointers in it point into the arena */
    skc_kernels        kernels;
    skc_pool          *pool;
    int32_t            batch, steps; /* steps an epoch */
    skc_workspace      workspace;
    skc_loader         loader;
    skc_sampler       *sampler;
    skc_arena          arena;
    bool              *frozen;    /* by node */
    float             *gradients; /* all of them in one block, for all_reduce; one float more */
    size_t             gradient_count;
    float            **gradient;  /* by parameter; NULL: it does not learn */
    float            **first;     /* momentum, or AdamW's first moment */
    float            **second;    /* AdamW's second moment; NULL with SGD */
    float            **average;   /* of the weights; NULL array elements when ema is 0 */
    float            **statistic; /* new values of statistics, until the step is known to be good */
    double            *squares;   /* by block of the gradients: its sum of squares */
    size_t            *starts;    /* by parameter, and the end: where it begins among all values */
    int32_t           *order;     /* (dataset count) of the epoch that runs */
    int32_t           *labels;    /* (batch) */
    skc_progress       progress;
};

/* Refuses what is out of its range (options.c). */
skc_status skc__train_options_check(const skc_train_options *options, skc_error *err);

/* The parameters that evaluation and export use: averaged where there are averages. */
float *const *skc__trainer_best(const skc_trainer *trainer);

/* Draws the order of the epoch that runs. */
void skc__trainer_begin_epoch(skc_trainer *trainer);

/* The optimiser's half of a step (optimiser.c): gradients set to 0, their norm, and the update.
 * Work is cut into blocks of values. */
size_t skc__blocks(size_t values);
void   skc__clear_gradients(skc_trainer *trainer);
double skc__gradient_norm(skc_trainer *trainer);
void   skc__update(skc_trainer *trainer, double rate, double gradient_scale);

#endif
