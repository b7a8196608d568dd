/* test_log.c - one JSON object a line, whatever is in it and however many threads write. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "../support.h"
#include "observe/log.h"

enum { THREADS = 8, ROUNDS = 200 };

/* Runs `write` with standard error in a file, and gives what came of it as a list of objects. */
static json_t *lines_of(void (*write_lines)(void))
{
    int     kept = dup(STDERR_FILENO);
    FILE   *file = fopen(scratch_path("log"), "w+");
    char   *line = NULL;
    size_t  room = 0;
    ssize_t length;
    json_t *list = json_array();

    assert_true(kept >= 0 && file != NULL && dup2(fileno(file), STDERR_FILENO) >= 0);
    write_lines();
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    while ((length = getline(&line, &room, file)) > 0) {
        json_t *one = json_loadb(line, (size_t)length, JSON_REJECT_DUPLICATES, NULL);

        assert_true(line[length - 1] == '\n' && json_is_object(one));
        json_array_append_new(list, one);
    }
    free(line);
    fclose(file);
    return list;
}

static const char *member(const json_t *list, size_t i, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(list, i), name));

    return text == NULL ? "" : text;
}

static void write_levels(void)
{
    log_set_level(LOG_WARN);
    log_event(LOG_DEBUG, "no", NULL);
    log_event(LOG_INFO, "no", json_pack("{s:i}", "a", 1));
    log_event(LOG_WARN, "first", json_pack("{s:i, s:s}", "a", 1, "event", "not this one"));
    log_message(LOG_ERROR, "second", "%s and %d", "text", 5);
    log_event(LOG_OFF, "no", NULL);
    log_set_level(LOG_OFF);
    log_event(LOG_ERROR, "no", NULL);
    log_set_level(LOG_DEBUG);
    log_event(LOG_DEBUG, "third", NULL);
}

static void test_levels(void **state)
{
    json_t *list = lines_of(write_levels);

    (void)state;
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(member(list, 0, "event"), "first");
    assert_string_equal(member(list, 0, "level"), "warn");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "a")), 1);
    assert_string_equal(member(list, 1, "message"), "text and 5");
    assert_string_equal(member(list, 1, "level"), "error");
    assert_string_equal(member(list, 2, "event"), "third");
    assert_int_equal(strlen(member(list, 0, "time")), strlen("2026-11-23T10:00:00.123Z"));
    assert_int_equal(member(list, 0, "time")[10], 'T');
    json_decref(list);
}

static void write_odd(void)
{
    char text[3000];

    log_set_level(LOG_INFO);
    log_message(LOG_INFO, "line\nbreak", "a\nb\"\\\x01");
    log_message(LOG_INFO, "not UTF-8", "caf\xe9 \xff");
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "版", 4);
    log_message(LOG_INFO, "cut", "%s", text); /* inside a character */
}

static void test_odd_texts(void **state)
{
    json_t *list = lines_of(write_odd);

    (void)state;
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(member(list, 0, "message"), "a\nb\"\\\x01");
    assert_string_equal(member(list, 1, "message"), "caf? ?");
    assert_true(strlen(member(list, 2, "message")) > 1000);
    json_decref(list);
}

static void *write_often(void *argument)
{
    for (int i = 0; i < ROUNDS; i++)
        log_event(LOG_INFO, "event",
                  json_pack("{s:I, s:i}", "thread", (json_int_t)(intptr_t)argument, "i", i));
    return NULL;
}

static void write_by_threads(void)
{
    pthread_t threads[THREADS];

    log_set_level(LOG_INFO);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void test_threads(void **state)
{
    json_t    *list          = lines_of(write_by_threads), *one;
    json_int_t next[THREADS] = { 0 };
    size_t     i;

    (void)state;
    assert_int_equal(json_array_size(list), THREADS * ROUNDS);
    json_array_foreach(list, i, one)
    {
        json_int_t thread = json_integer_value(json_object_get(one, "thread"));

        assert_int_equal(json_integer_value(json_object_get(one, "i")), next[thread]++);
    }
    json_decref(list);
}

static int clean(void **state)
{
    (void)state;
    scratch_remove();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_odd_texts),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
