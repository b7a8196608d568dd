/* paint.c - plain drawing into a picture: boxes, discs, lines, gradients and letters. */
#include "paint.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------ colours */

static uint8_t to_level(float value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5F);
}

paint_colour paint_mix(paint_colour a, paint_colour b, float share_of_b)
{
    paint_colour c;

    for (int i = 0; i < 3; i++)
        c.rgb[i] = to_level((float)a.rgb[i] + share_of_b * ((float)b.rgb[i] - (float)a.rgb[i]));
    return c;
}

paint_colour paint_any(dice *d)
{
    uint64_t bits = dice_next(d);

    return (paint_colour){ { (uint8_t)bits, (uint8_t)(bits >> 8), (uint8_t)(bits >> 16) } };
}

paint_colour paint_between(dice *d, uint8_t low, uint8_t high)
{
    uint8_t level = to_level(dice_between(d, (float)low, (float)high));

    return (paint_colour){ { level, level, level } };
}

/* ------------------------------------------------------------------ shapes */

static uint8_t *pixel_at(skc_image *image, int32_t x, int32_t y)
{
    return skc_image_pixels_mutable(image) +
           3 * ((size_t)y * (size_t)skc_image_width(image) + (size_t)x);
}

static int32_t inside(float value, int32_t limit)
{
    return value <= 0 ? 0 : value >= (float)limit ? limit : (int32_t)(value + 0.5F);
}

void paint_box(skc_image *image, float left, float top, float right, float bottom, paint_colour c)
{
    int32_t x1 = inside(right, skc_image_width(image)),
            y1 = inside(bottom, skc_image_height(image));

    for (int32_t y = inside(top, y1); y < y1; y++)
        for (int32_t x = inside(left, x1); x < x1; x++)
            memcpy(pixel_at(image, x, y), c.rgb, 3);
}

void paint_disc(skc_image *image, float x, float y, float across, float down, paint_colour c)
{
    int32_t right  = inside(x + across + 1, skc_image_width(image));
    int32_t bottom = inside(y + down + 1, skc_image_height(image));

    for (int32_t j = inside(y - down - 1, bottom); j < bottom; j++)
        for (int32_t i = inside(x - across - 1, right); i < right; i++) {
            float dx = ((float)i + 0.5F - x) / across, dy = ((float)j + 0.5F - y) / down;

            if (dx * dx + dy * dy <= 1)
                memcpy(pixel_at(image, i, j), c.rgb, 3);
        }
}

void paint_line(skc_image *image, float x0, float y0, float x1, float y1, float width,
                paint_colour c)
{
    float   half = width * 0.5F, dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy + 1e-6F;
    int32_t right  = inside(fmaxf(x0, x1) + half + 1, skc_image_width(image));
    int32_t bottom = inside(fmaxf(y0, y1) + half + 1, skc_image_height(image));

    for (int32_t j = inside(fminf(y0, y1) - half - 1, bottom); j < bottom; j++)
        for (int32_t i = inside(fminf(x0, x1) - half - 1, right); i < right; i++) {
            float px = (float)i + 0.5F - x0, py = (float)j + 0.5F - y0;
            float along = fminf(1, fmaxf(0, (px * dx + py * dy) / length));

            px -= along * dx;
            py -= along * dy;
            if (px * px + py * py <= half * half)
                memcpy(pixel_at(image, i, j), c.rgb, 3);
        }
}

void paint_gradient(skc_image *image, paint_shade shade, float turns, paint_colour from,
                    paint_colour to)
{
    int32_t width = skc_image_width(image), height = skc_image_height(image);
    float   cosine = noise_sine(turns + 0.25F), sine = noise_sine(turns);

    for (int32_t j = 0; j < height; j++)
        for (int32_t i = 0; i < width; i++) {
            float        x = 2 * ((float)i + 0.5F) / (float)width - 1;
            float        y = 2 * ((float)j + 0.5F) / (float)height - 1;
            float        t = 0.5F + 0.35F * (x * cosine + y * sine);
            paint_colour c;

            if (shade == PAINT_RADIAL) {
                x -= 0.6F * cosine;
                y -= 0.6F * sine;
                t = 0.5F * sqrtf(x * x + y * y);
            }
            c = paint_mix(from, to, fminf(1, fmaxf(0, t)));
            memcpy(pixel_at(image, i, j), c.rgb, 3);
        }
}

