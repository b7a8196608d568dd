/* simd_picture.h - the rows for pictures: sampling, colours, scaling.
 *
 * avx2.c and avx512.c include this behind simd_body.h. All rows are exact: they multiply and add
 * what the scalar set does, in its order, and fuse nothing. Three values a pixel do not fill
 * vectors evenly: where pixels are picked one by one, each has a 128-bit lane of its own, whose
 * fourth value is idle.
 */
#ifndef SKC_KERNELS_SIMD_PICTURE_H
#define SKC_KERNELS_SIMD_PICTURE_H

#include <string.h>

#include "kernels/picture.h"

enum { ALL_LANES = (1 << LANES) - 1 };
enum { GROUP = LANES / 4 }; /* pixels of a vector, one in each 128-bit lane */

typedef int32_t ints __attribute__((vector_size(4 * LANES)));

#if defined(__AVX512F__)
typedef __m512i whole;
#define FLOOR(v)            _mm512_roundscale_ps(v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)
#define CUT(v)              _mm512_cvttps_epi32(v)
#define TO_FLOATS(v)        _mm512_cvtepi32_ps(v)
#define LOAD_INTS(p)        _mm512_loadu_si512(p)
#define STORE_INTS(p, v)    _mm512_storeu_si512(p, v)
#define LOAD_BYTES(p)       _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(p)))
#define PICK(v, from)       _mm512_permutexvar_ps(from, v)
#define PICK_BYTES(v, from) _mm512_shuffle_epi8(v, from)
#define IN_LANES(v, from)   PICK_BYTES(v, _mm512_broadcast_i32x4(from))
#define SIGNS(v)            (uint32_t) _mm512_movepi32_mask((whole)(v))
#define JOIN(s)                                                                                    \
    _mm512_inserti64x4(_mm512_castsi256_si512(                                                     \
                           _mm256_inserti128_si256(_mm256_castsi128_si256((s)[0]), (s)[1], 1)),    \
                       _mm256_inserti128_si256(_mm256_castsi128_si256((s)[2]), (s)[3], 1), 1)
#else
typedef __m256i whole;
#define SIGNS(v)            (uint32_t) _mm256_movemask_ps((vec)(v))
#define JOIN(s)             _mm256_inserti128_si256(_mm256_castsi128_si256((s)[0]), (s)[1], 1)
#define FLOOR(v)            _mm256_floor_ps(v)
#define CUT(v)              _mm256_cvttps_epi32(v)
#define TO_FLOATS(v)        _mm256_cvtepi32_ps(v)
#define LOAD_INTS(p)        _mm256_loadu_si256((const __m256i *)(const void *)(p))
#define STORE_INTS(p, v)    _mm256_storeu_si256((__m256i *)(void *)(p), v)
#define LOAD_BYTES(p)       _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)(p)))
#define PICK(v, from)       _mm256_permutevar8x32_ps(v, from)
#define PICK_BYTES(v, from) _mm256_shuffle_epi8(v, from)
#define IN_LANES(v, from)   PICK_BYTES(v, _mm256_broadcastsi128_si256(from))
#endif

/* ------------------------------------------------------------------ sampling */

/* Where the pixels of a vector come from. */
typedef struct places {
    vec      fx, fy; /* past the pixel at (x, y) */
    int32_t  x[LANES], y[LANES];
    int32_t  offset[LANES]; /* of pixel (x, y), in bytes */
    uint32_t inside;        /* bit i: pixel i is not too near the border for inner_square */
} places;

static const int32_t count_up[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

ALWAYS_INLINE void find_places(const skc_sample *s, float row, int32_t from, places *out)
{
    const float(*m)[3] = s->matrix;
    const vec  u       = TO_FLOATS((whole)((ints)LOAD_INTS(count_up) + from)) + 0.5f;
    const vec  x       = SPLAT(m[0][0]) * u + m[0][1] * row + m[0][2] - 0.5f;
    const vec  y       = SPLAT(m[1][0]) * u + m[1][1] * row + m[1][2] - 0.5f;
    const vec  left = FLOOR(x), top = FLOOR(y);
    const ints xs = (ints)CUT(left), ys = (ints)CUT(top);

    out->fx     = x - left;
    out->fy     = y - top;
    out->inside = SIGNS((xs | (s->width - 3 - xs) | ys | (s->height - 2 - ys))) ^ ALL_LANES;
    STORE_INTS(out->x, (whole)xs);
    STORE_INTS(out->y, (whole)ys);
    STORE_INTS(out->offset, (whole)((ys * s->width + xs) * 3));
}

/* The four pixels about a place: two of the row above in the lower half, two of the row below in
 * the upper. Eight bytes are read of each row, the last two of them for nothing. */
ALWAYS_INLINE __m128i inner_square(const uint8_t *at, size_t stride)
{
    return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)at),
                              _mm_loadl_epi64((const __m128i *)(const void *)(at + stride)));
}

