/* test_checkpoint.c - a trainer saved and resumed goes on bit for bit; damage is refused; no crash
 * and no full disk leaves half a file. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "training.h"

enum { COUNT = 16 };

static tiny_data data;

static void run(const training *t, int32_t steps)
{
    for (int32_t i = 0; i < steps; i++)
        training_step(t);
}

static const char *path(void)
{
    return scratch_path("checkpoint");
}

static void save(skc_trainer *trainer, const char *note)
{
    skc_error err;

    assert_works(skc_trainer_save(trainer, path(), note, &err), err);
}

static void resume(skc_trainer *trainer)
{
    skc_error err;

    assert_works(skc_trainer_resume(trainer, path(), NULL, &err), err);
}

static void assert_same_group(const skc_model *model, float *const *a, float *const *b)
{
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        assert_int_equal(a[p] == NULL, b[p] == NULL);
        if (a[p] != NULL)
            assert_memory_equal(a[p], b[p],
                                skc__param_count(skc__graph_param(&model->graph, p, NULL)) *
                                    sizeof(float));
    }
}

static void assert_same_state(const training *a, const training *b)
{
    assert_same_params(a->model, b->model);
    assert_same_group(a->model, a->trainer->first, b->trainer->first);
    assert_same_group(a->model, a->trainer->second, b->trainer->second);
    assert_same_group(a->model, a->trainer->average, b->trainer->average);
    assert_int_equal(a->trainer->progress.epoch, b->trainer->progress.epoch);
    assert_int_equal(a->trainer->progress.step, b->trainer->progress.step);
    assert_int_equal(a->trainer->progress.total, b->trainer->progress.total);
    assert_true(a->trainer->progress.loss_sum == b->trainer->progress.loss_sum);
    assert_true(a->trainer->progress.last_loss == b->trainer->progress.last_loss);
    assert_true(skc_trainer_epoch_loss(a->trainer) == skc_trainer_epoch_loss(b->trainer));
}

/* ---------------------------------------------------------------- going on */

static void assert_resumes(const skc_train_options *options, int32_t at)
{
    enum { STEPS = 12 };
    training whole = training_start(&data, tiny_mixed, 2, options, 1),
             part  = training_start(&data, tiny_mixed, 2, options, 1);
    training rest  = training_start(&data, tiny_mixed, 99, options,
                                    1); /* other parameters, all of them replaced */

    run(&whole, STEPS);
    run(&part, at);
    save(part.trainer, NULL);
    resume(rest.trainer);
    assert_same_state(&part, &rest);
    run(&rest, STEPS - at);
    assert_same_state(&whole, &rest);
    assert_true(skc_trainer_finished(rest.trainer));
    training_end(&whole);
    training_end(&part);
    training_end(&rest);
}

static void test_resumes(void **state)
{
    (void)state;
    for (int optimiser = 0; optimiser < 2; optimiser++) {
        skc_train_options options = rich_options(4, (skc_optimiser)optimiser);

        for (int32_t at = 0; at <= 12; at += 2) /* 0, 6 and 12 between epochs, others within */
            assert_resumes(&options, at);
        options.ema     = 0;
        options.balance = 0.5f;
        options.freeze  = "conv1";
        assert_resumes(&options, 3);
        assert_resumes(&options, 4);
    }
}

static void test_note(void **state)
{
    skc_train_options options = rich_options(4, SKC_SGD);
    training          t       = training_start(&data, tiny_plain, 2, &options, 1);
    char             *note    = NULL;
    skc_error         err;

    (void)state;
    save(t.trainer, "{\"best\": 0.7,\n \"who\": \"\xc3\xa4\"}");
    assert_works(skc_trainer_resume(t.trainer, path(), &note, &err), err);
    assert_string_equal(note, "{\"best\": 0.7,\n \"who\": \"\xc3\xa4\"}");
    skc_free(NULL, note);
    save(t.trainer, NULL);
    assert_works(skc_trainer_resume(t.trainer, path(), &note, &err), err);
    assert_string_equal(note, "");
    skc_free(NULL, note);
    assert_fails(skc_trainer_save(t.trainer, path(), "\xff", &err), SKC_EINVAL, err,
                 "the note is not UTF-8");
    resume(t.trainer);
    training_end(&t);
}

