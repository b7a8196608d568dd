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

static void copy_far(size_t n, const float *x, float *y)
{
    size_t i = 0;

    for (; i < n && (uintptr_t)(y + i) % sizeof(vec) != 0; i++)
        y[i] = x[i];
    for (; i + LANES <= n; i += LANES)
        STREAM(y + i, LOAD(x + i));
    for (; i < n; i++)
        y[i] = x[i];
    STREAM_END();
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

enum { PAGE_AHEAD = 1024 }; /* floats: a page, what the processor does not foresee */

static void affine_clamp(size_t rows, size_t c, const float *x, const float *factor,
                         const float *shift, float low, float high, float *y)
{
    for (size_t r = 0; r < rows; r++, x += c, y += c)
        for (size_t i = 0; i < c; i += LANES) {
            __builtin_prefetch(x + i + PAGE_AHEAD);
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

ALWAYS_INLINE void masked_affine_rows(size_t rows, size_t c, const skc_masked_affine *map,
                                      const float *dy, const float *z, float *dz, bool scaled,
                                      bool mapped)
{
    const skc_masked_affine m   = *map;
    const vec               low = SPLAT(m.low), high = SPLAT(m.high);

    for (size_t r = 0; r < rows; r++, dy += c, z += c, dz += c)
        for (size_t i = 0; i < c; i += LANES) {
            const size_t left = c - i;
            const vec    from = get(z + i, left);

            __builtin_prefetch(dy + i + PAGE_AHEAD);
            __builtin_prefetch(z + i + PAGE_AHEAD);
            const vec y = scaled ? FMA(from, get(m.scale + i, left), get(m.shift + i, left)) : from;
            vec       value = KEEP_BETWEEN(low, y, high, get(dy + i, left));

            if (mapped)
                value = FMA(get(m.a + i, left), value,
                            FMA(get(m.b + i, left), from, get(m.d + i, left)));
            put(dz + i, left, value);
        }
}

static void masked_affine(size_t rows, size_t c, const skc_masked_affine *map, const float *dy,
                          const float *z, float *dz)
{
    if (map->scale != NULL && map->a != NULL)
        masked_affine_rows(rows, c, map, dy, z, dz, true, true);
    else if (map->scale != NULL)
        masked_affine_rows(rows, c, map, dy, z, dz, true, false);
    else if (map->a != NULL)
        masked_affine_rows(rows, c, map, dy, z, dz, false, true);
    else
        masked_affine_rows(1, rows * c, map, dy, z, dz, false, false);
}

/* ------------------------------------------------------------------ columns */

/* Sums over columns are kept in floats for so many rows, then added to the doubles: the error stays
 * that of FLUSH additions however many rows there are. A strip is up to WIDE vectors side by side,
 * whose sums stay in registers; while it is read, the same place of the next rows is fetched from
 * memory, which the processor does not foresee by itself. */
enum { FLUSH = 64, WIDE = LANES == 16 ? 4 : 2 };

ALWAYS_INLINE size_t block(size_t rows)
{
    return rows < FLUSH ? rows : FLUSH;
}

/* What is summed: x; d = x - about and d d; dy and dy d; what a map keeps of dy, and that times d.
 */
typedef enum summed { VALUES, MOMENTS, PRODUCTS, MASKED } summed;

typedef struct columns {
    size_t                   rows, c;
    const float             *x, *about, *dy;
    const skc_masked_affine *map;
    double                  *sum, *product;
} columns;

typedef struct column_strip {
    vec centre, scale, shift; /* of a column */
    vec sum, product;
} column_strip;

/* What a map keeps of dy. */
ALWAYS_INLINE vec kept(const skc_masked_affine *map, vec factor, vec shift, vec z, vec dy)
{
    const vec y = map->scale != NULL ? FMA(z, factor, shift) : z;

    return KEEP_BETWEEN(SPLAT(map->low), y, SPLAT(map->high), dy);
}

ALWAYS_INLINE column_strip start_columns(const columns *s, summed what, size_t i)
{
    const size_t left = s->c - i;
    const vec    zero = SPLAT(0);
    column_strip t    = { zero, zero, zero, zero, zero };

    if (what != VALUES)
        t.centre = get(s->about + i, left);
    if (what == MASKED && s->map->scale != NULL) {
        t.scale = get(s->map->scale + i, left);
        t.shift = get(s->map->shift + i, left);
    }
    return t;
}

/* Value `at` of x and dy. */
ALWAYS_INLINE void gather(column_strip *t, const columns *s, summed what, size_t at, size_t left)
{
    const vec x = get(s->x + at, left);

    if (what == VALUES) {
        t->sum += x;
        return;
    }
    const vec d = x - t->centre;
    const vec v = what == MOMENTS    ? d
                  : what == PRODUCTS ? get(s->dy + at, left)
                                     : kept(s->map, t->scale, t->shift, x, get(s->dy + at, left));

    t->sum += v;
    t->product = FMA(v, d, t->product);
}

ALWAYS_INLINE void flush(vec v, size_t left, double *sum)
{
    float part[LANES];

    STORE(part, v);
    if (left >= LANES) { /* so that the compiler knows how many there are */
        for (size_t i = 0; i < LANES; i++)
            sum[i] += (double)part[i];
        return;
    }
    for (size_t i = 0; i < left; i++)
        sum[i] += (double)part[i];
}

/* `rows` rows of `vectors` vectors from column i on; whole: none of them is cut. */
ALWAYS_INLINE void sum_some(const columns *s, summed what, size_t i, size_t vectors, bool whole)
{
    column_strip t[WIDE];
    const size_t rows = block(s->rows), ahead = s->rows > rows ? rows * s->c : 0;

    for (size_t v = 0; v < vectors; v++)
        t[v] = start_columns(s, what, i + v * LANES);
    for (size_t r = 0; r < rows; r++)
        for (size_t v = 0; v < vectors; v++) {
            const size_t at = r * s->c + i + v * LANES;

            __builtin_prefetch(s->x + at + ahead, 0, 2);
            if (what == PRODUCTS || what == MASKED)
                __builtin_prefetch(s->dy + at + ahead, 0, 2);
            gather(&t[v], s, what, at, whole ? LANES : s->c - i);
        }
    for (size_t v = 0; v < vectors; v++) {
        const size_t at = i + v * LANES;

        flush(t[v].sum, s->c - at, s->sum + at);
        if (what != VALUES)
            flush(t[v].product, s->c - at, s->product + at);
    }
}

ALWAYS_INLINE void sum_columns(columns s, summed what)
{
    for (; s.rows > 0; s.x += block(s.rows) * s.c, s.rows -= block(s.rows)) {
        size_t i = 0;

        for (; i + WIDE * LANES <= s.c; i += WIDE * LANES)
            sum_some(&s, what, i, WIDE, true);
        for (; i + LANES <= s.c; i += LANES)
            sum_some(&s, what, i, 1, true);
        if (i < s.c)
            sum_some(&s, what, i, 1, false);
        if (what == PRODUCTS || what == MASKED)
            s.dy += block(s.rows) * s.c;
    }
}

static void column_sums(size_t rows, size_t c, const float *x, double *sum)
{
    sum_columns((columns){ .rows = rows, .c = c, .x = x, .sum = sum }, VALUES);
}

static void column_moments(size_t rows, size_t c, const float *x, const float *about, double *sum,
                           double *square)
{
    sum_columns((columns){ rows, c, x, about, NULL, NULL, sum, square }, MOMENTS);
}

static void column_products(size_t rows, size_t c, const float *x, const float *mean,
                            const float *dy, double *sum_dy, double *sum_dy_x)
{
    sum_columns((columns){ rows, c, x, mean, dy, NULL, sum_dy, sum_dy_x }, PRODUCTS);
}

static void masked_products(size_t rows, size_t c, const skc_masked_affine *map, const float *x,
                            const float *mean, const float *dy, double *sum_dy, double *sum_dy_x)
{
    const skc_masked_affine m = *map;

    sum_columns((columns){ rows, c, x, mean, dy, &m, sum_dy, sum_dy_x }, MASKED);
}

/* ------------------------------------------------------------------ optimisers */

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
    kernels->copy_far        = copy_far;
    kernels->axpy            = axpy;
    kernels->scale           = scale;
    kernels->dot             = dot;
    kernels->clamp           = clamp;
    kernels->clamp_backward  = clamp_backward;
    kernels->bias_clamp      = bias_clamp;
    kernels->affine_clamp    = affine_clamp;
    kernels->affine_pair     = affine_pair;
    kernels->masked_affine   = masked_affine;
    kernels->column_sums     = column_sums;
    kernels->column_moments  = column_moments;
    kernels->column_products = column_products;
    kernels->masked_products = masked_products;
    kernels->sgd             = sgd;
    kernels->adamw           = adamw;
    kernels->average         = average;
}

#endif
