/* augment.c - random changes of colour, and cut-out. */
#include "image/image.h"

#include <math.h>

/* Luma weights and the two halves of the hue turn: Filter Effects Module Level 1, section 9.8,
 * feColorMatrix "hueRotate" (W3C 2018). */
static const float luma[3]        = { 0.213f, 0.715f, 0.072f };
static const float hue_sine[3][3] = { { -0.213f, -0.715f, 0.928f },
                                      { 0.143f, 0.140f, -0.283f },
                                      { -0.787f, 0.715f, 0.072f } };

static float mean_luma(const skc_kernels *kernels, size_t count, const float *pixels)
{
    int64_t sum[3];
    double  total = 0;

    kernels->sum_colours(count, pixels, sum);
    for (int c = 0; c < 3; c++)
        total += (double)luma[c] * (double)sum[c];
    return (float)(total / 256 / (double)count);
}

/* Brightness and contrast scale everything, saturation scales and hue turns what is left of a
 * colour when its luma is taken away. Contrast turns about the mean luma, which keeps grey grey, so
 * that all four are one matrix and one offset. */
static skc_colour_mix draw_mix(const skc_augmentation *a, skc_random *random, float mean)
{
    float          brightness = 1 + skc__random_between(random, -a->brightness, a->brightness);
    float          contrast   = 1 + skc__random_between(random, -a->contrast, a->contrast);
    float          saturation = 1 + skc__random_between(random, -a->saturation, a->saturation);
    float          hue        = 6.2831853f * skc__random_between(random, -a->hue, a->hue);
    float          cosine = saturation * cosf(hue), sine = saturation * sinf(hue);
    skc_colour_mix mix;

    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            float chroma = (i == j ? 1.0f : 0.0f) - luma[j];
            mix.matrix[i][j] =
                brightness * contrast * (luma[j] + cosine * chroma + sine * hue_sine[i][j]);
        }
    mix.offset = (1 - contrast) * brightness * mean;
    return mix;
}

/* A grey square that lies in the picture (DeVries and Taylor, arXiv:1708.04552). */
static void cut_out(float share, skc_random *random, int32_t height, int32_t width, float *pixels)
{
    int32_t side = (int32_t)lrintf(share * (float)(width < height ? width : height));
    int32_t x    = (int32_t)skc__random_below(random, (uint32_t)(width - side + 1));
    int32_t y    = (int32_t)skc__random_below(random, (uint32_t)(height - side + 1));

    for (int32_t row = y; row < y + side; row++)
        for (int32_t i = 3 * x; i < 3 * (x + side); i++)
            pixels[(size_t)row * (size_t)width * 3 + (size_t)i] = 128;
}

static bool changes_colour(const skc_augmentation *a)
{
    return a->brightness > 0 || a->contrast > 0 || a->saturation > 0 || a->hue > 0;
}

void skc__augment_colour(const skc_kernels *kernels, const skc_augmentation *augmentation,
                         skc_random *random, int32_t height, int32_t width, float *pixels)
{
    size_t         count = (size_t)height * (size_t)width;
    float          mean  = augmentation->contrast > 0 ? mean_luma(kernels, count, pixels) : 0;
    skc_colour_mix mix   = draw_mix(augmentation, random, mean);

    if (changes_colour(augmentation))
        kernels->mix_colours(count, &mix, pixels);
    if (augmentation->cutout > 0)
        cut_out(augmentation->cutout, random, height, width, pixels);
}
