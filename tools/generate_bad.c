/* generate_bad.c - makes pictures that no model should judge: spoils good ones, chooses the rest.
 */
#include "generate_bad.h"
#include "failure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const bad_kind_names[BAD_KIND_COUNT] = {
#define BAD_KIND_NAME(id, name) name,
    BAD_KIND_MAP(BAD_KIND_NAME)
#undef BAD_KIND_NAME
};

bool bad_kind_spoils(bad_kind kind)
{
    return kind == BAD_NOISE || kind == BAD_BLUR || kind == BAD_TINY || kind == BAD_DARK ||
           kind == BAD_BRIGHT;
}

static bool one_in(dice *d, uint64_t n)
{
    return dice_next(d) % n == 0;
}

static size_t values_of(const skc_image *image)
{
    return (size_t)skc_image_width(image) * (size_t)skc_image_height(image) * 3;
}

static int32_t shorter_side(const skc_image *image)
{
    int32_t width = skc_image_width(image), height = skc_image_height(image);

    return width < height ? width : height;
}

/* ------------------------------------------------------------------ blur */

/* Means over windows of a real length: 2 whole + 1 values and the share `rim` of the next on each
 * side. Three passes come close to a Gauss curve of exactly the wanted variance (extended box
 * filter; Gwosdek et al., SSVM 2011). The border is repeated. */
typedef struct window {
    int32_t whole;
    float   rim;
} window;

static window window_for(float deviation)
{
    float  variance = deviation * deviation / 3;
    window w = { .whole = (int32_t)floorf(0.5F * sqrtf(12 * variance + 1) - 0.5F), .rim = 0 };
    float  r = (float)w.whole;

    w.rim = (2 * r + 1) * (r * (r + 1) - 3 * variance) / (6 * (variance - (r + 1) * (r + 1)));
    return w;
}

static void average(const window *w, const float *in, float *out, int32_t count)
{
    float share = 1 / (2 * ((float)w->whole + w->rim) + 1);

    for (int32_t i = 0; i < count; i++) {
        float sum = 0;

        for (int32_t k = -w->whole - 1; k <= w->whole + 1; k++) {
            int32_t at = i + k < 0 ? 0 : i + k >= count ? count - 1 : i + k;

            sum += in[at] * (abs(k) > w->whole ? w->rim : 1);
        }
        out[i] = sum * share;
    }
}

/* One line of one channel, `step` values from pixel to pixel. */
static void blur_line(const window *w, uint8_t *line, size_t step, int32_t count, float *scratch)
{
    float *a = scratch, *b = scratch + count;

    for (int32_t i = 0; i < count; i++)
        a[i] = (float)line[(size_t)i * step];
    average(w, a, b, count);
    average(w, b, a, count);
    average(w, a, b, count);
    for (int32_t i = 0; i < count; i++)
        line[(size_t)i * step] = (uint8_t)(b[i] + 0.5F);
}

skc_status bad_blur(skc_image *image, float deviation, skc_error *err)
{
    int32_t  width = skc_image_width(image), height = skc_image_height(image);
    size_t   row     = (size_t)width * 3;
    window   w       = window_for(deviation);
    uint8_t *pixels  = skc_image_pixels_mutable(image);
    float   *scratch = malloc(2 * sizeof *scratch * (size_t)(width > height ? width : height));

    if (scratch == NULL)
        return failure_memory(err);
    for (int32_t y = 0; y < height; y++)
        for (size_t c = 0; c < 3; c++)
            blur_line(&w, pixels + (size_t)y * row + c, 3, width, scratch);
    for (size_t x = 0; x < row; x++)
        blur_line(&w, pixels + x, row, height, scratch);
    free(scratch);
    return SKC_OK;
}

