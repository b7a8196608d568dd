/* resize.c - scaling with antialiasing, and the size at which pictures are kept for a network. */
#include "image/picture.h"

#include <string.h>

/* A result larger than this many bytes is refused: the caller mistook something. */
enum { MAX_RESIZE_BYTES = 1 << 30 };

/* One axis: pixel i of the result is the sum of weight[i taps + t] x pixel first[i] + t. */
typedef struct axis {
    int32_t  taps, in, out;
    int32_t *first;
    float   *weight;
} axis;

typedef struct scaling {
    axis      across, down;
    float    *row; /* a row of the source's width, and one value more */
    skc_arena arena;
} scaling;

static skc_status check_scaling(int32_t width, int32_t height, int32_t out_width,
                                int32_t out_height, skc_error *err)
{
    if (out_width < 1 || out_height < 1 || out_width > SKC_MAX_SIDE || out_height > SKC_MAX_SIDE)
        return skc__fail(err, SKC_EINVAL, "cannot scale to %d x %d pixels; each side must be 1..%d",
                         out_width, out_height, SKC_MAX_SIDE);
    if ((size_t)out_width * (size_t)out_height * 3 > MAX_RESIZE_BYTES)
        return skc__fail(err, SKC_ELIMIT, "scaling %d x %d pixels to %d x %d needs too much memory",
                         width, height, out_width, out_height);
    return SKC_OK;
}

/* How many pixels one of the result may touch. */
static int32_t taps_for(int32_t in, int32_t out)
{
    int32_t taps = in > out ? (in + out - 1) / out + 1 : in < out ? 2 : 1;

    return taps < in ? taps : in;
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* What pixel i covers, in parts of which a source pixel has `out` and a pixel of the result `in`:
 * all in whole numbers, so that the weights add up. */
static void cover(axis *a, int32_t i)
{
    int64_t start = (int64_t)i * a->in, end = start + a->in;
    int32_t first  = least((int32_t)(start / a->out), a->in - a->taps);
    float  *weight = a->weight + (ptrdiff_t)i * a->taps;

    a->first[i] = first;
    for (int32_t t = 0; t < a->taps; t++) {
        int64_t left = (int64_t)(first + t) * a->out, right = left + a->out;

        left      = left > start ? left : start;
        right     = right < end ? right : end;
        weight[t] = right > left ? (float)((double)(right - left) / a->in) : 0;
    }
}

/* Between which two source pixels the middle of pixel i lies; at the ends there is one. */
static void interpolate(axis *a, int32_t i)
{
    int64_t middle = (2 * (int64_t)i + 1) * a->in - a->out, whole = 2 * (int64_t)a->out;
    int64_t most   = (int64_t)(a->in - 1) * whole;
    float  *weight = a->weight + (ptrdiff_t)i * a->taps;

    middle      = middle < 0 ? 0 : middle > most ? most : middle;
    a->first[i] = least((int32_t)(middle / whole), a->in - a->taps);
    middle -= a->first[i] * whole;
    weight[0] = 1;
    if (a->taps == 2) {
        weight[1] = (float)((double)middle / (double)whole);
        weight[0] = 1 - weight[1];
    }
}

static size_t axis_bytes(const axis *a)
{
    return skc__arena_piece((size_t)a->out * sizeof *a->first) +
           skc__arena_piece((size_t)a->out * (size_t)a->taps * sizeof *a->weight);
}

static void fill_axis(axis *a, skc_arena *arena)
{
    a->first  = skc__arena_take(arena, (size_t)a->out * sizeof *a->first);
    a->weight = skc__arena_take(arena, (size_t)a->out * (size_t)a->taps * sizeof *a->weight);
    for (int32_t i = 0; i < a->out; i++)
        if (a->in > a->out)
            cover(a, i);
        else
            interpolate(a, i);
}

static skc_status plan(skc_pixels source, int32_t width, int32_t height,
                       const skc_allocator *allocator, scaling *out, skc_error *err)
{
    scaling    s   = { .across = { taps_for(source.width, width), source.width, width, NULL, NULL },
                       .down = { taps_for(source.height, height), source.height, height, NULL, NULL } };
    size_t     row = ((size_t)source.width * 3 + 1) * sizeof *s.row;
    skc_status status = skc__arena_create(
        allocator, axis_bytes(&s.across) + axis_bytes(&s.down) + skc__arena_piece(row), &s.arena,
        err);

    if (status != SKC_OK)
        return status;
    fill_axis(&s.across, &s.arena);
    fill_axis(&s.down, &s.arena);
    s.row = skc__arena_take(&s.arena, row);
    *out  = s;
    return SKC_OK;
}

skc_status skc__pixels_resize(const skc_kernels *kernels, skc_pixels source, int32_t width,
                              int32_t height, const skc_allocator *allocator, uint8_t *out,
                              skc_error *err)
{
    size_t     stride = (size_t)source.width * 3;
    scaling    s;
    skc_status status = check_scaling(source.width, source.height, width, height, err);

    if (status != SKC_OK)
        return status;
    if (width == source.width && height == source.height) {
        memcpy(out, source.data, stride * (size_t)height);
        return SKC_OK;
    }
    status = plan(source, width, height, allocator, &s, err);
    if (status != SKC_OK)
        return status;
    for (int32_t y = 0; y < height; y++, out += (size_t)width * 3) {
        kernels->blend_rows(stride, (size_t)s.down.taps, s.down.weight + (ptrdiff_t)y * s.down.taps,
                            source.data + stride * (size_t)s.down.first[y], stride, s.row);
        kernels->blend_pixels((size_t)width, (size_t)s.across.taps, s.across.first, s.across.weight,
                              s.row, out);
    }
    skc__arena_free(&s.arena);
    return SKC_OK;
}

skc_status skc_image_resize(const skc_image *image, int32_t width, int32_t height, skc_image **out,
                            skc_error *err)
{
    skc_image *scaled = NULL;
    skc_status status;

    if (image == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_resize: image or out is NULL");
    status = check_scaling(image->width, image->height, width, height, err);
    if (status == SKC_OK)
        status = skc__image_new(&image->allocator, &image->kernels, width, height, &scaled, err);
    if (status == SKC_OK)
        status = skc__pixels_resize(&image->kernels,
                                    (skc_pixels){ image->pixels, image->width, image->height },
                                    width, height, &image->allocator, scaled->pixels, err);
    if (status == SKC_OK)
        *out = scaled;
    else
        skc_image_free(scaled);
    return status;
}

void skc__staged_size(int32_t width, int32_t height, int32_t side, int32_t *out_width,
                      int32_t *out_height)
{
    int32_t shorter = width < height ? width : height;

    if (shorter > side) {
        width  = (int32_t)(((int64_t)width * side + shorter / 2) / shorter);
        height = (int32_t)(((int64_t)height * side + shorter / 2) / shorter);
    }
    *out_width  = width;
    *out_height = height;
}

int32_t skc__staged_side(const skc_preprocessing *p)
{
    int32_t larger = p->width > p->height ? p->width : p->height;

    return (5 * larger + 3) / 4;
}
