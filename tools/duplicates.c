/* duplicates.c - near-duplicates among all pairs of pictures, without multiplying all of them out.
 *
 * The mean of a signature over the eight symmetries of the square is the projection onto what the
 * symmetries leave alone, and a projection never lengthens a difference. With x and a turned y of
 * length 1 and x.y >= t, the means are therefore within sqrt(2 - 2t) of each other. They have 36
 * distinct values (one for each orbit of the 256 cells), so that nearly all pairs are ruled out by
 * a few of 36 multiplications instead of 8 x 256, and none wrongly. */
#include "duplicates.h"
#include "cli.h"
#include "groups.h"
#include "workers.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIDE   = SKC_SIGNATURE_SIDE,
    VALUES = SKC_SIGNATURE_VALUES,
    VIEWS  = SKC_SIGNATURE_SYMMETRIES,
    ORBITS = SIDE / 2 * (SIDE / 2 + 1) / 2
};

typedef struct signature {
    float views[VIEWS][VALUES];
    float invariant[ORBITS]; /* scaled so that distances are those of the 256 values */
    bool  known;
} signature;

typedef struct search {
    const signature *signatures;
    int32_t          count;
    float            threshold;
    duplicate_pair  *pairs;
    size_t           found, capacity;
    pthread_mutex_t  lock; /* of the three above */
} search;

/* ------------------------------------------------------------------ signatures */

static void make_invariant(signature *s)
{
    int32_t orbit = 0;

    for (int32_t y = 0; y < SIDE / 2; y++) {
        for (int32_t x = y; x < SIDE / 2; x++) {
            float sum = 0, cells = x == y ? 4.0F : 8.0F;

            for (int32_t v = 0; v < VIEWS; v++)
                sum += s->views[v][y * SIDE + x];
            s->invariant[orbit++] = sum / (float)VIEWS * sqrtf(cells);
        }
    }
}

static skc_status sign(const skc_cache_item *item, const skc_runtime *runtime, signature *out,
                       skc_error *err)
{
    skc_image *image;
    skc_status status =
        skc_image_decode(item->bytes, item->size, item->name, NULL, runtime, &image, err);

    if (status != SKC_OK)
        return status;
    status = skc_image_signature(image, out->views, err);
    skc_image_free(image);
    if (status != SKC_OK)
        return status;
    make_invariant(out);
    out->known = true;
    return SKC_OK;
}

typedef struct signing {
    signature         *signatures;
    const skc_runtime *runtime;
    int32_t            threads;
} signing;

typedef struct signing_batch {
    const signing        *all;
    const skc_cache_item *items;
    skc_error            *results;
} signing_batch;

static void sign_task(void *context, int32_t i)
{
    const signing_batch *b = context;
    signature           *s = &b->all->signatures[b->items[i].row];

    b->results[i].status = sign(&b->items[i], b->all->runtime, s, &b->results[i]);
}

static skc_status sign_batch(void *user, const skc_cache_item *items, int32_t count,
                             skc_error *results, skc_error *err)
{
    const signing *s = user;

    (void)err;
    workers_run(s->threads, count, sign_task, &(signing_batch){ s, items, results });
    return SKC_OK;
}

/* ------------------------------------------------------------------ pairs */

static bool could_match(const signature *a, const signature *b, float limit)
{
    float distance = 0;

    for (int32_t i = 0; i < ORBITS; i += 12) {
        for (int32_t k = i; k < i + 12; k++) {
            float d = a->invariant[k] - b->invariant[k];

            distance += d * d;
        }
        if (distance > limit)
            return false;
    }
    return true;
}

static float similarity(const signature *a, const signature *b)
{
    float best = -1;

    for (int32_t v = 0; v < VIEWS; v++) {
        float lanes[8] = { 0 }, sum = 0;

        for (int32_t i = 0; i < VALUES; i += 8)
            for (int32_t k = 0; k < 8; k++)
                lanes[k] += a->views[0][i + k] * b->views[v][i + k];
        for (int32_t k = 0; k < 8; k++)
            sum += lanes[k];
        best = sum > best ? sum : best;
    }
    return best < 1 ? best : 1;
}

static void add_pair(search *s, duplicate_pair pair)
{
    if (s->found == s->capacity) {
        s->capacity = s->capacity == 0 ? 256 : s->capacity * 2;
        s->pairs    = cli_memory(s->pairs, s->capacity, sizeof *s->pairs);
    }
    s->pairs[s->found++] = pair;
}

