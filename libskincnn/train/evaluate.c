/* evaluate.c - metrics of decided pictures with their bootstrap intervals. */
#include <math.h>
#include <string.h>

#include "train/metrics.h"

typedef struct {
    skc_curve_point *points;
    int32_t          count;
} point_list;

/* The allocations of one object. The first failure is kept and makes all later ones fail. */
typedef struct {
    skc_allocator allocator;
    skc_status    status;
    int32_t       count;
    void         *blocks[9];
} holdings;

struct skc_evaluation {
    holdings           held; /* everything below */
    int32_t            classes;
    bool               has_malignant;
    skc_interval       metrics[SKC_METRIC_COUNT];
    skc_class_metrics *by_class;  /* (classes) */
    int32_t           *confusion; /* (classes, classes) */
    point_list        *roc, *pr;  /* (classes + 1): the last is malignant against benign */
    point_list         calibration;
};

/* What only the computation needs. */
typedef struct {
    holdings   held;
    skc_sample sample;
    skc_bench *benches; /* (threads) */
    double    *whole;   /* figures of the whole set */
    double    *figures; /* (resamples, figures) */
    double    *scratch; /* (resamples) */
    int32_t    resamples;
    skc_pool  *pool;
} workspace;

void skc_evaluation_input_init(skc_evaluation_input *input)
{
    memset(input, 0, sizeof *input);
    input->struct_size = sizeof *input;
    input->threshold   = 0.5f;
    input->resamples   = 1000;
    input->seed        = 1;
}

static skc_status check_input(const skc_evaluation_input *input, skc_error *err)
{
    if (input == NULL || input->struct_size < sizeof *input)
        return skc__fail(err, SKC_EINVAL, "evaluation input: call skc_evaluation_input_init first");
    if (input->resamples < 0 || input->resamples > 1000000)
        return skc__fail(err, SKC_EINVAL, "%d resamples; 0..1000000", input->resamples);
    if (!(input->threshold >= 0 && input->threshold <= 1))
        return skc__fail(err, SKC_EINVAL, "threshold is %g; 0..1", (double)input->threshold);
    if (skc__check_rows(input->probabilities, input->labels, input->count, input->classes, err))
        return SKC_EINVAL;
    for (int32_t c = 0; input->class_weights != NULL && c < input->classes; c++)
        if (!isfinite(input->class_weights[c]) || input->class_weights[c] <= 0)
            return skc__fail(err, SKC_EINVAL, "class weight %d is %g; above 0", c,
                             (double)input->class_weights[c]);
    return SKC_OK;
}

/* ---------------------------------------------------------------- memory */

/* Zeroed room for count elements; at least one, so that NULL always means failure. */
static void *hold(holdings *held, size_t count, size_t element_bytes, skc_error *err)
{
    size_t bytes;
    void  *block;

    if (held->status != SKC_OK)
        return NULL;
    if (!skc__multiply(count > 0 ? count : 1, element_bytes, &bytes)) {
        held->status = skc__fail(err, SKC_ELIMIT, "%zu elements of %zu bytes are too many", count,
                                 element_bytes);
        return NULL;
    }
    block = skc__allocate_zeroed(&held->allocator, bytes, err);
    if (block == NULL)
        held->status = SKC_ENOMEM;
    else
        held->blocks[held->count++] = block;
    return block;
}

static void let_go(holdings *held)
{
    while (held->count > 0)
        skc__release(&held->allocator, held->blocks[--held->count]);
}

static void share_out(workspace *work, int32_t *draws, int32_t *weights, int64_t *confusions)
{
    size_t count = (size_t)work->sample.count, classes = (size_t)work->sample.classes;

    for (size_t t = 0; t < (size_t)skc__pool_threads(work->pool); t++) {
        work->benches[t].draws           = draws + t * count;
        work->benches[t].weights         = weights + t * count;
        work->benches[t].tally.confusion = confusions + t * classes * classes;
    }
}

