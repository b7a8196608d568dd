/* model_file.c - models in files (docs/model-format.md): safetensors with the rest as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "model/model.h"

enum {
    FORMAT          = 1,
    MAX_MODEL_BYTES = 1 << 30,
    MAX_LABELS      = 10000,
    SMALL           = 1 << 20, /* numbers that may be missing: their tensor is then named */
};

/* ---------------------------------------------------------------- writing */

static skc_json *floats(const float *values, int32_t count)
{
    skc_json *array = skc__json_array();

    for (int32_t i = 0; i < count; i++)
        if (!skc__json_append(array, skc__json_number((double)values[i]))) {
            skc__json_free(array);
            return NULL;
        }
    return array;
}

static skc_json *describe_preprocessing(const skc_preprocessing *p)
{
    skc_json *json = skc__json_object();
    bool      ok   = skc__json_set(json, "height", skc__json_integer(p->height));

    ok = skc__json_set(json, "width", skc__json_integer(p->width)) && ok;
    ok = skc__json_set(json, "fit",
                       skc__json_string(p->fit == SKC_FIT_SQUASH ? "squash" : "centre")) &&
         ok;
    ok = skc__json_set(json, "mean", floats(p->mean, 3)) && ok;
    ok = skc__json_set(json, "deviation", floats(p->deviation, 3)) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

static skc_json *describe_decision(const skc_model *model)
{
    skc_json *json = skc__json_object();
    bool      ok = skc__json_set(json, "temperature", skc__json_number((double)model->temperature));

    ok = skc__json_set(json, "threshold", skc__json_number((double)model->threshold)) && ok;
    ok = skc__json_set(json, "views", skc__json_integer(model->views)) && ok;
    ok = skc__json_set(json, "class_weights", floats(model->class_weights, model->label_count)) &&
         ok;
    ok = skc__model_describe_points(model, json) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

static skc_json *describe_labels(const skc_model *model)
{
    skc_json *array = skc__json_array();

    for (int32_t i = 0; i < model->label_count; i++)
        if (!skc__json_append(array, skc__json_string(model->labels[i]))) {
            skc__json_free(array);
            return NULL;
        }
    return array;
}

/* A text that was parsed when the model was made; NULL: out of memory. */
static skc_json *reparse(const char *text)
{
    skc_json *json;

    return skc__json_parse(text, strlen(text), "model", &json, NULL) == SKC_OK ? json : NULL;
}

skc_json *skc__model_describe(const skc_model *model)
{
    skc_json *json = skc__json_object();
    bool      ok   = skc__json_set(json, "format", skc__json_integer(FORMAT));

    ok = skc__json_set(json, "task", skc__json_string(model->task)) && ok;
    ok = skc__json_set(json, "labels", describe_labels(model)) && ok;
    ok = skc__json_set(json, "preprocessing", describe_preprocessing(&model->preprocessing)) && ok;
    ok = skc__json_set(json, "decision", describe_decision(model)) && ok;
    ok = skc__json_set(json, "provenance", reparse(model->provenance)) && ok;
    ok = skc__json_set(json, "architecture", reparse(model->architecture)) && ok;
    if (model->is_quantised)
        ok = skc__json_set(json, "quantisation", skc__quantisation_describe(model)) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

skc_json *skc__model_metadata(const skc_model *model)
{
    skc_json *description = skc__model_describe(model), *metadata = skc__json_object();
    char     *text = NULL, sum[9];
    bool      ok   = description != NULL && metadata != NULL;

    if (ok)
        text = skc__json_text(description, false, &model->allocator, NULL);
    if (text != NULL) {
        snprintf(sum, sizeof sum, "%08x", skc__crc32(text, strlen(text)));
        ok = skc__json_set(metadata, "skincnn", skc__json_string(text));
        ok = skc__json_set(metadata, "skincnn_crc32", skc__json_string(sum)) && ok;
    }
    ok = ok && text != NULL;
    skc__release(&model->allocator, text);
    skc__json_free(description);
    if (ok)
        return metadata;
    skc__json_free(metadata);
    return NULL;
}

void skc__model_entries(const skc_model *model, const char *prefix, float *const *param,
                        skc_to_store *entries)
{
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);

        entries[p] = (skc_to_store){ prefix,     model->param_name[p],
                                     spec->rank, spec->extent,
                                     param[p],   NULL };
    }
}

skc_status skc__model_save(const skc_model *model, float *const *param, const char *path,
                           skc_precision precision, skc_error *err)
{
    size_t        bytes    = (size_t)(model->graph.param_count + 1) * sizeof(skc_to_store);
    skc_to_store *entries  = skc__allocate(&model->allocator, bytes, err);
    skc_json     *metadata = skc__model_metadata(model);
    skc_status    status   = SKC_ENOMEM;

    if (entries != NULL && metadata != NULL) {
        skc__model_entries(model, "", param, entries);
        status = skc__safetensors_write(path, entries, model->graph.param_count, precision,
                                        metadata, &model->allocator, err);
    } else {
        skc__fail(err, SKC_ENOMEM, "%s: out of memory", path);
    }
    skc__json_free(metadata);
    skc__release(&model->allocator, entries);
    return status;
}

static skc_status save_quantised(const skc_model *model, const char *path, skc_precision precision,
                                 skc_error *err)
{
    skc_json  *metadata;
    skc_status status;

    if (precision != SKC_F32)
        return skc__refuse_quantised(model, "written in F16", err);
    metadata = skc__model_metadata(model);
    status   = metadata != NULL ? skc__quantisation_write(model, path, metadata, err)
                                : skc__fail(err, SKC_ENOMEM, "%s: out of memory", path);
    skc__json_free(metadata);
    return status;
}

skc_status skc_model_save(const skc_model *model, const char *path, skc_precision precision,
                          skc_error *err)
{
    if (skc__refuse_compact(model, err) != SKC_OK)
        return SKC_EUNSUPPORTED;
    if (model->is_quantised)
        return save_quantised(model, path, precision, err);
    return skc__model_save(model, model->param, path, precision, err);
}

/* ---------------------------------------------------------------- reading */

static skc_status malformed(const char *name, const char *what, skc_error *err)
{
    return skc__fail(err, SKC_EFORMAT, "%s: %s is missing or malformed", name, what);
}

static skc_status read_floats(const skc_json *array, int32_t count, float *out, const char *name,
                              const char *what, skc_error *err)
{
    if (!skc__json_is_array(array) || skc__json_size(array) != (size_t)count)
        return malformed(name, what, err);
    for (int32_t i = 0; i < count; i++) {
        out[i] = (float)skc__json_as_number(skc__json_at(array, (size_t)i));
        if (!isfinite(out[i]))
            return malformed(name, what, err);
    }
    return SKC_OK;
}

/* -1 where it is absent or out of range. */
static int32_t small_integer(const skc_json *object, const char *key)
{
    const skc_json *json  = skc__json_get(object, key);
    int64_t         value = skc__json_as_integer(json);

    return skc__json_is_integer(json) && value >= 0 && value <= INT32_MAX ? (int32_t)value : -1;
}

static skc_status read_preprocessing(skc_model *model, const skc_json *json, const char *name,
                                     skc_error *err)
{
    const skc_json   *part = skc__json_get(json, "preprocessing");
    const char       *fit  = skc__json_as_string(skc__json_get(part, "fit"));
    skc_preprocessing p;
    skc_status        status;

    p.height = small_integer(part, "height");
    p.width  = small_integer(part, "width");
    if (fit == NULL || (strcmp(fit, "centre") != 0 && strcmp(fit, "squash") != 0))
        return malformed(name, "preprocessing.fit", err);
    p.fit  = strcmp(fit, "squash") == 0 ? SKC_FIT_SQUASH : SKC_FIT_CENTRE;
    status = read_floats(skc__json_get(part, "mean"), 3, p.mean, name, "preprocessing.mean", err);
    if (status == SKC_OK)
        status = read_floats(skc__json_get(part, "deviation"), 3, p.deviation, name,
                             "preprocessing.deviation", err);
    if (status == SKC_OK)
        status = skc_model_set_preprocessing(model, &p, err);
    return status;
}

static skc_status read_decision(skc_model *model, const skc_json *json, const char *name,
                                skc_error *err)
{
    const skc_json *part = skc__json_get(json, "decision");
    skc_decision    decision;
    skc_status      status;
    float          *weights =
        skc__allocate(&model->allocator, (size_t)model->label_count * sizeof(float), err);

    if (weights == NULL)
        return SKC_ENOMEM;
    decision.temperature   = (float)skc__json_as_number(skc__json_get(part, "temperature"));
    decision.threshold     = (float)skc__json_as_number(skc__json_get(part, "threshold"));
    decision.views         = small_integer(part, "views");
    decision.class_weights = weights;
    status = read_floats(skc__json_get(part, "class_weights"), model->label_count, weights, name,
                         "decision.class_weights", err);
    if (status == SKC_OK)
        status = skc_model_set_decision(model, &decision, err);
    skc__release(&model->allocator, weights);
    return status == SKC_OK ? skc__model_read_points(model, part, name, err) : status;
}

static skc_status read_provenance(skc_model *model, const skc_json *json, skc_error *err)
{
    const skc_json *part = skc__json_get(json, "provenance");
    char           *text;
    skc_status      status;

    if (part == NULL)
        return SKC_OK;
    text = skc__json_text(part, false, &model->allocator, err);
    if (text == NULL)
        return SKC_ENOMEM;
    status = skc_model_set_provenance(model, text, err);
    skc__release(&model->allocator, text);
    return status;
}

static skc_status build_from(const skc_json *json, const skc_safetensors *file, const char **labels,
                             skc_model **out, skc_error *err)
{
    const skc_json *list         = skc__json_get(json, "labels");
    const skc_json *architecture = skc__json_get(json, "architecture");
    skc_model_parts parts        = { .where         = file->name,
                                     .labels        = labels,
                                     .most_elements = file->size + SMALL };
    char           *text;
    skc_status      status;

    if (!skc__json_is_object(architecture))
        return malformed(file->name, "architecture", err);
    parts.task        = skc__json_as_string(skc__json_get(json, "task"));
    parts.label_count = (int32_t)skc__json_size(list);
    for (int32_t i = 0; i < parts.label_count; i++)
        labels[i] = skc__json_as_string(skc__json_at(list, (size_t)i));
    text = skc__json_text(architecture, false, &file->allocator, err);
    if (text == NULL)
        return SKC_ENOMEM;
    parts.architecture      = text;
    parts.architecture_size = strlen(text);
    status                  = skc__model_build(&parts, &file->allocator, out, err);
    skc__release(&file->allocator, text);
    return status;
}

static skc_status read_description(const skc_json *json, const skc_safetensors *file,
                                   skc_model **out, skc_error *err)
{
    const char     *name  = file->name;
    const skc_json *list  = skc__json_get(json, "labels");
    size_t          count = skc__json_size(list);
    const char    **labels;
    skc_model      *model;
    skc_status      status;

    if (skc__json_as_integer(skc__json_get(json, "format")) != FORMAT)
        return skc__fail(err, SKC_EUNSUPPORTED, "%s: model format %lld; this version reads %d",
                         name, (long long)skc__json_as_integer(skc__json_get(json, "format")),
                         (int)FORMAT);
    if (!skc__json_is_array(list) || count < 1 || count > MAX_LABELS)
        return malformed(name, "labels", err);
    labels = skc__allocate(&file->allocator, count * sizeof *labels, err);
    if (labels == NULL)
        return SKC_ENOMEM;
    status = build_from(json, file, labels, &model, err);
    skc__release(&file->allocator, labels);
    if (status != SKC_OK)
        return status;
    status = read_preprocessing(model, json, name, err);
    if (status == SKC_OK)
        status = read_decision(model, json, name, err);
    if (status == SKC_OK)
        status = read_provenance(model, json, err);
    if (status == SKC_OK)
        *out = model;
    else
        skc_model_free(model);
    return status;
}

static skc_status parse_description(const skc_safetensors *file, skc_json **out, skc_error *err)
{
    const char *text   = skc__safetensors_metadata(file, "skincnn");
    const char *stated = skc__safetensors_metadata(file, "skincnn_crc32");
    char        actual[9], where[512];

    if (text == NULL || stated == NULL || file->checksums == NULL)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: no skincnn model: its metadata have no \"skincnn\" text (use "
                         "skincnn-model import for other files)",
                         file->name);
    snprintf(actual, sizeof actual, "%08x", skc__crc32(text, strlen(text)));
    if (strcmp(stated, actual) != 0)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: the checksum of its description is wrong: the file "
                         "is damaged",
                         file->name);
    snprintf(where, sizeof where, "%s: description", file->name);
    return skc__json_parse(text, strlen(text), where, out, err);
}

