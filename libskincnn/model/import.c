/* import.c - parameters from a foreign safetensors file, through a name map (docs/model-format.md).
 *
 * A rule says where the parameters come from whose names fit its pattern "to": from a tensor whose
 * name is "from" with the same parts put in, or from a constant. {x} in a pattern stands for one or
 * more letters, digits or '_', as few as will do. The first rule that fits a name counts. */
#include <math.h>
#include <string.h>

#include "model/model.h"

enum { MAX_MAP_BYTES = 1 << 20, MAX_WEIGHT_BYTES = 1 << 30, MAX_CAPTURES = 4, MAX_PATTERN = 200 };

typedef struct capture {
    const char *key, *text; /* {key}, and what it stands for */
    size_t      key_size, text_size;
} capture;

typedef struct captures {
    capture list[MAX_CAPTURES];
    int32_t count;
} captures;

typedef struct importing {
    skc_model             *model;
    const skc_safetensors *file;
    const skc_json        *rules;
    const char            *map; /* path, for messages */
    bool                   oihw;
    bool                  *used; /* by tensor of the file */
    skc_error             *err;
} importing;

/* ---------------------------------------------------------------- patterns */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool matches(const char *pattern, const char *name, captures *found)
{
    const char *end;
    capture    *c;

    while (*pattern != '\0' && *pattern != '{' && *pattern == *name)
        pattern++, name++;
    if (*pattern != '{')
        return *pattern == '\0' && *name == '\0';
    end = strchr(pattern, '}');
    if (end == NULL || found->count == MAX_CAPTURES)
        return false;
    c           = &found->list[found->count++];
    c->key      = pattern + 1;
    c->key_size = (size_t)(end - pattern - 1);
    c->text     = name;
    for (c->text_size = 1; is_word(name[c->text_size - 1]); c->text_size++)
        if (matches(end + 1, name + c->text_size, found))
            return true;
    found->count--;
    return false;
}

static const capture *find_capture(const captures *found, const char *key, size_t size)
{
    for (int32_t i = 0; i < found->count; i++)
        if (found->list[i].key_size == size && memcmp(found->list[i].key, key, size) == 0)
            return &found->list[i];
    return NULL;
}

/* Puts the captured parts into a pattern; false: too long, or a part that was not captured. */
static bool substitute(const char *pattern, const captures *found, char out[MAX_PATTERN])
{
    size_t used = 0;

    while (*pattern != '\0') {
        const char    *piece = pattern, *end = *pattern == '{' ? strchr(pattern, '}') : NULL;
        size_t         size = 1;
        const capture *c;

        if (end != NULL) {
            c = find_capture(found, pattern + 1, (size_t)(end - pattern - 1));
            if (c == NULL)
                return false;
            piece   = c->text;
            size    = c->text_size;
            pattern = end;
        }
        if (used + size >= MAX_PATTERN)
            return false;
        memcpy(out + used, piece, size);
        used += size;
        pattern++;
    }
    out[used] = '\0';
    return true;
}

/* ---------------------------------------------------------------- one parameter */

/* The axes of a stored (output, input, rows, columns) kernel in the order of ours: convolution
 * (output, rows, columns, input), depthwise (1, rows, columns, output). */
static void choose_axes(const importing *im, const skc_param_spec *spec, const skc_stored *tensor,
                        int32_t axes[4])
{
    static const int32_t plain[4] = { 0, 1, 2, 3 }, convolution[4] = { 0, 2, 3, 1 },
                         depthwise[4] = { 1, 2, 3, 0 };
    bool permute                      = im->oihw && spec->rank == 4 && tensor->rank == 4;
    bool is_depth                     = permute && spec->extent[0] == 1 && tensor->extent[1] == 1 &&
                    tensor->extent[0] == spec->extent[3];

    memcpy(axes, !permute ? plain : is_depth ? depthwise : convolution, sizeof plain);
}

