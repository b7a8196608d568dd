/* dataset.c - the pictures of one part of a manifest with their label numbers, over a cache. */
#include "train/dataset.h"

#include "train/manifest.h"

/* What a manifest's numbers become in the dataset. */
typedef struct numbering {
    skc_arena arena;
    int32_t  *label;  /* (manifest labels) -1: not among the dataset's labels */
    int32_t  *group;  /* (manifest groups) number + 1, 0: not met yet */
    int32_t  *source; /* (manifest sources) the same */
} numbering;

static size_t numbers_bytes(int32_t count)
{
    return skc__arena_piece((size_t)count * sizeof(int32_t));
}

static int32_t *take_numbers(skc_arena *arena, int32_t count)
{
    return skc__arena_take(arena, (size_t)count * sizeof(int32_t));
}

/* labels -> a set that finds their numbers; each must be there once. */
static skc_status number_labels(const char *const *labels, int32_t label_count, skc_names *names,
                                skc_error *err)
{
    for (int32_t i = 0; i < label_count; i++) {
        int32_t    number;
        skc_status status;
        if (labels[i] == NULL || labels[i][0] == '\0')
            return skc__fail(err, SKC_EINVAL, "dataset: label %d is empty", i);
        status = skc__names_add(names, labels[i], &number, err);
        if (status != SKC_OK)
            return status;
        if (number != i)
            return skc__fail(err, SKC_EINVAL, "dataset: labels %d and %d are both \"%.100s\"",
                             number, i, labels[i]);
    }
    return SKC_OK;
}

static skc_status start_numbering(const skc_manifest *manifest, const char *const *labels,
                                  int32_t label_count, numbering *numbers, skc_error *err)
{
    skc_names  names;
    skc_status status;

    skc__names_init(&names, &manifest->allocator);
    status = number_labels(labels, label_count, &names, err);
    if (status == SKC_OK)
        status = skc__arena_create(&manifest->allocator,
                                   numbers_bytes(manifest->labels.count) +
                                       numbers_bytes(manifest->groups.count) +
                                       numbers_bytes(manifest->sources.count),
                                   &numbers->arena, err);
    if (status == SKC_OK) {
        numbers->label  = take_numbers(&numbers->arena, manifest->labels.count);
        numbers->group  = take_numbers(&numbers->arena, manifest->groups.count);
        numbers->source = take_numbers(&numbers->arena, manifest->sources.count);
        for (int32_t i = 0; i < manifest->labels.count; i++)
            numbers->label[i] = skc__names_find(&names, manifest->labels.text[i]);
    }
    skc__names_free(&names);
    return status;
}

static bool belongs(const skc_manifest *manifest, const skc_cache *cache, int32_t part, int32_t row)
{
    return (part < 0 || manifest->entries[row].part == part) && skc_cache_has(cache, row);
}

static int32_t count_pictures(const skc_manifest *manifest, const skc_cache *cache, int32_t part)
{
    int32_t count = 0;

    for (int32_t row = 0; row < manifest->count; row++)
        count += belongs(manifest, cache, part, row);
    return count;
}

/* The number behind *slot, which is taken from *count the first time. */
static int32_t number_of(int32_t *slot, int32_t *count)
{
    if (*slot == 0)
        *slot = ++*count;
    return *slot - 1;
}

static skc_status fill(skc_dataset *dataset, const skc_manifest *manifest, int32_t part,
                       const numbering *numbers, skc_error *err)
{
    int32_t i = 0;

    for (int32_t row = 0; row < manifest->count; row++) {
        const skc_manifest_entry *entry = &manifest->entries[row];
        int32_t                   own   = 0;

        if (!belongs(manifest, dataset->cache, part, row))
            continue;
        if (numbers->label[entry->label] < 0)
            return skc__fail(err, SKC_EMISMATCH,
                             "%.200s: label \"%.100s\" is not one of the %d labels",
                             manifest->paths.text[row], manifest->labels.text[entry->label],
                             dataset->label_count);
        dataset->rows[i]    = row;
        dataset->labels[i]  = numbers->label[entry->label];
        dataset->sources[i] = number_of(&numbers->source[entry->source], &dataset->source_count);
        dataset->groups[i]  = number_of(entry->group < 0 ? &own : &numbers->group[entry->group],
                                       &dataset->group_count);
        i++;
    }
    return SKC_OK;
}

