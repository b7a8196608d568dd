/* json_faults.h - for tests: a JSON library whose n-th allocation fails. */
#ifndef SKC_TESTS_JSON_FAULTS_H
#define SKC_TESTS_JSON_FAULTS_H

#include <jansson.h>
#include <stdlib.h>

static int64_t json_faults_left, json_faults_live;

static inline void *json_faults_allocate(size_t size)
{
    if (json_faults_left > 0 && --json_faults_left == 0)
        return NULL;
    json_faults_live++;
    return malloc(size);
}

static inline void json_faults_release(void *block)
{
    json_faults_live -= block != NULL;
    free(block);
}

/* make(context) with allocation 1, 2, 3, ... failing until none does: NULL each time, nothing left
 * behind, and then the same JSON as without. */
static inline void json_faults_check(json_t *(*make)(void *context), void *context)
{
    json_t *whole, *made = NULL;
    int64_t n = 0;

    json_set_alloc_funcs(json_faults_allocate, json_faults_release);
    whole = make(context);
    assert_non_null(whole);
    do {
        int64_t live = json_faults_live;

        json_faults_left = ++n;
        made             = make(context);
        if (made == NULL) {
            assert_int_equal(json_faults_left, 0);
            assert_int_equal(json_faults_live, live);
        } else {
            assert_true(json_faults_left > 0 || json_equal(made, whole));
            if (json_faults_left == 0) /* it did without: what it made must still be whole */
                json_decref(made);
        }
    } while (json_faults_left == 0);
    json_faults_left = 0;
    assert_true(json_equal(made, whole));
    json_decref(made);
    json_decref(whole);
    assert_int_equal(json_faults_live, 0);
    json_set_alloc_funcs(malloc, free);
    assert_true(n > 3);
}

#endif
