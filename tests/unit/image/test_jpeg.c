/* test_jpeg.c - JPEG: what is read, and that nothing damaged is. */
#include "jpegs.h"
#include "pictures.h"

enum { WIDTH = 26, HEIGHT = 18 };

typedef struct sample {
    const char          *name;
    const unsigned char *bytes;
    size_t               size;
    bool                 grey;
} sample;

#define SAMPLE(name, grey)                                                                         \
    {                                                                                              \
#name, name, sizeof name, grey                                                             \
    }

static const sample samples[] = {
    SAMPLE(jpeg_baseline, false), SAMPLE(jpeg_progressive, false), SAMPLE(jpeg_restart, false),
    SAMPLE(jpeg_planar, false),   SAMPLE(jpeg_grey, true),
};

enum { SAMPLES = sizeof samples / sizeof *samples };

/* What the files show: a dark disc on a gradient. */
static void picture_pixel(int32_t x, int32_t y, int rgb[3])
{
    int32_t dx = x - 13, dy = y - 9;
    bool    disc = dx * dx + dy * dy <= 25;

    rgb[0] = disc ? 110 : (200 + 2 * x) & 255;
    rgb[1] = disc ? 70 : 170 - 3 * y;
    rgb[2] = disc ? 60 : 120 + x + y;
}

static size_t find_marker(const unsigned char *bytes, size_t size, int marker)
{
    for (size_t i = 2; i + 1 < size; i++)
        if (bytes[i] == 0xff && bytes[i + 1] == marker)
            return i;
    fail_msg("no marker %x", (unsigned)marker);
    return 0;
}

/* Whether the bytes decode; the picture is dropped. */
static bool accepted(const void *bytes, size_t size)
{
    skc_image *image  = NULL;
    skc_status status = skc_image_decode(bytes, size, "x", NULL, NULL, &image, NULL);

    assert_true((status == SKC_OK) == (image != NULL));
    skc_image_free(image);
    return status == SKC_OK;
}

static void test_pixels(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLES; s++) {
        skc_image *image = decode(samples[s].bytes, samples[s].size);
        long       error = 0;

        assert_int_equal(skc_image_width(image), WIDTH);
        assert_int_equal(skc_image_height(image), HEIGHT);
        for (int32_t i = 0; i < WIDTH * HEIGHT; i++) {
            const uint8_t *p = skc_image_pixels(image) + 3 * i;
            int            expected[3];

            picture_pixel(i % WIDTH, i / WIDTH, expected);
            for (int c = 0; c < 3; c++)
                error += labs((long)p[c] - expected[samples[s].grey ? 0 : c]);
        }
        if (error > 5 * WIDTH * HEIGHT * 3)
            fail_msg("%s: mean error %ld", samples[s].name, error / (WIDTH * HEIGHT * 3));
        skc_image_free(image);
    }
}

/* The same coefficients, sent in another order, are the same picture. */
static void test_scan_orders_agree(void **state)
{
    skc_image *baseline = decode(jpeg_baseline, sizeof jpeg_baseline);

    (void)state;
    for (int s = 1; s < SAMPLES - 1; s++) {
        skc_image *other = decode(samples[s].bytes, samples[s].size);

        assert_memory_equal(skc_image_pixels(baseline), skc_image_pixels(other),
                            WIDTH * HEIGHT * 3);
        skc_image_free(other);
    }
    skc_image_free(baseline);
}

/* Flush against a page that must not be read. */
static void test_every_prefix_is_refused(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLES; s++)
        for (size_t size = 0; size < samples[s].size; size++) {
            guarded g = guard(samples[s].bytes, size);

            if (accepted(g.bytes, size))
                fail_msg("%s: %zu bytes accepted", samples[s].name, size);
            unguard(g);
        }
}

/* What is there of a progressive file between two scans is a whole, coarser picture, as the format
 * intends. Only the first scan is indispensable. */
static bool between_scans(size_t at)
{
    const unsigned char *p     = jpeg_progressive + at;
    size_t               first = find_marker(jpeg_progressive, sizeof jpeg_progressive, 0xda);

    return at > first && ((p[0] == 0xff && p[1] != 0) || (p[-1] == 0xff && p[0] != 0));
}

