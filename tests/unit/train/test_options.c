/* test_options.c - the options of a training: defaults that pass, and ranges. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "train/trainer.h"

static void test_defaults(void **state)
{
    skc_train_options options;
    skc_error         err;

    (void)state;
    memset(&options, 0xff, sizeof options);
    skc_train_options_init(&options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_int_equal(options.epochs, 60);
    assert_true(options.augmentation.flip && options.augmentation.cutout == 0);
    assert_null(options.freeze);
    assert_works(skc__train_options_check(&options, &err), err);
}

static void test_ranges(void **state)
{
    skc_train_options options;
    skc_error         err;

    (void)state;
#define REFUSED(field, value, message)                                                             \
    skc_train_options_init(&options);                                                              \
    options.field = value;                                                                         \
    assert_fails(skc__train_options_check(&options, &err), SKC_EINVAL, err, message)
    REFUSED(epochs, 0, "epochs is 0; 1..100000");
    REFUSED(epochs, 100001, "epochs");
    REFUSED(batch, 0, "batch is 0");
    REFUSED(batch, 4097, "batch is 4097");
    REFUSED(learning_rate, 0, "learning_rate is 0");
    REFUSED(learning_rate, NAN, "learning_rate is");
    REFUSED(learning_rate, 101, "learning_rate is 101");
    REFUSED(momentum, 1, "momentum is 1");
    REFUSED(momentum, -0.1f, "momentum");
    REFUSED(beta1, 1, "beta1");
    REFUSED(beta2, 1, "beta2");
    REFUSED(epsilon, 0, "epsilon");
    REFUSED(weight_decay, -1, "weight_decay");
    REFUSED(warmup_epochs, -1, "warmup_epochs");
    REFUSED(final_rate, 1.1f, "final_rate");
    REFUSED(step_epochs, 0, "step_epochs");
    REFUSED(step_factor, 2, "step_factor");
    REFUSED(label_smoothing, 1, "label_smoothing");
    REFUSED(balance, 1.5f, "balance");
    REFUSED(ema, 1, "ema is 1");
    REFUSED(clip_norm, -1, "clip_norm");
    REFUSED(clip_norm, INFINITY, "clip_norm");
    REFUSED(augmentation.rotation, 181, "rotation");
    REFUSED(augmentation.scale_min, 0, "scale_min");
    REFUSED(augmentation.scale_max, 0.5f, "scale_max is 0.5");
    REFUSED(augmentation.aspect, 0.5f, "aspect");
    REFUSED(augmentation.brightness, 2, "brightness");
    REFUSED(augmentation.contrast, NAN, "contrast");
    REFUSED(augmentation.saturation, -1, "saturation");
    REFUSED(augmentation.hue, 0.6f, "hue");
    REFUSED(augmentation.cutout, 1, "cutout");
#undef REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_defaults),
                                        cmocka_unit_test(test_ranges) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
