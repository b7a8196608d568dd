/* test_decode.c - limits, formats that are not read, files, memory that runs out. */
#include "jpegs.h"
#include "pictures.h"

#include <stdio.h>

static file *small_png(void)
{
    static const uint8_t rows[] = { 0, 10, 20, 30, 40, 50, 60, 2, 1, 1, 1, 2, 2, 2 };

    return make_png((png_spec){
        .width = 2, .height = 2, .depth = 8, .colour = 2, .rows = rows, .rows_size = sizeof rows });
}

static void test_other_formats_are_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t      size;
        const char *words;
    } files[] = {
        { "GIF89a\1\0\1\0", 10, "GIF" },
        { "BM\x46\0\0\0\0\0", 8, "BMP" },
        { "RIFF\x24\0\0\0WEBPVP8 ", 16, "WebP" },
        { "\0\0\0\x18"
          "ftypheic\0\0\0\0",
          16, "HEIC" },
        { "\0\0\0\x18"
          "ftypmif1\0\0\0\0",
          16, "HEIC" },
        { "\0\0\0\x1c"
          "ftypavif\0\0\0\0",
          16, "AVIF" },
        { "II*\0\x08\0\0\0", 8, "TIFF" },
        { "MM\0*\0\0\0\x08", 8, "TIFF" },
        { "%PDF-1.7\n", 9, "PDF" },
        { "PK\3\4\x14\0", 6, "ZIP" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_refused(files[i].bytes, files[i].size, SKC_EUNSUPPORTED, files[i].words);
        assert_refused(files[i].bytes, files[i].size, SKC_EUNSUPPORTED, "JPEG and PNG");
    }
}

static void test_what_is_no_picture(void **state)
{
    (void)state;
    assert_refused("", 0, SKC_EFORMAT, "empty");
    assert_refused(NULL, 0, SKC_EFORMAT, "empty");
    assert_refused("this is no picture\n", 19, SKC_EFORMAT, "text");
    assert_refused("\1\2\3\4", 4, SKC_EFORMAT, "neither JPEG nor PNG");
    assert_refused("\xff\xd8", 2, SKC_EFORMAT, "neither");
    assert_refused("\x89PNG\r\n", 6, SKC_EFORMAT, "neither");
}