/* ------------------------------------------------------------------ letters */

/* A to Z and 0 to 9, a row of dots in five bits, the left one the highest. */
static const uint8_t glyphs[PAINT_GLYPHS][PAINT_GLYPH_HEIGHT] = {
    { 14, 17, 17, 31, 17, 17, 17 }, { 30, 17, 17, 30, 17, 17, 30 }, { 14, 17, 16, 16, 16, 17, 14 },
    { 30, 17, 17, 17, 17, 17, 30 }, { 31, 16, 16, 30, 16, 16, 31 }, { 31, 16, 16, 30, 16, 16, 16 },
    { 14, 17, 16, 23, 17, 17, 15 }, { 17, 17, 17, 31, 17, 17, 17 }, { 14, 4, 4, 4, 4, 4, 14 },
    { 7, 2, 2, 2, 2, 18, 12 },      { 17, 18, 20, 24, 20, 18, 17 }, { 16, 16, 16, 16, 16, 16, 31 },
    { 17, 27, 21, 21, 17, 17, 17 }, { 17, 17, 25, 21, 19, 17, 17 }, { 14, 17, 17, 17, 17, 17, 14 },
    { 30, 17, 17, 30, 16, 16, 16 }, { 14, 17, 17, 17, 21, 18, 13 }, { 30, 17, 17, 30, 20, 18, 17 },
    { 15, 16, 16, 14, 1, 1, 30 },   { 31, 4, 4, 4, 4, 4, 4 },       { 17, 17, 17, 17, 17, 17, 14 },
    { 17, 17, 17, 17, 17, 10, 4 },  { 17, 17, 17, 21, 21, 21, 10 }, { 17, 17, 10, 4, 10, 17, 17 },
    { 17, 17, 10, 4, 4, 4, 4 },     { 31, 1, 2, 4, 8, 16, 31 },     { 14, 17, 19, 21, 25, 17, 14 },
    { 4, 12, 4, 4, 4, 4, 14 },      { 14, 17, 1, 2, 4, 8, 31 },     { 31, 2, 4, 2, 1, 17, 14 },
    { 2, 6, 10, 18, 31, 2, 2 },     { 31, 16, 30, 1, 1, 17, 14 },   { 6, 8, 16, 30, 17, 17, 14 },
    { 31, 1, 2, 4, 8, 8, 8 },       { 14, 17, 17, 14, 17, 17, 14 }, { 14, 17, 17, 15, 1, 2, 12 },
};

void paint_glyph(skc_image *image, int32_t glyph, float left, float top, float dot, paint_colour c)
{
    for (int32_t row = 0; row < PAINT_GLYPH_HEIGHT; row++)
        for (int32_t column = 0; column < PAINT_GLYPH_WIDTH; column++) {
            float x = left + dot * (float)column, y = top + dot * (float)row;

            if (glyphs[glyph][row] >> (PAINT_GLYPH_WIDTH - 1 - column) & 1)
                paint_box(image, x, y, x + dot, y + dot, c);
        }
}

/* ------------------------------------------------------------------ noise */

/* The sum of four uniform numbers, close to a normal one; variance 1. */
static float bell(uint32_t hash)
{
    float sum = 0;

    for (uint32_t i = 0; i < 4; i++)
        sum += (float)(hash >> (8 * i) & 255);
    return (sum / 255 - 2) * 1.7320508F;
}

void paint_noise(skc_image *image, uint32_t seed, float deviation, int32_t grain, bool coloured)
{
    for (int32_t y = 0; y < skc_image_height(image); y++)
        for (int32_t x = 0; x < skc_image_width(image); x++) {
            uint8_t *p = pixel_at(image, x, y);

            for (uint32_t i = 0; i < 3; i++)
                p[i] = to_level((float)p[i] + deviation * bell(noise_hash(seed + coloured * i,
                                                                          x / grain, y / grain)));
        }
}
