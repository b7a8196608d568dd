/* schedule.c - the learning rate over the steps of a training: warm-up, then cosine or steps. */
#include "train/schedule.h"

#include <math.h>

/* From 1 at the end of the warm-up to final_rate at the end of the training (Loshchilov and Hutter,
 * "SGDR", 2017, one cycle). */
static double cosine(const skc_train_options *options, double step, double warmup, double total)
{
    double left = total - warmup;
    double done = left > 0 ? (step - warmup) / left : 0;
    double last = (double)options->final_rate;

    done = fmin(fmax(done, 0), 1);
    return last + (1 - last) * 0.5 * (1 + cos(3.14159265358979323846 * done));
}

/* The warm-up is linear and reaches 1 with its last step; its first step is not lost at 0. */
double skc__learning_rate(const skc_train_options *options, int64_t step, int64_t steps_per_epoch)
{
    double per_epoch = (double)steps_per_epoch;
    double warmup    = (double)options->warmup_epochs * per_epoch;
    double peak      = (double)options->learning_rate;
    double rise      = warmup > 0 ? fmin(1, ((double)step + 1) / warmup) : 1;

    if (options->schedule == SKC_SCHEDULE_STEP)
        return peak * rise *
               pow((double)options->step_factor,
                   (double)(step / steps_per_epoch / options->step_epochs));
    return peak * rise * cosine(options, (double)step, warmup, options->epochs * per_epoch);
}
