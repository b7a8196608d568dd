/* quantised_file.c - what a quantised model's file has besides (docs/model-format.md): weights of
 * I8 with a scale for each channel, and the scales of the activations. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"

static const char scale_suffix[] = "_scale"; /* "conv1.weight_scale" */

skc_status skc__refuse_quantised(const skc_model *model, const char *what, skc_error *err)
{
    if (!model->is_quantised)
        return SKC_OK;
    return skc__fail(err, SKC_EUNSUPPORTED,
                     "a quantised model cannot be %s; take the model that it was made from", what);
}

/* ---------------------------------------------------------------- room */

static skc_status check_folded(const skc_model *model, const char *where, skc_error *err)
{
    if (model->folded.graph.param_count == model->graph.param_count)
        return SKC_OK;
    return skc__fail(err, SKC_EFORMAT,
                     "%s: architecture %s is no quantised model's: it has batchnorm layers that "
                     "belong into the layer before",
                     where, model->graph.name);
}

static size_t quantisation_bytes(const skc_graph *graph)
{
    size_t bytes = skc__arena_piece((size_t)(graph->node_count + 1) * sizeof(skc_int8_scale)) +
                   skc__arena_piece((size_t)(graph->param_count + 1) * sizeof(float *));

    for (int32_t p = 0; p < graph->param_count; p++)
        bytes += skc__arena_piece(skc__scaling(graph, p).channels * sizeof(float));
    return bytes;
}

skc_status skc__quantisation_create(skc_model *model, const char *where, skc_error *err)
{
    const skc_graph  *graph  = &model->folded.graph;
    skc_quantisation *q      = &model->quantisation;
    skc_arena        *arena  = &model->quantisation_arena;
    skc_status        status = skc__model_fold(model, err);

    if (status == SKC_OK)
        status = check_folded(model, where, err);
    if (status == SKC_OK)
        status = skc__arena_create(&model->allocator, quantisation_bytes(graph), arena, err);
    if (status != SKC_OK)
        return status;
    model->is_quantised = true;
    q->tensor = skc__arena_take(arena, (size_t)(graph->node_count + 1) * sizeof *q->tensor);
    q->weight_scale =
        skc__arena_take(arena, (size_t)(graph->param_count + 1) * sizeof *q->weight_scale);
    for (int32_t p = 0; p < graph->param_count; p++) {
        const size_t channels = skc__scaling(graph, p).channels;

        if (channels > 0)
            q->weight_scale[p] = skc__arena_take(arena, channels * sizeof(float));
    }
    return SKC_OK;
}

/* ---------------------------------------------------------------- writing */

static const char *tensor_name(const skc_graph *graph, int32_t t)
{
    return t == 0 ? "input" : graph->nodes[t - 1].name;
}

static skc_json *describe_scale(skc_int8_scale scale)
{
    skc_json *pair = skc__json_array();
    bool      ok   = skc__json_append(pair, skc__json_number((double)scale.scale));

    if (skc__json_append(pair, skc__json_integer(scale.zero)) && ok)
        return pair;
    skc__json_free(pair);
    return NULL;
}

