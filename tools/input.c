/* input.c - one picture from a path or standard input, cut as the user asked. */
#include "input.h"
#include "failure.h"
#include "files.h"

#include <stdlib.h>
#include <string.h>

skc_status input_load(const char *path, const input_limits *limits, const skc_runtime *runtime,
                      skc_image **out, skc_error *err)
{
    skc_image_limits most;
    skc_status       status;
    char            *bytes = NULL;
    size_t           size  = 0;

    skc_image_limits_init(&most);
    most.max_pixels = limits->max_pixels;
    most.max_bytes  = limits->max_bytes;
    if (strcmp(path, "-") != 0)
        return skc_image_load(path, &most, runtime, out, err);
    status = file_read(path, most.max_bytes, &bytes, &size, err);
    if (status == SKC_OK)
        status = skc_image_decode(bytes, size, "standard input", &most, runtime, out, err);
    free(bytes);
    return status;
}

/* Messages about boxes come without the picture's name. */
static skc_status fail_in(skc_error *err, const char *name, const skc_error *inner)
{
    return failure(err, inner->status, "%s: %s", name, inner->message);
}

skc_status input_find_box(const skc_image *image, const input_crop *crop, const char *name,
                          skc_box *box, skc_error *err)
{
    skc_error inner;

    switch (crop->cut) {
    case INPUT_WHOLE:
        *box = (skc_box){ 0, 0, skc_image_width(image), skc_image_height(image) };
        return SKC_OK;
    case INPUT_BOX:
        *box = crop->box;
        return SKC_OK;
    case INPUT_CENTRE:
        *box = skc_image_centre_square(image);
        return SKC_OK;
    case INPUT_AUTO:
        break;
    }
    if (skc_image_find_lesion(image, crop->margin, crop->square, box, &inner) != SKC_OK)
        return fail_in(err, name, &inner);
    return SKC_OK;
}

skc_status input_cut_image(skc_image **image, skc_box box, const char *name, skc_error *err)
{
    skc_image *part;
    skc_error  inner;

    if (skc_image_crop(*image, box, &part, &inner) != SKC_OK)
        return fail_in(err, name, &inner);
    skc_image_free(*image);
    *image = part;
    return SKC_OK;
}
