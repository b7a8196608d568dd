/* data_reports.c - sub-commands that look at a manifest and its pictures: stats, duplicates, check.
 */
#include "data.h"
#include "duplicates.h"
#include "groups.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ stats */

enum { PARTS = 4 };
static const char *const parts[PARTS] = { "train", "val", "test", "" };

/* One line of the table: a label of a source. */
typedef struct tally {
    const char *source, *label; /* in the manifest */
    int32_t     count[PARTS];
} tally;

typedef struct tallies {
    tally  *items;
    int32_t count, capacity;
} tallies;

static int32_t part_of(const char *split)
{
    int32_t i = 0;

    while (i < PARTS - 1 && strcmp(parts[i], split) != 0)
        i++;
    return i;
}

static int compare_tallies(const void *left, const void *right)
{
    const tally *a = left, *b = right;
    int          order = strcmp(a->source, b->source);

    return order != 0 ? order : strcmp(a->label, b->label);
}

/* There are few: searched from the last, since neighbours are alike. */
static tally *find_tally(tallies *t, const skc_manifest_row *row)
{
    for (int32_t i = t->count - 1; i >= 0; i--)
        if (strcmp(t->items[i].label, row->label) == 0 &&
            strcmp(t->items[i].source, row->source) == 0)
            return &t->items[i];
    if (t->count == t->capacity) {
        t->capacity = t->capacity == 0 ? 32 : t->capacity * 2;
        t->items    = cli_memory(t->items, (size_t)t->capacity, sizeof *t->items);
    }
    t->items[t->count] = (tally){ .source = row->source, .label = row->label };
    return &t->items[t->count++];
}

static tallies count_rows(const skc_manifest *manifest)
{
    tallies t = { 0 };

    for (int32_t i = 0; i < skc_manifest_count(manifest); i++) {
        skc_manifest_row row = skc_manifest_row_at(manifest, i);

        find_tally(&t, &row)->count[part_of(row.split)]++;
    }
    if (t.count > 0)
        qsort(t.items, (size_t)t.count, sizeof *t.items, compare_tallies);
    return t;
}

static void print_line(table *out, const char *source, const char *label, const int32_t *count)
{
    int32_t all = 0;

    table_cell(out, "%s", source);
    table_cell(out, "%s", label);
    for (int32_t i = 0; i < PARTS; i++) {
        table_cell(out, "%d", (int)count[i]);
        all += count[i];
    }
    table_cell(out, "%d", (int)all);
}

static void print_tallies(const tallies *t)
{
    static const char *const headings[]   = { "source", "label", "train",   "val",
                                              "test",   "none",  "pictures" };
    table                    out          = table_begin("llrrrrr");
    int32_t                  total[PARTS] = { 0 };

    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_cell(&out, "%s", headings[i]);
    for (int32_t i = 0; i < t->count; i++) {
        print_line(&out, t->items[i].source, t->items[i].label, t->items[i].count);
        for (int32_t k = 0; k < PARTS; k++)
            total[k] += t->items[i].count[k];
    }
    print_line(&out, "all", "", total);
    table_end(&out, stdout);
}

static void print_json(const tallies *t, const skc_manifest *manifest, int32_t groups,
                       int32_t leaks)
{
    json_t *rows = json_array();

    for (int32_t i = 0; i < t->count; i++) {
        const tally *line = &t->items[i];

        json_array_append_new(
            rows, json_pack("{s:o, s:o, s:i, s:i, s:i, s:i}", "source", cli_json_text(line->source),
                            "label", cli_json_text(line->label), "train", (int)line->count[0],
                            "val", (int)line->count[1], "test", (int)line->count[2], "none",
                            (int)line->count[3]));
    }
    cli_json_line(json_pack("{s:i, s:i, s:i, s:o}", "pictures", (int)skc_manifest_count(manifest),
                            "groups", (int)groups, "leaks", (int)leaks, "rows", rows));
}

int data_stats(const cli_call *call)
{
    const data_settings *settings = call->settings;
    skc_manifest        *manifest = data_load(call->arguments[0]);
    int32_t              groups, leaks;
    tallies              t;

    if (manifest == NULL)
        return CLI_FAILED;
    t      = count_rows(manifest);
    groups = groups_count(manifest);
    leaks  = skc_manifest_leaks(manifest, NULL);
    if (settings->json) {
        print_json(&t, manifest, groups, leaks);
    } else {
        print_tallies(&t);
        printf("groups (lesions or patients): %d, of them in more than one part: %d\n", (int)groups,
               (int)leaks);
    }
    free(t.items);
    skc_manifest_free(manifest);
    return CLI_OK;
}

