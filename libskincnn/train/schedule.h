/* schedule.h - the learning rate over the steps of a training. */
#ifndef SKC_TRAIN_SCHEDULE_H
#define SKC_TRAIN_SCHEDULE_H

#include "skincnn.h"

/* The rate of step 0, 1, ... counted over all epochs. steps_per_epoch >= 1. */
double skc__learning_rate(const skc_train_options *options, int64_t step, int64_t steps_per_epoch);

#endif