static __m128i border_square(const skc_sample *s, int32_t x, int32_t y)
{
    const size_t   stride    = (size_t)s->width * 3;
    const size_t   x0        = (size_t)skc__mirrored(x, s->width) * 3;
    const size_t   x1        = (size_t)skc__mirrored(x + 1, s->width) * 3;
    const uint8_t *above     = s->pixels + stride * (size_t)skc__mirrored(y, s->height);
    const uint8_t *below     = s->pixels + stride * (size_t)skc__mirrored(y + 1, s->height);
    uint8_t        bytes[16] = { 0 };

    memcpy(bytes, above + x0, 3);
    memcpy(bytes + 3, above + x1, 3);
    memcpy(bytes + 8, below + x0, 3);
    memcpy(bytes + 11, below + x1, 3);
    return _mm_loadu_si128((const __m128i *)(const void *)bytes);
}

/* Of pixels i to i + GROUP - 1. */
ALWAYS_INLINE whole squares(const skc_sample *s, const places *p, int i)
{
    const uint8_t *from   = s->pixels;
    const size_t   stride = (size_t)s->width * 3;
    __m128i        square[GROUP];

    if ((p->inside >> i & ((1u << GROUP) - 1)) == (1u << GROUP) - 1)
        for (int k = 0; k < GROUP; k++)
            square[k] = inner_square(from + p->offset[i + k], stride);
    else
        for (int k = 0; k < GROUP; k++)
            square[k] = border_square(s, p->x[i + k], p->y[i + k]);
    return JOIN(square);
}

/* One colour pixel of the squares as floats: its bytes begin at `from`, -1 is 0. */
#define CORNER(v, from)                                                                            \
    TO_FLOATS(IN_LANES(v, _mm_setr_epi8(from, -1, -1, -1, (from) + 1, -1, -1, -1, (from) + 2, -1,  \
                                        -1, -1, -1, -1, -1, -1)))

ALWAYS_INLINE vec bilinear(whole square_bytes, vec fx, vec fy)
{
    const vec above_left = CORNER(square_bytes, 0), above_right = CORNER(square_bytes, 3);
    const vec below_left = CORNER(square_bytes, 8), below_right = CORNER(square_bytes, 11);
    const vec above = above_left + fx * (above_right - above_left);
    const vec below = below_left + fx * (below_right - below_left);

    return above + fy * (below - above);
}

/* The pixels of a vector, without the idle values; `left` pixels of the row remain. */
ALWAYS_INLINE void put_pixels(float *out, int32_t left, vec v)
{
    static const int32_t used[16]       = { 0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15 };
    static const int32_t used_of_two[8] = { 0, 1, 2, 4, 5, 6, 3, 7 };
    const vec            close          = PICK(v, LOAD_INTS(LANES == 16 ? used : used_of_two));

    if (left >= GROUP + 2) /* what is written too much is written again */
        STORE(out, close);
    else
        STORE_PART(out, 3 * (size_t)(left < GROUP ? left : GROUP), close);
}

/* Pixels i to i + GROUP - 1 of the places, if there are `count` of them. */
ALWAYS_INLINE void sample_group(const skc_sample *s, const places *p, int i, int32_t count,
                                float *out)
{
    const whole lanes = (whole)(((ints)LOAD_INTS(count_up) >> 2) + i);

    if (i < count)
        put_pixels(out + 3 * i, count - i,
                   bilinear(squares(s, p, i), PICK(p->fx, lanes), PICK(p->fy, lanes)));
}

/* Vectors whose places are found before the first is used: a vector that was just stored cannot be
 * read number by number at once. */
enum { AHEAD = 8 };

/* At most AHEAD vectors of pixels, from column `from` on. */
static void sample_piece(const skc_sample *s, float row, int32_t from, int32_t count, float *out)
{
    places p[AHEAD];

    for (int32_t i = 0; i < count; i += LANES)
        find_places(s, row, from + i, &p[i / LANES]);
    for (const places *at = p; count > 0; at++, count -= LANES, out += 3 * LANES) {
        sample_group(s, at, 0, count, out);
        sample_group(s, at, GROUP, count, out);
        sample_group(s, at, 2 * GROUP, count, out);
        sample_group(s, at, 3 * GROUP, count, out);
    }
}

