/* kernels.h - the arithmetic, as one table of functions per instruction set.
 *
 * Floor 1: knows pointers and sizes, nothing of layers or tensors. Rows of a matrix are pixels (all
 * pictures of a batch in a row), columns are channels. Pointers need no alignment; buffers may not
 * overlap unless a line says "may be". No row allocates.
 *
 * "exact": every set gives the scalar set's bits. "bound e": relative to the sum of the magnitudes
 * of the terms, sets differ by at most e x FLT_EPSILON (other order of summation, fused
 * multiply-add). Tests hold each row to its word.
 */
#ifndef SKC_KERNELS_KERNELS_H
#define SKC_KERNELS_KERNELS_H

#include "core/cpu.h"
#include "core/error.h"

/* One row of output pixels of a depthwise convolution. */
typedef struct skc_depthwise {
    int32_t channels;
    int32_t width_in, width_out;
    int32_t kernel_h, kernel_w;
    int32_t stride, dilation; /* along the row */
    int32_t pad_left;
} skc_depthwise;

/* One step of an optimiser over n values. */
typedef struct skc_sgd_step {
    float rate, momentum, decay; /* decay: L2 added to the gradient */
    float gradient_scale;        /* clipping and averaging */
} skc_sgd_step;

typedef struct skc_adamw_step {
    float rate, beta1, beta2, epsilon, decay; /* decay: decoupled, value *= 1 - rate x decay */
    float correction1, correction2;           /* 1 - beta^step */
    float gradient_scale;
} skc_adamw_step;

/* A product of a list of rows with a packed matrix: out[i] (n values) = clamp(sum + bias), for m
 * rows. Row i of the left matrix need not lie in one piece: it is `runs` pieces of `length` values,
 * piece r at left[i] + run[r]. A matrix has one run; a convolution has one for each kernel row, or
 * for each tap, of the window whose first pixel left[i] is. */
typedef struct skc_product {
    size_t              m, n;
    size_t              runs, length; /* k = runs length */
    const ptrdiff_t    *run;          /* [runs] */
    const float *const *left;         /* [m] */
    ptrdiff_t           left_offset;  /* added to each left[i] */
    const float        *right;        /* from pack_right */
    float *const       *out;          /* [m]; no two rows overlap */
    ptrdiff_t           out_offset;   /* added to each out[i] */
    bool                accumulate;   /* adds to what is in out, before the clamp */
    const float        *bias;         /* [n]; NULL: 0 */
    float               low, high;    /* -inf, inf: no clamp */
} skc_product;

/* The values of a right matrix (runs length, n) before packing: value j of row (r, l) stands at
 * from[run[r] + l length_step + j n_step]. */
typedef struct skc_right {
    size_t           runs, length, n;
    const ptrdiff_t *run; /* [runs] */
    ptrdiff_t        length_step, n_step;
    const float     *from;
} skc_right;

/* A sum of outer products: out (m, n) += sum over p of left[p] (m values) right[p] (n values). */
typedef struct skc_outer {
    size_t              m, n, pixels;
    const float *const *left;         /* [pixels] */
    ptrdiff_t           left_offset;  /* added to each left[p] */
    const float *const *right;        /* [pixels] */
    ptrdiff_t           right_offset; /* added to each right[p] */
    float              *out;
    size_t              ld; /* from a row of out to the next */
} skc_outer;

/* Floats of a packed (k, n) matrix, of every set: n is rounded up to whole vectors. */
static inline size_t skc__packed_size(size_t k, size_t n)
{
    return k * ((n + 15) / 16 * 16);
}

