/* model.c - models: made and changed. */
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "core/utf8.h"
#include "graph/net.h"

enum { MAX_LABELS = 10000, MAX_PARAM_NAME = SKC_MAX_NAME + 32 };

void skc_model_options_init(skc_model_options *options)
{
    memset(options, 0, sizeof *options);
    options->struct_size  = sizeof *options;
    options->width_factor = 1;
    options->dropout      = -1;
    options->seed         = 1;
}

/* ---------------------------------------------------------------- building */

/* 1..100 bytes of UTF-8: what a file can hold. */
static bool is_name(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;

    return length > 0 && length <= 100 && *skc__utf8_check(text, text + length) == '\0';
}

static skc_status check_labels(const skc_model_parts *parts, skc_error *err)
{
    if (!is_name(parts->task))
        return skc__fail(err, SKC_EINVAL, "%s: the task needs a name of 1..100 bytes of UTF-8",
                         parts->where);
    if (parts->label_count < 2 || parts->label_count > MAX_LABELS || parts->labels == NULL)
        return skc__fail(err, SKC_EINVAL, "%s: %d labels; 2..%d are allowed", parts->where,
                         parts->label_count, (int)MAX_LABELS);
    for (int32_t i = 0; i < parts->label_count; i++) {
        const char *label = parts->labels[i];

        if (!is_name(label))
            return skc__fail(err, SKC_EINVAL, "%s: label %d needs 1..100 bytes of UTF-8",
                             parts->where, i);
        for (int32_t k = 0; k < i; k++)
            if (strcmp(label, parts->labels[k]) == 0)
                return skc__fail(err, SKC_EINVAL, "%s: label %.60s is there twice", parts->where,
                                 label);
    }
    return SKC_OK;
}

static skc_status check_output(const skc_model_parts *parts, const skc_graph *graph, skc_error *err)
{
    skc_shape out = skc__graph_shape(graph, graph->node_count, 1);

    if (out.h == 1 && out.w == 1 && out.c == parts->label_count)
        return SKC_OK;
    return skc__fail(err, SKC_EMISMATCH,
                     "%s: architecture %s gives %d x %d x %d scores for %d labels", parts->where,
                     graph->name, out.h, out.w, out.c, parts->label_count);
}

/* A file of a few bytes must not make us allocate what its architecture would need. */
static skc_status check_size(const skc_model_parts *parts, const skc_graph *graph, skc_error *err)
{
    size_t elements = 0;

    for (int32_t p = 0; p < graph->param_count; p++)
        elements += skc__param_count(skc__graph_param(graph, p, NULL));
    if (parts->most_elements == 0 || elements <= parts->most_elements)
        return SKC_OK;
    return skc__fail(err, SKC_EMISMATCH,
                     "%s: architecture %s has parameters of %zu numbers, more than the file",
                     parts->where, graph->name, elements);
}

/* Everything that the model owns lives in one arena; this is its size. */
static size_t arena_bytes(const skc_model_parts *parts, const skc_graph *graph)
{
    size_t params = (size_t)graph->param_count;
    size_t bytes  = 2 * skc__arena_piece((params + 1) * sizeof(void *)) +
                   params * skc__arena_piece(MAX_PARAM_NAME) +
                   skc__arena_piece(strlen(parts->task) + 1) +
                   skc__arena_piece((size_t)parts->label_count * sizeof(char *)) +
                   skc__arena_piece((size_t)parts->label_count * sizeof(float)) +
                   skc__arena_piece((size_t)parts->label_count * sizeof(bool));

    for (int32_t i = 0; i < parts->label_count; i++)
        bytes += skc__arena_piece(strlen(parts->labels[i]) + 1);
    for (int32_t p = 0; p < graph->param_count; p++)
        bytes +=
            skc__arena_piece(skc__param_count(skc__graph_param(graph, p, NULL)) * sizeof(float));
    return bytes;
}

static char *keep_text(skc_arena *arena, const char *text)
{
    char *copy = skc__arena_take(arena, strlen(text) + 1);

    memcpy(copy, text, strlen(text) + 1);
    return copy;
}

