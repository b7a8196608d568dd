/* test_memory.c - the allocator hook, checked sizes, growing arrays, arenas. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "core/memory.h"

static void test_default_allocator(void **state)
{
    skc_allocator a     = skc__allocator(NULL);
    char         *block = a.allocate(a.user, 10);

    (void)state;
    assert_non_null(block);
    memset(block, 7, 10);
    block = a.reallocate(a.user, block, 5000);
    assert_non_null(block);
    assert_int_equal(block[9], 7);
    a.release(a.user, block);
}

static void test_hook_is_used(void **state)
{
    faults        f       = { 0, 0 };
    skc_runtime   runtime = faults_runtime(&f);
    skc_allocator a       = skc__allocator(&runtime);
    char         *text    = skc__copy_text(&a, "lesion", NULL);

    (void)state;
    assert_string_equal(text, "lesion");
    assert_int_equal(f.live, 1);
    text = skc__reallocate(&a, text, 100, NULL);
    assert_string_equal(text, "lesion");
    assert_int_equal(f.live, 1);
    skc_free(&runtime, text);
    assert_int_equal(f.live, 0);
    skc_free(&runtime, NULL);
    skc_free(NULL, NULL);
    assert_int_equal(f.live, 0);
}

static void test_allocations_fail(void **state)
{
    faults        f = { 1, 0 };
    skc_allocator a = faults_allocator(&f);
    skc_error     err;

    (void)state;
    assert_null(skc__allocate(&a, 12345, &err));
    assert_int_equal(err.status, SKC_ENOMEM);
    assert_non_null(strstr(err.message, "12345 bytes"));
    assert_null(skc__allocate(&a, 0, &err)); /* never the allocator's own idea of nothing */
    assert_null(skc__reallocate(&a, NULL, 0, NULL));
    assert_int_equal(f.live, 0);
}

static void test_zeroed(void **state)
{
    skc_allocator  a     = skc__allocator(NULL);
    unsigned char *block = skc__allocate_zeroed(&a, 1000, NULL);

    (void)state;
    assert_non_null(block);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(block[i], 0);
    skc__release(&a, block);
}

static void test_multiply(void **state)
{
    size_t product = 1;

    (void)state;
    assert_true(skc__multiply(SIZE_MAX / 2, 2, &product));
    assert_true(product == SIZE_MAX - 1);
    assert_true(skc__multiply(0, SIZE_MAX, &product));
    assert_int_equal(product, 0);
    assert_false(skc__multiply(SIZE_MAX / 2 + 1, 2, &product));
    assert_false(skc__multiply(SIZE_MAX, SIZE_MAX, &product));
}

static void test_grow(void **state)
{
    faults        f        = { 0, 0 };
    skc_allocator a        = faults_allocator(&f);
    int32_t      *array    = NULL;
    int32_t       capacity = 0;

    (void)state;
    for (int32_t i = 0; i < 1000; i++) {
        assert_true(skc__grow(&a, (void **)&array, &capacity, i + 1, sizeof *array, NULL));
        assert_true(capacity > i);
        array[i] = i;
    }
    for (int32_t i = 0; i < 1000; i++)
        assert_int_equal(array[i], i);
    f.fail_at = 1;
    assert_false(skc__grow(&a, (void **)&array, &capacity, capacity + 1, sizeof *array, NULL));
    assert_int_equal(capacity, 1024);
    assert_int_equal(array[999], 999);
    assert_false(skc__grow(&a, (void **)&array, &capacity, INT32_MAX, SIZE_MAX / 1000, NULL));
    skc__release(&a, array);
    assert_int_equal(f.live, 0);
}

static void test_arena(void **state)
{
    faults         f = { 0, 0 };
    skc_allocator  a = faults_allocator(&f);
    skc_arena      arena;
    size_t         size = skc__arena_piece(1) + skc__arena_piece(100) + skc__arena_piece(64);
    unsigned char *first, *second, *third;

    (void)state;
    assert_int_equal(size, 64 + 128 + 64);
    assert_int_equal(skc__arena_create(&a, size, &arena, NULL), SKC_OK);
    first  = skc__arena_take(&arena, 1);
    second = skc__arena_take(&arena, 100);
    third  = skc__arena_take(&arena, 64);
    assert_non_null(third);
    assert_int_equal((uintptr_t)first % SKC_ALIGNMENT, 0);
    assert_int_equal(second - first, 64);
    assert_int_equal(third - second, 128);
    for (int i = 0; i < 100; i++)
        assert_int_equal(second[i], 0);
    assert_null(skc__arena_take(&arena, 1));
    assert_null(skc__arena_take(&arena, SIZE_MAX));
    assert_null(skc__arena_take(&arena, SIZE_MAX - 63));
    skc__arena_free(&arena);
    skc__arena_free(&arena);
    assert_int_equal(f.live, 0);
}

static void test_arena_fails(void **state)
{
    faults        f = { 1, 0 };
    skc_allocator a = faults_allocator(&f);
    skc_arena     arena;

    (void)state;
    assert_int_equal(skc__arena_create(&a, SIZE_MAX, &arena, NULL), SKC_ELIMIT);
    assert_int_equal(skc__arena_create(&a, 10, &arena, NULL), SKC_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_allocator),
        cmocka_unit_test(test_hook_is_used),
        cmocka_unit_test(test_allocations_fail),
        cmocka_unit_test(test_zeroed),
        cmocka_unit_test(test_multiply),
        cmocka_unit_test(test_grow),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
