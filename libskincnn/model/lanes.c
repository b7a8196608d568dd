/* lanes.c - ways of inputs through a folded graph: one for all threads, and one for each. */
#include "model/lanes.h"

#include <stdatomic.h>
#include <string.h>

#include "graph/slice.h"

/* ---------------------------------------------------------------- life */

static skc_status open_lane(const skc_lanes *lanes, const skc_lane *prepared, int32_t threads,
                            int32_t max_batch, skc_lane *out, skc_error *err)
{
    const skc_lanes_options    *o     = &lanes->options;
    skc_pool                   *pool  = threads > 1 ? o->pool : NULL;
    const skc_workspace_options real  = { .max_batch        = max_batch,
                                          .threads          = threads,
                                          .planned_pictures = lanes->slice,
                                          .pool             = pool,
                                          .kernels          = o->kernels,
                                          .compact          = o->compact,
                                          .param            = o->param,
                                          .prepared =
                                             prepared != NULL ? &prepared->workspace : NULL };
    const skc_quantised_options bytes = { .max_batch        = max_batch,
                                          .threads          = threads,
                                          .planned_pictures = lanes->slice,
                                          .pool             = pool,
                                          .kernels          = o->kernels,
                                          .prepared =
                                              prepared != NULL ? &prepared->quantised : NULL };

    out->max_batch = max_batch;
    if (o->quantisation != NULL)
        return skc__quantised_create(o->graph, o->param, o->quantisation, &bytes, &lanes->allocator,
                                     &out->quantised, err);
    return skc__workspace_create(o->graph, &real, &lanes->allocator, &out->workspace, err);
}

static void close_lane(skc_lane *lane)
{
    skc__workspace_free(&lane->workspace);
    skc__quantised_free(&lane->quantised);
}

/* Bytes of weights that a walk reads. Prepared for Winograd's way, 3x3 filters have four times
 * their size; where nothing is prepared, weights are read, written in another order and read again.
 */
static size_t weight_bytes(const skc_lanes_options *o)
{
    size_t bytes = 0;

    for (int32_t p = 0; p < o->graph->param_count; p++) {
        const skc_param_spec *spec  = skc__graph_param(o->graph, p, NULL);
        const size_t          count = skc__param_count(spec);
        const bool grows = spec->rank == 4 && spec->extent[1] == 3 && spec->extent[2] == 3;

        if (o->quantisation != NULL)
            bytes += count;
        else
            bytes += count * sizeof(float) * (o->compact ? 3 : grows ? 4 : 1);
    }
    return bytes;
}

/* Inputs that a thread takes at a time. */
static int32_t slice_of(const skc_lanes_options *o)
{
    return skc__slice(o->graph, o->quantisation != NULL ? 1 : sizeof(float), weight_bytes(o),
                      o->most);
}

/* Left-over inputs that all threads together are quicker with than one each. */
static int32_t left_over(int32_t threads, int32_t count)
{
    int32_t rest = count % threads;

    return 2 * rest <= threads ? rest : 0;
}

static skc_status open_single(skc_lanes *lanes, int32_t threads, skc_error *err)
{
    int32_t    share  = (lanes->options.most + threads - 1) / threads;
    skc_status status = SKC_OK;

    lanes->single =
        skc__allocate_zeroed(&lanes->allocator, (size_t)threads * sizeof *lanes->single, err);
    if (lanes->single == NULL)
        return SKC_ENOMEM;
    for (; lanes->count < threads && status == SKC_OK; lanes->count++)
        status = open_lane(lanes, &lanes->all, 1, share < lanes->slice ? share : lanes->slice,
                           &lanes->single[lanes->count], err);
    return status;
}

/* A compact model packs its weights in every walk: few walks of all threads are better then. */
skc_status skc__lanes_create(const skc_lanes_options *options, const skc_allocator *allocator,
                             skc_lanes *out, skc_error *err)
{
    int32_t    threads = skc__pool_threads(options->pool), most = options->most;
    bool       splits = threads > 1 && !options->compact && left_over(threads, most) < most;
    skc_lanes  lanes  = { .options = *options, .allocator = *allocator };
    int32_t    together;
    skc_status status;

    lanes.slice = slice_of(options);
    together    = splits && threads / 2 < lanes.slice ? threads / 2 : lanes.slice;
    status      = open_lane(&lanes, NULL, threads, together, &lanes.all, err);
    if (status == SKC_OK && splits)
        status = open_single(&lanes, threads, err);
    if (status == SKC_OK)
        *out = lanes;
    else
        skc__lanes_free(&lanes);
    return status;
}