static void take_pieces(skc_model *model, const skc_model_parts *parts)
{
    skc_graph *graph = &model->graph;
    skc_arena *arena = &model->arena;

    model->label_count   = parts->label_count;
    model->task          = keep_text(arena, parts->task);
    model->labels        = skc__arena_take(arena, (size_t)parts->label_count * sizeof(char *));
    model->class_weights = skc__arena_take(arena, (size_t)parts->label_count * sizeof(float));
    model->malignant     = skc__arena_take(arena, (size_t)parts->label_count * sizeof(bool));
    model->param      = skc__arena_take(arena, (size_t)(graph->param_count + 1) * sizeof(void *));
    model->param_name = skc__arena_take(arena, (size_t)(graph->param_count + 1) * sizeof(void *));
    for (int32_t i = 0; i < parts->label_count; i++) {
        model->labels[i]        = keep_text(arena, parts->labels[i]);
        model->class_weights[i] = 1;
    }
    for (int32_t p = 0; p < graph->param_count; p++) {
        int32_t               node;
        const skc_param_spec *spec = skc__graph_param(graph, p, &node);
        char                 *name = skc__arena_take(arena, MAX_PARAM_NAME);

        snprintf(name, MAX_PARAM_NAME, "%s.%s", graph->nodes[node].name, spec->name);
        model->param_name[p] = name;
        model->param[p]      = skc__arena_take(arena, skc__param_count(spec) * sizeof(float));
    }
}

static skc_status fill_model(const skc_model_parts *parts, skc_model *model, skc_error *err)
{
    /* the means and deviations of ImageNet, which most pretrained nets expect */
    static const skc_preprocessing usual = {
        .fit       = SKC_FIT_CENTRE,
        .mean      = { 123.675f, 116.28f, 103.53f },
        .deviation = { 58.395f, 57.12f, 57.375f },
    };
    skc_status status = skc__graph_parse(parts->architecture, parts->architecture_size,
                                         parts->where, &model->allocator, &model->graph, err);

    if (status == SKC_OK)
        status = check_output(parts, &model->graph, err);
    if (status == SKC_OK)
        status = check_size(parts, &model->graph, err);
    if (status == SKC_OK)
        status = skc__arena_create(&model->allocator, arena_bytes(parts, &model->graph),
                                   &model->arena, err);
    if (status != SKC_OK)
        return status;
    take_pieces(model, parts);
    model->preprocessing        = usual;
    model->preprocessing.height = model->graph.input.h;
    model->preprocessing.width  = model->graph.input.w;
    model->temperature          = 1;
    model->threshold            = 0.5f;
    model->views                = 1;
    model->architecture =
        skc__allocate_zeroed(&model->allocator, parts->architecture_size + 1, err);
    model->provenance = skc__copy_text(&model->allocator, "{}", err);
    if (model->architecture == NULL || model->provenance == NULL)
        return SKC_ENOMEM;
    memcpy(model->architecture, parts->architecture, parts->architecture_size);
    return SKC_OK;
}

skc_status skc__model_build(const skc_model_parts *parts, const skc_allocator *allocator,
                            skc_model **out, skc_error *err)
{
    skc_model *model;
    skc_status status = check_labels(parts, err);

    if (status != SKC_OK)
        return status;
    model = skc__allocate_zeroed(allocator, sizeof *model, err);
    if (model == NULL)
        return SKC_ENOMEM;
    model->allocator = *allocator;
    status           = fill_model(parts, model, err);
    if (status == SKC_OK)
        *out = model;
    else
        skc_model_free(model);
    return status;
}

void skc_model_free(skc_model *model)
{
    skc_allocator allocator;

    if (model == NULL)
        return;
    allocator = model->allocator;
    skc__model_changed(model);
    if (model->is_quantised)
        skc__arena_free(&model->quantisation_arena);
    skc__graph_free(&model->graph);
    skc__arena_free(&model->arena);
    skc__release(&allocator, model->architecture);
    skc__release(&allocator, model->provenance);
    skc__release(&allocator, model);
}

/* He et al., ICCV 2015: normal with variance 2 / fan_in; a stream for every tensor. */
static void initialise(skc_model *model, uint64_t seed)
{
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec      = skc__graph_param(&model->graph, p, NULL);
        skc_random            random    = skc__random_stream(seed, 0x70617261u, (uint64_t)p);
        float                 deviation = spec->fan_in > 0 ? sqrtf(2.0f / (float)spec->fan_in) : 0;

        for (size_t i = 0; i < skc__param_count(spec); i++)
            model->param[p][i] =
                deviation > 0 ? deviation * skc__random_normal(&random) : spec->initial;
    }
}