static skc_status check_shape(const importing *im, const char *name, const skc_param_spec *spec,
                              const skc_stored *tensor, const int32_t axes[4])
{
    bool    same = spec->rank == tensor->rank;
    int64_t wanted[4];
    char    wanted_text[128], found_text[128];

    for (int32_t i = 0; i < spec->rank; i++) {
        wanted[i] = spec->extent[i];
        same      = same && tensor->extent[axes[i]] == spec->extent[i];
    }
    if (same)
        return SKC_OK;
    return skc__fail(im->err, SKC_EMISMATCH,
                     "%s: tensor %.80s has shape %s, which does not fit %s of %s", im->file->name,
                     tensor->name, skc__shape_text(found_text, tensor->rank, tensor->extent), name,
                     skc__shape_text(wanted_text, spec->rank, wanted));
}

/* out[i0][i1][i2][i3] = in at the permuted place. */
static void permute(const skc_param_spec *spec, const skc_stored *tensor, const int32_t axes[4],
                    const float *in, float *out)
{
    size_t stride[4] = { 0, 0, 0, 0 }, step = 1;

    for (int32_t i = 3; i >= 0; i--) {
        stride[i] = step;
        step *= (size_t)tensor->extent[i];
    }
    for (int32_t a = 0; a < spec->extent[0]; a++)
        for (int32_t b = 0; b < spec->extent[1]; b++)
            for (int32_t c = 0; c < spec->extent[2]; c++)
                for (int32_t d = 0; d < spec->extent[3]; d++)
                    *out++ = in[(size_t)a * stride[axes[0]] + (size_t)b * stride[axes[1]] +
                                (size_t)c * stride[axes[2]] + (size_t)d * stride[axes[3]]];
}

static skc_status copy_tensor(const importing *im, int32_t p, const skc_stored *tensor)
{
    const skc_param_spec *spec = skc__graph_param(&im->model->graph, p, NULL);
    int32_t               axes[4];
    float                *values;
    skc_status            status;

    choose_axes(im, spec, tensor, axes);
    status = check_shape(im, im->model->param_name[p], spec, tensor, axes);
    if (status != SKC_OK)
        return status;
    values = skc__allocate(&im->model->allocator, tensor->count * sizeof(float), im->err);
    if (values == NULL)
        return SKC_ENOMEM;
    status = skc__safetensors_read(im->file, tensor, values, im->err);
    if (status == SKC_OK && spec->rank == 4)
        permute(spec, tensor, axes, values, im->model->param[p]);
    else if (status == SKC_OK)
        memcpy(im->model->param[p], values, tensor->count * sizeof(float));
    skc__release(&im->model->allocator, values);
    return status;
}

static skc_status fill_constant(const importing *im, int32_t p, const skc_json *constant)
{
    const skc_param_spec *spec  = skc__graph_param(&im->model->graph, p, NULL);
    float                 value = (float)skc__json_as_number(constant);

    if (!isfinite(value))
        return skc__fail(im->err, SKC_EFORMAT, "%s: the constant of %s is not a number", im->map,
                         im->model->param_name[p]);
    for (size_t i = 0; i < skc__param_count(spec); i++)
        im->model->param[p][i] = value;
    return SKC_OK;
}

static skc_status apply_rule(const importing *im, int32_t p, const skc_json *rule,
                             const captures *found)
{
    const skc_json   *constant = skc__json_get(rule, "constant");
    const char       *from     = skc__json_as_string(skc__json_get(rule, "from"));
    const char       *name     = im->model->param_name[p];
    const skc_stored *tensor;
    char              source[MAX_PATTERN];

    if (constant != NULL)
        return fill_constant(im, p, constant);
    if (from == NULL || !substitute(from, found, source))
        return skc__fail(im->err, SKC_EFORMAT,
                         "%s: the rule for %s needs \"from\", of parts that \"to\" names, or "
                         "\"constant\"",
                         im->map, name);
    tensor = skc__safetensors_find(im->file, source);
    if (tensor == NULL)
        return skc__fail(im->err, SKC_EMISMATCH, "%s: tensor %s, wanted for %s, is missing",
                         im->file->name, source, name);
    im->used[tensor - im->file->tensors] = true;
    return copy_tensor(im, p, tensor);
}

