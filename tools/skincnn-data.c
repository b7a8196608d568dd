/* skincnn-data.c - makes, joins, splits and examines manifests of pictures. */
#include "data.h"
#include "generate_bad.h"
#include "ingest.h"

#include <stddef.h>

#define AT(field) offsetof(data_settings, field)

#define OUT_OPTION(text)                                                                           \
    {                                                                                              \
        "out", 'o', CLI_TEXT, AT(out), .metavar = "FILE", .help = text                             \
    }
#define JSON_OPTION(text)                                                                          \
    {                                                                                              \
        "json", 0, CLI_FLAG, AT(json), .help = text                                                \
    }
#define THRESHOLD_OPTION                                                                           \
    {                                                                                              \
        "threshold", 0, CLI_FLOAT, AT(threshold), "0.993", 0.5, 1, "T",                            \
            "pictures are alike from this similarity of their thumbnails on"                       \
    }
#define END                                                                                        \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const cli_option generate_options[] = {
    { "count", 'n', CLI_INT, AT(count), "70", 1, 1000000, "N", "pictures to make" },
    { "size", 's', CLI_INT, AT(size), "128", 16, 1024, "PIXELS", "side of each picture" },
    { "seed", 0, CLI_COUNT, AT(seed), "1", .metavar = "N", .help = "another seed, other pictures" },
    { "labels", 0, CLI_CHOICE, AT(labels), "diagnosis", .metavar = "diagnosis|malignancy",
      .help = "seven classes, or benign and malignant" },
    { "kind", 'k', CLI_CHOICE, AT(kind), "lesion", .metavar = BAD_KINDS,
      .help = "lesions, or pictures that must be refused" },
    { "from", 0, CLI_TEXT, AT(spoil), .metavar = "PICTURES",
      .help = "manifest, folder or picture to spoil (noise, blur, tiny, dark, bright) instead of "
              "generated lesions; evenly chosen, N at most, in their own size" },
    { "format", 0, CLI_CHOICE, AT(image_format), "jpeg", .metavar = "png|jpeg",
      .help = "of the files" },
    { "quality", 'q', CLI_INT, AT(quality), "92", 1, 100, "N", "of JPEG files" },
    { "out", 'o', CLI_TEXT, AT(out), .metavar = "FOLDER", .help = "where to put them" },
    CLI_RUNTIME_OPTIONS(data_settings),
    END,
};
static const char *const generate_examples[] = {
    "skincnn-data generate --count 700 --size 128 --out made",
    "a data set to try training with, in made/ with made/manifest.csv",
    "skincnn-data generate --kind blur --from ham10000.csv --count 500 --out blurred",
    "500 pictures of a data set, blurred",
    NULL,
};

static const cli_option ingest_options_table[] = {
    { "format", 'f', CLI_CHOICE, AT(format), "auto", .metavar = INGEST_FORMATS,
      .help = "layout of the data set" },
    { "source", 0, CLI_TEXT, AT(source), .metavar = "NAME",
      .help = "name of the data set; default: ham10000, or the name of the first path" },
    OUT_OPTION("the manifest to write"),
    END,
};
static const char *const ingest_examples[] = {
    "skincnn-data ingest ~/Downloads/archive.zip --out ham10000.csv",
    "HAM10000 as downloaded from Kaggle; split by lesion, by the project's rule",
    "skincnn-data ingest ISIC_2019_Training_Input.zip ISIC_2019_Training_GroundTruth.csv "
    "ISIC_2019_Training_Metadata.csv --out isic2019.csv",
    "a challenge: pictures, labels, and the lesions from the metadata",
    "skincnn-data ingest train.tar test.tar --source isic_balanced --out isic_balanced.csv",
    "benign and malignant pictures in folders of those names",
    NULL,
};

static const cli_option map_options[] = {
    { "to", 0, CLI_TEXT, AT(to), .metavar = "malignancy",
      .help = "mel, bcc, akiec and scc become malignant; nv, bkl, df and vasc benign" },
    { "label", 0, CLI_REPEAT, AT(rename_labels), .metavar = "OLD=NEW",
      .help = "rename a label, before --to" },
    { "split", 0, CLI_REPEAT, AT(rename_splits), .metavar = "OLD=NEW",
      .help = "rename a part; \"none\" stands for no part" },
    { "source", 0, CLI_TEXT, AT(source), .metavar = "NAME", .help = "set the source of every row" },
    OUT_OPTION("the manifest to write; it may be the one that is read"),
    END,
};
static const char *const map_examples[] = {
    "skincnn-data map --to malignancy ham10000.csv --out malignancy.csv",
    "from the task of diagnosis to the task of malignancy",
    NULL,
};

