/* test_preparation.c - pictures on several threads: the same answers, no allocation once their size
 * has been seen, and no harm where memory is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>

#include "../support.h"
#include "model/model.h"

enum { PICTURES = 7 };

/* An allocator that may be called by several threads. */
typedef struct counted {
    atomic_long calls, live, fail_at; /* fail_at: the call that fails; 0: none */
} counted;

static void *counted_allocate(void *user, size_t bytes)
{
    counted *c = user;

    if (atomic_fetch_add(&c->calls, 1) + 1 == atomic_load(&c->fail_at))
        return NULL;
    atomic_fetch_add(&c->live, 1);
    return malloc(bytes);
}

static void *counted_reallocate(void *user, void *block, size_t bytes)
{
    counted *c = user;

    if (atomic_fetch_add(&c->calls, 1) + 1 == atomic_load(&c->fail_at))
        return NULL;
    return realloc(block, bytes);
}

static void counted_release(void *user, void *block)
{
    atomic_fetch_sub(&((counted *)user)->live, 1);
    free(block);
}

static skc_runtime counted_runtime(counted *c, int32_t threads)
{
    skc_runtime runtime = runtime_of(threads);

    runtime.allocator = (skc_allocator){ counted_allocate, counted_reallocate, counted_release, c };
    return runtime;
}

static skc_model *model_of(int32_t views)
{
    const skc_decision decision = { 1, 0.5f, views, NULL };
    skc_model         *model    = tiny_model(tiny_mixed, 5, NULL);

    tiny_statistics(model);
    assert_int_equal(skc_model_set_decision(model, &decision, NULL), SKC_OK);
    return model;
}

/* Of different sizes, which all are scaled down. */
static void make_pictures(skc_image *images[PICTURES])
{
    for (int32_t i = 0; i < PICTURES; i++)
        images[i] = tiny_picture(i, 90 + 30 * i, 220 - 20 * i);
}

static void free_pictures(skc_image *images[PICTURES])
{
    for (int32_t i = 0; i < PICTURES; i++)
        skc_image_free(images[i]);
}

static skc_status predict(skc_session *session, skc_image *const *images, int32_t count, float *out)
{
    return skc_session_predict(session, (const skc_image *const *)images, count, out, NULL);
}

static void assert_same_answers(int32_t views)
{
    skc_model *model = model_of(views);
    skc_image *images[PICTURES];
    float      wanted[PICTURES * TINY_LABELS], found[PICTURES * TINY_LABELS];

    make_pictures(images);
    for (int32_t threads = 1; threads <= 4; threads++) {
        const skc_runtime runtime = runtime_of(threads);
        skc_session      *session = NULL;

        assert_int_equal(skc_session_create(model, PICTURES, &runtime, &session, NULL), SKC_OK);
        for (int32_t i = 0; i < PICTURES && threads == 1; i++)
            assert_int_equal(predict(session, &images[i], 1, wanted + (ptrdiff_t)i * TINY_LABELS),
                             SKC_OK);
        for (int32_t count = 1; count <= PICTURES; count++) {
            memset(found, 0, sizeof found);
            assert_int_equal(predict(session, images, count, found), SKC_OK);
            assert_memory_equal(found, wanted, (size_t)count * TINY_LABELS * sizeof *found);
        }
        skc_session_free(session);
    }
    assert_memory_not_equal(wanted, wanted + TINY_LABELS, TINY_LABELS * sizeof *wanted);
    free_pictures(images);
    skc_model_free(model);
}

static void test_same_answers(void **state)
{
    (void)state;
    assert_same_answers(1);
    assert_same_answers(8);
}

/* What one thread has seen no other asks memory for. */
static void test_allocates_nothing(void **state)
{
    skc_image *images[PICTURES], *same[PICTURES];
    float      scores[PICTURES * TINY_LABELS];

    (void)state;
    make_pictures(images);
    for (int32_t views = 1; views <= 8; views += 7) {
        counted           c       = { 0 };
        const skc_runtime runtime = counted_runtime(&c, 3);
        skc_model        *model   = model_of(views);

        for (int32_t i = 0; i < PICTURES; i++) {
            skc_session *session = NULL;
            long         calls;

            for (int32_t k = 0; k < PICTURES; k++)
                same[k] = images[i];
            assert_int_equal(skc_session_create(model, 4, &runtime, &session, NULL), SKC_OK);
            assert_int_equal(predict(session, &images[i], 1, scores), SKC_OK);
            calls = atomic_load(&c.calls);
            assert_int_equal(predict(session, same, PICTURES, scores), SKC_OK);
            assert_int_equal(predict(session, &images[i], 1, scores), SKC_OK);
            assert_int_equal(atomic_load(&c.calls), calls);
            skc_session_free(session);
        }
        assert_int_equal(atomic_load(&c.live), 0);
        skc_model_free(model);
    }
    free_pictures(images);
}

static void test_out_of_memory(void **state)
{
    skc_model *model = model_of(1);
    skc_image *images[PICTURES];
    int32_t    failed = 0;

    (void)state;
    make_pictures(images);
    for (long n = 1; n < 200; n++) {
        counted           c       = { .fail_at = n };
        const skc_runtime runtime = counted_runtime(&c, 2);
        skc_session      *session = NULL;
        float             scores[PICTURES * TINY_LABELS];
        skc_error         err;
        skc_status        status = skc_session_create(model, PICTURES, &runtime, &session, &err);

        if (status == SKC_OK)
            status = skc_session_predict(session, (const skc_image *const *)images, PICTURES,
                                         scores, &err);
        skc_session_free(session);
        assert_int_equal(atomic_load(&c.live), 0);
        assert_true(status == SKC_OK || status == SKC_ENOMEM);
        assert_true(status == SKC_OK || strstr(err.message, "out of memory") != NULL);
        failed += status == SKC_ENOMEM;
        if (atomic_load(&c.calls) < n) {
            assert_int_equal(status, SKC_OK);
            assert_true(failed >= 16);
            free_pictures(images);
            skc_model_free(model);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_answers),
        cmocka_unit_test(test_allocates_nothing),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
