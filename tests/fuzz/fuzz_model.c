/* fuzz_model.c - any bytes as a model file: an error, or a model that runs. The same bytes also
 * stand as the description in a file whose checksums are right, which chance alone would not find.
 */
#include <stdio.h>
#include <string.h>

#include "capped.h"
#include "core/digest.h"
#include "model/model.h"

enum { MAX_MACS = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        __builtin_trap();
}

static void run(const skc_model *model, const skc_runtime *runtime)
{
    skc_preprocessing p       = skc_model_preprocessing(model);
    size_t            count   = (size_t)p.height * (size_t)p.width * 3;
    float            *inputs  = calloc(count, sizeof(float));
    float            *scores  = calloc((size_t)skc_model_label_count(model), sizeof(float));
    skc_session      *session = NULL;
    skc_status        status;

    if (inputs != NULL && scores != NULL &&
        skc_session_create(model, 1, runtime, &session, NULL) == SKC_OK) {
        status = skc_session_run(session, inputs, 1, scores, NULL);
        require(status == SKC_OK || status == SKC_EINVAL); /* scores that are not finite */
    }
    skc_session_free(session);
    free(inputs);
    free(scores);
}

static void load(const void *bytes, size_t size)
{
    skc_runtime runtime = capped_runtime();
    skc_model  *model   = NULL;
    skc_error   err     = { SKC_OK, "" };
    skc_status  status  = skc_model_load_memory(bytes, size, "input", &runtime, &model, &err);
    uint64_t    macs    = 0;

    if (status != SKC_OK) {
        require(model == NULL && err.status == status && err.message[0] != '\0');
        return;
    }
    require(strlen(skc_model_sha256(model)) == 64);
    for (int32_t i = 0; i < skc_model_layer_count(model); i++) {
        skc_layer_info info;

        require(skc_model_layer(model, i, &info, NULL) == SKC_OK);
        macs += info.macs;
    }
    if (macs < MAX_MACS)
        run(model, &runtime);
    skc_model_free(model);
}

/* A file without tensors, described by `text`; NULL where the text cannot stand in a file. */
static unsigned char *describe(const char *text, size_t length, size_t *size)
{
    const skc_allocator heap     = skc__allocator(NULL);
    skc_json           *metadata = skc__json_object(), *header = skc__json_object();
    unsigned char      *bytes = NULL;
    char               *json, sum[9];
    bool                ok;

    snprintf(sum, sizeof sum, "%08x", skc__crc32(text, length));
    ok   = skc__json_set(metadata, "skincnn", skc__json_string(text));
    ok   = skc__json_set(metadata, "skincnn_crc32", skc__json_string(sum)) && ok;
    ok   = skc__json_set(metadata, "crc32", skc__json_string("{}")) && ok;
    ok   = skc__json_set(header, "__metadata__", metadata) && ok;
    json = ok ? skc__json_text(header, false, &heap, NULL) : NULL;
    if (json != NULL && (bytes = malloc(strlen(json) + 8)) != NULL) {
        uint64_t n = strlen(json);

        for (int i = 0; i < 8; i++)
            bytes[i] = (unsigned char)(n >> (8 * i));
        memcpy(bytes + 8, json, n);
        *size = n + 8;
    }
    skc__release(&heap, json);
    skc__json_free(header);
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char          *text = malloc(size + 1);
    unsigned char *bytes;
    size_t         length;

    load(data, size);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    bytes      = describe(text, strlen(text), &length);
    if (bytes != NULL)
        load(bytes, length);
    free(bytes);
    free(text);
    return 0;
}
