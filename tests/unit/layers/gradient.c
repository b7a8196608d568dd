/* gradient.c - a layer made from a probe text, with buffers of its own, and the gradient checker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "gradient.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/config.h"

/* ---------------------------------------------------------------- probes */

/* How inputs of a layer are drawn: between low and high, not within 1/8 of 0 or 6 where
 * activations have kinks; or all different by 3/16 at least, where the largest counts. */
typedef struct trait {
    const char *name;
    float       low, high;
    bool        distinct;
    double      tolerance; /* of a gradient, relative to it and its tensor's root mean square */
} trait;

static const trait traits[] = {
    { "relu6", -3, 9, false, 1e-4 },     { "max_pool", 0, 0, true, 1e-4 },
    { "batchnorm", -2, 2, false, 1e-3 }, { "softmax", -2, 2, false, 1e-3 },
    { "sigmoid", -2, 2, false, 1e-3 },
};
static const trait plain = { "", -2, 2, false, 1e-4 };

static const trait *trait_of(const skc_layer_ops *ops)
{
    for (size_t i = 0; i < sizeof traits / sizeof traits[0]; i++)
        if (strcmp(traits[i].name, ops->name) == 0)
            return &traits[i];
    return &plain;
}

/* Drawn numbers are multiples of this, and steps of the differences too: x + step is exact. */
static const float GRID = 0x1p-10f;

static float draw(skc_random *random, float low, float high)
{
    for (;;) {
        float x = GRID * floorf(skc__random_between(random, low, high) / GRID);
        if (fabsf(x) >= 0.125f && fabsf(x - 6) >= 0.125f)
            return x;
    }
}

static void fill_distinct(skc_random *random, float *x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t k = skc__random_below(random, (uint32_t)i + 1);
        x[i]     = x[k];
        x[k]     = 0.1875f * ((float)i - (float)(count / 2));
    }
}

static void *allocate(size_t bytes)
{
    void *block = calloc(bytes > 0 ? bytes : 1, 1);

    assert_non_null(block);
    return block;
}

static float *allocate_floats(size_t count)
{
    return allocate(count * sizeof(float));
}

size_t param_elements(const skc_param_spec *spec)
{
    size_t count = 1;

    for (int32_t i = 0; i < spec->rank; i++)
        count *= (size_t)spec->extent[i];
    return count;
}

/* Reads inputs' shapes and the options; config must have room. */
static int32_t read_text(const skc_layer_ops *ops, const char *text, skc_shape *shape, void *config)
{
    skc_error       err = { 0 };
    skc_json       *json;
    const skc_json *inputs;
    int32_t         count;

    if (skc__json_parse(text, strlen(text), "probe", &json, &err) != SKC_OK)
        fail_msg("%s", err.message);
    inputs = skc__json_get(json, "inputs");
    count  = (int32_t)skc__json_size(inputs);
    assert_in_range(count, 1, SKC_MAX_INPUTS);
    for (int32_t k = 0; k < count; k++) {
        const skc_json *extents = skc__json_at(inputs, (size_t)k);
        int32_t        *to[]    = { &shape[k].n, &shape[k].h, &shape[k].w, &shape[k].c };
        for (size_t i = 0; i < 4; i++)
            *to[i] = (int32_t)skc__json_as_integer(skc__json_at(extents, i));
    }
    if (skc__config_parse(ops, json, "probe", config, &err) != SKC_OK)
        fail_msg("%s: %s", text, err.message);
    skc__json_free(json);
    return count;
}

skc_status probe_infer(const skc_layer_ops *ops, const char *text, const skc_plan_context *context,
                       skc_layer_plan *plan, skc_error *err)
{
    void      *config = allocate(ops->config_size);
    skc_shape  shape[SKC_MAX_INPUTS];
    int32_t    count  = read_text(ops, text, shape, config);
    skc_status status = ops->infer(config, shape, count, context, plan, err);

    free(config);
    return status;
}

static void make_inputs(probe *p, skc_random *random)
{
    const trait *t = trait_of(p->ops);

    for (int32_t k = 0; k < p->io.n_in; k++) {
        size_t count   = skc__shape_count(p->shape[k]);
        p->in_count[k] = count;
        p->in[k]       = allocate_floats(count);
        p->d_in[k]     = allocate_floats(count);
        if (t->distinct)
            fill_distinct(random, p->in[k], count);
        for (size_t i = 0; i < count && !t->distinct; i++)
            p->in[k][i] = draw(random, t->low, t->high);
        p->io.in[k]       = (skc_input){ .data = p->in[k], .shape = p->shape[k] };
        p->gradient.in[k] = p->d_in[k];
    }
}

