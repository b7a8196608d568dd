/* golden.h - what the golden tests share: the formula of formula.py, stored numbers, comparisons.
 * Tests run with the repository's root as working directory. */
#ifndef SKC_TESTS_GOLDEN_H
#define SKC_TESTS_GOLDEN_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/file.h"
#include "core/json.h"
#include "graph/workspace.h"
#include "model/model.h"

enum { GOLDEN_MAX_LABELS = 1001 };

/* Fails the test with the library's message. */
static inline void golden_ok(skc_status status, const skc_error *err)
{
    if (status != SKC_OK)
        fail_msg("%s", err->message);
}

/* ---------------------------------------------------------------- formula */

static inline uint64_t golden_start(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint64_t)*name) * 0x100000001b3u;
    return hash;
}

static inline uint64_t golden_word(uint64_t start, size_t i)
{
    uint64_t z = start + (i + 1) * 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline void golden_values(const char *name, size_t count, double middle, double reach,
                                 float *out)
{
    uint64_t start = golden_start(name);

    for (size_t i = 0; i < count; i++)
        out[i] = (float)(middle + reach * ((double)(golden_word(start, i) >> 40) * 0x1p-23 - 1));
}

static inline void golden_fill(skc_model *model)
{
    static const struct {
        const char *kind;
        double      middle, reach;
    } kinds[] = { { "bias", 0, 0.1 },
                  { "shift", 0, 0.1 },
                  { "mean", 0, 0.1 },
                  { "scale", 1, 0.25 },
                  { "variance", 1, 0.5 } };

    skc__model_changed(model);
    for (int32_t p = 0; p < model->graph.param_count; p++) {
        const skc_param_spec *spec   = skc__graph_param(&model->graph, p, NULL);
        double                middle = 0;
        double                reach  = spec->fan_in > 0 ? sqrt(6.0 / spec->fan_in) : 0;

        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
            if (strcmp(spec->name, kinds[k].kind) == 0)
                middle = kinds[k].middle, reach = kinds[k].reach;
        golden_values(model->param_name[p], skc__param_count(spec), middle, reach, model->param[p]);
    }
}

/* ---------------------------------------------------------------- stored numbers */

static inline skc_json *golden_load(const char *path)
{
    const skc_allocator allocator = skc__allocator(NULL);
    unsigned char      *bytes     = NULL;
    size_t              size      = 0;
    skc_json           *json      = NULL;
    skc_error           err;

    golden_ok(skc__file_read(path, 1 << 20, &allocator, &bytes, &size, &err), &err);
    golden_ok(skc__json_parse((const char *)bytes, size, path, &json, &err), &err);
    skc__release(&allocator, bytes);
    return json;
}

static inline double golden_number(const skc_json *object, const char *key)
{
    double value = skc__json_as_number(skc__json_get(object, key));

    if (isnan(value))
        fail_msg("no number %s", key);
    return value;
}

static inline int32_t golden_integer(const skc_json *object, const char *key)
{
    return (int32_t)golden_number(object, key);
}

static inline double golden_at(const skc_json *array, size_t i)
{
    return skc__json_as_number(skc__json_at(array, i));
}

/* A model of an entry's architecture, sizes and labels ("0", "1", ...); sides 0: the entry's. */
static inline skc_model *golden_model(const skc_json *entry, int32_t height, int32_t width,
                                      float factor, int32_t labels, float dropout)
{
    static char         text[GOLDEN_MAX_LABELS][12];
    const char         *names[GOLDEN_MAX_LABELS];
    const skc_allocator allocator    = skc__allocator(NULL);
    const skc_json     *architecture = skc__json_get(entry, "architecture");
    char               *own          = NULL;
    skc_model          *model        = NULL;
    skc_model_options   options;
    skc_error           err;

    for (int32_t i = 0; i < labels; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        names[i] = text[i];
    }
    if (skc__json_is_object(architecture))
        own = skc__json_text(architecture, false, &allocator, &err);
    skc_model_options_init(&options);
    options.architecture = own != NULL ? own : skc__json_as_string(architecture);
    options.height       = height;
    options.width        = width;
    options.width_factor = factor;
    options.task         = "golden";
    options.label_count  = labels;
    options.labels       = names;
    options.dropout      = dropout;
    golden_ok(skc_model_create(&options, NULL, &model, &err), &err);
    skc__release(&allocator, own);
    return model;
}

/* ---------------------------------------------------------------- comparisons */

static inline void golden_close(const char *what, double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("%s: %.9g; the reference has %.9g +- %.2g", what, got, wanted, tolerance);
}

static inline double golden_largest(const skc_json *array)
{
    double largest = 0;

    for (size_t i = 0; i < skc__json_size(array); i++)
        largest = fmax(largest, fabs(golden_at(array, i)));
    return largest;
}

/* All values, within `share` of the largest of them. */
static inline void golden_all_close(const char *what, const float *got, size_t count,
                                    const skc_json *wanted, double share)
{
    double tolerance = share * golden_largest(wanted);

    assert_int_equal(skc__json_size(wanted), count);
    for (size_t i = 0; i < count; i++)
        golden_close(what, (double)got[i], golden_at(wanted, i), tolerance);
}

static inline double golden_norm(const float *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sqrt(sum);
}

/* Values against [norm, first, middle, last], within `share` of the norm and of the root mean
 * square, plus `floor`. */
static inline void golden_digest_close(const char *what, const float *got, size_t count,
                                       const skc_json *wanted, double share, double floor)
{
    double norm    = golden_at(wanted, 0);
    double allowed = share * norm / sqrt((double)count) + floor;

    assert_int_equal(skc__json_size(wanted), 4);
    golden_close(what, golden_norm(got, count), norm, share * norm + floor);
    golden_close(what, (double)got[0], golden_at(wanted, 1), allowed);
    golden_close(what, (double)got[count / 2], golden_at(wanted, 2), allowed);
    golden_close(what, (double)got[count - 1], golden_at(wanted, 3), allowed);
}

#endif
