/* model_inspect.c - what a model file holds, for people and as JSON. */
#include "model_inspect.h"
#include "operating_points.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void number_text(uint64_t number, char out[32])
{
    char   digits[24];
    size_t length = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char  *to     = out;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
}

/* What is counted over all layers, and the memory of a session for one picture. */
typedef struct totals {
    uint64_t macs;
    size_t   session_bytes;
} totals;

static bool add_up(const skc_model *model, totals *out, skc_error *err)
{
    skc_session   *session = NULL;
    skc_layer_info layer;

    *out = (totals){ 0 };
    for (int32_t i = 0; i < skc_model_layer_count(model); i++) {
        if (skc_model_layer(model, i, &layer, err) != SKC_OK)
            return false;
        out->macs += layer.macs;
    }
    if (skc_session_create(model, 1, NULL, &session, err) != SKC_OK)
        return false;
    out->session_bytes = skc_session_bytes(session);
    skc_session_free(session);
    return true;
}

/* ------------------------------------------------------------------ for people */

static void print_labels(const skc_model *model)
{
    int32_t count = skc_model_label_count(model), shown = count <= 20 ? count : 10;

    printf("Labels         %d: ", (int)count);
    for (int32_t i = 0; i < shown; i++)
        printf("%s%s", i > 0 ? ", " : "", skc_model_label(model, i));
    puts(shown < count ? ", ..." : "");
}

static void print_preprocessing(const skc_model *model)
{
    skc_preprocessing p = skc_model_preprocessing(model);

    printf("Input          %d x %d (width x height), %s\n", (int)p.width, (int)p.height,
           p.fit == SKC_FIT_CENTRE ? "centre square" : "whole frame squeezed");
    printf("               R,G,B less %.6g, %.6g, %.6g over %.6g, %.6g, %.6g\n", (double)p.mean[0],
           (double)p.mean[1], (double)p.mean[2], (double)p.deviation[0], (double)p.deviation[1],
           (double)p.deviation[2]);
}

static bool weights_differ(const skc_decision *d, int32_t count)
{
    for (int32_t i = 1; d->class_weights != NULL && i < count; i++)
        if (d->class_weights[i] != d->class_weights[0])
            return true;
    return false;
}

static void print_malignant(const skc_model *model)
{
    const bool *malignant = skc_model_malignant(model);
    bool        first     = true;

    for (int32_t i = 0; malignant != NULL && i < skc_model_label_count(model); i++)
        if (malignant[i]) {
            printf("%s%s", first ? "Malignant      " : ", ", skc_model_label(model, i));
            first = false;
        }
    if (malignant != NULL)
        putchar('\n');
}

static void print_decision(const skc_model *model)
{
    skc_decision d = skc_model_decision(model);

    printf("Decision       temperature %.4g, %d view%s", (double)d.temperature, (int)d.views,
           d.views == 1 ? "" : "s");
    if (skc_model_label_count(model) == 2)
        printf(", %s from %.4g", skc_model_label(model, 1), (double)d.threshold);
    putchar('\n');
    if (!weights_differ(&d, skc_model_label_count(model)))
        return;
    printf("Class weights  ");
    for (int32_t i = 0; i < skc_model_label_count(model); i++)
        printf("%s%s %.4g", i > 0 ? ", " : "", skc_model_label(model, i),
               (double)d.class_weights[i]);
    putchar('\n');
}

static void print_provenance(const skc_model *model)
{
    json_t *provenance = json_loads(skc_model_provenance(model), 0, NULL);
    char   *text       = NULL;

    if (json_object_size(provenance) > 0)
        text = json_dumps(provenance, JSON_INDENT(2));
    if (text != NULL)
        printf("Provenance     %s\n", text);
    free(text);
    json_decref(provenance);
}

static bool print_layers(const skc_model *model, skc_error *err)
{
    table          t = table_begin("lllrr");
    skc_layer_info layer;
    char           number[32];

    table_cell(&t, "layer");
    table_cell(&t, "type");
    table_cell(&t, "output");
    table_cell(&t, "parameters");
    table_cell(&t, "multiply-adds");
    for (int32_t i = 0; i < skc_model_layer_count(model); i++) {
        if (skc_model_layer(model, i, &layer, err) != SKC_OK) {
            table_free(&t);
            return false;
        }
        table_cell(&t, "%s", layer.name);
        table_cell(&t, "%s", layer.type);
        table_cell(&t, "%d x %d x %d", (int)layer.height, (int)layer.width, (int)layer.channels);
        number_text(layer.parameters, number);
        table_cell(&t, "%s", layer.parameters > 0 ? number : "");
        number_text(layer.macs, number);
        table_cell(&t, "%s", layer.macs > 0 ? number : "");
    }
    table_end(&t, stdout);
    return true;
}