skc_status skc__model_check_shape(const skc_model *model, int32_t p, const skc_safetensors *file,
                                  const skc_stored *tensor, skc_error *err)
{
    const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);
    bool                  same = tensor != NULL && tensor->rank == spec->rank;
    int64_t               wanted[4];
    char                  found_text[128], wanted_text[128];

    if (tensor == NULL)
        return skc__fail(err, SKC_EMISMATCH, "%s: tensor %s is missing", file->name,
                         model->param_name[p]);
    for (int32_t i = 0; i < spec->rank; i++) {
        wanted[i] = spec->extent[i];
        same      = same && tensor->extent[i] == wanted[i];
    }
    if (same)
        return SKC_OK;
    return skc__fail(err, SKC_EMISMATCH, "%s: tensor %.80s has shape %s; the architecture needs %s",
                     file->name, tensor->name,
                     skc__shape_text(found_text, tensor->rank, tensor->extent),
                     skc__shape_text(wanted_text, spec->rank, wanted));
}

skc_status skc__model_read_params(const skc_model *model, const skc_safetensors *file,
                                  const char *prefix, float *const *param, bool check_only,
                                  skc_error *err)
{
    char       name[256];
    skc_status status = SKC_OK;

    for (int32_t p = 0; p < model->graph.param_count && status == SKC_OK; p++) {
        const skc_stored *tensor;

        if (param[p] == NULL)
            continue;
        snprintf(name, sizeof name, "%s%s", prefix, model->param_name[p]);
        tensor = skc__safetensors_find(file, name);
        if (tensor == NULL)
            return skc__fail(err, SKC_EMISMATCH, "%s: tensor %s is missing", file->name, name);
        status = skc__model_check_shape(model, p, file, tensor, err);
        if (status == SKC_OK)
            status = skc__safetensors_read(file, tensor, check_only ? NULL : param[p], err);
    }
    return status;
}