static skc_status create(const skc_allocator *allocator, int32_t count, skc_dataset **out,
                         skc_error *err)
{
    skc_arena    arena;
    skc_dataset *dataset;
    skc_status   status = skc__arena_create(
          allocator, skc__arena_piece(sizeof *dataset) + 4 * numbers_bytes(count), &arena, err);

    if (status != SKC_OK)
        return status;
    dataset          = skc__arena_take(&arena, sizeof *dataset);
    dataset->count   = count;
    dataset->labels  = take_numbers(&arena, count);
    dataset->groups  = take_numbers(&arena, count);
    dataset->sources = take_numbers(&arena, count);
    dataset->rows    = take_numbers(&arena, count);
    dataset->arena   = arena;
    *out             = dataset;
    return SKC_OK;
}

static skc_status check_arguments(const skc_manifest *manifest, const skc_cache *cache,
                                  const char *split, const char *const *labels, int32_t label_count,
                                  skc_error *err)
{
    if (manifest == NULL || cache == NULL || labels == NULL)
        return skc__fail(err, SKC_EINVAL, "dataset: a NULL argument");
    if (label_count < 1)
        return skc__fail(err, SKC_EINVAL, "dataset: label_count is %d; at least 1", label_count);
    if (split != NULL && skc__part_number(split) < 0)
        return skc__fail(err, SKC_EINVAL,
                         "dataset: split is \"%.40s\"; allowed are train, val, test or \"\"",
                         split);
    if (skc_cache_rows(cache) != manifest->count)
        return skc__fail(err, SKC_EMISMATCH,
                         "dataset: the cache is for %d rows, the manifest has %d",
                         skc_cache_rows(cache), manifest->count);
    return SKC_OK;
}

skc_status skc_dataset_create(const skc_manifest *manifest, const skc_cache *cache,
                              const char *split, const char *const *labels, int32_t label_count,
                              const skc_runtime *runtime, skc_dataset **out, skc_error *err)
{
    skc_allocator allocator = skc__allocator(runtime);
    skc_dataset  *dataset   = NULL;
    numbering     numbers;
    int32_t       part, count;
    skc_status    status = check_arguments(manifest, cache, split, labels, label_count, err);

    if (status != SKC_OK)
        return status;
    part  = split == NULL ? -1 : skc__part_number(split);
    count = count_pictures(manifest, cache, part);
    if (count == 0)
        return skc__fail(err, SKC_ENOTFOUND, "dataset: the cache has no picture of split \"%s\"",
                         split == NULL ? "(all)" : split);
    status = start_numbering(manifest, labels, label_count, &numbers, err);
    if (status != SKC_OK)
        return status;
    status = create(&allocator, count, &dataset, err);
    if (status == SKC_OK) {
        dataset->cache       = cache;
        dataset->label_count = label_count;
        status               = fill(dataset, manifest, part, &numbers, err);
    }
    skc__arena_free(&numbers.arena);
    if (status == SKC_OK)
        *out = dataset;
    else
        skc_dataset_free(dataset);
    return status;
}

void skc_dataset_free(skc_dataset *dataset)
{
    skc_arena arena;

    if (dataset == NULL)
        return;
    arena = dataset->arena; /* the dataset lies in it */
    skc__arena_free(&arena);
}

int32_t skc_dataset_count(const skc_dataset *dataset)
{
    return dataset->count;
}

const int32_t *skc_dataset_labels(const skc_dataset *dataset)
{
    return dataset->labels;
}

const int32_t *skc_dataset_groups(const skc_dataset *dataset)
{
    return dataset->groups;
}

const int32_t *skc_dataset_sources(const skc_dataset *dataset)
{
    return dataset->sources;
}

int32_t skc_dataset_row(const skc_dataset *dataset, int32_t i)
{
    return i >= 0 && i < dataset->count ? dataset->rows[i] : -1;
}
