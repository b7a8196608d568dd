/* test_archive.c - names, limits and damage of archives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../../tools/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

enum { SPACE = 1 << 16 };

static void add(struct archive *writer, const char *name, const char *content, size_t size)
{
    struct archive_entry *entry = archive_entry_new();

    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(writer, content, size), (la_ssize_t)size);
    archive_entry_free(entry);
}

/* Three members in a tar: "a.jpg", "./b.jpg", "c.jpg" with 3, 1000 and 5 bytes. */
static size_t make_tar(char *out)
{
    struct archive *writer = archive_write_new();
    char            thousand[1000];
    size_t          used = 0;

    memset(thousand, 'b', sizeof thousand);
    archive_write_set_format_ustar(writer);
    assert_int_equal(archive_write_open_memory(writer, out, SPACE, &used), ARCHIVE_OK);
    add(writer, "a.jpg", "one", 3);
    add(writer, "./b.jpg", thousand, sizeof thousand);
    add(writer, "c.jpg", "three", 5);
    archive_write_close(writer);
    archive_write_free(writer);
    return used;
}

static void test_names(void **state)
{
    size_t      length = 0;
    const char *path   = "folder!/x.tar!./sub/a!b.jpg";

    (void)state;
    assert_true(archive_is_name("a.zip"));
    assert_true(archive_is_name("dir/A.TAR.GZ"));
    assert_true(archive_is_name("a.tgz"));
    assert_false(archive_is_name(".zip"));
    assert_false(archive_is_name("a.zip.jpg"));
    assert_string_equal(archive_split_path(path, &length), "sub/a!b.jpg");
    assert_int_equal(length, strlen("folder!/x.tar"));
    assert_null(archive_split_path("folder/a.jpg", &length));
    assert_null(archive_split_path("wow!.jpg", &length));
    assert_null(archive_split_path("x.tar!", &length));
}

static void test_members(void **state)
{
    static const char *const names[] = { "a.jpg", "b.jpg", "c.jpg" };
    static const size_t      sizes[] = { 3, 1000, 5 };
    char                    *tar     = malloc(SPACE);
    size_t                   size    = make_tar(tar), length;
    archive_stream          *stream;
    const char              *member;
    unsigned char           *bytes;

    (void)state;
    assert_int_equal(archive_stream_open_memory(tar, size, "t.tar", NULL, &stream, NULL), SKC_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(archive_stream_next(stream, &member, NULL), SKC_OK);
        assert_string_equal(member, names[i]);
        if (i == 0)
            continue; /* a member that nobody reads is passed over */
        assert_int_equal(archive_stream_read(stream, &bytes, &length, NULL), SKC_OK);
        assert_int_equal(length, sizes[i]);
        assert_int_equal(bytes[0], i == 1 ? 'b' : 't');
        free(bytes);
    }
    assert_int_equal(archive_stream_next(stream, &member, NULL), SKC_OK);
    assert_null(member);
    archive_stream_close(stream);
    free(tar);
}

static void test_limits(void **state)
{
    const archive_limits limits = { 999, 2 };
    char                *tar    = malloc(SPACE);
    size_t               size   = make_tar(tar), length;
    archive_stream      *stream;
    const char          *member;
    unsigned char       *bytes;
    skc_error            err;

    (void)state;
    assert_int_equal(archive_stream_open_memory(tar, size, "t.tar", &limits, &stream, NULL),
                     SKC_OK);
    assert_int_equal(archive_stream_next(stream, &member, NULL), SKC_OK);
    assert_int_equal(archive_stream_next(stream, &member, NULL), SKC_OK);
    assert_int_equal(archive_stream_read(stream, &bytes, &length, &err), SKC_ELIMIT);
    assert_string_equal(err.message, "t.tar!b.jpg: over the limit of 999 bytes");
    assert_int_equal(archive_stream_next(stream, &member, &err), SKC_ELIMIT);
    assert_string_equal(err.message, "t.tar: more than 2 members");
    archive_stream_close(stream);
    free(tar);
}

/* Every prefix either ends well, with fewer members, or is refused with the archive's name. */
static void test_truncation(void **state)
{
    char  *tar  = malloc(SPACE);
    size_t size = make_tar(tar);

    (void)state;
    for (size_t cut = 0; cut < size; cut += 37) {
        char           *copy   = malloc(cut + 1); /* of its own, so that a sanitizer sees the end */
        archive_stream *stream = NULL;
        const char     *member = "";
        skc_error       err    = { .status = SKC_OK };
        skc_status      status;
        int             members = 0;

        memcpy(copy, tar, cut);
        status = archive_stream_open_memory(copy, cut, "cut.tar", NULL, &stream, &err);
        while (status == SKC_OK && member != NULL) {
            status = archive_stream_next(stream, &member, &err);
            members += status == SKC_OK && member != NULL;
        }
        assert_true(members <= 3);
        if (status != SKC_OK)
            assert_memory_equal(err.message, "cut.tar: ", 9);
        archive_stream_close(stream);
        free(copy);
    }
    free(tar);
}

static void test_not_an_archive(void **state)
{
    archive_stream *stream = NULL;
    skc_error       err;

    (void)state;
    assert_int_equal(archive_stream_open_memory("text", 4, "t.zip", NULL, &stream, &err),
                     SKC_EFORMAT);
    assert_memory_equal(err.message, "t.zip: ", 7);
    assert_int_equal(archive_stream_open("/nonexistent.zip", NULL, &stream, &err), SKC_ENOTFOUND);
    assert_int_equal(archive_stream_open("/", NULL, &stream, &err), SKC_EINVAL);
    assert_null(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),          cmocka_unit_test(test_members),
        cmocka_unit_test(test_limits),         cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_not_an_archive),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
