/* noise.h - random numbers and random patterns from arithmetic alone.
 *
 * Only additions, multiplications, divisions, square roots and rounding are used, which IEEE 754
 * fixes to the last bit, so that the same seed draws the same picture on every machine. */
#ifndef SKC_TOOLS_NOISE_H
#define SKC_TOOLS_NOISE_H

#include <stdint.h>

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
typedef struct dice {
    uint64_t state;
} dice;

dice     dice_seeded(uint64_t seed, uint64_t a, uint64_t b); /* a stream for every triple */
uint64_t dice_next(dice *d);
float    dice_between(dice *d, float low, float high);

/* A hash of a cell of the integer grid, and the same as a number in [0, 1). */
uint32_t noise_hash(uint32_t seed, int32_t x, int32_t y);
float    noise_share(uint32_t hash);

/* Smooth noise in -1..1 with one bump a unit; and a sum of octaves of it, also in -1..1. */
float noise_smooth(uint32_t seed, float x, float y);
float noise_fractal(uint32_t seed, float x, float y, int octaves);

/* The pattern of random points, one a unit square: the distances to the nearest two, and the hash
 * of the nearest (Worley, SIGGRAPH 1996). */
typedef struct noise_cell {
    float    nearest, second;
    uint32_t hash;
} noise_cell;

noise_cell noise_cells(uint32_t seed, float x, float y);

/* 0 below `low`, 1 above `high`, smooth between. */
float noise_step(float low, float high, float x);
/* (1 + x/16)^-16, close to exp(-x), for x > -8. */
float noise_decay(float x);
/* Sine of an angle in turns, to within 0.001. */
float noise_sine(float turns);

#endif