typedef struct skc_kernels {
    const char *name; /* "scalar", "avx2", "avx512" */

    /* c (m, n) = op(a) (m, k) op(b) (k, n) + beta c, row-major; op transposes where its flag says,
     * ld: elements from a row to the next as stored. beta 0: c is not read. bound k + 1. Any number
     * of threads may call it at a time. */
    void (*gemm)(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

    /* Writes skc__packed_size floats, in an order that is each set's own; the start should be
     * aligned to 64 bytes. exact */
    void (*pack_right)(const skc_right *right, float *packed);
    /* bound k + 2 */
    void (*product)(const skc_product *p);
    /* bound pixels + 1 */
    void (*outer)(const skc_outer *o);

    /* out = x + y; out may be x or y. exact */
    void (*add)(size_t n, const float *x, const float *y, float *out);
    /* out = x y; out may be x or y. exact */
    void (*multiply)(size_t n, const float *x, const float *y, float *out);
    /* y += a x. bound 2 */
    void (*axpy)(size_t n, float a, const float *x, float *y);
    /* x *= a. exact */
    void (*scale)(size_t n, float a, float *x);
    /* Sum of x y, summed in double. bound 4 */
    double (*dot)(size_t n, const float *x, const float *y);

    /* y = min(max(x, low), high); NaN stays NaN; y may be x. exact */
    void (*clamp)(size_t n, float low, float high, const float *x, float *y);
    /* dx = dy where low < y < high, else 0 (accumulate: dx += it); dx may be dy. exact */
    void (*clamp_backward)(size_t n, float low, float high, const float *y, const float *dy,
                           bool accumulate, float *dx);
    /* y (rows, c) = clamp(y + bias); bias NULL: 0. exact */
    void (*bias_clamp)(size_t rows, size_t c, const float *bias, float low, float high, float *y);
    /* y (rows, c) = clamp(x scale + shift), per channel; y may be x. bound 2 */
    void (*affine_clamp)(size_t rows, size_t c, const float *x, const float *scale,
                         const float *shift, float low, float high, float *y);

    /* sum[c] += over the rows of x (rows, c). bound rows, but at most 64 */
    void (*column_sums)(size_t rows, size_t c, const float *x, double *sum);
    /* sum[c] += x - about[c], square[c] += (x - about[c])^2: batch statistics about a guess of the
     * mean, so that the variance does not cancel. bound rows, at most 64 */
    void (*column_moments)(size_t rows, size_t c, const float *x, const float *about, double *sum,
                           double *square);
    /* sum_dy[c] += dy, sum_dy_x[c] += dy (x - mean[c]). bound rows, at most 64 */
    void (*column_products)(size_t rows, size_t c, const float *x, const float *mean,
                            const float *dy, double *sum_dy, double *sum_dy_x);
    /* dx = a[c] dy + b[c] x + d[c] (accumulate: dx += it); dx may be dy. bound 4 */
    void (*affine_pair)(size_t rows, size_t c, const float *a, const float *dy, const float *b,
                        const float *x, const float *d, bool accumulate, float *dx);

    /* Depthwise: rows[kernel_h] point at the input rows (width_in, channels) that this output row
     * reads, NULL where outside (zeros); weights (kernel_h, kernel_w, channels); bias NULL: 0.
     * y (width_out, channels) = clamp(sum + bias). bound kernel_h kernel_w + 1 */
    void (*depthwise_forward)(const skc_depthwise *g, const float *const *rows,
                              const float *weights, const float *bias, float low, float high,
                              float *y);
    /* dx_rows[kernel_h] (width_in, channels) += weights x dy; NULL rows are skipped.
     * bound kernel_w + 1 */
    void (*depthwise_backward_data)(const skc_depthwise *g, const float *dy, const float *weights,
                                    float *const *dx_rows);
    /* dw (kernel_h, kernel_w, channels) += rows x dy. bound width_out + 1 */
    void (*depthwise_backward_weights)(const skc_depthwise *g, const float *const *rows,
                                       const float *dy, float *dw);

    /* y (pixels, 3) = (x - mean) scale, each of 3 channels. bound 2 */
    void (*normalise)(size_t pixels, const float *x, const float mean[3], const float scale[3],
                      float *y);

    /* Nesterov as in PyTorch: g = gradient_scale grad + decay value; m = momentum m + g;
     * value -= rate (g + momentum m). bound 8 */
    void (*sgd)(size_t n, const skc_sgd_step *step, const float *gradient, float *momentum,
                float *value);
    /* AdamW (Loshchilov and Hutter, ICLR 2019). bound 16 */
    void (*adamw)(size_t n, const skc_adamw_step *step, const float *gradient, float *first,
                  float *second, float *value);
    /* average += (1 - decay) (value - average). bound 4 */
    void (*average)(size_t n, float decay, const float *value, float *average);
} skc_kernels;

extern const skc_kernels skc__kernels_scalar; /* complete, plain, the oracle of every kernel test */
void skc__kernels_avx2(skc_kernels *kernels); /* each overrides rows it has something better for */
void skc__kernels_avx512(skc_kernels *kernels);
void skc__kernels_openblas(skc_kernels *kernels); /* gemm */

/* Starts from the scalar table, then lets each set that the processor and the operating system
 * support override rows, up to the one named (NULL: all). Pure: same input, same table. "scalar"
 * is without OpenBLAS; NULL is with it on every processor. SKC_EINVAL for an unknown name,
 * SKC_EUNSUPPORTED for one not to be had. */
skc_status skc__kernels_for(skc_cpu cpu, const char *name, skc_kernels *out, skc_error *err);

/* The table that a runtime asks for on this processor. */
skc_status skc__kernels(const skc_runtime *runtime, skc_kernels *out, skc_error *err);

#endif
