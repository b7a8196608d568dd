/* checkpoint.c - a trainer's whole state in a file, so that training goes on bit for bit.
 *
 * Tensors: "model.<name>", and as far as the options have them "first.", "second.", "average.".
 * Metadata: "skincnn" as in a model file, "trainer" (JSON), "note". Doubles stand as the
 * 16 hex digits of their bits. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/digest.h"
#include "core/utf8.h"
#include "train/trainer.h"

enum { CHECKPOINT_FORMAT = 1 };

typedef struct group {
    const char   *prefix;
    float *const *param;
} group;

enum { MAX_GROUPS = 4 };

/* The groups of tensors that this trainer has. */
static int32_t list_groups(const skc_trainer *t, group groups[MAX_GROUPS])
{
    int32_t count = 0;

    groups[count++] = (group){ "model.", t->model->param };
    groups[count++] = (group){ "first.", t->first };
    if (t->options.optimiser == SKC_ADAMW)
        groups[count++] = (group){ "second.", t->second };
    if (t->options.ema > 0)
        groups[count++] = (group){ "average.", t->average };
    return count;
}

/* ---------------------------------------------------------------- writing */

static bool set_hex(skc_json *json, const char *key, double value)
{
    char     text[32];
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    snprintf(text, sizeof text, "%016" PRIx64, bits);
    return skc__json_set(json, key, skc__json_string(text));
}

/* What must be the same for the run to go on: checked on resuming. */
static bool set_conditions(skc_json *json, const skc_trainer *t)
{
    char seed[32];
    bool ok = skc__json_set(json, "architecture", skc__json_string(t->model->graph.name));

    snprintf(seed, sizeof seed, "%" PRIu64, t->options.seed);
    ok = skc__json_set(json, "seed", skc__json_string(seed)) && ok;
    ok = skc__json_set(json, "pictures", skc__json_integer(t->dataset->count)) && ok;
    ok = skc__json_set(json, "batch", skc__json_integer(t->batch)) && ok;
    ok = skc__json_set(json, "optimiser", skc__json_integer(t->options.optimiser)) && ok;
    return skc__json_set(json, "averaged", skc__json_boolean(t->options.ema > 0)) && ok;
}