/* `pool` is set; releases itself, but not the pool, when it fails. */
static skc_status workspace_create(const skc_evaluation_input *input, const skc_runtime *runtime,
                                   workspace *work, skc_error *err)
{
    size_t      count = (size_t)input->count, classes = (size_t)input->classes;
    size_t      figures   = (size_t)skc__figure_count(input->classes);
    size_t      threads   = (size_t)skc__pool_threads(work->pool);
    size_t      resamples = (size_t)input->resamples;
    skc_sample *sample    = &work->sample;
    holdings   *held      = &work->held;
    int32_t    *draws, *weights;
    int64_t    *confusions;

    held->allocator       = skc__allocator(runtime);
    work->resamples       = input->resamples;
    sample->count         = input->count;
    sample->classes       = input->classes;
    sample->has_malignant = input->malignant != NULL;
    sample->cases         = hold(held, count, sizeof *sample->cases, err);
    sample->ranked        = hold(held, count * (classes + 1), sizeof *sample->ranked, err);
    sample->group         = hold(held, count, sizeof *sample->group, err);
    work->figures         = hold(held, (resamples + 1) * figures, sizeof *work->figures, err);
    work->scratch         = hold(held, resamples, sizeof *work->scratch, err);
    work->benches         = hold(held, threads, sizeof *work->benches, err);
    draws                 = hold(held, threads * count, sizeof *draws, err);
    weights               = hold(held, threads * count, sizeof *weights, err);
    confusions            = hold(held, threads * classes * classes, sizeof *confusions, err);
    if (held->status != SKC_OK) {
        let_go(held);
        return held->status;
    }
    work->whole = work->figures + resamples * figures;
    share_out(work, draws, weights, confusions);
    return SKC_OK;
}

static skc_evaluation *evaluation_create(const skc_evaluation_input *input,
                                         const skc_runtime *runtime, skc_error *err)
{
    holdings           held    = { skc__allocator(runtime), SKC_OK, 0, { NULL } };
    size_t             classes = (size_t)input->classes, lists = 2 * (classes + 1);
    size_t             room   = (size_t)input->count + 1;
    skc_evaluation    *self   = hold(&held, 1, sizeof *self, err);
    point_list        *curves = hold(&held, lists, sizeof *curves, err);
    int32_t           *counts = hold(&held, classes * classes, sizeof *counts, err);
    skc_class_metrics *rows   = hold(&held, classes, sizeof *rows, err);
    skc_curve_point   *points;

    room   = room < SKC_CURVE_POINTS ? room : SKC_CURVE_POINTS;
    points = hold(&held, lists * room + SKC_ECE_BINS, sizeof *points, err);
    if (held.status != SKC_OK) {
        let_go(&held);
        return NULL;
    }
    self->held          = held;
    self->classes       = input->classes;
    self->has_malignant = input->malignant != NULL;
    self->by_class      = rows;
    self->confusion     = counts;
    self->roc           = curves;
    self->pr            = curves + classes + 1;
    for (size_t i = 0; i < lists; i++)
        curves[i].points = points + i * room;
    self->calibration.points = points + lists * room;
    return self;
}

void skc_evaluation_free(skc_evaluation *evaluation)
{
    holdings held;

    if (evaluation == NULL)
        return;
    held = evaluation->held; /* a copy: the evaluation is one of the blocks */
    let_go(&held);
}

/* ---------------------------------------------------------------- computation */

static skc_interval interval(const workspace *work, int32_t figure)
{
    /* One group drawn from one is the whole set again: it says nothing about the spread. */
    int32_t resamples = work->sample.groups > 1 ? work->resamples : 0;

    return skc__percentiles(work->figures + figure, resamples,
                            skc__figure_count(work->sample.classes), work->whole[figure],
                            work->scratch);
}

static int32_t support(const skc_evaluation *self, int32_t c)
{
    const int32_t *row = self->confusion + (size_t)c * (size_t)self->classes;
    int32_t        sum = 0;

    for (int32_t k = 0; k < self->classes; k++)
        sum += row[k];
    return sum;
}

static void collect(skc_evaluation *self, const workspace *work)
{
    size_t cells = (size_t)self->classes * (size_t)self->classes;

    for (size_t i = 0; i < cells; i++)
        self->confusion[i] = (int32_t)work->benches[0].tally.confusion[i];
    for (int32_t m = 0; m < SKC_METRIC_COUNT; m++)
        self->metrics[m] = interval(work, m);
    for (int32_t c = 0; c < self->classes; c++) {
        int32_t first = SKC_METRIC_COUNT + c * SKC_CLASS_FIGURES;

        self->by_class[c] = (skc_class_metrics){
            support(self, c),
            interval(work, first + SKC_FIGURE_RECALL),
            interval(work, first + SKC_FIGURE_PRECISION),
            interval(work, first + SKC_FIGURE_F1),
            interval(work, first + SKC_FIGURE_AUC),
        };
    }
}

static void trace_curves(skc_evaluation *self, const workspace *work)
{
    const skc_sample *sample = &work->sample;

    for (int32_t c = 0; c < self->classes + self->has_malignant; c++) {
        const skc_ranked *ranked = sample->ranked + (size_t)c * (size_t)sample->count;

        self->roc[c].count = skc__curve_roc(ranked, sample->count, self->roc[c].points);
        self->pr[c].count  = skc__curve_pr(ranked, sample->count, self->pr[c].points);
    }
    self->calibration.count =
        skc__curve_calibration(&work->benches[0].tally, self->calibration.points);
}