/* An architecture text with another input size, for those extents that are not 0. */
static skc_status resize_text(const char *text, int32_t height, int32_t width,
                              const skc_allocator *allocator, char **out, skc_error *err)
{
    skc_json  *json, *input;
    skc_status status = skc__json_parse(text, strlen(text), "architecture", &json, err);
    bool       ok     = true;

    if (status != SKC_OK)
        return status;
    input = skc__json_copy(skc__json_get(json, "input"));
    if (input == NULL)
        input = skc__json_object();
    if (height != 0)
        ok = skc__json_set(input, "height", skc__json_integer(height));
    if (width != 0)
        ok = skc__json_set(input, "width", skc__json_integer(width)) && ok;
    ok   = skc__json_set(json, "input", input) && ok;
    *out = ok ? skc__json_text(json, false, allocator, err) : NULL;
    skc__json_free(json);
    if (ok)
        return *out != NULL ? SKC_OK : SKC_ENOMEM;
    return skc__fail(err, SKC_EFORMAT, "architecture: its input is no JSON object");
}

/* The text of the architecture that the options name or give, in *text; to be released. */
static skc_status architecture_text(const skc_model_options *options,
                                    const skc_allocator *allocator, char **text, skc_error *err)
{
    const skc_net_options net = { options->height, options->width, options->label_count,
                                  options->width_factor, options->dropout };

    if (options->architecture == NULL)
        return skc__fail(err, SKC_EINVAL, "no architecture is given");
    if (options->architecture[0] != '{')
        return skc__net_text(options->architecture, &net, allocator, text, err);
    if (options->height != 0 || options->width != 0)
        return resize_text(options->architecture, options->height, options->width, allocator, text,
                           err);
    *text = skc__copy_text(allocator, options->architecture, err);
    return *text != NULL ? SKC_OK : SKC_ENOMEM;
}

skc_status skc_model_create(const skc_model_options *options, const skc_runtime *runtime,
                            skc_model **out, skc_error *err)
{
    skc_allocator   allocator = skc__allocator(runtime);
    skc_model_parts parts     = { .where       = "architecture",
                                  .task        = options->task,
                                  .labels      = options->labels,
                                  .label_count = options->label_count };
    char           *text;
    skc_model      *model;
    skc_status      status = architecture_text(options, &allocator, &text, err);

    if (status != SKC_OK)
        return status;
    parts.architecture      = text;
    parts.architecture_size = strlen(text);
    status                  = skc__model_build(&parts, &allocator, &model, err);
    skc__release(&allocator, text);
    if (status != SKC_OK)
        return status;
    initialise(model, options->seed);
    *out = model;
    return SKC_OK;
}

/* ---------------------------------------------------------------- changing */

void skc__model_changed(skc_model *model)
{
    if (model->has_folded)
        skc__folded_free(&model->folded);
    model->has_folded  = false;
    model->point_count = 0;
    model->sha256[0]   = '\0';
}

skc_status skc__refuse_compact(const skc_model *model, skc_error *err)
{
    return model->compact
               ? skc__fail(err, SKC_EUNSUPPORTED,
                           "a model loaded compact can only predict; its parameters are gone")
               : SKC_OK;
}

skc_status skc__model_fold(skc_model *model, skc_error *err)
{
    skc_status status = skc__fold(&model->graph, (const float *const *)model->param, model->compact,
                                  &model->allocator, &model->folded, err);

    model->has_folded = status == SKC_OK;
    return status;
}

int32_t skc__model_find_param(const skc_model *model, const char *name)
{
    for (int32_t p = 0; p < model->graph.param_count; p++)
        if (strcmp(model->param_name[p], name) == 0)
            return p;
    return -1;
}

static bool same_extents(const skc_param_spec *a, const skc_param_spec *b)
{
    return a->rank == b->rank &&
           memcmp(a->extent, b->extent, (size_t)a->rank * sizeof a->extent[0]) == 0;
}

skc_status skc_model_transfer(skc_model *model, const skc_model *source, int32_t *copied,
                              skc_error *err)
{
    int32_t    count  = 0;
    skc_status status = skc__refuse_quantised(model, "filled", err);

    if (status == SKC_OK)
        status = skc__refuse_compact(model, err);
    if (status == SKC_OK)
        status = skc__refuse_compact(source, err);
    if (status != SKC_OK)
        return status;
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec = skc__graph_param(&model->graph, p, NULL);
        int32_t               from = skc__model_find_param(source, model->param_name[p]);

        if (from < 0 || !same_extents(spec, skc__graph_param(&source->graph, from, NULL)))
            continue;
        memcpy(model->param[p], source->param[from], skc__param_count(spec) * sizeof(float));
        count++;
    }
    if (count == 0)
        return skc__fail(err, SKC_EMISMATCH,
                         "architectures %s and %s have no layer of the same name and shape",
                         model->graph.name, source->graph.name);
    skc__model_changed(model);
    *copied = count;
    return SKC_OK;
}

