/* overlay.c - a heat map laid over a picture in colours.
 *
 * The colours are viridis, by S. van der Walt and N. Smith for matplotlib (CC0): every 15th of the
 * 256 values of _viridis_data in matplotlib's _cm_listed.py, with straight lines between them,
 * which stay within 5/255 of the others. Greens and blues do not occur in skin. */
#include <math.h>
#include <string.h>

#include "image/image.h"
#include "image/overlay.h"

enum { KNOTS = 18 };

static const uint8_t viridis[KNOTS][3] = {
    { 68, 1, 84 },    { 72, 23, 105 },  { 71, 42, 122 },  { 67, 61, 132 },  { 61, 78, 138 },
    { 53, 94, 141 },  { 46, 109, 142 }, { 41, 123, 142 }, { 35, 137, 142 }, { 31, 151, 139 },
    { 33, 165, 133 }, { 46, 179, 124 }, { 70, 192, 111 }, { 101, 203, 94 }, { 137, 213, 72 },
    { 176, 221, 47 }, { 216, 226, 25 }, { 253, 231, 37 },
};

/* Towards the colour of `heat` by heat x opacity. */
static void tint(float heat, float opacity, uint8_t pixel[3])
{
    float   at     = heat * (KNOTS - 1);
    int32_t knot   = at < KNOTS - 2 ? (int32_t)at : KNOTS - 2;
    float   within = at - (float)knot, share = heat * opacity;

    for (int c = 0; c < 3; c++) {
        float low = viridis[knot][c], high = viridis[knot + 1][c];
        float colour = low + within * (high - low), own = pixel[c];

        pixel[c] = (uint8_t)(own + share * (colour - own) + 0.5f);
    }
}

/* A place on an axis of length 1 lies between the middles of two cells; the share of the second. */
static float neighbours(float at, int32_t cells, size_t *first, size_t *second)
{
    float   cell  = at * (float)cells - 0.5f;
    int32_t below = (int32_t)floorf(cell);

    *first  = (size_t)(below < 0 ? 0 : below);
    *second = (size_t)(below + 1 < cells ? below + 1 : cells - 1);
    return cell - (float)below;
}

float skc__map_at(const float *map, int32_t width, int32_t height, float x, float y)
{
    size_t       left, right, top, bottom;
    float        across = neighbours(x, width, &left, &right);
    float        down   = neighbours(y, height, &top, &bottom);
    const float *above = map + top * (size_t)width, *below = map + bottom * (size_t)width;
    float        upper = above[left] + across * (above[right] - above[left]);
    float        lower = below[left] + across * (below[right] - below[left]);

    return upper + down * (lower - upper);
}

static void tint_row(const skc_heat *heat, int32_t row, float opacity, uint8_t *pixels)
{
    float y = ((float)row + 0.5f) / (float)heat->box.height;

    for (int32_t column = 0; column < heat->box.width; column++) {
        float x = ((float)column + 0.5f) / (float)heat->box.width;

        tint(skc__map_at(heat->values, heat->width, heat->height, x, y), opacity,
             pixels + 3 * (size_t)column);
    }
}

static skc_status check(const skc_image *image, const skc_heat *heat, float opacity, skc_error *err)
{
    const skc_box b = heat->box;

    if (!(opacity >= 0 && opacity <= 1))
        return skc__fail(err, SKC_EINVAL, "opacity %g; 0..1 is allowed", (double)opacity);
    if (heat->values == NULL || heat->width < 1 || heat->height < 1)
        return skc__fail(err, SKC_EINVAL, "heat of %d x %d values; at least 1 x 1 is allowed",
                         heat->width, heat->height);
    if (b.x < 0 || b.y < 0 || b.width < 1 || b.height < 1 || b.x > image->width - b.width ||
        b.y > image->height - b.height)
        return skc__fail(err, SKC_EINVAL, "heat over %d,%d,%d,%d does not lie in %d x %d pixels",
                         b.x, b.y, b.width, b.height, image->width, image->height);
    for (size_t i = 0; i < (size_t)heat->width * (size_t)heat->height; i++)
        if (!(heat->values[i] >= 0 && heat->values[i] <= 1))
            return skc__fail(err, SKC_EINVAL, "heat %zu is %g; 0..1 is allowed", i,
                             (double)heat->values[i]);
    return SKC_OK;
}

skc_status skc_image_overlay(const skc_image *image, const skc_heat *heat, float opacity,
                             skc_image **out, skc_error *err)
{
    skc_image *copy;
    skc_status status = check(image, heat, opacity, err);

    if (status == SKC_OK)
        status = skc_image_crop(image, (skc_box){ 0, 0, image->width, image->height }, &copy, err);
    if (status != SKC_OK)
        return status;
    for (int32_t row = 0; row < heat->box.height; row++) {
        size_t start = (size_t)(heat->box.y + row) * (size_t)image->width + (size_t)heat->box.x;

        tint_row(heat, row, opacity, copy->pixels + 3 * start);
    }
    *out = copy;
    return SKC_OK;
}
