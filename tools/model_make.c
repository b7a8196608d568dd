/* model_make.c - makes networks: with fresh parameters, or with those of a foreign file. */
#include "model_make.h"
#include "files.h"
#include "terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const cli_option make_create_options[] = {
    MAKE_NETWORK_OPTIONS,
    { "seed", 0, CLI_COUNT, offsetof(make_settings, seed), "1", 0, 0, "N",
      "of the initial parameters" },
    MAKE_LABEL_OPTIONS,
    MAKE_MODEL_OPTIONS,
    { .name = NULL },
};

const cli_option make_import_options[] = {
    { "Source", .kind = CLI_GROUP },
    { "weights", 'w', CLI_TEXT, offsetof(make_settings, weights), NULL, 0, 0, "FILE",
      "the foreign safetensors file" },
    { "map", 0, CLI_TEXT, offsetof(make_settings, map), NULL, 0, 0, "FILE",
      "JSON that says which tensor goes where (docs/model-format.md)" },
    MAKE_NETWORK_OPTIONS,
    MAKE_LABEL_OPTIONS,
    MAKE_MODEL_OPTIONS,
    { .name = NULL },
};

const cli_option make_architecture_options[] = {
    { "size", 's', CLI_TEXT, offsetof(make_settings, size), NULL, 0, 0, "N|WxH",
      "of the input in pixels; the architecture's own if not given" },
    { "width-factor", 0, CLI_FLOAT, offsetof(make_settings, width_factor), "1", 0.1, 4, "F",
      "multiplies the channels of built-in architectures" },
    { "dropout", 0, CLI_FLOAT, offsetof(make_settings, dropout), "-1", -1, 0.95, "P",
      "-1: the architecture's own" },
    { "classes", 0, CLI_INT, offsetof(make_settings, classes), "7", 2, 10000, "N",
      "outputs of the network" },
    { .name = NULL },
};
/* clang-format on */

/* ------------------------------------------------------------------ reading the options */

enum { LARGEST_TEXT = 16000000 }; /* bytes of an architecture or a list of labels */

/* A list of labels in one block of text. */
typedef struct labels {
    char        *text;
    const char **names;
    int32_t      count;
} labels;

static void add_label(labels *out, const char *name)
{
    out->names               = cli_memory(out->names, (size_t)out->count + 1, sizeof(char *));
    out->names[out->count++] = name;
}

