/* training.h - a tiny model and the trainer that trains it, for tests. Files that include it define
 * _GNU_SOURCE first, and include cmocka. */
#ifndef SKC_TESTS_TRAINING_H
#define SKC_TESTS_TRAINING_H

#include "../support.h"
#include "train/trainer.h"

typedef struct training {
    skc_model   *model;
    skc_trainer *trainer;
} training;

static inline training training_start(const tiny_data *data, const char *architecture,
                                      uint64_t model_seed, const skc_train_options *options,
                                      int32_t threads)
{
    training    t       = { tiny_model(architecture, model_seed, NULL), NULL };
    skc_runtime runtime = runtime_of(threads);
    skc_error   err;

    assert_works(skc_trainer_create(t.model, data->dataset, options, &runtime, &t.trainer, &err),
                 err);
    return t;
}

static inline void training_end(training *t)
{
    skc_trainer_free(t->trainer);
    skc_model_free(t->model);
}

static inline skc_train_step training_step(const training *t)
{
    skc_train_step out;
    skc_error      err;

    assert_works(skc_trainer_step(t->trainer, &out, &err), err);
    return out;
}

static inline void training_finish(const training *t)
{
    while (!skc_trainer_finished(t->trainer))
        training_step(t);
}

/* Options with everything that is random or keeps state; three steps an epoch of 16 pictures, and
 * one picture left over. */
static inline skc_train_options rich_options(int32_t epochs, skc_optimiser optimiser)
{
    skc_train_options options = tiny_options(epochs), defaults;

    skc_train_options_init(&defaults);
    options.optimiser       = optimiser;
    options.learning_rate   = optimiser == SKC_SGD ? 0.05f : 0.005f;
    options.augmentation    = defaults.augmentation;
    options.ema             = 0.9f;
    options.label_smoothing = 0.1f;
    options.warmup_epochs   = 1.5f;
    options.final_rate      = 0.01f;
    options.batch           = 5;
    return options;
}

#endif