/* Out of focus: 3 to 8 % of the shorter side, and for half of them the camera's grain on top. */
static skc_status spoil_focus(skc_image *image, dice *d, skc_error *err)
{
    float      deviation = dice_between(d, 0.03F, 0.08F) * (float)shorter_side(image);
    skc_status status    = bad_blur(image, deviation, err);

    if (status == SKC_OK && one_in(d, 2))
        paint_noise(image, (uint32_t)dice_next(d), dice_between(d, 0.5F, 3), 1, one_in(d, 2));
    return status;
}

/* ------------------------------------------------------------------ noise and light */

static void salt(skc_image *image, dice *d, float share, int32_t grain)
{
    uint32_t seed   = (uint32_t)dice_next(d);
    uint8_t *pixels = skc_image_pixels_mutable(image);
    int32_t  width  = skc_image_width(image);

    for (int32_t y = 0; y < skc_image_height(image); y++)
        for (int32_t x = 0; x < width; x++) {
            uint32_t hash = noise_hash(seed, x / grain, y / grain);

            if (noise_share(hash) < share)
                memset(pixels + 3 * ((size_t)y * (size_t)width + (size_t)x), hash & 1 ? 255 : 0, 3);
        }
}

/* Noise over the picture (normal of 35 to 110 levels; salt and pepper on 8 to 50 % of it) or
 * nothing but noise. Its grain is a pixel, in larger pictures 1/192 of the shorter side: finer one
 * would be gone in what a network sees of them. */
static void spoil_grain(skc_image *image, dice *d)
{
    int32_t  grain = shorter_side(image) < 384 ? 1 : shorter_side(image) / 192;
    uint64_t way   = dice_next(d) % 5;

    if (way < 2) {
        paint_noise(image, (uint32_t)dice_next(d), dice_between(d, 35, 110), grain, one_in(d, 2));
    } else if (way < 4) {
        salt(image, d, dice_between(d, 0.08F, 0.5F), grain);
    } else {
        memset(skc_image_pixels_mutable(image), (int)(dice_next(d) % 128) + 64, values_of(image));
        paint_noise(image, (uint32_t)dice_next(d), dice_between(d, 25, 120), grain, one_in(d, 2));
    }
}

/* Underexposed: multiplied down to 2 to 10 %, with the noise of a sensor at its end. */
static void spoil_dark(skc_image *image, dice *d)
{
    uint8_t *pixels = skc_image_pixels_mutable(image);
    float    light  = dice_between(d, 0.02F, 0.10F);

    for (size_t i = 0; i < values_of(image); i++)
        pixels[i] = (uint8_t)((float)pixels[i] * light + 0.5F);
    paint_noise(image, (uint32_t)dice_next(d), dice_between(d, 0, 3), 1, true);
}

/* Overexposed: so much light that most of the skin is white. */
static void spoil_bright(skc_image *image, dice *d)
{
    uint8_t *pixels = skc_image_pixels_mutable(image);
    float    light = dice_between(d, 2.5F, 6), flare = dice_between(d, 0, 60);

    for (size_t i = 0; i < values_of(image); i++)
        pixels[i] = (uint8_t)fminf(255, (float)pixels[i] * light + flare);
}

/* ------------------------------------------------------------------ tiny */

/* Every pixel becomes a block. */
static skc_status enlarge_blocks(const skc_image *small, int32_t factor, const skc_runtime *runtime,
                                 skc_image **out, skc_error *err)
{
    int32_t        width  = skc_image_width(small);
    const uint8_t *pixels = skc_image_pixels(small);
    skc_status     status =
        skc_image_create(width * factor, skc_image_height(small) * factor, NULL, runtime, out, err);

    for (int32_t i = 0; status == SKC_OK && i < width * skc_image_height(small); i++) {
        paint_colour c;
        float        x = (float)(i % width * factor), y = (float)(i / width * factor);

        memcpy(c.rgb, pixels + (size_t)i * 3, 3);
        paint_box(*out, x, y, x + (float)factor, y + (float)factor, c);
    }
    return status;
}

