/* test_inference.c - batches of many threads, and the limits of the queue. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>

#include "served_models.h"

/* ------------------------------------------------------------------ batches */

static atomic_int counted[INFERENCE_TASKS], largest;

static void batched(void *context, inference_task task, int32_t pictures, double seconds)
{
    (void)context;
    atomic_fetch_add(&counted[task], pictures);
    if (pictures > atomic_load(&largest))
        atomic_store(&largest, pictures);
    if (seconds < 0)
        atomic_store(&largest, 1000);
}

static void test_same_as_alone(void **state)
{
    inference_options options = usual();
    inference        *s;
    client            clients[THREADS];
    pthread_t         threads[THREADS];
    inference_figures figures;
    truth             t;

    (void)state;
    options.wait_microseconds = 500;
    options.batched           = batched;
    s                         = create(&options);
    t                         = truth_of(s);
    start_clients(clients, threads, s, &t, &t);
    join_clients(clients, threads);
    figures = inference_figures_of(s);
    assert_int_equal(figures.waiting, 0);
    assert_int_equal(figures.dropped, 0);
    assert_int_equal(figures.pictures, counted[0] + counted[1]);
    assert_int_equal(counted[0], THREADS * ROUNDS * 2);
    assert_int_equal(counted[1], counted[0]);
    assert_in_range(largest, 2, 4);
    assert_true(figures.batches < figures.pictures);
    inference_free(s);
    inference_free(NULL);
}

static void test_wanted(void **state)
{
    inference_options options = usual();
    inference        *s       = create(&options);
    inference_request r       = request_of(0);
    inference_result  result;
    skc_error         err;

    (void)state;
    r.wanted[INFERENCE_DIAGNOSIS] = false;
    assert_works(inference_run(s, &r, 1, &result, &err), err);
    assert_non_null(result.answer[INFERENCE_MALIGNANCY].probabilities);
    assert_null(result.answer[INFERENCE_MALIGNANCY].heat_map);
    assert_null(result.answer[INFERENCE_DIAGNOSIS].probabilities);
    assert_non_null(result.models);
    inference_result_free(&result);
    assert_works(inference_check(s, now() + 10 * SECOND, &err), err);
    assert_fails(inference_check(s, now() - 1, &err), SKC_EIO, err, "nobody waits");
    inference_free(s);
}

static void test_explained(void **state)
{
    inference_options options = usual();
    inference        *s       = create(&options);
    inference_request r       = request_of(2);
    inference_result  result;
    skc_error         err;

    (void)state;
    r.explain = true;
    assert_works(inference_run(s, &r, 1, &result, &err), err);
    for (int t = 0; t < INFERENCE_TASKS; t++) {
        assert_non_null(result.answer[t].heat_map);
        assert_int_equal(skc_image_width(result.answer[t].heat_map), skc_image_width(r.image));
        assert_int_equal(skc_image_height(result.answer[t].heat_map), skc_image_height(r.image));
    }
    inference_result_free(&result);
    inference_free(s);
}

/* ------------------------------------------------------------------ limits */

/* Holds the only thread of a service within a batch. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int      at_gate;

static void wait_at_gate(void *context, inference_task task, int32_t pictures, double seconds)
{
    (void)context, (void)task, (void)pictures, (void)seconds;
    atomic_fetch_add(&at_gate, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
}

typedef struct sleeper {
    inference        *service;
    inference_request request;
    skc_status        status;
} sleeper;

static void *ask_once(void *argument)
{
    sleeper         *c = argument;
    inference_result result;

    c->status = inference_run(c->service, &c->request, 1, &result, NULL);
    if (c->status == SKC_OK)
        inference_result_free(&result);
    return NULL;
}

static bool always(const void *context)
{
    (void)context;
    return true;
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (int turn_ = 0; turn_ < 3000 && !(condition); turn_++)                                 \
            usleep(5000);                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* One is under way, three wait: one that may, one whose time is over, one whose client has left. */
static void test_queue(void **state)
{
    inference_options options = usual();
    inference        *s;
    sleeper           c[4];
    pthread_t         threads[4];
    inference_result  results[3];
    inference_request more[3] = { request_of(0), request_of(1), request_of(2) };
    skc_error         err;

    (void)state;
    options.threads = 1;
    options.queue   = 4;
    options.batched = wait_at_gate;
    s               = create(&options);
    pthread_mutex_lock(&gate);
    for (int i = 0; i < 4; i++) {
        c[i] = (sleeper){ .service = s, .request = request_of(i), .status = SKC_EFORMAT };
        c[i].request.wanted[INFERENCE_DIAGNOSIS] = false;
        if (i == 2)
            c[i].request.deadline = now();
        if (i == 3)
            c[i].request.abandoned = always;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_once, &c[i]), 0);
        UNTIL(i == 0 ? at_gate == 1 : inference_figures_of(s).waiting == i);
    }
    /* three pictures of one task are one too many for the fourth place, and none goes in */
    for (int i = 0; i < 3; i++)
        more[i].wanted[INFERENCE_DIAGNOSIS] = false;
    assert_fails(inference_run(s, more, 3, results, &err), SKC_ELIMIT, err, "3 pictures");
    assert_int_equal(inference_figures_of(s).waiting, 3);
    pthread_mutex_unlock(&gate);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(c[0].status, SKC_OK);
    assert_int_equal(c[1].status, SKC_OK);
    assert_int_equal(c[2].status, SKC_EIO);
    assert_int_equal(c[3].status, SKC_EIO);
    assert_int_equal(inference_figures_of(s).dropped, 2);
    inference_free(s);
}

static void test_options(void **state)
{
    inference        *s;
    inference_options options;
    skc_error         err;

    (void)state;
    options       = usual();
    options.batch = 65;
    assert_fails(inference_create(&options, &s, &err), SKC_EINVAL, err, "65 pictures");
    options         = usual();
    options.threads = -1;
    assert_fails(inference_create(&options, &s, &err), SKC_EINVAL, err, "-1 threads");
    options                   = usual();
    options.wait_microseconds = -1;
    assert_fails(inference_create(&options, &s, &err), SKC_EINVAL, err, "-1 microseconds");
    options       = usual();
    options.queue = 0;
    assert_fails(inference_create(&options, &s, &err), SKC_EINVAL, err, "queue of 0");
    options         = usual();
    options.kernels = "quantum";
    assert_fails(inference_create(&options, &s, &err), SKC_EINVAL, err, "quantum");
    options        = usual();
    options.folder = "/nowhere";
    assert_fails(inference_create(&options, &s, &err), SKC_ENOTFOUND, err, "/nowhere/malignancy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_alone), cmocka_unit_test(test_wanted),
        cmocka_unit_test(test_explained),     cmocka_unit_test(test_queue),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