static const cli_option merge_options[] = {
    { "source", 0, CLI_TEXT, AT(source), .metavar = "NAME",
      .help = "set the source of every row; default: as it was" },
    OUT_OPTION("the manifest to write"),
    END,
};
static const char *const merge_examples[] = {
    "skincnn-data merge ham10000.csv isic2017.csv --out all.csv",
    "the rows of both; paths are adapted to the new manifest's folder",
    NULL,
};

static const cli_option split_options[] = {
    { "percent", 'p', CLI_INT, AT(percent), "20", 1, 99, "P", "share of the new part" },
    { "seed", 0, CLI_TEXT, AT(split_seed), "ham10000-split-v1", .metavar = "TEXT",
      .help = "decides the order of the groups" },
    { "from", 0, CLI_TEXT, AT(from), .metavar = "PART",
      .help = "split the rows of this part only; default: all rows" },
    { "to", 0, CLI_TEXT, AT(to), "test", .metavar = "PART", .help = "name of the new part" },
    { "rest", 0, CLI_TEXT, AT(rest), "train", .metavar = "PART", .help = "name of what is left" },
    OUT_OPTION("the manifest to write; it may be the one that is read"),
    END,
};
static const char *const split_examples[] = {
    "skincnn-data split all.csv --out all.csv",
    "a fifth of the lesions of each label becomes the test part",
    "skincnn-data split --from train --to val --percent 12 --seed skincnn-validation-v1 "
    "all.csv --out all.csv",
    "carves a validation part out of the training part",
    NULL,
};

static const cli_option filter_options[] = {
    { "label", 0, CLI_LIST, AT(keep_labels), .metavar = "LABEL,...", .help = "keep these labels" },
    { "split", 0, CLI_LIST, AT(keep_splits), .metavar = "PART,...",
      .help = "keep these parts; \"none\" stands for rows without one" },
    { "source", 0, CLI_LIST, AT(keep_sources), .metavar = "NAME,...",
      .help = "keep these sources" },
    { "without-leaks", 0, CLI_FLAG, AT(without_leaks),
      .help = "drop training rows whose group also stands in the validation or test part, and "
              "validation rows whose group stands in the test part" },
    OUT_OPTION("the manifest to write; it may be the one that is read"),
    END,
};
static const char *const filter_examples[] = {
    "skincnn-data filter --split test --source ham10000 all.csv --out ham-test.csv",
    "the test part of one data set",
    NULL,
};

static const cli_option stats_options[] = {
    JSON_OPTION("one JSON object"),
    END,
};

static const cli_option duplicates_options[] = {
    THRESHOLD_OPTION,
    { "write-groups", 0, CLI_TEXT, AT(write_groups), .metavar = "FILE",
      .help = "write the manifest with alike pictures in one group, so that a split keeps them "
              "together" },
    JSON_OPTION("one JSON object a pair"),
    CLI_RUNTIME_OPTIONS(data_settings),
    END,
};
static const char *const duplicates_examples[] = {
    "skincnn-data duplicates all.csv > pairs.txt",
    "lists the pairs",
    "skincnn-data duplicates --write-groups grouped.csv all.csv > pairs.txt",
    "and writes a manifest in which they share a group",
    NULL,
};

static const cli_option quality_options[] = {
    JSON_OPTION("one JSON object a picture instead of the table"),
    CLI_RUNTIME_OPTIONS(data_settings),
    END,
};
static const char *const quality_examples[] = {
    "skincnn-data quality photos/ ham10000.csv",
    "how many pictures of each are good enough to be judged",
    "skincnn-data quality --json photos/ > quality.jsonl",
    "the measures of each picture",
    NULL,
};

static const cli_option check_options[] = {
    { "pictures", 0, CLI_FLAG, AT(pictures), .help = "compare the pictures as well" },
    THRESHOLD_OPTION,
    JSON_OPTION("one JSON object"),
    CLI_RUNTIME_OPTIONS(data_settings),
    END,
};
static const char *const check_examples[] = {
    "skincnn-data check --pictures all.csv",
    "before training: does anything of the test part stand in the training part?",
    NULL,
};

