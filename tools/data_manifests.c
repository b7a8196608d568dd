/* data_manifests.c - sub-commands that make a manifest from others: ingest, map, merge, split,
 * filter. */
#include "data.h"
#include "tasks.h"
#include "groups.h"
#include "ingest.h"

#include <stdlib.h>
#include <string.h>

static bool has_out(const cli_call *call)
{
    const data_settings *settings = call->settings;

    if (settings->out == NULL)
        cli_usage(call, "--out is missing: the manifest to write");
    return settings->out != NULL;
}

/* The one manifest that a command reads; NULL after a message. */
static skc_manifest *open_input(const cli_call *call)
{
    return has_out(call) ? data_load(call->arguments[0]) : NULL;
}

/* ------------------------------------------------------------------ ingest */

int data_ingest(const cli_call *call)
{
    const data_settings *settings = call->settings;
    problems             list     = { .total = 0 };
    skc_manifest        *manifest;
    skc_error            err;
    ingest_options options = { (ingest_format)settings->format, settings->source, settings->out,
                               NULL };

    if (!has_out(call))
        return CLI_FAILED;
    if (ingest(call->arguments, call->count, &options, &list, &manifest, &err) != SKC_OK) {
        problems_end(&list);
        cli_error("%s", err.message);
        return CLI_FAILED;
    }
    return data_finish(manifest, settings->out, &list);
}

/* ------------------------------------------------------------------ map */

/* The new name by the last of "OLD=NEW" that fits; the old one when none does. "none" stands for an
 * empty name. */
static const char *renamed(const cli_list *rules, const char *name)
{
    const char *result = name;

    for (int32_t i = 0; i < rules->count; i++) {
        const char *equals = strchr(rules->items[i], '=');
        const char *old    = name[0] != '\0' ? name : "none";
        size_t      length = (size_t)(equals - rules->items[i]);

        if (strlen(old) == length && strncmp(rules->items[i], old, length) == 0)
            result = strcmp(equals + 1, "none") == 0 ? "" : equals + 1;
    }
    return result;
}

typedef struct mapping {
    const data_settings *settings;
    problems            *list;
} mapping;

static bool map_row(void *user, int32_t i, skc_manifest_row *row)
{
    const mapping *m     = user;
    const char    *label = renamed(&m->settings->rename_labels, row->label);

    (void)i;
    if (m->settings->to != NULL)
        label = task_malignancy(label);
    if (label == NULL)
        problem_add(m->list, "unknown labels",
                    "%s: the label \"%s\" is neither benign nor malignant", row->path, row->label);
    row->label = label;
    row->split = renamed(&m->settings->rename_splits, row->split);
    if (m->settings->source != NULL)
        row->source = m->settings->source;
    return label != NULL;
}

static bool rules_fit(const cli_list *rules)
{
    for (int32_t i = 0; i < rules->count; i++)
        if (strchr(rules->items[i], '=') == NULL)
            return false;
    return true;
}

static int copy_one(const cli_call *call, const data_sieve *sieve, const skc_manifest *from,
                    problems *list)
{
    const data_settings *settings = call->settings;
    skc_manifest        *to       = data_create();

    if (to != NULL && data_copy(from, call->arguments[0], to, settings->out, sieve, list))
        return data_finish(to, settings->out, list);
    skc_manifest_free(to);
    return CLI_FAILED;
}

int data_map(const cli_call *call)
{
    const data_settings *settings = call->settings;
    problems             list     = { .total = 0 };
    mapping              m        = { settings, &list };
    skc_manifest        *from;
    int                  result;

    if (!rules_fit(&settings->rename_labels) || !rules_fit(&settings->rename_splits))
        return cli_usage(call, "--label and --split want OLD=NEW");
    if (settings->to != NULL && strcmp(settings->to, "malignancy") != 0)
        return cli_usage(call, "--to knows malignancy only, not \"%s\"", settings->to);
    from = open_input(call);
    if (from == NULL)
        return CLI_FAILED;
    result = copy_one(call, &(data_sieve){ map_row, &m }, from, &list);
    skc_manifest_free(from);
    return result;
}

/* ------------------------------------------------------------------ merge */

static bool set_source(void *user, int32_t i, skc_manifest_row *row)
{
    const char *source = user;

    (void)i;
    if (source != NULL)
        row->source = source;
    return true;
}