static skc_json *describe(const skc_trainer *t, const char *note)
{
    skc_json *json = skc__json_object(), *conditions = skc__json_object();
    bool      ok = skc__json_set(json, "format", skc__json_integer(CHECKPOINT_FORMAT));

    ok = set_conditions(conditions, t) && ok;
    ok = skc__json_set(json, "conditions", conditions) && ok;
    ok = skc__json_set(json, "epoch", skc__json_integer(t->progress.epoch)) && ok;
    ok = skc__json_set(json, "step", skc__json_integer(t->progress.step)) && ok;
    ok = skc__json_set(json, "total", skc__json_integer(t->progress.total)) && ok;
    ok = set_hex(json, "loss_sum", t->progress.loss_sum) && ok;
    ok = set_hex(json, "last_loss", t->progress.last_loss) && ok;
    ok = skc__json_set(json, "note_crc32", skc__json_integer(skc__crc32(note, strlen(note)))) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

static skc_json *make_metadata(const skc_trainer *t, const char *note)
{
    skc_json *metadata = skc__model_metadata(t->model), *trainer = describe(t, note);
    char     *text = trainer != NULL ? skc__json_text(trainer, false, &t->allocator, NULL) : NULL;
    char      sum[9];
    bool      ok = metadata != NULL && text != NULL;

    if (ok) {
        snprintf(sum, sizeof sum, "%08x", skc__crc32(text, strlen(text)));
        ok = skc__json_set(metadata, "trainer", skc__json_string(text));
        ok = skc__json_set(metadata, "trainer_crc32", skc__json_string(sum)) && ok;
        ok = skc__json_set(metadata, "note", skc__json_string(note)) && ok;
    }
    skc__release(&t->allocator, text);
    skc__json_free(trainer);
    if (ok)
        return metadata;
    skc__json_free(metadata);
    return NULL;
}

/* Entries of all groups, those parameters left out that a group does not have. */
static int32_t list_entries(const skc_trainer *t, skc_to_store *entries)
{
    group   groups[MAX_GROUPS];
    int32_t count = list_groups(t, groups), kept = 0;

    for (int32_t g = 0; g < count; g++) {
        skc_to_store *first = &entries[kept];

        skc__model_entries(t->model, groups[g].prefix, groups[g].param, first);
        for (int32_t p = 0; p < t->model->graph.param_count; p++)
            if (first[p].data != NULL)
                entries[kept++] = first[p];
    }
    return kept;
}

skc_status skc_trainer_save(skc_trainer *trainer, const char *path, const char *note,
                            skc_error *err)
{
    const skc_trainer *t      = trainer;
    const char        *text   = note != NULL ? note : "";
    size_t             most   = (size_t)t->model->graph.param_count * (MAX_GROUPS + 1);
    skc_status         status = SKC_ENOMEM;
    skc_to_store      *entries;
    skc_json          *metadata;

    if (*skc__utf8_check(text, text + strlen(text)) != '\0')
        return skc__fail(err, SKC_EINVAL, "%s: the note is not UTF-8", path);
    entries = skc__allocate(&t->allocator, most * sizeof *entries, err);
    if (entries == NULL)
        return SKC_ENOMEM;
    metadata = make_metadata(t, text);
    if (metadata != NULL)
        status = skc__safetensors_write(path, entries, list_entries(t, entries), SKC_F32, metadata,
                                        &t->allocator, err);
    else
        skc__fail(err, SKC_ENOMEM, "%s: out of memory for its metadata", path);
    skc__json_free(metadata);
    skc__release(&t->allocator, entries);
    return status;
}

/* ---------------------------------------------------------------- reading */

static skc_status read_hex(const skc_json *json, const char *key, const char *name, double *out,
                           skc_error *err)
{
    const char *text = skc__json_as_string(skc__json_get(json, key));
    char       *end  = NULL;
    uint64_t    bits = text != NULL ? strtoull(text, &end, 16) : 0;

    memcpy(out, &bits, sizeof bits);
    if (text == NULL || strlen(text) != 16 || *end != '\0' || !isfinite(*out))
        return skc__fail(err, SKC_EFORMAT, "%s: trainer.%s is malformed", name, key);
    return SKC_OK;
}

static skc_status read_integer(const skc_json *json, const char *key, int64_t max, const char *name,
                               int64_t *out, skc_error *err)
{
    const skc_json *value = skc__json_get(json, key);

    *out = skc__json_as_integer(value);
    if (!skc__json_is_integer(value) || *out < 0 || *out > max)
        return skc__fail(err, SKC_EFORMAT, "%s: trainer.%s is malformed", name, key);
    return SKC_OK;
}

static skc_status check_conditions(const skc_trainer *t, const skc_json *json, const char *name,
                                   skc_error *err)
{
    const skc_json *found    = skc__json_get(json, "conditions");
    skc_json       *wanted   = skc__json_object();
    void           *iterator = NULL;
    const char     *key;
    const skc_json *value;
    skc_status      status = SKC_OK;

    if (!set_conditions(wanted, t))
        status = skc__fail(err, SKC_ENOMEM, "%s: out of memory", name);
    while (status == SKC_OK && (value = skc__json_next(wanted, &iterator, &key)) != NULL)
        if (!skc__json_equal(value, skc__json_get(found, key)))
            status = skc__fail(err, SKC_EMISMATCH,
                               "%s: it was made with another %s: resume with the options of the "
                               "run that it belongs to",
                               name, key);
    skc__json_free(wanted);
    return status;
}

static skc_status read_progress(const skc_trainer *t, const skc_json *json, const char *name,
                                skc_progress *out, skc_error *err)
{
    int64_t      epoch, step;
    skc_progress p;
    skc_status   status = check_conditions(t, json, name, err);

    if (status == SKC_OK)
        status = read_integer(json, "epoch", INT32_MAX - 1, name, &epoch, err);
    if (status == SKC_OK)
        status = read_integer(json, "step", t->steps - 1, name, &step, err);
    if (status == SKC_OK)
        status = read_integer(json, "total", INT64_MAX - 1, name, &p.total, err);
    if (status == SKC_OK)
        status = read_hex(json, "loss_sum", name, &p.loss_sum, err);
    if (status == SKC_OK)
        status = read_hex(json, "last_loss", name, &p.last_loss, err);
    if (status != SKC_OK)
        return status;
    p.epoch = (int32_t)epoch;
    p.step  = (int32_t)step;
    *out    = p;
    return SKC_OK;
}

static skc_status parse_trainer(const skc_safetensors *file, skc_json **out, skc_error *err)
{
    const char *text   = skc__safetensors_metadata(file, "trainer");
    const char *stated = skc__safetensors_metadata(file, "trainer_crc32");
    char        actual[9];

    if (text == NULL || stated == NULL)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: no checkpoint: its metadata have no \"trainer\" text", file->name);
    snprintf(actual, sizeof actual, "%08x", skc__crc32(text, strlen(text)));
    if (strcmp(actual, stated) != 0)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: the checksum of \"trainer\" is wrong: the file is "
                         "damaged",
                         file->name);
    return skc__json_parse(text, strlen(text), file->name, out, err);
}