/* Every parameter has been found; is there anything else? */
static skc_status check_all_read(const skc_model *model, const skc_safetensors *file,
                                 skc_error *err)
{
    for (int32_t t = 0; t < file->count && file->count != model->graph.param_count; t++)
        if (skc__model_find_param(model, file->tensors[t].name) < 0)
            return skc__fail(err, SKC_EMISMATCH, "%s: tensor %.80s is not of architecture %s",
                             file->name, file->tensors[t].name, model->graph.name);
    return SKC_OK;
}

static skc_precision precision_of(const skc_safetensors *file)
{
    for (int32_t t = 0; t < file->count; t++)
        if (file->tensors[t].dtype != SKC_DTYPE_F16)
            return SKC_F32;
    return SKC_F16;
}

static skc_status read_tensors(const skc_json *json, const skc_safetensors *file, bool compact,
                               skc_model *model, skc_error *err)
{
    const skc_json *quantisation = skc__json_get(json, "quantisation");
    skc_status      status;

    if (quantisation != NULL)
        return skc__quantisation_read(model, quantisation, file, err);
    status = skc__model_read_params(model, file, "", model->param, false, err);
    if (status == SKC_OK)
        status = check_all_read(model, file, err);
    model->compact = compact;
    return status == SKC_OK ? skc__model_fold(model, err) : status;
}

