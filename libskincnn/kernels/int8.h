/* int8.h - arithmetic of quantised networks: the rows of the kernel table, and packed weights.
 *
 * Activations are bytes: value = scale (byte - zero), with one scale and one zero for a tensor.
 * Weights are -127..127 times a scale of their output channel. Sums of products are whole numbers
 * of 32 bits and thus exact. Then each becomes sum scale[c] + shift[c], which takes in bias, zeros
 * and scales of all tensors, is clamped, and rounded to the nearest whole number, ties to even:
 * multiplied, added and rounded one by one, so that all sets give the same bits.
 */
#ifndef SKC_KERNELS_INT8_H
#define SKC_KERNELS_INT8_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SKC_INT8_MAX_SUM     = 1 << 16, /* products in a sum: 255 x 127 x 65536 stays in 32 bits */
    SKC_INT8_COLUMNS     = 16,      /* columns of packed weights come in blocks of so many */
    SKC_INT8_PANEL       = 4,       /* and blocks in panels of at most so many */
    SKC_INT8_SLACK       = 3,       /* readable bytes behind rows that a product reads; not used */
    SKC_INT8_MOST_SUMMED = 8
};

/* What becomes of the sums of a channel. */
typedef struct skc_int8_finish {
    const float *scale, *shift; /* by channel; a product reads up to a multiple of 16 */
    float        low, high;
} skc_int8_finish;

/* A product of a list of rows with packed weights, as skc_product of kernels.h: row i of the left
 * matrix is `runs` pieces of `length` bytes, piece r at left[i] + run[r]. */
typedef struct skc_int8_product {
    size_t                m, n;
    size_t                runs, length;
    const ptrdiff_t      *run;         /* [runs] */
    const uint8_t *const *left;        /* [m] */
    ptrdiff_t             left_offset; /* added to each left[i] */
    const int8_t         *right;       /* by skc__int8_pack */
    skc_int8_finish       finish;
    uint8_t              *out;  /* row i at out + i step, */
    float                *real; /* or, where out is NULL, here: not rounded */
    size_t                step;
} skc_int8_product;

/* One row of output pixels of a depthwise convolution; whatever lies under a window is readable. */
typedef struct skc_int8_depthwise {
    size_t                channels, pixels;
    int32_t               kernel_h, kernel_w;
    const uint8_t *const *rows;    /* [kernel_h]: the first tap of the first pixel */
    size_t                step;    /* bytes from a pixel's first tap to the next pixel's */
    size_t                tap;     /* bytes from a tap to the next */
    const int32_t        *weights; /* (kernel_h, kernel_w, channels) */
    skc_int8_finish       finish;
    uint8_t              *out; /* (pixels, channels) */
} skc_int8_depthwise;

/* out[i] = shift + x[0][i] scale[0] + x[1][i] scale[1] ..., added in this order, finished. */
typedef struct skc_int8_sum {
    size_t                n;
    int32_t               count; /* 1..SKC_INT8_MOST_SUMMED */
    const uint8_t *const *x;     /* [count] */
    const float          *scale;
    float                 shift, low, high;
    uint8_t              *out;
} skc_int8_sum;

/* All are exact: every set gives the scalar set's bits. */
typedef struct skc_int8_kernels {
    void (*product)(const skc_int8_product *p);
    void (*depthwise)(const skc_int8_depthwise *d);
    void (*sum)(const skc_int8_sum *s);
    /* out = x scale + zero, rounded, 0..255 */
    void (*quantise)(size_t n, const float *x, float scale, float zero, uint8_t *out);
    /* out = (x - zero) scale */
    void (*dequantise)(size_t n, const uint8_t *x, float scale, float zero, float *out);
    /* y = max(x, y) */
    void (*larger)(size_t n, const uint8_t *x, uint8_t *y);
    /* sum[c] += over the rows of x (rows, c) */
    void (*column_sums)(size_t rows, size_t c, const uint8_t *x, int32_t *sum);
} skc_int8_kernels;

/* The scalar rows. */
void skc__int8_product(const skc_int8_product *p);
void skc__int8_depthwise(const skc_int8_depthwise *d);
void skc__int8_sum(const skc_int8_sum *s);
void skc__int8_quantise(size_t n, const float *x, float scale, float zero, uint8_t *out);
void skc__int8_dequantise(size_t n, const uint8_t *x, float scale, float zero, float *out);
void skc__int8_larger(size_t n, const uint8_t *x, uint8_t *y);
void skc__int8_column_sums(size_t rows, size_t c, const uint8_t *x, int32_t *sum);

#define SKC_INT8_SCALAR                                                                            \
    {                                                                                              \
        skc__int8_product, skc__int8_depthwise, skc__int8_sum, skc__int8_quantise,                 \
            skc__int8_dequantise, skc__int8_larger, skc__int8_column_sums                          \
    }

void skc__int8_avx2(skc_int8_kernels *kernels); /* override all rows */
void skc__int8_vnni(skc_int8_kernels *kernels); /* AVX-512 VNNI */

/* Where a comparison is false, for NaN too, the bound is taken. */
static inline float skc__int8_clamp(float value, float low, float high)
{
    value = value > low ? value : low;
    return value < high ? value : high;
}

/* To the nearest whole number, ties to even; low and high are in 0..255. */
static inline uint8_t skc__int8_round(float value, float low, float high)
{
    return (uint8_t)rintf(skc__int8_clamp(value, low, high));
}

/* ---------------------------------------------------------------- packed weights
 *
 * Columns stand in panels of up to 4 blocks of 16, as even as can be; a panel is (k / 4, columns,
 * 4), a run's length rounded up to a multiple of 4 by zeros. The panel from block b on begins at
 * byte 16 b k. The same for all sets. */

static inline size_t skc__int8_depth(size_t runs, size_t length)
{
    return runs * ((length + 3) / 4 * 4);
}

static inline size_t skc__int8_blocks(size_t n)
{
    return (n + SKC_INT8_COLUMNS - 1) / SKC_INT8_COLUMNS;
}

/* Blocks of the panel that begins where `rest` > 0 blocks are left. */
static inline size_t skc__int8_panel(size_t rest)
{
    size_t panels = (rest + SKC_INT8_PANEL - 1) / SKC_INT8_PANEL;

    return (rest + panels - 1) / panels;
}

static inline size_t skc__int8_packed_size(size_t runs, size_t length, size_t n)
{
    return skc__int8_depth(runs, length) * skc__int8_blocks(n) * SKC_INT8_COLUMNS;
}

/* weights (n, runs, length) to `packed`. */
void skc__int8_pack(size_t runs, size_t length, size_t n, const int8_t *weights, int8_t *packed);

#endif
