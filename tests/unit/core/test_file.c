/* test_file.c - files read whole, mapped, and written so that a reader never sees half of one. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../support.h"
#include "core/file.h"

static skc_allocator heap;

/* Files in the scratch folder, by taking them away. */
static void assert_files(int32_t expected)
{
    assert_int_equal(scratch_remove(), expected);
    assert_int_equal(mkdir(scratch_path(""), 0700), 0);
}

static void test_read(void **state)
{
    unsigned char *bytes = NULL;
    size_t         size  = 99;
    skc_error      err;

    (void)state;
    write_bytes(scratch_path("f"), "lesion", 6);
    assert_works(skc__file_read(scratch_path("f"), 6, &heap, &bytes, &size, &err), err);
    assert_int_equal(size, 6);
    assert_string_equal((char *)bytes, "lesion"); /* a NUL is put behind it */
    skc__release(&heap, bytes);
    write_bytes(scratch_path("f"), "", 0);
    assert_works(skc__file_read(scratch_path("f"), 6, &heap, &bytes, &size, &err), err);
    assert_int_equal(size, 0);
    skc__release(&heap, bytes);
    assert_files(1);
}

static void test_read_refuses(void **state)
{
    unsigned char *bytes = NULL;
    size_t         size  = 99;
    skc_error      err;

    (void)state;
    write_bytes(scratch_path("f"), "lesion", 6);
    assert_fails(skc__file_read(scratch_path("f"), 5, &heap, &bytes, &size, &err), SKC_ELIMIT, err,
                 "/f: ", "6 bytes", "at most 5");
    assert_fails(skc__file_read(scratch_path("none"), 5, &heap, &bytes, &size, &err), SKC_ENOTFOUND,
                 err, "/none: cannot open");
    assert_fails(skc__file_read(scratch_path("f/g"), 5, &heap, &bytes, &size, &err), SKC_EIO, err,
                 "Not a directory");
    assert_fails(skc__file_read(scratch_path(""), 5, &heap, &bytes, &size, &err), SKC_EINVAL, err,
                 "not a regular file");
    assert_fails(skc__file_read("/dev/zero", 5, &heap, &bytes, &size, &err), SKC_EINVAL, err,
                 "not a regular file");
    assert_null(bytes);
    assert_int_equal(size, 99);
    assert_files(1);
}

/* Nobody writes into this pipe: opening it must not wait for somebody. */
static void test_read_pipe(void **state)
{
    unsigned char *bytes = NULL;
    size_t         size;
    skc_error      err;

    (void)state;
    assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
    assert_fails(skc__file_read(scratch_path("pipe"), 5, &heap, &bytes, &size, &err), SKC_EINVAL,
                 err, "not a regular file");
    assert_files(1);
}

static void test_read_out_of_memory(void **state)
{
    faults         f     = { 1, 0 };
    skc_allocator  a     = faults_allocator(&f);
    unsigned char *bytes = NULL;
    size_t         size;
    skc_error      err;

    (void)state;
    write_bytes(scratch_path("f"), "lesion", 6);
    assert_fails(skc__file_read(scratch_path("f"), 6, &a, &bytes, &size, &err), SKC_ENOMEM, err,
                 "/f: ");
    assert_int_equal(f.live, 0);
    assert_files(1);
}

static void test_map(void **state)
{
    skc_mapping mapping = { NULL, 0 };
    skc_error   err;

    (void)state;
    write_bytes(scratch_path("f"), "lesion", 6);
    assert_works(skc__file_map(scratch_path("f"), &mapping, &err), err);
    assert_int_equal(mapping.size, 6);
    assert_memory_equal(mapping.bytes, "lesion", 6);
    skc__file_unmap(&mapping);
    assert_null(mapping.bytes);
    skc__file_unmap(&mapping);
    write_bytes(scratch_path("f"), "", 0);
    assert_fails(skc__file_map(scratch_path("f"), &mapping, &err), SKC_EFORMAT, err, "empty");
    assert_fails(skc__file_map(scratch_path("none"), &mapping, &err), SKC_ENOTFOUND, err, "none");
    assert_fails(skc__file_map(scratch_path(""), &mapping, &err), SKC_EINVAL, err, "regular");
    assert_files(1);
}

static void assert_content(const char *name, const char *expected)
{
    size_t         size;
    unsigned char *bytes = read_bytes(scratch_path(name), &size);

    assert_int_equal(size, strlen(expected));
    assert_memory_equal(bytes, expected, size);
    free(bytes);
}

