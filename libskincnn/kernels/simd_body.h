/* simd_body.h - the element, column and optimiser rows, once for every vector width.
 *
 * avx2.c and avx512.c define `vec`, LANES and the operations that C has no sign for, then include
 * this. The end of a row of numbers is done with masked loads and stores, which touch no byte
 * beyond it. Rows that must be exact use the scalar set's operations in its order.
 */
#ifndef SKC_KERNELS_SIMD_BODY_H
#define SKC_KERNELS_SIMD_BODY_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Up to LANES floats of the `left` ones at p; zeros beyond. */
ALWAYS_INLINE vec get(const float *p, size_t left)
{
    return left >= LANES ? LOAD(p) : LOAD_PART(p, left);
}

ALWAYS_INLINE void put(float *p, size_t left, vec v)
{
    if (left >= LANES)
        STORE(p, v);
    else
        STORE_PART(p, left, v);
}

/* NaN stays, as does the sign of a zero at a bound. */
ALWAYS_INLINE vec clamped(vec v, vec low, vec high)
{
    return MIN(high, MAX(low, v));
}

/* ------------------------------------------------------------------ elements */

static void add(size_t n, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < n; i += LANES)
        put(out + i, n - i, get(x + i, n - i) + get(y + i, n - i));
}

static void multiply(size_t n, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < n; i += LANES)
        put(out + i, n - i, get(x + i, n - i) * get(y + i, n - i));
}

static void axpy(size_t n, float a, const float *x, float *y)
{
    for (size_t i = 0; i < n; i += LANES)
        put(y + i, n - i, FMA(SPLAT(a), get(x + i, n - i), get(y + i, n - i)));
}

static void scale(size_t n, float a, float *x)
{
    for (size_t i = 0; i < n; i += LANES)
        put(x + i, n - i, get(x + i, n - i) * SPLAT(a));
}

static double dot(size_t n, const float *x, const float *y)
{
    enum { HALF = LANES / 2 };
    vec_double even = { 0 }, odd = { 0 };
    double     part[HALF], sum   = 0;
    size_t     i = 0;

    for (; i + LANES <= n; i += LANES) {
        even = FMA_DOUBLES(LOAD_DOUBLES(x + i), LOAD_DOUBLES(y + i), even);
        odd  = FMA_DOUBLES(LOAD_DOUBLES(x + i + HALF), LOAD_DOUBLES(y + i + HALF), odd);
    }
    STORE_DOUBLES(part, even + odd);
    for (size_t k = 0; k < HALF; k++)
        sum += part[k];
    for (; i < n; i++)
        sum += (double)x[i] * (double)y[i];
    return sum;
}

static void clamp(size_t n, float low, float high, const float *x, float *y)
{
    for (size_t i = 0; i < n; i += LANES)
        put(y + i, n - i, clamped(get(x + i, n - i), SPLAT(low), SPLAT(high)));
}

static void clamp_backward(size_t n, float low, float high, const float *y, const float *dy,
                           bool accumulate, float *dx)
{
    for (size_t i = 0; i < n; i += LANES) {
        vec passed = KEEP_BETWEEN(SPLAT(low), get(y + i, n - i), SPLAT(high), get(dy + i, n - i));

        if (accumulate)
            passed += get(dx + i, n - i);
        put(dx + i, n - i, passed);
    }
}

static void bias_clamp(size_t rows, size_t c, const float *bias, float low, float high, float *y)
{
    if (bias == NULL) {
        clamp(rows * c, low, high, y, y);
        return;
    }
    for (size_t r = 0; r < rows; r++, y += c)
        for (size_t i = 0; i < c; i += LANES) {
            vec sum = get(y + i, c - i) + get(bias + i, c - i);

            put(y + i, c - i, clamped(sum, SPLAT(low), SPLAT(high)));
        }
}

