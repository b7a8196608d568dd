/* data_quality.c - the sub-command quality: which pictures are good enough to be judged. */
#include "data.h"
#include "quality_json.h"
#include "terminal.h"
#include "workers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct measured {
    skc_quality quality;
    bool        known;
} measured;

typedef struct measuring {
    const data_settings *settings;
    const skc_runtime   *runtime;
    progress             bar;
    problems             list;
    measured            *rows;  /* of the manifest */
    int32_t              known; /* rows of all manifests that were measured */
} measuring;

typedef struct measuring_batch {
    const measuring      *all;
    const skc_cache_item *items;
    skc_error            *results;
} measuring_batch;

/* ------------------------------------------------------------------ measuring */

static void measure_task(void *context, int32_t i)
{
    const measuring_batch *b    = context;
    const skc_cache_item  *item = &b->items[i];
    const skc_runtime     *rt   = b->all->runtime;
    measured              *row  = &b->all->rows[item->row];
    skc_error             *err  = &b->results[i];
    skc_image             *image;

    err->status = skc_image_decode(item->bytes, item->size, item->name, NULL, rt, &image, err);
    if (err->status != SKC_OK)
        return;
    err->status = skc_image_quality(image, rt, &row->quality, err);
    row->known  = err->status == SKC_OK;
    skc_image_free(image);
}

static skc_status measure_batch(void *user, const skc_cache_item *items, int32_t count,
                                skc_error *results, skc_error *err)
{
    const measuring *m = user;

    (void)err;
    workers_run(m->settings->threads, count, measure_task, &(measuring_batch){ m, items, results });
    return SKC_OK;
}

static void show_progress(void *user, int32_t done, int32_t total)
{
    measuring *m = user;

    (void)total;
    progress_update(&m->bar, (uint64_t)done, NULL);
}

static void note_failure(void *user, int32_t row, const skc_error *err)
{
    measuring *m = user;

    (void)row;
    problem_add(&m->list, "unreadable pictures", "%s", err->message);
}

/* False after a message. */
static bool measure(measuring *m, const skc_manifest *manifest, const char *base)
{
    pictures_options options = { .manifest_path = base,
                                 .runtime       = m->runtime,
                                 .user          = m,
                                 .progress      = show_progress,
                                 .failed        = note_failure };
    size_t           rows    = (size_t)skc_manifest_count(manifest);
    skc_error        err;
    skc_status       status;

    m->rows = cli_memory(NULL, rows, sizeof *m->rows);
    for (size_t i = 0; i < rows; i++)
        m->rows[i].known = false;
    m->bar = progress_begin("pictures", rows);
    status = pictures_read(manifest, &options, measure_batch, m, &err);
    progress_end(&m->bar);
    if (status != SKC_OK)
        cli_error("%s", err.message);
    return status == SKC_OK;
}

/* ------------------------------------------------------------------ printing */

static void print_rows(const skc_manifest *manifest, const measured *rows)
{
    for (int32_t i = 0; i < skc_manifest_count(manifest) && cli_output_ok(); i++) {
        json_t *line;

        if (!rows[i].known)
            continue;
        line = json_object();
        json_object_set_new(line, "path", cli_json_text(skc_manifest_row_at(manifest, i).path));
        json_object_set_new(line, "label", cli_json_text(skc_manifest_row_at(manifest, i).label));
        json_object_set_new(line, "quality", quality_json(&rows[i].quality));
        cli_json_line(line);
    }
}

/* Wilson's score interval (J. Am. Stat. Assoc. 22, 1927). */
static void interval(double count, double all, double *low, double *high)
{
    const double z     = 1.959964;
    double       share = count / all, scale = 1 + z * z / all;
    double       middle = share + z * z / (2 * all);
    double       half   = z * sqrt(share * (1 - share) / all + z * z / (4 * all * all));

    *low  = fmax(0, (middle - half) / scale);
    *high = fmin(1, (middle + half) / scale);
}

static void add_line(table *out, const char *path, const int32_t counts[SKC_QUALITY_COUNT])
{
    char    reasons[256] = "";
    size_t  used         = 0;
    int32_t all = 0, good = counts[SKC_QUALITY_GOOD];
    double  low, high;

    for (int32_t r = 0; r < SKC_QUALITY_COUNT; r++) {
        all += counts[r];
        if (r != SKC_QUALITY_GOOD && counts[r] > 0 && used < sizeof reasons)
            used += (size_t)snprintf(reasons + used, sizeof reasons - used, "%s%s %d",
                                     used > 0 ? ", " : "", skc_quality_name((skc_quality_reason)r),
                                     (int)counts[r]);
    }
    if (all == 0)
        return;
    interval(good, all, &low, &high);
    table_cell(out, "%s", path);
    table_cell(out, "%d", (int)all);
    table_cell(out, "%d", (int)good);
    table_cell(out, "%.4f", (double)good / all);
    table_cell(out, "%.4f to %.4f", low, high);
    table_cell(out, "%s", reasons);
}

static void count_reasons(const skc_manifest *manifest, const measured *rows,
                          int32_t counts[SKC_QUALITY_COUNT])
{
    for (int32_t r = 0; r < SKC_QUALITY_COUNT; r++)
        counts[r] = 0;
    for (int32_t i = 0; i < skc_manifest_count(manifest); i++)
        if (rows[i].known)
            counts[rows[i].quality.reason]++;
}

/* One of the arguments; false after a message. */
static bool measure_argument(measuring *m, const char *path, table *out)
{
    const char   *base;
    skc_manifest *manifest = data_open(path, &base);
    int32_t       counts[SKC_QUALITY_COUNT];
    bool          fine = manifest != NULL && measure(m, manifest, base);

    for (int32_t i = 0; fine && i < skc_manifest_count(manifest); i++)
        m->known += m->rows[i].known;
    if (fine && m->settings->json) {
        print_rows(manifest, m->rows);
    } else if (fine) {
        count_reasons(manifest, m->rows, counts);
        add_line(out, path, counts);
    }
    free(m->rows);
    m->rows = NULL;
    skc_manifest_free(manifest);
    return fine;
}

int data_quality(const cli_call *call)
{
    static const char *const headings[] = { "pictures", "count",         "accepted",
                                            "share",    "95 % interval", "refused" };
    const data_settings     *settings   = call->settings;
    skc_runtime              runtime    = cli_runtime(1, settings->kernels);
    measuring                m          = { .settings = settings, .runtime = &runtime };
    table                    out        = table_begin("lrrrll");
    bool                     fine       = true;

    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        table_cell(&out, "%s", headings[i]);
    for (int32_t i = 0; i < call->count && cli_output_ok(); i++)
        fine = measure_argument(&m, call->arguments[i], &out) && fine;
    if (settings->json || out.count == sizeof headings / sizeof *headings)
        table_free(&out);
    else
        table_end(&out, stdout);
    fine = problems_end(&m.list) == 0 && fine;
    return m.known == 0 ? CLI_FAILED : fine ? CLI_OK : CLI_SOME_FAILED;
}
