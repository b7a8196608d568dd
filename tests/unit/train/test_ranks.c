/* test_ranks.c - training by several ranks, through the callback that sums over them. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "training.h"

enum { COUNT = 16 };

static tiny_data data;

typedef struct ranks {
    size_t count;
    int    calls, result;
    float  factor;
} ranks;

static int scale_all(void *user, float *values, size_t count)
{
    ranks *r = user;

    r->calls++;
    r->count = count;
    for (size_t i = 0; i < count; i++)
        values[i] *= r->factor;
    return r->result;
}

/* n ranks with the same pictures do what one does: the sum is divided by their number. */
static void test_ranks_that_agree(void **state)
{
    static const float factors[] = { 1, 2, 4 };
    skc_train_options  options   = rich_options(2, SKC_SGD);
    training           alone     = training_start(&data, tiny_mixed, 2, &options, 1);

    (void)state;
    training_finish(&alone);
    options.all_reduce = scale_all;
    for (int k = 0; k < 3; k++) {
        ranks    r = { .factor = factors[k] };
        training t;

        options.all_reduce_user = &r;
        t                       = training_start(&data, tiny_mixed, 2, &options, 1);
        training_finish(&t);
        assert_int_equal(r.calls, 6);
        assert_int_equal(r.count, skc_model_parameter_count(t.model) + 1);
        assert_same_params(alone.model, t.model);
        training_end(&t);
    }
    training_end(&alone);
}

static void test_reduction_that_fails(void **state)
{
    skc_train_options options = tiny_options(1);
    ranks             r       = { .factor = 1, .result = -1 };
    skc_model        *before  = tiny_model(tiny_plain, 2, NULL);
    training          t;
    skc_error         err;

    (void)state;
    options.all_reduce      = scale_all;
    options.all_reduce_user = &r;
    t                       = training_start(&data, tiny_plain, 2, &options, 1);
    assert_fails(skc_trainer_step(t.trainer, &(skc_train_step){ 0 }, &err), SKC_EIO, err,
                 "summed over the ranks");
    assert_same_params(before, t.model);
    skc_model_free(before);
    training_end(&t);
}

/* Two ranks in two threads, each with a seed of its own for the order of its pictures. */
typedef struct rank {
    struct group *group;
    int           number;
    training      training;
    skc_status    status;
} rank;

typedef struct group {
    pthread_barrier_t barrier;
    float            *values[2];
    rank              rank[2];
} group;

static int sum_ranks(void *user, float *values, size_t count)
{
    rank  *r = user;
    group *g = r->group;

    g->values[r->number] = values;
    pthread_barrier_wait(&g->barrier);
    for (size_t i = 0; r->number == 0 && i < count; i++)
        g->values[0][i] = g->values[1][i] = g->values[0][i] + g->values[1][i];
    pthread_barrier_wait(&g->barrier);
    return 0;
}

static void *train_rank(void *argument)
{
    rank          *r = argument;
    skc_train_step s;

    while (r->status == SKC_OK && !skc_trainer_finished(r->training.trainer))
        r->status = skc_trainer_step(r->training.trainer, &s, NULL);
    return NULL;
}

static void test_two_ranks_stay_in_step(void **state)
{
    static group      g;
    skc_train_options options = tiny_options(3);
    pthread_t         threads[2];

    (void)state;
    assert_int_equal(pthread_barrier_init(&g.barrier, NULL, 2), 0);
    options.all_reduce = sum_ranks;
    for (int k = 0; k < 2; k++) {
        options.seed            = 1 + (uint64_t)k;
        options.all_reduce_user = &g.rank[k];
        g.rank[k] = (rank){ &g, k, training_start(&data, tiny_plain, 2, &options, 1), SKC_OK };
    }
    for (int k = 0; k < 2; k++)
        assert_int_equal(pthread_create(&threads[k], NULL, train_rank, &g.rank[k]), 0);
    for (int k = 0; k < 2; k++)
        assert_int_equal(pthread_join(threads[k], NULL), 0);
    assert_int_equal(g.rank[0].status, SKC_OK);
    assert_int_equal(g.rank[1].status, SKC_OK);
    assert_same_params(g.rank[0].training.model, g.rank[1].training.model);
    for (int k = 0; k < 2; k++)
        training_end(&g.rank[k].training);
    pthread_barrier_destroy(&g.barrier);
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
        cmocka_unit_test(test_ranks_that_agree),
        cmocka_unit_test(test_reduction_that_fails),
        cmocka_unit_test(test_two_ranks_stay_in_step),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
