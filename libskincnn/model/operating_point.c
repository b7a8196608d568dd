/* operating_point.c - which labels of a model are malignant, and from which probability on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"

/* ---------------------------------------------------------------- malignant labels */

const bool *skc_model_malignant(const skc_model *model)
{
    return model->knows_malignant ? model->malignant : NULL;
}

double skc_model_malignant_probability(const skc_model *model, const float *probabilities)
{
    float sum =
        0; /* as skc_evaluate sums, so that a fitted threshold finds what it was taken from */

    if (!model->knows_malignant)
        return (double)NAN;
    for (int32_t i = 0; i < model->label_count; i++)
        sum += model->malignant[i] ? probabilities[i] : 0;
    return (double)fminf(sum, 1);
}

static void keep_malignant(skc_model *model, const bool *malignant)
{
    const size_t bytes = (size_t)model->label_count * sizeof(bool);
    const bool   same  = malignant != NULL ? model->knows_malignant &&
                                              memcmp(model->malignant, malignant, bytes) == 0
                                           : !model->knows_malignant;

    if (same)
        return;
    model->knows_malignant = malignant != NULL;
    model->point_count     = 0;
    model->sha256[0]       = '\0';
    if (malignant != NULL)
        memcpy(model->malignant, malignant, bytes);
}

skc_status skc_model_set_malignant(skc_model *model, const bool *malignant, skc_error *err)
{
    int32_t count = 0;

    for (int32_t i = 0; malignant != NULL && i < model->label_count; i++)
        count += malignant[i];
    if (malignant != NULL && (count == 0 || count == model->label_count))
        return skc__fail(err, SKC_EINVAL, "%d of %d labels are malignant; 1..%d are allowed", count,
                         model->label_count, model->label_count - 1);
    keep_malignant(model, malignant);
    return SKC_OK;
}

/* ---------------------------------------------------------------- points */

/* A threshold on the malignant probability as one of the decision, which with two labels is on the
 * second, and back. */
static float other_side(const skc_model *model, float threshold)
{
    bool first = model->knows_malignant && model->label_count == 2 && model->malignant[0];

    return first ? 1 - threshold : threshold;
}

static skc_operating_point derived_point(const skc_model *model)
{
    return (skc_operating_point){ .name        = "default",
                                  .threshold   = other_side(model, model->threshold),
                                  .sensitivity = NAN,
                                  .specificity = NAN };
}

int32_t skc_model_operating_point_count(const skc_model *model)
{
    return model->point_count == 0 && model->label_count == 2 ? 1 : model->point_count;
}

skc_operating_point skc_model_operating_point(const skc_model *model, int32_t i)
{
    if (i >= 0 && i < model->point_count)
        return model->points[i];
    return derived_point(model);
}

static bool is_point_name(const char *name, size_t room)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const char *end = memchr(name, '\0', room);

    return end != NULL && end > name && strspn(name, allowed) == (size_t)(end - name);
}

static bool is_share(float value)
{
    return value >= 0 && value <= 1;
}

static skc_status check_point(const skc_operating_point *points, int32_t i, skc_error *err)
{
    const skc_operating_point *p = &points[i];

    if (!is_point_name(p->name, sizeof p->name))
        return skc__fail(err, SKC_EINVAL,
                         "operating point %d needs a name of 1..31 letters, digits, '_', '-', '.'",
                         i);
    for (int32_t k = 0; k < i; k++)
        if (strcmp(points[k].name, p->name) == 0)
            return skc__fail(err, SKC_EINVAL, "operating point %s is there twice", p->name);
    if (!is_share(p->threshold))
        return skc__fail(err, SKC_EINVAL, "operating point %s: threshold %g; 0..1 is allowed",
                         p->name, (double)p->threshold);
    if ((!isnan(p->sensitivity) && !is_share(p->sensitivity)) ||
        (!isnan(p->specificity) && !is_share(p->specificity)))
        return skc__fail(err, SKC_EINVAL,
                         "operating point %s: sensitivity %g, specificity %g; 0..1 is allowed",
                         p->name, (double)p->sensitivity, (double)p->specificity);
    return SKC_OK;
}

skc_status skc_model_set_operating_points(skc_model *model, const skc_operating_point *points,
                                          int32_t count, skc_error *err)
{
    skc_status status = SKC_OK;

    if (count < 0 || count > SKC_MOST_OPERATING_POINTS)
        return skc__fail(err, SKC_EINVAL, "%d operating points; 0..%d are allowed", count,
                         (int)SKC_MOST_OPERATING_POINTS);
    if (count > 0 && !model->knows_malignant)
        return skc__fail(err, SKC_EINVAL,
                         "operating points of a model whose malignant labels are not known");
    for (int32_t i = 0; i < count && status == SKC_OK; i++)
        status = check_point(points, i, err);
    if (status != SKC_OK)
        return status;
    for (int32_t i = 0; i < count; i++)
        model->points[i] = points[i];
    model->point_count = count;
    if (count > 0)
        model->threshold = other_side(model, points[0].threshold);
    model->sha256[0] = '\0';
    return SKC_OK;
}

void skc__model_copy_points(const skc_model *from, skc_model *to)
{
    keep_malignant(to, skc_model_malignant(from));
    memcpy(to->points, from->points, sizeof to->points);
    to->point_count = from->point_count;
}

/* ---------------------------------------------------------------- in files */

