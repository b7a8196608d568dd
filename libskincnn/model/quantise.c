/* quantise.c - post-training quantisation: a model with weights and activations of 8 bits, its
 * scales chosen on pictures (Krishnamoorthi, arXiv:1806.08342; Nagel et al., arXiv:2106.08295).
 *
 * Weights: one scale a channel, by the largest. Activations: one scale and zero a tensor, by each
 * of the rules in calibrate_ranges.h; the rule stays whose probabilities are nearest to those of
 * the model itself on the same pictures. */
#include <math.h>
#include <string.h>

#include "graph/workspace.h"
#include "model/calibrate_ranges.h"
#include "model/input.h"
#include "model/model.h"
#include "model/probability.h"

enum { MAX_PICTURES = 100000, BATCH = 8 };

typedef struct quantising {
    const skc_model        *model;
    const skc_image *const *images;
    int32_t                 count;
    skc_allocator           allocator;
    skc_kernels             kernels;
    skc_pool               *pool;
    skc_folded              folded; /* of the model */
    skc_workspace           workspace;
    skc_model              *result;
    skc_arena               arena;
    float                  *sampled;       /* one picture */
    float                  *probabilities; /* (count, labels) of the model */
    float                  *scores;        /* (labels) */
    skc_observed          **observed;      /* by tensor; NULL: has no scale of its own */
    skc_int8_scale         *scales[SKC_RANGE_RULES];
    void (*look)(skc_observed *o, const float *values, size_t count);
} quantising;

/* ---------------------------------------------------------------- the model in floats */

/* Writes the input of picture i. */
static skc_status make_input(quantising *q, int32_t i, float *out, skc_error *err)
{
    const skc_preprocessing p = q->model->preprocessing;
    skc_pixels              staged;
    skc_sampling            sampling;
    void                   *block = NULL;
    skc_status status = skc__input_stage(q->images[i], &p, &q->allocator, &staged, &block, err);

    if (status != SKC_OK)
        return status;
    sampling = skc__sampling_plain(staged.width, staged.height, &p, 0);
    skc__sample(&q->kernels, staged, &sampling, p.width, p.height, q->sampled);
    skc__input_normalise(&q->kernels, &p, q->sampled, out);
    skc__release(&q->allocator, block);
    return SKC_OK;
}

/* A batch from picture `first` on; *n is how many. */
static skc_status make_inputs(quantising *q, int32_t first, float *out, int32_t *n, skc_error *err)
{
    const size_t elements = skc__shape_count(q->model->graph.input);
    skc_status   status   = SKC_OK;

    *n = q->count - first < BATCH ? q->count - first : BATCH;
    for (int32_t i = 0; i < *n && status == SKC_OK; i++)
        status = make_input(q, first + i, out + (size_t)i * elements, err);
    return status;
}

static void softmax(const quantising *q, const float *logits, float *out)
{
    memset(out, 0, (size_t)q->model->label_count * sizeof *out);
    skc__add_softmax(q->model->label_count, logits, q->model->temperature, 1, out);
}

static void see(void *user, int32_t tensor, const float *values, size_t count)
{
    const quantising *q = user;

    if (q->observed[tensor] != NULL)
        q->look(q->observed[tensor], values, count);
}

/* Shows all tensors of all pictures to q->look. */
static skc_status run_floats(quantising *q, skc_error *err)
{
    const size_t labels = (size_t)q->model->label_count;
    skc_walk     walk   = { .param = q->folded.param, .see = see, .user = q };
    skc_status   status = SKC_OK;

    for (int32_t at = 0; at < q->count && status == SKC_OK; at += walk.n) {
        status = make_inputs(q, at, q->workspace.value[0], &walk.n, err);
        if (status != SKC_OK)
            break;
        skc__forward(&q->workspace, &walk);
        for (int32_t i = 0; i < walk.n; i++)
            softmax(q, q->workspace.value[q->folded.graph.node_count] + (size_t)i * labels,
                    q->probabilities + (size_t)(at + i) * labels);
    }
    for (size_t i = 0; i < (size_t)q->count * labels && status == SKC_OK; i++)
        if (!isfinite(q->probabilities[i]))
            status = skc__fail(err, SKC_EINVAL, "picture %zu: the model's scores are not finite",
                               i / labels);
    return status;
}

/* All that pixels can become: the input is never clipped. */
static skc_int8_scale input_scale(const skc_preprocessing *p)
{
    float low = 0, high = 0;

    for (int c = 0; c < 3; c++) {
        low  = fminf(low, (0 - p->mean[c]) / p->deviation[c]);
        high = fmaxf(high, (255 - p->mean[c]) / p->deviation[c]);
    }
    return skc__scale_of_range(low, high);
}

