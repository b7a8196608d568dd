/* random.c - xoshiro256** 1.0 (Blackman and Vigna, ACM TOMS 47(4), 2021), seeded by splitmix64. */
#include "core/random.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

skc_random skc__random_stream(uint64_t seed, uint64_t a, uint64_t b)
{
    skc_random random;
    uint64_t   mix = seed;

    mix = splitmix64(&mix) ^ a;
    mix = splitmix64(&mix) ^ b;
    for (int i = 0; i < 4; i++)
        random.state[i] = splitmix64(&mix);
    return random;
}

uint64_t skc__random_next(skc_random *random)
{
    uint64_t *s      = random->state;
    uint64_t  result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t  t      = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

float skc__random_uniform(skc_random *random)
{
    return (float)(skc__random_next(random) >> 40) * 0x1p-24f;
}

float skc__random_between(skc_random *random, float low, float high)
{
    return low + (high - low) * skc__random_uniform(random);
}

/* Box and Muller (Ann. Math. Stat. 29, 1958); the second value is dropped so that a stream has no
 * state but its four words. */
float skc__random_normal(skc_random *random)
{
    double u = (double)((skc__random_next(random) >> 11) + 1) * 0x1p-53;
    double v = (double)(skc__random_next(random) >> 11) * 0x1p-53;

    return (float)(sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v));
}

/* Lemire's multiply-shift without the rejection step: the bias is below n / 2^32. */
uint32_t skc__random_below(skc_random *random, uint32_t n)
{
    return (uint32_t)(((skc__random_next(random) >> 32) * n) >> 32);
}
