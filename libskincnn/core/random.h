/* random.h - xoshiro256** 1.0 (Blackman and Vigna, ACM TOMS 47(4), 2021), seeded by splitmix64. */
#ifndef SKC_CORE_RANDOM_H
#define SKC_CORE_RANDOM_H

#include <stdint.h>

typedef struct skc_random {
    uint64_t state[4];
} skc_random;

/* A stream of its own for every (seed, a, b): used as (seed, epoch, picture) and the like. */
skc_random skc__random_stream(uint64_t seed, uint64_t a, uint64_t b);
uint64_t   skc__random_next(skc_random *random);
float      skc__random_uniform(skc_random *random);                        /* [0, 1) */
float      skc__random_between(skc_random *random, float low, float high); /* [low, high) */
float      skc__random_normal(skc_random *random);                         /* mean 0, variance 1 */
uint32_t   skc__random_below(skc_random *random, uint32_t n);              /* 0..n-1, n >= 1 */

#endif
