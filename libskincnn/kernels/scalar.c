/* scalar.c - every row of the kernel table in plain C: the reference that the other sets are held
 * to.
 *
 * Complete, portable, and compiled without fused multiply-add (-ffp-contract=off), so that its bits
 * are the same everywhere. Loops are laid out so that a compiler vectorises them by itself.
 */
#include "kernels/max_pool.h"
#include "kernels/picture.h"
#include "kernels/product.h"

#include <math.h>
#include <string.h>

/* NaN compares false twice and stays. */
static inline float clamped(float x, float low, float high)
{
    float above = x < low ? low : x;

    return above > high ? high : above;
}

static void add(size_t n, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = x[i] + y[i];
}

static void copy_far(size_t n, const float *x, float *y)
{
    memcpy(y, x, n * sizeof *y);
}

static void axpy(size_t n, float a, const float *restrict x, float *restrict y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static void scale(size_t n, float a, float *x)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= a;
}

static double dot(size_t n, const float *x, const float *y)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static void clamp(size_t n, float low, float high, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = clamped(x[i], low, high);
}

static void clamp_backward(size_t n, float low, float high, const float *y, const float *dy,
                           bool accumulate, float *dx)
{
    for (size_t i = 0; i < n; i++) {
        float passed = low < y[i] && y[i] < high ? dy[i] : 0;

        dx[i] = accumulate ? dx[i] + passed : passed;
    }
}

static void bias_clamp(size_t rows, size_t c, const float *restrict bias, float low, float high,
                       float *restrict y)
{
    if (bias == NULL) {
        clamp(rows * c, low, high, y, y);
        return;
    }
    for (size_t r = 0; r < rows; r++, y += c)
        for (size_t i = 0; i < c; i++)
            y[i] = clamped(y[i] + bias[i], low, high);
}

static void affine_clamp(size_t rows, size_t c, const float *x, const float *restrict factor,
                         const float *restrict shift, float low, float high, float *y)
{
    for (size_t r = 0; r < rows; r++, x += c, y += c)
        for (size_t i = 0; i < c; i++)
            y[i] = clamped(x[i] * factor[i] + shift[i], low, high);
}

/* ------------------------------------------------------------------ columns */

static void column_sums(size_t rows, size_t c, const float *restrict x, double *restrict sum)
{
    for (size_t r = 0; r < rows; r++, x += c)
        for (size_t i = 0; i < c; i++)
            sum[i] += (double)x[i];
}

static void column_moments(size_t rows, size_t c, const float *restrict x,
                           const float *restrict about, double *restrict sum,
                           double *restrict square)
{
    for (size_t r = 0; r < rows; r++, x += c)
        for (size_t i = 0; i < c; i++) {
            double d = (double)(x[i] - about[i]);

            sum[i] += d;
            square[i] += d * d;
        }
}

static void column_products(size_t rows, size_t c, const float *restrict x,
                            const float *restrict mean, const float *restrict dy,
                            double *restrict sum_dy, double *restrict sum_dy_x)
{
    for (size_t r = 0; r < rows; r++, x += c, dy += c)
        for (size_t i = 0; i < c; i++) {
            sum_dy[i] += (double)dy[i];
            sum_dy_x[i] += (double)dy[i] * (double)(x[i] - mean[i]);
        }
}

/* What a map keeps of dy. */
static inline float kept(const skc_masked_affine *map, size_t i, float z, float dy)
{
    float y = map->scale == NULL ? z : z * map->scale[i] + map->shift[i];

    return map->low < y && y < map->high ? dy : 0;
}

static void masked_products(size_t rows, size_t c, const skc_masked_affine *map,
                            const float *restrict x, const float *restrict mean,
                            const float *restrict dy, double *restrict sum_dy,
                            double *restrict sum_dy_x)
{
    for (size_t r = 0; r < rows; r++, x += c, dy += c)
        for (size_t i = 0; i < c; i++) {
            double g = (double)kept(map, i, x[i], dy[i]);

            sum_dy[i] += g;
            sum_dy_x[i] += g * (double)(x[i] - mean[i]);
        }
}

static void affine_pair(size_t rows, size_t c, const float *restrict a, const float *dy,
                        const float *restrict b, const float *restrict x, const float *restrict d,
                        bool accumulate, float *dx)
{
    for (size_t r = 0; r < rows; r++, x += c, dy += c, dx += c)
        for (size_t i = 0; i < c; i++) {
            float value = a[i] * dy[i] + b[i] * x[i] + d[i];

            dx[i] = accumulate ? dx[i] + value : value;
        }
}

static void masked_affine(size_t rows, size_t c, const skc_masked_affine *map, const float *dy,
                          const float *z, float *dz)
{
    const skc_masked_affine m = *map;

    for (size_t r = 0; r < rows; r++, dy += c, z += c, dz += c)
        for (size_t i = 0; i < c; i++) {
            float g = kept(&m, i, z[i], dy[i]);

            dz[i] = m.a == NULL ? g : m.a[i] * g + m.b[i] * z[i] + m.d[i];
        }
}