int data_merge(const cli_call *call)
{
    const data_settings *settings = call->settings;
    char                *source   = settings->source != NULL ? cli_copy(settings->source) : NULL;
    problems             list     = { .total = 0 };
    data_sieve           sieve    = { set_source, source };
    skc_manifest        *to       = data_create();
    bool                 fine     = to != NULL && has_out(call);

    for (int32_t i = 0; i < call->count && fine; i++) {
        skc_manifest *from = data_load(call->arguments[i]);

        fine =
            from != NULL && data_copy(from, call->arguments[i], to, settings->out, &sieve, &list);
        skc_manifest_free(from);
    }
    free(source);
    if (fine)
        return data_finish(to, settings->out, &list);
    skc_manifest_free(to);
    return CLI_FAILED;
}

/* ------------------------------------------------------------------ split */

int data_split(const cli_call *call)
{
    const data_settings *settings = call->settings;
    problems             list     = { .total = 0 };
    skc_manifest        *from     = open_input(call);
    skc_split_options    options;
    skc_error            err;
    int                  result = CLI_FAILED;

    if (from == NULL)
        return CLI_FAILED;
    skc_split_options_init(&options);
    options.seed    = settings->split_seed;
    options.percent = settings->percent;
    options.from    = settings->from;
    options.to      = settings->to;
    options.rest    = settings->rest;
    if (skc_manifest_split(from, &options, &err) != SKC_OK)
        cli_error("%s", err.message);
    else
        result = copy_one(call, NULL, from, &list);
    skc_manifest_free(from);
    return result;
}

/* ------------------------------------------------------------------ filter */

typedef struct filtering {
    const data_settings *settings;
    bool                *leaks; /* by row */
    int32_t              dropped;
} filtering;

/* An empty list lets everything through; "none" stands for an empty name. */
static bool is_listed(const cli_list *list, const char *name)
{
    for (int32_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name[0] != '\0' ? name : "none") == 0)
            return true;
    return list->count == 0;
}

static bool filter_row(void *user, int32_t i, skc_manifest_row *row)
{
    filtering           *f        = user;
    const data_settings *settings = f->settings;

    if (!is_listed(&settings->keep_labels, row->label) ||
        !is_listed(&settings->keep_splits, row->split) ||
        !is_listed(&settings->keep_sources, row->source))
        return false;
    f->dropped += f->leaks[i];
    return !f->leaks[i];
}

/* How much a part is to be protected: what stands in the test part may not be trained on. */
static int32_t rank_of(const char *split)
{
    if (strcmp(split, "test") == 0)
        return 2;
    return strcmp(split, "val") == 0 ? 1 : 0;
}

/* Marks the rows whose group also stands in a part of higher rank. */
static void mark_leaks(const skc_manifest *manifest, bool *leaks)
{
    int32_t  count, end;
    int32_t *order = groups_order(manifest, &count);

    for (int32_t start = 0; start < count; start = end) {
        int32_t highest = 0;

        for (end = start; end < count && groups_same(manifest, order[start], order[end]); end++) {
            int32_t rank = rank_of(skc_manifest_row_at(manifest, order[end]).split);

            highest = rank > highest ? rank : highest;
        }
        for (int32_t i = start; i < end; i++)
            leaks[order[i]] = rank_of(skc_manifest_row_at(manifest, order[i]).split) < highest;
    }
    free(order);
}

int data_filter(const cli_call *call)
{
    const data_settings *settings = call->settings;
    problems             list     = { .total = 0 };
    filtering            f        = { .settings = settings };
    skc_manifest        *from     = open_input(call);
    size_t               rows;
    int                  result;

    if (from == NULL)
        return CLI_FAILED;
    rows    = (size_t)skc_manifest_count(from);
    f.leaks = cli_memory(NULL, rows + 1, sizeof *f.leaks);
    memset(f.leaks, 0, (rows + 1) * sizeof *f.leaks);
    if (settings->without_leaks)
        mark_leaks(from, f.leaks);
    result = copy_one(call, &(data_sieve){ filter_row, &f }, from, &list);
    if (settings->without_leaks && result != CLI_FAILED)
        printf("dropped, their group stands in a later part: %d\n", (int)f.dropped);
    free(f.leaks);
    skc_manifest_free(from);
    return result;
}
