/* int8.c - the scalar rows of int8 arithmetic, and the packing of weights. */
#include "kernels/int8.h"

#include <string.h>

void skc__int8_pack(size_t runs, size_t length, size_t n, const int8_t *weights, int8_t *packed)
{
    const size_t blocks = skc__int8_blocks(n), padded = (length + 3) / 4 * 4;

    for (size_t b = 0, wide; b < blocks; b += wide) {
        wide = skc__int8_panel(blocks - b);
        for (size_t r = 0; r < runs; r++)
            for (size_t l = 0; l < padded; l += 4)
                for (size_t c = b * SKC_INT8_COLUMNS; c < (b + wide) * SKC_INT8_COLUMNS; c++)
                    for (size_t i = l; i < l + 4; i++)
                        *packed++ = c < n && i < length ? weights[(c * runs + r) * length + i] : 0;
    }
}

/* ---------------------------------------------------------------- product */

/* The sums of one row with a block of columns; `panel` points at the block's weights. */
static void sum_block(const skc_int8_product *p, const uint8_t *left, const int8_t *panel,
                      size_t wide, int32_t sum[SKC_INT8_COLUMNS])
{
    memset(sum, 0, SKC_INT8_COLUMNS * sizeof *sum);
    for (size_t r = 0; r < p->runs; r++)
        for (size_t l = 0; l < p->length; l += 4, panel += wide * SKC_INT8_COLUMNS * 4)
            for (size_t c = 0; c < SKC_INT8_COLUMNS; c++)
                for (size_t i = 0; i < 4 && l + i < p->length; i++)
                    sum[c] += left[p->run[r] + (ptrdiff_t)(l + i)] * panel[4 * c + i];
}

static void finish_block(const skc_int8_product *p, size_t row, size_t first,
                         const int32_t sum[SKC_INT8_COLUMNS])
{
    const skc_int8_finish *f = &p->finish;

    for (size_t c = first; c < p->n && c < first + SKC_INT8_COLUMNS; c++) {
        float value = (float)sum[c - first] * f->scale[c] + f->shift[c];

        if (p->out != NULL)
            p->out[row * p->step + c] = skc__int8_round(value, f->low, f->high);
        else
            p->real[row * p->step + c] = skc__int8_clamp(value, f->low, f->high);
    }
}

void skc__int8_product(const skc_int8_product *p)
{
    const size_t blocks = skc__int8_blocks(p->n), depth = skc__int8_depth(p->runs, p->length);
    int32_t      sum[SKC_INT8_COLUMNS];

    for (size_t b = 0, wide; b < blocks; b += wide) {
        wide = skc__int8_panel(blocks - b);
        for (size_t i = 0; i < p->m; i++)
            for (size_t k = 0; k < wide; k++) {
                const int8_t *panel = p->right + (b * depth + 4 * k) * SKC_INT8_COLUMNS;

                sum_block(p, p->left[i] + p->left_offset, panel, wide, sum);
                finish_block(p, i, (b + k) * SKC_INT8_COLUMNS, sum);
            }
    }
}

/* ---------------------------------------------------------------- the other rows */

void skc__int8_depthwise(const skc_int8_depthwise *d)
{
    for (size_t pixel = 0; pixel < d->pixels; pixel++)
        for (size_t c = 0; c < d->channels; c++) {
            const int32_t *weight = d->weights + c;
            int32_t        sum    = 0;

            for (int32_t row = 0; row < d->kernel_h; row++)
                for (size_t t = 0; t < (size_t)d->kernel_w; t++, weight += d->channels)
                    sum += d->rows[row][pixel * d->step + t * d->tap + c] * *weight;
            d->out[pixel * d->channels + c] =
                skc__int8_round((float)sum * d->finish.scale[c] + d->finish.shift[c], d->finish.low,
                                d->finish.high);
        }
}

void skc__int8_sum(const skc_int8_sum *s)
{
    for (size_t i = 0; i < s->n; i++) {
        float value = s->shift;

        for (int32_t k = 0; k < s->count; k++)
            value += (float)s->x[k][i] * s->scale[k];
        s->out[i] = skc__int8_round(value, s->low, s->high);
    }
}

void skc__int8_quantise(size_t n, const float *x, float scale, float zero, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = skc__int8_round(x[i] * scale + zero, 0, 255);
}

void skc__int8_dequantise(size_t n, const uint8_t *x, float scale, float zero, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ((float)x[i] - zero) * scale;
}

void skc__int8_larger(size_t n, const uint8_t *x, uint8_t *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

void skc__int8_column_sums(size_t rows, size_t c, const uint8_t *x, int32_t *sum)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < c; i++)
            sum[i] += x[row * c + i];
}