/* The resamples come first: the first bench is then left with the tally of the whole set. */
static void compute(skc_evaluation *self, const skc_evaluation_input *input, workspace *work)
{
    skc_bench *bench = &work->benches[0];

    skc__sample_fill(&work->sample, input);
    skc__bootstrap(&work->sample, input->seed, input->resamples, work->pool, work->benches,
                   work->figures);
    for (int32_t i = 0; i < input->count; i++)
        bench->weights[i] = 1;
    skc__figures(&work->sample, bench->weights, &bench->tally, work->whole);
    collect(self, work);
    trace_curves(self, work);
}

/* The whole of it, once `pool` is set. */
static skc_status evaluate(const skc_evaluation_input *input, const skc_runtime *runtime,
                           workspace *work, skc_evaluation **out, skc_error *err)
{
    skc_status      status = workspace_create(input, runtime, work, err);
    skc_evaluation *self;

    if (status != SKC_OK)
        return status;
    self = evaluation_create(input, runtime, err);
    if (self != NULL) {
        compute(self, input, work);
        *out = self;
    }
    let_go(&work->held);
    return self != NULL ? SKC_OK : SKC_ENOMEM;
}

skc_status skc_evaluate(const skc_evaluation_input *input, const skc_runtime *runtime,
                        skc_evaluation **out, skc_error *err)
{
    workspace  work = { 0 };
    skc_status status;

    if (out == NULL)
        return skc__fail(err, SKC_EINVAL, "out is NULL");
    status = check_input(input, err);
    if (status == SKC_OK)
        status = skc__pool_create(runtime, &work.pool, err);
    if (status == SKC_OK)
        status = evaluate(input, runtime, &work, out, err);
    skc__pool_free(work.pool);
    return status;
}

/* ---------------------------------------------------------------- results */

const char *skc_metric_name(skc_metric metric)
{
    static const char *const names[] = {
#define NAME(id, name, text) name,
        SKC_METRIC_MAP(NAME)
#undef NAME
    };

    return (unsigned)metric < SKC_METRIC_COUNT ? names[metric] : "unknown";
}

const char *skc_metric_text(skc_metric metric)
{
    static const char *const texts[] = {
#define TEXT(id, name, text) text,
        SKC_METRIC_MAP(TEXT)
#undef TEXT
    };

    return (unsigned)metric < SKC_METRIC_COUNT ? texts[metric] : "unknown metric";
}

static const skc_interval undefined = { NAN, NAN, NAN };

skc_interval skc_evaluation_metric(const skc_evaluation *evaluation, skc_metric metric)
{
    return (unsigned)metric < SKC_METRIC_COUNT ? evaluation->metrics[metric] : undefined;
}

skc_class_metrics skc_evaluation_class(const skc_evaluation *evaluation, int32_t c)
{
    const skc_class_metrics none = { 0, undefined, undefined, undefined, undefined };

    return c >= 0 && c < evaluation->classes ? evaluation->by_class[c] : none;
}

const int32_t *skc_evaluation_confusion(const skc_evaluation *evaluation)
{
    return evaluation->confusion;
}

skc_status skc_evaluation_curve(const skc_evaluation *evaluation, skc_curve curve, int32_t c,
                                const skc_curve_point **points, int32_t *count, skc_error *err)
{
    const point_list *list = &evaluation->calibration;

    if ((unsigned)curve > SKC_CURVE_CALIBRATION)
        return skc__fail(err, SKC_EINVAL, "curve %d; 0..%d", (int)curve, SKC_CURVE_CALIBRATION);
    if (curve != SKC_CURVE_CALIBRATION) {
        if (c < -1 || c >= evaluation->classes || (c == -1 && !evaluation->has_malignant))
            return skc__fail(err, SKC_EINVAL, "curve of class %d; %d..%d", c,
                             evaluation->has_malignant ? -1 : 0, evaluation->classes - 1);
        list = curve == SKC_CURVE_ROC ? evaluation->roc : evaluation->pr;
        list += c >= 0 ? c : evaluation->classes;
    }
    if (list->count == 0)
        return skc__fail(err, SKC_ENOTFOUND, "class %d has no curve: it needs pictures%s", c,
                         curve == SKC_CURVE_ROC ? " of this class and of others" : "");
    *points = list->points;
    *count  = list->count;
    return SKC_OK;
}