/* Cut anywhere in the coded data and closed with a proper end: stb_image takes these. */
static void test_every_cut_with_an_end_is_refused(void **state)
{
    (void)state;
    for (int s = 0; s < SAMPLES; s++) {
        size_t        size = find_marker(samples[s].bytes, samples[s].size, 0xda);
        unsigned char cut[1024];

        for (; size < samples[s].size - 3; size++) {
            if (samples[s].bytes == jpeg_progressive && between_scans(size))
                continue;
            memcpy(cut, samples[s].bytes, size);
            memcpy(cut + size, "\xff\xd9", 2);
            if (accepted(cut, size + 2))
                fail_msg("%s: cut at %zu accepted", samples[s].name, size);
        }
    }
}

static void test_every_changed_byte_is_survived(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x10, 0x80, 0xff };

    (void)state;
    for (int s = 0; s < SAMPLES; s++)
        for (size_t at = 0; at < samples[s].size; at++) {
            guarded g = guard(samples[s].bytes, samples[s].size);

            for (size_t m = 0; m < sizeof masks; m++) {
                g.bytes[at] ^= masks[m];
                (void)accepted(g.bytes, samples[s].size);
                g.bytes[at] ^= masks[m];
            }
            unguard(g);
        }
}

static void test_bytes_behind_the_end_are_ignored(void **state)
{
    unsigned char longer[sizeof jpeg_baseline + 5] = { 0 };

    (void)state;
    memcpy(longer, jpeg_baseline, sizeof jpeg_baseline);
    assert_true(accepted(longer, sizeof longer));
}

static void test_no_scan_data(void **state)
{
    size_t        scan = find_marker(jpeg_baseline, sizeof jpeg_baseline, 0xda);
    unsigned char cut[sizeof jpeg_baseline];

    (void)state;
    memcpy(cut, jpeg_baseline, sizeof cut);
    memcpy(cut + scan, "\xff\xd9", 2);
    assert_refused(cut, scan + 2, SKC_EFORMAT, "missing");
    memcpy(cut, jpeg_baseline, sizeof cut);
    memcpy(cut + scan + 14, "\xff\xd9", 2);
    assert_refused(cut, scan + 16, SKC_EFORMAT, "ends inside the picture data");
    assert_refused(jpeg_baseline, sizeof jpeg_baseline - 2, SKC_EFORMAT,
                   "ends inside the picture data");
}

/* One of the three scans of a file that has one for each component. */
static void test_missing_component(void **state)
{
    size_t        first = find_marker(jpeg_planar, sizeof jpeg_planar, 0xda);
    size_t        next;
    unsigned char cut[sizeof jpeg_planar];

    (void)state;
    memcpy(cut, jpeg_planar, sizeof cut);
    for (next = first + 2; !(cut[next] == 0xff && cut[next + 1] != 0); next++)
        ;
    memcpy(cut + next, "\xff\xd9", 2);
    assert_refused(cut, next + 2, SKC_EFORMAT, "missing");
}

/* stb_image leaves the rest of the picture as the memory was when a restart marker is not there. */
static void test_restart_markers(void **state)
{
    unsigned char damaged[sizeof jpeg_restart];
    size_t        at = find_marker(jpeg_restart, sizeof jpeg_restart, 0xd1);

    (void)state;
    memcpy(damaged, jpeg_restart, sizeof damaged);
    damaged[at + 1] = 0xd3;
    assert_refused(damaged, sizeof damaged, SKC_EFORMAT, "damaged");
    memmove(damaged + at, damaged + at + 2, sizeof damaged - at - 2);
    assert_refused(damaged, sizeof damaged - 2, SKC_EFORMAT, "damaged");
}

static void test_unsupported_kinds(void **state)
{
    unsigned char other[sizeof jpeg_baseline];
    size_t        frame = find_marker(jpeg_baseline, sizeof jpeg_baseline, 0xc0);

    (void)state;
    assert_refused(jpeg_cmyk, sizeof jpeg_cmyk, SKC_EUNSUPPORTED, "CMYK");
    memcpy(other, jpeg_baseline, sizeof other);
    other[frame + 4] = 12;
    assert_refused(other, sizeof other, SKC_EUNSUPPORTED, "12 bits");
    memcpy(other, jpeg_baseline, sizeof other);
    for (int marker = 0xc3; marker <= 0xcf; marker++) {
        other[frame + 1] = (unsigned char)marker;
        if (marker != 0xc4 && marker != 0xc8)
            assert_refused(other, sizeof other, SKC_EUNSUPPORTED, "lossless");
    }
    memcpy(other, jpeg_baseline, sizeof other);
    memset(other + frame + 5, 0, 2);
    assert_refused(other, sizeof other, SKC_EFORMAT, "26 x 0");
}

