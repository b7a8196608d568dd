/* avx2.c - rows of the kernel table in vectors of 8 floats (AVX2 and FMA). */
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include "kernels/kernels.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 8 };
#define REGISTERS 16
typedef __m256  vec;
typedef __m256d vec_double;

/* All ones in the first n lanes. */
static inline __m256i first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __m256 load_shorts(const uint16_t *p, size_t n)
{
    uint16_t part[8] = { 0 };

    memcpy(part, p, n * sizeof *p);
    return _mm256_cvtepi32_ps(
        _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)part)));
}

static inline void store_shorts(uint16_t *p, size_t n, __m256 v)
{
    const __m256i whole = _mm256_cvtps_epi32(v);
    uint16_t      part[8];

    _mm_storeu_si128((__m128i *)(void *)part, _mm_packus_epi32(_mm256_castsi256_si128(whole),
                                                               _mm256_extracti128_si256(whole, 1)));
    memcpy(p, part, n * sizeof *p);
}

#define LOAD(p)             _mm256_loadu_ps(p)
#define STORE(p, v)         _mm256_storeu_ps(p, v)
#define LOAD_PART(p, n)     _mm256_maskload_ps(p, first_lanes(n))
#define STORE_PART(p, n, v) _mm256_maskstore_ps(p, first_lanes(n), v)
#define SPLAT(x)            _mm256_set1_ps(x)
#define FMA(a, b, c)        _mm256_fmadd_ps(a, b, c)
#define SQRT(v)             _mm256_sqrt_ps(v)
/* Where a comparison is false, for NaN too, these give the second argument. */
#define MAX(a, b)           _mm256_max_ps(a, b)
#define MIN(a, b)           _mm256_min_ps(a, b)
/* v where low < y < high, else 0. */
#define KEEP_BETWEEN(low, y, high, v)                                                              \
    _mm256_and_ps(                                                                                 \
        _mm256_and_ps(_mm256_cmp_ps(low, y, _CMP_LT_OQ), _mm256_cmp_ps(y, high, _CMP_LT_OQ)), v)
/* To memory past the caches. Half a cache line at a time this would be slower. */
#define STREAM(p, v)        STORE(p, v)
#define STREAM_END()        ((void)0)
/* v where y equals x, else 0. */
#define KEEP_EQUAL(y, x, v) _mm256_and_ps(_mm256_cmp_ps(y, x, _CMP_EQ_OQ), v)
/* a where x is larger than y, or NaN; else b. */
#define LARGER(x, y, a, b)                                                                         \
    _mm256_blendv_ps(                                                                              \
        b, a, _mm256_or_ps(_mm256_cmp_ps(x, y, _CMP_GT_OQ), _mm256_cmp_ps(x, x, _CMP_UNORD_Q)))
/* n <= LANES whole numbers below 2^16, as floats. */
#define LOAD_SHORTS(p, n)     load_shorts(p, n)
#define STORE_SHORTS(p, n, v) store_shorts(p, n, v)
/* LANES / 2 floats as doubles. */
#define LOAD_DOUBLES(p)       _mm256_cvtps_pd(_mm_loadu_ps(p))
#define STORE_DOUBLES(p, v)   _mm256_storeu_pd(p, v)
#define FMA_DOUBLES(a, b, c)  _mm256_fmadd_pd(a, b, c)

#include "kernels/simd_body.h"
#include "kernels/simd_depthwise.h"
#include "kernels/simd_max_pool.h"
#include "kernels/simd_picture.h"
#include "kernels/simd_product.h"
#include "kernels/simd_winograd.h"

void skc__kernels_avx2(skc_kernels *kernels)
{
    override_elements(kernels);
    override_depthwise(kernels);
    override_max_pool(kernels);
    override_picture(kernels);
    override_product(kernels);
    override_winograd(kernels);
}