static void test_write(void **state)
{
    skc_writer writer;
    skc_error  err;

    (void)state;
    assert_works(skc__file_write(scratch_path("f"), "old", 3, &err), err);
    assert_content("f", "old");
    assert_works(skc__writer_open(scratch_path("f"), &writer, &err), err);
    assert_works(skc__writer_write(&writer, "....", 4, &err), err);
    assert_works(skc__writer_write(&writer, "ion", 3, &err), err);
    assert_content("f", "old"); /* until it is committed */
    assert_works(skc__writer_patch(&writer, 1, "les", 3, &err), err);
    assert_works(skc__writer_patch(&writer, 0, "a", 1, &err), err);
    assert_works(skc__writer_commit(&writer, &err), err);
    assert_content("f", "alesion");
    assert_files(1);
}

static void test_abandon(void **state)
{
    skc_writer writer;
    skc_error  err;

    (void)state;
    write_bytes(scratch_path("f"), "old", 3);
    assert_works(skc__writer_open(scratch_path("f"), &writer, &err), err);
    assert_works(skc__writer_write(&writer, "new", 3, &err), err);
    skc__writer_abandon(&writer);
    skc__writer_abandon(&writer);
    assert_content("f", "old");
    assert_works(skc__writer_open(scratch_path("f"), &writer, &err), err);
    assert_works(skc__writer_write(&writer, "new", 3, &err), err);
    assert_fails(skc__writer_patch(&writer, 2, "xy", 2, &err), SKC_EINVAL, err, "patch outside");
    assert_content("f", "old");
    assert_files(1);
}

static void test_write_refuses(void **state)
{
    char      long_path[2000];
    skc_error err;

    (void)state;
    memset(long_path, 'a', sizeof long_path - 1);
    long_path[sizeof long_path - 1] = '\0';
    assert_fails(skc__file_write("", "x", 1, &err), SKC_EINVAL, err, "path");
    assert_fails(skc__file_write(long_path, "x", 1, &err), SKC_EINVAL, err, "1..1023 bytes");
    assert_fails(skc__file_write(scratch_path("no/f"), "x", 1, &err), SKC_ENOTFOUND, err,
                 "no/f: cannot write");
    write_bytes(scratch_path("f"), "old", 3);
    assert_fails(skc__file_write(scratch_path("f/g"), "x", 1, &err), SKC_EIO, err, "f/g");
    assert_int_equal(mkdir(scratch_path("folder"), 0700), 0);
    assert_fails(skc__file_write(scratch_path("folder"), "x", 1, &err), SKC_EINVAL, err,
                 "not a regular file");
    rmdir(scratch_path("folder"));
    assert_int_equal(mkfifo(scratch_path("pipe"), 0600), 0);
    assert_fails(skc__file_write(scratch_path("pipe"), "x", 1, &err), SKC_EINVAL, err,
                 "not a regular file");
    unlink(scratch_path("pipe"));
    assert_int_equal(symlink("nowhere", scratch_path("dangling")), 0);
    assert_fails(skc__file_write(scratch_path("dangling"), "x", 1, &err), SKC_ENOTFOUND, err,
                 "follow the link");
    unlink(scratch_path("dangling"));
    if (geteuid() != 0) { /* root may write anywhere */
        chmod(scratch_path(""), 0500);
        assert_fails(skc__file_write(scratch_path("f"), "x", 1, &err), SKC_EIO, err, "/f: ");
        chmod(scratch_path(""), 0700);
    }
    assert_content("f", "old");
    assert_files(1);
}

/* The system refuses to write more, as on a full disk: the old file stays, nothing else is left. */
static void test_full_disk(void **state)
{
    static const char big[100000];
    struct rlimit     before, small;
    skc_error         err;
    skc_status        status;

    (void)state;
    write_bytes(scratch_path("f"), "old", 3);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    small          = before;
    small.rlim_cur = 4096;
    setrlimit(RLIMIT_FSIZE, &small);
    status = skc__file_write(scratch_path("f"), big, sizeof big, &err);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_fails(status, SKC_EIO, err, "/f: cannot write");
    assert_content("f", "old");
    assert_files(1);
}

static int set_up(void **state)
{
    (void)state;
    heap = skc__allocator(NULL);
    return scratch_path("")[0] == '\0';
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),      cmocka_unit_test(test_read_refuses),
        cmocka_unit_test(test_read_pipe), cmocka_unit_test(test_read_out_of_memory),
        cmocka_unit_test(test_map),       cmocka_unit_test(test_write),
        cmocka_unit_test(test_abandon),   cmocka_unit_test(test_write_refuses),
        cmocka_unit_test(test_full_disk),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
