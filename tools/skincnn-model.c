/* skincnn-model.c - shows, checks, converts, calibrates, quantises, imports and makes model files.
 */
#include "cli.h"
#include "model_calibrate.h"
#include "model_inspect.h"
#include "model_make.h"
#include "model_quantise.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

typedef struct settings {
    bool    json, force;
    int32_t precision;
} settings;

static const cli_option json_options[] = {
    { "json", 'j', CLI_FLAG, offsetof(settings, json), .help = "one JSON object a line" },
    { .name = NULL },
};

/* clang-format off */
static const cli_option export_options[] = {
    { "format", 'f', CLI_CHOICE, offsetof(settings, precision), "f32", 0, 0, "f32|f16",
      "of the weights in the file" },
    { "force", 0, CLI_FLAG, offsetof(settings, force), .help = "overwrite the file" },
    { .name = NULL },
};
/* clang-format on */

static skc_model *load(const char *path)
{
    skc_model *model = NULL;
    skc_error  err;

    if (skc_model_load(path, NULL, &model, &err) == SKC_OK)
        return model;
    cli_error("%s", err.message);
    return NULL;
}

static int run_inspect(const cli_call *call)
{
    const settings *o     = call->settings;
    skc_model      *model = load(call->arguments[0]);
    skc_error       err;
    bool            good;

    if (model == NULL)
        return CLI_FAILED;
    good = model_inspect(model, call->arguments[0], o->json, &err);
    if (!good)
        cli_error("%s: %s", call->arguments[0], err.message);
    skc_model_free(model);
    return good ? CLI_OK : CLI_FAILED;
}

/* Loading checks everything: structure, sizes against the architecture, checksums, numbers. */
static bool verify(const char *path, bool json)
{
    skc_model *model = NULL;
    skc_error  err;
    bool       good = skc_model_load(path, NULL, &model, &err) == SKC_OK;

    if (json) {
        json_t *line = json_object();
        json_object_set_new(line, "path", cli_json_text(path));
        json_object_set_new(line, "sha256",
                            good ? json_string(skc_model_sha256(model)) : json_null());
        json_object_set_new(line, "error", good ? json_null() : cli_json_text(err.message));
        cli_json_line(line);
    } else if (good) {
        printf("%s: ok, sha256 %s\n", path, skc_model_sha256(model));
    } else {
        cli_error("%s", err.message);
    }
    skc_model_free(model);
    return good;
}

static int run_verify(const cli_call *call)
{
    const settings *o    = call->settings;
    int32_t         good = 0;

    for (int32_t i = 0; i < call->count; i++)
        good += verify(call->arguments[i], o->json);
    return good == call->count ? CLI_OK : good > 0 ? CLI_SOME_FAILED : CLI_FAILED;
}

static int run_export(const cli_call *call)
{
    const settings *o     = call->settings;
    skc_model      *model = load(call->arguments[0]);
    bool            good;

    if (model == NULL)
        return CLI_FAILED;
    good = make_save(model, call->arguments[1], o->precision == 1 ? SKC_F16 : SKC_F32, o->force);
    skc_model_free(model);
    return good ? CLI_OK : CLI_FAILED;
}

/* ------------------------------------------------------------------ list */

typedef const char *(*name_at)(int32_t i);

static void list_text(const char *heading, name_at name, name_at summary)
{
    table t = table_begin("ll");

    table_cell(&t, "%s", heading);
    table_cell(&t, "%s", "");
    for (int32_t i = 0; name(i) != NULL; i++) {
        table_cell(&t, "%s", name(i));
        table_cell(&t, "%s", summary(i));
    }
    table_end(&t, stdout);
}

static json_t *list_json(name_at name, name_at summary)
{
    json_t *array = json_array();

    for (int32_t i = 0; name(i) != NULL; i++)
        json_array_append_new(array, json_pack("{ss ss}", "name", name(i), "summary", summary(i)));
    return array;
}

static int run_list(const cli_call *call)
{
    const settings *o = call->settings;

    if (o->json) {
        json_t *all = json_object();
        json_object_set_new(all, "architectures",
                            list_json(skc_architecture_name, skc_architecture_summary));
        json_object_set_new(all, "layers", list_json(skc_layer_type_name, skc_layer_type_summary));
        cli_json_line(all);
        return CLI_OK;
    }
    list_text("architecture", skc_architecture_name, skc_architecture_summary);
    putchar('\n');
    list_text("layer", skc_layer_type_name, skc_layer_type_summary);
    return CLI_OK;
}

