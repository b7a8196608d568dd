/* simd_depthwise.h - the depthwise rows, once for every vector width; included after simd_body.h.
 *
 * A vector is LANES channels of one pixel. The sums of a tile, which are TILE output pixels or all
 * taps of a weight gradient, stay in registers; for the common windows every loop is unrolled, and
 * a vector of the input is loaded once for all the taps that meet it. A row is done for LANES
 * channels at a time: with 9 taps their weights stay in registers too.
 */
#ifndef SKC_KERNELS_SIMD_DEPTHWISE_H
#define SKC_KERNELS_SIMD_DEPTHWISE_H

enum {
    TILE         = 7,                   /* divides the widths of the usual nets: 112 ... 7 */
    WEIGHTS_TILE = LANES == 16 ? 7 : 4, /* with 9 or 10 sums: what the registers hold */
    LINE         = 16                   /* floats of a cache line */
};

/* Calls do_lanes(i, left) for the channels i .. i + LANES - 1 of c; `left` is a constant but at the
 * end, so that only the end is compiled with masks. */
#define FOR_CHANNELS(c, do_lanes)                                                                  \
    do {                                                                                           \
        size_t whole = (c) - (c) % LANES;                                                          \
        for (size_t lane = 0; lane < whole; lane += LANES)                                         \
            do_lanes(lane, LANES);                                                                 \
        if (whole < (c))                                                                           \
            do_lanes(whole, (c) % LANES);                                                          \
    } while (0)

/* LANES channels of a row, from channel i on, cut into tiles. */
typedef struct depth_lanes {
    size_t           i, left;
    ptrdiff_t        pitch; /* values from a pixel to the next */
    ptrdiff_t        width; /* pixels of an input row */
    const skc_ahead *ahead; /* each tile, `turn` by turn, brings `share` lines into the cache */
    size_t           turn, share[SKC_AHEAD];
} depth_lanes;

ALWAYS_INLINE depth_lanes make_lanes(const skc_depthwise *g, size_t i, size_t left, int tile)
{
    depth_lanes l = { i, left, g->channels, g->width_in, g->ahead, 0, { 0 } };
    size_t      tiles, vectors;

    if (g->ahead[0].count == 0)
        return l;
    tiles   = ((size_t)g->width_out + (size_t)tile - 1) / (size_t)tile;
    vectors = ((size_t)g->channels + LANES - 1) / LANES;
    l.turn  = i / LANES * tiles;
    for (int a = 0; a < SKC_AHEAD; a++)
        l.share[a] = (g->ahead[a].count / LINE + tiles * vectors - 1) / (tiles * vectors);
    return l;
}

ALWAYS_INLINE void bring_share(depth_lanes *l)
{
    for (int a = 0; a < SKC_AHEAD && l->share[a] > 0; a++) {
        const size_t first = l->turn * l->share[a], end = first + l->share[a];

        for (size_t at = first * LINE; at < end * LINE && at < l->ahead[a].count; at += LINE)
            __builtin_prefetch(l->ahead[a].at + at);
    }
    l->turn++;
}

/* The place of `pixels` pixels from x on is wholly inside the row. */
ALWAYS_INLINE bool inside(const depth_lanes *l, ptrdiff_t x, ptrdiff_t pixels)
{
    return x >= 0 && x + pixels <= l->width;
}

/* ------------------------------------------------------------------ rows */

/* sum[p] += taps of `group` input rows; x: the pixel of tap 0 of output 0; pixels outside add
 * nothing. group, taps and stride are constants. */
ALWAYS_INLINE void add_taps(const depth_lanes *l, const float *const *rows, vec weight[][5],
                            ptrdiff_t x, int group, int taps, int stride, bool edge, vec sum[TILE])
{
#pragma GCC unroll 17
    for (int at = 0; at < (TILE - 1) * stride + taps; at++) {
        if (edge && !inside(l, x + at, 1))
            continue;
#pragma GCC unroll 3
        for (int r = 0; r < group; r++) {
            const vec v = get(rows[r] + (x + at) * l->pitch + (ptrdiff_t)l->i, l->left);

#pragma GCC unroll 5
            for (int k = 0; k < taps; k++)
                if (at >= k && (at - k) % stride == 0 && (at - k) / stride < TILE)
                    sum[(at - k) / stride] = FMA(weight[r][k], v, sum[(at - k) / stride]);
        }
    }
}

