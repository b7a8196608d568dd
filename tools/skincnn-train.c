/* skincnn-train.c - trains a model on a manifest's pictures. */
#define _GNU_SOURCE
#include "files.h"
#include "train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field)              offsetof(train_settings, field)
#define OF_TRAIN(field)        offsetof(train_settings, train.field)
#define OF_AUGMENTATION(field) offsetof(train_settings, train.augmentation.field)

/* clang-format off */
static const cli_option options[] = {
    { "Data", .kind = CLI_GROUP },
    { "manifest", 'd', CLI_TEXT, AT(manifest), NULL, 0, 0, "FILE", "CSV made by skincnn-data" },
    { "task", 'T', CLI_TEXT, AT(task), "diagnosis", 0, 0, "NAME", "diagnosis, malignancy or another name" },
    { "labels", 0, CLI_LIST, AT(labels), NULL, 0, 0, "A,B,...", "labels in the order of the scores; known for the two tasks, else those of the manifest" },
    { "validation", 0, CLI_TEXT, AT(validation), "val", 0, 0, "PART", "the part that chooses the best epoch" },
    { "validation-percent", 0, CLI_INT, AT(validation_percent), "12", 1, 50, "N", "carved out of train by lesion where the manifest has no such part" },
    { "test", 0, CLI_TEXT, AT(test), "test", 0, 0, "PART", "the part that is only evaluated, at the end" },
    { "cache", 0, CLI_TEXT, AT(cache), NULL, 0, 0, "FILE", "decoded pictures; default: pictures.cache in the run folder" },
    { "allow-leaks", 0, CLI_FLAG, AT(allow_leaks), .help = "go on although a lesion stands in two parts; marks the results" },
    { "Model", .kind = CLI_GROUP },
    { "architecture", 'a', CLI_TEXT, AT(architecture), "resnet18", 0, 0, "NAME", "built-in architecture or a .json file; see skincnn-model list" },
    { "size", 's', CLI_INT, AT(size), "112", 0, 512, "N", "height and width of the input; 0: the architecture's own" },
    { "width-factor", 'w', CLI_FLOAT, AT(width_factor), "1", 0.1, 4, "F", "multiplies the channels of a built-in architecture" },
    { "dropout", 0, CLI_FLOAT, AT(dropout), "-1", -1, 0.95, "RATE", "before the output; -1: the architecture's own" },
    { "fit", 0, CLI_CHOICE, AT(fit), "centre", 0, 0, "centre|squash", "the centred square, or the whole frame squeezed" },
    { "init", 'i', CLI_TEXT, AT(init), NULL, 0, 0, "MODEL", "start from this model's layers of the same name and shape" },
    { "freeze", 0, CLI_TEXT, OF_TRAIN(freeze), NULL, 0, 0, "PREFIX,...", "layers that stay as they are" },
    { "Run", .kind = CLI_GROUP },
    { "out", 'o', CLI_TEXT, AT(out), NULL, 0, 0, "DIR", "run folder" },
    { "resume", 0, CLI_TEXT, AT(resume), NULL, 0, 0, "DIR", "go on with an interrupted run, bit for bit as if it had not stopped; needs no other option" },
    { "epochs", 'e', CLI_INT, OF_TRAIN(epochs), NULL, 1, 100000, "N", "passes over the training part" },
    { "time-budget", 0, CLI_DOUBLE, AT(time_budget), "0", 0, 1e6, "MINUTES", "stop after the epoch in which this is spent; 0: none" },
    { "save-every", 0, CLI_DOUBLE, AT(save_every), "10", 0, 1e6, "MINUTES", "checkpoints inside long epochs; 0: only after each" },
    { "metric", 0, CLI_CHOICE, AT(metric), "macro_auc", 0, 0, TRAIN_METRIC_NAMES, "figure of the validation part that chooses the best epoch" },
    { "patience", 'p', CLI_INT, AT(patience), "0", 0, 100000, "N", "stop after N epochs without a better one; 0: never" },
    { "dry-run", 'n', CLI_FLAG, AT(dry_run), .help = "check everything, show the settings, train nothing" },
    { "seed", 0, CLI_COUNT, OF_TRAIN(seed), NULL, 0, 0, "N", "of weights, order and augmentation" },
    CLI_RUNTIME_OPTIONS(train_settings),
    { "Optimisation", .kind = CLI_GROUP },
    { "batch", 'b', CLI_INT, OF_TRAIN(batch), NULL, 1, 4096, "N", "pictures a step" },
    { "optimiser", 0, CLI_CHOICE, OF_TRAIN(optimiser), NULL, 0, 0, "sgd|adamw", "SGD has Nesterov momentum" },
    { "rate", 'r', CLI_FLOAT, OF_TRAIN(learning_rate), NULL, 1e-9, 100, "RATE", "largest learning rate" },
    { "momentum", 0, CLI_FLOAT, OF_TRAIN(momentum), NULL, 0, 0.9999, "F", "of SGD" },
    { "beta1", 0, CLI_FLOAT, OF_TRAIN(beta1), NULL, 0, 0.9999, "F", "of AdamW" },
    { "beta2", 0, CLI_FLOAT, OF_TRAIN(beta2), NULL, 0, 0.99999, "F", "of AdamW" },
    { "weight-decay", 0, CLI_FLOAT, OF_TRAIN(weight_decay), NULL, 0, 10, "F", "not on biases and batchnorm" },
    { "schedule", 0, CLI_CHOICE, OF_TRAIN(schedule), NULL, 0, 0, "cosine|step", "of the learning rate" },
    { "warmup", 0, CLI_FLOAT, OF_TRAIN(warmup_epochs), NULL, 0, 10000, "EPOCHS", "linear, from 0" },
    { "final-rate", 0, CLI_FLOAT, OF_TRAIN(final_rate), NULL, 0, 1, "SHARE", "of the largest rate, at the end of cosine" },
    { "step-epochs", 0, CLI_INT, OF_TRAIN(step_epochs), NULL, 1, 100000, "N", "step schedule: every N epochs ..." },
    { "step-factor", 0, CLI_FLOAT, OF_TRAIN(step_factor), NULL, 0, 1, "F", "... the rate is multiplied by this" },
    { "label-smoothing", 0, CLI_FLOAT, OF_TRAIN(label_smoothing), NULL, 0, 0.9, "F", "share of the target spread over all labels" },
    { "class-weights", 0, CLI_LIST, AT(class_weights), NULL, 0, 0, "W", "of the loss: \"balanced\" or LABEL=WEIGHT,..." },
    { "balance", 0, CLI_FLOAT, OF_TRAIN(balance), NULL, 0, 1, "F", "sampling: 0 each picture alike, 1 each class alike" },
    { "balance-sources", 0, CLI_FLAG, OF_TRAIN(balance_sources), .help = "sampling: inside a class each source alike" },
    { "ema", 0, CLI_FLOAT, OF_TRAIN(ema), NULL, 0, 0.999999, "DECAY", "averaged weights; 0: off" },
    { "clip", 0, CLI_FLOAT, OF_TRAIN(clip_norm), NULL, 0, 1e9, "NORM", "largest norm of the gradient; 0: off" },
    { "Augmentation", .kind = CLI_GROUP },
    { "flip", 0, CLI_FLAG, OF_AUGMENTATION(flip), .help = "left-right and top-bottom" },
    { "rotation", 0, CLI_FLOAT, OF_AUGMENTATION(rotation), NULL, 0, 180, "DEGREES", "to either side" },
    { "scale-min", 0, CLI_FLOAT, OF_AUGMENTATION(scale_min), NULL, 0.05, 1, "SHARE", "smallest crop, of the area" },
    { "scale-max", 0, CLI_FLOAT, OF_AUGMENTATION(scale_max), NULL, 0.05, 2, "SHARE", "largest crop; over 1 zooms out" },
    { "aspect", 0, CLI_FLOAT, OF_AUGMENTATION(aspect), NULL, 1, 4, "RATIO", "widest ratio of a crop's sides" },
    { "brightness", 0, CLI_FLOAT, OF_AUGMENTATION(brightness), NULL, 0, 1, "F", "factor in 1 +- F" },
    { "contrast", 0, CLI_FLOAT, OF_AUGMENTATION(contrast), NULL, 0, 1, "F", "factor in 1 +- F" },
    { "saturation", 0, CLI_FLOAT, OF_AUGMENTATION(saturation), NULL, 0, 1, "F", "factor in 1 +- F" },
    { "hue", 0, CLI_FLOAT, OF_AUGMENTATION(hue), NULL, 0, 0.5, "F", "turn of the colour circle" },
    { "cutout", 0, CLI_FLOAT, OF_AUGMENTATION(cutout), NULL, 0, 0.9, "SHARE", "side of a square painted grey" },
    { "Result", .kind = CLI_GROUP },
    { "views", 0, CLI_INT, AT(views), "1", 1, 8, "N", "1, or 8: the model looks at all symmetries of the picture" },
    { "sensitivity", 0, CLI_DOUBLE, AT(sensitivity), "0.95", 0.5, 1, "SHARE", "of malignant pictures that the operating point finds, on validation" },
    { "precision", 0, CLI_CHOICE, AT(precision), "f16", 0, 0, "f32|f16", "of the weights in model.safetensors" },
    { "resamples", 0, CLI_INT, AT(resamples), "1000", 0, 100000, "N", "bootstrap resamples for the 95 % intervals" },
    { "mistakes", 0, CLI_INT, AT(mistakes), "24", 0, 200, "N", "worst mistakes shown in the report" },
    { "json", 'j', CLI_FLAG, AT(json), .help = "one JSON object an epoch on standard output" },
    { "quiet", 'q', CLI_FLAG, AT(quiet), .help = "only errors" },
    { "go-on", 0, CLI_TEXT, AT(go_on), .help = NULL },
    { .name = NULL },
};
/* clang-format on */