/* A progressive picture of one grey block that sends every coefficient in a scan of its own, and
 * `refined` of them in a second one. The only code, a 0 bit, stands for "nothing but zeros". */
static size_t one_block(unsigned char *to, int refined)
{
    static const unsigned char head[] = {
        0xff, 0xd8, 0xff, 0xdb, 0, 67,        0, [71] = 0xff, 0xc2,
        0,    11,   8,    0,    8, 0,         8, 1,           1,
        0x11, 0,    0xff, 0xc4, 0, 20,        0, 1,           [106] = 0xff,
        0xc4, 0,    20,   0x10, 1, [127] = 0,
    };
    unsigned char *at = to;

    memcpy(at, head, 128);
    memset(at + 7, 1, 64);
    at += 128;
    for (int k = 0; k < 64 + refined; k++) {
        int           coefficient = k < 64 ? k : k - 63;
        unsigned char bits        = k == 0 ? 0 : k < 64 ? 1 : 0x10;
        unsigned char scan[]      = {
                 0xff, 0xda, 0, 8, 1, 1, 0, (unsigned char)coefficient, (unsigned char)coefficient,
                 bits, 0x7f
        };

        memcpy(at, scan, sizeof scan);
        at += sizeof scan;
    }
    memcpy(at, "\xff\xd9", 2);
    return (size_t)(at + 2 - to);
}

/* A small file of many empty scans must not buy hours of work. */
static void test_number_of_scans_is_limited(void **state)
{
    unsigned char bytes[2048];
    size_t        size = one_block(bytes, 36);
    skc_image    *image;

    (void)state;
    image = decode(bytes, size);
    assert_pixel(image, 7, 7, 128, 128, 128);
    skc_image_free(image);
    size = one_block(bytes, 37);
    assert_refused(bytes, size, SKC_ELIMIT, "more than 100 scans");
}

/* Bits of a coefficient come from the top down, and none of them twice. */
static void test_scans_out_of_order(void **state)
{
    unsigned char bytes[2048];
    size_t        size = one_block(bytes, 0);

    (void)state;
    bytes[128 + 11 + 9] = 0x21; /* refines what was not sent */
    assert_refused(bytes, size, SKC_EFORMAT, "out of order");
    size                = one_block(bytes, 0);
    bytes[128 + 11 + 7] = bytes[128 + 11 + 8] = 2; /* coefficient 2 twice */
    assert_refused(bytes, size, SKC_EFORMAT, "out of order");
}

/* Tables that a scan names and the file lacks; stb_image would use what lies in memory. */
static void test_missing_tables(void **state)
{
    static const int gone[] = { 0xdb, 0xc4 };

    (void)state;
    for (int i = 0; i < 2; i++) {
        unsigned char other[sizeof jpeg_baseline];

        memcpy(other, jpeg_baseline, sizeof other);
        for (size_t j = 2; j < find_marker(other, sizeof other, 0xda); j++)
            if (other[j] == 0xff && other[j + 1] == gone[i])
                other[j + 1] = 0xfe; /* a comment now */
        assert_refused(other, sizeof other, SKC_EFORMAT, "tables");
    }
}

/* More codes of a length than there are, or more than 256 in all. */
static void test_impossible_huffman_tables(void **state)
{
    unsigned char bytes[2048];
    size_t        size = one_block(bytes, 0);

    (void)state;
    bytes[89] = 3;
    assert_refused(bytes, size, SKC_EFORMAT, "Huffman");
    bytes[87] = 200; /* so long that the symbols are there */
    assert_refused(bytes, size, SKC_EFORMAT, "Huffman");
    bytes[89]  = 0;
    bytes[103] = 255;
    bytes[104] = 2;
    bytes[86]  = 2;
    assert_refused(bytes, size, SKC_EFORMAT, "Huffman");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pixels),
        cmocka_unit_test(test_scan_orders_agree),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_every_cut_with_an_end_is_refused),
        cmocka_unit_test(test_every_changed_byte_is_survived),
        cmocka_unit_test(test_bytes_behind_the_end_are_ignored),
        cmocka_unit_test(test_no_scan_data),
        cmocka_unit_test(test_missing_component),
        cmocka_unit_test(test_restart_markers),
        cmocka_unit_test(test_unsupported_kinds),
        cmocka_unit_test(test_number_of_scans_is_limited),
        cmocka_unit_test(test_scans_out_of_order),
        cmocka_unit_test(test_missing_tables),
        cmocka_unit_test(test_impossible_huffman_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
