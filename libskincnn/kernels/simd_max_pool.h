/* simd_max_pool.h - the rows of max pooling, once for every vector width.
 *
 * avx2.c and avx512.c define LARGER, LOAD_SHORTS and STORE_SHORTS besides what simd_body.h needs.
 * Taps are counted in floats, which hold them exactly.
 */
#ifndef SKC_KERNELS_SIMD_MAX_POOL_H
#define SKC_KERNELS_SIMD_MAX_POOL_H

/* The taps first..end-1 across that fall inside the row at output pixel ox; tap kx reads pixel
 * origin + kx. */
typedef struct pool_taps {
    int32_t first, end, origin;
} pool_taps;

ALWAYS_INLINE pool_taps pool_taps_at(const skc_max_pool *g, int32_t ox)
{
    const int32_t origin = ox * g->stride - g->pad_left, end = g->width_in - origin;

    return (pool_taps){ origin < 0 ? -origin : 0, end < g->kernel_w ? end : g->kernel_w, origin };
}

ALWAYS_INLINE void pool_vector(const skc_max_pool *g, const float *const *rows, pool_taps taps,
                               size_t i, float *y, uint16_t *chosen)
{
    const size_t c = (size_t)g->channels, left = c - i, count = left < LANES ? left : LANES;
    vec          best = SPLAT(0), from = best;
    bool         any = false;

    for (int32_t ky = 0; ky < g->kernel_h; ky++)
        for (int32_t kx = taps.first; kx < taps.end && rows[ky] != NULL; kx++, any = true) {
            const vec x   = get(rows[ky] + (size_t)(taps.origin + kx) * c + i, left);
            const vec tap = SPLAT((float)(ky * g->kernel_w + kx));

            from = any ? LARGER(x, best, tap, from) : tap;
            best = any ? LARGER(x, best, x, best) : x;
        }
    put(y + i, left, best);
    if (chosen != NULL)
        STORE_SHORTS(chosen + i, count, from);
}

static void max_pool_forward(const skc_max_pool *g, const float *const *rows, float *y,
                             uint16_t *chosen)
{
    const size_t c = (size_t)g->channels;

    for (int32_t ox = 0; ox < g->width_out; ox++, y += c) {
        for (size_t i = 0; i < c; i += LANES)
            pool_vector(g, rows, pool_taps_at(g, ox), i, y, chosen);
        chosen = chosen != NULL ? chosen + c : NULL;
    }
}

/* What a pixel's vector gives to the taps across of one row: `writes`, so that it is all there is.
 */
ALWAYS_INLINE void pool_give(pool_taps taps, size_t c, size_t left, vec from, vec dy, int32_t tap,
                             bool writes, float *dx)
{
    for (int32_t kx = taps.first; kx < taps.end; kx++) {
        float *to    = dx + (size_t)(taps.origin + kx) * c;
        vec    value = KEEP_EQUAL(from, SPLAT((float)(tap + kx)), dy);

        if (!writes)
            value += get(to, left);
        put(to, left, value);
    }
}

ALWAYS_INLINE void pool_back(const skc_max_pool *g, const uint16_t *chosen, const float *y,
                             const float *dy, float *const *dx_rows, bool writes, bool masks)
{
    const size_t c = (size_t)g->channels, ahead = 1024; /* what the processor does not foresee */
    const vec    low = SPLAT(g->low), high = SPLAT(g->high);

    for (int32_t ox = 0; ox < g->width_out; ox++) {
        const pool_taps taps = pool_taps_at(g, ox);

        for (size_t i = 0; i < c; i += LANES) {
            const size_t at = (size_t)ox * c + i, left = c - i, count = left < LANES ? left : LANES;
            const vec    from = LOAD_SHORTS(chosen + at, count);
            vec          give = get(dy + at, left);

            __builtin_prefetch(chosen + at + ahead);
            __builtin_prefetch(dy + at + ahead);
            if (masks)
                __builtin_prefetch(y + at + ahead);
            if (masks)
                give = KEEP_BETWEEN(low, get(y + at, left), high, give);
            for (int32_t ky = 0; ky < g->kernel_h; ky++)
                if (dx_rows[ky] != NULL)
                    pool_give(taps, c, left, from, give, ky * g->kernel_w, writes, dx_rows[ky] + i);
        }
    }
}

static void max_pool_backward(const skc_max_pool *g, const uint16_t *chosen, const float *y,
                              const float *dy, float *const *dx_rows)
{
    const bool masks = g->low > -INFINITY || g->high < INFINITY;

    if (g->disjoint && masks)
        pool_back(g, chosen, y, dy, dx_rows, true, true);
    else if (g->disjoint)
        pool_back(g, chosen, y, dy, dx_rows, true, false);
    else
        pool_back(g, chosen, y, dy, dx_rows, false, masks);
}

static void override_max_pool(skc_kernels *kernels)
{
    kernels->max_pool_forward  = max_pool_forward;
    kernels->max_pool_backward = max_pool_backward;
}

#endif