/* Early checkpoints have no checksum of the note. */
static skc_status check_note(const skc_safetensors *file, const skc_json *json, skc_error *err)
{
    const char     *note   = skc__safetensors_metadata(file, "note");
    const skc_json *stated = skc__json_get(json, "note_crc32");

    if (stated == NULL ||
        (note != NULL && skc__json_as_integer(stated) == skc__crc32(note, strlen(note))))
        return SKC_OK;
    return skc__fail(err, SKC_EFORMAT, "%s: the checksum of \"note\" is wrong: the file is damaged",
                     file->name);
}

static skc_status read_groups(const skc_trainer *t, const skc_safetensors *file, bool check_only,
                              skc_error *err)
{
    group      groups[MAX_GROUPS];
    int32_t    count  = list_groups(t, groups);
    skc_status status = SKC_OK;

    for (int32_t g = 0; g < count && status == SKC_OK; g++)
        status = skc__model_read_params(t->model, file, groups[g].prefix, groups[g].param,
                                        check_only, err);
    return status;
}

/* All is checked first, so that a trainer that cannot go on from the file is as it was. */
static skc_status read_checkpoint(skc_trainer *t, const skc_safetensors *file, char **note,
                                  skc_error *err)
{
    skc_json    *json;
    skc_progress progress;
    const char  *text   = skc__safetensors_metadata(file, "note");
    char        *copy   = NULL;
    skc_status   status = parse_trainer(file, &json, err);

    if (status != SKC_OK)
        return status;
    status = read_progress(t, json, file->name, &progress, err);
    if (status == SKC_OK)
        status = check_note(file, json, err);
    skc__json_free(json);
    if (status == SKC_OK)
        status = read_groups(t, file, true, err);
    if (status == SKC_OK && note != NULL) {
        copy   = skc__copy_text(&t->allocator, text != NULL ? text : "", err);
        status = copy != NULL ? SKC_OK : SKC_ENOMEM;
    }
    if (status == SKC_OK)
        status = read_groups(t, file, false, err);
    if (status != SKC_OK) {
        skc__release(&t->allocator, copy);
        return status;
    }
    t->progress = progress;
    skc__trainer_begin_epoch(t);
    if (note != NULL)
        *note = copy;
    return SKC_OK;
}

skc_status skc_trainer_resume(skc_trainer *trainer, const char *path, char **note, skc_error *err)
{
    skc_mapping     mapping;
    skc_safetensors file;
    skc_status      status = skc__file_map(path, &mapping, err);

    if (status != SKC_OK)
        return status;
    status =
        skc__safetensors_parse(mapping.bytes, mapping.size, path, &trainer->allocator, &file, err);
    if (status == SKC_OK) {
        status = read_checkpoint(trainer, &file, note, err);
        skc__safetensors_free(&file);
    }
    skc__file_unmap(&mapping);
    return status;
}
