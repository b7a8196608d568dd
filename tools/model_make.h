/* model_make.h - the options from which `skincnn-model` makes a network, and making it. */
#ifndef SKC_TOOLS_MODEL_MAKE_H
#define SKC_TOOLS_MODEL_MAKE_H
#include "cli.h"

typedef struct make_settings {
    const char *architecture, *task, *size, *labels_file, *weights, *map;
    cli_list    labels, mean, deviation;
    int32_t     classes, fit, precision;
    float       width_factor, dropout;
    uint64_t    seed;
    bool        force, json;
} make_settings;

/* clang-format off */
#define MAKE_NETWORK_OPTIONS                                                                       \
    { "Network", .kind = CLI_GROUP },                                                              \
    { "architecture", 'a', CLI_TEXT, offsetof(make_settings, architecture), NULL, 0, 0,            \
      "NAME|FILE", "built-in architecture, or a JSON file" },                                      \
    { "size", 's', CLI_TEXT, offsetof(make_settings, size), NULL, 0, 0, "N|WxH",                   \
      "of the input in pixels; the architecture's own if not given" },                             \
    { "width-factor", 0, CLI_FLOAT, offsetof(make_settings, width_factor), "1", 0.1, 4, "F",       \
      "multiplies the channels of built-in architectures" },                                       \
    { "dropout", 0, CLI_FLOAT, offsetof(make_settings, dropout), "-1", -1, 0.95, "P",              \
      "-1: the architecture's own" }

#define MAKE_LABEL_OPTIONS                                                                         \
    { "Labels (one of)", .kind = CLI_GROUP },                                                      \
    { "labels", 'l', CLI_LIST, offsetof(make_settings, labels), NULL, 0, 0, "A,B,...",             \
      "in the order of the network's outputs" },                                                   \
    { "labels-file", 0, CLI_TEXT, offsetof(make_settings, labels_file), NULL, 0, 0, "FILE",        \
      "a label a line" },                                                                          \
    { "classes", 0, CLI_INT, offsetof(make_settings, classes), NULL, 2, 10000, "N",                \
      "N labels that are numbers: 0, 1, ..." }

#define MAKE_MODEL_OPTIONS                                                                         \
    { "Model", .kind = CLI_GROUP },                                                                \
    { "task", 0, CLI_TEXT, offsetof(make_settings, task), "diagnosis", 0, 0, "NAME",               \
      "what the labels answer: malignancy, diagnosis or another name" },                           \
    { "fit", 0, CLI_CHOICE, offsetof(make_settings, fit), NULL, 0, 0, "own|centre|squash",         \
      "how a picture becomes the input: its centre square, or all of it squeezed" },               \
    { "mean", 0, CLI_LIST, offsetof(make_settings, mean), NULL, 0, 0, "R,G,B",                     \
      "taken off each channel, in 0..255" },                                                       \
    { "deviation", 0, CLI_LIST, offsetof(make_settings, deviation), NULL, 0, 0, "R,G,B",           \
      "by which each channel is then divided" },                                                   \
    { "Output", .kind = CLI_GROUP },                                                               \
    { "format", 'f', CLI_CHOICE, offsetof(make_settings, precision), "f32", 0, 0, "f32|f16",       \
      "of the weights in the file" },                                                              \
    { "force", 0, CLI_FLAG, offsetof(make_settings, force), .help = "overwrite the file" }
/* clang-format on */

/* The tables below share make_settings. */
extern const cli_option make_create_options[], make_import_options[], make_architecture_options[];

int make_create(const cli_call *call);       /* OUT */
int make_import(const cli_call *call);       /* OUT */
int make_architecture(const cli_call *call); /* NAME|FILE */

/* Writes a model, but not over an existing file unless `force`; prints what it wrote. */
bool make_save(const skc_model *model, const char *path, skc_precision precision, bool force);

#endif
