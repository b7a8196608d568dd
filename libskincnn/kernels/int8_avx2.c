/* int8_avx2.c - int8 rows of the kernel table in vectors of 32 bytes: AVX2.
 *
 * vpmaddubsw would saturate its sums of two products; vpmaddwd on bytes widened to 16 bits is
 * exact. */
#if !defined(__AVX2__)
#error "compile this file with -mavx2"
#endif

#include "kernels/int8.h"

#include <immintrin.h>
#include <string.h>

enum { LANES = 8, MOST_VECTORS = 2, MOST_ROWS = 4 };
typedef __m256i ints;
typedef __m256  reals;

static inline ints int_zero(void)
{
    return _mm256_setzero_si256();
}

static inline ints int_load(const int8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* The four bytes at p, over and over. */
static inline ints int_splat_four(const uint8_t *p)
{
    int32_t four;

    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}

/* The bytes at p, one to a lane. */
static inline ints int_widen(const uint8_t *p)
{
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)p));
}

/* sum + a b: of four bytes by four to a lane (the even ones, then the odd ones), and of one number
 * by one. */
static inline ints dot_four(ints sum, ints a, ints b)
{
    const ints even = _mm256_madd_epi16(_mm256_and_si256(a, _mm256_set1_epi16(0xff)),
                                        _mm256_srai_epi16(_mm256_slli_epi16(b, 8), 8));
    const ints odd  = _mm256_madd_epi16(_mm256_srli_epi16(a, 8), _mm256_srai_epi16(b, 8));

    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

static inline ints dot_one(ints sum, ints a, ints b)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
}

static inline reals real_splat(float x)
{
    return _mm256_set1_ps(x);
}

static inline reals real_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline reals int_to_real(ints x)
{
    return _mm256_cvtepi32_ps(x);
}

static inline reals real_plus(reals x, reals y)
{
    return _mm256_add_ps(x, y);
}

static inline reals real_times(reals x, float a)
{
    return _mm256_mul_ps(x, _mm256_set1_ps(a));
}

static inline reals real_scaled(ints sum, reals scale, reals shift)
{
    return _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(sum), scale), shift);
}

static inline reals real_clamp(reals x, reals low, reals high)
{
    return _mm256_min_ps(_mm256_max_ps(x, low), high);
}

/* The first n <= LANES of them, rounded. */
static inline void put_bytes(uint8_t *p, size_t n, reals x)
{
    const ints    whole = _mm256_cvtps_epi32(x);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
    uint8_t bytes[16];

    _mm_storeu_si128((__m128i *)(void *)bytes, _mm_packus_epi16(words, words));
    memcpy(p, bytes, n == LANES ? LANES : n);
}

static inline void put_reals(float *p, size_t n, reals x)
{
    float all[LANES];

    if (n == LANES) {
        _mm256_storeu_ps(p, x);
        return;
    }
    _mm256_storeu_ps(all, x);
    memcpy(p, all, n * sizeof *p);
}

static const size_t most_rows[MOST_VECTORS] = { 4, 4 };

#define EACH_TILE(DO) DO(1, 1) DO(2, 1) DO(3, 1) DO(4, 1) DO(1, 2) DO(2, 2) DO(3, 2) DO(4, 2)

#include "kernels/simd_int8.h"

void skc__int8_avx2(skc_int8_kernels *kernels)
{
    override_int8(kernels);
}
