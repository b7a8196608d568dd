/* vnni.c - int8 rows of the kernel table in vectors of 64 bytes: AVX-512 with VNNI. */
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) ||                   \
    !defined(__AVX512VL__) || !defined(__AVX512VNNI__)
#error "compile this file with -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni"
#endif

#include "kernels/int8.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 16, MOST_VECTORS = 4, MOST_ROWS = 12 };
typedef __m512i ints;
typedef __m512  reals;

static inline ints int_zero(void)
{
    return _mm512_setzero_si512();
}

static inline ints int_load(const int8_t *p)
{
    return _mm512_loadu_si512(p);
}

/* The four bytes at p, over and over. */
static inline ints int_splat_four(const uint8_t *p)
{
    int32_t four;

    memcpy(&four, p, sizeof four);
    return _mm512_set1_epi32(four);
}

/* The bytes at p, one to a lane. */
static inline ints int_widen(const uint8_t *p)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/* sum + a b: of four bytes by four to a lane. Around the intrinsic, gcc 12 copies the sums to
 * memory and back. */
static inline ints dot_four(ints sum, ints a, ints b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}

/* The same of one number by one to a lane. */
static inline ints dot_one(ints sum, ints a, ints b)
{
    return dot_four(sum, a, b);
}

static inline reals real_splat(float x)
{
    return _mm512_set1_ps(x);
}

static inline reals real_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline reals int_to_real(ints x)
{
    return _mm512_cvtepi32_ps(x);
}

static inline reals real_plus(reals x, reals y)
{
    return _mm512_add_ps(x, y);
}

static inline reals real_times(reals x, float a)
{
    return _mm512_mul_ps(x, _mm512_set1_ps(a));
}

static inline reals real_scaled(ints sum, reals scale, reals shift)
{
    return _mm512_add_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale), shift);
}

static inline reals real_clamp(reals x, reals low, reals high)
{
    return _mm512_min_ps(_mm512_max_ps(x, low), high);
}

/* The first n <= LANES of them, rounded. */
static inline void put_bytes(uint8_t *p, size_t n, reals x)
{
    _mm512_mask_cvtepi32_storeu_epi8(p, (__mmask16)((1u << n) - 1), _mm512_cvtps_epi32(x));
}

static inline void put_reals(float *p, size_t n, reals x)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
}

static const size_t most_rows[MOST_VECTORS] = { 12, 12, 8, 6 };

/* Formatting this list anew gives another result each time. */
/* clang-format off */
#define EACH_TILE(DO)                                                                              \
    DO(1, 1) DO(2, 1) DO(3, 1) DO(4, 1) DO(5, 1) DO(6, 1)                                          \
    DO(7, 1) DO(8, 1) DO(9, 1) DO(10, 1) DO(11, 1) DO(12, 1)                                       \
    DO(1, 2) DO(2, 2) DO(3, 2) DO(4, 2) DO(5, 2) DO(6, 2)                                          \
    DO(7, 2) DO(8, 2) DO(9, 2) DO(10, 2) DO(11, 2) DO(12, 2)                                       \
    DO(1, 3) DO(2, 3) DO(3, 3) DO(4, 3) DO(5, 3) DO(6, 3)                                          \
    DO(7, 3) DO(8, 3)                                                                              \
    DO(1, 4) DO(2, 4) DO(3, 4) DO(4, 4) DO(5, 4) DO(6, 4)
/* clang-format on */

#include "kernels/simd_int8.h"

void skc__int8_vnni(skc_int8_kernels *kernels)
{
    override_int8(kernels);
}