static void sample(const skc_sample *s, int32_t row, int32_t count, float *out)
{
    const skc_sample from = *s; /* so that nothing written can change it */

    if ((int64_t)s->width * s->height > INT32_MAX / 3) {
        skc__scalar_sample(s, row, count, out);
        return;
    }
    for (int32_t at = 0; at < count; at += AHEAD * LANES) {
        int32_t left = count - at;

        sample_piece(&from, (float)row + 0.5f, at, left < AHEAD * LANES ? left : AHEAD * LANES,
                     out + 3 * (ptrdiff_t)at);
    }
}

/* The 16 bytes that each four of LANES values come from. */
ALWAYS_INLINE whole windows(const uint8_t *row, const int32_t *at)
{
    __m128i window[GROUP];

    for (int k = 0; k < GROUP; k++)
        window[k] = _mm_loadu_si128((const __m128i *)(const void *)(row + at[k]));
    return JOIN(window);
}

ALWAYS_INLINE vec mixed(vec share, vec from, vec to)
{
    return from + share * (to - from);
}

static void mix_across(const skc_row_mix *mix, const uint8_t *row, float *out)
{
    const skc_row_mix m = *mix;

    for (size_t i = 0; i < m.n; i += LANES) {
        const whole bytes = windows(row, m.at + i / 4);
        const vec   left  = TO_FLOATS(PICK_BYTES(bytes, LOAD_INTS(m.left + i)));
        const vec   right = TO_FLOATS(PICK_BYTES(bytes, LOAD_INTS(m.right + i)));

        put(out + i, m.n - i, mixed(LOAD(m.share + i), left, right));
    }
}

static void mix_down(size_t n, float share, const float *above, const float *below, float *out)
{
    size_t i = 0;

    for (; i + LANES <= n; i += LANES)
        STORE(out + i, mixed(SPLAT(share), LOAD(above + i), LOAD(below + i)));
    if (i < n)
        STORE_PART(out + i, n - i,
                   mixed(SPLAT(share), LOAD_PART(above + i, n - i), LOAD_PART(below + i, n - i)));
}

/* ------------------------------------------------------------------ colours */

enum { EIGHT = 8 }; /* pixels of three 256-bit vectors */

/* Eight pixels apart: r, g, b. In each 128-bit lane, four pixels of three values are turned. */
ALWAYS_INLINE void load_colours(const float *x, __m256 colour[3])
{
    const __m256 a  = _mm256_loadu2_m128(x + 12, x);
    const __m256 b  = _mm256_loadu2_m128(x + 16, x + 4);
    const __m256 c  = _mm256_loadu2_m128(x + 20, x + 8);
    const __m256 rg = _mm256_shuffle_ps(b, c, _MM_SHUFFLE(2, 1, 3, 2));
    const __m256 gb = _mm256_shuffle_ps(a, b, _MM_SHUFFLE(1, 0, 2, 1));

    colour[0] = _mm256_shuffle_ps(a, rg, _MM_SHUFFLE(2, 0, 3, 0));
    colour[1] = _mm256_shuffle_ps(gb, rg, _MM_SHUFFLE(3, 1, 2, 0));
    colour[2] = _mm256_shuffle_ps(gb, c, _MM_SHUFFLE(3, 0, 3, 1));
}

ALWAYS_INLINE void store_colours(float *x, const __m256 colour[3])
{
    const __m256 rg = _mm256_shuffle_ps(colour[0], colour[1], _MM_SHUFFLE(2, 0, 2, 0));
    const __m256 gb = _mm256_shuffle_ps(colour[1], colour[2], _MM_SHUFFLE(3, 1, 3, 1));
    const __m256 br = _mm256_shuffle_ps(colour[2], colour[0], _MM_SHUFFLE(3, 1, 2, 0));

    _mm256_storeu2_m128(x + 12, x, _mm256_shuffle_ps(rg, br, _MM_SHUFFLE(2, 0, 2, 0)));
    _mm256_storeu2_m128(x + 16, x + 4, _mm256_shuffle_ps(gb, rg, _MM_SHUFFLE(3, 1, 2, 0)));
    _mm256_storeu2_m128(x + 20, x + 8, _mm256_shuffle_ps(br, gb, _MM_SHUFFLE(3, 1, 3, 1)));
}

static void mix_colours(size_t pixels, const skc_colour_mix *mix, float *x)
{
    const float(*m)[3] = mix->matrix;
    const __m256 none = _mm256_setzero_ps(), most = _mm256_set1_ps(255);

    for (; pixels >= EIGHT; pixels -= EIGHT, x += 3 * EIGHT) {
        __m256 from[3], to[3];

        load_colours(x, from);
        for (int c = 0; c < 3; c++) {
            const __m256 value =
                m[c][0] * from[0] + m[c][1] * from[1] + m[c][2] * from[2] + mix->offset;

            to[c] = _mm256_min_ps(most, _mm256_max_ps(none, value));
        }
        store_colours(x, to);
    }
    skc__scalar_mix_colours(pixels, mix, x);
}