static void search_row(void *context, int32_t a)
{
    search *s     = context;
    /* The second term is for rounding: 256 terms, each to about 1e-7. */
    float   limit = 2 - 2 * s->threshold + 1e-4F;

    for (int32_t b = a + 1; b < s->count && s->signatures[a].known; b++) {
        float alike;

        if (!s->signatures[b].known || !could_match(&s->signatures[a], &s->signatures[b], limit))
            continue;
        alike = similarity(&s->signatures[a], &s->signatures[b]);
        if (alike < s->threshold)
            continue;
        pthread_mutex_lock(&s->lock);
        add_pair(s, (duplicate_pair){ a, b, alike });
        pthread_mutex_unlock(&s->lock);
    }
}

static int compare_pairs(const void *left, const void *right)
{
    const duplicate_pair *p = left, *q = right;

    if (p->a != q->a)
        return p->a < q->a ? -1 : 1;
    return p->b < q->b ? -1 : p->b > q->b;
}

skc_status duplicates_find(const skc_manifest *manifest, const pictures_options *options,
                           float threshold, int32_t threads, duplicate_list *out, skc_error *err)
{
    int32_t    rows       = skc_manifest_count(manifest);
    signature *signatures = cli_memory(NULL, (size_t)rows + 1, sizeof *signatures);
    signing    batch      = { signatures, options->runtime, threads };
    search     s          = { .signatures = signatures,
                              .count      = rows,
                              .threshold  = threshold,
                              .lock       = PTHREAD_MUTEX_INITIALIZER };
    skc_status status;

    for (int32_t i = 0; i < rows; i++)
        signatures[i].known = false;
    status = pictures_read(manifest, options, sign_batch, &batch, err);
    if (status == SKC_OK) {
        workers_run(threads, rows, search_row, &s);
        if (s.found > 0)
            qsort(s.pairs, s.found, sizeof *s.pairs, compare_pairs);
        *out = (duplicate_list){ s.pairs, s.found };
    }
    free(signatures);
    return status;
}

/* ------------------------------------------------------------------ groups */

/* Rows by their sets; the root of a set is its first row. */
static int32_t find_root(int32_t *parent, int32_t row)
{
    while (parent[row] != row)
        row = parent[row] = parent[parent[row]];
    return row;
}

static void unite(int32_t *parent, int32_t a, int32_t b)
{
    a = find_root(parent, a);
    b = find_root(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

static void unite_groups(const skc_manifest *manifest, int32_t *parent)
{
    int32_t  count;
    int32_t *order = groups_order(manifest, &count);

    for (int32_t i = 1; i < count; i++)
        if (groups_same(manifest, order[i - 1], order[i]))
            unite(parent, order[i - 1], order[i]);
    free(order);
}

/* Names of the sets by root: the first group in them; NULL for rows that stand alone. */
static char **name_sets(const skc_manifest *manifest, int32_t *parent)
{
    int32_t rows  = skc_manifest_count(manifest);
    char  **names = cli_memory(NULL, (size_t)rows + 1, sizeof *names);

    memset(names, 0, ((size_t)rows + 1) * sizeof *names);
    for (int32_t i = 0; i < rows; i++) {
        int32_t     root  = find_root(parent, i);
        const char *group = skc_manifest_row_at(manifest, i).group;

        if (names[root] == NULL && group[0] != '\0')
            names[root] = cli_copy(group);
    }
    for (int32_t i = 0; i < rows; i++) {
        int32_t root = find_root(parent, i);

        if (i != root && names[root] == NULL)
            names[root] = cli_format("alike:%s", skc_manifest_row_at(manifest, root).path);
    }
    return names;
}

static skc_status rename_groups(skc_manifest *manifest, int32_t *parent, char *const *names,
                                int32_t *changed, skc_error *err)
{
    skc_status status = SKC_OK;

    for (int32_t i = 0; i < skc_manifest_count(manifest) && status == SKC_OK; i++) {
        skc_manifest_row row  = skc_manifest_row_at(manifest, i);
        const char      *name = names[find_root(parent, i)];

        if (name == NULL || strcmp(name, row.group) == 0)
            continue;
        row.group = name;
        status    = skc_manifest_set(manifest, i, &row, err);
        ++*changed;
    }
    return status;
}

skc_status duplicates_join_groups(skc_manifest *manifest, const duplicate_list *list,
                                  int32_t *changed, skc_error *err)
{
    int32_t    rows = skc_manifest_count(manifest), renamed = 0;
    int32_t   *parent = cli_memory(NULL, (size_t)rows + 1, sizeof *parent);
    char     **names;
    skc_status status;

    for (int32_t i = 0; i < rows; i++)
        parent[i] = i;
    unite_groups(manifest, parent);
    for (size_t i = 0; i < list->count; i++)
        unite(parent, list->pairs[i].a, list->pairs[i].b);
    names  = name_sets(manifest, parent);
    status = rename_groups(manifest, parent, names, &renamed, err);
    for (int32_t i = 0; i < rows; i++)
        free(names[i]);
    free(names);
    free(parent);
    if (status == SKC_OK)
        *changed = renamed;
    return status;
}