static bool read_label_file(const char *path, labels *out)
{
    skc_error err;
    size_t    size;

    if (file_read(path, LARGEST_TEXT, &out->text, &size, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    if (strlen(out->text) != size) {
        cli_error("%s: not a text", path);
        return false;
    }
    for (char *line = out->text; *line != '\0';) {
        size_t length = strcspn(line, "\r\n");
        bool   last   = line[length] == '\0';
        line[length]  = '\0';
        if (length > 0)
            add_label(out, line);
        line += length + !last;
    }
    return true;
}

static void number_labels(int32_t count, labels *out)
{
    enum { ROOM = 12 };

    out->text = cli_memory(NULL, (size_t)count, ROOM);
    for (int32_t i = 0; i < count; i++) {
        char *name = out->text + (size_t)i * ROOM;
        snprintf(name, ROOM, "%d", (int)i);
        add_label(out, name);
    }
}

static bool read_labels(const make_settings *o, labels *out)
{
    if ((o->labels.count > 0) + (o->labels_file != NULL) + (o->classes > 0) != 1) {
        cli_error("give one of --labels, --labels-file and --classes");
        return false;
    }
    if (o->labels_file != NULL)
        return read_label_file(o->labels_file, out);
    if (o->classes > 0)
        number_labels(o->classes, out);
    for (int32_t i = 0; i < o->labels.count; i++)
        add_label(out, o->labels.items[i]);
    return true;
}

static void free_labels(labels *l)
{
    free(l->names);
    free(l->text);
}

/* "224" or "320x240"; both 0 for NULL. */
static bool read_size(const char *text, int32_t *width, int32_t *height)
{
    char *end;
    long  w, h;

    *width = *height = 0;
    if (text == NULL)
        return true;
    w = h = strtol(text, &end, 10);
    if (end != text && *end == 'x')
        h = strtol(end + 1, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || w < 1 || h < 1 || w > 4096 || h > 4096) {
        cli_error("--size is '%s'; it must be N or WxH, each from 1 to 4096", text);
        return false;
    }
    *width  = (int32_t)w;
    *height = (int32_t)h;
    return true;
}

static bool read_three(const char *option, const cli_list *list, float out[3])
{
    if (list->count == 0)
        return true;
    for (int32_t i = 0; i < 3; i++) {
        char *end = NULL;
        if (list->count == 3)
            out[i] = strtof(list->items[i], &end);
        if (end == NULL || end == list->items[i] || *end != '\0') {
            cli_error("--%s must be three numbers: R,G,B", option);
            return false;
        }
    }
    return true;
}

/* A JSON file's text, or a copy of the name of a built-in architecture. */
static char *read_architecture(const char *name)
{
    char     *text = NULL;
    size_t    size;
    skc_error err;

    if (strlen(name) < 5 || strcmp(name + strlen(name) - 5, ".json") != 0)
        return cli_copy(name);
    if (file_read(name, LARGEST_TEXT, &text, &size, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return NULL;
    }
    if (strlen(text) != size || text[strspn(text, " \t\r\n")] != '{') {
        cli_error("%s: not a JSON object", name);
        free(text);
        return NULL;
    }
    memmove(text, text + strspn(text, " \t\r\n"), strlen(text + strspn(text, " \t\r\n")) + 1);
    return text;
}

/* ------------------------------------------------------------------ making a model */

static skc_model *create(const make_settings *o, const char *name, const labels *l)
{
    skc_model_options options;
    skc_model        *model = NULL;
    skc_error         err;
    char             *architecture;

    skc_model_options_init(&options);
    architecture = read_architecture(name);
    if (architecture == NULL)
        return NULL;
    options.architecture = architecture;
    options.task         = o->task != NULL ? o->task : "diagnosis";
    options.labels       = l->names;
    options.label_count  = l->count;
    options.width_factor = o->width_factor;
    options.dropout      = o->dropout;
    options.seed         = o->seed;
    if (read_size(o->size, &options.width, &options.height) &&
        skc_model_create(&options, NULL, &model, &err) != SKC_OK) {
        cli_error("%s", err.message);
        model = NULL;
    }
    free(architecture);
    return model;
}

static bool set_preprocessing(const make_settings *o, skc_model *model)
{
    skc_preprocessing p = skc_model_preprocessing(model);
    skc_error         err;

    if (!read_three("mean", &o->mean, p.mean) ||
        !read_three("deviation", &o->deviation, p.deviation))
        return false;
    if (o->fit > 0)
        p.fit = o->fit == 1 ? SKC_FIT_CENTRE : SKC_FIT_SQUASH;
    if (skc_model_set_preprocessing(model, &p, &err) == SKC_OK)
        return true;
    cli_error("%s", err.message);
    return false;
}

bool make_save(const skc_model *model, const char *path, skc_precision precision, bool force)
{
    skc_error err;

    if (file_exists(path) && !force) {
        cli_error("%s: exists already; --force overwrites", path);
        return false;
    }
    if (skc_model_save(model, path, precision, &err) != SKC_OK) {
        cli_error("%s", err.message);
        return false;
    }
    printf("%s: %s, %zu parameters, %s\n", path, skc_model_architecture_name(model),
           skc_model_parameter_count(model),
           skc_model_is_quantised(model) ? "I8"
           : precision == SKC_F16        ? "F16"
                                         : "F32");
    return true;
}

/* Makes the model, fills it from a foreign file if there is one, and writes it. */
static int make(const cli_call *call)
{
    const make_settings *o     = call->settings;
    labels               l     = { 0 };
    skc_model           *model = NULL;
    skc_error            err;
    bool                 good;

    if (o->architecture == NULL)
        return cli_usage(call, "--architecture is missing");
    if (read_labels(o, &l))
        model = create(o, o->architecture, &l);
    good = model != NULL && set_preprocessing(o, model);
    if (good && o->weights != NULL && skc_model_import(model, o->weights, o->map, &err) != SKC_OK) {
        cli_error("%s", err.message);
        good = false;
    }
    good = good &&
           make_save(model, call->arguments[0], o->precision == 1 ? SKC_F16 : SKC_F32, o->force);
    skc_model_free(model);
    free_labels(&l);
    return good ? CLI_OK : CLI_FAILED;
}

int make_create(const cli_call *call)
{
    return make(call);
}

int make_import(const cli_call *call)
{
    const make_settings *o = call->settings;

    if (o->weights == NULL || o->map == NULL)
        return cli_usage(call, "--weights and --map are needed");
    return make(call);
}

int make_architecture(const cli_call *call)
{
    const make_settings *o = call->settings;
    labels               l = { 0 };
    skc_model           *model;

    number_labels(o->classes, &l);
    model = create(o, call->arguments[0], &l);
    if (model != NULL)
        puts(skc_model_architecture(model));
    skc_model_free(model);
    free_labels(&l);
    return model != NULL ? CLI_OK : CLI_FAILED;
}
