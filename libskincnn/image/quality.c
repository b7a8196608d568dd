/* quality.c - whether a picture is good enough to be judged, and if not, why. */
#include "image/quality.h"

#include <math.h>

static const struct {
    const char *name, *text;
} reasons[SKC_QUALITY_COUNT] = {
#define REASON(id, name, text) { name, text },
    SKC_QUALITY_MAP(REASON)
#undef REASON
};

const char *skc_quality_name(skc_quality_reason reason)
{
    return (unsigned)reason < SKC_QUALITY_COUNT ? reasons[reason].name : "unknown";
}

const char *skc_quality_text(skc_quality_reason reason)
{
    return (unsigned)reason < SKC_QUALITY_COUNT ? reasons[reason].text : "";
}

/* ------------------------------------------------------------------ the copy */

static int32_t clamp_side(int32_t side)
{
    return side > SKC_QUALITY_LONGEST ? SKC_QUALITY_LONGEST : side;
}

static void fill_luma(skc_quality_copy *copy)
{
    for (int32_t i = 0; i < copy->width * copy->height; i++) {
        const uint8_t *p = copy->rgb + 3 * i;

        copy->luma[i] = 0.299f * (float)p[0] + 0.587f * (float)p[1] + 0.114f * (float)p[2];
    }
}

static skc_status make_copy(const skc_image *image, const skc_allocator *allocator,
                            skc_arena *arena, skc_quality_copy *copy, skc_error *err)
{
    size_t     pixels, row;
    skc_status status;

    skc__staged_size(image->width, image->height, SKC_QUALITY_SIDE, &copy->width, &copy->height);
    copy->width  = clamp_side(copy->width);
    copy->height = clamp_side(copy->height);
    pixels       = (size_t)copy->width * (size_t)copy->height;
    row          = (size_t)copy->width + 2 * SKC_QUALITY_PADDING;
    status       = skc__arena_create(allocator,
                                     skc__arena_piece(3 * pixels) +
                                         2 * skc__arena_piece(pixels * sizeof(float)) +
                                         skc__arena_piece(row * sizeof(float)),
                                     arena, err);
    if (status != SKC_OK)
        return status;
    copy->rgb    = skc__arena_take(arena, 3 * pixels);
    copy->luma   = skc__arena_take(arena, pixels * sizeof(float));
    copy->smooth = skc__arena_take(arena, pixels * sizeof(float));
    copy->row    = skc__arena_take(arena, row * sizeof(float));
    status       = skc__pixels_resize(&image->kernels,
                                      (skc_pixels){ image->pixels, image->width, image->height },
                                      copy->width, copy->height, allocator, copy->rgb, err);
    if (status == SKC_OK)
        fill_luma(copy);
    else
        skc__arena_free(arena);
    return status;
}

/* ------------------------------------------------------------------ the lesion */

static skc_status find_lesion(const skc_image *image, skc_quality *q, skc_error *err)
{
    double     area = (double)image->width * image->height, across, down;
    skc_error  inner;
    skc_status status = skc_image_find_lesion(image, 0, false, &q->lesion, &inner);

    q->has_lesion = status == SKC_OK;
    if (status == SKC_ENOTFOUND)
        return SKC_OK;
    if (status != SKC_OK)
        return skc__fail(err, status, "%s", inner.message);
    across           = (q->lesion.x + q->lesion.width / 2.0) / image->width * 2 - 1;
    down             = (q->lesion.y + q->lesion.height / 2.0) / image->height * 2 - 1;
    q->lesion_share  = (float)((double)q->lesion.width * q->lesion.height / area);
    q->lesion_offset = (float)sqrt((across * across + down * down) / 2);
    q->lesion_cut    = q->lesion.x == 0 || q->lesion.y == 0 ||
                    q->lesion.x + q->lesion.width == image->width ||
                    q->lesion.y + q->lesion.height == image->height;
    return SKC_OK;
}

/* ------------------------------------------------------------------ the decision */

/* Thresholds: docs/decisions/0013-image-quality.md has the figures behind each. The order decides
 * what a picture with several faults is told: what hides the others comes first. */
static skc_quality_reason decide(const skc_quality *q)
{
    const int32_t shorter = q->width < q->height ? q->width : q->height;

    if (shorter < 64)
        return SKC_QUALITY_SMALL;
    if (q->white < 0.16f)
        return SKC_QUALITY_DARK;
    if (q->noise > 6 / 255.0f)
        return SKC_QUALITY_NOISY;
    if (q->sharpness > 1.3f && q->edges > 0.1f)
        return SKC_QUALITY_TEXT;
    if (q->bright > 0.4f)
        return SKC_QUALITY_BRIGHT;
    if (q->structure < 1.2f / 255)
        return SKC_QUALITY_BLANK;
    if (q->flat > 0.35f && q->edges > 0.01f)
        return SKC_QUALITY_DRAWN;
    if (q->sharpness < 0.16f)
        return SKC_QUALITY_BLURRED;
    if (q->grid < 0.15f)
        return SKC_QUALITY_SMALL;
    return SKC_QUALITY_GOOD;
}

skc_status skc_image_quality(const skc_image *image, const skc_runtime *runtime, skc_quality *out,
                             skc_error *err)
{
    skc_allocator    allocator = skc__allocator(runtime);
    skc_quality      q         = { 0 };
    skc_quality_copy copy;
    skc_arena        arena;
    skc_status       status;

    if (image == NULL || out == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_quality: image or out is NULL");
    status = make_copy(image, &allocator, &arena, &copy, err);
    if (status != SKC_OK)
        return status;
    q.width  = image->width;
    q.height = image->height;
    skc__quality_light(&copy, &q);
    skc__quality_flatness(&copy, &q);
    skc__quality_grid(&copy, &q);
    skc__quality_noise(&copy, &q);
    skc__quality_sharpness(&copy, &q);
    skc__arena_free(&arena);
    q.reason = decide(&q);
    status   = find_lesion(image, &q, err);
    if (status == SKC_OK)
        *out = q;
    return status;
}