skc_status skc__preprocessing_check(const skc_preprocessing *p, const char *where, skc_error *err)
{
    for (int c = 0; c < 3; c++)
        if (!isfinite(p->mean[c]) || !(p->deviation[c] > 0) || !isfinite(p->deviation[c]))
            return skc__fail(
                err, SKC_EINVAL,
                "%s: preprocessing: channel %d: mean %g and deviation %g; the mean must "
                "be finite and the deviation over 0",
                where, c, (double)p->mean[c], (double)p->deviation[c]);
    if (p->fit != SKC_FIT_CENTRE && p->fit != SKC_FIT_SQUASH)
        return skc__fail(err, SKC_EINVAL, "%s: preprocessing: unknown fit %d", where, (int)p->fit);
    return SKC_OK;
}

skc_status skc_model_set_preprocessing(skc_model *model, const skc_preprocessing *preprocessing,
                                       skc_error *err)
{
    skc_status status = skc__preprocessing_check(preprocessing, "model", err);

    if (status != SKC_OK)
        return status;
    if (preprocessing->height != model->graph.input.h ||
        preprocessing->width != model->graph.input.w)
        return skc__fail(err, SKC_EMISMATCH, "preprocessing to %d x %d for a network of %d x %d",
                         preprocessing->height, preprocessing->width, model->graph.input.h,
                         model->graph.input.w);
    model->preprocessing = *preprocessing;
    model->sha256[0]     = '\0';
    return SKC_OK;
}

skc_status skc_model_set_decision(skc_model *model, const skc_decision *decision, skc_error *err)
{
    if (!(decision->temperature > 0) || !isfinite(decision->temperature))
        return skc__fail(err, SKC_EINVAL, "temperature %g; over 0 is allowed",
                         (double)decision->temperature);
    if (!(decision->threshold >= 0 && decision->threshold <= 1))
        return skc__fail(err, SKC_EINVAL, "threshold %g; 0..1 is allowed",
                         (double)decision->threshold);
    if (decision->views != 1 && decision->views != 8)
        return skc__fail(err, SKC_EINVAL, "%d views; 1 or 8 is allowed", decision->views);
    if (decision->views == 8 && model->graph.input.h != model->graph.input.w)
        return skc__fail(err, SKC_EINVAL, "8 views need a square input, not %d x %d",
                         model->graph.input.h, model->graph.input.w);
    for (int32_t i = 0; decision->class_weights != NULL && i < model->label_count; i++)
        if (!(decision->class_weights[i] > 0) || !isfinite(decision->class_weights[i]))
            return skc__fail(err, SKC_EINVAL, "class weight %g of %s; over 0 is allowed",
                             (double)decision->class_weights[i], model->labels[i]);
    if (decision->temperature != model->temperature || decision->views != model->views ||
        decision->threshold != model->threshold)
        model->point_count = 0;
    model->temperature = decision->temperature;
    model->threshold   = decision->threshold;
    model->views       = decision->views;
    for (int32_t i = 0; i < model->label_count; i++)
        model->class_weights[i] =
            decision->class_weights != NULL ? decision->class_weights[i] : 1.0f;
    model->sha256[0] = '\0';
    return SKC_OK;
}

skc_status skc_model_set_provenance(skc_model *model, const char *json, skc_error *err)
{
    skc_json  *parsed;
    char      *copy;
    skc_status status = skc__json_parse(json, strlen(json), "provenance", &parsed, err);

    if (status != SKC_OK)
        return status;
    if (skc__json_is_object(parsed))
        copy = skc__json_text(parsed, false, &model->allocator, err);
    else
        copy = NULL, status = skc__fail(err, SKC_EINVAL, "provenance must be a JSON object");
    skc__json_free(parsed);
    if (copy == NULL)
        return status != SKC_OK ? status : SKC_ENOMEM;
    skc__release(&model->allocator, model->provenance);
    model->provenance = copy;
    model->sha256[0]  = '\0';
    return SKC_OK;
}
