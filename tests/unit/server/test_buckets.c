/* test_buckets.c - token buckets and daily counts: rates, bursts, quotas, clocks, eviction; and
 * what keys look like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "access/access.h"
#include "access/buckets.h"

#define SECOND 1000000000ULL

enum { DAY = 86400, NOON = 20000 * DAY + DAY / 2 };

static void id_of(int number, uint8_t id[BUCKET_ID_BYTES])
{
    memset(id, 0, BUCKET_ID_BYTES);
    memcpy(id, &number, sizeof number);
    id[15] = 1;
}

static bucket *find(buckets *table, int number, uint64_t now)
{
    uint8_t id[BUCKET_ID_BYTES];

    id_of(number, id);
    return buckets_find(table, id, now);
}

static void test_rate(void **state)
{
    const bucket_limits limits = { .rate = 60, .burst = 3 };
    buckets            *table  = buckets_create(10);
    bucket             *b      = find(table, 1, SECOND);
    unsigned            seconds;

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_RATE);
    assert_int_equal(seconds, 1);
    assert_int_equal(bucket_take(b, &limits, SECOND + SECOND / 2, NOON, &seconds), BUCKET_RATE);
    assert_int_equal(bucket_take(b, &limits, 2 * SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, 2 * SECOND, NOON, &seconds), BUCKET_RATE);
    /* after long no more than the burst */
    for (int i = 0; i < 3; i++)
        assert_int_equal(bucket_take(b, &limits, 1000 * SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, 1000 * SECOND, NOON, &seconds), BUCKET_RATE);
    buckets_free(table);
}

static void test_slow_rate(void **state)
{
    const bucket_limits limits = { .rate = 1, .burst = 1 };
    buckets            *table  = buckets_create(10);
    bucket             *b      = find(table, 1, 0);
    unsigned            seconds;

    (void)state;
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_RATE);
    assert_int_equal(seconds, 60);
    assert_int_equal(bucket_take(b, &limits, 31 * SECOND, NOON, &seconds), BUCKET_RATE);
    assert_in_range(seconds, 30, 31);
    buckets_free(table);
}

static void test_quota(void **state)
{
    const bucket_limits limits = { .rate = 1000000, .burst = 1000, .quota = 2 };
    buckets            *table  = buckets_create(10);
    bucket             *b      = find(table, 1, SECOND);
    unsigned            seconds;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON, &seconds), BUCKET_QUOTA);
    assert_int_equal(seconds, DAY / 2);
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON + DAY / 2 - 1, &seconds), BUCKET_QUOTA);
    assert_int_equal(seconds, 1);
    assert_int_equal(bucket_take(b, &limits, SECOND, NOON + DAY / 2, &seconds), BUCKET_FREE);
    assert_int_equal(b->unsaved, 3);
    buckets_free(table);
}

static void test_clock_going_backwards(void **state)
{
    const bucket_limits limits = { .rate = 60, .burst = 2, .quota = 100 };
    buckets            *table  = buckets_create(10);
    bucket             *b      = find(table, 1, 100 * SECOND);
    unsigned            seconds;

    (void)state;
    assert_int_equal(bucket_take(b, &limits, 100 * SECOND, NOON, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, 50 * SECOND, NOON - 10, &seconds), BUCKET_FREE);
    assert_int_equal(bucket_take(b, &limits, 40 * SECOND, NOON - 10, &seconds), BUCKET_RATE);
    assert_true(b->tokens >= 0 && isfinite(b->tokens));
    assert_int_equal(bucket_take(b, &limits, 41 * SECOND, NOON, &seconds), BUCKET_FREE);
    buckets_free(table);
}

static void test_eviction(void **state)
{
    const bucket_limits limits = { .rate = 60, .burst = 2 };
    buckets            *table  = buckets_create(8);
    bucket             *first  = find(table, 1, SECOND), *b;
    unsigned            seconds;

    (void)state;
    bucket_take(first, &limits, SECOND, NOON, &seconds);
    for (int i = 2; i <= 8; i++) {
        uint64_t now = (unsigned)i * SECOND;

        bucket_take(find(table, i, now), &limits, now, NOON, &seconds);
    }
    assert_ptr_equal(find(table, 1, 9 * SECOND), first);
    bucket_take(first, &limits, 9 * SECOND, NOON, &seconds);
    b = find(table, 9, 10 * SECOND); /* takes the place of 2, the least recent */
    assert_int_equal(b->used, 0);
    assert_ptr_equal(find(table, 1, 11 * SECOND), first);
    assert_int_equal(first->used, 2);
    assert_ptr_equal(find(table, 2, 12 * SECOND), find(table, 2, 12 * SECOND));
    assert_int_equal(find(table, 2, 12 * SECOND)->used, 0);
    assert_non_null(buckets_at(table, 7));
    assert_null(buckets_at(table, 8));
    assert_null(buckets_at(table, -1));
    buckets_free(table);
    buckets_free(NULL);
}

static void test_many(void **state)
{
    const bucket_limits limits = { .rate = 1, .burst = 1 };
    buckets            *table  = buckets_create(10000);
    unsigned            seconds;

    (void)state;
    for (int i = 1; i <= 1000; i++)
        assert_int_equal(bucket_take(find(table, i, SECOND), &limits, SECOND, NOON, &seconds),
                         BUCKET_FREE);
    for (int i = 1; i <= 1000; i++) /* a tenth of the room: rows are not full */
        assert_int_equal(bucket_take(find(table, i, SECOND), &limits, SECOND, NOON, &seconds),
                         BUCKET_RATE);
    buckets_free(table);
    table = buckets_create(0);
    assert_non_null(find(table, 1, SECOND));
    buckets_free(table);
}

/* ------------------------------------------------------------------ keys */

static void test_key(void **state)
{
    char      key[ACCESS_KEY_BYTES], other[ACCESS_KEY_BYTES];
    store_key made = { .id = 0 }, second = { .id = 0 };
    uint8_t   hash[STORE_HASH_BYTES], digest[STORE_HASH_BYTES];

    (void)state;
    access_key_make(key, &made);
    access_key_make(other, &second);
    assert_int_equal(strlen(key), 47);
    assert_memory_equal(key, "skc_", 4);
    assert_int_equal(strspn(key + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_"),
                     43);
    assert_string_not_equal(key, other);
    assert_memory_equal(made.shown, key, 10);
    assert_int_equal(strlen(made.shown), 10);
    access_key_hash(key, hash);
    crypto_hash_sha256(digest, (const unsigned char *)key, 47);
    assert_memory_equal(hash, made.hash, sizeof hash);
    assert_memory_equal(hash, digest, sizeof hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate),     cmocka_unit_test(test_slow_rate),
        cmocka_unit_test(test_quota),    cmocka_unit_test(test_clock_going_backwards),
        cmocka_unit_test(test_eviction), cmocka_unit_test(test_many),
        cmocka_unit_test(test_key),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