/* 8 to 47 pixels a side; or 6 to 14, enlarged to about `size`, smoothly or in blocks. */
static skc_status make_tiny(const skc_image *source, int32_t size, dice *d,
                            const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    uint64_t   way    = dice_next(d) % 3;
    float      side   = way == 0 ? dice_between(d, 8, 48) : dice_between(d, 6, 15);
    float      scale  = side / (float)shorter_side(source);
    int32_t    factor = size / (int32_t)side > 1 ? size / (int32_t)side : 1;
    skc_image *small;
    skc_status status;

    status =
        skc_image_resize(source, (int32_t)fmaxf(1, (float)skc_image_width(source) * scale),
                         (int32_t)fmaxf(1, (float)skc_image_height(source) * scale), &small, err);
    if (status != SKC_OK || way == 0) {
        if (status == SKC_OK)
            *out = small;
        return status;
    }
    status = way == 1 ? enlarge_blocks(small, factor, runtime, out, err)
                      : skc_image_resize(small, skc_image_width(small) * factor,
                                         skc_image_height(small) * factor, out, err);
    skc_image_free(small);
    return status;
}

/* ------------------------------------------------------------------ all */

static skc_status spoil(const bad_request *request, const skc_image *source, dice *d,
                        const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    skc_image *image;
    skc_status status;

    if (request->kind == BAD_TINY)
        return make_tiny(source, request->size, d, runtime, out, err);
    status = skc_image_create(skc_image_width(source), skc_image_height(source),
                              skc_image_pixels(source), runtime, &image, err);
    if (status != SKC_OK)
        return status;
    if (request->kind == BAD_NOISE)
        spoil_grain(image, d);
    else if (request->kind == BAD_DARK)
        spoil_dark(image, d);
    else if (request->kind == BAD_BRIGHT)
        spoil_bright(image, d);
    else
        status = spoil_focus(image, d, err);
    if (status == SKC_OK)
        *out = image;
    else
        skc_image_free(image);
    return status;
}

/* What is made up is drawn at twice its size half of the time, so that edges are both smooth and
 * hard, and is upright, square or lying. */
static skc_status make_up(const bad_request *request, dice *d, const skc_runtime *runtime,
                          skc_image **out, skc_error *err)
{
    static void (*const painters[])(skc_image * image, dice * d) = {
        [BAD_BLANK] = bad_blank, [BAD_TEXT] = bad_text, [BAD_DRAWN] = bad_drawn
    };
    int32_t  factor = one_in(d, 2) ? 2 : 1, longer = request->size * 4 / 3;
    uint64_t form = dice_next(d) % 3;
    int32_t width = form == 1 ? longer : request->size, height = form == 2 ? longer : request->size;
    skc_image *large;
    skc_status status =
        skc_image_create(width * factor, height * factor, NULL, runtime, &large, err);

    if (status != SKC_OK)
        return status;
    painters[request->kind](large, d);
    if (factor == 1) {
        *out = large;
        return SKC_OK;
    }
    status = skc_image_resize(large, width, height, out, err);
    skc_image_free(large);
    return status;
}

skc_status bad_picture(const bad_request *request, const skc_image *source,
                       const skc_runtime *runtime, skc_image **out, skc_error *err)
{
    dice d = dice_seeded(request->seed, (uint64_t)request->kind + 100, (uint64_t)request->number);

    if (request->kind <= BAD_NONE || request->kind >= BAD_KIND_COUNT || request->size < 16 ||
        request->size > 1024)
        return failure(err, SKC_EINVAL, "kind %d, size %d: allowed are 1..%d and 16..1024",
                       (int)request->kind, (int)request->size, BAD_KIND_COUNT - 1);
    if (!bad_kind_spoils(request->kind))
        return make_up(request, &d, runtime, out, err);
    if (source == NULL)
        return failure(err, SKC_EINVAL, "kind %s needs a picture to spoil",
                       bad_kind_names[request->kind]);
    return spoil(request, source, &d, runtime, out, err);
}