/* ---------------------------------------------------------------- of another run */

static void assert_other(const char *architecture, const skc_train_options *options,
                         const char *message)
{
    training t      = training_start(&data, architecture, 7, options, 1),
             before = training_start(&data, architecture, 7, options, 1);
    char     *note  = NULL;
    skc_error err;

    assert_fails(skc_trainer_resume(t.trainer, path(), &note, &err), SKC_EMISMATCH, err,
                 "/checkpoint: ", message);
    assert_null(note);
    assert_same_state(&before, &t);
    training_end(&t);
    training_end(&before);
}

static void test_other_runs(void **state)
{
    /* another network of the same name */
    static const char wider[] =
        "{\"name\":\"tiny_plain\",\"input\":{\"height\":16,\"width\":16},\"layers\":["
        "{\"name\":\"conv1\",\"type\":\"conv2d\",\"filters\":9,\"kernel\":3},"
        "{\"name\":\"gap\",\"type\":\"global_avg_pool\"},"
        "{\"name\":\"logits\",\"type\":\"dense\",\"units\":3}]}";
    const skc_train_options options = rich_options(4, SKC_SGD);
    skc_train_options       other;
    training                t = training_start(&data, tiny_plain, 2, &options, 1);

    (void)state;
    run(&t, 2);
    save(t.trainer, "x");
    training_end(&t);
    assert_other(tiny_mixed, &options, "another architecture");
    assert_other(wider, &options,
                 "tensor model.conv1.weight has shape [8, 3, 3, 3]; the architecture needs");
#define OTHER(change, message)                                                                     \
    other = options;                                                                               \
    change;                                                                                        \
    assert_other(tiny_plain, &other, message)
    OTHER(other.seed = 2, "another seed");
    OTHER(other.batch = 4, "another batch");
    OTHER(other.optimiser = SKC_ADAMW, "another optimiser");
    OTHER(other.ema = 0, "another averaged");
#undef OTHER
}

static void test_other_files(void **state)
{
    const skc_train_options options = rich_options(4, SKC_SGD);
    training                t       = training_start(&data, tiny_plain, 2, &options, 1);
    skc_error               err;

    (void)state;
    assert_fails(skc_trainer_resume(t.trainer, scratch_path("none"), NULL, &err), SKC_ENOTFOUND,
                 err, "none");
    write_bytes(path(), "", 0);
    assert_fails(skc_trainer_resume(t.trainer, path(), NULL, &err), SKC_EFORMAT, err, "empty");
    assert_int_equal(skc_trainer_export(t.trainer, path(), SKC_F32, NULL), SKC_OK);
    assert_fails(skc_trainer_resume(t.trainer, path(), NULL, &err), SKC_EFORMAT, err,
                 "no checkpoint");
    save(t.trainer, NULL);
    { /* and a checkpoint is a model's description with other tensors: no model */
        skc_model *model = NULL;

        assert_int_equal(skc_model_load(path(), NULL, &model, &err), SKC_EMISMATCH);
        assert_null(model);
    }
    training_end(&t);
}

/* ---------------------------------------------------------------- damage */

/* Refused, and the trainer is as it was. */
static void assert_damaged(training *t, const training *before, const unsigned char *bytes,
                           size_t size)
{
    char      *note = NULL;
    skc_status status;

    write_bytes(path(), bytes, size);
    status = skc_trainer_resume(t->trainer, path(), &note, NULL);
    assert_true(status == SKC_EFORMAT || status == SKC_EMISMATCH);
    assert_null(note);
    assert_same_state(before, t);
}

