/* test_cli_sources.c - options from the environment and a file: precedence, lists, errors. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support.h"
#include "../../../tools/cli_sources.h"
#include "../../../tools/cli_value.h"

typedef struct values {
    const char *config, *text;
    int32_t     number;
    bool        flag;
    cli_list    list;
} values;

static const cli_option options[] = {
    { "Group", .kind = CLI_GROUP },
    { "config", 0, CLI_TEXT, offsetof(values, config), NULL, 0, 0, "FILE", "" },
    { "a-text", 0, CLI_TEXT, offsetof(values, text), NULL, 0, 0, "T", "" },
    { "number", 0, CLI_INT, offsetof(values, number), NULL, 1, 9, "N", "" },
    { "flag", 0, CLI_FLAG, offsetof(values, flag), .help = "" },
    { "list", 0, CLI_LIST, offsetof(values, list), NULL, 0, 0, "A,...", "" },
    { .name = NULL },
};

enum { CONFIG = 1, TEXT, NUMBER, FLAG, LIST, ROWS };

static const cli_command command = { .options = options, .environment = "SKCTEST_" };

typedef struct attempt {
    values v;
    bool   given[ROWS];
    char  *text;
    char   messages[1000];
} attempt;

/* With standard error in a file, to see the messages. */
static bool read_sources(attempt *a)
{
    int    kept = dup(STDERR_FILENO);
    FILE  *file = fopen(scratch_path("messages"), "w+");
    bool   good;
    size_t size;

    assert_true(kept >= 0 && file != NULL && dup2(fileno(file), STDERR_FILENO) >= 0);
    good = cli_read_sources(&command, &a->v, a->given, &a->text);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    size              = fread(a->messages, 1, sizeof a->messages - 1, file);
    a->messages[size] = '\0';
    fclose(file);
    return good;
}

static void release(attempt *a)
{
    cli_value_release(&options[LIST], &a->v);
    free(a->text);
}

static bool read_file(attempt *a, const char *text)
{
    static char path[512];

    snprintf(path, sizeof path, "%s", scratch_path("conf"));
    write_bytes(path, text, strlen(text));
    a->v.config = path;
    return read_sources(a);
}

static void test_nothing(void **state)
{
    attempt a = { .v = { .number = 5 } };

    (void)state;
    assert_true(read_sources(&a));
    assert_int_equal(a.v.number, 5);
    assert_null(a.text);
    release(&a);
}

static void test_file(void **state)
{
    attempt a = { .v = { .number = 5 } };

    (void)state;
    assert_true(read_file(&a, "# a comment = 1\r\n\r\n  a-text =  two words # no comment \r\n"
                              "number=7\nflag = on\nlist = a,b\nlist=c"));
    assert_string_equal(a.v.text, "two words # no comment");
    assert_int_equal(a.v.number, 7);
    assert_true(a.v.flag);
    assert_int_equal(a.v.list.count, 3);
    assert_string_equal(a.v.list.items[2], "c");
    release(&a);
}

static void test_environment(void **state)
{
    attempt a = { .v = { .number = 5, .flag = true } };

    (void)state;
    setenv("SKCTEST_A_TEXT", "from outside", 1);
    setenv("SKCTEST_FLAG", "off", 1);
    setenv("SKCTEST_LIST", "x,y", 1);
    setenv("SKCTEST_NUMBER", "2", 1);
    a.given[NUMBER] = true; /* on the command line */
    assert_true(read_file(&a, "a-text = from the file\nflag = yes\nlist = z\nnumber = 9\n"));
    assert_string_equal(a.v.text, "from outside");
    assert_false(a.v.flag);
    assert_int_equal(a.v.list.count, 2);
    assert_string_equal(a.v.list.items[0], "x");
    assert_int_equal(a.v.number, 5);
    assert_true(a.given[TEXT] && a.given[LIST]);
    release(&a);
    a = (attempt){ .v = { .number = 5 } };
    setenv("SKCTEST_NUMBER", "many", 1);
    assert_false(read_sources(&a));
    assert_non_null(strstr(a.messages, "'many'"));
    assert_non_null(strstr(a.messages, "SKCTEST_NUMBER"));
    release(&a);
    for (int i = CONFIG; i < ROWS; i++) {
        char name[40];

        snprintf(name, sizeof name, "SKCTEST_%s", options[i].name);
        for (char *c = name; *c != '\0'; c++)
            *c = *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
        unsetenv(name);
    }
}

/* A list of the file takes the place of the default, not of the end of it. */
static void test_default_list(void **state)
{
    attempt a = { .v = { .number = 5 } };

    (void)state;
    assert_true(cli_value_set(&options[LIST], "default", &a.v));
    assert_true(read_file(&a, "list = a\nlist = b"));
    assert_int_equal(a.v.list.count, 2);
    assert_string_equal(a.v.list.items[0], "a");
    release(&a);
}

static void test_refused(void **state)
{
    static const struct {
        const char *text, *message, *line;
    } cases[] = {
        { "number", "'number' is not of the form name = value", "line 1" },
        { "\n\nnumber = 10\n", "'10'; it must be a whole number from 1 to 9", "line 3" },
        { "number = \n", "whole number", "line 1" },
        { "# x\nnothing = 1", "there is no option 'nothing'", "line 2" },
        { "= 1", "there is no option ''", "line 1" },
        { "Group = 1", "there is no option 'Group'", "line 1" },
        { "config = other", "there is no option 'config'", "line 1" },
        { "flag = maybe", "flag must be yes or no", "line 1" },
        { "list = a,,b", "empty", "line 1" },
        { "number = 1\nnumber = 2", "'number' is there twice", "line 2" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        attempt a = { .v = { .number = 5 } };

        assert_false(read_file(&a, cases[i].text));
        assert_non_null(strstr(a.messages, cases[i].message));
        assert_non_null(strstr(a.messages, cases[i].line));
        assert_non_null(strstr(a.messages, "conf"));
        release(&a);
    }
}

static void test_no_file(void **state)
{
    attempt a = { .v = { .config = "/nowhere.conf" } };
    char    path[512];

    (void)state;
    assert_false(read_sources(&a));
    assert_non_null(strstr(a.messages, "/nowhere.conf"));
    release(&a);
    snprintf(path, sizeof path, "%s", scratch_path("nul"));
    a = (attempt){ .v = { .config = path } };
    write_bytes(path, "number = 1\0", 11);
    assert_false(read_sources(&a));
    assert_non_null(strstr(a.messages, "NUL"));
    release(&a);
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
        cmocka_unit_test(test_nothing),     cmocka_unit_test(test_file),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_default_list),
        cmocka_unit_test(test_refused),     cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
