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
#include "kernels/int8.h"
#include "kernels/winograd.h"

/* Values that will be read soon: a kernel that says so has them brought into the caches while it
 * computes. No result depends on it. */
typedef struct skc_ahead {
    const float *at;
    size_t       count;
} skc_ahead;

enum { SKC_AHEAD = 3, SKC_DEPTHWISE_LIST = 128 };

/* One row of pixels made by a depthwise convolution, forward or transposed. Tap k of output pixel
 * ox falls on input pixel ox stride + k dilation - pad_left; outside 0..width_in-1 are zeros. */
typedef struct skc_depthwise {
    int32_t      channels;
    int32_t      width_in, width_out; /* pixels */
    int32_t      taps;                /* along the row */
    int32_t      stride, dilation, pad_left;
    int32_t      weight_step;      /* pixels of weights from tap k to k + 1; may be negative */
    int32_t      out_step;         /* pixels of y from output pixel ox to ox + 1 */
    bool         accumulate;       /* adds to y, before the clamp; bias is NULL */
    bool         stream;           /* y will not be read soon: where it can be, past the caches */
    const float *bias;             /* [channels]; NULL: 0 */
    float        low, high;        /* -inf, inf: no clamp */
    skc_ahead    ahead[SKC_AHEAD]; /* the first `count` that is 0 ends it */
} skc_depthwise;

/* One row of output pixels of max pooling. */
typedef struct skc_max_pool {
    int32_t channels;
    int32_t width_in, width_out;
    int32_t kernel_h, kernel_w;
    int32_t stride, dilation; /* along the row */
    int32_t pad_left;
    /* backward: */
    bool    disjoint;  /* no pixel is under two windows: dx is written, not added to */
    float   low, high; /* what of dy counts, by the output: -inf, inf: all */
} skc_max_pool;

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

/* What masked_affine computes: a[c] kept + b[c] z + d[c], with a NULL just kept; kept = dy where
 * low < z scale[c] + shift[c] < high (scale NULL: low < z < high), else 0. */
typedef struct skc_masked_affine {
    const float *a, *b, *d;     /* [c] */
    const float *scale, *shift; /* [c] */
    float        low, high;
} skc_masked_affine;

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
    skc_ahead          *ahead; /* [SKC_AHEAD], what is brought is taken off them; may be NULL */
    bool stream; /* out will not be read soon: where it can be, past the caches; each row of out
                    begins a cache line then, and n is whole lines */
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
    size_t              ld;    /* from a row of out to the next */
    skc_ahead          *ahead; /* [SKC_AHEAD], what is brought is taken off them; may be NULL */
} skc_outer;

/* A picture (height, width, 3) as an affine map looks at it: output pixel (column, row) shows the
 * place matrix x (column + 0.5, row + 0.5, 1), in pixels with centres at +0.5. */
typedef struct skc_sample {
    const uint8_t *pixels;
    int32_t        width, height;
    float          matrix[2][3];
} skc_sample;

/* A pick of one byte out of 16 as byte shuffles read it: it, and zeros for the rest of a word. */
#define SKC_ONE_BYTE 0x80808000u

/* How rows of bytes are mixed across: value i is l + share[i] (r - l), where l and r are two of the
 * 16 bytes of the row that begin at at[i / 4]. All lists are filled up to a multiple of 16 values,
 * with what may be read but is not written. */
typedef struct skc_row_mix {
    size_t          n;
    const int32_t  *at;           /* [n / 4] */
    const uint32_t *left, *right; /* [n]; SKC_ONE_BYTE + 0..15 */
    const float    *share;        /* [n] */
} skc_row_mix;

