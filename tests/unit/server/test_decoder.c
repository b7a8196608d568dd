/* test_decoder.c - pictures through decoders: the same bits as without, and clear refusals. */
#define _GNU_SOURCE
#include "decoding.h"

#include <pthread.h>
#include <zlib.h>

static service shared;

/* ------------------------------------------------------------------ good pictures */

/* What the calling process makes of the picture by itself. */
static skc_image *decode_here(bytes picture, decoder_crop crop, skc_box *box, bool *found,
                              int32_t side)
{
    skc_image *image, *part, *small;
    int32_t    width, height, longer;

    assert_int_equal(skc_image_decode(picture.data, picture.size, "here", NULL, NULL, &image, NULL),
                     SKC_OK);
    *found = false;
    if (crop == DECODER_WHOLE)
        *box = (skc_box){ 0, 0, skc_image_width(image), skc_image_height(image) };
    if (crop == DECODER_LESION) {
        *box   = (skc_box){ 0, 0, skc_image_width(image), skc_image_height(image) };
        *found = skc_image_find_lesion(image, 0.2F, true, box, NULL) == SKC_OK;
    }
    assert_int_equal(skc_image_crop(image, *box, &part, NULL), SKC_OK);
    longer = box->width > box->height ? box->width : box->height;
    width  = box->width;
    height = box->height;
    if (longer > side) {
        width  = (width * side + longer / 2) / longer;
        height = (height * side + longer / 2) / longer;
    }
    assert_int_equal(skc_image_resize(part, width, height, &small, NULL), SKC_OK);
    skc_image_free(image);
    skc_image_free(part);
    return small;
}

static void assert_same_image(const skc_image *a, const skc_image *b)
{
    size_t size = (size_t)skc_image_width(a) * (size_t)skc_image_height(a) * 3;

    assert_int_equal(skc_image_width(a), skc_image_width(b));
    assert_int_equal(skc_image_height(a), skc_image_height(b));
    assert_memory_equal(skc_image_pixels(a), skc_image_pixels(b), size);
}

static void assert_like_here(bytes picture, decoder_crop crop, skc_box box, bool finds)
{
    decoder_request request = request_of(picture.data, picture.size);
    decoder_result  result;
    skc_error       err = { 0 };
    skc_image      *here;
    bool            found;

    request.crop = crop;
    request.box  = box;
    if (decoders_run(shared.pool, &request, in_seconds(60), &result, &err) != SKC_OK)
        fail_msg("%s", err.message);
    here = decode_here(picture, crop, &box, &found, 1024);
    assert_same_image(here, result.image);
    assert_int_equal(found, finds);
    assert_int_equal(result.found, found);
    assert_memory_equal(&result.crop, &box, sizeof box);
    skc_image_free(here);
    skc_image_free(result.image);
}

static void test_same_bits(void **state)
{
    static const int32_t sizes[][2] = { { 600, 450 }, { 1, 1 },   { 1024, 3 },   { 1025, 1024 },
                                        { 2000, 7 },  { 37, 41 }, { 1300, 1700 } };

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (int format = SKC_PNG; format <= SKC_JPEG; format++) {
            int32_t width = sizes[i][0], height = sizes[i][1];
            bytes   picture = encode_spot(width, height, (skc_picture_format)format);
            skc_box part    = { width / 3, height / 2, width - width / 3, height - height / 2 };

            assert_like_here(picture, DECODER_WHOLE, (skc_box){ 0 }, false);
            assert_like_here(picture, DECODER_BOX, part, false);
            if (width >= 600 && height >= 450)
                assert_like_here(picture, DECODER_LESION, (skc_box){ 0 }, true);
            skc_free(NULL, picture.data);
        }
}

/* Where there is no lesion, the whole picture comes back. */
static void test_nothing_found(void **state)
{
    skc_image *plain;
    bytes      picture;

    (void)state;
    assert_int_equal(skc_image_create(300, 200, NULL, NULL, &plain, NULL), SKC_OK);
    memset(skc_image_pixels_mutable(plain), 180, (size_t)300 * 200 * 3);
    assert_int_equal(skc_image_encode(plain, SKC_PNG, 90, NULL, &picture.data, &picture.size, NULL),
                     SKC_OK);
    assert_like_here(picture, DECODER_LESION, (skc_box){ 0 }, false);
    skc_image_free(plain);
    skc_free(NULL, picture.data);
}

/* ------------------------------------------------------------------ bad ones */

static void assert_refused(decoder_request request, skc_status wanted, const char *words)
{
    decoder_figures before = decoders_figures(shared.pool), after;
    decoder_result  result = { .width = -7 };
    skc_error       err    = { 0 };
    skc_status      status = decoders_run(shared.pool, &request, in_seconds(60), &result, &err);

    if (status != wanted || err.status != wanted || strncmp(err.message, "images[3]: ", 11) != 0 ||
        strstr(err.message, words) == NULL)
        fail_msg("%d (wanted %d) '%s' does not say '%s'", status, wanted, err.message, words);
    assert_int_equal(result.width, -7);
    after = decoders_figures(shared.pool);
    assert_int_equal(after.pictures, before.pictures + 1);
    assert_int_equal(after.refused, before.refused + 1);
    assert_int_equal(after.died, before.died);
    assert_int_equal(after.overdue, before.overdue);
    assert_int_equal(after.ready, 2);
    assert_int_equal(after.busy, 0);
}

