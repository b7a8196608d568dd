/* test_trainer.c - training: it learns, the same way every time, and stops where it must. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "training.h"

enum { COUNT = 16 };

static tiny_data data;

/* ---------------------------------------------------------------- learning */

static void assert_overfits(const char *architecture, skc_optimiser optimiser, float rate)
{
    skc_train_options options = tiny_options(120);
    float             p[COUNT * TINY_LABELS];
    training          t;
    skc_error         err;

    options.optimiser     = optimiser;
    options.learning_rate = rate;
    t                     = training_start(&data, architecture, 2, &options, 2);
    training_finish(&t);
    assert_true(skc_trainer_epoch_loss(t.trainer) < 0.3); /* dropout keeps it from 0 */
    assert_works(skc_trainer_predict(t.trainer, data.dataset, 1, p, &err), err);
    for (int32_t i = 0; i < COUNT; i++)
        assert_true(p[i * TINY_LABELS + i % TINY_LABELS] > 0.8f);
    training_end(&t);
}

static void test_overfits(void **state)
{
    (void)state;
    assert_overfits(tiny_plain, SKC_SGD, 0.05f);
    assert_overfits(tiny_plain, SKC_ADAMW, 0.01f);
    assert_overfits(tiny_mixed, SKC_SGD, 0.1f);
}

static void test_steps(void **state)
{
    skc_train_options options = tiny_options(2);
    training          t;
    double            sum = 0;
    skc_error         err;

    (void)state;
    options.batch = 5;
    t             = training_start(&data, tiny_plain, 2, &options, 1);
    assert_true(skc_trainer_bytes(t.trainer) > 10000);
    for (int32_t i = 1; i <= 6; i++) {
        skc_train_step s = training_step(&t);

        assert_int_equal(s.epoch, i <= 3 ? 1 : 2);
        assert_int_equal(s.step, (i - 1) % 3 + 1);
        assert_int_equal(s.steps, 3);
        assert_int_equal(s.images, 5);
        assert_in_range(s.correct, 0, 5);
        assert_true(s.learning_rate == (double)options.learning_rate && s.gradient_norm > 0);
        assert_int_equal(s.epoch_finished, i % 3 == 0);
        sum = (i % 3 == 1 ? 0 : sum) + s.loss;
        assert_true(fabs(skc_trainer_epoch_loss(t.trainer) - sum / s.step) < 1e-12);
        assert_int_equal(skc_trainer_finished(t.trainer), i == 6);
    }
    assert_fails(skc_trainer_step(t.trainer, &(skc_train_step){ 0 }, &err), SKC_EINVAL, err,
                 "all 2 epochs are done");
    training_end(&t);
}

static void test_batch_larger_than_the_dataset(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t;
    skc_train_step    s;

    (void)state;
    options.batch = 1000;
    t             = training_start(&data, tiny_mixed, 2, &options, 2);
    s             = training_step(&t);
    assert_int_equal(s.images, COUNT);
    assert_true(s.epoch_finished);
    training_end(&t);
}

/* ---------------------------------------------------------------- the same bits */

static void test_same_bits(void **state)
{
    skc_train_options options = rich_options(3, SKC_SGD);

    (void)state;
    for (int32_t threads = 1; threads <= 2; threads++) {
        training a = training_start(&data, tiny_mixed, 2, &options, threads),
                 b = training_start(&data, tiny_mixed, 2, &options, threads);

        training_finish(&a);
        training_finish(&b);
        assert_same_params(a.model, b.model);
        for (int32_t p = 0; p < a.model->graph.param_count; p++)
            assert_memory_equal(a.trainer->average[p], b.trainer->average[p],
                                skc__param_count(skc__graph_param(&a.model->graph, p, NULL)) *
                                    sizeof(float));
        training_end(&a);
        training_end(&b);
    }
}

/* Looking at the results between steps changes nothing. */
static void test_prediction_is_no_step(void **state)
{
    skc_train_options options = rich_options(2, SKC_SGD);
    training          a       = training_start(&data, tiny_mixed, 2, &options, 1),
             b                = training_start(&data, tiny_mixed, 2, &options, 1);
    float p[COUNT * TINY_LABELS];

    (void)state;
    while (!skc_trainer_finished(a.trainer)) {
        training_step(&a);
        training_step(&b);
        assert_int_equal(skc_trainer_predict(b.trainer, data.dataset, 8, p, NULL), SKC_OK);
        assert_int_equal(skc_trainer_save(b.trainer, scratch_path("c"), "", NULL), SKC_OK);
    }
    assert_same_params(a.model, b.model);
    unlink(scratch_path("c"));
    training_end(&a);
    training_end(&b);
}

