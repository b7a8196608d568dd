/* test_multipart.c - forms of RFC 7578, and every way to end one too early. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>

#include "../support.h"
#include "handlers/multipart.h"

enum { MOST = 4 };

static const char type[] = "multipart/form-data; boundary=AaB03x";

static skc_status read_body(const char *content_type, const char *body, size_t size,
                            multipart_part *parts, int32_t *count, skc_error *err)
{
    return multipart_read(content_type, body, size, parts, MOST, count, err);
}

static void assert_part(const multipart_part *part, const char *name, const char *text)
{
    assert_string_equal(part->name, name);
    assert_int_equal(part->size, strlen(text));
    assert_memory_equal(part->bytes, text, part->size);
}

#define READS(content_type, body, wanted)                                                          \
    multipart_part parts[MOST];                                                                    \
    int32_t        count = -1;                                                                     \
    skc_error      err;                                                                            \
    assert_works(read_body(content_type, body, sizeof(body) - 1, parts, &count, &err), err);       \
    assert_int_equal(count, wanted)

/* As in RFC 7578, 4.3 and RFC 2388: text, files, other fields of the head. */
static void test_usual(void **state)
{
    static const char body[] =
        "--AaB03x\r\n"
        "content-disposition: form-data; name=\"field1\"\r\n"
        "content-type: text/plain;charset=windows-1250\r\n\r\n"
        "Joe owes me\r\n"
        "--AaB03x  \t\r\n"
        "Content-Type: image/png\r\n"
        "Content-Disposition: form-data; filename=\"a;b.png\"; name=image\r\n"
        "\r\n\x89PNG\r\n\r\n-\r\n--AaB03\r\n-AaB03x\r\n"
        "--AaB03x\r\n"
        "Content-Disposition:form-data;name=\"empty\"\r\n\r\n"
        "\r\n--AaB03x--\r\nepilogue";
    (void)state;
    READS(type, body, 3);
    assert_part(&parts[0], "field1", "Joe owes me");
    /* what only looks like a boundary is of the data */
    assert_part(&parts[1], "image", "\x89PNG\r\n\r\n-\r\n--AaB03\r\n-AaB03x");
    assert_part(&parts[2], "empty", "");
}

static void test_preamble(void **state)
{
    static const char body[] = "not shown --AaB03x\r\n\r\n--AaB03x\r\n"
                               "Content-Disposition: form-data; name=a\r\n\r\n1\r\n--AaB03x--";
    (void)state;
    READS(type, body, 1);
    assert_part(&parts[0], "a", "1");
}

static void test_no_parts(void **state)
{
    static const char body[] = "--AaB03x--";

    (void)state;
    READS(type, body, 0);
}

static void test_quoted(void **state)
{
    static const char body[] =
        "--a b:c\r\nContent-Disposition: form-data; filename=\"\\\"name=x\"; "
        "NAME=\"a \\\"b\\\\\"\r\n\r\n1\r\n--a b:c--";
    (void)state;
    READS("multipart/form-data; charset=utf-8; Boundary=\"a b:c\"", body, 1);
    assert_part(&parts[0], "a \"b\\", "1");
}

#define HEAD "Content-Disposition: form-data; name=a\r\n\r\n"

static void test_refused(void **state)
{
    static const struct {
        const char *type, *body, *message;
    } cases[] = {
        { "multipart/form-data", "--x--", "no boundary" },
        { "multipart/form-data; boundary=", "--x--", "no boundary" },
        { "multipart/form-data; boundary=\"open", "--open--", "no boundary" },
        { "multipart/form-data; xboundary=AaB03x", "--AaB03x--", "no boundary" },
        { "multipart/form-data; boundary="
          "01234567890123456789012345678901234567890123456789012345678901234567890",
          "", "no boundary" },
        { type, "", "not in the body" },
        { type, "--other\r\n" HEAD "1\r\n--other--", "not in the body" },
        { type, "--AaB03xy\r\n" HEAD "1\r\n--AaB03x--", "without its closing" },
        { type, "--AaB03x\r\n\r\nno head\r\n--AaB03x--", "part 1 has no head" },
        { type, "--AaB03x\r\nX: y\r\n\r\n1\r\n--AaB03x--", "part 1 has no head" },
        { type, "--AaB03x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--AaB03x--", "part 1" },
        { type, "--AaB03x\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n1\r\n--AaB03x--",
          "part 1" },
        { type, "--AaB03x\r\n" HEAD "1\r\n--AaB03x\r\n" HEAD "2", "inside part 2" },
        { type, "--AaB03x\r\nX: y\r\n--AaB03x\r\n" HEAD "2\r\n--AaB03x--", "part 1 has no head" },
        { type, "--AaB03x\r\n--AaB03x\r\n" HEAD "2\r\n--AaB03x--", "part 1 has no head" },
    };
    multipart_part parts[MOST];
    int32_t        count;
    skc_error      err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(
            read_body(cases[i].type, cases[i].body, strlen(cases[i].body), parts, &count, &err),
            SKC_EFORMAT, err, cases[i].message);
}

static void test_limits(void **state)
{
    char           body[20000] = "--AaB03x", *at = body + strlen(body);
    multipart_part parts[MOST];
    int32_t        count;
    skc_error      err;

    (void)state;
    for (int i = 0; i < MOST + 1; i++)
        at = stpcpy(at, "\r\n" HEAD "1\r\n--AaB03x");
    strcpy(at, "--");
    assert_fails(read_body(type, body, strlen(body), parts, &count, &err), SKC_ELIMIT, err,
                 "more than 4 parts");
    at = stpcpy(body, "--AaB03x\r\nX: ");
    memset(at, 'x', 5000);
    strcpy(at + 5000, "\r\n" HEAD "1\r\n--AaB03x--");
    assert_fails(read_body(type, body, strlen(body), parts, &count, &err), SKC_EFORMAT, err,
                 "part 1");
    at = stpcpy(body, "--AaB03x\r\nContent-Disposition: form-data; name=");
    memset(at, 'n', MULTIPART_NAME); /* one too many */
    strcpy(at + MULTIPART_NAME, "\r\n\r\n1\r\n--AaB03x--");
    assert_fails(read_body(type, body, strlen(body), parts, &count, &err), SKC_EFORMAT, err,
                 "part 1");
}

/* Each ends at a page that must not be touched. */
static void test_prefixes(void **state)
{
    static const char body[] = "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
                               "--AaB03x \r\n" HEAD "2\r\n--AaB03x--";
    size_t            page   = (size_t)sysconf(_SC_PAGESIZE);
    char *block = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    assert_true(block != MAP_FAILED && mprotect(block + page, page, PROT_NONE) == 0);
    for (size_t size = 0; size < sizeof body; size++) {
        char          *copy = block + page - size;
        multipart_part parts[MOST];
        int32_t        count;
        skc_error      err;

        memcpy(copy, body, size);
        if (size == sizeof body - 1)
            assert_works(read_body(type, copy, size, parts, &count, &err), err);
        else
            assert_int_equal(read_body(type, copy, size, parts, &count, &err), SKC_EFORMAT);
    }
    munmap(block, 2 * page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usual),    cmocka_unit_test(test_preamble),
        cmocka_unit_test(test_no_parts), cmocka_unit_test(test_quoted),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_limits),
        cmocka_unit_test(test_prefixes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
