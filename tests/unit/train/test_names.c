/* test_names.c - numbering of strings: first appearance, growth, renaming, failing memory. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../faults.h"
#include "train/names.h"

static void start(skc_names *names)
{
    skc_allocator allocator = skc__allocator(NULL);

    skc__names_init(names, &allocator);
}

static int32_t add(skc_names *names, const char *text)
{
    int32_t number = -2;

    assert_int_equal(skc__names_add(names, text, &number, NULL), SKC_OK);
    return number;
}

static void test_numbers_follow_first_appearance(void **state)
{
    skc_names names;

    (void)state;
    start(&names);
    assert_int_equal(skc__names_find(&names, "a"), -1);
    assert_int_equal(add(&names, "b"), 0);
    assert_int_equal(add(&names, ""), 1);
    assert_int_equal(add(&names, "a"), 2);
    assert_int_equal(add(&names, "b"), 0);
    assert_int_equal(names.count, 3);
    assert_int_equal(skc__names_find(&names, ""), 1);
    assert_int_equal(skc__names_find(&names, "ab"), -1);
    skc__names_free(&names);
}

static void test_texts_are_copied_and_never_move(void **state)
{
    char        text[32] = "first";
    const char *kept;
    skc_names   names;

    (void)state;
    start(&names);
    add(&names, text);
    kept = names.text[0];
    for (int32_t i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "name-%d", i);
        assert_int_equal(add(&names, text), i + 1);
    }
    assert_ptr_equal(names.text[0], kept);
    assert_string_equal(kept, "first");
    for (int32_t i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "name-%d", i);
        assert_int_equal(skc__names_find(&names, text), i + 1);
    }
    skc__names_free(&names);
}

static void test_a_text_longer_than_a_chunk(void **state)
{
    static char text[100001];
    skc_names   names;

    (void)state;
    start(&names);
    memset(text, 'x', sizeof text - 1);
    assert_int_equal(add(&names, "short"), 0);
    assert_int_equal(add(&names, text), 1);
    assert_int_equal(add(&names, "short too"), 2);
    assert_string_equal(names.text[1], text);
    skc__names_free(&names);
}

static void test_rename_forgets_the_old_text(void **state)
{
    skc_names names;
    skc_error err;

    (void)state;
    start(&names);
    add(&names, "a");
    add(&names, "b");
    assert_int_equal(skc__names_rename(&names, 0, "b", &err), SKC_EINVAL);
    for (int32_t i = 0; i < 100; i++) { /* there and back, over many growths of the table */
        assert_int_equal(skc__names_rename(&names, 0, "c", &err), SKC_OK);
        assert_int_equal(skc__names_find(&names, "a"), -1);
        assert_int_equal(skc__names_find(&names, "c"), 0);
        assert_int_equal(skc__names_rename(&names, 0, "a", &err), SKC_OK);
        assert_int_equal(skc__names_find(&names, "c"), -1);
        assert_int_equal(skc__names_find(&names, "a"), 0);
        assert_int_equal(skc__names_find(&names, "b"), 1);
    }
    assert_int_equal(add(&names, "c"), 2);
    assert_true(names.slot_count <= 32);
    skc__names_free(&names);
}

static skc_status fill(void *context, const skc_runtime *runtime)
{
    skc_names  names;
    char       text[32];
    int32_t    number;
    skc_status status = SKC_OK;

    (void)context;
    skc__names_init(&names, &runtime->allocator);
    for (int32_t i = 0; i < 3000 && status == SKC_OK; i++) {
        snprintf(text, sizeof text, "number %d", i);
        status = skc__names_add(&names, text, &number, NULL);
        if (status != SKC_OK) { /* as before: absent, and everything else is there */
            assert_int_equal(names.count, i);
            assert_int_equal(skc__names_find(&names, text), -1);
            assert_int_equal(skc__names_find(&names, "number 0"), i > 0 ? 0 : -1);
        }
    }
    skc__names_free(&names);
    return status;
}

static void test_failing_memory(void **state)
{
    (void)state;
    assert_true(faults_count(fill, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_follow_first_appearance),
        cmocka_unit_test(test_texts_are_copied_and_never_move),
        cmocka_unit_test(test_a_text_longer_than_a_chunk),
        cmocka_unit_test(test_rename_forgets_the_old_text),
        cmocka_unit_test(test_failing_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