/* What happens to colours: new = clamp(matrix x (R, G, B) + offset, 0, 255). */
typedef struct skc_colour_mix {
    float matrix[3][3], offset;
} skc_colour_mix;

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

    /* Writes at most skc__packed_size floats, in an order that is each set's own; the start should
     * be aligned to 64 bytes. exact */
    void (*pack_right)(const skc_right *right, float *packed);
    /* bound k + 2 */
    void (*product)(const skc_product *p);
    /* bound pixels + 1 */
    void (*outer)(const skc_outer *o);

    /* Transforms of F(4x4, 3x3), winograd.h. Their bounds are relative to the sums of magnitudes
     * that the matrices' magnitudes give. row[6]: the rows of the windows; v: B' x B. bound 16 */
    void (*winograd_input)(const skc_winograd_tiles *tiles, const float *const row[6], float *v);
    /* row[4]: where a tile's rows of outputs begin, NULL: not wanted; they get A' m A. bound 20 */
    void (*winograd_output)(const skc_winograd_tiles *tiles, const float *m,
                            const skc_winograd_finish *finish, float *const row[4]);
    /* row[4]: the rows of the outputs' gradients; y: A x A'. bound 16 */
    void (*winograd_gradient)(const skc_winograd_tiles *tiles, const float *const row[4], float *y);
    /* u: G g G'. bound 16 */
    void (*winograd_filters)(const skc_winograd_filters *filters, const float *g, float *u);
    /* dg += G' du G. bound 20 */
    void (*winograd_filters_gradient)(const skc_winograd_filters *filters, const float *du,
                                      float *dg);

    /* out = x + y; out may be x or y. exact */
    void (*add)(size_t n, const float *x, const float *y, float *out);
    /* y = x, past the caches where a set can: y will not be read soon. exact */
    void (*copy_far)(size_t n, const float *x, float *y);
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
    /* The same of what masked_affine keeps of dy; a, b, d of the map are not read. bound rows, at
     * most 64, but where x scale + shift is within 2 FLT_EPSILON (|x scale| + |shift|) of a bound
     */
    void (*masked_products)(size_t rows, size_t c, const skc_masked_affine *map, const float *x,
                            const float *mean, const float *dy, double *sum_dy, double *sum_dy_x);
    /* dx = a[c] dy + b[c] x + d[c] (accumulate: dx += it); dx may be dy. bound 4 */
    void (*affine_pair)(size_t rows, size_t c, const float *a, const float *dy, const float *b,
                        const float *x, const float *d, bool accumulate, float *dx);
    /* dz (rows, c): a gradient taken back through an affine map and a clamp behind z; dz may be dy.
     * bound 4, but where z scale + shift is within 2 FLT_EPSILON (|z scale| + |shift|) of a bound
     */
    void (*masked_affine)(size_t rows, size_t c, const skc_masked_affine *map, const float *dy,
                          const float *z, float *dz);

    /* y[ox out_step] = clamp(bias + sum over r, k of weights[r][k weight_step] times the pixel of
     * rows[r] under tap k), channel by channel. rows[n] (width_in, channels) and weights[n] belong
     * together; n may be 0. bound n taps + 2 */
    void (*depthwise)(const skc_depthwise *g, int32_t n, const float *const *rows,
                      const float *const *weights, float *y);
    /* `count` such rows, one after the other in y, each with the bits that it has alone. Row j
     * reads rows[j n + r], NULL where outside, with the weights from r taps channels on; count n is
     * at most SKC_DEPTHWISE_LIST. weight_step and out_step are 1, accumulate is false. */
    void (*depthwise_rows)(const skc_depthwise *g, int32_t count, int32_t n,
                           const float *const *rows, const float *weights, float *y);
    /* dw (n, taps, channels) += rows x dy (width_out, channels), of the same taps.
     * bound width_out + 1 */
    void (*depthwise_weights)(const skc_depthwise *g, int32_t n, const float *const *rows,
                              const float *dy, float *dw);

    /* One row of `count` pixels: bilinear, the picture mirrored at its border. 0..255. exact */
    void (*sample)(const skc_sample *s, int32_t row, int32_t count, float *out);
    /* The same in two steps, for maps that leave rows rows: a row of the picture is mixed across to
     * out (mix->n), two of these are mixed down: out = above + share (below - above). exact */
    void (*mix_across)(const skc_row_mix *mix, const uint8_t *row, float *out);
    void (*mix_down)(size_t n, float share, const float *above, const float *below, float *out);
    /* x (pixels, 3) becomes the mix of itself. exact */
    void (*mix_colours)(size_t pixels, const skc_colour_mix *mix, float *x);
    /* sum[c] of 256 x (pixels, 3), cut to whole numbers; x 0..255. exact */
    void (*sum_colours)(size_t pixels, const float *x, int64_t sum[3]);
    /* out[i] = sum over t of weight[t] rows[t stride + i], the taps in their order. exact */
    void (*blend_rows)(size_t n, size_t taps, const float *weight, const uint8_t *rows,
                       size_t stride, float *out);
    /* out (count, 3): pixel i is the sum over t of weight[i taps + t] x pixel first[i] + t of
     * `row`, the taps in their order, rounded, at most 255; weights and row are not negative. One
     * float behind the last pixel that is named is read. exact */
    void (*blend_pixels)(size_t count, size_t taps, const int32_t *first, const float *weight,
                         const float *row, uint8_t *out);
    /* JPEG's colours (ITU-T T.871) in stb_image's fixed point: out (n, 3). exact */
    void (*colour_rgb)(size_t n, const uint8_t *luma, const uint8_t *blue, const uint8_t *red,
                       uint8_t *out);

    /* Max pooling, dilation 1: rows[kernel_h] point at the input rows (width_in, channels) that
     * this output row y (width_out, channels) reads, NULL where outside; NaN wins. chosen
     * (width_out, channels), may be NULL: the tap ky kernel_w + kx that y comes from, the first of
     * equal ones. exact */
    void (*max_pool_forward)(const skc_max_pool *g, const float *const *rows, float *y,
                             uint16_t *chosen);
    /* dx_rows[kernel_h] (width_in, channels) += dy at the chosen taps, where low < y < high; y is
     * not read where that is everything. Disjoint: dx_rows = dy at the chosen taps, 0 at the
     * others. exact */
    void (*max_pool_backward)(const skc_max_pool *g, const uint16_t *chosen, const float *y,
                              const float *dy, float *const *dx_rows);

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

    skc_int8_kernels int8; /* of quantised networks; "avx512" has VNNI's where the processor has */
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
