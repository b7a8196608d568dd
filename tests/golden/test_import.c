/* test_import.c - imports pretrained backbones through weights/maps and compares their logits with
 * those of an independent implementation (PyTorch), for eight pictures.
 *
 * The weights are not part of the repository: they are looked for in $SKINCNN_SHARED/weights, else
 * ../shared/weights, and the tests are skipped where they are absent. */
#define _POSIX_C_SOURCE 200809L
#include "golden.h"

#include <unistd.h>

enum { PICTURES = 8, SIDE = 224, PIXELS = PICTURES * SIDE * SIDE * 3 };

typedef struct reference {
    unsigned char *bytes;
    size_t         size, data; /* offset of the tensors' bytes */
    skc_json      *header;
} reference;

static char      folder[512]; /* of the weights; "": absent */
static reference pictures;

/* The library reads float tensors only; this file holds pixels too. */
static int load(void **state)
{
    const skc_allocator allocator = skc__allocator(NULL);
    const char         *shared    = getenv("SKINCNN_SHARED");
    char                path[600];
    uint64_t            length = 0;
    skc_error           err;

    (void)state;
    snprintf(folder, sizeof folder, "%s/weights", shared != NULL ? shared : "../shared");
    snprintf(path, sizeof path, "%s/reference.safetensors", folder);
    if (access(path, R_OK) != 0) {
        print_message("%s is absent: imports are not compared\n", path);
        folder[0] = '\0';
        return 0;
    }
    golden_ok(skc__file_read(path, 1 << 24, &allocator, &pictures.bytes, &pictures.size, &err),
              &err);
    for (int i = 7; i >= 0; i--)
        length = length << 8 | pictures.bytes[i];
    assert_true(length < pictures.size - 8);
    pictures.data = 8 + (size_t)length;
    golden_ok(skc__json_parse((const char *)pictures.bytes + 8, (size_t)length, path,
                              &pictures.header, &err),
              &err);
    return 0;
}

static int unload(void **state)
{
    const skc_allocator allocator = skc__allocator(NULL);

    (void)state;
    skc__json_free(pictures.header);
    skc__release(&allocator, pictures.bytes);
    return 0;
}

static const unsigned char *tensor_of(const char *name, size_t bytes)
{
    const skc_json *offsets = skc__json_get(skc__json_get(pictures.header, name), "data_offsets");
    size_t          begin = (size_t)golden_at(offsets, 0), end = (size_t)golden_at(offsets, 1);

    assert_int_equal(end - begin, bytes);
    assert_true(pictures.data + end <= pictures.size);
    return pictures.bytes + pictures.data + begin;
}

/* A backbone as its own page describes it. */
typedef struct backbone {
    const char *file, *architecture, *map;
    float       width_factor;
    int32_t     labels;
    float       mean, deviation;
} backbone;

static skc_model *import(const backbone *b)
{
    char       weights[700];
    skc_json  *entry = skc__json_object();
    skc_model *model;
    skc_error  err;

    assert_true(skc__json_set(entry, "architecture", skc__json_string(b->architecture)));
    model = golden_model(entry, SIDE, SIDE, b->width_factor, b->labels, -1);
    skc__json_free(entry);
    snprintf(weights, sizeof weights, "%s/%s.safetensors", folder, b->file);
    golden_ok(skc_model_import(model, weights, b->map, &err), &err);
    return model;
}

static void assert_logits(const backbone *b, const float *got)
{
    char   name[128];
    size_t count   = (size_t)PICTURES * (size_t)b->labels;
    float *wanted  = malloc(count * sizeof *wanted);
    double largest = 0;

    assert_non_null(wanted);
    snprintf(name, sizeof name, "logits.%s", b->file);
    memcpy(wanted, tensor_of(name, count * sizeof *wanted), count * sizeof *wanted);
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs((double)wanted[i]));
    for (size_t i = 0; i < count; i++)
        golden_close(b->file, (double)got[i], (double)wanted[i], 1e-3 * largest);
    free(wanted);
}

static void compare(const backbone *b)
{
    const unsigned char *pixels;
    skc_model           *model;
    skc_session         *session = NULL;
    float    *inputs = malloc(PIXELS * sizeof *inputs), *logits = malloc(PICTURES * 4096);
    skc_error err;

    assert_non_null(inputs);
    assert_non_null(logits);
    pixels = tensor_of("pixels_224", PIXELS);
    for (size_t i = 0; i < PIXELS; i++)
        inputs[i] = ((float)pixels[i] - b->mean) / b->deviation;
    model = import(b);
    golden_ok(skc_session_create(model, PICTURES, NULL, &session, &err), &err);
    golden_ok(skc_session_run(session, inputs, PICTURES, logits, &err), &err);
    assert_logits(b, logits);
    skc_session_free(session);
    skc_model_free(model);
    free(logits);
    free(inputs);
}

static void test_mobilenet_edgetpu(void **state)
{
    (void)state;
    if (folder[0] == '\0')
        skip();
    compare(&(backbone){ "mobilenet_edgetpu_1.0_224", "mobilenet_edgetpu",
                         "weights/maps/mobilenet_edgetpu.json", 1, 1001, 128, 127 });
}

static void test_mobilenetv1(void **state)
{
    (void)state;
    if (folder[0] == '\0')
        skip();
    compare(&(backbone){ "mobilenet_v1_0.75_224", "mobilenetv1", "weights/maps/mobilenetv1.json",
                         0.75f, 1000, 127.5f, 127.5f });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mobilenet_edgetpu),
        cmocka_unit_test(test_mobilenetv1),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
