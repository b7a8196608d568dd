/* noise.c - random numbers and random patterns from arithmetic alone. */
#include "noise.h"

#include <math.h>

/* ------------------------------------------------------------------ numbers */

uint64_t dice_next(dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

dice dice_seeded(uint64_t seed, uint64_t a, uint64_t b)
{
    dice d = { seed };

    d.state = dice_next(&d) ^ a;
    d.state = dice_next(&d) ^ b;
    return d;
}

float dice_between(dice *d, float low, float high)
{
    return low + (high - low) * ((float)(dice_next(d) >> 40) * 0x1p-24F);
}

uint32_t noise_hash(uint32_t seed, int32_t x, int32_t y)
{
    uint32_t h = seed ^ ((uint32_t)x * 0x9E3779B1U) ^ ((uint32_t)y * 0x85EBCA77U);

    h = (h ^ (h >> 16)) * 0x7FEB352DU;
    h = (h ^ (h >> 15)) * 0x846CA68BU;
    return h ^ (h >> 16);
}

float noise_share(uint32_t hash)
{
    return (float)(hash >> 8) * 0x1p-24F;
}

/* ------------------------------------------------------------------ curves */

float noise_step(float low, float high, float x)
{
    float t = (x - low) / (high - low);

    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return t * t * (3 - 2 * t);
}

float noise_decay(float x)
{
    float r = 1 + x * 0.0625F;

    r *= r;
    r *= r;
    r *= r;
    r *= r;
    return 1 / r;
}

/* A parabola for each half turn, corrected once (the coefficients of a least-squares fit). */
float noise_sine(float turns)
{
    float t = turns - floorf(turns + 0.5F); /* -0.5..0.5 */
    float s = 8 * t - 16 * t * fabsf(t);

    return s * (0.775F + 0.225F * fabsf(s));
}

/* ------------------------------------------------------------------ patterns */

static float lattice(uint32_t seed, int32_t x, int32_t y)
{
    return noise_share(noise_hash(seed, x, y)) * 2 - 1;
}

float noise_smooth(uint32_t seed, float x, float y)
{
    float   fx = floorf(x), fy = floorf(y);
    int32_t ix = (int32_t)fx, iy = (int32_t)fy;
    float   u = noise_step(0, 1, x - fx), v = noise_step(0, 1, y - fy);
    float   top    = lattice(seed, ix, iy) * (1 - u) + lattice(seed, ix + 1, iy) * u;
    float   bottom = lattice(seed, ix, iy + 1) * (1 - u) + lattice(seed, ix + 1, iy + 1) * u;

    return top * (1 - v) + bottom * v;
}

float noise_fractal(uint32_t seed, float x, float y, int octaves)
{
    float sum = 0, weight = 1, total = 0;

    for (int i = 0; i < octaves; i++) {
        sum += weight * noise_smooth(seed + (uint32_t)i * 101, x, y);
        total += weight;
        weight *= 0.5F;
        /* A turn besides the scale, so that the grids of the octaves do not show. */
        float turned = 1.6F * x - 1.2F * y;
        y            = 1.2F * x + 1.6F * y;
        x            = turned;
    }
    return sum / total;
}

noise_cell noise_cells(uint32_t seed, float x, float y)
{
    int32_t    ix = (int32_t)floorf(x), iy = (int32_t)floorf(y);
    noise_cell cell = { 9, 9, 0 }; /* squared until the end */

    for (int32_t j = iy - 1; j <= iy + 1; j++) {
        for (int32_t i = ix - 1; i <= ix + 1; i++) {
            uint32_t hash     = noise_hash(seed, i, j);
            float    dx       = (float)i + 0.15F + 0.7F * noise_share(hash) - x;
            float    dy       = (float)j + 0.15F + 0.7F * noise_share(hash * 0x9E3779B1U + 1) - y;
            float    distance = dx * dx + dy * dy;

            if (distance < cell.nearest) {
                cell.second  = cell.nearest;
                cell.nearest = distance;
                cell.hash    = hash;
            } else if (distance < cell.second) {
                cell.second = distance;
            }
        }
    }
    cell.nearest = sqrtf(cell.nearest);
    cell.second  = sqrtf(cell.second);
    return cell;
}