static void affine_clamp(size_t rows, size_t c, const float *x, const float *factor,
                         const float *shift, float low, float high, float *y)
{
    for (size_t r = 0; r < rows; r++, x += c, y += c)
        for (size_t i = 0; i < c; i += LANES) {
            vec value = FMA(get(x + i, c - i), get(factor + i, c - i), get(shift + i, c - i));

            put(y + i, c - i, clamped(value, SPLAT(low), SPLAT(high)));
        }
}

static void affine_pair(size_t rows, size_t c, const float *a, const float *dy, const float *b,
                        const float *x, const float *d, bool accumulate, float *dx)
{
    for (size_t r = 0; r < rows; r++, x += c, dy += c, dx += c)
        for (size_t i = 0; i < c; i += LANES) {
            vec value = FMA(get(b + i, c - i), get(x + i, c - i), get(d + i, c - i));

            value = FMA(get(a + i, c - i), get(dy + i, c - i), value);
            if (accumulate)
                value += get(dx + i, c - i);
            put(dx + i, c - i, value);
        }
}

/* ------------------------------------------------------------------ columns */

/* Sums over columns are kept in floats for so many rows, in two chains, then added to the doubles:
 * the error stays that of FLUSH / 2 additions however many rows there are. */
enum { FLUSH = 64 };

ALWAYS_INLINE void flush(vec v, size_t left, double *sum)
{
    float part[LANES];

    STORE(part, v);
    for (size_t i = 0; i < LANES && i < left; i++)
        sum[i] += (double)part[i];
}

ALWAYS_INLINE size_t block(size_t rows)
{
    return rows < FLUSH ? rows : FLUSH;
}

static void column_sums(size_t rows, size_t c, const float *x, double *sum)
{
    for (; rows > 0; x += block(rows) * c, rows -= block(rows))
        for (size_t i = 0; i < c; i += LANES) {
            vec    even = SPLAT(0), odd = SPLAT(0);
            size_t n = block(rows), r = n % 2;

            if (r != 0)
                odd = get(x + i, c - i);
            for (; r < n; r += 2) {
                even += get(x + r * c + i, c - i);
                odd += get(x + (r + 1) * c + i, c - i);
            }
            flush(even + odd, c - i, sum + i);
        }
}

/* Sums of v and of v w. */
typedef struct column {
    vec sum, product;
} column;

ALWAYS_INLINE void gather(column *to, vec v, vec w)
{
    to->sum += v;
    to->product = FMA(v, w, to->product);
}

ALWAYS_INLINE void flush_both(column even, column odd, size_t left, double *sum, double *product)
{
    flush(even.sum + odd.sum, left, sum);
    flush(even.product + odd.product, left, product);
}

static void column_moments(size_t rows, size_t c, const float *x, const float *about, double *sum,
                           double *square)
{
    for (; rows > 0; x += block(rows) * c, rows -= block(rows))
        for (size_t i = 0; i < c; i += LANES) {
            const vec centre = get(about + i, c - i);
            column    even = { SPLAT(0), SPLAT(0) }, odd = even;
            size_t    n = block(rows), r = n % 2;

            if (r != 0) {
                const vec d = get(x + i, c - i) - centre;

                gather(&odd, d, d);
            }
            for (; r < n; r += 2) {
                const vec d = get(x + r * c + i, c - i) - centre;
                const vec e = get(x + (r + 1) * c + i, c - i) - centre;

                gather(&even, d, d);
                gather(&odd, e, e);
            }
            flush_both(even, odd, c - i, sum + i, square + i);
        }
}

static void column_products(size_t rows, size_t c, const float *x, const float *mean,
                            const float *dy, double *sum_dy, double *sum_dy_x)
{
    for (; rows > 0; x += block(rows) * c, dy += block(rows) * c, rows -= block(rows))
        for (size_t i = 0; i < c; i += LANES) {
            const vec centre = get(mean + i, c - i);
            column    even = { SPLAT(0), SPLAT(0) }, odd = even;
            size_t    n = block(rows), r = n % 2;

            if (r != 0)
                gather(&odd, get(dy + i, c - i), get(x + i, c - i) - centre);
            for (; r < n; r += 2) {
                const size_t p = r * c + i, q = p + c;

                gather(&even, get(dy + p, c - i), get(x + p, c - i) - centre);
                gather(&odd, get(dy + q, c - i), get(x + q, c - i) - centre);
            }
            flush_both(even, odd, c - i, sum_dy + i, sum_dy_x + i);
        }
}