/* A lane holds 256 x 255 x FEW at most. */
static void sum_colours(size_t pixels, const float *x, int64_t sum[3])
{
    enum { FEW = 4096 };
    int64_t total[3] = { 0, 0, 0 };

    while (pixels >= LANES) {
        ints    part[3] = { { 0 }, { 0 }, { 0 } };
        int32_t lane[3 * LANES];

        for (int n = 0; n < FEW && pixels >= LANES; n++, pixels -= LANES, x += 3 * LANES)
            for (int k = 0; k < 3; k++)
                part[k] += (ints)CUT(LOAD(x + k * LANES) * 256.0f);
        for (int k = 0; k < 3; k++)
            STORE_INTS(lane + k * LANES, (whole)part[k]);
        for (int i = 0; i < 3 * LANES; i++)
            total[i % 3] += lane[i];
    }
    skc__scalar_sum_colours(pixels, x, sum);
    for (int c = 0; c < 3; c++)
        sum[c] += total[c];
}

/* r, g, b of 16 pixels, interleaved. Byte i of piece k is colour (16 k + i) % 3 of pixel
 * (16 k + i) / 3. */
ALWAYS_INLINE void interleave(__m128i r, __m128i g, __m128i b, uint8_t *out)
{
    const __m128i pick[3] = {
        _mm_setr_epi8(0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5),
        _mm_setr_epi8(-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1),
        _mm_setr_epi8(-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1),
    };

    for (int k = 0; k < 3; k++) {
        const __m128i reds   = _mm_shuffle_epi8(r, pick[k]);
        const __m128i greens = _mm_shuffle_epi8(g, _mm_alignr_epi8(pick[k], pick[(k + 2) % 3], 15));
        const __m128i blues  = _mm_shuffle_epi8(b, _mm_alignr_epi8(pick[k], pick[(k + 2) % 3], 14));

        _mm_storeu_si128((__m128i *)(void *)(out + 16 * k), reds | greens | blues);
    }
}

/* value + factor change / 4096, rounded; change -128..127 and a factor below 8 x 4096 */
ALWAYS_INLINE __m256i changed(__m256i value, __m256i change, short factor)
{
    return _mm256_add_epi16(
        value, _mm256_mulhrs_epi16(_mm256_slli_epi16(change, 3), _mm256_set1_epi16(factor)));
}

/* Green has two terms: (-2925 red + 256 x cut + 2048) / 4096, cut = -1410 blue / 256. */
ALWAYS_INLINE __m256i green(__m256i value, __m256i blue, __m256i red)
{
    const __m256i cut = _mm256_mulhi_epi16(_mm256_slli_epi16(blue, 8), _mm256_set1_epi16(-1410));
    const __m256i factors = _mm256_set1_epi32((int)(256u << 16 | (uint16_t)-2925));
    const __m256i half    = _mm256_set1_epi32(2048);
    const __m256i low     = _mm256_madd_epi16(_mm256_unpacklo_epi16(red, cut), factors);
    const __m256i high    = _mm256_madd_epi16(_mm256_unpackhi_epi16(red, cut), factors);

    return _mm256_add_epi16(
        value, _mm256_packs_epi32(_mm256_srai_epi32(_mm256_add_epi32(low, half), 12),
                                  _mm256_srai_epi32(_mm256_add_epi32(high, half), 12)));
}

ALWAYS_INLINE __m256i load_words(const uint8_t *p)
{
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
}