#define GO_ON "--go-on=" /* what --resume adds to the stored words: the folder */

/* The words of main, which args.json keeps and --resume needs again. */
static char *const *command_line;

static void init(void *settings)
{
    train_settings *s = settings;

    skc_train_options_init(&s->train);
}

/* ---------------------------------------------------------------- --resume */

static json_t *read_args(const char *folder)
{
    char     *path = file_join(folder, "args.json"), *text = NULL;
    size_t    size;
    skc_error err;
    json_t   *json = NULL;

    if (file_read(path, 1000000, &text, &size, &err) != SKC_OK)
        cli_error("%s", err.message);
    else if ((json = json_loadb(text, size, 0, NULL)) == NULL)
        cli_error("%s: not a JSON text", path);
    free(text);
    free(path);
    return json;
}

static const cli_program program;

/* Runs the stored command line once more, in its folder, from the checkpoint. */
static int resume(const char *folder)
{
    json_t       *json   = read_args(folder);
    const json_t *list   = json_object_get(json, "arguments");
    const char   *place  = json_string_value(json_object_get(json, "folder"));
    size_t        count  = json_array_size(list);
    char        **words  = cli_memory(NULL, count + 2, sizeof *words);
    char         *full   = realpath(folder, NULL); /* the run may have been moved or copied */
    char         *here   = cli_format(GO_ON "%s", full != NULL ? full : folder);
    int           status = CLI_FAILED;

    for (size_t i = 0; i < count; i++)
        words[i] = (char *)(uintptr_t)json_string_value(json_array_get(list, i));
    words[count]     = here;
    words[count + 1] = NULL;
    if (json != NULL && (place == NULL || count == 0 || words[0] == NULL))
        cli_error("%s/args.json: malformed", folder);
    else if (json != NULL && chdir(place) != 0)
        cli_error("%s: the folder that the run was started in is gone", place);
    else if (json != NULL) {
        command_line = words;
        status       = cli_main(&program, (int)count + 1, words);
        command_line = NULL;
    }
    free(words);
    free(full);
    free(here);
    json_decref(json);
    return status;
}