static void test_boxes_outside(void **state)
{
    static const skc_box boxes[] = {
        { 0, 0, 0, 10 },          { 0, 0, 101, 10 },       { 1, 0, 100, 10 },
        { -1, 0, 10, 10 },        { 0, 50, 10, 31 },       { INT32_MAX, 0, INT32_MAX, 1 },
        { 0, INT32_MIN, 1, 100 }, { 5, 5, INT32_MIN, 10 }, { 0, 0, INT32_MAX, INT32_MAX },
    };
    bytes           picture = encode_spot(100, 80, SKC_JPEG);
    decoder_request request = request_of(picture.data, picture.size);

    (void)state;
    request.crop = DECODER_BOX;
    for (size_t i = 0; i < sizeof boxes / sizeof boxes[0]; i++) {
        request.box = boxes[i];
        assert_refused(request, SKC_EINVAL, "does not lie in a picture of 100 x 80");
    }
    request.crop = (decoder_crop)7;
    assert_refused(request, SKC_EINVAL, "no such way to crop: 7");
    assert_refused(request_of(NULL, 5), SKC_EINVAL, "5 bytes at NULL");
    skc_free(NULL, picture.data);
}

static void put32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void test_pixel_bomb(void **state)
{
    uint8_t bomb[57] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

    (void)state;
    put32(bomb + 16, 100000);
    put32(bomb + 20, 100000);
    bomb[24] = 8;
    bomb[25] = 2;
    put32(bomb + 29, (uint32_t)crc32(0, bomb + 12, 17));
    memcpy(bomb + 37, "IDAT", 4);
    put32(bomb + 41, (uint32_t)crc32(0, bomb + 37, 4));
    memcpy(bomb + 49, "IEND", 4);
    put32(bomb + 53, (uint32_t)crc32(0, bomb + 49, 4));
    assert_refused(request_of(bomb, sizeof bomb), SKC_ELIMIT, "100000 x 100000 pixels");
}