ALWAYS_INLINE __m128i to_bytes(__m256i words)
{
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

static void colour_rgb(size_t n, const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                       uint8_t *out)
{
    const __m256i middle = _mm256_set1_epi16(128);
    size_t        i      = 0;

    for (; i + 16 <= n; i += 16) {
        const __m256i y  = load_words(luma + i);
        const __m256i cb = _mm256_sub_epi16(load_words(blue + i), middle);
        const __m256i cr = _mm256_sub_epi16(load_words(red + i), middle);

        interleave(to_bytes(changed(y, cr, 5743)), to_bytes(green(y, cb, cr)),
                   to_bytes(changed(y, cb, 7258)), out + 3 * i);
    }
    skc__scalar_colour_rgb(n - i, luma + i, blue + i, red + i, out + 3 * i);
}

/* ------------------------------------------------------------------ scaling */

/* `vectors` of them at a time, so that a weight is spread once for all. */
ALWAYS_INLINE void blend_vectors(int vectors, size_t taps, const float *weight, const uint8_t *rows,
                                 size_t stride, float *out)
{
    vec sum[4];

    for (int k = 0; k < vectors; k++)
        sum[k] = SPLAT(0);
    for (size_t t = 0; t < taps; t++, rows += stride)
        for (int k = 0; k < vectors; k++)
            sum[k] += SPLAT(weight[t]) * TO_FLOATS(LOAD_BYTES(rows + k * LANES));
    for (int k = 0; k < vectors; k++)
        STORE(out + k * LANES, sum[k]);
}

static void blend_rows(size_t n, size_t taps, const float *weight, const uint8_t *rows,
                       size_t stride, float *out)
{
    size_t i = 0;

    for (; i + 4 * LANES <= n; i += 4 * LANES)
        blend_vectors(4, taps, weight, rows + i, stride, out + i);
    for (; i + LANES <= n; i += LANES)
        blend_vectors(1, taps, weight, rows + i, stride, out + i);
    skc__scalar_blend_rows(n - i, taps, weight, rows + i, stride, out + i);
}

/* The sum of a pixel's taps, in the first three values. */
ALWAYS_INLINE __m128i blend_pixel(size_t taps, const float *weight, const float *from)
{
    __m128 sum = _mm_setzero_ps();

    for (size_t t = 0; t < taps; t++)
        sum += _mm_set1_ps(weight[t]) * _mm_loadu_ps(from + 3 * t);
    return _mm_cvttps_epi32(_mm_min_ps(sum, _mm_set1_ps(255)) + 0.5f);
}

/* Four pixels at a time. With a number of taps that the compiler knows, it unrolls them. */
ALWAYS_INLINE void blend_fours(size_t count, size_t taps, const int32_t *first, const float *weight,
                               const float *row, uint8_t *out)
{
    const __m128i close = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);

    for (size_t i = 0; i + 4 <= count; i += 4) {
        __m128i pixel[4], bytes;
        uint8_t packed[16];

        for (size_t k = 0; k < 4; k++)
            pixel[k] = blend_pixel(taps, weight + (i + k) * taps, row + (size_t)first[i + k] * 3);
        bytes = _mm_packus_epi16(_mm_packs_epi32(pixel[0], pixel[1]),
                                 _mm_packs_epi32(pixel[2], pixel[3]));
        _mm_storeu_si128((__m128i *)(void *)packed, _mm_shuffle_epi8(bytes, close));
        memcpy(out + 3 * i, packed, 12);
    }
}

static void blend_pixels(size_t count, size_t taps, const int32_t *first, const float *weight,
                         const float *row, uint8_t *out)
{
    const size_t fours = count / 4 * 4;

    switch (taps) {
    case 2:
        blend_fours(count, 2, first, weight, row, out);
        break;
    case 3:
        blend_fours(count, 3, first, weight, row, out);
        break;
    case 4:
        blend_fours(count, 4, first, weight, row, out);
        break;
    default:
        blend_fours(count, taps, first, weight, row, out);
    }
    skc__scalar_blend_pixels(count - fours, taps, first + fours, weight + fours * taps, row,
                             out + 3 * fours);
}

/* ------------------------------------------------------------------ input */

/* Three vectors at a time begin with the first channel. */
static void normalise(size_t pixels, const float *x, const float mean[3], const float factor[3],
                      float *y)
{
    float        means[3 * LANES], factors[3 * LANES];
    const size_t n = 3 * pixels;
    size_t       i = 0;

    for (size_t k = 0; k < 3 * LANES; k++) {
        means[k]   = mean[k % 3];
        factors[k] = factor[k % 3];
    }
    for (; i + 3 * LANES <= n; i += 3 * LANES)
        for (size_t k = 0; k < 3 * LANES; k += LANES)
            STORE(y + i + k, (LOAD(x + i + k) - LOAD(means + k)) * LOAD(factors + k));
    for (size_t k = 0; i < n; i += LANES, k += LANES)
        put(y + i, n - i, (get(x + i, n - i) - LOAD(means + k)) * LOAD(factors + k));
}

static void override_picture(skc_kernels *kernels)
{
    kernels->sample       = sample;
    kernels->mix_across   = mix_across;
    kernels->mix_down     = mix_down;
    kernels->mix_colours  = mix_colours;
    kernels->sum_colours  = sum_colours;
    kernels->colour_rgb   = colour_rgb;
    kernels->blend_rows   = blend_rows;
    kernels->blend_pixels = blend_pixels;
    kernels->normalise    = normalise;
}

#endif