/* ------------------------------------------------------------------ pairs of pictures */

typedef struct scan {
    progress bar;
    problems list;
} scan;

static void show_progress(void *user, int32_t done, int32_t total)
{
    scan *s = user;

    (void)total;
    progress_update(&s->bar, (uint64_t)done, NULL);
}

static void note_failure(void *user, int32_t row, const skc_error *err)
{
    scan *s = user;

    (void)row;
    problem_add(&s->list, "unreadable pictures", "%s", err->message);
}

/* False after a message. */
static bool find_pairs(const skc_manifest *manifest, const char *path,
                       const data_settings *settings, scan *s, duplicate_list *found)
{
    skc_runtime      runtime = cli_runtime(settings->threads, settings->kernels);
    pictures_options options = { .manifest_path = path,
                                 .runtime       = &runtime,
                                 .user          = s,
                                 .progress      = show_progress,
                                 .failed        = note_failure };
    skc_error        err;
    skc_status       status;

    s->bar = progress_begin("pictures", (uint64_t)skc_manifest_count(manifest));
    status =
        duplicates_find(manifest, &options, settings->threshold, settings->threads, found, &err);
    progress_end(&s->bar);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK;
}

static json_t *describe_row(const skc_manifest_row *row)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "path", cli_json_text(row->path), "label",
                     cli_json_text(row->label), "group", cli_json_text(row->group), "split",
                     cli_json_text(row->split), "source", cli_json_text(row->source));
}

static void print_pair(const skc_manifest *manifest, const duplicate_pair *pair, bool json)
{
    skc_manifest_row a = skc_manifest_row_at(manifest, pair->a);
    skc_manifest_row b = skc_manifest_row_at(manifest, pair->b);

    if (json)
        cli_json_line(json_pack("{s:f, s:o, s:o}", "similarity", (double)pair->similarity, "a",
                                describe_row(&a), "b", describe_row(&b)));
    else
        printf("%.4f  %s (%s, %s)  %s (%s, %s)\n", (double)pair->similarity, a.path, a.label,
               a.split[0] != '\0' ? a.split : "-", b.path, b.label,
               b.split[0] != '\0' ? b.split : "-");
}

typedef struct pair_counts {
    size_t groups, labels, splits; /* pairs whose two pictures differ in these */
} pair_counts;

static pair_counts count_pairs(const skc_manifest *manifest, const duplicate_list *found)
{
    pair_counts counts = { 0 };

    for (size_t i = 0; i < found->count; i++) {
        skc_manifest_row a = skc_manifest_row_at(manifest, found->pairs[i].a);
        skc_manifest_row b = skc_manifest_row_at(manifest, found->pairs[i].b);

        counts.groups += !groups_same(manifest, found->pairs[i].a, found->pairs[i].b);
        counts.labels += strcmp(a.label, b.label) != 0;
        counts.splits += strcmp(a.split, b.split) != 0;
    }
    return counts;
}

/* Writes the manifest with joined groups; relative paths stay right where the folder is the same.
 */