skc_json *skc__quantisation_describe(const skc_model *model)
{
    const skc_graph *graph = &model->folded.graph;
    skc_json        *json = skc__json_object(), *activations = skc__json_object();
    bool             ok = true;

    for (int32_t t = 0; t < graph->node_count; t++)
        if (skc__has_scale(graph, t))
            ok = skc__json_set(activations, tensor_name(graph, t),
                               describe_scale(model->quantisation.tensor[t])) &&
                 ok;
    ok = skc__json_set(json, "activations", activations) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

/* What is written: entries, the names and extents of the scales, all weights as bytes. */
typedef struct contents {
    skc_arena     arena;
    skc_to_store *entries;
    int32_t       count;
} contents;

static size_t contents_bytes(const skc_model *model)
{
    size_t bytes =
        skc__arena_piece(2 * (size_t)(model->graph.param_count + 1) * sizeof(skc_to_store));

    for (int32_t p = 0; p < model->graph.param_count; p++)
        bytes += skc__arena_piece(strlen(model->param_name[p]) + sizeof scale_suffix) +
                 skc__arena_piece(sizeof(int32_t)) +
                 skc__arena_piece(skc__param_count(skc__graph_param(&model->graph, p, NULL)));
    return bytes;
}

static const int8_t *weight_bytes(const skc_model *model, int32_t p, skc_arena *arena)
{
    const skc_scaling s     = skc__scaling(&model->folded.graph, p);
    const float      *scale = model->quantisation.weight_scale[p];
    int8_t           *bytes = skc__arena_take(arena, s.count);

    for (size_t i = 0; i < s.count; i++)
        bytes[i] = skc__int8_weight(model->param[p][i], scale[skc__scaled_channel(s, i)]);
    return bytes;
}

static void add_param(const skc_model *model, int32_t p, contents *c)
{
    const skc_param_spec *spec     = skc__graph_param(&model->graph, p, NULL);
    const char           *name     = model->param_name[p];
    const size_t          channels = skc__scaling(&model->folded.graph, p).channels;
    skc_to_store          entry    = { "", name, spec->rank, spec->extent, model->param[p], NULL };
    char                 *scale_name;
    int32_t              *extent;

    if (channels > 0)
        entry.bytes = weight_bytes(model, p, &c->arena);
    c->entries[c->count++] = entry;
    if (channels == 0)
        return;
    scale_name = skc__arena_take(&c->arena, strlen(name) + sizeof scale_suffix);
    extent     = skc__arena_take(&c->arena, sizeof *extent);
    snprintf(scale_name, strlen(name) + sizeof scale_suffix, "%s%s", name, scale_suffix);
    *extent = (int32_t)channels;
    c->entries[c->count++] =
        (skc_to_store){ "", scale_name, 1, extent, model->quantisation.weight_scale[p], NULL };
}

skc_status skc__quantisation_write(const skc_model *model, const char *path,
                                   const skc_json *metadata, skc_error *err)
{
    contents   c      = { .count = 0 };
    skc_status status = skc__arena_create(&model->allocator, contents_bytes(model), &c.arena, err);

    if (status != SKC_OK)
        return status;
    c.entries =
        skc__arena_take(&c.arena, 2 * (size_t)(model->graph.param_count + 1) * sizeof *c.entries);
    for (int32_t p = 0; p < model->graph.param_count; p++)
        add_param(model, p, &c);
    status =
        skc__safetensors_write(path, c.entries, c.count, SKC_F32, metadata, &model->allocator, err);
    skc__arena_free(&c.arena);
    return status;
}

/* ---------------------------------------------------------------- reading */

static skc_status malformed(const char *name, const char *tensor, skc_error *err)
{
    return skc__fail(err, SKC_EFORMAT,
                     "%s: quantisation: the scale of \"%.63s\" must be [scale, zero], a scale of "
                     "%g..%g and a zero of 0..255",
                     name, tensor, (double)SKC_INT8_LEAST, (double)SKC_INT8_MOST);
}

static bool scale_is_valid(double scale)
{
    return scale >= (double)SKC_INT8_LEAST && scale <= (double)SKC_INT8_MOST;
}

static skc_status read_activation(const skc_json *json, const char *name, const char *tensor,
                                  skc_int8_scale *out, skc_error *err)
{
    const skc_json *zero  = skc__json_at(json, 1);
    const double    scale = skc__json_as_number(skc__json_at(json, 0));

    if (!skc__json_is_array(json) || skc__json_size(json) != 2 || !scale_is_valid(scale) ||
        !skc__json_is_integer(zero) || skc__json_as_integer(zero) < 0 ||
        skc__json_as_integer(zero) > 255)
        return malformed(name, tensor, err);
    *out = (skc_int8_scale){ (float)scale, (int32_t)skc__json_as_integer(zero) };
    return SKC_OK;
}

static skc_status read_activations(const skc_model *model, const skc_json *json, const char *name,
                                   skc_error *err)
{
    const skc_graph *graph       = &model->folded.graph;
    const skc_json  *activations = skc__json_get(json, "activations");
    size_t           wanted      = 0;
    skc_status       status      = SKC_OK;

    for (int32_t t = 0; t < graph->node_count && status == SKC_OK; t++) {
        const char *tensor = tensor_name(graph, t);

        if (!skc__has_scale(graph, t))
            continue;
        wanted++;
        status = read_activation(skc__json_get(activations, tensor), name, tensor,
                                 &model->quantisation.tensor[t], err);
    }
    if (status == SKC_OK && skc__json_size(activations) != wanted)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: quantisation: scales of %zu tensors; the architecture has %zu", name,
                         skc__json_size(activations), wanted);
    return status;
}

