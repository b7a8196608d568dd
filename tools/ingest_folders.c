/* ingest_folders.c - data sets whose labels are the names of the folders. */
#include "cli.h"
#include "ingest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARTS = 64 };

/* The folders above a picture, outermost first. */
typedef struct parts {
    char   *text; /* owned */
    char   *part[MAX_PARTS];
    int32_t count;
} parts;

static parts take_apart(const char *inner)
{
    parts p   = { .text = cli_copy(inner) };
    char *end = strrchr(p.text, '/'), *start = p.text;

    if (end == NULL)
        return p;
    *end = '\0';
    for (char *slash = start; slash != NULL && p.count < MAX_PARTS; start = slash + 1) {
        slash = strchr(start, '/');
        if (slash != NULL)
            *slash = '\0';
        p.part[p.count++] = start;
        if (slash == NULL)
            break;
    }
    return p;
}

/* The name of the nearest folder above the label's that names a part; "" when there is none. */
static const char *split_of(const parts *p)
{
    for (int32_t i = p->count - 2; i >= 0; i--) {
        const char *split = ingest_split(p->part[i]);

        if (split != NULL)
            return split;
    }
    return "";
}

static bool is_binary(const char *label)
{
    return label != NULL && (strcmp(label, "benign") == 0 || strcmp(label, "malignant") == 0);
}

bool ingest_has_isic_folders(const catalogue *c)
{
    bool found = false;

    for (int32_t i = 0; i < c->picture_count && !found; i++) {
        parts p = take_apart(c->pictures[i].inner);

        found = p.count > 0 && is_binary(ingest_label(p.part[p.count - 1]));
        free(p.text);
    }
    return found;
}

static int by_location(const void *left, const void *right)
{
    const catalogue_picture *const *a = left, *const *b = right;

    return strcmp((*a)->location, (*b)->location);
}

static const catalogue_picture **in_order(const catalogue *c)
{
    const catalogue_picture **order = cli_memory(NULL, (size_t)c->picture_count + 1, sizeof *order);

    for (int32_t i = 0; i < c->picture_count; i++)
        order[i] = &c->pictures[i];
    qsort(order, (size_t)c->picture_count, sizeof *order, by_location);
    return order;
}

static skc_status add_picture(const catalogue_picture *picture, bool isic,
                              const ingest_target *target, skc_error *err)
{
    parts      p      = take_apart(picture->inner);
    char      *label  = p.count > 0 ? p.part[p.count - 1] : NULL;
    skc_status status = SKC_OK;

    if (label == NULL || ingest_split(label) != NULL) {
        problem_add(target->problems, "pictures without a label",
                    "%s: lies in no folder that could name its label", picture->location);
    } else if (isic && !is_binary(ingest_label(label))) {
        problem_add(target->problems, "unknown labels",
                    "%s: unknown label \"%s\": benign or malignant", picture->location, label);
    } else {
        for (char *l = label; *l != '\0'; l++)
            *l = (char)tolower((unsigned char)*l);
        status = ingest_add(target, picture->location, label, "", split_of(&p), err);
    }
    free(p.text);
    return status;
}

skc_status ingest_folders(const catalogue *c, bool isic, const ingest_target *target,
                          skc_error *err)
{
    const catalogue_picture **order  = in_order(c);
    skc_status                status = SKC_OK;

    for (int32_t i = 0; i < c->picture_count && status == SKC_OK; i++) {
        if (i > 0 && strcmp(order[i]->location, order[i - 1]->location) == 0)
            problem_add(target->problems, "duplicate pictures", "%s: found twice",
                        order[i]->location);
        else
            status = add_picture(order[i], isic, target, err);
    }
    free(order);
    return status;
}
