/* avx512.c - rows of the kernel table in vectors of 16 floats (AVX-512 F, BW, DQ and VL). */
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||                   \
    !defined(__AVX512VL__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include "kernels/kernels.h"

#include <immintrin.h>

enum { LANES = 16 };
typedef __m512  vec;
typedef __m512d vec_double;

/* Ones for the first n lanes, n < 16. */
static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

#define LOAD(p)             _mm512_loadu_ps(p)
#define STORE(p, v)         _mm512_storeu_ps(p, v)
#define LOAD_PART(p, n)     _mm512_maskz_loadu_ps(first_lanes(n), p)
#define STORE_PART(p, n, v) _mm512_mask_storeu_ps(p, first_lanes(n), v)
#define SPLAT(x)            _mm512_set1_ps(x)
#define FMA(a, b, c)        _mm512_fmadd_ps(a, b, c)
#define SQRT(v)             _mm512_sqrt_ps(v)
/* Where a comparison is false, for NaN too, these give the second argument. */
#define MAX(a, b)           _mm512_max_ps(a, b)
#define MIN(a, b)           _mm512_min_ps(a, b)
/* v where low < y < high, else 0. */
#define KEEP_BETWEEN(low, y, high, v)                                                              \
    _mm512_maskz_mov_ps(                                                                           \
        _mm512_mask_cmp_ps_mask(_mm512_cmp_ps_mask(low, y, _CMP_LT_OQ), y, high, _CMP_LT_OQ), v)
/* LANES / 2 floats as doubles. */
#define LOAD_DOUBLES(p)      _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define STORE_DOUBLES(p, v)  _mm512_storeu_pd(p, v)
#define FMA_DOUBLES(a, b, c) _mm512_fmadd_pd(a, b, c)

#include "kernels/simd_body.h"
#include "kernels/simd_depthwise.h"

void skc__kernels_avx512(skc_kernels *kernels)
{
    override_elements(kernels);
    override_depthwise(kernels);
}