void skc__lanes_free(skc_lanes *lanes)
{
    for (int32_t i = 0; i < lanes->count; i++)
        close_lane(&lanes->single[i]);
    close_lane(&lanes->all);
    skc__release(&lanes->allocator, lanes->single);
    lanes->single = NULL;
    lanes->count  = 0;
}

static size_t lane_bytes(const skc_lane *lane)
{
    return lane->workspace.arena.size + lane->quantised.arena.size;
}

size_t skc__lanes_bytes(const skc_lanes *lanes)
{
    size_t bytes = lane_bytes(&lanes->all) + (size_t)lanes->count * sizeof *lanes->single;

    for (int32_t i = 0; i < lanes->count; i++)
        bytes += lane_bytes(&lanes->single[i]);
    return bytes;
}

float *skc__lanes_first(const skc_lanes *lanes)
{
    const bool one = lanes->options.most == 1 && lanes->options.quantisation == NULL;

    return one ? lanes->all.workspace.value[0] : NULL;
}

/* ---------------------------------------------------------------- running */

/* Where inputs come from and scores go to. */
typedef struct job {
    const skc_lanes *lanes;
    const float     *inputs;
    float           *scores;
    int32_t          count, slices;
    atomic_int       next; /* slice that nobody has taken */
} job;

/* Inputs begin..end-1: not more than the lane has room for. */
static void walk(const job *j, const skc_lane *lane, int32_t begin, int32_t end)
{
    const skc_lanes_options *o = &j->lanes->options;
    const int32_t            n = end - begin;
    const size_t labels = skc__shape_count(skc__graph_shape(o->graph, o->graph->node_count, 1));
    const float *inputs =
        j->inputs + (size_t)begin * skc__shape_count(skc__graph_shape(o->graph, 0, 1));
    const float *result;

    if (o->quantisation != NULL) {
        skc__quantised_forward(&lane->quantised, inputs, n);
        result = lane->quantised.output;
    } else {
        skc__forward(&lane->workspace, &(skc_walk){ .n = n, .input = inputs, .param = o->param });
        result = lane->workspace.value[o->graph->node_count];
    }
    memcpy(j->scores + (size_t)begin * labels, result, (size_t)n * labels * sizeof *result);
}

static void walk_slices(void *context, int32_t task, int32_t part)
{
    job    *j = context;
    int32_t i;

    (void)part; /* as many tasks as threads: each has a lane */
    while ((i = atomic_fetch_add(&j->next, 1)) < j->slices)
        walk(j, &j->lanes->single[task], (int32_t)((int64_t)j->count * i / j->slices),
             (int32_t)((int64_t)j->count * (i + 1) / j->slices));
}

/* The first `count` inputs, in equal numbers of slices of about equal size for all lanes. */
static void run_single(job *j, int32_t count)
{
    const int32_t lanes     = j->lanes->count;
    const int32_t at_a_time = lanes * j->lanes->single[0].max_batch;

    j->count  = count;
    j->slices = (count + at_a_time - 1) / at_a_time * lanes;
    j->slices = j->slices < count ? j->slices : count;
    atomic_init(&j->next, 0);
    skc__parallel(j->lanes->options.pool, lanes, walk_slices, j);
}

void skc__lanes_run(const skc_lanes *lanes, const float *inputs, int32_t count, float *scores)
{
    job     j    = { .lanes = lanes, .inputs = inputs, .scores = scores };
    int32_t done = 0;

    if (lanes->count > 0)
        done = count - left_over(lanes->count, count);
    if (done > 0)
        run_single(&j, done);
    for (int32_t end; done < count; done = end) {
        end = count - done < lanes->all.max_batch ? count : done + lanes->all.max_batch;
        walk(&j, &lanes->all, done, end);
    }
}
