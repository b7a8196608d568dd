/* picture.h - the scalar set's rows for pictures, which stand in a file of their own. */
#ifndef SKC_KERNELS_PICTURE_H
#define SKC_KERNELS_PICTURE_H

#include "kernels/kernels.h"

void skc__scalar_sample(const skc_sample *s, int32_t row, int32_t count, float *out);
void skc__scalar_mix_across(const skc_row_mix *mix, const uint8_t *row, float *out);
void skc__scalar_mix_down(size_t n, float share, const float *above, const float *below,
                          float *out);
void skc__scalar_mix_colours(size_t pixels, const skc_colour_mix *mix, float *x);
void skc__scalar_sum_colours(size_t pixels, const float *x, int64_t sum[3]);
void skc__scalar_blend_rows(size_t n, size_t taps, const float *weight, const uint8_t *rows,
                            size_t stride, float *out);
void skc__scalar_blend_pixels(size_t count, size_t taps, const int32_t *first, const float *weight,
                              const float *row, uint8_t *out);
void skc__scalar_colour_rgb(size_t n, const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                            uint8_t *out);

/* Position i of an endless row that repeats 0..n-1 forwards and backwards: ... 1 0 0 1 2 ... */
static inline int32_t skc__mirrored(int32_t i, int32_t n)
{
    if (i < 0)
        i = -1 - i;
    if (i >= 2 * n)
        i %= 2 * n;
    return i < n ? i : 2 * n - 1 - i;
}

#endif
