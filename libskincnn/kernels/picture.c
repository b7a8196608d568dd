/* picture.c - the scalar set's rows for pictures: sampling, colours, scaling. */
#include "kernels/picture.h"

#include <math.h>

void skc__scalar_sample(const skc_sample *s, int32_t row, int32_t count, float *out)
{
    const float(*m)[3] = s->matrix;
    size_t stride      = (size_t)s->width * 3;

    for (int32_t column = 0; column < count; column++, out += 3) {
        float          u = (float)column + 0.5f, v = (float)row + 0.5f;
        float          x    = m[0][0] * u + m[0][1] * v + m[0][2] - 0.5f;
        float          y    = m[1][0] * u + m[1][1] * v + m[1][2] - 0.5f;
        float          left = floorf(x), top = floorf(y);
        float          fx = x - left, fy = y - top;
        size_t         x0    = (size_t)skc__mirrored((int32_t)left, s->width) * 3;
        size_t         x1    = (size_t)skc__mirrored((int32_t)left + 1, s->width) * 3;
        size_t         y0    = (size_t)skc__mirrored((int32_t)top, s->height);
        size_t         y1    = (size_t)skc__mirrored((int32_t)top + 1, s->height);
        const uint8_t *above = s->pixels + stride * y0, *below = s->pixels + stride * y1;

        for (size_t c = 0; c < 3; c++) {
            float a = (float)above[x0 + c] + fx * (float)(above[x1 + c] - above[x0 + c]);
            float b = (float)below[x0 + c] + fx * (float)(below[x1 + c] - below[x0 + c]);
            out[c]  = a + fy * (b - a);
        }
    }
}

void skc__scalar_mix_across(const skc_row_mix *mix, const uint8_t *row, float *out)
{
    for (size_t i = 0; i < mix->n; i++) {
        const uint8_t *at   = row + mix->at[i / 4];
        int32_t        left = at[mix->left[i] & 15], right = at[mix->right[i] & 15];

        out[i] = (float)left + mix->share[i] * (float)(right - left);
    }
}

void skc__scalar_mix_down(size_t n, float share, const float *above, const float *below, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = above[i] + share * (below[i] - above[i]);
}

static float within_bytes(float value)
{
    return value < 0 ? 0 : value > 255 ? 255 : value;
}

void skc__scalar_mix_colours(size_t pixels, const skc_colour_mix *mix, float *x)
{
    const float(*m)[3] = mix->matrix;

    for (size_t i = 0; i < pixels; i++, x += 3) {
        float r = x[0], g = x[1], b = x[2];

        for (size_t c = 0; c < 3; c++)
            x[c] = within_bytes(m[c][0] * r + m[c][1] * g + m[c][2] * b + mix->offset);
    }
}

void skc__scalar_sum_colours(size_t pixels, const float *x, int64_t sum[3])
{
    for (size_t c = 0; c < 3; c++)
        sum[c] = 0;
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            sum[c] += (int32_t)(256 * x[3 * i + c]);
}

void skc__scalar_blend_rows(size_t n, size_t taps, const float *weight, const uint8_t *rows,
                            size_t stride, float *out)
{
    for (size_t i = 0; i < n; i++) {
        float sum = 0;

        for (size_t t = 0; t < taps; t++)
            sum += weight[t] * (float)rows[t * stride + i];
        out[i] = sum;
    }
}

void skc__scalar_blend_pixels(size_t count, size_t taps, const int32_t *first, const float *weight,
                              const float *row, uint8_t *out)
{
    for (size_t i = 0; i < count; i++, weight += taps, out += 3)
        for (size_t c = 0; c < 3; c++) {
            const float *at  = row + (size_t)first[i] * 3 + c;
            float        sum = 0;

            for (size_t t = 0; t < taps; t++)
                sum += weight[t] * at[3 * t];
            out[c] = (uint8_t)(within_bytes(sum) + 0.5f);
        }
}

static uint8_t byte(int32_t value)
{
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Factors in 1/4096; the smaller of green's terms is cut to 1/16. */
void skc__scalar_colour_rgb(size_t n, const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                            uint8_t *out)
{
    for (size_t i = 0; i < n; i++, out += 3) {
        int32_t y = luma[i], cb = blue[i] - 128, cr = red[i] - 128;

        out[0] = byte(y + ((5743 * cr + 2048) >> 12));
        out[1] = byte(y + ((-2925 * cr + (-1410 * cb >> 8) * 256 + 2048) >> 12));
        out[2] = byte(y + ((7258 * cb + 2048) >> 12));
    }
}
