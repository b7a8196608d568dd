/* input.h - one picture from a path or standard input, cut as the user asked. */
#ifndef SKC_TOOLS_INPUT_H
#define SKC_TOOLS_INPUT_H
#include "cli.h"

/* Fields of a settings struct, with the rows of the option table that fill them. */
typedef struct input_limits {
    uint64_t max_pixels, max_bytes;
} input_limits;

/* clang-format off */
#define INPUT_LIMIT_OPTIONS(settings)                                                              \
    { "max-pixels", 0, CLI_COUNT, offsetof(settings, limits.max_pixels), "40M", 1, 4e9, "N",       \
      "refuse larger pictures (width x height)" },                                                 \
    { "max-bytes", 0, CLI_COUNT, offsetof(settings, limits.max_bytes), "25M", 1, 4e9, "N",         \
      "refuse larger files" }
/* clang-format on */

typedef enum input_cut { INPUT_WHOLE, INPUT_BOX, INPUT_CENTRE, INPUT_AUTO } input_cut;

typedef struct input_crop {
    input_cut cut;
    skc_box   box;    /* INPUT_BOX */
    float     margin; /* INPUT_AUTO */
    bool      square; /* INPUT_AUTO */
} input_crop;

/* Decodes a file, or standard input for "-". */
skc_status input_load(const char *path, const input_limits *limits, const skc_runtime *runtime,
                      skc_image **out, skc_error *err);

/* The box that `crop` means in this picture; `name` is put before a message. */
skc_status input_find_box(const skc_image *image, const input_crop *crop, const char *name,
                          skc_box *box, skc_error *err);

/* Replaces *image by its part inside the box. */
skc_status input_cut_image(skc_image **image, skc_box box, const char *name, skc_error *err);

#endif
