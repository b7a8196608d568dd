/* test_model_damage.c - model files that are truncated, too long, altered or not finite: refused,
 * and the message names the tensor. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/digest.h"
#include "model_files.h"

static unsigned char *file_of(const char *architecture, size_t *size, size_t *data)
{
    skc_model     *model = interesting(architecture);
    unsigned char *bytes;

    save(model, SKC_F16);
    skc_model_free(model);
    bytes = read_bytes(path(), size);
    *data = 8 + (size_t)bytes[0] + 256 * (size_t)bytes[1];
    return bytes;
}

static void test_truncated(void **state)
{
    size_t         size, data;
    unsigned char *bytes = file_of(tiny_mixed, &size, &data);
    skc_error      err;

    (void)state;
    assert_works(load_bytes(bytes, size, &err), err);
    for (size_t part = 0; part < size; part++)
        assert_refused(bytes, part, "m: ");
    free(bytes);
}

static void test_oversized(void **state)
{
    size_t         size, data;
    unsigned char *bytes = file_of(tiny_mixed, &size, &data);

    (void)state;
    bytes = realloc(bytes, size + 100);
    assert_non_null(bytes);
    memset(bytes + size, 0, 100);
    for (size_t more = 1; more <= 100; more++)
        assert_refused(bytes, size + more, "follow the last tensor");
    free(bytes);
}

static void test_flipped_header(void **state)
{
    size_t         size, data;
    unsigned char *bytes = file_of(tiny_plain, &size, &data);

    (void)state;
    for (size_t bit = 0; bit < 8 * data; bit++) {
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_refused(bytes, size, "m: ");
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes);
}

/* Bits of each tensor's first and last byte, and of every 97th byte between: the message names the
 * tensor. */
static void test_flipped_data(void **state)
{
    size_t              size, data;
    unsigned char      *bytes = file_of(tiny_mixed, &size, &data);
    const skc_allocator heap  = skc__allocator(NULL);
    skc_safetensors     file;

    (void)state;
    assert_int_equal(skc__safetensors_parse(bytes, size, "m", &heap, &file, NULL), SKC_OK);
    for (int32_t t = 0; t < file.count; t++) {
        const skc_stored *tensor = &file.tensors[t];
        char              message[100];

        snprintf(message, sizeof message, "tensor %s: its checksum is wrong", tensor->name);
        for (size_t at = tensor->begin; at < tensor->end;
             at += at + 97 < tensor->end || at == tensor->end - 1 ? 97 : tensor->end - 1 - at)
            for (int bit = 0; bit < 8; bit++) {
                bytes[data + at] ^= (unsigned char)(1 << bit);
                assert_refused(bytes, size, message);
                bytes[data + at] ^= (unsigned char)(1 << bit);
            }
    }
    skc__safetensors_free(&file);
    free(bytes);
}

/* Puts `to` in the place of `from`, of the same length, in the header. */
static void replace(unsigned char *bytes, size_t size, const char *from, const char *to)
{
    unsigned char *at = memmem(bytes, size, from, strlen(from));

    assert_non_null(at);
    assert_int_equal(strlen(from), strlen(to));
    memcpy(at, to, strlen(to));
}

/* With a checksum that says that all is well. */
static void test_not_finite(void **state)
{
    static const uint16_t bad[] = { 0x7c00, 0xfc00, 0x7e00, 0x7c01 };
    size_t                size, data;
    unsigned char        *bytes = file_of(tiny_plain, &size, &data);
    char                  before[9], after[9];
    size_t                tensor = 8 * 27 * sizeof(uint16_t); /* conv1.weight comes first */

    (void)state;
    for (int k = 0; k < 4; k++) {
        snprintf(before, sizeof before, "%08x", skc__crc32(bytes + data, tensor));
        for (size_t i = 0; i < tensor; i += 2)
            memcpy(bytes + data + i, &bad[k], 2);
        snprintf(after, sizeof after, "%08x", skc__crc32(bytes + data, tensor));
        replace(bytes, data, before, after);
        assert_refused(bytes, size, "tensor conv1.weight: element 0 is not finite");
    }
    free(bytes);
}

static void test_wrong_entries(void **state)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        { "\"conv1.weight\":{\"dtype\":\"F16\"", "\"conv1.weight\":{\"dtype\":\"F32\"",
          "tensor conv1.weight: its shape does not fit" },
        { "\"conv1.weight\":{\"dtype\":\"F16\"", "\"conv1.weight\":{\"dtype\":\"U16\"",
          "tensor conv1.weight: dtype" },
        { "\"conv1.weight\":{\"dtype\":\"F16\"", "\"conv1.waight\":{\"dtype\":\"F16\"",
          "tensor conv1.weight is missing" },
        { "\"shape\":[12,128]", "\"shape\":[128,12]",
          "tensor hidden.weight has shape [128, 12]; the architecture needs [12, 128]" },
        { "\"shape\":[12,128]", "\"shape\":[ 1536 ]", "tensor hidden.weight has shape [1536]" },
        { "\"shape\":[12,128]", "\"shape\":[12,129]", "hidden.weight: its shape does not fit" },
        { "\"data_offsets\":[432,448]", "\"data_offsets\":[430,446]", "overlap" },
        { "\"data_offsets\":[432,448]", "\"data_offsets\":[434,450]", "tensor " },
    };
    size_t size, data;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *bytes = file_of(tiny_plain, &size, &data);

        replace(bytes, data, cases[i].from, cases[i].to);
        assert_refused(bytes, size, cases[i].message);
        free(bytes);
    }
}

static int tear_down(void **state)
{
    (void)state;
    return scratch_remove() - 1; /* the one that every test writes, nothing temporary */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated),      cmocka_unit_test(test_oversized),
        cmocka_unit_test(test_flipped_header), cmocka_unit_test(test_flipped_data),
        cmocka_unit_test(test_not_finite),     cmocka_unit_test(test_wrong_entries),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
