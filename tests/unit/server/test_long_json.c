/* test_long_json.c - bodies read without their long texts: which stay in the body, and that nothing
 * else changes, whatever the body is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "handlers/long_json.h"

enum { LEAST = 8 };

/* The text stays in the body, in its place. */
static void assert_left(const char *body, const long_json *from, const json_t *string,
                        const char *wanted)
{
    size_t      length;
    const char *text = long_json_text(from, string, &length);

    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(text, wanted, length);
    assert_true(text >= body && text + length <= body + strlen(body));
}

static void test_pictures_stay(void **state)
{
    static const char body[] = "{\"crop\": \"auto\", \"images\": [\"AAAAaaaa\", \"short\", "
                               "{\"image\": \"BBBB////bbbb\", \"crop\": null}, 5], "
                               "\"image\"\n:\t\"CCCC++++\" }";
    json_error_t      error;
    json_t           *images;
    long_json         read;
    size_t            length;

    (void)state;
    assert_true(long_json_read(body, strlen(body), LEAST, &read, &error));
    assert_int_equal(read.count, 3);
    images = json_object_get(read.json, "images");
    assert_left(body, &read, json_array_get(images, 0), "AAAAaaaa");
    assert_left(body, &read, json_object_get(json_array_get(images, 2), "image"), "BBBB////bbbb");
    assert_left(body, &read, json_object_get(read.json, "image"), "CCCC++++");
    assert_string_equal(long_json_text(&read, json_array_get(images, 1), &length), "short");
    assert_string_equal(json_string_value(json_object_get(read.json, "crop")), "auto");
    json_decref(read.json);
}

/* All as jansson has it: each has a long text that may not stay, or that is none. */
static void test_others_are_read(void **state)
{
    static const char *const bodies[] = {
        "{\"image\": \"AAAAaaaa\", \"note\": \"a long note\"}",
        "{\"image\": {\"image\": \"AAAAaaaa\"}}",
        "{\"a long key\": 1, \"image\": \"AAAAaaaa\"}",
        "{\"images\": [[\"AAAAaaaa\"]]}",
        "[\"AAAAaaaa\"]",
        "{\"image\": \"AAAA\\u0041aaa\"}",
        "{\"image\": \"AAAA\\\"aaaa\\\\\"}",
        "{\"image\": \"AAAA\xc3\xa4"
        "aaaa\"}",
        "{\"image\": \"AAAA\x7f"
        "aaaa\"}",
        "{\"image\": \"0000000000000000000000000000000000\\u0000\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_error_t error;
        long_json    read;
        json_t *wanted = json_loadb(bodies[i], strlen(bodies[i]), JSON_REJECT_DUPLICATES, &error);

        assert_int_equal(long_json_read(bodies[i], strlen(bodies[i]), LEAST, &read, &error),
                         wanted != NULL);
        assert_int_equal(read.count, 0);
        assert_true(wanted == NULL || json_equal(read.json, wanted));
        json_decref(wanted);
        json_decref(read.json);
    }
}

/* With the line and column of the whole body. */
static void test_faults(void **state)
{
    static const char *const bodies[] = {
        "",
        "\"",
        "\"AAAAaaaa",
        "{\"image\": \"AAAAaaaa\"",
        "{\"image\": \"AAAAaaaa\\",
        "{\"image\": \"AAAAaaaa\"}}",
        "{\"image\": \"AAAAaaaa\", \"image\": \"BBBBbbbb\"}",
        "{\"a long key\": 1, \"a long key\": 2}",
        "{\"images\": [\"AAAAaaaa\" \"BBBBbbbb\"]}",
        "{\"image\": \\\"AAAAaaaa\"}",
        "{\"image\": \"AAAAaaaa\", \"crop\": \"\xff\"}",
        "{\"image\": \"AAAA\naaaa\"}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        json_error_t error, wanted;
        long_json    read;

        assert_null(json_loadb(bodies[i], strlen(bodies[i]), JSON_REJECT_DUPLICATES, &wanted));
        assert_false(long_json_read(bodies[i], strlen(bodies[i]), LEAST, &read, &error));
        assert_null(read.json);
        assert_string_equal(error.text, wanted.text);
        assert_int_equal(error.line, wanted.line);
        assert_int_equal(error.column, wanted.column);
    }
}

/* More than can be kept apart: the others are copied. */
static void test_many(void **state)
{
    json_t      *body = json_object(), *images = json_array();
    json_error_t error;
    long_json    read;
    char        *text;

    (void)state;
    for (int i = 0; i < LONG_JSON_MOST + 3; i++)
        json_array_append_new(images, json_sprintf("picture %d", i + 10));
    json_object_set_new(body, "images", images);
    text = json_dumps(body, 0);
    assert_non_null(text);
    assert_true(long_json_read(text, strlen(text), LEAST, &read, &error));
    assert_int_equal(read.count, LONG_JSON_MOST);
    for (size_t i = 0; i < LONG_JSON_MOST + 3; i++) {
        const json_t *wanted = json_array_get(images, i);
        size_t        length;
        const char   *found =
            long_json_text(&read, json_array_get(json_object_get(read.json, "images"), i), &length);

        assert_int_equal(length, json_string_length(wanted));
        assert_memory_equal(found, json_string_value(wanted), length);
    }
    json_decref(read.json);
    json_decref(body);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pictures_stay),
        cmocka_unit_test(test_others_are_read),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests_name("long_json", tests, NULL, NULL);
}