/* The run's own options are in its folder; others would be passed over in silence. */
static bool given_with_resume(const cli_call *call)
{
    for (const cli_option *o = call->command->options; o->name != NULL; o++)
        if (o->kind != CLI_GROUP && cli_given(call, o->name) && strcmp(o->name, "resume") != 0) {
            cli_usage(call, "--resume takes no --%s: the run goes on as it was begun", o->name);
            return true;
        }
    return false;
}

static int check_parts(const cli_call *call, const train_settings *s)
{
    if (strcmp(s->validation, "train") == 0 || strcmp(s->test, "train") == 0 ||
        strcmp(s->validation, s->test) == 0)
        return cli_usage(call,
                         "--validation is %s and --test is %s: they must be parts of their own, "
                         "neither of them train",
                         s->validation, s->test);
    return CLI_OK;
}

static int run(const cli_call *call)
{
    const train_settings *s = call->settings;

    if (s->resume != NULL)
        return given_with_resume(call) ? CLI_FAILED : resume(s->resume);
    if (check_parts(call, s) != CLI_OK)
        return CLI_FAILED;
    if (s->manifest == NULL || s->out == NULL)
        return cli_usage(call, "--manifest and --out are needed");
    if (s->views != 1 && s->views != 8)
        return cli_usage(call, "--views is %d; 1 or 8 is allowed", s->views);
    if (s->go_on != NULL) {
        train_settings moved = *s;

        moved.out = s->go_on;
        return train_run(&moved, command_line);
    }
    return train_run(s, command_line);
}

static const char *const examples[] = {
    "skincnn-train -d ham10000.csv -o runs/first",
    "trains the seven diagnoses with the defaults",
    "skincnn-train -d ham10000.csv -o runs/small -a seed -s 100 -e 20 --patience 5",
    "the seed project's net, stopping early",
    "skincnn-train -d all.csv -T malignancy -o runs/mal --balance 1 --balance-sources",
    "benign or malignant, classes and sources alike",
    "skincnn-train -d mine.csv -o runs/mine --init weights/diagnosis.safetensors --freeze "
    "conv1,stage1",
    "goes on from a trained model",
    "skincnn-train --resume runs/first",
    "goes on after Ctrl-C",
    NULL,
};

static const cli_command commands[] = {
    { .summary       = "train a model on a manifest's pictures",
      .options       = options,
      .examples      = examples,
      .settings_size = sizeof(train_settings),
      .init          = init,
      .run           = run },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-train",
    "train a model on a manifest's pictures",
    "The run folder gets args.json, results.csv (a row an epoch), last.safetensors (a checkpoint "
    "that "
    "holds everything needed to go on), best.safetensors (the weights of the best epoch), and at "
    "the "
    "end model.safetensors (with temperature, class weights and operating point fitted on the "
    "validation part), metrics.json and report.html.\n\n"
    "Parts are split by lesion: a manifest in which a lesion or patient stands in two parts is "
    "refused. Ctrl-C finishes the step, saves, and says how to go on.\n\n"
    "Nothing that a model says is a diagnosis.",
    commands,
};

int main(int argc, char **argv)
{
    command_line = argv;
    return cli_main(&program, argc, argv);
}
