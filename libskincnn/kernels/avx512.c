/* avx512.c - rows of the kernel table in vectors of 16 floats (AVX-512 F, BW, DQ and VL). */
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||                   \
    !defined(__AVX512VL__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl"
#endif

#include "kernels/kernels.h"

#include <immintrin.h>

enum { LANES = 16 };
#define REGISTERS 32
typedef __m512  vec;
typedef __m512d vec_double;

/* Ones for the first n lanes, n <= 16. */
static inline __mmask16 first_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}

static inline __m256i load_shorts(const uint16_t *p, size_t n)
{
    return _mm256_maskz_loadu_epi16(first_lanes(n), p);
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
/* To memory past the caches, p aligned; other threads see it after STREAM_END. */
#define STREAM(p, v)        _mm512_stream_ps(p, v)
#define STREAM_END()        _mm_sfence()
/* v where y equals x, else 0. */
#define KEEP_EQUAL(y, x, v) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(y, x, _CMP_EQ_OQ), v)
/* a where x is larger than y, or NaN; else b. */
#define LARGER(x, y, a, b)                                                                         \
    _mm512_mask_blend_ps(                                                                          \
        _mm512_cmp_ps_mask(x, y, _CMP_GT_OQ) | _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), b, a)
/* n <= LANES whole numbers below 2^16, as floats. */
#define LOAD_SHORTS(p, n) _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(load_shorts(p, n)))
#define STORE_SHORTS(p, n, v)                                                                      \
    _mm512_mask_cvtepi32_storeu_epi16(p, first_lanes(n), _mm512_cvtps_epi32(v))
/* LANES / 2 floats as doubles. */
#define LOAD_DOUBLES(p)      _mm512_cvtps_pd(_mm256_loadu_ps(p))
#define STORE_DOUBLES(p, v)  _mm512_storeu_pd(p, v)
#define FMA_DOUBLES(a, b, c) _mm512_fmadd_pd(a, b, c)

#include "kernels/simd_body.h"
#include "kernels/simd_depthwise.h"
#include "kernels/simd_max_pool.h"
#include "kernels/simd_picture.h"
#include "kernels/simd_product.h"
#include "kernels/simd_winograd.h"

void skc__kernels_avx512(skc_kernels *kernels)
{
    override_elements(kernels);
    override_depthwise(kernels);
    override_max_pool(kernels);
    override_picture(kernels);
    override_product(kernels);
    override_winograd(kernels);
}