/* ---------------------------------------------------------------- all of them */

static skc_status import_param(const importing *im, int32_t p)
{
    const char *name = im->model->param_name[p];

    for (size_t r = 0; r < skc__json_size(im->rules); r++) {
        const skc_json *rule  = skc__json_at(im->rules, r);
        const char     *to    = skc__json_as_string(skc__json_get(rule, "to"));
        captures        found = { .count = 0 };

        if (to != NULL && matches(to, name, &found))
            return apply_rule(im, p, rule, &found);
    }
    return skc__fail(im->err, SKC_EMISMATCH, "%s: no rule says where %s comes from", im->map, name);
}

static skc_status import_all(const importing *im)
{
    skc_status status = SKC_OK;

    for (int32_t p = 0; p < im->model->graph.param_count && status == SKC_OK; p++)
        status = import_param(im, p);
    for (int32_t t = 0; t < im->file->count && status == SKC_OK; t++)
        if (!im->used[t])
            status = skc__fail(im->err, SKC_EMISMATCH, "%s: tensor %.80s is not used by %s",
                               im->file->name, im->file->tensors[t].name, im->map);
    return status;
}

static skc_status check_map(importing *im, const skc_json *map)
{
    const char *layout = skc__json_as_string(skc__json_get(map, "layout"));

    im->rules = skc__json_get(map, "rules");
    if (layout == NULL || (strcmp(layout, "oihw") != 0 && strcmp(layout, "ohwi") != 0))
        return skc__fail(im->err, SKC_EFORMAT, "%s: \"layout\" must be \"oihw\" or \"ohwi\"",
                         im->map);
    if (!skc__json_is_array(im->rules))
        return skc__fail(im->err, SKC_EFORMAT, "%s: \"rules\" must be an array", im->map);
    im->oihw = strcmp(layout, "oihw") == 0;
    return SKC_OK;
}

static skc_status import_mapped(skc_model *model, const skc_safetensors *file, const skc_json *map,
                                const char *map_path, skc_error *err)
{
    importing  im     = { .model = model, .file = file, .map = map_path, .err = err };
    skc_status status = check_map(&im, map);

    if (status != SKC_OK)
        return status;
    im.used = skc__allocate_zeroed(&model->allocator, (size_t)file->count + 1, err);
    if (im.used == NULL)
        return SKC_ENOMEM;
    status = import_all(&im);
    skc__release(&model->allocator, im.used);
    return status;
}

static skc_status read_map(skc_model *model, const char *path, skc_json **out, skc_error *err)
{
    unsigned char *text;
    size_t         size;
    skc_status status = skc__file_read(path, MAX_MAP_BYTES, &model->allocator, &text, &size, err);

    if (status != SKC_OK)
        return status;
    status = skc__json_parse((const char *)text, size, path, out, err);
    skc__release(&model->allocator, text);
    return status;
}

skc_status skc_model_import(skc_model *model, const char *weights_path, const char *map_path,
                            skc_error *err)
{
    unsigned char  *bytes;
    size_t          size;
    skc_safetensors file;
    skc_json       *map;
    skc_status      status = skc__refuse_quantised(model, "filled", err);

    if (status == SKC_OK)
        status = skc__refuse_compact(model, err);
    if (status == SKC_OK)
        status = read_map(model, map_path, &map, err);
    if (status != SKC_OK)
        return status;
    skc__model_changed(model);
    status = skc__file_read(weights_path, MAX_WEIGHT_BYTES, &model->allocator, &bytes, &size, err);
    if (status == SKC_OK) {
        status = skc__safetensors_parse(bytes, size, weights_path, &model->allocator, &file, err);
        if (status == SKC_OK) {
            status = import_mapped(model, &file, map, map_path, err);
            skc__safetensors_free(&file);
        }
        skc__release(&model->allocator, bytes);
    }
    skc__json_free(map);
    return status;
}