static void make_params(probe *p, skc_random *random)
{
    for (int32_t i = 0; i < p->plan.param_count; i++) {
        bool   statistic  = p->plan.param[i].role == SKC_STATISTIC;
        size_t count      = param_elements(&p->plan.param[i]);
        p->param_count[i] = count;
        p->param[i]       = allocate_floats(count);
        for (size_t k = 0; k < count; k++) /* statistics above 0: one may be a variance */
            p->param[i][k] = draw(random, statistic ? 0.5f : -2, 2);
        p->io.param[i] = p->param[i];
        if (statistic) {
            p->stat[i]    = allocate_floats(count);
            p->io.stat[i] = p->io.training ? p->stat[i] : NULL;
        } else {
            p->d_param[i]        = allocate_floats(count);
            p->gradient.param[i] = p->d_param[i];
        }
    }
}

static void make_outputs(probe *p, skc_random *random)
{
    p->out_count    = skc__shape_count(p->plan.out);
    p->io.out       = allocate_floats(p->out_count);
    p->io.out_shape = p->plan.out;
    p->io.saved     = p->plan.saved_bytes > 0 ? allocate(p->plan.saved_bytes) : NULL;
    p->io.scratch   = p->plan.scratch_bytes > 0 ? allocate(p->plan.scratch_bytes) : NULL;
    p->d_out        = allocate_floats(p->out_count);
    p->gradient.out = p->d_out;
    for (size_t i = 0; i < p->out_count; i++) {
        float size  = skc__random_between(random, 0.5f, 1);
        p->d_out[i] = skc__random_below(random, 2) == 0 ? size : -size;
    }
}

probe *probe_create(const skc_layer_ops *ops, const char *text, const char *kernels,
                    int32_t threads, bool training)
{
    return probe_create_large(ops, text, kernels, threads, training, 1);
}

probe *probe_create_large(const skc_layer_ops *ops, const char *text, const char *kernels,
                          int32_t threads, bool training, int32_t times)
{
    const skc_plan_context context = { .threads = threads, .training = true };
    skc_error              err     = { 0 };
    skc_random             random  = skc__random_stream(7, strlen(text), 0);
    probe                 *p       = allocate(sizeof *p);
    skc_runtime            runtime;

    memset(p, 0, sizeof *p);
    p->ops    = ops;
    p->config = allocate(ops->config_size);
    if (skc__kernels_for(skc__cpu_probe(), kernels, &p->kernels, &err) != SKC_OK)
        fail_msg("%s", err.message);
    p->io = (skc_layer_io){ .kernels  = &p->kernels,
                            .threads  = threads,
                            .training = training,
                            .seed     = 11,
                            .low      = -INFINITY,
                            .high     = INFINITY };
    skc_runtime_init(&runtime);
    runtime.threads = threads;
    if (skc__pool_create(&runtime, &p->io.pool, &err) != SKC_OK)
        fail_msg("%s", err.message);
    p->io.n_in = read_text(ops, text, p->shape, p->config);
    for (int32_t k = 0; k < p->io.n_in; k++) {
        p->shape[k].n *= times > 1 ? 2 * times : 1;
        p->shape[k].h *= times;
        p->shape[k].w *= times;
    }
    if (ops->infer(p->config, p->shape, p->io.n_in, &context, &p->plan, &err) != SKC_OK)
        fail_msg("%s: %s", text, err.message);
    make_inputs(p, &random);
    make_params(p, &random);
    make_outputs(p, &random);
    return p;
}

void probe_free(probe *p)
{
    for (int32_t k = 0; k < SKC_MAX_INPUTS; k++) {
        free(p->in[k]);
        free(p->d_in[k]);
    }
    for (int32_t i = 0; i < SKC_MAX_PARAMS; i++) {
        free(p->param[i]);
        free(p->stat[i]);
        free(p->d_param[i]);
    }
    skc__pool_free(p->io.pool);
    free(p->io.out);
    free(p->io.saved);
    free(p->io.scratch);
    free(p->d_out);
    free(p->config);
    free(p);
}

/* What a layer leaves in its scratch between calls, or expects there, must not matter. */
static void spoil_scratch(probe *p)
{
    if (p->io.scratch != NULL)
        memset(p->io.scratch, 0xff, p->plan.scratch_bytes);
}

void probe_forward(probe *p)
{
    spoil_scratch(p);
    p->ops->forward(p->config, &p->io);
}

static void fill(float *x, size_t count, float value)
{
    for (size_t i = 0; x != NULL && i < count; i++)
        x[i] = value;
}

void probe_backward(probe *p)
{
    spoil_scratch(p);
    for (int32_t k = 0; k < p->io.n_in; k++)
        fill(p->gradient.in[k] != p->gradient.out ? p->gradient.in[k] : NULL, p->in_count[k],
             p->gradient.accumulate[k] ? 0 : NAN);
    for (int32_t i = 0; i < p->plan.param_count; i++)
        fill(p->gradient.param[i], p->param_count[i], 0);
    p->ops->backward(p->config, &p->io, &p->gradient);
}

