/* product.c - the packed products of the scalar set: the reference for those of the other sets.
 *
 * The packed order is panels of PANEL columns, each (k, PANEL), the last filled up with zeros. A
 * tile of ROWS x PANEL sums fits the registers of any processor.
 */
#include "kernels/product.h"

#include <string.h>

enum { ROWS = 4, PANEL = 8 };

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

void skc__scalar_pack_right(const skc_right *right, float *packed)
{
    for (size_t j = 0; j < right->n; j += PANEL)
        for (size_t r = 0; r < right->runs; r++)
            for (size_t l = 0; l < right->length; l++, packed += PANEL) {
                const float *from = right->from + right->run[r] +
                                    (ptrdiff_t)l * right->length_step +
                                    (ptrdiff_t)j * right->n_step;

                for (size_t c = 0; c < PANEL; c++)
                    packed[c] = j + c < right->n ? from[(ptrdiff_t)c * right->n_step] : 0;
            }
}

/* sum = the products of ROWS rows with a panel. */
static void sum_rows(const skc_product *p, const float *const rows[ROWS],
                     const float *restrict panel, float       sum[ROWS][PANEL])
{
    memset(sum, 0, ROWS * sizeof sum[0]);
    for (size_t r = 0; r < p->runs; r++) {
        ptrdiff_t offset = p->left_offset + p->run[r];

        for (size_t l = 0; l < p->length; l++, panel += PANEL)
            for (size_t i = 0; i < ROWS; i++)
                for (size_t j = 0; j < PANEL; j++)
                    sum[i][j] += rows[i][offset + (ptrdiff_t)l] * panel[j];
    }
}

/* NaN compares false twice and stays. */
static float finished(const skc_product *p, float sum, size_t j, float before)
{
    float x = sum + (p->bias != NULL ? p->bias[j] : 0) + (p->accumulate ? before : 0);

    x = x < p->low ? p->low : x;
    return x > p->high ? p->high : x;
}

void skc__scalar_product(const skc_product *p)
{
    size_t k = p->runs * p->length;

    for (size_t j = 0; j < p->n; j += PANEL)
        for (size_t i = 0; i < p->m; i += ROWS) {
            const float *rows[ROWS];
            float        sum[ROWS][PANEL];
            size_t       count = least(ROWS, p->m - i), columns = least(PANEL, p->n - j);

            for (size_t row = 0; row < ROWS; row++)
                rows[row] = p->left[row < count ? i + row : i];
            sum_rows(p, rows, p->right + j * k, sum);
            for (size_t row = 0; row < count; row++) {
                float *out = p->out[i + row] + p->out_offset + j;

                for (size_t c = 0; c < columns; c++)
                    out[c] = finished(p, sum[row][c], j + c, p->accumulate ? out[c] : 0);
            }
        }
}

/* A tile of out at (i, j), rows x columns of it: whole tiles have constants for both. */
static inline void sum_outer(const skc_outer *o, size_t i, size_t j, size_t rows, size_t columns)
{
    float sum[ROWS][PANEL] = { { 0 } };

    for (size_t p = 0; p < o->pixels; p++) {
        const float *left  = o->left[p] + o->left_offset + i;
        const float *right = o->right[p] + o->right_offset + j;

        for (size_t row = 0; row < rows; row++)
            for (size_t c = 0; c < columns; c++)
                sum[row][c] += left[row] * right[c];
    }
    for (size_t row = 0; row < rows; row++)
        for (size_t c = 0; c < columns; c++)
            o->out[(i + row) * o->ld + j + c] += sum[row][c];
}

void skc__scalar_outer(const skc_outer *o)
{
    for (size_t i = 0; i < o->m; i += ROWS)
        for (size_t j = 0; j < o->n; j += PANEL) {
            size_t rows = least(ROWS, o->m - i), columns = least(PANEL, o->n - j);

            if (rows == ROWS && columns == PANEL)
                sum_outer(o, i, j, ROWS, PANEL);
            else
                sum_outer(o, i, j, rows, columns);
        }
}