static skc_status observe(quantising *q, skc_error *err)
{
    skc_status status;

    q->look = skc__observe_range;
    status  = run_floats(q, err);
    if (status != SKC_OK)
        return status;
    q->look = skc__observe_bins;
    status  = run_floats(q, err);
    for (int rule = 0; rule < SKC_RANGE_RULES && status == SKC_OK; rule++) {
        q->scales[rule][0] = input_scale(&q->model->preprocessing);
        for (int32_t t = 1; t < q->folded.graph.node_count; t++)
            if (q->observed[t] != NULL)
                q->scales[rule][t] = skc__choose_scale(q->observed[t], (skc_range_rule)rule);
    }
    return status;
}

/* ---------------------------------------------------------------- the quantised model */

/* Takes over parameter p, as bytes can hold it. */
static void quantise_param(const skc_folded *folded, int32_t p, skc_model *result)
{
    const skc_scaling s    = skc__scaling(&result->folded.graph, p);
    const float      *from = folded->param[p];
    float            *to = result->param[p], *scale = result->quantisation.weight_scale[p];

    memcpy(to, from, s.count * sizeof *to);
    if (s.channels == 0)
        return;
    for (size_t i = 0; i < s.count; i++) {
        const size_t c = skc__scaled_channel(s, i);
        scale[c]       = fmaxf(scale[c], fabsf(from[i]));
    }
    for (size_t c = 0; c < s.channels; c++)
        scale[c] = fminf(fmaxf(scale[c] / 127, SKC_INT8_LEAST), SKC_INT8_MOST);
    for (size_t i = 0; i < s.count; i++) {
        const float unit = scale[skc__scaled_channel(s, i)];
        to[i]            = (float)skc__int8_weight(from[i], unit) * unit;
    }
}

static skc_status build_result(quantising *q, skc_error *err)
{
    const skc_model *model = q->model;
    char            *text  = skc__folded_architecture(model, &q->folded, err);
    skc_model_parts  parts = { .architecture = text,
                               .where        = "architecture",
                               .task         = model->task,
                               .labels       = (const char *const *)model->labels,
                               .label_count  = model->label_count };
    skc_status       status;

    if (text == NULL)
        return SKC_ENOMEM;
    parts.architecture_size = strlen(text);
    status                  = skc__model_build(&parts, &q->allocator, &q->result, err);
    skc__release(&model->allocator, text);
    if (status == SKC_OK)
        status = skc__quantisation_create(q->result, "architecture", err);
    if (status != SKC_OK)
        return status;
    if (q->result->folded.graph.node_count != q->folded.graph.node_count)
        return skc__fail(err, SKC_EUNSUPPORTED, "architecture %s folds twice", model->graph.name);
    for (int32_t p = 0; p < q->folded.graph.param_count; p++)
        quantise_param(&q->folded, p, q->result);
    q->result->preprocessing    = model->preprocessing;
    const skc_decision decision = skc_model_decision(model);
    status                      = skc_model_set_decision(q->result, &decision, err);
    skc__model_copy_points(model, q->result);
    return status == SKC_OK ? skc_model_set_provenance(q->result, model->provenance, err) : status;
}

/* ---------------------------------------------------------------- which rule */

/* Adds picture `i`'s differences to the report. */
static void compare(const quantising *q, const float *logits, int32_t i,
                    skc_quantise_report *report)
{
    const size_t labels = (size_t)q->model->label_count;
    const float *wanted = q->probabilities + (size_t)i * labels;

    softmax(q, logits, q->scores);
    report->pictures++;
    report->agreeing += skc_model_decide(q->model, wanted) == skc_model_decide(q->model, q->scores);
    for (size_t c = 0; c < labels; c++) {
        const double d = (double)q->scores[c] - (double)wanted[c];
        report->error += d * d;
    }
}

/* How far the result with its scales is from the model. */
static skc_status measure(quantising *q, skc_quantise_report *report, skc_error *err)
{
    const skc_quantised_options options = { .max_batch = BATCH,
                                            .threads   = skc__pool_threads(q->pool),
                                            .pool      = q->pool,
                                            .kernels   = &q->kernels };
    float                      *inputs  = q->workspace.value[0];
    const size_t                labels  = (size_t)q->model->label_count;
    skc_quantised               net;
    int32_t                     n;
    skc_status                  status =
        skc__quantised_create(&q->result->folded.graph, q->result->folded.param,
                              &q->result->quantisation, &options, &q->allocator, &net, err);

    if (status != SKC_OK)
        return status;
    memset(report, 0, sizeof *report);
    for (int32_t at = 0; at < q->count && status == SKC_OK; at += n) {
        status = make_inputs(q, at, inputs, &n, err);
        if (status != SKC_OK)
            break;
        skc__quantised_forward(&net, inputs, n);
        for (int32_t i = 0; i < n; i++)
            compare(q, net.output + (size_t)i * labels, at + i, report);
    }
    report->error = sqrt(report->error / ((double)q->count * (double)labels));
    skc__quantised_free(&net);
    return status;
}