/* The same for one row and any window. */
ALWAYS_INLINE void add_any_taps(const depth_lanes *l, const skc_depthwise *g, const float *row,
                                const float *weights, ptrdiff_t x, vec sum[TILE])
{
    const ptrdiff_t step = g->weight_step * l->pitch;

    for (int32_t k = 0; k < g->taps; k++, x += g->dilation) {
        const vec weight = get(weights + k * step, l->left);

#pragma GCC unroll 7
        for (int p = 0; p < TILE; p++) {
            const ptrdiff_t at = x + (ptrdiff_t)p * g->stride;

            if (inside(l, at, 1))
                sum[p] = FMA(weight, get(row + at * l->pitch, l->left), sum[p]);
        }
    }
}

ALWAYS_INLINE void load_weights(const depth_lanes *l, const skc_depthwise *g, const float *weights,
                                int taps, vec weight[5])
{
#pragma GCC unroll 5
    for (int k = 0; k < taps; k++)
        weight[k] = get(weights + k * g->weight_step * l->pitch + (ptrdiff_t)l->i, l->left);
}

/* Where outputs go, what their sums start from, and their clamp. */
typedef struct outputs {
    float       *y;
    const float *start;
    ptrdiff_t    step, start_step;
    vec          low, high;
    bool         stream;
} outputs;

ALWAYS_INLINE outputs make_outputs(const skc_depthwise *g, float *y, size_t i)
{
    static const float zeros[LANES] = { 0 };
    outputs            o            = { .y = y + i, .low = SPLAT(g->low), .high = SPLAT(g->high) };

    o.step       = (ptrdiff_t)g->out_step * g->channels;
    o.start      = g->accumulate ? o.y : g->bias != NULL ? g->bias + i : zeros;
    o.start_step = g->accumulate ? o.step : 0;
    o.stream = g->stream && sizeof(vec) == LINE * sizeof *y && (uintptr_t)y % sizeof(vec) == 0 &&
               g->channels % LANES == 0;
    return o;
}

/* `pixels` outputs, TILE but where `edge`. held: the input rows when their weights are in `weight`,
 * else 0. */
ALWAYS_INLINE void row_tile(const depth_lanes *l, const skc_depthwise *g, int32_t n,
                            const float *const *rows, const float *const *weights, vec weight[][5],
                            const outputs *o, ptrdiff_t x, ptrdiff_t pixels, int held, int taps,
                            int stride, bool edge)
{
    vec sum[TILE], own[1][5];

#pragma GCC unroll 7
    for (int p = 0; p < TILE; p++)
        sum[p] = edge && p >= pixels ? SPLAT(0) : get(o->start + p * o->start_step, l->left);
    if (held > 0)
        add_taps(l, rows, weight, x, held, taps, stride, edge, sum);
    for (int32_t r = 0; held == 0 && r < n; r++) {
        if (taps == 0) {
            add_any_taps(l, g, rows[r] + l->i, weights[r] + l->i, x, sum);
            continue;
        }
        load_weights(l, g, weights[r], taps, own[0]);
        add_taps(l, rows + r, own, x, 1, taps, stride, edge, sum);
    }
#pragma GCC unroll 7
    for (int p = 0; p < TILE; p++) {
        const vec value = clamped(sum[p], o->low, o->high);

        if (edge && p >= pixels)
            break;
        if (o->stream)
            STREAM(o->y + p * o->step, value);
        else
            put(o->y + p * o->step, l->left, value);
    }
}