static void test_other_seed(void **state)
{
    skc_train_options options = rich_options(1, SKC_SGD);
    training          a       = training_start(&data, tiny_mixed, 2, &options, 1), b;
    skc_train_step    s, r;

    (void)state;
    options.seed = 2;
    b            = training_start(&data, tiny_mixed, 2, &options, 1);
    s            = training_step(&a);
    r            = training_step(&b);
    assert_true(s.loss != r.loss);
    training_end(&a);
    training_end(&b);
}

/* ---------------------------------------------------------------- divergence */

static void test_divergence(void **state)
{
    skc_train_options options = tiny_options(100);
    training          t;
    skc_train_step    s;
    skc_error         err;

    (void)state;
    options.learning_rate = 100;
    options.clip_norm     = 0;
    t                     = training_start(&data, tiny_mixed, 2, &options, 1);
    for (int32_t i = 0; i < 700; i++) {
        size_t     count;
        float     *before = copy_params(t.model, &count), *after;
        skc_status status = skc_trainer_step(t.trainer, &s, &err);

        if (status != SKC_OK) {
            assert_fails(status, SKC_EDIVERGED, err, "diverged", "lower learning rate", "epoch");
            assert_int_equal(skc_trainer_step(t.trainer, &s, &err), SKC_EDIVERGED);
            after = copy_params(t.model, &count);
            assert_memory_equal(before, after, count * sizeof(float));
            free(before);
            free(after);
            training_end(&t);
            return;
        }
        free(before);
    }
    fail_msg("a rate of 100 did not diverge");
}

/* One weight that is not a number: noticed before anything is changed. */
static void test_not_finite(void **state)
{
    skc_train_options options = tiny_options(1);
    training          t       = training_start(&data, tiny_mixed, 2, &options, 1);
    size_t            count;
    float            *before, *after;
    skc_error         err;

    (void)state;
    t.model->param[0][3] = NAN;
    before               = copy_params(t.model, &count);
    assert_fails(skc_trainer_step(t.trainer, &(skc_train_step){ 0 }, &err), SKC_EDIVERGED, err,
                 "epoch 1, step 1");
    after = copy_params(t.model, &count);
    assert_memory_equal(before, after, count * sizeof(float));
    free(before);
    free(after);
    training_end(&t);
}

/* ---------------------------------------------------------------- frozen layers */

static void assert_frozen(const char *freeze, const char *const *prefixes)
{
    skc_train_options options = rich_options(2, SKC_SGD);
    skc_model        *before  = tiny_model(tiny_mixed, 2, NULL);
    training          t;

    options.freeze = freeze;
    t              = training_start(&data, tiny_mixed, 2, &options, 2);
    training_finish(&t);
    for (int32_t p = 0; p < before->graph.param_count; p++) {
        size_t bytes = skc__param_count(skc__graph_param(&before->graph, p, NULL)) * sizeof(float);
        bool   same = memcmp(before->param[p], t.model->param[p], bytes) == 0, wanted = false;

        for (int k = 0; prefixes[k] != NULL; k++)
            wanted =
                wanted || strncmp(before->param_name[p], prefixes[k], strlen(prefixes[k])) == 0;
        assert_int_equal(same, wanted);
        if (wanted) /* and so are the averages, which are what is exported */
            assert_memory_equal(before->param[p], t.trainer->average[p], bytes);
    }
    skc_model_free(before);
    training_end(&t);
}

static void test_frozen(void **state)
{
    (void)state;
    assert_frozen(NULL, (const char *const[]){ NULL });
    assert_frozen("", (const char *const[]){ NULL });
    assert_frozen("conv1", (const char *const[]){ "conv1", NULL });
    assert_frozen("conv1,block.", (const char *const[]){ "conv1", "block.", NULL });
    assert_frozen("conv1_bn,logits,", (const char *const[]){ "conv1_bn", "logits", NULL });
    assert_frozen("block.project,dropout", (const char *const[]){ "block.project", NULL });
}