static int write_groups(const data_settings *settings, skc_manifest *manifest, const char *path,
                        const duplicate_list *found)
{
    problems      list = { .total = 0 };
    skc_manifest *to;
    skc_error     err;
    int32_t       changed;

    if (duplicates_join_groups(manifest, found, &changed, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return CLI_FAILED;
    }
    fprintf(stderr, "pictures with a new group: %d\n", (int)changed);
    to = data_create();
    if (to != NULL && data_copy(manifest, path, to, settings->write_groups, NULL, &list))
        return data_save(to, settings->write_groups, &list);
    skc_manifest_free(to);
    return CLI_FAILED;
}

int data_duplicates(const cli_call *call)
{
    const data_settings *settings = call->settings;
    skc_manifest        *manifest = data_load(call->arguments[0]);
    scan                 s        = { .list = { .total = 0 } };
    duplicate_list       found    = { NULL, 0 };
    pair_counts          counts;
    int                  result = CLI_FAILED;

    if (manifest == NULL)
        return CLI_FAILED;
    if (find_pairs(manifest, call->arguments[0], settings, &s, &found)) {
        counts = count_pairs(manifest, &found);
        for (size_t i = 0; i < found.count && cli_output_ok(); i++)
            print_pair(manifest, &found.pairs[i], settings->json);
        fflush(stdout); /* before what is said about it */
        fprintf(stderr,
                "pairs that are alike: %zu; of two groups: %zu, of two labels: %zu, of two parts: "
                "%zu\n",
                found.count, counts.groups, counts.labels, counts.splits);
        result = settings->write_groups != NULL
                     ? write_groups(settings, manifest, call->arguments[0], &found)
                     : CLI_OK;
        if (problems_end(&s.list) > 0 && result == CLI_OK)
            result = s.list.total < skc_manifest_count(manifest) ? CLI_SOME_FAILED : CLI_FAILED;
    }
    free(found.pairs);
    skc_manifest_free(manifest);
    return result;
}

/* ------------------------------------------------------------------ check */

/* Rows without a part are nowhere yet. */
static bool in_two_parts(const skc_manifest_row *a, const skc_manifest_row *b)
{
    return a->split[0] != '\0' && b->split[0] != '\0' && strcmp(a->split, b->split) != 0;
}

/* Reports the groups that stand in two parts, each once; returns how many. */
static int32_t check_groups(const skc_manifest *manifest, problems *leaks)
{
    int32_t  count, found = 0;
    int32_t *order    = groups_order(manifest, &count);
    int32_t  reported = -1; /* where the last group that leaks begins */

    for (int32_t i = 1, first = 0; i < count; i++) {
        skc_manifest_row a = skc_manifest_row_at(manifest, order[first]);
        skc_manifest_row b = skc_manifest_row_at(manifest, order[i]);

        if (!groups_same(manifest, order[first], order[i]) || a.split[0] == '\0') {
            first = i;
        } else if (in_two_parts(&a, &b) && reported != first) {
            problem_add(leaks, "groups in two parts", "group %s: %s is in %s, %s in %s", a.group,
                        a.path, a.split, b.path, b.split);
            reported = first;
            found++;
        }
    }
    free(order);
    return found;
}

static int32_t check_pairs(const skc_manifest *manifest, const duplicate_list *alike,
                           problems *leaks)
{
    int32_t found = 0;

    for (size_t i = 0; i < alike->count; i++) {
        skc_manifest_row a = skc_manifest_row_at(manifest, alike->pairs[i].a);
        skc_manifest_row b = skc_manifest_row_at(manifest, alike->pairs[i].b);

        if (!in_two_parts(&a, &b))
            continue;
        problem_add(leaks, "pictures in two parts", "alike to %.4f: %s is in %s, %s in %s",
                    (double)alike->pairs[i].similarity, a.path, a.split, b.path, b.split);
        found++;
    }
    return found;
}

static void report_check(const data_settings *settings, int32_t groups, int32_t pairs)
{
    if (settings->json)
        cli_json_line(json_pack("{s:i, s:o, s:b}", "groups", (int)groups, "pairs",
                                settings->pictures ? json_integer(pairs) : json_null(), "leaks",
                                groups > 0 || pairs > 0));
    else if (settings->pictures)
        printf("groups in more than one part: %d; pairs of pictures: %d\n", (int)groups,
               (int)pairs);
    else
        printf("groups in more than one part: %d\n", (int)groups);
}

int data_check(const cli_call *call)
{
    const data_settings *settings = call->settings;
    skc_manifest        *manifest = data_load(call->arguments[0]);
    scan                 s        = { .list = { .total = 0 } };
    duplicate_list       found    = { NULL, 0 };
    int32_t              groups, alike;
    bool                 fine = true;

    if (manifest == NULL)
        return CLI_FAILED;
    if (settings->pictures)
        fine = find_pairs(manifest, call->arguments[0], settings, &s, &found);
    groups = check_groups(manifest, &s.list);
    alike  = check_pairs(manifest, &found, &s.list);
    problems_end(&s.list);
    if (fine)
        report_check(settings, groups, alike);
    free(found.pairs);
    skc_manifest_free(manifest);
    return !fine ? CLI_FAILED : s.list.total > 0 ? CLI_SOME_FAILED : CLI_OK;
}