static void test_arguments(void **state)
{
    skc_image *image = NULL;

    (void)state;
    assert_int_equal(skc_image_decode(NULL, 5, "x", NULL, NULL, &image, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_decode("x", 1, "x", NULL, NULL, NULL, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_load(NULL, NULL, NULL, &image, NULL), SKC_EINVAL);
    assert_int_equal(skc_image_decode("", 0, NULL, NULL, NULL, &image, NULL), SKC_EFORMAT);
}

static void test_limits(void **state)
{
    const file      *png = small_png();
    skc_image_limits limits;
    skc_image       *image = NULL;
    skc_error        err;

    (void)state;
    skc_image_limits_init(&limits);
    assert_int_equal(limits.max_bytes, 25000000);
    assert_int_equal(limits.max_pixels, 40000000);
    limits.max_pixels = 3;
    assert_int_equal(skc_image_decode(png->bytes, png->size, "a", &limits, NULL, &image, &err),
                     SKC_ELIMIT);
    assert_non_null(strstr(err.message, "2 x 2 pixels; at most 3"));
    limits.max_pixels = 4;
    limits.max_bytes  = png->size - 1;
    assert_int_equal(skc_image_decode(png->bytes, png->size, "a", &limits, NULL, &image, &err),
                     SKC_ELIMIT);
    assert_non_null(strstr(err.message, "bytes; at most"));
    assert_null(image);
    limits.max_bytes++;
    assert_int_equal(skc_image_decode(png->bytes, png->size, "a", &limits, NULL, &image, &err),
                     SKC_OK);
    skc_image_free(image);
}

/* A few bytes that promise a huge picture must be refused before memory is asked for. */
static void test_bombs(void **state)
{
    static const uint32_t sizes[][2] = { { 100000, 100000 }, { 0xffffffff, 0xffffffff },
                                         { 65536, 1 },       { 1, 0x80000000 },
                                         { 65535, 65535 },   { 6400, 6251 } };
    uint8_t               jpeg[sizeof jpeg_baseline];
    file                  png;

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        counter     c       = { 0 };
        skc_runtime runtime = counting_runtime(&c);
        skc_image  *image   = NULL;

        put_png_head(
            &png,
            &(png_spec){ .width = sizes[i][0], .height = sizes[i][1], .depth = 8, .colour = 2 });
        assert_int_equal(
            skc_image_decode(png.bytes, png.size, "bomb", NULL, &runtime, &image, NULL),
            SKC_ELIMIT);
        assert_int_equal(c.calls, 0);
    }
    memcpy(jpeg, jpeg_baseline, sizeof jpeg);
    for (size_t i = 0; i + 8 < sizeof jpeg; i++)
        if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
            memset(jpeg + i + 5, 0xff, 4);
    assert_refused(jpeg, sizeof jpeg, SKC_ELIMIT, "65535 x 65535");
}

/* Every allocation fails once: an error, nothing leaked; then it works. */
static void fail_each_allocation(const void *bytes, size_t size)
{
    skc_status status = SKC_ENOMEM;

    for (long n = 1; status == SKC_ENOMEM; n++) {
        counter     c       = { .fail_at = n };
        skc_runtime runtime = counting_runtime(&c);
        skc_image  *image   = NULL;
        skc_error   err     = { 0 };

        status = skc_image_decode(bytes, size, "x", NULL, &runtime, &image, &err);
        if (c.calls >= n) {
            assert_int_equal(status, SKC_ENOMEM);
            assert_non_null(strstr(err.message, "out of memory"));
            assert_null(image);
        } else {
            assert_int_equal(status, SKC_OK);
            assert_true(n > 3);
        }
        skc_image_free(image);
        assert_int_equal(c.live, 0);
    }
    assert_int_equal(status, SKC_OK);
}

static void test_failing_allocations(void **state)
{
    static const char    exif[] = "II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0";
    static const uint8_t rows[] = { 0, 10, 20, 30, 1, 40, 50, 60 };
    const file          *turned = make_png((png_spec){ .width     = 1,
                                                       .height    = 2,
                                                       .depth     = 8,
                                                       .colour    = 2,
                                                       .exif      = exif,
                                                       .exif_size = sizeof exif,
                                                       .rows      = rows,
                                                       .rows_size = sizeof rows });

    (void)state;
    fail_each_allocation(turned->bytes, turned->size);
    fail_each_allocation(jpeg_baseline, sizeof jpeg_baseline);
    fail_each_allocation(jpeg_progressive, sizeof jpeg_progressive);
    fail_each_allocation(jpeg_grey, sizeof jpeg_grey);
}

static void test_load(void **state)
{
    char        path[] = "/tmp/skincnn_test_decode_XXXXXX";
    const file *png    = small_png();
    int         fd     = mkstemp(path);
    skc_image  *image  = NULL;
    skc_error   err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, png->bytes, png->size), (ssize_t)png->size);
    assert_int_equal(skc_image_load(path, NULL, NULL, &image, &err), SKC_OK);
    assert_pixel(image, 0, 1, 11, 21, 31);
    assert_pixel(image, 1, 1, 42, 52, 62);
    skc_image_free(image);
    image = NULL;

    assert_int_equal(ftruncate(fd, (off_t)png->size / 2), 0);
    assert_int_equal(skc_image_load(path, NULL, NULL, &image, &err), SKC_EFORMAT);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(ftruncate(fd, 0), 0);
    assert_int_equal(skc_image_load(path, NULL, NULL, &image, &err), SKC_EFORMAT);
    assert_non_null(strstr(err.message, "empty"));
    close(fd);
    unlink(path);
    assert_int_equal(skc_image_load(path, NULL, NULL, &image, &err), SKC_ENOTFOUND);
    assert_non_null(strstr(err.message, path));
    assert_int_not_equal(skc_image_load("/tmp", NULL, NULL, &image, &err), SKC_OK);
    assert_null(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_formats_are_named),
        cmocka_unit_test(test_what_is_no_picture),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_bombs),
        cmocka_unit_test(test_failing_allocations),
        cmocka_unit_test(test_load),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
