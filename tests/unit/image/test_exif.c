/* test_exif.c - the orientation in EXIF, and turning pictures upright by it. */
#include "jpegs.h"
#include "pictures.h"

#include "image/picture.h"

/* A TIFF structure with another entry first, then the orientation. */
enum { TIFF_BYTES = 8 + 2 + 2 * 12 };

static void put16(uint8_t *to, bool big, uint32_t value)
{
    to[big ? 0 : 1] = (uint8_t)(value >> 8);
    to[big ? 1 : 0] = (uint8_t)value;
}

static void make_tiff(uint8_t tiff[TIFF_BYTES], bool big, uint32_t orientation)
{
    memset(tiff, 0, TIFF_BYTES);
    memcpy(tiff, big ? "MM\0*" : "II*\0", 4);
    tiff[big ? 7 : 4] = 8;
    put16(tiff + 8, big, 2);
    put16(tiff + 10, big, 0x010f);
    put16(tiff + 12, big, 2);
    put16(tiff + 22, big, 0x0112);
    put16(tiff + 24, big, 3);
    tiff[big ? 29 : 26] = 1;
    put16(tiff + 30, big, orientation);
}

static void test_both_byte_orders(void **state)
{
    uint8_t tiff[TIFF_BYTES];

    (void)state;
    for (uint32_t value = 0; value < 300; value++)
        for (int big = 0; big < 2; big++) {
            int expected = value >= 1 && value <= 8 ? (int)value : 1;

            make_tiff(tiff, big, value);
            assert_int_equal(skc__exif_orientation(tiff, sizeof tiff), expected);
        }
}

/* Cut or changed anywhere, against a page that must not be read: some orientation, never a crash.
 */
static void test_garbage_is_survived(void **state)
{
    uint8_t tiff[TIFF_BYTES];

    (void)state;
    for (int big = 0; big < 2; big++) {
        make_tiff(tiff, big, 6);
        for (size_t size = 0; size < sizeof tiff; size++) {
            guarded g = guard(tiff, size);

            assert_int_equal(skc__exif_orientation(g.bytes, size), 1);
            unguard(g);
        }
        guarded g = guard(tiff, sizeof tiff);
        for (size_t at = 0; at < sizeof tiff; at++)
            for (int value = 0; value < 256; value++) {
                uint8_t was = g.bytes[at];
                int     orientation;

                g.bytes[at] = (uint8_t)value;
                orientation = skc__exif_orientation(g.bytes, sizeof tiff);
                assert_in_range(orientation, 1, 8);
                g.bytes[at] = was;
            }
        unguard(g);
    }
}

static void test_offsets_out_of_range(void **state)
{
    static const uint32_t offsets[] = {
        0, 1, 7, TIFF_BYTES - 1, TIFF_BYTES, 0x7fffffff, 0xffffffff
    };
    uint8_t tiff[TIFF_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        make_tiff(tiff, true, 6);
        put32(tiff + 4, offsets[i]);
        assert_int_equal(skc__exif_orientation(tiff, sizeof tiff), 1);
    }
    make_tiff(tiff, true, 6);
    put16(tiff + 8, true, 0xffff); /* more entries than there is room for */
    assert_int_equal(skc__exif_orientation(tiff, sizeof tiff), 6);
    put16(tiff + 24, true, 4); /* not a 16-bit number */
    assert_int_equal(skc__exif_orientation(tiff, sizeof tiff), 1);
}

/* EXIF 2.32, table 6, for the stored picture
 *     1 2 3
 *     4 5 6  */
static const struct {
    int32_t width, height;
    uint8_t pixels[6];
} upright[8] = {
    { 3, 2, { 1, 2, 3, 4, 5, 6 } }, { 3, 2, { 3, 2, 1, 6, 5, 4 } }, { 3, 2, { 6, 5, 4, 3, 2, 1 } },
    { 3, 2, { 4, 5, 6, 1, 2, 3 } }, { 2, 3, { 1, 4, 2, 5, 3, 6 } }, { 2, 3, { 4, 1, 5, 2, 6, 3 } },
    { 2, 3, { 6, 3, 5, 2, 4, 1 } }, { 2, 3, { 3, 6, 2, 5, 1, 4 } },
};

static void test_png_of_every_orientation(void **state)
{
    static const uint8_t rows[] = { 0, 1, 2, 3, 0, 4, 5, 6 };

    (void)state;
    for (uint32_t o = 1; o <= 8; o++) {
        uint8_t     tiff[TIFF_BYTES];
        const file *png;
        skc_image  *image;

        make_tiff(tiff, o % 2, o);
        png   = make_png((png_spec){ .width     = 3,
                                     .height    = 2,
                                     .depth     = 8,
                                     .exif      = tiff,
                                     .exif_size = sizeof tiff,
                                     .rows      = rows,
                                     .rows_size = sizeof rows });
        image = decode(png->bytes, png->size);
        assert_int_equal(skc_image_width(image), upright[o - 1].width);
        assert_int_equal(skc_image_height(image), upright[o - 1].height);
        for (int i = 0; i < 6; i++)
            assert_int_equal(skc_image_pixels(image)[3 * i], upright[o - 1].pixels[i]);
        skc_image_free(image);
    }
}

/* The test JPEG with an APP1 segment put behind its first two bytes. */
static size_t with_exif(uint8_t *to, const uint8_t *tiff)
{
    static const uint8_t head[] = { 0xff, 0xd8, 0xff, 0xe1, 0,    8 + TIFF_BYTES,
                                    'E',  'x',  'i',  'f',  '\0', '\0' };

    memcpy(to, head, sizeof head);
    memcpy(to + sizeof head, tiff, TIFF_BYTES);
    memcpy(to + sizeof head + TIFF_BYTES, jpeg_baseline + 2, sizeof jpeg_baseline - 2);
    return sizeof head + TIFF_BYTES + sizeof jpeg_baseline - 2;
}

static void test_jpeg(void **state)
{
    uint8_t    tiff[TIFF_BYTES], bytes[sizeof jpeg_baseline + 64];
    skc_image *plain = decode(jpeg_baseline, sizeof jpeg_baseline), *turned;
    size_t     size;

    (void)state;
    make_tiff(tiff, true, 6);
    size   = with_exif(bytes, tiff);
    turned = decode(bytes, size);
    assert_int_equal(skc_image_width(turned), 18);
    assert_int_equal(skc_image_height(turned), 26);
    for (int32_t y = 0; y < 18; y++)
        for (int32_t x = 0; x < 26; x++) {
            const uint8_t *p = skc_image_pixels(plain) + 3 * (y * 26 + x);

            assert_pixel(turned, 17 - y, x, p[0], p[1], p[2]);
        }
    skc_image_free(turned);

    memset(tiff, 0xff, sizeof tiff); /* garbage is no orientation, and no error */
    size   = with_exif(bytes, tiff);
    turned = decode(bytes, size);
    assert_memory_equal(skc_image_pixels(turned), skc_image_pixels(plain), 26 * 18 * 3);
    skc_image_free(turned);
    skc_image_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_byte_orders),
        cmocka_unit_test(test_garbage_is_survived),
        cmocka_unit_test(test_offsets_out_of_range),
        cmocka_unit_test(test_png_of_every_orientation),
        cmocka_unit_test(test_jpeg),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