/* A whole row for LANES channels; taps 0: any window. */
ALWAYS_INLINE void row_lanes(const skc_depthwise *g, int32_t n, const float *const *rows,
                             const float *const *weights, float *y, size_t i, size_t left, int held,
                             int taps, int stride)
{
    const ptrdiff_t step = taps > 0 ? stride : g->stride, reach = (TILE - 1) * step + taps;
    depth_lanes     l = make_lanes(g, i, left, TILE);
    outputs         o = make_outputs(g, y, i);
    ptrdiff_t       x = -(ptrdiff_t)g->pad_left;
    vec             weight[3][5];

#pragma GCC unroll 3
    for (int r = 0; r < held; r++)
        load_weights(&l, g, weights[r], taps, weight[r]);
    for (ptrdiff_t pixels = g->width_out; pixels > 0; pixels -= TILE, x += TILE * step) {
        bring_share(&l);
        if (taps > 0 && left == LANES && pixels >= TILE && inside(&l, x, reach))
            row_tile(&l, g, n, rows, weights, weight, &o, x, TILE, held, taps, stride, false);
        else
            row_tile(&l, g, n, rows, weights, weight, &o, x, pixels, held, taps, stride, true);
        o.y += TILE * o.step;
        o.start += TILE * o.start_step;
    }
}

/* 8 taps + stride where there is a loop made for it. */
static inline int32_t kind(const skc_depthwise *g)
{
    return g->dilation == 1 && g->taps < 8 && g->stride < 8 ? 8 * g->taps + g->stride : 0;
}

ALWAYS_INLINE void row_of(const skc_depthwise *g, int32_t n, const float *const *rows,
                          const float *const *weights, float *y, int held, int taps, int stride)
{
#define DO_LANES(i, left) row_lanes(g, n, rows, weights, y, i, left, held, taps, stride)
    FOR_CHANNELS((size_t)g->channels, DO_LANES);
#undef DO_LANES
}

static void depthwise(const skc_depthwise *g, int32_t n, const float *const *rows,
                      const float *const *weights, float *y)
{
    switch (kind(g)) {
    case 8 * 1 + 1:
        row_of(g, n, rows, weights, y, 0, 1, 1);
        break;
    case 8 * 2 + 1:
        row_of(g, n, rows, weights, y, 0, 2, 1);
        break;
    case 8 * 3 + 1:
        if (n == 3)
            row_of(g, n, rows, weights, y, 3, 3, 1);
        else
            row_of(g, n, rows, weights, y, 0, 3, 1);
        break;
    case 8 * 3 + 2:
        if (n == 3)
            row_of(g, n, rows, weights, y, 3, 3, 2);
        else
            row_of(g, n, rows, weights, y, 0, 3, 2);
        break;
    case 8 * 5 + 1:
        row_of(g, n, rows, weights, y, 0, 5, 1);
        break;
    case 8 * 5 + 2:
        row_of(g, n, rows, weights, y, 0, 5, 2);
        break;
    default:
        row_of(g, n, rows, weights, y, 0, 0, 0);
    }
    if (g->stream)
        STREAM_END();
}

/* ------------------------------------------------------------------ weights */

/* sum[r][k] += over the output pixels of a tile, `pixels` of them where `edge`. */
ALWAYS_INLINE void weights_tile(const depth_lanes *l, const float *const *rows, const float *dy,
                                ptrdiff_t x, ptrdiff_t pixels, int group, int taps, int stride,
                                bool edge, vec sum[][5])
{
    vec gradient[WEIGHTS_TILE];

#pragma GCC unroll 7
    for (int p = 0; p < WEIGHTS_TILE; p++)
        gradient[p] = edge && p >= pixels ? SPLAT(0) : get(dy + p * l->pitch, l->left);
#pragma GCC unroll 17
    for (int at = 0; at < (WEIGHTS_TILE - 1) * stride + taps; at++) {
        if (edge && !inside(l, x + at, 1))
            continue;
#pragma GCC unroll 3
        for (int r = 0; r < group; r++) {
            const vec v = get(rows[r] + (x + at) * l->pitch + (ptrdiff_t)l->i, l->left);

#pragma GCC unroll 5
            for (int k = 0; k < taps; k++)
                if (at >= k && (at - k) % stride == 0 && (at - k) / stride < WEIGHTS_TILE)
                    sum[r][k] = FMA(v, gradient[(at - k) / stride], sum[r][k]);
        }
    }
}