/* ------------------------------------------------------------------ depthwise */

/* The pixel of a row that tap k of output pixel ox falls on; NULL: it is outside. */
static inline const float *tap(const skc_depthwise *g, const float *row, int32_t ox, int32_t k)
{
    int64_t x = (int64_t)ox * g->stride + (int64_t)k * g->dilation - g->pad_left;

    return x >= 0 && x < g->width_in ? row + x * g->channels : NULL;
}

static inline void multiply_add(size_t c, const float *restrict x, const float *restrict y,
                                float *restrict out)
{
    for (size_t i = 0; i < c; i++)
        out[i] += x[i] * y[i];
}

static void depthwise(const skc_depthwise *g, int32_t n, const float *const *rows,
                      const float *const *weights, float *y)
{
    const ptrdiff_t c = g->channels;

    for (int32_t ox = 0; ox < g->width_out; ox++, y += g->out_step * c) {
        if (!g->accumulate)
            memset(y, 0, (size_t)c * sizeof *y);
        for (int32_t r = 0; r < n; r++)
            for (int32_t k = 0; k < g->taps; k++) {
                const float *x = tap(g, rows[r], ox, k);

                if (x != NULL)
                    multiply_add((size_t)c, weights[r] + k * g->weight_step * c, x, y);
            }
        bias_clamp(1, (size_t)c, g->bias, g->low, g->high, y);
    }
}

static void depthwise_rows(const skc_depthwise *g, int32_t count, int32_t n,
                           const float *const *rows, const float *weights, float *y)
{
    const float *inside[SKC_DEPTHWISE_LIST], *with[SKC_DEPTHWISE_LIST];

    for (int32_t j = 0; j < count;
         j++, rows += n, y += (size_t)g->width_out * (size_t)g->channels) {
        int32_t m = 0;

        for (int32_t r = 0; r < n; r++)
            if (rows[r] != NULL) {
                inside[m] = rows[r];
                with[m++] = weights + (size_t)r * (size_t)g->taps * (size_t)g->channels;
            }
        depthwise(g, m, inside, with, y);
    }
}

static void depthwise_weights(const skc_depthwise *g, int32_t n, const float *const *rows,
                              const float *dy, float *dw)
{
    const ptrdiff_t c = g->channels;

    for (int32_t r = 0; r < n; r++)
        for (int32_t k = 0; k < g->taps; k++, dw += c)
            for (int32_t ox = 0; ox < g->width_out; ox++) {
                const float *x = tap(g, rows[r], ox, k);

                if (x != NULL)
                    multiply_add((size_t)c, x, dy + ox * c, dw);
            }
}

/* ------------------------------------------------------------------ input and optimisers */

static void normalise(size_t pixels, const float *restrict x, const float mean[3],
                      const float factor[3], float *restrict y)
{
    for (size_t i = 0; i < pixels; i++)
        for (size_t c = 0; c < 3; c++)
            y[3 * i + c] = (x[3 * i + c] - mean[c]) * factor[c];
}

static void sgd(size_t n, const skc_sgd_step *step, const float *restrict gradient,
                float *restrict momentum, float *restrict value)
{
    for (size_t i = 0; i < n; i++) {
        float g = step->gradient_scale * gradient[i] + step->decay * value[i];
        float m = step->momentum * momentum[i] + g;

        momentum[i] = m;
        value[i] -= step->rate * (g + step->momentum * m);
    }
}

static void adamw(size_t n, const skc_adamw_step *step, const float *restrict gradient,
                  float *restrict first, float *restrict second, float *restrict value)
{
    const skc_adamw_step s = *step;

    for (size_t i = 0; i < n; i++) {
        float g = s.gradient_scale * gradient[i];
        float m = s.beta1 * first[i] + (1 - s.beta1) * g;
        float v = s.beta2 * second[i] + (1 - s.beta2) * g * g;

        first[i]  = m;
        second[i] = v;
        value[i]  = value[i] * (1 - s.rate * s.decay) -
                   s.rate * (m / s.correction1) / (sqrtf(v / s.correction2) + s.epsilon);
    }
}

static void average(size_t n, float decay, const float *restrict value, float *restrict mean)
{
    for (size_t i = 0; i < n; i++)
        mean[i] += (1 - decay) * (value[i] - mean[i]);
}

/* ------------------------------------------------------------------ gemm */

/* Blocks of the product, as in Goto and van de Geijn (ACM TOMS 34(3), 2008): a panel of op(b) is
 * copied to the stack so that a tile of c, which fits the registers of any processor, streams
 * through memory in order. 32 KiB and 4 KiB: the first-level cache. */
enum { DEPTH = 256, PANEL = 32, TILE_M = 4, TILE_N = 8 };