/* ---------------------------------------------------------------- differences */

static double loss(probe *p)
{
    double sum = 0;

    probe_forward(p);
    for (size_t i = 0; i < p->out_count; i++)
        sum += (double)p->d_out[i] * (double)p->io.out[i];
    return sum;
}

static double loss_at(probe *p, float *element, float value)
{
    float  old = *element;
    double result;

    *element = value;
    result   = loss(p);
    *element = old;
    return result;
}

/* The five-point central difference: its error falls with the fourth power of the step. */
static double slope(probe *p, float *element)
{
    const float step = 0x1p-5f;
    float       x    = *element;
    double      near = loss_at(p, element, x + step) - loss_at(p, element, x - step);
    double      far  = loss_at(p, element, x + 2 * step) - loss_at(p, element, x - 2 * step);

    return (8 * near - far) / (12 * (double)step);
}

/* One tensor under test: its values, the gradient to compare, and the slopes measured. */
typedef struct subject {
    char    name[40];
    float  *value, *gradient;
    double *slopes, scale;
    size_t  count;
} subject;

enum { MAX_SUBJECTS = SKC_MAX_INPUTS + SKC_MAX_PARAMS };

static void measure(probe *p, subject *s)
{
    double squares = 0;

    s->slopes = allocate(s->count * sizeof *s->slopes);
    for (size_t i = 0; i < s->count; i++) {
        s->slopes[i] = slope(p, &s->value[i]);
        squares += s->slopes[i] * s->slopes[i];
    }
    s->scale = sqrt(squares / (double)s->count);
}

static int find_subjects(probe *p, subject *subjects)
{
    int count = 0;

    for (int32_t k = 0; k < p->io.n_in; k++, count++) {
        subjects[count] =
            (subject){ .value = p->in[k], .gradient = p->d_in[k], .count = p->in_count[k] };
        snprintf(subjects[count].name, sizeof subjects[count].name, "input %d", k);
    }
    for (int32_t i = 0; i < p->plan.param_count; i++) {
        if (p->d_param[i] == NULL)
            continue;
        subjects[count] = (subject){ .value    = p->param[i],
                                     .gradient = p->d_param[i],
                                     .count    = p->param_count[i] };
        snprintf(subjects[count++].name, sizeof subjects[0].name, "%s", p->plan.param[i].name);
    }
    return count;
}

/* `before`: what stood in the gradient, to which backward must have added. */
static bool compare(const probe *p, const subject *s, const char *mode, double before,
                    char report[256])
{
    double tolerance = trait_of(p->ops)->tolerance;

    if (!(s->scale > 0)) {
        snprintf(report, 256, "%s: %s has no gradient: nothing is tested", p->ops->name, s->name);
        return false;
    }
    for (size_t i = 0; i < s->count; i++) {
        double analytic = (double)s->gradient[i] - before;
        double allowed  = tolerance * (fabs(s->slopes[i]) + s->scale);
        if (!(fabs(analytic - s->slopes[i]) <= allowed)) { /* so that NaN differs */
            snprintf(report, 256, "%s, %s, %s, element %zu: numeric %g, analytic %g", p->ops->name,
                     s->name, mode, i, s->slopes[i], analytic);
            return false;
        }
    }
    return true;
}

/* Parameters are always added to. */
static bool compare_mode(probe *p, const subject *subjects, int count, bool accumulate,
                         char report[256])
{
    const float before = 0.75f;

    loss(p); /* saved and statistics of the unchanged inputs */
    spoil_scratch(p);
    for (int i = 0; i < count; i++)
        fill(subjects[i].gradient, subjects[i].count, i < p->io.n_in && !accumulate ? NAN : before);
    for (int32_t k = 0; k < p->io.n_in; k++)
        p->gradient.accumulate[k] = accumulate;
    p->ops->backward(p->config, &p->io, &p->gradient);
    for (int i = 0; i < count; i++)
        if (!compare(p, &subjects[i], accumulate ? "added" : "overwritten",
                     i < p->io.n_in && !accumulate ? 0 : (double)before, report))
            return false;
    return true;
}

bool gradients_agree(const skc_layer_ops *ops, const char *text, const char *kernels, bool training,
                     char report[256])
{
    probe  *p = probe_create(ops, text, kernels, 1, training);
    subject subjects[MAX_SUBJECTS];
    int     count = find_subjects(p, subjects);
    bool    agree;

    report[0] = '\0';
    for (int i = 0; i < count; i++)
        measure(p, &subjects[i]);
    agree = compare_mode(p, subjects, count, false, report) &&
            compare_mode(p, subjects, count, true, report);
    for (int i = 0; i < count; i++)
        free(subjects[i].slopes);
    probe_free(p);
    return agree;
}
