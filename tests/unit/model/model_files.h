/* model_files.h - a model with nothing left as it starts, and its file, for tests. Files that
 * include it define _GNU_SOURCE first, and include cmocka. */
#ifndef SKC_TESTS_MODEL_FILES_H
#define SKC_TESTS_MODEL_FILES_H

#include "../support.h"
#include "model/model.h"

static inline const char *path(void)
{
    return scratch_path("m.safetensors");
}

static inline void save(const skc_model *model, skc_precision precision)
{
    skc_error err;

    assert_works(skc_model_save(model, path(), precision, &err), err);
}

/* A model with nothing left as it starts. */
static inline skc_model *interesting(const char *architecture)
{
    static const float weights[] = { 0.1f, 1, 0.7f };
    skc_model         *model     = tiny_model(architecture, 3, NULL);
    skc_preprocessing  p         = skc_model_preprocessing(model);
    skc_decision       decision  = { 1.7f, 0.3f, 8, weights };
    skc_error          err;

    p.fit          = SKC_FIT_SQUASH;
    p.mean[0]      = 12.3f;
    p.deviation[2] = 45.6f;
    tiny_statistics(model);
    assert_works(skc_model_set_preprocessing(model, &p, &err), err);
    assert_works(skc_model_set_decision(model, &decision, &err), err);
    assert_works(
        skc_model_set_provenance(model, "{\"data\":\"ham\",\"rate\":0.05,\"n\":[1]}", &err), err);
    return model;
}

/* From a block of exactly the size, so that a look past the end is seen. */
static inline skc_status load_bytes(const unsigned char *bytes, size_t size, skc_error *err)
{
    unsigned char *copy  = malloc(size > 0 ? size : 1);
    skc_model     *model = NULL;
    skc_status     status;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    status = skc_model_load_memory(copy, size, "m", NULL, &model, err);
    assert_true((status == SKC_OK) == (model != NULL));
    skc_model_free(model);
    free(copy);
    return status;
}

static inline void assert_refused(const unsigned char *bytes, size_t size, const char *message)
{
    skc_error  err;
    skc_status status = load_bytes(bytes, size, &err);

    assert_true(status == SKC_EFORMAT || status == SKC_EMISMATCH || status == SKC_EUNSUPPORTED ||
                status == SKC_EINVAL);
    assert_fails(status, status, err, message);
}

#endif