static void use_scales(quantising *q, const skc_int8_scale *scales)
{
    memcpy(q->result->quantisation.tensor, scales,
           (size_t)q->folded.graph.node_count * sizeof *scales);
}

static skc_status choose_rule(quantising *q, skc_quantise_report *best, skc_error *err)
{
    int        chosen = 0;
    skc_status status = SKC_OK;

    for (int rule = 0; rule < SKC_RANGE_RULES && status == SKC_OK; rule++) {
        skc_quantise_report report;

        use_scales(q, q->scales[rule]);
        status = measure(q, &report, err);
        if (status == SKC_OK && (rule == 0 || report.error < best->error)) {
            *best  = report;
            chosen = rule;
        }
    }
    use_scales(q, q->scales[chosen]);
    return status;
}

/* ---------------------------------------------------------------- all of it */

static skc_status make_room(quantising *q, skc_error *err)
{
    const skc_graph *graph   = &q->folded.graph;
    const size_t     tensors = (size_t)graph->node_count + 1;
    const size_t     labels  = (size_t)q->model->label_count;
    const size_t     input   = skc__shape_count(graph->input) * sizeof(float);
    const size_t     scores  = (size_t)q->count * labels * sizeof(float);
    skc_status       status =
        skc__arena_create(&q->allocator,
                          skc__arena_piece(input) + skc__arena_piece(scores) +
                              skc__arena_piece(labels * sizeof(float)) +
                              skc__arena_piece(tensors * sizeof(skc_observed *)) +
                              tensors * skc__arena_piece(sizeof(skc_observed)) +
                              SKC_RANGE_RULES * skc__arena_piece(tensors * sizeof(skc_int8_scale)),
                          &q->arena, err);

    if (status != SKC_OK)
        return status;
    q->sampled       = skc__arena_take(&q->arena, input);
    q->probabilities = skc__arena_take(&q->arena, scores);
    q->scores        = skc__arena_take(&q->arena, labels * sizeof(float));
    q->observed      = skc__arena_take(&q->arena, tensors * sizeof *q->observed);
    for (int32_t t = 1; t < graph->node_count; t++)
        if (skc__has_scale(graph, t))
            q->observed[t] = skc__arena_take(&q->arena, sizeof(skc_observed));
    for (int rule = 0; rule < SKC_RANGE_RULES; rule++)
        q->scales[rule] = skc__arena_take(&q->arena, tensors * sizeof(skc_int8_scale));
    return SKC_OK;
}

static skc_status open_floats(quantising *q, const skc_runtime *runtime, skc_error *err)
{
    skc_workspace_options options = { .max_batch = BATCH, .kernels = &q->kernels, .unfused = true };
    skc_status            status  = skc__kernels(runtime, &q->kernels, err);

    if (status == SKC_OK)
        status = skc__pool_create(runtime, &q->pool, err);
    if (status == SKC_OK)
        status = skc__fold(&q->model->graph, (const float *const *)q->model->param, false,
                           &q->allocator, &q->folded, err);
    options.threads = skc__pool_threads(q->pool);
    options.pool    = q->pool;
    options.param   = q->folded.param;
    if (status == SKC_OK)
        status =
            skc__workspace_create(&q->folded.graph, &options, &q->allocator, &q->workspace, err);
    return status == SKC_OK ? make_room(q, err) : status;
}

static void close_floats(quantising *q)
{
    skc__workspace_free(&q->workspace);
    skc__folded_free(&q->folded);
    skc__pool_free(q->pool);
    skc__arena_free(&q->arena);
}

skc_status skc_model_quantise(const skc_model *model, const skc_image *const *images, int32_t count,
                              const skc_runtime *runtime, skc_quantise_report *report,
                              skc_model **out, skc_error *err)
{
    quantising q = {
        .model = model, .images = images, .count = count, .allocator = skc__allocator(runtime)
    };
    skc_quantise_report found;
    skc_status          status = skc__refuse_quantised(model, "quantised", err);

    if (status == SKC_OK)
        status = skc__refuse_compact(model, err);
    if (status != SKC_OK)
        return status;
    if (count < 1 || count > MAX_PICTURES)
        return skc__fail(err, SKC_EINVAL, "%d pictures to calibrate on; 1..%d are allowed", count,
                         (int)MAX_PICTURES);
    status = open_floats(&q, runtime, err);
    if (status == SKC_OK)
        status = observe(&q, err);
    if (status == SKC_OK)
        status = build_result(&q, err);
    if (status == SKC_OK)
        status = choose_rule(&q, &found, err);
    close_floats(&q);
    if (status != SKC_OK) {
        skc_model_free(q.result);
        return status;
    }
    if (report != NULL)
        *report = found;
    *out = q.result;
    return SKC_OK;
}
