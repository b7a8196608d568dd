/* avx2.c - rows of the kernel table in vectors of 8 floats (AVX2 and FMA). */
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include "kernels/kernels.h"

#include <immintrin.h>

enum { LANES = 8 };
typedef __m256  vec;
typedef __m256d vec_double;

/* All ones in the first n lanes. */
static inline __m256i first_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
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
/* LANES / 2 floats as doubles. */
#define LOAD_DOUBLES(p)      _mm256_cvtps_pd(_mm_loadu_ps(p))
#define STORE_DOUBLES(p, v)  _mm256_storeu_pd(p, v)
#define FMA_DOUBLES(a, b, c) _mm256_fmadd_pd(a, b, c)

#include "kernels/simd_body.h"
#include "kernels/simd_depthwise.h"

void skc__kernels_avx2(skc_kernels *kernels)
{
    override_elements(kernels);
    override_depthwise(kernels);
}
