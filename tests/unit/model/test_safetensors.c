/* test_safetensors.c - the file format: read back what was written, refuse all that is not so. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "../support.h"
#include "core/half.h"
#include "model/safetensors.h"

static skc_allocator heap;

/* A file of `header` and `size` bytes of data 0, 1, 2, ...; to be freed. */
static unsigned char *file_of(const char *header, size_t size, size_t *total)
{
    size_t         length = strlen(header);
    unsigned char *bytes  = calloc(1, 8 + length + size);

    assert_non_null(bytes);
    *total = 8 + length + size;
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> (8 * i));
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < size; i++)
        bytes[8 + length + i] = (unsigned char)i;
    return bytes;
}

static skc_status parse(const char *header, size_t size, skc_error *err)
{
    skc_safetensors file;
    size_t          total;
    unsigned char  *bytes = file_of(header, size, &total);
    skc_status status = skc__safetensors_parse(bytes, total, "w.safetensors", &heap, &file, err);

    if (status == SKC_OK)
        skc__safetensors_free(&file);
    free(bytes);
    return status;
}

#define A(rest) "{\"a\":{" rest "}}"
#define OF(shape, begin, end)                                                                      \
    "\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]"

static void test_structure(void **state)
{
    static const struct {
        const char *header;
        size_t      size;
        const char *message; /* NULL: it is fine */
    } cases[] = {
        { "{}", 0, NULL },
        { A(OF("[2]", "0", "8")), 8, NULL },
        { A(OF("[]", "0", "4")), 4, NULL }, /* a scalar */
        { "{\"b\":{" OF("[1]", "4", "8") "},\"a\":{" OF("[1]", "0", "4") "}}", 8, NULL },
        { "{\"__metadata__\":{\"x\":\"y\"},\"a\":{" OF("[1]", "0", "4") "}}   ", 4, NULL },
        { "{}", 1, "1 bytes follow the last tensor" },
        { "[]", 0, "not a JSON object" },
        { "{\"a\":", 0, "JSON line 1" },
        { "{\"a\":1}", 0, "tensor a: dtype" },
        { A(OF("[2]", "0", "8")), 7, "tensor a: its data end at byte 8 of 7" },
        { A(OF("[2]", "0", "8")), 9, "1 bytes follow" },
        { A(OF("[2]", "0", "4")), 4, "tensor a: its shape does not fit" },
        { A(OF("[2]", "4", "12")), 12, "tensor a: there is a gap" },
        { A(OF("[2]", "8", "0")), 8, "tensor a: data_offsets" },
        { A(OF("[2]", "-8", "0")), 8, "tensor a: data_offsets" },
        { A(OF("[2]", "0.0", "8")), 8, "tensor a: data_offsets" },
        { A(OF("[2]", "0", "9223372036854775807")), 8, "tensor a: its data end" },
        { A(OF("[0]", "0", "0")), 0, "tensor a: an extent" },
        { A(OF("[-1]", "0", "4")), 4, "tensor a: an extent" },
        { A(OF("[1.0]", "0", "4")), 4, "tensor a: an extent" },
        { A(OF("[2147483647,2147483647,2147483647]", "0", "4")), 4, "tensor a: an extent" },
        { A(OF("[4294967297]", "0", "4")), 4, "tensor a: an extent" },
        { A(OF("[1,1,1,1,1,1,1,1,1]", "0", "4")), 4, "tensor a: shape" },
        { A(OF("4", "0", "4")), 4, "tensor a: shape" },
        { A("\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]"), 8, "tensor a: dtype" },
        { A("\"shape\":[1],\"data_offsets\":[0,4]"), 4, "tensor a: dtype" },
        { A("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, "tensor a: shape" },
        { A("\"dtype\":\"F32\",\"shape\":[1]"), 4, "tensor a: data_offsets" },
        { A("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]"), 8, "data_offsets" },
        { "{\"a\":{" OF("[2]", "0", "8") "},\"b\":{" OF("[2]", "4", "12") "}}", 12,
          "tensor b: its data overlap" },
        { "{\"a\":{" OF("[1]", "0", "4") "},\"b\":{" OF("[1]", "0", "4") "}}", 4,
          "its data overlap" },
        { "{\"a\":{" OF("[1]", "0", "4") "},\"a\":{" OF("[1]", "4", "8") "}}", 8,
          "duplicate object key" },
        { "{\"__metadata__\":{\"crc32\":\"nonsense\"}}", 0, "checksums: JSON" },
    };
    skc_error err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (cases[i].message == NULL)
            assert_works(parse(cases[i].header, cases[i].size, &err), err);
        else
            assert_fails(parse(cases[i].header, cases[i].size, &err), SKC_EFORMAT, err,
                         "w.safetensors", cases[i].message);
}

static void test_header_length(void **state)
{
    size_t          total;
    unsigned char  *bytes = file_of(A(OF("[2]", "0", "8")), 8, &total);
    skc_safetensors file;
    skc_error       err;

    (void)state;
    for (size_t size = 0; size < total; size++) {
        unsigned char *part = malloc(size > 0 ? size : 1);

        assert_non_null(part);
        memcpy(part, bytes, size);
        assert_fails(skc__safetensors_parse(part, size, "w", &heap, &file, &err), SKC_EFORMAT, err,
                     "w: ");
        free(part);
    }
    for (int bit = 0; bit < 64; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_fails(skc__safetensors_parse(bytes, total, "w", &heap, &file, &err), SKC_EFORMAT,
                     err, "w: ");
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes);
}

static float read_one(const char *dtype, const void *value, size_t size)
{
    char            header[128];
    size_t          total;
    unsigned char  *bytes;
    skc_safetensors file;
    float           out = -1;
    skc_error       err;
    skc_status      status;

    snprintf(header, sizeof header,
             "{\"a\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}", dtype, size);
    bytes = file_of(header, size, &total);
    memcpy(bytes + total - size, value, size);
    assert_works(skc__safetensors_parse(bytes, total, "w", &heap, &file, &err), err);
    assert_null(skc__safetensors_find(&file, "b"));
    status = skc__safetensors_read(&file, skc__safetensors_find(&file, "a"), &out, &err);
    if (status != SKC_OK)
        assert_fails(status, SKC_EFORMAT, err, "w: tensor a: element 0 is not finite");
    skc__safetensors_free(&file);
    free(bytes);
    return status == SKC_OK ? out : NAN;
}

static void test_types(void **state)
{
    const float    f = -1.2345f, inf = INFINITY, nan = NAN;
    const double   d = 0.1, big = 1e300;
    const uint16_t half = skc__half_from_float(0.333f), bf16 = 0xc049, half_inf = 0x7c00,
                   half_nan = 0x7e01;

    (void)state;
    assert_true(read_one("F32", &f, 4) == f);
    assert_true(read_one("F64", &d, 8) == 0.1f);
    assert_true(read_one("F16", &half, 2) == skc__float_from_half(half));
    assert_true(read_one("BF16", &bf16, 2) == -3.140625f);
    assert_true(isnan(read_one("F32", &inf, 4)));
    assert_true(isnan(read_one("F32", &nan, 4)));
    assert_true(isnan(read_one("F64", &big, 8)));
    assert_true(isnan(read_one("F16", &half_inf, 2)));
    assert_true(isnan(read_one("F16", &half_nan, 2)));
}

static const float   values[6]    = { 0, -1.5f, 0.1f, 3e4f, 1e-6f, 7 };
static const int32_t extents[2]   = { 2, 3 };
static const int32_t one_extent[] = { 5 };

static skc_status write_two(const char *path, skc_precision precision, const float *first,
                            skc_error *err)
{
    const skc_to_store tensors[] = { { "x.", "weight", 2, extents, first, NULL },
                                     { "", "bias", 1, one_extent, values, NULL } };
    skc_json          *metadata  = skc__json_object();
    skc_status         status;

    assert_true(skc__json_set(metadata, "about", skc__json_string("\xc3\xa4\"\n")));
    status = skc__safetensors_write(path, tensors, 2, precision, metadata, &heap, err);
    skc__json_free(metadata);
    return status;
}

static void assert_round_trip(skc_precision precision)
{
    const char       *path = scratch_path("w.safetensors");
    skc_safetensors   file;
    const skc_stored *tensor;
    float             out[6];
    size_t            size;
    unsigned char    *bytes;
    skc_error         err;

    assert_works(write_two(path, precision, values, &err), err);
    bytes = read_bytes(path, &size);
    assert_int_equal((8 + bytes[0] + 256 * bytes[1]) % 64, 0); /* data aligned for mapping */
    assert_works(skc__safetensors_parse(bytes, size, path, &heap, &file, &err), err);
    assert_int_equal(file.count, 2);
    assert_string_equal(skc__safetensors_metadata(&file, "about"), "\xc3\xa4\"\n");
    assert_null(skc__safetensors_metadata(&file, "none"));
    tensor = skc__safetensors_find(&file, "x.weight");
    assert_int_equal(tensor->rank, 2);
    assert_int_equal(tensor->extent[1], 3);
    assert_works(skc__safetensors_read(&file, tensor, out, &err), err);
    for (int i = 0; i < 6; i++)
        assert_true(out[i] == (precision == SKC_F32
                                   ? values[i]
                                   : skc__float_from_half(skc__half_from_float(values[i]))));
    assert_works(skc__safetensors_read(&file, skc__safetensors_find(&file, "bias"), out, &err),
                 err);
    skc__safetensors_free(&file);
    free(bytes);
}

static void test_round_trip(void **state)
{
    (void)state;
    assert_round_trip(SKC_F32);
    assert_round_trip(SKC_F16);
}

/* What could not be read again is not written, and the file of before stays. */
static void test_unwritable_values(void **state)
{
    const char    *path   = scratch_path("w.safetensors");
    float          bad[6] = { 0, 1, 2, 65520, 4, 5 };
    size_t         size, again;
    skc_error      err;
    unsigned char *before, *after;

    (void)state;
    assert_works(write_two(path, SKC_F16, values, &err), err);
    before = read_bytes(path, &size);
    assert_fails(write_two(path, SKC_F16, bad, &err), SKC_ELIMIT, err,
                 "tensor x.weight: element 3 is 65520", "F16");
    bad[3] = -65520;
    assert_fails(write_two(path, SKC_F16, bad, &err), SKC_ELIMIT, err, "element 3 is -65520");
    bad[3] = NAN;
    assert_fails(write_two(path, SKC_F32, bad, &err), SKC_ELIMIT, err, "element 3 is");
    bad[3] = INFINITY;
    assert_fails(write_two(path, SKC_F32, bad, &err), SKC_ELIMIT, err, "element 3 is inf");
    after = read_bytes(path, &again);
    assert_int_equal(size, again);
    assert_memory_equal(before, after, size);
    free(before);
    free(after);
    bad[3] = 65519.9f;
    assert_works(write_two(path, SKC_F16, bad, &err), err);
    bad[3] = 1e38f;
    assert_works(write_two(path, SKC_F32, bad, &err), err);
}

static void test_shape_text(void **state)
{
    const int64_t extent[] = { 32, 3, 3, 16 },
                  large[]  = { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX,
                               INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX };
    char text[128];

    (void)state;
    assert_string_equal(skc__shape_text(text, 4, extent), "[32, 3, 3, 16]");
    assert_string_equal(skc__shape_text(text, 0, extent), "[]");
    assert_true(strlen(skc__shape_text(text, 8, large)) < sizeof text);
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_header_length),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_unwritable_values),
        cmocka_unit_test(test_shape_text),
    };

    heap = skc__allocator(NULL);
    return cmocka_run_group_tests(tests, NULL, tear_down);
}