static bool print_text(const skc_model *model, const char *path, const totals *sum, skc_error *err)
{
    char number[32];

    printf("Model          %s\n", path);
    printf("SHA-256        %s\n", skc_model_sha256(model));
    printf("Task           %s\n", skc_model_task(model));
    print_labels(model);
    printf("Architecture   %s\n", skc_model_architecture_name(model));
    print_preprocessing(model);
    print_decision(model);
    print_malignant(model);
    number_text(skc_model_parameter_count(model), number);
    printf("Parameters     %s%s\n", number,
           skc_model_is_quantised(model) ? ", quantised to 8 bits" : "");
    number_text(sum->macs, number);
    printf("Multiply-adds  %s for one picture\n", number);
    bytes_text(sum->session_bytes, number);
    printf("Memory         %s to classify one picture\n", number);
    print_provenance(model);
    putchar('\n');
    if (skc_model_malignant(model) != NULL && skc_model_operating_point_count(model) > 0) {
        points_print(model, stdout);
        putchar('\n');
    }
    return print_layers(model, err);
}

/* ------------------------------------------------------------------ JSON */

static json_t *json_floats(const float *values, int32_t count)
{
    json_t *array = json_array();

    for (int32_t i = 0; i < count; i++)
        json_array_append_new(array, json_real((double)values[i]));
    return array;
}

static json_t *json_labels(const skc_model *model)
{
    json_t *array = json_array();

    for (int32_t i = 0; i < skc_model_label_count(model); i++)
        json_array_append_new(array, json_string(skc_model_label(model, i)));
    return array;
}

static json_t *json_malignant(const skc_model *model)
{
    const bool *malignant = skc_model_malignant(model);
    json_t     *array     = malignant != NULL ? json_array() : json_null();

    for (int32_t i = 0; malignant != NULL && i < skc_model_label_count(model); i++)
        if (malignant[i])
            json_array_append_new(array, json_string(skc_model_label(model, i)));
    return array;
}

static json_t *json_decision(const skc_model *model)
{
    skc_decision d       = skc_model_decision(model);
    json_t      *weights = d.class_weights == NULL
                               ? json_null()
                               : json_floats(d.class_weights, skc_model_label_count(model));

    return json_pack("{sf sf si so so so}", "temperature", (double)d.temperature, "threshold",
                     (double)d.threshold, "views", (int)d.views, "class_weights", weights,
                     "malignant", json_malignant(model), "operating_points", points_json(model));
}

static json_t *json_preprocessing(const skc_model *model)
{
    skc_preprocessing p = skc_model_preprocessing(model);

    return json_pack("{si si ss so so}", "height", (int)p.height, "width", (int)p.width, "fit",
                     p.fit == SKC_FIT_CENTRE ? "centre" : "squash", "mean", json_floats(p.mean, 3),
                     "deviation", json_floats(p.deviation, 3));
}

static json_t *json_layers(const skc_model *model, skc_error *err)
{
    json_t        *array = json_array();
    skc_layer_info layer;

    for (int32_t i = 0; i < skc_model_layer_count(model); i++) {
        if (skc_model_layer(model, i, &layer, err) != SKC_OK) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, json_pack("{ss ss s[iii] sI sI}", "name", layer.name, "type",
                                               layer.type, "output", (int)layer.height,
                                               (int)layer.width, (int)layer.channels, "parameters",
                                               (json_int_t)layer.parameters, "macs",
                                               (json_int_t)layer.macs));
    }
    return array;
}

static bool print_json(const skc_model *model, const char *path, const totals *sum, skc_error *err)
{
    json_t *all = json_object(), *layers = json_layers(model, err);

    if (layers == NULL) {
        json_decref(all);
        return false;
    }
    json_object_set_new(all, "path", cli_json_text(path));
    json_object_set_new(all, "sha256", json_string(skc_model_sha256(model)));
    json_object_set_new(all, "task", json_string(skc_model_task(model)));
    json_object_set_new(all, "labels", json_labels(model));
    json_object_set_new(all, "architecture", json_string(skc_model_architecture_name(model)));
    json_object_set_new(all, "preprocessing", json_preprocessing(model));
    json_object_set_new(all, "decision", json_decision(model));
    json_object_set_new(all, "parameters",
                        json_integer((json_int_t)skc_model_parameter_count(model)));
    json_object_set_new(all, "macs", json_integer((json_int_t)sum->macs));
    json_object_set_new(all, "session_bytes", json_integer((json_int_t)sum->session_bytes));
    json_object_set_new(all, "provenance", json_loads(skc_model_provenance(model), 0, NULL));
    json_object_set_new(all, "layers", layers);
    cli_json_line(all);
    return true;
}

bool model_inspect(const skc_model *model, const char *path, bool json, skc_error *err)
{
    totals sum;

    if (!add_up(model, &sum, err))
        return false;
    return json ? print_json(model, path, &sum, err) : print_text(model, path, &sum, err);
}
