/* test_png.c - PNG: every kind of pixel, and that nothing damaged is read. */
#include "pictures.h"

static bool accepted(const void *bytes, size_t size)
{
    skc_image *image  = NULL;
    skc_status status = skc_image_decode(bytes, size, "x", NULL, NULL, &image, NULL);

    assert_true((status == SKC_OK) == (image != NULL));
    skc_image_free(image);
    return status == SKC_OK;
}

static skc_image *decode_png(png_spec spec)
{
    const file *png = make_png(spec);

    return decode(png->bytes, png->size);
}

/* A colour picture in which every row has another filter; made by filtering known pixels. */
enum { WIDTH = 7, HEIGHT = 10, ROW = 1 + WIDTH * 3 };

static uint8_t known(int x, int y, int c)
{
    return (uint8_t)(x * 31 + y * 57 + c * 101 + x * y * 13);
}

static int predict(int filter, int left, int up, int corner)
{
    int p = left + up - corner;
    int a = abs(p - left), b = abs(p - up), c = abs(p - corner);
    int paeth      = a <= b && a <= c ? left : b <= c ? up : corner;
    int choices[5] = { 0, left, up, (left + up) / 2, paeth };

    return choices[filter];
}

static void filtered_rows(uint8_t rows[HEIGHT][ROW])
{
    for (int y = 0; y < HEIGHT; y++) {
        rows[y][0] = (uint8_t)(y % 5);
        for (int i = 0; i < WIDTH * 3; i++) {
            int x = i / 3, c = i % 3;
            int left = x > 0 ? known(x - 1, y, c) : 0, up = y > 0 ? known(x, y - 1, c) : 0;
            int corner = x > 0 && y > 0 ? known(x - 1, y - 1, c) : 0;

            rows[y][1 + i] = (uint8_t)(known(x, y, c) - predict(y % 5, left, up, corner));
        }
    }
}

static png_spec colour_spec(void)
{
    static uint8_t rows[HEIGHT][ROW];

    filtered_rows(rows);
    return (png_spec){ .width     = WIDTH,
                       .height    = HEIGHT,
                       .depth     = 8,
                       .colour    = 2,
                       .rows      = rows,
                       .rows_size = sizeof rows };
}

static void assert_known(const skc_image *image)
{
    assert_int_equal(skc_image_width(image), WIDTH);
    assert_int_equal(skc_image_height(image), HEIGHT);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            assert_pixel(image, x, y, known(x, y, 0), known(x, y, 1), known(x, y, 2));
}

static void test_filters_and_chunks(void **state)
{
    png_spec spec = colour_spec();

    (void)state;
    for (spec.split = 0; spec.split < 5; spec.split++) {
        skc_image *image = decode_png(spec);

        assert_known(image);
        skc_image_free(image);
    }
}

static void test_interlaced(void **state)
{
    static const int pass[7][4] = { { 0, 0, 8, 8 }, { 4, 0, 8, 8 }, { 0, 4, 4, 8 }, { 2, 0, 4, 4 },
                                    { 0, 2, 2, 4 }, { 1, 0, 2, 2 }, { 0, 1, 1, 2 } };
    uint8_t          rows[2000];
    size_t           size = 0;
    png_spec         spec = colour_spec();
    skc_image       *image;

    (void)state;
    spec.interlace = 1;
    spec.rows      = rows;
    for (int p = 0; p < 7; p++)
        for (int y = pass[p][1]; y < HEIGHT; y += pass[p][3]) {
            rows[size++] = 0;
            for (int x = pass[p][0]; x < WIDTH; x += pass[p][2])
                for (int c = 0; c < 3; c++)
                    rows[size++] = known(x, y, c);
        }
    spec.rows_size = size;
    image          = decode_png(spec);
    assert_known(image);
    skc_image_free(image);

    /* So small that most passes are empty. */
    spec.width = spec.height = 1;
    spec.rows_size           = 4;
    image                    = decode_png(spec);
    assert_pixel(image, 0, 0, known(0, 0, 0), known(0, 0, 1), known(0, 0, 2));
    skc_image_free(image);
}

