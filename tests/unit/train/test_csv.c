/* test_csv.c - reading and writing CSV: quotes, line ends, line numbers, and what is refused. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../faults.h"
#include "train/csv.h"

static skc_csv_reader reader;

/* A copy of its exact size, so that a sanitizer sees every byte read past the end. */
static char *exact(const char *text, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);

    assert_non_null(copy);
    memcpy(copy, text, size);
    return copy;
}

/* Reads a text as "[field|field]12[...]13": fields and line of each record, or the message. */
static const char *read_all(const char *text, size_t size)
{
    static char out[4096];
    char       *copy = exact(text, size);
    size_t      used = 0;
    bool        more = true;
    skc_error   err;

    out[0] = '\0';
    skc__csv_start(&reader, copy, size, "t.csv");
    while (more) {
        if (skc__csv_next(&reader, &more, &err) != SKC_OK) {
            snprintf(out, sizeof out, "%s", err.message);
            break;
        }
        for (int32_t i = 0; more && i < reader.count; i++)
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%s", i == 0 ? "[" : "|",
                                     reader.field[i]);
        if (more)
            used += (size_t)snprintf(out + used, sizeof out - used, "]%d", (int)reader.line);
    }
    free(copy);
    return out;
}

#define READ(text) read_all(text, sizeof text - 1)

static void test_records_and_line_ends(void **state)
{
    (void)state;
    assert_string_equal(READ(""), "");
    assert_string_equal(READ("a"), "[a]1");
    assert_string_equal(READ("a,b\nc,d\n"), "[a|b]1[c|d]2");
    assert_string_equal(READ("a,b\r\nc,d\r\n"), "[a|b]1[c|d]2");
    assert_string_equal(READ("a,\n,\n,b"), "[a|]1[|]2[|b]3");
    assert_string_equal(READ("\xef\xbb\xbf"
                             "a,b\n"),
                        "[a|b]1");
    assert_string_equal(READ("\n\r\na\n\n\nb\n\n"), "[a]3[b]6");
    assert_string_equal(READ(" a , b \n"), "[ a | b ]1");
    assert_string_equal(READ("\xc3\xa4,\xf0\x9f\x98\x80\n"), "[\xc3\xa4|\xf0\x9f\x98\x80]1");
}

static void test_quotes(void **state)
{
    (void)state;
    assert_string_equal(READ("\"a,b\",\"c\"\"d\",\"\"\n"), "[a,b|c\"d|]1");
    assert_string_equal(READ("\"a\nb\r\nc\",d\ne,f\n"), "[a\nb\r\nc|d]1[e|f]4");
    assert_string_equal(READ("\"\"\"\""), "[\"]1");
    assert_string_equal(READ("\"a\"\r\n\"b\""), "[a]1[b]2");
}

static void test_what_is_refused(void **state)
{
    (void)state;
    assert_string_equal(
        READ("ok\na\"b,c\n"),
        "t.csv line 2: field 1: a quote inside a field that does not begin with one");
    assert_string_equal(READ("a,\"b\"c\n"), "t.csv line 1: field 2: text after the closing quote");
    assert_string_equal(READ("a\n\nb,\"c\nd\n"),
                        "t.csv line 3: field 2: the closing quote is missing");
    assert_string_equal(READ("\""), "t.csv line 1: field 1: the closing quote is missing");
    assert_string_equal(READ("a\rb\n"),
                        "t.csv line 1: field 1: a carriage return without a line feed");
    assert_string_equal(READ("a\r"),
                        "t.csv line 1: field 1: a carriage return without a line feed");
    assert_string_equal(READ("\"a\"\rb"), "t.csv line 1: field 1: text after the closing quote");
    assert_string_equal(READ("a\0b\n"), "t.csv line 1: a NUL byte");
    assert_string_equal(READ("\"a\0b\"\n"), "t.csv line 1: a NUL byte");
    assert_string_equal(READ("ok\nb\xff\n"), "t.csv line 2: byte 0xff is not UTF-8");
    assert_string_equal(READ("\xc3\n"), "t.csv line 1: byte 0xc3 is not UTF-8");
}