static const skc_stored *find_scale(const skc_model *model, const skc_safetensors *file, int32_t p)
{
    char name[256];

    snprintf(name, sizeof name, "%s%s", model->param_name[p], scale_suffix);
    return skc__safetensors_find(file, name);
}

static skc_status read_weight_scale(const skc_model *model, const skc_safetensors *file, int32_t p,
                                    skc_error *err)
{
    const size_t      channels = skc__scaling(&model->folded.graph, p).channels;
    float            *scale    = model->quantisation.weight_scale[p];
    const skc_stored *tensor   = find_scale(model, file, p);
    skc_status        status;

    if (tensor == NULL || tensor->rank != 1 || tensor->count != channels)
        return skc__fail(err, SKC_EMISMATCH, "%s: tensor %s%s of %zu numbers is missing",
                         file->name, model->param_name[p], scale_suffix, channels);
    status = skc__safetensors_read(file, tensor, scale, err);
    for (size_t c = 0; c < channels && status == SKC_OK; c++)
        if (!scale_is_valid((double)scale[c]))
            status = skc__fail(err, SKC_EFORMAT,
                               "%s: tensor %.80s: element %zu is %g; %g..%g is allowed", file->name,
                               tensor->name, c, (double)scale[c], (double)SKC_INT8_LEAST,
                               (double)SKC_INT8_MOST);
    return status;
}

static skc_status read_weight(const skc_model *model, const skc_safetensors *file, int32_t p,
                              int8_t *bytes, skc_error *err)
{
    const skc_scaling s      = skc__scaling(&model->folded.graph, p);
    const float      *scale  = model->quantisation.weight_scale[p];
    const skc_stored *tensor = skc__safetensors_find(file, model->param_name[p]);
    skc_status        status = skc__model_check_shape(model, p, file, tensor, err);

    if (status == SKC_OK)
        status = skc__safetensors_read_bytes(file, tensor, bytes, err);
    for (size_t i = 0; status == SKC_OK && i < s.count; i++)
        model->param[p][i] = (float)bytes[i] * scale[skc__scaled_channel(s, i)];
    return status;
}

static skc_status read_weights(const skc_model *model, const skc_safetensors *file, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t p = 0; p < model->graph.param_count && status == SKC_OK; p++) {
        const size_t count = skc__param_count(skc__graph_param(&model->graph, p, NULL));
        int8_t      *bytes;

        if (skc__scaling(&model->folded.graph, p).channels == 0)
            continue;
        bytes = skc__allocate(&model->allocator, count, err);
        if (bytes == NULL)
            return SKC_ENOMEM;
        status = read_weight_scale(model, file, p, err);
        if (status == SKC_OK)
            status = read_weight(model, file, p, bytes, err);
        skc__release(&model->allocator, bytes);
    }
    return status;
}

/* The parameters that stay in floats, and that there is nothing else. */
static skc_status read_rest(const skc_model *model, const skc_safetensors *file, skc_error *err)
{
    const size_t bytes = (size_t)(model->graph.param_count + 1) * sizeof(float *);
    int32_t      known = model->graph.param_count;
    float      **param = skc__allocate_zeroed(&model->allocator, bytes, err);
    skc_status   status;

    if (param == NULL)
        return SKC_ENOMEM;
    for (int32_t p = 0; p < model->graph.param_count; p++)
        if (skc__scaling(&model->folded.graph, p).channels > 0)
            known++;
        else
            param[p] = model->param[p];
    status = skc__model_read_params(model, file, "", param, false, err);
    skc__release(&model->allocator, param);
    if (status == SKC_OK && file->count != known)
        return skc__fail(err, SKC_EMISMATCH, "%s: %d tensors; quantised architecture %s has %d",
                         file->name, file->count, model->graph.name, known);
    return status;
}

skc_status skc__quantisation_read(skc_model *model, const skc_json *json,
                                  const skc_safetensors *file, skc_error *err)
{
    skc_status status = skc__quantisation_create(model, file->name, err);

    if (status == SKC_OK)
        status = read_activations(model, json, file->name, err);
    if (status == SKC_OK)
        status = read_weights(model, file, err);
    return status == SKC_OK ? read_rest(model, file, err) : status;
}