static skc_json *describe_malignant(const skc_model *model)
{
    skc_json *array = skc__json_array();
    bool      ok    = array != NULL;

    for (int32_t i = 0; i < model->label_count && ok; i++)
        ok = !model->malignant[i] || skc__json_append(array, skc__json_string(model->labels[i]));
    if (ok)
        return array;
    skc__json_free(array);
    return NULL;
}

static skc_json *describe_point(const skc_operating_point *p)
{
    skc_json *json = skc__json_object();
    bool      ok   = skc__json_set(json, "name", skc__json_string(p->name));

    ok = skc__json_set(json, "threshold", skc__json_number((double)p->threshold)) && ok;
    if (!isnan(p->sensitivity))
        ok = skc__json_set(json, "sensitivity", skc__json_number((double)p->sensitivity)) && ok;
    if (!isnan(p->specificity))
        ok = skc__json_set(json, "specificity", skc__json_number((double)p->specificity)) && ok;
    if (ok)
        return json;
    skc__json_free(json);
    return NULL;
}

static skc_json *describe_points(const skc_model *model)
{
    skc_json *array = skc__json_array();
    bool      ok    = array != NULL;

    for (int32_t i = 0; i < model->point_count && ok; i++)
        ok = skc__json_append(array, describe_point(&model->points[i]));
    if (ok)
        return array;
    skc__json_free(array);
    return NULL;
}

bool skc__model_describe_points(const skc_model *model, skc_json *decision)
{
    return (!model->knows_malignant ||
            skc__json_set(decision, "malignant", describe_malignant(model))) &&
           (model->point_count == 0 ||
            skc__json_set(decision, "operating_points", describe_points(model)));
}

static int32_t label_number(const skc_model *model, const char *label)
{
    for (int32_t i = 0; label != NULL && i < model->label_count; i++)
        if (strcmp(model->labels[i], label) == 0)
            return i;
    return -1;
}

static skc_status read_malignant(skc_model *model, const skc_json *list, const char *name,
                                 skc_error *err)
{
    bool      *marks;
    skc_status status = SKC_OK;

    if (!skc__json_is_array(list))
        return skc__fail(err, SKC_EFORMAT, "%s: decision.malignant is no array of labels", name);
    marks =
        skc__allocate_zeroed(&model->allocator, (size_t)model->label_count * sizeof *marks, err);
    if (marks == NULL)
        return SKC_ENOMEM;
    for (size_t i = 0; i < skc__json_size(list) && status == SKC_OK; i++) {
        int32_t label = label_number(model, skc__json_as_string(skc__json_at(list, i)));

        if (label < 0 || marks[label])
            status =
                skc__fail(err, SKC_EFORMAT,
                          "%s: decision.malignant: entry %zu is no label, or there twice", name, i);
        else
            marks[label] = true;
    }
    if (status == SKC_OK)
        status = skc_model_set_malignant(model, marks, err);
    skc__release(&model->allocator, marks);
    return status;
}

/* NaN where it is absent; what is no number becomes -1, which is refused later. */
static float read_share(const skc_json *json, const char *key)
{
    const skc_json *value = skc__json_get(json, key);

    if (value == NULL)
        return NAN;
    return skc__json_is_number(value) ? (float)skc__json_as_number(value) : -1;
}

static bool read_point(const skc_json *json, skc_operating_point *out)
{
    const char *name = skc__json_as_string(skc__json_get(json, "name"));

    if (name == NULL || strlen(name) >= sizeof out->name)
        return false;
    *out = (skc_operating_point){ .threshold   = read_share(json, "threshold"),
                                  .sensitivity = read_share(json, "sensitivity"),
                                  .specificity = read_share(json, "specificity") };
    memcpy(out->name, name, strlen(name) + 1);
    return true;
}

static skc_status read_points(skc_model *model, const skc_json *list, const char *name,
                              skc_error *err)
{
    skc_operating_point points[SKC_MOST_OPERATING_POINTS];
    size_t              count  = skc__json_size(list);
    float               before = model->threshold;
    skc_status          status;

    if (!skc__json_is_array(list) || count < 1 || count > SKC_MOST_OPERATING_POINTS)
        return skc__fail(err, SKC_EFORMAT, "%s: decision.operating_points is no array of 1..%d",
                         name, (int)SKC_MOST_OPERATING_POINTS);
    for (size_t i = 0; i < count; i++)
        if (!read_point(skc__json_at(list, i), &points[i]))
            return skc__fail(err, SKC_EFORMAT,
                             "%s: decision.operating_points: the name of entry %zu is missing or "
                             "over 31 bytes",
                             name, i);
    status = skc_model_set_operating_points(model, points, (int32_t)count, err);
    if (status == SKC_OK && model->threshold != before)
        return skc__fail(err, SKC_EFORMAT,
                         "%s: decision.threshold is %g, which is not that of operating point %s, "
                         "%g",
                         name, (double)before, points[0].name, (double)model->threshold);
    return status;
}

skc_status skc__model_read_points(skc_model *model, const skc_json *decision, const char *name,
                                  skc_error *err)
{
    const skc_json *malignant = skc__json_get(decision, "malignant");
    const skc_json *points    = skc__json_get(decision, "operating_points");
    skc_status      status    = SKC_OK;

    if (malignant != NULL)
        status = read_malignant(model, malignant, name, err);
    if (status == SKC_OK && points != NULL)
        status = read_points(model, points, name, err);
    return status;
}