static void test_damaged(void **state)
{
    bytes    picture = encode_spot(300, 200, SKC_JPEG);
    uint8_t *noise   = malloc(25000001);
    uint32_t x       = 1;

    (void)state;
    assert_non_null(noise);
    assert_refused(request_of(NULL, 0), SKC_EFORMAT, "empty file");
    assert_refused(request_of("GIF89a\1\0\1\0\0\0\0;", 14), SKC_EUNSUPPORTED, "this is GIF");
    assert_refused(request_of("hello", 5), SKC_EFORMAT, "this is text");
    for (size_t size = 1; size < picture.size; size += picture.size / 20)
        assert_refused(request_of(picture.data, size), SKC_EFORMAT, "");
    assert_refused(request_of(picture.data, picture.size / 2), SKC_EFORMAT, "the JPEG ends");
    for (size_t i = 0; i < 25000001; i++) {
        x        = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    assert_refused(request_of(noise, 25000000), SKC_EFORMAT, "neither JPEG nor PNG");
    assert_refused(request_of(noise, 25000001), SKC_ELIMIT, "25000001 bytes; at most 25000000");
    memcpy(noise, picture.data, picture.size); /* what follows a picture's end is no part of it */
    assert_like_here((bytes){ noise, 25000000 }, DECODER_WHOLE, (skc_box){ 0 }, false);
    free(noise);
    skc_free(NULL, picture.data);
}

/* ------------------------------------------------------------------ memory */

/* A progressive JPEG of 8000 x 5000 pixels in 4:4:4 with one scan, in which all is 0: what takes
 * the most memory for its pixels. */
static bytes make_large(void)
{
    static const uint8_t frame[] = { 0xff,      0xc2,       0, 17,   8,    5000 >> 8, 5000 & 255,
                                     8000 >> 8, 8000 & 255, 3, 1,    0x11, 0,         2,
                                     0x11,      0,          3, 0x11, 0 };
    static const uint8_t codes[] = { 0xff, 0xc4, 0, 20, 0, 1, 0, 0, 0, 0, 0,
                                     0,    0,    0, 0,  0, 0, 0, 0, 0, 0, 0 };
    static const uint8_t scan[]  = { 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0 };
    const size_t         coded   = (size_t)1000 * 625 * 3 / 8; /* a bit for each block */
    bytes                out     = { calloc(1, 2000 + coded), 0 };
    uint8_t             *at      = out.data;

    assert_non_null(at);
    memcpy(at, "\xff\xd8\xff\xdb\0\x43\0", 7);
    memset(at + 7, 1, 64);
    at += 7 + 64;
    memcpy(at, frame, sizeof frame);
    at += sizeof frame;
    memcpy(at, codes, sizeof codes);
    at += sizeof codes;
    memcpy(at, scan, sizeof scan);
    at += sizeof scan + coded;
    memcpy(at, "\xff\xd9", 2);
    out.size = (size_t)(at + 2 - out.data);
    return out;
}

/* The largest picture is decoded within the usual limit; within a smaller one its decoder fails. */
static void check_memory_limit(void)
{
    bytes           large = make_large(), good = encode_spot(60, 40, SKC_PNG);
    decoder_request request = request_of(large.data, large.size);
    decoder_options tight   = usual_options();
    decoder_result  result;
    skc_error       err = { 0 };
    service         s;

    request.crop = DECODER_LESION;
    if (decoders_run(shared.pool, &request, in_seconds(60), &result, &err) != SKC_OK)
        fail_msg("%s", err.message);
    assert_int_equal(result.width, 8000);
    assert_int_equal(result.height, 5000);
    assert_int_equal(skc_image_width(result.image), 1024);
    assert_int_equal(skc_image_height(result.image), 640);
    assert_false(result.found);
    skc_image_free(result.image);

    tight.memory = 64u << 20;
    s            = start(tight, decoder_decode);
    assert_int_equal(decoders_run(s.pool, &request, in_seconds(60), &result, &err), SKC_EFORMAT);
    assert_string_equal(err.message, "images[3]: this picture cannot be decoded");
    assert_int_equal(decoders_figures(s.pool).died, 1);
    request = request_of(good.data, good.size);
    assert_int_equal(decoders_run(s.pool, &request, in_seconds(60), &result, &err), SKC_OK);
    skc_image_free(result.image);
    stop(s);
    free(large.data);
    skc_free(NULL, good.data);
}

static void test_memory_limit(void **state)
{
    (void)state;
    if (DECODER_SANITIZED) {
        print_message("skipped: a sanitizer's build has no limit of memory\n");
        skip();
    }
    check_memory_limit();
}

/* ------------------------------------------------------------------ the pool */

typedef struct worker {
    pthread_t thread;
    bytes     picture;
    skc_box   box;
    int       wrong;
} worker;

static void *work_through(void *context)
{
    worker *w = context;

    for (int i = 0; i < 20; i++) {
        decoder_request request = request_of(w->picture.data, w->picture.size);
        decoder_result  result;

        if (i % 5 == 4)
            request.size /= 2; /* refused */
        request.crop = DECODER_BOX;
        request.box  = w->box;
        if (decoders_run(shared.pool, &request, in_seconds(60), &result, NULL) != SKC_OK) {
            w->wrong += i % 5 != 4;
            continue;
        }
        w->wrong += i % 5 == 4 || skc_image_width(result.image) != w->box.width ||
                    skc_image_height(result.image) != w->box.height;
        skc_image_free(result.image);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    worker          workers[8];
    decoder_figures before = decoders_figures(shared.pool), after;

    (void)state;
    for (int32_t i = 0; i < 8; i++) {
        workers[i] = (worker){ .picture = encode_spot(100 + 10 * i, 90, SKC_JPEG),
                               .box     = { i, i, 50 + i, 60 + i } };
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work_through, &workers[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].wrong, 0);
        skc_free(NULL, workers[i].picture.data);
    }
    after = decoders_figures(shared.pool);
    assert_int_equal(after.pictures - before.pictures, 160);
    assert_int_equal(after.refused - before.refused, 32);
    assert_int_equal(after.died, before.died);
    assert_int_equal(after.ready, 2);
}

static void test_deadline_passed(void **state)
{
    bytes           picture = encode_spot(100, 80, SKC_PNG);
    decoder_request request = request_of(picture.data, picture.size);
    decoder_figures before  = decoders_figures(shared.pool), after;
    decoder_result  result;
    skc_error       err = { 0 };

    (void)state;
    assert_int_equal(decoders_run(shared.pool, &request, decoder_now() - 1, &result, &err),
                     SKC_EIO);
    assert_non_null(strstr(err.message, "images[3]: "));
    after = decoders_figures(shared.pool);
    assert_memory_equal(&before, &after, sizeof before);
    skc_free(NULL, picture.data);
}

static void test_options_checked(void **state)
{
    decoder_options  wrong[7];
    decoder_spawner *spawner = NULL;
    skc_error        err     = { 0 };

    (void)state;
    for (size_t i = 0; i < 7; i++)
        wrong[i] = usual_options();
    wrong[0].count            = 0;
    wrong[1].count            = 65;
    wrong[2].milliseconds     = 0;
    wrong[3].memory           = 1000;
    wrong[4].side             = 0;
    wrong[5].side             = 16385;
    wrong[6].limits.max_bytes = 0;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(decoder_spawner_start(&wrong[i], &spawner, &err), SKC_EINVAL);
        assert_non_null(strstr(err.message, "allowed are"));
        assert_null(spawner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),       cmocka_unit_test(test_nothing_found),
        cmocka_unit_test(test_boxes_outside),   cmocka_unit_test(test_pixel_bomb),
        cmocka_unit_test(test_damaged),         cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_deadline_passed), cmocka_unit_test(test_options_checked),
        cmocka_unit_test(test_many_threads),
    };
    int failed;

    shared = start(usual_options(), decoder_decode);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    stop(shared);
    return failed;
}
