/* sampler.c - the order in which an epoch takes the pictures of a dataset. */
#include "train/sampler.h"

#include <math.h>
#include <string.h>

#include "core/random.h"

/* Apart from the streams of the pictures, which count from 0. */
#define SAMPLER_STREAM UINT64_MAX

struct skc_sampler {
    skc_arena arena; /* holds the sampler too */
    int32_t   count;
    bool      replace;  /* else the rest is empty */
    int32_t   buckets;  /* one for each class, or each source of a class, that has pictures */
    int32_t  *pictures; /* (count) sorted by bucket */
    int32_t  *end;      /* (buckets) where each one's pictures end */
    double   *share;    /* (buckets) cumulative, the last is the sum of all */
};

/* Stable counting sort of the numbers in `in` by key[number], 0..keys-1; tally has keys + 1. */
static void sort_by(const int32_t *key, int32_t keys, const int32_t *in, int32_t count,
                    int32_t *tally, int32_t *out)
{
    memset(tally, 0, ((size_t)keys + 1) * sizeof *tally);
    for (int32_t i = 0; i < count; i++)
        tally[key[i] + 1]++;
    for (int32_t k = 0; k < keys; k++)
        tally[k + 1] += tally[k];
    for (int32_t i = 0; i < count; i++)
        out[tally[key[in[i]]]++] = in[i];
}

/* Pictures by (class, source), or by class only: the last sort decides first. */
static skc_status sort_pictures(skc_sampler *sampler, const skc_dataset *dataset,
                                bool balance_sources, skc_error *err)
{
    int32_t keys =
        dataset->label_count > dataset->source_count ? dataset->label_count : dataset->source_count;
    size_t     count = (size_t)sampler->count;
    int32_t   *first, *second, *tally;
    skc_arena  arena;
    skc_status status = skc__arena_create(&sampler->arena.allocator,
                                          2 * skc__arena_piece(count * sizeof *first) +
                                              skc__arena_piece(((size_t)keys + 1) * sizeof *tally),
                                          &arena, err);

    if (status != SKC_OK)
        return status;
    first  = skc__arena_take(&arena, count * sizeof *first);
    second = skc__arena_take(&arena, count * sizeof *second);
    tally  = skc__arena_take(&arena, ((size_t)keys + 1) * sizeof *tally);
    for (int32_t i = 0; i < sampler->count; i++)
        first[i] = i;
    if (balance_sources)
        sort_by(dataset->sources, dataset->source_count, first, sampler->count, tally, second);
    sort_by(dataset->labels, dataset->label_count, balance_sources ? second : first, sampler->count,
            tally, sampler->pictures);
    skc__arena_free(&arena);
    return SKC_OK;
}

/* Where the run of equal keys that begins at `begin` ends. */
static int32_t run_end(const int32_t *key, const int32_t *pictures, int32_t begin, int32_t count)
{
    int32_t end = begin + 1;

    while (end < count && key[pictures[end]] == key[pictures[begin]])
        end++;
    return end;
}

/* The buckets of one class, whose pictures are begin..end-1, share `weight` evenly. */
static void add_class(skc_sampler *sampler, const skc_dataset *dataset, int32_t begin, int32_t end,
                      bool balance_sources, double weight)
{
    int32_t first = sampler->buckets;
    double  below = first > 0 ? sampler->share[first - 1] : 0;

    for (int32_t at = begin; at < end; sampler->buckets++) {
        at = balance_sources ? run_end(dataset->sources, sampler->pictures, at, end) : end;
        sampler->end[sampler->buckets] = at;
    }
    for (int32_t i = first; i < sampler->buckets; i++)
        sampler->share[i] = below + weight * (i - first + 1) / (sampler->buckets - first);
}

static skc_status fill_buckets(skc_sampler *sampler, const skc_dataset *dataset, float balance,
                               bool balance_sources, skc_error *err)
{
    skc_status status = sort_pictures(sampler, dataset, balance_sources, err);

    if (status != SKC_OK)
        return status;
    for (int32_t begin = 0, end; begin < sampler->count; begin = end) {
        end = run_end(dataset->labels, sampler->pictures, begin, sampler->count);
        add_class(sampler, dataset, begin, end, balance_sources,
                  pow((double)(end - begin), 1 - (double)balance));
    }
    return SKC_OK;
}

skc_status skc__sampler_create(const skc_dataset *dataset, float balance, bool balance_sources,
                               const skc_allocator *allocator, skc_sampler **out, skc_error *err)
{
    bool         replace = balance > 0 || balance_sources;
    size_t       count   = replace ? (size_t)dataset->count : 0;
    skc_sampler *sampler;
    skc_arena    arena;
    skc_status   status = skc__arena_create(allocator,
                                            skc__arena_piece(sizeof *sampler) +
                                                2 * skc__arena_piece(count * sizeof *sampler->end) +
                                                skc__arena_piece(count * sizeof *sampler->share),
                                            &arena, err);

    if (status != SKC_OK)
        return status;
    sampler           = skc__arena_take(&arena, sizeof *sampler);
    sampler->pictures = skc__arena_take(&arena, count * sizeof *sampler->pictures);
    sampler->end      = skc__arena_take(&arena, count * sizeof *sampler->end);
    sampler->share    = skc__arena_take(&arena, count * sizeof *sampler->share);
    sampler->count    = dataset->count;
    sampler->replace  = replace;
    sampler->arena    = arena;
    if (replace)
        status = fill_buckets(sampler, dataset, balance, balance_sources, err);
    if (status == SKC_OK)
        *out = sampler;
    else
        skc__sampler_free(sampler);
    return status;
}

void skc__sampler_free(skc_sampler *sampler)
{
    skc_arena arena;

    if (sampler == NULL)
        return;
    arena = sampler->arena;
    skc__arena_free(&arena);
}

/* Fisher and Yates. */
static void permute(skc_random *random, int32_t count, int32_t *order)
{
    for (int32_t i = 0; i < count; i++)
        order[i] = i;
    for (int32_t i = count - 1; i > 0; i--) {
        int32_t j    = (int32_t)skc__random_below(random, (uint32_t)i + 1);
        int32_t kept = order[i];
        order[i]     = order[j];
        order[j]     = kept;
    }
}

static int32_t draw(const skc_sampler *sampler, skc_random *random)
{
    double point =
        (double)(skc__random_next(random) >> 11) * 0x1p-53 * sampler->share[sampler->buckets - 1];
    int32_t low = 0, high = sampler->buckets - 1; /* the first bucket whose share is over point */
    int32_t begin;

    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (sampler->share[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    begin = low > 0 ? sampler->end[low - 1] : 0;
    return sampler->pictures[begin + (int32_t)skc__random_below(
                                         random, (uint32_t)(sampler->end[low] - begin))];
}

void skc__sampler_order(const skc_sampler *sampler, uint64_t seed, uint64_t epoch, int32_t *order)
{
    skc_random random = skc__random_stream(seed, epoch, SAMPLER_STREAM);

    if (!sampler->replace) {
        permute(&random, sampler->count, order);
        return;
    }
    for (int32_t i = 0; i < sampler->count; i++)
        order[i] = draw(sampler, &random);
}