/* ------------------------------------------------------------------ input and optimisers */

static void normalise(size_t pixels, const float *x, const float mean[3], const float factor[3],
                      float *y)
{
    float  means[3 * LANES], factors[3 * LANES];
    size_t n = 3 * pixels;

    for (size_t i = 0; i < 3 * LANES; i++) {
        means[i]   = mean[i % 3];
        factors[i] = factor[i % 3];
    }
    for (size_t i = 0, k = 0; i < n; i += LANES, k = (k + LANES) % (3 * LANES))
        put(y + i, n - i, (get(x + i, n - i) - LOAD(means + k)) * LOAD(factors + k));
}

static void sgd(size_t n, const skc_sgd_step *step, const float *gradient, float *momentum,
                float *value)
{
    const vec rate = SPLAT(-step->rate), factor = SPLAT(step->momentum);
    const vec decay = SPLAT(step->decay), gradient_scale = SPLAT(step->gradient_scale);

    for (size_t i = 0; i < n; i += LANES) {
        vec old = get(value + i, n - i);
        vec g   = FMA(gradient_scale, get(gradient + i, n - i), decay * old);
        vec m   = FMA(factor, get(momentum + i, n - i), g);

        put(momentum + i, n - i, m);
        put(value + i, n - i, FMA(rate, FMA(factor, m, g), old));
    }
}

static void adamw(size_t n, const skc_adamw_step *step, const float *gradient, float *first,
                  float *second, float *value)
{
    const skc_adamw_step s     = *step;
    const vec            beta1 = SPLAT(s.beta1), beta2 = SPLAT(s.beta2);
    const vec            rest1 = SPLAT(1 - s.beta1), rest2 = SPLAT(1 - s.beta2);
    const vec            rate = SPLAT(s.rate), kept = SPLAT(1 - s.rate * s.decay);

    for (size_t i = 0; i < n; i += LANES) {
        vec g = SPLAT(s.gradient_scale) * get(gradient + i, n - i);
        vec m = FMA(beta1, get(first + i, n - i), rest1 * g);
        vec v = FMA(beta2, get(second + i, n - i), rest2 * g * g);
        vec d = SQRT(v / SPLAT(s.correction2)) + SPLAT(s.epsilon);

        put(first + i, n - i, m);
        put(second + i, n - i, v);
        put(value + i, n - i,
            FMA(kept, get(value + i, n - i), -(rate * (m / SPLAT(s.correction1)) / d)));
    }
}

static void average(size_t n, float decay, const float *value, float *mean)
{
    for (size_t i = 0; i < n; i += LANES) {
        vec old = get(mean + i, n - i);

        put(mean + i, n - i, FMA(SPLAT(1 - decay), get(value + i, n - i) - old, old));
    }
}

static void override_elements(skc_kernels *kernels)
{
    kernels->add             = add;
    kernels->multiply        = multiply;
    kernels->axpy            = axpy;
    kernels->scale           = scale;
    kernels->dot             = dot;
    kernels->clamp           = clamp;
    kernels->clamp_backward  = clamp_backward;
    kernels->bias_clamp      = bias_clamp;
    kernels->affine_clamp    = affine_clamp;
    kernels->affine_pair     = affine_pair;
    kernels->column_sums     = column_sums;
    kernels->column_moments  = column_moments;
    kernels->column_products = column_products;
    kernels->normalise       = normalise;
    kernels->sgd             = sgd;
    kernels->adamw           = adamw;
    kernels->average         = average;
}

#endif