static void assert_refused(const skc_train_options *options, skc_status status, const char *message)
{
    skc_model   *model   = tiny_model(tiny_mixed, 2, NULL);
    skc_trainer *trainer = NULL;
    faults       f       = { 0, 0 };
    skc_runtime  runtime = faults_runtime(&f);
    skc_error    err;

    assert_fails(skc_trainer_create(model, data.dataset, options, &runtime, &trainer, &err), status,
                 err, message);
    assert_null(trainer);
    assert_int_equal(f.live, 0);
    skc_model_free(model);
}

static void test_refused(void **state)
{
    static const float weights[] = { 1, 0, 1 }, nan[] = { 1, 1, NAN };
    skc_train_options  options;

    (void)state;
#define REFUSED(change, status, message)                                                           \
    options = tiny_options(1);                                                                     \
    change;                                                                                        \
    assert_refused(&options, status, message)
    REFUSED(options.freeze = "conv2", SKC_EINVAL, "no layer begins with \"conv2\"");
    REFUSED(options.freeze = "conv1, block", SKC_EINVAL, "no layer begins with \" block\"");
    REFUSED(options.freeze = ",", SKC_EINVAL, "no layer begins with \"\"");
    REFUSED(options.freeze = "conv1,block,side,logits", SKC_EINVAL, "every layer is frozen");
    REFUSED(options.epochs = 0, SKC_EINVAL, "epochs is 0");
    REFUSED(options.class_weights = weights, SKC_EINVAL, "class weight 0 of b");
    REFUSED(options.class_weights = nan, SKC_EINVAL, "of c");
#undef REFUSED
}

static void test_dataset_that_does_not_fit(void **state)
{
    static const char *const labels[] = { "x", "y" };
    skc_train_options        train    = tiny_options(1);
    skc_model_options        options;
    skc_model               *model   = NULL;
    skc_trainer             *trainer = NULL;
    skc_error                err;

    (void)state;
    skc_model_options_init(&options);
    options.architecture = "seed";
    options.task         = "t";
    options.labels       = labels;
    options.label_count  = 2;
    options.height = options.width = 32;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    assert_fails(skc_trainer_create(model, data.dataset, &train, NULL, &trainer, &err),
                 SKC_EMISMATCH, err, "a dataset of 3 labels for a model of 2");
    skc_model_free(model);
    options.architecture = tiny_plain;
    options.labels       = (const char *const[]){ "a", "b", "c" };
    options.label_count  = 3;
    assert_works(skc_model_create(&options, NULL, &model, &err), err);
    assert_fails(skc_trainer_create(model, data.dataset, &train, NULL, &trainer, &err),
                 SKC_EMISMATCH, err, "side 20", "needs 40");
    skc_model_free(model);
}

/* ---------------------------------------------------------------- weights and balance */

/* The mean probability of class 0 over the dataset after an epoch. */
static double mean_of_first(const float *class_weights)
{
    skc_train_options options = tiny_options(3);
    training          t;
    float             p[COUNT * TINY_LABELS];
    double            sum = 0;

    options.class_weights = class_weights;
    options.learning_rate = 0.01f;
    t                     = training_start(&data, tiny_plain, 2, &options, 1);
    assert_true(class_weights == NULL || t.trainer->options.class_weights != class_weights);
    training_finish(&t);
    assert_int_equal(skc_trainer_predict(t.trainer, data.dataset, 1, p, NULL), SKC_OK);
    for (int32_t i = 0; i < COUNT; i++)
        sum += (double)p[i * TINY_LABELS] / COUNT;
    training_end(&t);
    return sum;
}

static void test_class_weights(void **state)
{
    static const float more[] = { 50, 1, 1 }, less[] = { 0.02f, 1, 1 };
    double             plain = mean_of_first(NULL);

    (void)state;
    assert_true(mean_of_first(more) > plain + 0.1);
    assert_true(mean_of_first(less) < plain - 0.1);
}

/* With replacement, some picture comes twice in an epoch. */
static void test_balance(void **state)
{
    skc_train_options options         = tiny_options(1);
    training          plain           = training_start(&data, tiny_plain, 2, &options, 1), balanced;
    int32_t           times[2][COUNT] = { { 0 } }, most[2] = { 0, 0 };

    (void)state;
    options.balance = 1;
    balanced        = training_start(&data, tiny_plain, 2, &options, 1);
    for (int32_t i = 0; i < COUNT; i++) {
        times[0][plain.trainer->order[i]]++;
        times[1][balanced.trainer->order[i]]++;
    }
    for (int k = 0; k < 2; k++)
        for (int32_t i = 0; i < COUNT; i++)
            most[k] = times[k][i] > most[k] ? times[k][i] : most[k];
    assert_int_equal(most[0], 1);
    assert_true(most[1] > 1);
    training_end(&plain);
    training_end(&balanced);
}

