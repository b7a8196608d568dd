/* options.c - the options of a training: defaults and ranges. */
#include "train/trainer.h"

enum { MAX_BATCH = 4096 };

void skc_train_options_init(skc_train_options *options)
{
    static const skc_train_options defaults = {
        .struct_size     = sizeof(skc_train_options),
        .epochs          = 60,
        .batch           = 32,
        .seed            = 1,
        .optimiser       = SKC_SGD,
        .learning_rate   = 0.05f,
        .momentum        = 0.9f,
        .beta1           = 0.9f,
        .beta2           = 0.999f,
        .epsilon         = 1e-8f,
        .weight_decay    = 5e-4f,
        .schedule        = SKC_SCHEDULE_COSINE,
        .warmup_epochs   = 2,
        .final_rate      = 0.01f,
        .step_epochs     = 20,
        .step_factor     = 0.1f,
        .label_smoothing = 0.1f,
        .ema             = 0.999f,
        .clip_norm       = 5,
        .augmentation    = { .flip       = true,
                             .rotation   = 180,
                             .scale_min  = 0.6f,
                             .scale_max  = 1,
                             .aspect     = 1.2f,
                             .brightness = 0.2f,
                             .contrast   = 0.2f,
                             .saturation = 0.2f,
                             .hue        = 0.02f },
    };

    *options = defaults;
}

/* ---------------------------------------------------------------- checks */

typedef struct range {
    const char *name;
    double      value, min, max;
} range;

static skc_status check_ranges(const range *ranges, size_t count, skc_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!(ranges[i].value >= ranges[i].min && ranges[i].value <= ranges[i].max))
            return skc__fail(err, SKC_EINVAL, "%s is %g; %g..%g is allowed", ranges[i].name,
                             ranges[i].value, ranges[i].min, ranges[i].max);
    return SKC_OK;
}

static skc_status check_augmentation(const skc_augmentation *a, skc_error *err)
{
    const range ranges[] = {
        { "rotation", (double)a->rotation, 0, 180 },
        { "scale_min", (double)a->scale_min, 0.05, 1 },
        { "scale_max", (double)a->scale_max, (double)a->scale_min, 2 },
        { "aspect", (double)a->aspect, 1, 4 },
        { "brightness", (double)a->brightness, 0, 1 },
        { "contrast", (double)a->contrast, 0, 1 },
        { "saturation", (double)a->saturation, 0, 1 },
        { "hue", (double)a->hue, 0, 0.5 },
        { "cutout", (double)a->cutout, 0, 0.9 },
    };

    return check_ranges(ranges, sizeof ranges / sizeof ranges[0], err);
}

skc_status skc__train_options_check(const skc_train_options *o, skc_error *err)
{
    const range ranges[] = {
        { "epochs", o->epochs, 1, 100000 },
        { "batch", o->batch, 1, MAX_BATCH },
        { "learning_rate", (double)o->learning_rate, 1e-9, 100 },
        { "momentum", (double)o->momentum, 0, 0.9999 },
        { "beta1", (double)o->beta1, 0, 0.9999 },
        { "beta2", (double)o->beta2, 0, 0.99999 },
        { "epsilon", (double)o->epsilon, 1e-12, 1 },
        { "weight_decay", (double)o->weight_decay, 0, 10 },
        { "warmup_epochs", (double)o->warmup_epochs, 0, 10000 },
        { "final_rate", (double)o->final_rate, 0, 1 },
        { "step_epochs", o->step_epochs, 1, 100000 },
        { "step_factor", (double)o->step_factor, 0, 1 },
        { "label_smoothing", (double)o->label_smoothing, 0, 0.9 },
        { "balance", (double)o->balance, 0, 1 },
        { "ema", (double)o->ema, 0, 0.999999 },
        { "clip_norm", (double)o->clip_norm, 0, 1e9 },
    };
    skc_status status = check_ranges(ranges, sizeof ranges / sizeof ranges[0], err);

    return status == SKC_OK ? check_augmentation(&o->augmentation, err) : status;
}