/* ------------------------------------------------------------------ the program */

static const char *const inspect_examples[] = {
    "skincnn-model inspect weights/diagnosis.safetensors",
    "What it answers, how it decides, where it comes from, and its layers.",
    NULL,
};
static const char *const verify_examples[] = {
    "skincnn-model verify weights/*.safetensors",
    "Check files after a download.",
    NULL,
};
static const char *const export_examples[] = {
    "skincnn-model export --format f16 model.safetensors half.safetensors",
    "The same model in half the bytes.",
    NULL,
};
static const char *const quantise_examples[] = {
    "skincnn-model quantise --manifest diagnosis.csv weights/diagnosis.safetensors "
    "small.safetensors",
    "A quarter of the bytes, and several times as fast; skincnn-eval says what it costs.",
    NULL,
};
static const char *const calibrate_examples[] = {
    "skincnn-model calibrate --manifest diagnosis.csv model.safetensors calibrated.safetensors",
    "The thresholds that find 95, 90 and 98 of 100 malignant pictures of the validation part.",
    NULL,
};
static const char *const import_examples[] = {
    "skincnn-model import -a mobilenetv1 --classes 1001 -w theirs.safetensors "
    "--map weights/maps/mobilenetv1.json backbone.safetensors",
    "A network trained elsewhere, to start training from.",
    NULL,
};
static const char *const create_examples[] = {
    "skincnn-model create --architecture seed --labels benign,malignant fresh.safetensors",
    "The network of the seed project, untrained.",
    NULL,
};
static const char *const architecture_examples[] = {
    "skincnn-model architecture resnet18 > mine.json",
    "A text to begin an own architecture with.",
    NULL,
};

static const cli_command commands[] = {
    { "inspect", "shows what a model file holds", "MODEL", NULL, 1, 1, json_options,
      inspect_examples, sizeof(settings), NULL, run_inspect, NULL },
    { "verify", "checks that model files are whole and fit their architecture", "MODEL...",
      "Prints the SHA-256 of each good file. A file is refused when its structure, a size, a "
      "checksum or a number in it is wrong.",
      1, -1, json_options, verify_examples, sizeof(settings), NULL, run_verify, NULL },
    { "export", "writes a model with weights of another format", "MODEL OUT", NULL, 2, 2,
      export_options, export_examples, sizeof(settings), NULL, run_export, NULL },
    { "quantise", "makes weights and activations of 8 bits, calibrated on pictures", "MODEL OUT",
      "The pictures should be like those that the model will see, and none that it is tested on. "
      "Prints how many of them are decided as before.",
      2, 2, quantise_options, quantise_examples, sizeof(quantise_settings), NULL, quantise_run,
      NULL },
    { "calibrate", "fits operating points, and the temperature, on pictures", "MODEL OUT",
      "An operating point is a threshold on the summed probability of the malignant labels, stored "
      "with what it finds (sensitivity) and what it leaves alone (specificity) of these pictures. "
      "They must be none that the model was trained on or is tested on. The weights stay as they "
      "are.",
      2, 2, calibrate_options, calibrate_examples, sizeof(calibrate_settings), NULL, calibrate_run,
      NULL },
    { "import", "makes a model from a network of another project", "OUT",
      "Reads a safetensors file through a map that says which of its tensors goes to which layer. "
      "Every parameter must be given exactly once, with the right shape.",
      1, 1, make_import_options, import_examples, sizeof(make_settings), NULL, make_import, NULL },
    { "create", "makes a model with fresh parameters", "OUT", NULL, 1, 1, make_create_options,
      create_examples, sizeof(make_settings), NULL, make_create, NULL },
    { "architecture", "prints an architecture as JSON", "NAME|FILE.json",
      "With a file, prints what the program understood.", 1, 1, make_architecture_options,
      architecture_examples, sizeof(make_settings), NULL, make_architecture, NULL },
    { "list", "lists the built-in architectures and the layer types", NULL, NULL, 0, 0,
      json_options, NULL, sizeof(settings), NULL, run_list, NULL },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-model",
    "shows, checks, converts, calibrates, quantises, imports and makes model files",
    "A model file is a safetensors file that holds the weights and all else that a prediction "
    "needs: architecture, labels, preprocessing and decision (docs/model-format.md).",
    commands,
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
