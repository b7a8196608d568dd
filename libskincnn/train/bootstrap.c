/* bootstrap.c - intervals by resampling groups with replacement (Efron, Ann. Stat. 7(1), 1979).
 *
 * Pictures of one lesion are alike, so the lesion is the unit that is drawn: drawing pictures would
 * make the intervals too narrow.
 */
#include "train/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"

typedef struct {
    const skc_sample *sample;
    uint64_t          seed;
    skc_bench        *benches;
    double           *figures;
} job;

static void draw(const skc_sample *sample, skc_random random, skc_bench *bench)
{
    memset(bench->draws, 0, (size_t)sample->groups * sizeof *bench->draws);
    for (int32_t g = 0; g < sample->groups; g++)
        bench->draws[skc__random_below(&random, (uint32_t)sample->groups)]++;
    for (int32_t i = 0; i < sample->count; i++)
        bench->weights[i] = bench->draws[sample->group[i]];
}

static void resample(void *context, int32_t task, int32_t thread)
{
    const job *work  = context;
    skc_bench *bench = &work->benches[thread];
    size_t     row   = (size_t)task * (size_t)skc__figure_count(work->sample->classes);

    draw(work->sample, skc__random_stream(work->seed, (uint64_t)task, 0), bench);
    skc__figures(work->sample, bench->weights, &bench->tally, work->figures + row);
}

void skc__bootstrap(const skc_sample *sample, uint64_t seed, int32_t resamples, skc_pool *pool,
                    skc_bench *benches, double *figures)
{
    job work = { sample, seed, benches, figures };

    skc__parallel(pool, resamples, resample, &work);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double percentile(const double *sorted, int32_t count, double share)
{
    double  place = share * (count - 1);
    int32_t below = (int32_t)place;
    double  part  = place - below;

    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + part * (sorted[below + 1] - sorted[below]);
}

skc_interval skc__percentiles(const double *figures, int32_t resamples, int32_t stride,
                              double value, double *scratch)
{
    skc_interval out   = { value, NAN, NAN };
    int32_t      count = 0;

    for (int32_t r = 0; r < resamples; r++) {
        double figure = figures[(size_t)r * (size_t)stride];

        if (!isnan(figure))
            scratch[count++] = figure;
    }
    if (count == 0 || isnan(value))
        return out;
    qsort(scratch, (size_t)count, sizeof *scratch, by_value);
    out.low  = percentile(scratch, count, 0.025);
    out.high = percentile(scratch, count, 0.975);
    return out;
}