/* ---------------------------------------------------------------- results */

static void test_export(void **state)
{
    skc_train_options options = rich_options(4, SKC_SGD);
    training          t       = training_start(&data, tiny_mixed, 2, &options, 1);
    skc_model        *model   = NULL;
    float             wanted[COUNT * TINY_LABELS], found[COUNT * TINY_LABELS];
    skc_error         err;

    (void)state;
    training_finish(&t);
    assert_works(skc_trainer_export(t.trainer, scratch_path("m"), SKC_F32, &err), err);
    assert_works(skc_model_load(scratch_path("m"), NULL, &model, &err), err);
    for (int32_t p = 0; p < model->graph.param_count; p++) /* the averages, not the last weights */
        assert_memory_equal(model->param[p], t.trainer->average[p],
                            skc__param_count(skc__graph_param(&model->graph, p, NULL)) *
                                sizeof(float));
    assert_memory_not_equal(model->param[0], t.model->param[0], 100);
    assert_works(skc_trainer_predict(t.trainer, data.dataset, 1, wanted, &err), err);
    assert_works(skc_model_predict_dataset(model, data.dataset, NULL, found, &err), err);
    for (int32_t i = 0; i < COUNT * TINY_LABELS; i++)
        assert_true(fabsf(wanted[i] - found[i]) < 1e-4f);
    assert_fails(skc_trainer_predict(t.trainer, data.dataset, 2, wanted, &err), SKC_EINVAL, err,
                 "2 views");
    skc_model_free(model);
    training_end(&t);
    unlink(scratch_path("m"));
}

/* ---------------------------------------------------------------- faults */

static skc_status attempt(void *context, const skc_runtime *runtime)
{
    skc_train_options options = rich_options(2, SKC_SGD);
    skc_model        *model   = tiny_model(tiny_mixed, 2, NULL);
    skc_trainer      *trainer = NULL;
    char             *note    = NULL;
    float             p[COUNT * TINY_LABELS];
    skc_status status = skc_trainer_create(model, data.dataset, &options, runtime, &trainer, NULL);

    (void)context;
    options.optimiser = SKC_ADAMW;
    if (status == SKC_OK)
        status = skc_trainer_step(trainer, &(skc_train_step){ 0 }, NULL);
    if (status == SKC_OK)
        status = skc_trainer_predict(trainer, data.dataset, 8, p, NULL);
    if (status == SKC_OK)
        status = skc_trainer_save(trainer, scratch_path("c"), "note", NULL);
    if (status == SKC_OK)
        status = skc_trainer_resume(trainer, scratch_path("c"), &note, NULL);
    skc_free(runtime, note);
    skc_trainer_free(trainer);
    skc_model_free(model);
    return status;
}

static void test_out_of_memory(void **state)
{
    (void)state;
    assert_true(faults_count(attempt, NULL) >= 10);
    unlink(scratch_path("c"));
}

/* A step asks for no memory at all. */
static void test_step_allocates_nothing(void **state)
{
    skc_train_options options = rich_options(2, SKC_SGD);
    skc_model        *model   = tiny_model(tiny_mixed, 2, NULL);
    skc_trainer      *trainer = NULL;
    faults            f       = { 0, 0 };
    skc_runtime       runtime = faults_runtime(&f);
    skc_error         err;

    (void)state;
    assert_works(skc_trainer_create(model, data.dataset, &options, &runtime, &trainer, &err), err);
    f.fail_at = 1;
    training_finish(&(training){ model, trainer });
    assert_int_equal(f.fail_at, 1);
    skc_trainer_free(trainer);
    assert_int_equal(f.live, 0);
    skc_model_free(model);
}

static int set_up(void **state)
{
    (void)state;
    tiny_data_open(&data, COUNT, scratch_path("cache"));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tiny_data_close(&data);
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overfits),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_batch_larger_than_the_dataset),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_prediction_is_no_step),
        cmocka_unit_test(test_other_seed),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_dataset_that_does_not_fit),
        cmocka_unit_test(test_class_weights),
        cmocka_unit_test(test_balance),
        cmocka_unit_test(test_export),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_step_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