static void test_limits(void **state)
{
    static char text[SKC_CSV_RECORD_BYTES + 2];
    skc_error   err;
    bool        more;

    (void)state;
    memset(text, ',', sizeof text);
    skc__csv_start(&reader, text, SKC_CSV_FIELDS - 1, "t.csv");
    assert_int_equal(skc__csv_next(&reader, &more, &err), SKC_OK);
    assert_int_equal(reader.count, SKC_CSV_FIELDS);
    skc__csv_start(&reader, text, SKC_CSV_FIELDS, "t.csv");
    assert_int_equal(skc__csv_next(&reader, &more, &err), SKC_ELIMIT);
    assert_string_equal(err.message, "t.csv line 1: more than 256 fields");

    memset(text, 'x', sizeof text);
    skc__csv_start(&reader, text, SKC_CSV_RECORD_BYTES - 1, "t.csv");
    assert_int_equal(skc__csv_next(&reader, &more, &err), SKC_OK);
    assert_int_equal(strlen(reader.field[0]), SKC_CSV_RECORD_BYTES - 1);
    skc__csv_start(&reader, text, SKC_CSV_RECORD_BYTES, "t.csv");
    assert_int_equal(skc__csv_next(&reader, &more, &err), SKC_ELIMIT);
    text[0] = '"';
    skc__csv_start(&reader, text, sizeof text, "t.csv");
    assert_int_equal(skc__csv_next(&reader, &more, &err), SKC_ELIMIT);
    assert_non_null(strstr(err.message, "is a closing quote missing?"));
}

/* Every beginning of a text is read without a look past its end, and ends. */
static void test_every_prefix(void **state)
{
    static const char text[] =
        "\xef\xbb\xbfpath,\"la\"\"bel\"\r\n\"a\r\nb\",\xc3\xa4\n\n\"\",x\r\n";

    (void)state;
    for (size_t size = 0; size < sizeof text; size++)
        assert_true(strlen(read_all(text, size)) < 200);
    assert_string_equal(READ(text), "[path|la\"bel]1[a\r\nb|\xc3\xa4]2[|x]5");
}

static void test_written_fields_are_read_again(void **state)
{
    static const char *const fields[] = { "plain",      "",       "a,b",      "say \"hi\"",
                                          "two\nlines", "cr\r\n", " spaces ", "\xc3\xa4" };
    enum { COUNT = sizeof fields / sizeof *fields, ROWS = 2000 /* many buffers full */ };
    static const char row_text[] =
        "plain,,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\"cr\r\n\", spaces ,\xc3\xa4\n";
    skc_csv_writer writer;
    skc_mapping    file;
    bool           more;

    (void)state;
    skc__csv_open(&writer, scratch_path("round.csv"), NULL);
    for (int32_t row = 0; row < ROWS; row++)
        skc__csv_put(&writer, fields, COUNT);
    assert_int_equal(skc__csv_commit(&writer), SKC_OK);
    assert_int_equal(skc__file_map(scratch_path("round.csv"), &file, NULL), SKC_OK);
    skc__csv_start(&reader, (const char *)file.bytes, file.size, "round.csv");
    for (int32_t row = 0; row < ROWS; row++) {
        assert_int_equal(skc__csv_next(&reader, &more, NULL), SKC_OK);
        assert_true(more);
        assert_int_equal(reader.count, COUNT);
        for (int32_t i = 0; i < COUNT; i++)
            assert_string_equal(reader.field[i], fields[i]);
    }
    assert_int_equal(skc__csv_next(&reader, &more, NULL), SKC_OK);
    assert_false(more);
    assert_memory_equal(file.bytes, row_text, sizeof row_text - 1);
    skc__file_unmap(&file);
}

static void test_where_nothing_can_be_written(void **state)
{
    const char *const field = "x";
    skc_csv_writer    writer;
    skc_error         err;

    (void)state;
    skc__csv_open(&writer, "/nonexistent/t.csv", &err);
    for (int32_t i = 0; i < 20000; i++)
        skc__csv_put(&writer, &field, 1);
    assert_int_equal(skc__csv_commit(&writer), SKC_ENOTFOUND);
    assert_non_null(strstr(err.message, "/nonexistent/t.csv"));
}

static int clean(void **state)
{
    (void)state;
    return scratch_remove() == 1 ? 0 : -1; /* no temporary file was left */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_and_line_ends),
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_written_fields_are_read_again),
        cmocka_unit_test(test_where_nothing_can_be_written),
    };

    return cmocka_run_group_tests(tests, NULL, clean);
}