static skc_status read_model(const skc_safetensors *file, bool compact, skc_model **out,
                             skc_error *err)
{
    skc_json  *json;
    skc_model *model  = NULL;
    skc_status status = parse_description(file, &json, err);

    if (status != SKC_OK)
        return status;
    status = read_description(json, file, &model, err);
    if (status == SKC_OK)
        status = read_tensors(json, file, compact, model, err);
    skc__json_free(json);
    if (status == SKC_OK) {
        model->precision = precision_of(file);
        *out             = model;
    } else {
        skc_model_free(model);
    }
    return status;
}

skc_status skc_model_load_memory(const void *bytes, size_t size, const char *name,
                                 const skc_runtime *runtime, skc_model **out, skc_error *err)
{
    skc_allocator   allocator = skc__allocator(runtime);
    skc_safetensors file;
    skc_model      *model  = NULL;
    skc_status      status = skc__safetensors_parse(bytes, size, name, &allocator, &file, err);

    if (status != SKC_OK)
        return status;
    status = read_model(&file, runtime != NULL && runtime->compact, &model, err);
    skc__safetensors_free(&file);
    if (status != SKC_OK)
        return status;
    skc_sha256(bytes, size, model->sha256);
    *out = model;
    return SKC_OK;
}

skc_status skc_model_load(const char *path, const skc_runtime *runtime, skc_model **out,
                          skc_error *err)
{
    skc_allocator  allocator = skc__allocator(runtime);
    unsigned char *bytes;
    size_t         size;
    skc_status     status = skc__file_read(path, MAX_MODEL_BYTES, &allocator, &bytes, &size, err);

    if (status != SKC_OK)
        return status;
    status = skc_model_load_memory(bytes, size, path, runtime, out, err);
    skc__release(&allocator, bytes);
    return status;
}