static void test_damaged(void **state)
{
    const skc_train_options options = rich_options(4, SKC_SGD);
    training                t       = training_start(&data, tiny_plain, 2, &options, 1);
    training                other   = training_start(&data, tiny_plain, 5, &options, 1);
    training                before  = training_start(&data, tiny_plain, 5, &options, 1);
    size_t                  size, data_begin;
    unsigned char          *bytes;

    (void)state;
    run(&t, 4);
    save(t.trainer, "some note");
    bytes      = read_bytes(path(), &size);
    data_begin = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
    for (size_t part = 0; part < size; part += part < 64 ? 1 : 331)
        assert_damaged(&other, &before, bytes, part);
    for (size_t at = data_begin; at < size; at += 97) {
        bytes[at] ^= (unsigned char)(1 << at % 8);
        assert_damaged(&other, &before, bytes, size);
        bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    {
        static const char *const texts[] = { "some note",      "loss_sum",      "\\\"epoch\\\":",
                                             "\\\"total\\\":", "trainer_crc32", "first.conv1" };

        for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
            unsigned char *at = memmem(bytes, data_begin, texts[i], strlen(texts[i]));

            assert_non_null(at);
            at[3] ^= 4;
            assert_damaged(&other, &before, bytes, size);
            at[3] ^= 4;
        }
    }
    write_bytes(path(), bytes, size);
    resume(other.trainer);
    assert_same_state(&t, &other);
    free(bytes);
    training_end(&t);
    training_end(&other);
    training_end(&before);
}

/* ---------------------------------------------------------------- no half files */

static void test_full_disk(void **state)
{
    const skc_train_options options = rich_options(4, SKC_SGD);
    training                t       = training_start(&data, tiny_plain, 2, &options, 1);
    training                other   = training_start(&data, tiny_plain, 5, &options, 1);
    struct rlimit           before, small;
    skc_status              status;
    skc_error               err;

    (void)state;
    save(t.trainer, NULL);
    run(&t, 1);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    for (rlim_t size = 0; size < 20000; size += 3000) {
        small          = before;
        small.rlim_cur = size;
        setrlimit(RLIMIT_FSIZE, &small);
        status = skc_trainer_save(t.trainer, path(), NULL, &err);
        setrlimit(RLIMIT_FSIZE, &before);
        assert_fails(status, SKC_EIO, err, "/checkpoint: cannot write");
        resume(other.trainer);
        assert_int_equal(other.trainer->progress.total, 0);
    }
    training_end(&t);
    training_end(&other);
}

/* Saves until it is killed, and says so after each time. */
static void save_for_ever(skc_trainer *trainer, int pipe)
{
    for (;;) {
        trainer->progress.total++;
        if (skc_trainer_save(trainer, path(), NULL, NULL) != SKC_OK || write(pipe, "", 1) != 1)
            _exit(1);
    }
}

/* A process that does nothing but save is killed again and again; what it leaves can be resumed. */
static void test_killed(void **state)
{
    const skc_train_options options = rich_options(4, SKC_SGD);
    training                t       = training_start(&data, tiny_plain, 2, &options, 1);
    training                other   = training_start(&data, tiny_plain, 5, &options, 1);

    (void)state;
    for (int round = 0; round < 25; round++) {
        struct timespec pause = { 0, 300000L * (round * 7 % 25) };
        int             ends[2];
        pid_t           child;
        char            temporary[64], byte;

        assert_int_equal(pipe(ends), 0);
        child = fork();
        if (child == 0)
            save_for_ever(t.trainer, ends[1]);
        assert_true(child > 0);
        assert_int_equal(read(ends[0], &byte, 1), 1);
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &(int){ 0 }, 0), child);
        close(ends[0]);
        close(ends[1]);
        resume(other.trainer);
        assert_true(other.trainer->progress.total >= 1);
        snprintf(temporary, sizeof temporary, "checkpoint.tmp.%ld", (long)child);
        unlink(scratch_path(temporary)); /* what the killed one was writing, if it was */
    }
    training_end(&t);
    training_end(&other);
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
    return scratch_remove() - 2;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resumes),    cmocka_unit_test(test_note),
        cmocka_unit_test(test_other_runs), cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_damaged),    cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_killed),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
