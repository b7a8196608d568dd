/* split.c - the split of a manifest by group, stratified by label, in the order of SHA-256. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/manifest.h"

enum { MAX_SEED_BYTES = 255 };

/* The pictures that go to one side together: a group, or a picture without one. */
typedef struct unit {
    int32_t id; /* by first appearance */
    int32_t label;
    int32_t pictures;
    char    digest[65];
} unit;

typedef struct splitting {
    skc_arena arena;
    int32_t   from, to, rest; /* parts; from -1: all */
    int32_t   count;          /* units */
    unit     *units;          /* (count), room for one a row */
    int32_t  *unit_of_row;    /* (rows) id + 1, 0: the row is not split */
    int32_t  *unit_of_group;  /* (groups) id + 1, 0: not met yet */
    bool     *joins;          /* (count) by id: to the new part */
} splitting;

void skc_split_options_init(skc_split_options *options)
{
    *options = (skc_split_options){
        .struct_size = sizeof *options,
        .seed        = "ham10000-split-v1",
        .percent     = 20,
        .to          = "test",
        .rest        = "train",
    };
}

static skc_status part_option(const char *option, const char *name, int32_t *part, skc_error *err)
{
    *part = name != NULL ? skc__part_number(name) : -1;
    if (*part >= 0)
        return SKC_OK;
    return skc__fail(
        err, SKC_EINVAL, "split: %s is %s%.40s%s; allowed are train, val, test or \"\"", option,
        name != NULL ? "\"" : "", name != NULL ? name : "NULL", name != NULL ? "\"" : "");
}

static skc_status check_options(const skc_split_options *options, splitting *s, skc_error *err)
{
    skc_status status;

    if (options->struct_size < sizeof *options)
        return skc__fail(err, SKC_EINVAL, "split: options were not set by skc_split_options_init");
    if (options->percent < 1 || options->percent > 99)
        return skc__fail(err, SKC_EINVAL, "split: percent is %d; allowed are 1..99",
                         options->percent);
    if (options->seed == NULL || strlen(options->seed) > MAX_SEED_BYTES)
        return skc__fail(err, SKC_EINVAL, "split: the seed is a text of at most %d bytes",
                         (int)MAX_SEED_BYTES);
    status = part_option("to", options->to, &s->to, err);
    if (status == SKC_OK)
        status = part_option("rest", options->rest, &s->rest, err);
    s->from = -1;
    if (status == SKC_OK && options->from != NULL)
        status = part_option("from", options->from, &s->from, err);
    if (status == SKC_OK && s->to == s->rest)
        return skc__fail(err, SKC_EINVAL, "split: to and rest are both \"%s\"", options->to);
    return status;
}

static skc_status plan(splitting *s, const skc_manifest *manifest, skc_error *err)
{
    size_t rows   = (size_t)manifest->count;
    size_t groups = (size_t)manifest->groups.count;
    size_t bytes  = skc__arena_piece(rows * sizeof *s->units) +
                   skc__arena_piece(rows * sizeof *s->unit_of_row) +
                   skc__arena_piece(groups * sizeof *s->unit_of_group) +
                   skc__arena_piece(rows * sizeof *s->joins);
    skc_status status = skc__arena_create(&manifest->allocator, bytes, &s->arena, err);

    if (status != SKC_OK)
        return status;
    s->count         = 0;
    s->units         = skc__arena_take(&s->arena, rows * sizeof *s->units);
    s->unit_of_row   = skc__arena_take(&s->arena, rows * sizeof *s->unit_of_row);
    s->unit_of_group = skc__arena_take(&s->arena, groups * sizeof *s->unit_of_group);
    s->joins         = skc__arena_take(&s->arena, rows * sizeof *s->joins);
    return SKC_OK;
}

/* A group without a name is the picture's own: its path stands for it. */
static void start_unit(splitting *s, const char *seed, const skc_manifest *manifest, int32_t row)
{
    const skc_manifest_entry *entry = &manifest->entries[row];
    unit *new                       = &s->units[s->count];
    char text[MAX_SEED_BYTES + SKC_MANIFEST_TEXT + 2];
    int  length;

    length = snprintf(text, sizeof text, "%s:%s", seed,
                      entry->group < 0 ? manifest->paths.text[row]
                                       : manifest->groups.text[entry->group]);
    skc_sha256(text, (size_t)length, new->digest);
    new->id    = s->count++;
    new->label = entry->label;
}

static void collect(splitting *s, const char *seed, const skc_manifest *manifest)
{
    for (int32_t row = 0; row < manifest->count; row++) {
        const skc_manifest_entry *entry = &manifest->entries[row];
        int32_t                   own   = 0;
        int32_t *number                 = entry->group < 0 ? &own : &s->unit_of_group[entry->group];

        if (s->from >= 0 && entry->part != s->from)
            continue;
        if (*number == 0) {
            start_unit(s, seed, manifest, row);
            *number = s->count;
        }
        s->units[*number - 1].pictures++;
        s->unit_of_row[row] = *number;
    }
}

static int by_label_and_digest(const void *left, const void *right)
{
    const unit *a     = left;
    const unit *b     = right;
    int         order = (a->label > b->label) - (a->label < b->label);

    if (order == 0)
        order = strcmp(a->digest, b->digest);
    return order != 0 ? order : (a->id > b->id) - (a->id < b->id);
}

/* Goes once through the units of one label, which are in their order. */
static void choose(splitting *s, int32_t begin, int32_t end, int32_t percent)
{
    int64_t pictures = 0;
    int64_t taken    = 0;
    int64_t quota;

    for (int32_t i = begin; i < end; i++)
        pictures += s->units[i].pictures;
    quota = (percent * pictures + 50) / 100;
    for (int32_t i = begin; i < end; i++) {
        if (taken + s->units[i].pictures > quota)
            continue;
        taken += s->units[i].pictures;
        s->joins[s->units[i].id] = true;
    }
}

skc_status skc_manifest_split(skc_manifest *manifest, const skc_split_options *options,
                              skc_error *err)
{
    splitting  s;
    skc_status status;

    if (manifest == NULL || options == NULL)
        return skc__fail(err, SKC_EINVAL, "split: a NULL argument");
    status = check_options(options, &s, err);
    if (status == SKC_OK)
        status = plan(&s, manifest, err);
    if (status != SKC_OK)
        return status;
    collect(&s, options->seed, manifest);
    qsort(s.units, (size_t)s.count, sizeof *s.units, by_label_and_digest);
    for (int32_t begin = 0, end; begin < s.count; begin = end) {
        for (end = begin + 1; end < s.count && s.units[end].label == s.units[begin].label;)
            end++;
        choose(&s, begin, end, options->percent);
    }
    for (int32_t row = 0; row < manifest->count; row++)
        if (s.unit_of_row[row] > 0)
            skc__manifest_move(manifest, row, s.joins[s.unit_of_row[row] - 1] ? s.to : s.rest);
    skc__arena_free(&s.arena);
    return SKC_OK;
}