static void test_grey_of_every_depth(void **state)
{
    static const struct {
        int     depth;
        uint8_t row[10];
        size_t  size;
        int     expected[4];
    } rows[] = {
        { 1, { 0, 0x50 }, 2, { 0, 255, 0, 255 } },
        { 2, { 0, 0x1b }, 2, { 0, 85, 170, 255 } },
        { 4, { 0, 0x05, 0xaf }, 3, { 0, 85, 170, 255 } },
        { 8, { 0, 0, 7, 128, 255 }, 5, { 0, 7, 128, 255 } },
        /* 16 bits are rounded: 0x017f is nearest to 1, 0x0181 (1.498) too, 0xfe80 to 254. */
        { 16, { 0, 0, 0, 1, 0x81, 0xfe, 0x80, 255, 255 }, 9, { 0, 1, 254, 255 } },
        { 16, { 0, 0, 0x80, 0, 0x81, 0x7f, 0xff, 0x80, 0x80 }, 9, { 0, 1, 127, 128 } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        skc_image *image = decode_png((png_spec){ .width     = 4,
                                                  .height    = 1,
                                                  .depth     = rows[i].depth,
                                                  .rows      = rows[i].row,
                                                  .rows_size = rows[i].size });
        for (int x = 0; x < 4; x++)
            assert_pixel(image, x, 0, rows[i].expected[x], rows[i].expected[x],
                         rows[i].expected[x]);
        skc_image_free(image);
    }
}

static void test_alpha_over_white(void **state)
{
    static const uint8_t rgba[]   = { 0, 200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51 };
    static const uint8_t ga[]     = { 0, 100, 255, 100, 0, 100, 51 };
    static const uint8_t rgba16[] = { 0, 0xff, 0xff, 0x80, 0x80, 0, 0, 0x80, 0x00 };
    skc_image           *image;

    (void)state;
    image = decode_png((png_spec){
        .width = 3, .height = 1, .depth = 8, .colour = 6, .rows = rgba, .rows_size = sizeof rgba });
    assert_pixel(image, 0, 0, 200, 100, 0);
    assert_pixel(image, 1, 0, 255, 255, 255);
    assert_pixel(image, 2, 0, 244, 224, 204);
    skc_image_free(image);
    image = decode_png((png_spec){
        .width = 3, .height = 1, .depth = 8, .colour = 4, .rows = ga, .rows_size = sizeof ga });
    assert_pixel(image, 0, 0, 100, 100, 100);
    assert_pixel(image, 1, 0, 255, 255, 255);
    assert_pixel(image, 2, 0, 224, 224, 224);
    skc_image_free(image);
    image = decode_png((png_spec){ .width     = 1,
                                   .height    = 1,
                                   .depth     = 16,
                                   .colour    = 6,
                                   .rows      = rgba16,
                                   .rows_size = sizeof rgba16 });
    assert_pixel(image, 0, 0, 255, 191, 127);
    skc_image_free(image);
}

static void test_transparent_colour(void **state)
{
    static const uint8_t key8[] = { 0, 1, 0, 2, 0, 3 }, rgb[] = { 0, 1, 2, 3, 1, 2, 4 };
    static const uint8_t key16[] = { 0x12, 0x34 }, grey[] = { 0, 0x12, 0x34, 0x12, 0x35 };
    skc_image           *image;

    (void)state;
    image = decode_png((png_spec){ .width             = 2,
                                   .height            = 1,
                                   .depth             = 8,
                                   .colour            = 2,
                                   .transparency      = key8,
                                   .transparency_size = sizeof key8,
                                   .rows              = rgb,
                                   .rows_size         = sizeof rgb });
    assert_pixel(image, 0, 0, 255, 255, 255);
    assert_pixel(image, 1, 0, 1, 2, 4);
    skc_image_free(image);
    image = decode_png((png_spec){ .width             = 2,
                                   .height            = 1,
                                   .depth             = 16,
                                   .transparency      = key16,
                                   .transparency_size = sizeof key16,
                                   .rows              = grey,
                                   .rows_size         = sizeof grey });
    assert_pixel(image, 0, 0, 255, 255, 255);
    assert_pixel(image, 1, 0, 18, 18, 18);
    skc_image_free(image);
}

static void test_palette(void **state)
{
    static const uint8_t palette[] = { 10, 20, 30, 40, 50, 60, 70, 80, 90 };
    static const uint8_t alpha[] = { 255, 0 }, row[] = { 0, 0x18 }, outside[] = { 0, 0x1c };
    png_spec             spec  = { .width        = 3,
                                   .height       = 1,
                                   .depth        = 2,
                                   .colour       = 3,
                                   .palette      = palette,
                                   .palette_size = sizeof palette,
                                   .rows         = row,
                                   .rows_size    = 2 };
    skc_image           *image = decode_png(spec);
    const file          *png;

    (void)state;
    assert_pixel(image, 0, 0, 10, 20, 30);
    assert_pixel(image, 1, 0, 40, 50, 60);
    assert_pixel(image, 2, 0, 70, 80, 90);
    skc_image_free(image);
    spec.transparency      = alpha;
    spec.transparency_size = sizeof alpha;
    image                  = decode_png(spec);
    assert_pixel(image, 0, 0, 10, 20, 30);
    assert_pixel(image, 1, 0, 255, 255, 255);
    assert_pixel(image, 2, 0, 70, 80, 90);
    skc_image_free(image);

    spec.rows = outside;
    png       = make_png(spec);
    assert_refused(png->bytes, png->size, SKC_EFORMAT, "palette of 3");
    spec.rows    = row;
    spec.palette = NULL;
    png          = make_png((png_spec){
                 .width = 3, .height = 1, .depth = 2, .colour = 3, .rows = row, .rows_size = 2 });
    assert_refused(png->bytes, png->size, SKC_EFORMAT, "no palette");
}

static void test_every_prefix_is_refused(void **state)
{
    png_spec    spec = colour_spec();
    const file *png;

    (void)state;
    spec.split = 50;
    png        = make_png(spec);
    for (size_t size = 0; size < png->size; size++) {
        guarded g = guard(png->bytes, size);

        if (accepted(g.bytes, size))
            fail_msg("%zu bytes accepted", size);
        unguard(g);
    }
}

/* A CRC finds every change of one byte, wherever it is. */
static void test_every_changed_byte_is_refused(void **state)
{
    const file *png  = make_png(colour_spec());
    guarded     g    = guard(png->bytes, png->size);
    size_t      size = png->size;

    (void)state;
    for (size_t at = 0; at < size; at++)
        for (int mask = 1; mask < 256; mask <<= 1) {
            g.bytes[at] ^= (uint8_t)mask;
            if (accepted(g.bytes, size))
                fail_msg("byte %zu changed by %d and accepted", at, mask);
            g.bytes[at] ^= (uint8_t)mask;
        }
    unguard(g);
}

/* Damage that a forger, or a bad memory chip, gives a proper CRC: it must be survived. */
static void test_every_changed_byte_with_its_crc_is_survived(void **state)
{
    png_spec    spec = colour_spec();
    const file *png  = make_png(spec);
    file        copy;

    (void)state;
    for (size_t at = 8; at < png->size; at += 1)
        for (int mask = 1; mask < 256; mask <<= 1) {
            size_t chunk = 8;

            copy = *png;
            copy.bytes[at] ^= (uint8_t)mask;
            while (chunk + 12 <= copy.size) {
                size_t size = (size_t)copy.bytes[chunk + 2] << 8 | copy.bytes[chunk + 3];

                if (copy.bytes[chunk] != 0 || copy.bytes[chunk + 1] != 0 ||
                    chunk + 12 + size > copy.size)
                    break;
                put32(copy.bytes + chunk + 8 + size,
                      (uint32_t)crc32(0, copy.bytes + chunk + 4, (uInt)size + 4));
                chunk += 12 + size;
            }
            guarded g = guard(copy.bytes, copy.size);
            (void)accepted(g.bytes, copy.size);
            unguard(g);
        }
}

static void test_wrong_amount_of_data(void **state)
{
    png_spec    spec = colour_spec();
    const file *png;
    uint8_t     longer[HEIGHT * ROW + 1] = { 0 };

    (void)state;
    spec.rows_size--;
    png = make_png(spec);
    assert_refused(png->bytes, png->size, SKC_EFORMAT, "ends inside the picture data");
    memcpy(longer, spec.rows, spec.rows_size + 1);
    spec.rows      = longer;
    spec.rows_size = sizeof longer;
    png            = make_png(spec);
    assert_refused(png->bytes, png->size, SKC_EFORMAT, "more data than 7 x 10");
    spec.rows_size--;
    longer[0] = 5;
    png       = make_png(spec);
    assert_refused(png->bytes, png->size, SKC_EFORMAT, "filter 5 in row 0");
}

static void put_compressed(file *f, const png_spec *spec, size_t cut, int last_byte)
{
    uint8_t data[2000];
    uLongf  size = sizeof data;

    put_png_head(f, spec);
    assert_int_equal(compress(data, &size, spec->rows, (uLong)spec->rows_size), Z_OK);
    data[size - 1] ^= (uint8_t)last_byte;
    put_chunk(f, "IDAT", data, size - cut);
    put_chunk(f, "IEND", NULL, 0);
}

/* stb_image takes both. */
static void test_checksum_of_the_data(void **state)
{
    png_spec spec = colour_spec();
    file     png;

    (void)state;
    put_compressed(&png, &spec, 0, 0);
    assert_true(accepted(png.bytes, png.size));
    put_compressed(&png, &spec, 0, 1);
    assert_refused(png.bytes, png.size, SKC_EFORMAT, "check");
    for (size_t cut = 1; cut <= 4; cut++) {
        put_compressed(&png, &spec, cut, 0);
        assert_refused(png.bytes, png.size, SKC_EFORMAT, "ends inside the picture data");
    }
}

static void test_chunks_out_of_place(void **state)
{
    png_spec spec = colour_spec();
    file     png;

    (void)state;
    put_png_head(&png, &spec);
    put_chunk(&png, "IEND", NULL, 0);
    assert_refused(png.bytes, png.size, SKC_EFORMAT, "no picture data");

    put_png_head(&png, &spec);
    put_chunk(&png, "IDAT", NULL, 0);
    put_chunk(&png, "tEXt", "a", 1);
    put_chunk(&png, "IDAT", NULL, 0);
    put_chunk(&png, "IEND", NULL, 0);
    assert_refused(png.bytes, png.size, SKC_EFORMAT, "unexpected chunk IDAT");

    put_png_head(&png, &spec);
    put_chunk(&png, "ABCD", NULL, 0);
    assert_refused(png.bytes, png.size, SKC_EFORMAT, "unexpected chunk ABCD");

    memcpy(png.bytes, "\x89PNG\r\n\x1a\n", 8);
    png.size = 8;
    put_chunk(&png, "IDAT", "abcdefghijklm", 13);
    assert_refused(png.bytes, png.size, SKC_EFORMAT, "begin with its header");
}

static void test_impossible_headers(void **state)
{
    static const struct {
        uint32_t    width, height;
        int         depth, colour, interlace;
        skc_status  status;
        const char *words;
    } headers[] = {
        { 0, 1, 8, 2, 0, SKC_EFORMAT, "0 x 1" },
        { 1, 0, 8, 2, 0, SKC_EFORMAT, "1 x 0" },
        { 1, 1, 4, 2, 0, SKC_EFORMAT, "type 2" },
        { 1, 1, 16, 3, 0, SKC_EFORMAT, "type 3" },
        { 1, 1, 8, 1, 0, SKC_EFORMAT, "type 1" },
        { 1, 1, 8, 7, 0, SKC_EFORMAT, "type 7" },
        { 1, 1, 3, 0, 0, SKC_EFORMAT, "3 bits" },
        { 1, 1, 255, 0, 0, SKC_EFORMAT, "255" },
        { 1, 1, 8, 2, 2, SKC_EUNSUPPORTED, "interlace 2" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        file png;

        put_png_head(&png, &(png_spec){ .width     = headers[i].width,
                                        .height    = headers[i].height,
                                        .depth     = headers[i].depth,
                                        .colour    = headers[i].colour,
                                        .interlace = headers[i].interlace });
        assert_refused(png.bytes, png.size, headers[i].status, headers[i].words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_filters_and_chunks),
        cmocka_unit_test(test_interlaced),
        cmocka_unit_test(test_grey_of_every_depth),
        cmocka_unit_test(test_alpha_over_white),
        cmocka_unit_test(test_transparent_colour),
        cmocka_unit_test(test_palette),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_every_changed_byte_is_refused),
        cmocka_unit_test(test_every_changed_byte_with_its_crc_is_survived),
        cmocka_unit_test(test_wrong_amount_of_data),
        cmocka_unit_test(test_checksum_of_the_data),
        cmocka_unit_test(test_chunks_out_of_place),
        cmocka_unit_test(test_impossible_headers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