typedef struct operand { /* op(matrix): element (i, j) is at data[i row + j column] */
    const float *data;
    size_t       row, column;
} operand;

static operand view(bool transpose, const float *data, size_t ld)
{
    return transpose ? (operand){ data, 1, ld } : (operand){ data, ld, 1 };
}

/* packed (depth, tile) = columns of x from `first`, `count` of them, zeros beyond. */
static void pack(operand x, size_t depth, size_t count, size_t tile, float *packed)
{
    for (size_t k = 0; k < depth; k++, packed += tile)
        for (size_t j = 0; j < tile; j++)
            packed[j] = j < count ? x.data[k * x.row + j * x.column] : 0;
}

/* c (m, n) += a (depth, TILE_M) transposed x b (depth, TILE_N). */
static void multiply_tile(size_t depth, const float *restrict a, const float *restrict b, size_t m,
                          size_t n, float *restrict c, size_t ldc)
{
    float sum[TILE_M][TILE_N] = { { 0 } };

    for (size_t k = 0; k < depth; k++, a += TILE_M, b += TILE_N)
        for (size_t i = 0; i < TILE_M; i++)
            for (size_t j = 0; j < TILE_N; j++)
                sum[i][j] += a[i] * b[j];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[i * ldc + j] += sum[i][j];
}

static inline size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* c (m, n) += a (m, depth) x b (depth, n), n at most PANEL and depth at most DEPTH. */
static void multiply_panel(size_t m, size_t n, size_t depth, operand a, operand b, float *c,
                           size_t ldc)
{
    float packed_b[DEPTH * PANEL], packed_a[DEPTH * TILE_M];

    for (size_t j = 0; j < n; j += TILE_N) {
        operand columns = { b.data + j * b.column, b.row, b.column };

        pack(columns, depth, n - j, TILE_N, packed_b + j * depth);
    }
    for (size_t i = 0; i < m; i += TILE_M) {
        operand columns = { a.data + i * a.row, a.column, a.row };

        pack(columns, depth, m - i, TILE_M, packed_a);
        for (size_t j = 0; j < n; j += TILE_N)
            multiply_tile(depth, packed_a, packed_b + j * depth, least(TILE_M, m - i),
                          least(TILE_N, n - j), c + i * ldc + j, ldc);
    }
}

static void gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    const operand x = view(transpose_a, a, lda), y = view(transpose_b, b, ldb);

    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++)
            c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
    for (size_t p = 0; p < k; p += DEPTH)
        for (size_t j = 0; j < n; j += PANEL) {
            operand left  = { x.data + p * x.column, x.row, x.column };
            operand right = { y.data + p * y.row + j * y.column, y.row, y.column };

            multiply_panel(m, least(PANEL, n - j), least(DEPTH, k - p), left, right, c + j, ldc);
        }
}

const skc_kernels skc__kernels_scalar = {
    .name                      = "scalar",
    .gemm                      = gemm,
    .pack_right                = skc__scalar_pack_right,
    .product                   = skc__scalar_product,
    .outer                     = skc__scalar_outer,
    .winograd_input            = skc__scalar_winograd_input,
    .winograd_output           = skc__scalar_winograd_output,
    .winograd_gradient         = skc__scalar_winograd_gradient,
    .winograd_filters          = skc__scalar_winograd_filters,
    .winograd_filters_gradient = skc__scalar_winograd_filters_gradient,
    .add                       = add,
    .copy_far                  = copy_far,
    .axpy                      = axpy,
    .scale                     = scale,
    .dot                       = dot,
    .clamp                     = clamp,
    .clamp_backward            = clamp_backward,
    .bias_clamp                = bias_clamp,
    .affine_clamp              = affine_clamp,
    .column_sums               = column_sums,
    .column_moments            = column_moments,
    .column_products           = column_products,
    .masked_products           = masked_products,
    .affine_pair               = affine_pair,
    .masked_affine             = masked_affine,
    .max_pool_forward          = skc__scalar_max_pool_forward,
    .max_pool_backward         = skc__scalar_max_pool_backward,
    .depthwise                 = depthwise,
    .depthwise_rows            = depthwise_rows,
    .depthwise_weights         = depthwise_weights,
    .sample                    = skc__scalar_sample,
    .mix_across                = skc__scalar_mix_across,
    .mix_down                  = skc__scalar_mix_down,
    .mix_colours               = skc__scalar_mix_colours,
    .sum_colours               = skc__scalar_sum_colours,
    .blend_rows                = skc__scalar_blend_rows,
    .blend_pixels              = skc__scalar_blend_pixels,
    .colour_rgb                = skc__scalar_colour_rgb,
    .normalise                 = normalise,
    .sgd                       = sgd,
    .adamw                     = adamw,
    .average                   = average,
    .int8                      = SKC_INT8_SCALAR,
};
