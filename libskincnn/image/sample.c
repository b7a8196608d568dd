/* sample.c - where a network's input comes from in a picture, and fetching it. */
#include "image/image.h"

#include <math.h>
#include <string.h>

/* The part of a picture that a fit looks at, in pixels. */
typedef struct region {
    float x, y, width, height;
} region;

static region fit_region(int32_t width, int32_t height, skc_fit fit)
{
    int32_t side = width < height ? width : height;

    if (fit == SKC_FIT_SQUASH)
        return (region){ 0, 0, (float)width, (float)height };
    /* Whole pixels, as skc_image_centre_square. */
    return (region){ (float)((width - side) / 2), (float)((height - side) / 2), (float)side,
                     (float)side };
}

/* Symmetries of the unit square: bit 0 mirrors left-right, bit 1 top-bottom, and bit 2 exchanges
 * the axes. Rows: source x and y, from the middle, as sums of the input's u and v in -0.5..0.5. */
static void symmetry_axes(int32_t symmetry, float axes[2][2])
{
    float across = symmetry & 1 ? -1.0f : 1.0f;
    float down   = symmetry & 2 ? -1.0f : 1.0f;
    bool  swap   = (symmetry & 4) != 0;

    axes[0][0] = swap ? 0 : across;
    axes[0][1] = swap ? across : 0;
    axes[1][0] = swap ? down : 0;
    axes[1][1] = swap ? 0 : down;
}

/* Input pixel (column, row) -> (u, v) in -0.5..0.5 -> symmetry -> crop, turned about its middle. */
static skc_sampling compose(region crop, const skc_preprocessing *p, int32_t symmetry,
                            float radians)
{
    float        axes[2][2];
    float        c = cosf(radians), s = sinf(radians);
    float        middle[2]  = { crop.x + 0.5f * crop.width, crop.y + 0.5f * crop.height };
    float        turn[2][2] = { { c * crop.width, -s * crop.height },
                                { s * crop.width, c * crop.height } };
    skc_sampling out;

    symmetry_axes(symmetry, axes);
    for (int i = 0; i < 2; i++) {
        float u = turn[i][0] * axes[0][0] + turn[i][1] * axes[1][0];
        float v = turn[i][0] * axes[0][1] + turn[i][1] * axes[1][1];

        out.matrix[i][0] = u / (float)p->width;
        out.matrix[i][1] = v / (float)p->height;
        out.matrix[i][2] = middle[i] - 0.5f * (u + v);
    }
    return out;
}

skc_sampling skc__sampling_plain(int32_t width, int32_t height, const skc_preprocessing *p,
                                 int32_t symmetry)
{
    return compose(fit_region(width, height, p->fit), p, symmetry, 0);
}

/* The start of a random piece of `length` inside [start, start + room), or centred on it. */
static float place(float start, float room, float length, float uniform)
{
    return start + (room - length) * (length < room ? uniform : 0.5f);
}

skc_sampling skc__sampling_random(int32_t width, int32_t height, const skc_preprocessing *p,
                                  const skc_augmentation *augmentation, skc_random *random)
{
    region  fit     = fit_region(width, height, p->fit);
    float   area    = skc__random_between(random, augmentation->scale_min, augmentation->scale_max);
    float   widest  = logf(augmentation->aspect);
    float   aspect  = expf(skc__random_between(random, -widest, widest));
    float   across  = skc__random_uniform(random);
    float   down    = skc__random_uniform(random);
    int32_t flips   = (int32_t)skc__random_below(random, 4);
    float   degrees = skc__random_between(random, -augmentation->rotation, augmentation->rotation);
    region  crop    = { .width  = fit.width * sqrtf(area * aspect),
                        .height = fit.height * sqrtf(area / aspect) };

    crop.x = place(fit.x, fit.width, crop.width, across);
    crop.y = place(fit.y, fit.height, crop.height, down);
    return compose(crop, p, augmentation->flip ? flips : 0, degrees * 0.017453293f);
}

void skc__sample(const skc_kernels *kernels, skc_pixels source, const skc_sampling *sampling,
                 int32_t width, int32_t height, float *out)
{
    skc_sample s = { .pixels = source.data, .width = source.width, .height = source.height };

    memcpy(s.matrix, sampling->matrix, sizeof s.matrix);
    for (int32_t row = 0; row < height; row++)
        kernels->sample(&s, row, width, out + (size_t)row * (size_t)width * 3);
}