#define MANIFEST "MANIFEST"

static const cli_command commands[] = {
    { .name     = "generate",
      .summary  = "make pictures that look like skin lesions",
      .details  = "Draws skin with a lesion on it, hairs and the shade of a dermatoscope. Colours "
                  "and structures depend on the class, so that a network can learn them; they are "
                  "no substitute for real pictures. The same options give the same files.\n\n"
                  "The other kinds are pictures that nobody should judge, to measure how many are "
                  "refused: blank areas, noise, blur (a Gaussian of 3 to 8 % of the shorter side), "
                  "tiny pictures (some enlarged again), pages of text, drawings, and pictures too "
                  "dark or too bright.",
      .options  = generate_options,
      .examples = generate_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_generate },
    { .name          = "ingest",
      .summary       = "turn a data set as downloaded into a manifest",
      .arguments     = "PATH...",
      .details       = "PATH is a folder, a .zip, .tar or .tar.gz archive, a table or a picture; "
                       "archives stay packed. Understood are HAM10000 (Kaggle and Dataverse), the "
                       "tables of the ISIC challenges 2017 to 2020, folders named benign and malignant, "
                       "and any folders whose names are labels, with or without train, val and test "
                       "above them. Pictures without a row, rows without a picture, unknown labels and "
                       "duplicates are reported and left out.",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = ingest_options_table,
      .examples      = ingest_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_ingest },
    { .name          = "map",
      .summary       = "rename labels, parts and the source",
      .arguments     = MANIFEST,
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = map_options,
      .examples      = map_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_map },
    { .name          = "merge",
      .summary       = "join manifests",
      .arguments     = MANIFEST "...",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = merge_options,
      .examples      = merge_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_merge },
    { .name      = "split",
      .summary   = "split by lesion, each label alike",
      .arguments = MANIFEST,
      .details   = "The groups of a label go in the order of the SHA-256 of \"SEED:GROUP\"; one "
                   "joins the new part while that part stays within its share. The result depends "
                   "on nothing else, so that everybody has the same split.",
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = split_options,
      .examples      = split_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_split },
    { .name          = "filter",
      .summary       = "keep some of the rows",
      .arguments     = MANIFEST,
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = filter_options,
      .examples      = filter_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_filter },
    { .name          = "stats",
      .summary       = "count pictures by source, label and part",
      .arguments     = MANIFEST,
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = stats_options,
      .settings_size = sizeof(data_settings),
      .run           = data_stats },
    { .name          = "duplicates",
      .summary       = "find pictures that show the same",
      .arguments     = MANIFEST,
      .details       = "Compares thumbnails of all pairs of pictures, turned and mirrored ones "
                       "included. Each line has the similarity, then path, label and part of both.",
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = duplicates_options,
      .examples      = duplicates_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_duplicates },
    { .name      = "check",
      .summary   = "look for leaks between the parts",
      .arguments = MANIFEST,
      .details   = "Exit status 1 when a group, or with --pictures a picture, stands in two parts.",
      .min_arguments = 1,
      .max_arguments = 1,
      .options       = check_options,
      .examples      = check_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_check },
    { .name      = "quality",
      .summary   = "measure which pictures are good enough to be judged",
      .arguments = "PICTURES...",
      .details =
          "PICTURES is a manifest (FILE.csv), a folder or a picture; each gets a line with the "
          "pictures accepted, their share with its 95 % interval (Wilson's), and the reasons "
          "why the others are refused.",
      .min_arguments = 1,
      .max_arguments = -1,
      .options       = quality_options,
      .examples      = quality_examples,
      .settings_size = sizeof(data_settings),
      .run           = data_quality },
    { .run = NULL },
};

static const cli_program program = {
    "skincnn-data", "make, join, split and examine manifests of skin pictures",
    "A manifest is a CSV file with the columns path, label, group, split and source. A path may "
    "name "
    "a member of an archive, as in images.tar!ISIC_0024306.jpg; relative paths start at the "
    "manifest's folder. A group is a lesion (or a patient): its pictures stay in one part.",
    commands
};

int main(int argc, char **argv)
{
    return cli_main(&program, argc, argv);
}