/* dw (group, taps, c) += over a row, LANES channels. */
ALWAYS_INLINE void weights_lanes(const skc_depthwise *g, const float *const *rows, const float *dy,
                                 float *dw, size_t i, size_t left, int group, int taps, int stride)
{
    const ptrdiff_t reach = (WEIGHTS_TILE - 1) * stride + taps;
    depth_lanes     l     = make_lanes(g, i, left, WEIGHTS_TILE);
    ptrdiff_t       x     = -(ptrdiff_t)g->pad_left;
    vec             sum[3][5];

    dy += i;
    dw += i;
#pragma GCC unroll 3
    for (int r = 0; r < group; r++)
#pragma GCC unroll 5
        for (int k = 0; k < taps; k++)
            sum[r][k] = SPLAT(0);
    for (ptrdiff_t pixels = g->width_out; pixels > 0; pixels -= WEIGHTS_TILE) {
        bring_share(&l);
        if (left == LANES && pixels >= WEIGHTS_TILE && inside(&l, x, reach))
            weights_tile(&l, rows, dy, x, WEIGHTS_TILE, group, taps, stride, false, sum);
        else
            weights_tile(&l, rows, dy, x, pixels, group, taps, stride, true, sum);
        x += WEIGHTS_TILE * stride;
        dy += WEIGHTS_TILE * l.pitch;
    }
#pragma GCC unroll 3
    for (int r = 0; r < group; r++)
#pragma GCC unroll 5
        for (int k = 0; k < taps; k++, dw += l.pitch)
            put(dw, left, get(dw, left) + sum[r][k]);
}

/* The rows in groups of as many as the registers hold sums for. */
ALWAYS_INLINE void weights_of(const skc_depthwise *g, int32_t n, const float *const *rows,
                              const float *dy, float *dw, int group, int taps, int stride)
{
    const size_t c = (size_t)g->channels, row = (size_t)taps * c;

#define DO_GROUP(i, left) weights_lanes(g, rows, dy, dw, i, left, group, taps, stride)
#define DO_ROW(i, left)   weights_lanes(g, rows, dy, dw, i, left, 1, taps, stride)
    for (; n >= group; n -= group, rows += group, dw += (size_t)group * row)
        FOR_CHANNELS(c, DO_GROUP);
    for (; n > 0; n--, rows++, dw += row)
        FOR_CHANNELS(c, DO_ROW);
#undef DO_GROUP
#undef DO_ROW
}

/* Any window, tap by tap. */
ALWAYS_INLINE void any_weights_lanes(const skc_depthwise *g, const float *row, const float *dy,
                                     float *dw, ptrdiff_t x, size_t i, size_t left)
{
    const depth_lanes l   = make_lanes(g, i, left, 1);
    vec               sum = SPLAT(0);

    for (ptrdiff_t o = 0; o < g->width_out; o++, x += g->stride)
        if (inside(&l, x, 1))
            sum = FMA(get(row + x * l.pitch + (ptrdiff_t)i, left),
                      get(dy + o * l.pitch + (ptrdiff_t)i, left), sum);
    put(dw + i, left, get(dw + i, left) + sum);
}

static void any_weights_of(const skc_depthwise *g, int32_t n, const float *const *rows,
                           const float *dy, float *dw)
{
#define DO_LANES(i, left) any_weights_lanes(g, rows[r], dy, dw, x, i, left)
    for (int32_t r = 0; r < n; r++)
        for (int32_t k = 0; k < g->taps; k++, dw += g->channels) {
            const ptrdiff_t x = (ptrdiff_t)k * g->dilation - g->pad_left;

            FOR_CHANNELS((size_t)g->channels, DO_LANES);
        }
#undef DO_LANES
}

static void depthwise_weights(const skc_depthwise *g, int32_t n, const float *const *rows,
                              const float *dy, float *dw)
{
    switch (kind(g)) {
    case 8 * 3 + 1:
        weights_of(g, n, rows, dy, dw, 3, 3, 1);
        break;
    case 8 * 3 + 2:
        weights_of(g, n, rows, dy, dw, 3, 3, 2);
        break;
    case 8 * 5 + 1:
        weights_of(g, n, rows, dy, dw, 2, 5, 1);
        break;
    case 8 * 5 + 2:
        weights_of(g, n, rows, dy, dw, 2, 5, 2);
        break;
    default:
        any_weights_of(g, n, rows, dy, dw);
    }
}

static void override_depthwise(skc_kernels *kernels)
{
    kernels->depthwise         = depthwise;
    kernels->depthwise_weights = depthwise_weights;
}

#endif
