/* test_json.c - JSON: strict where others are lenient, typed look-ups that never lie. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "core/json.h"

static skc_allocator heap;

static skc_json *parse(const char *text)
{
    skc_json *json = NULL;
    skc_error err;

    assert_works(skc__json_parse(text, strlen(text), "t", &json, &err), err);
    return json;
}

static void test_look_ups(void **state)
{
    skc_json *json = parse("{\"s\":\"x\",\"i\":7,\"r\":0.5,\"t\":true,\"f\":false,\"n\":null,"
                           "\"a\":[1,2,3]}");

    (void)state;
    assert_string_equal(skc__json_as_string(skc__json_get(json, "s")), "x");
    assert_null(skc__json_as_string(skc__json_get(json, "i")));
    assert_int_equal(skc__json_as_integer(skc__json_get(json, "i")), 7);
    assert_int_equal(skc__json_as_integer(skc__json_get(json, "r")), 0);
    assert_true(skc__json_as_number(skc__json_get(json, "r")) == 0.5);
    assert_true(skc__json_as_number(skc__json_get(json, "i")) == 7);
    assert_true(isnan(skc__json_as_number(skc__json_get(json, "s"))));
    assert_true(isnan(skc__json_as_number(skc__json_get(json, "none"))));
    assert_true(skc__json_as_boolean(skc__json_get(json, "t")));
    assert_false(skc__json_as_boolean(skc__json_get(json, "f")));
    assert_true(skc__json_is_boolean(skc__json_get(json, "f")));
    assert_false(skc__json_is_boolean(skc__json_get(json, "n")));
    assert_true(skc__json_is_number(skc__json_get(json, "i")));
    assert_true(skc__json_is_integer(skc__json_get(json, "i")));
    assert_false(skc__json_is_integer(skc__json_get(json, "r")));
    assert_true(skc__json_is_object(json));
    assert_true(skc__json_is_array(skc__json_get(json, "a")));
    assert_int_equal(skc__json_size(skc__json_get(json, "a")), 3);
    assert_int_equal(skc__json_size(json), 7);
    assert_int_equal(skc__json_size(skc__json_get(json, "s")), 0);
    assert_int_equal(skc__json_as_integer(skc__json_at(skc__json_get(json, "a"), 2)), 3);
    assert_null(skc__json_at(skc__json_get(json, "a"), 3));
    assert_null(skc__json_get(json, "none"));
    assert_null(skc__json_get(NULL, "none"));
    skc__json_free(json);
    skc__json_free(NULL);
}

static void assert_refused(const char *text, size_t size)
{
    skc_json *json = NULL;
    skc_error err;

    assert_fails(skc__json_parse(text, size, "arch.json", &json, &err), SKC_EFORMAT, err,
                 "arch.json: JSON line ");
    assert_null(json);
}

static void test_strict(void **state)
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{'a':1}",
        "{\"a\":1}{}",
        "[1] x",
        "[01]",
        "[1.]",
        "[NaN]",
        "[Infinity]",
        "[+1]",
        "{\"a\":1,\"a\":2}",
        "[\"\xff\"]",
        "[\"\xc3\"]",
        "[\"\xed\xa0\x80\"]",
        "[\"\\ud800\"]",
        "[\"\n\"]",
        "[1e999]",
        "/* x */ []",
        "\xef\xbb\xbf[]",
        "[99999999999999999999]",
        "nul",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(bad[i], strlen(bad[i]));
    assert_refused("[]\0", 3); /* a NUL behind it */
    assert_refused("[1,\0 2]", 7);
}

static void test_depth(void **state)
{
    enum { DEPTH = 100000 };
    char *text = malloc(2 * DEPTH);

    (void)state;
    assert_non_null(text);
    memset(text, '[', DEPTH);
    memset(text + DEPTH, ']', DEPTH);
    assert_refused(text, 2 * DEPTH);
    memset(text, '[', 1000);
    memset(text + 1000, ']', 1000);
    text[2000] = '\0';
    skc__json_free(parse(text));
    free(text);
}

static void test_written_as_read(void **state)
{
    static const char compact[] = "{\"z\":[1,2.5,true,null],\"a\":{\"\xc3\xa4\":\"\\\"\"}}";
    skc_json         *json      = parse(compact), *again;
    char             *text      = skc__json_text(json, false, &heap, NULL);

    (void)state;
    assert_string_equal(text, compact); /* in the order of the text */
    skc__release(&heap, text);
    text  = skc__json_text(json, true, &heap, NULL);
    again = parse(text);
    assert_non_null(strchr(text, '\n'));
    assert_true(skc__json_equal(json, again));
    skc__release(&heap, text);
    skc__json_free(again);
    skc__json_free(json);
}

static void test_floats_keep_their_bits(void **state)
{
    static const float values[] = { 0.1f, 1e-8f, 3.4028235e38f, -1.17549435e-38f, 16777217.0f };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        skc_json *array = skc__json_array(), *again;
        char     *text;

        assert_true(skc__json_append(array, skc__json_number((double)values[i])));
        text  = skc__json_text(array, false, &heap, NULL);
        again = parse(text);
        assert_true((float)skc__json_as_number(skc__json_at(again, 0)) == values[i]);
        skc__release(&heap, text);
        skc__json_free(again);
        skc__json_free(array);
    }
}

static void test_built(void **state)
{
    skc_json       *object   = skc__json_object(), *copy;
    void           *iterator = NULL;
    const char     *key;
    const skc_json *value;
    char            keys[16] = "";

    (void)state;
    assert_true(skc__json_set(object, "b", skc__json_integer(1)));
    assert_true(skc__json_set(object, "a", skc__json_string("x")));
    assert_true(skc__json_set(object, "c", skc__json_boolean(true)));
    assert_true(skc__json_set(object, "d", skc__json_number(NAN))); /* null: JSON has no NaN */
    assert_false(skc__json_set(object, "e", NULL));
    assert_false(skc__json_set(object, "e", skc__json_string("\xff")));
    assert_false(skc__json_set(NULL, "e", skc__json_integer(1)));
    assert_false(skc__json_append(NULL, skc__json_integer(1)));
    while ((value = skc__json_next(object, &iterator, &key)) != NULL)
        strcat(keys, key);
    assert_string_equal(keys, "bacd");
    copy = skc__json_copy(object);
    assert_true(skc__json_equal(copy, object));
    assert_true(skc__json_set(copy, "b", skc__json_integer(2)));
    assert_false(skc__json_equal(copy, object));
    skc__json_free(copy);
    skc__json_free(object);
}

static void test_text_out_of_memory(void **state)
{
    faults        f    = { 1, 0 };
    skc_allocator a    = faults_allocator(&f);
    skc_json     *json = parse("[1]");
    skc_error     err;

    (void)state;
    assert_null(skc__json_text(json, false, &a, &err));
    assert_int_equal(err.status, SKC_ENOMEM);
    skc__json_free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_look_ups),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_written_as_read),
        cmocka_unit_test(test_floats_keep_their_bits),
        cmocka_unit_test(test_built),
        cmocka_unit_test(test_text_out_of_memory),
    };

    heap = skc__allocator(NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
