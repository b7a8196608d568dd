/* simd_depthwise.h - the depthwise rows, once for every vector width; included after simd_body.h.
 *
 * A vector is LANES channels of one pixel. The sums of a tile, which are TILE output pixels or all
 * taps of a weight gradient, stay in registers; for the common windows every loop is unrolled, and
 * a vector of the input is loaded once for all the taps of a kernel row that meet it. An output is
 * summed kernel row by kernel row, the last tap of a row first, whatever tile it lies in.
 */
#ifndef SKC_KERNELS_SIMD_DEPTHWISE_H
#define SKC_KERNELS_SIMD_DEPTHWISE_H

/* Or gcc loads a vector again for each multiplication that it is for; without room for it in a
 * register that is as well. */
#if REGISTERS == 32
#define HOLD(v) __asm__("" : "+v"(v))
#else
#define HOLD(v) ((void)0)
#endif

enum {
    TILE           = 7,                   /* divides the widths of the usual nets: 112 ... 7 */
    WEIGHTS_TILE   = LANES == 16 ? 7 : 4, /* with 9 or 10 sums: what the registers hold */
    GROUP_CHANNELS = 128, /* go down the rows together: all rows of a tile, then the next tile */
    NARROW         = 128, /* channels: fewer go along a row one vector after the other */
    LINE           = 16   /* floats of a cache line */
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

ALWAYS_INLINE depth_lanes make_lanes(const skc_depthwise *g, size_t i, size_t left, size_t rows,
                                     int tile)
{
    depth_lanes l = { i, left, g->channels, g->width_in, g->ahead, 0, { 0 } };
    size_t      tiles, vectors;

    if (g->ahead[0].count == 0)
        return l;
    tiles   = ((size_t)g->width_out + (size_t)tile - 1) / (size_t)tile * rows;
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

/* sum[p] += the taps of one input row. x: that row's pixel under tap 0 of output 0; of the pixels
 * that the tile reaches over, the first `before` and the last `after` are outside and add nothing.
 * All but x and the weights are constants. Each tap goes to all sums before the next does, so that
 * no addition waits for the one before it. */
ALWAYS_INLINE void add_taps(const float *x, ptrdiff_t pitch, const float *weights, ptrdiff_t step,
                            int before, int after, int taps, int stride, vec sum[TILE])
{
    const int reach = (TILE - 1) * stride + taps;
    vec       v[(TILE - 1) * 2 + 5];

#pragma GCC unroll 17
    for (int at = 0; at < reach; at++)
        if (at >= before && at < reach - after) {
            v[at] = LOAD(x + at * pitch);
            HOLD(v[at]);
        }
#pragma GCC unroll 5
    for (int k = taps - 1; k >= 0; k--) {
        const vec weight = LOAD(weights + k * step);

#pragma GCC unroll 7
        for (int p = 0; p < TILE; p++)
            if (p * stride + k >= before && p * stride + k < reach - after)
                sum[p] = FMA(weight, v[p * stride + k], sum[p]);
    }
}

/* What the tiles of a row have in common. */
typedef struct row_job {
    const skc_depthwise *g;
    int32_t              n; /* input rows, and what of each kernel row belongs to them */
    const float *const *rows, *const *weights;
    ptrdiff_t    pitch, weight_step, y_step; /* values from a pixel to the next */
    const float *start;                      /* what the sums start from; NULL: 0 */
    ptrdiff_t    start_step;
    bool         stream;
    depth_lanes *ahead; /* NULL: nothing to bring */
    vec          low, high;
} row_job;

ALWAYS_INLINE void store_tile(const row_job *job, float *y, size_t left, ptrdiff_t pixels,
                              const vec sum[TILE])
{
    const vec       low = job->low, high = job->high;
    const ptrdiff_t step = job->y_step;

    if (job->stream) {
#pragma GCC unroll 7
        for (int p = 0; p < TILE; p++)
            if (p < pixels)
                STREAM(y + p * step, clamped(sum[p], low, high));
    } else {
#pragma GCC unroll 7
        for (int p = 0; p < TILE; p++)
            if (p < pixels)
                put(y + p * step, left, clamped(sum[p], low, high));
    }
}

/* At most TILE outputs, of any window, and at most LANES channels, from channel i on. */
static void any_tile(const row_job *job, ptrdiff_t x, ptrdiff_t pixels, size_t i, size_t left,
                     ptrdiff_t start, float *y)
{
    const skc_depthwise *g = job->g;
    vec                  sum[TILE];

#pragma GCC unroll 7
    for (int p = 0; p < TILE; p++)
        sum[p] = job->start != NULL && p < pixels
                     ? get(job->start + start + p * job->start_step, left)
                     : SPLAT(0);
    for (int32_t r = 0; r < job->n; r++)
        for (int32_t k = g->taps - 1; k >= 0; k--) {
            const vec weight = get(job->weights[r] + k * job->weight_step + (ptrdiff_t)i, left);
            ptrdiff_t at     = x + (ptrdiff_t)k * g->dilation;

#pragma GCC unroll 7
            for (int p = 0; p < TILE; p++, at += g->stride)
                if (p < pixels && at >= 0 && at < g->width_in)
                    sum[p] = FMA(weight, get(job->rows[r] + at * job->pitch + (ptrdiff_t)i, left),
                                 sum[p]);
        }
    store_tile(job, y, left, pixels, sum);
}

/* TILE outputs of `vectors` LANES channels. Input rows are read from their value `at` on, weights
 * from their value i on. */
typedef void tile_function(const row_job *job, ptrdiff_t at, ptrdiff_t i, size_t vectors,
                           ptrdiff_t start, float *y);

/* n input rows: a constant is unrolled. */
ALWAYS_INLINE void add_rows(const row_job *job, int n, ptrdiff_t at, ptrdiff_t i, int before,
                            int after, int taps, int stride, vec sum[TILE])
{
#pragma GCC unroll 5
    for (int r = 0; r < n; r++)
        add_taps(job->rows[r] + at, job->pitch, job->weights[r] + i, job->weight_step, before,
                 after, taps, stride, sum);
}

ALWAYS_INLINE void whole_tile(const row_job *job, ptrdiff_t at, ptrdiff_t i, size_t vectors,
                              ptrdiff_t start, float *y, int before, int after, int taps,
                              int stride)
{
    for (; vectors > 0; vectors--) {
        vec sum[TILE];

        if (job->ahead != NULL)
            bring_share(job->ahead);
#pragma GCC unroll 7
        for (int p = 0; p < TILE; p++)
            sum[p] = job->start != NULL ? LOAD(job->start + start + p * job->start_step) : SPLAT(0);
        if (job->n == 3)
            add_rows(job, 3, at, i, before, after, taps, stride, sum);
        else if (taps == 5 && job->n == 5)
            add_rows(job, 5, at, i, before, after, taps, stride, sum);
        else
            for (int32_t r = 0; r < job->n; r++)
                add_taps(job->rows[r] + at, job->pitch, job->weights[r] + i, job->weight_step,
                         before, after, taps, stride, sum);
        store_tile(job, y, LANES, TILE, sum);
        at += LANES;
        i += LANES;
        start += LANES;
        y += LANES;
    }
}

/* A function of its own for each window and each number of pixels before and after that are
 * outside: together they would not be kept in registers. */
#define MAKE_TILE(taps, stride, before, after)                                                     \
    static __attribute__((noinline)) void tile_##taps##_##stride##_##before##_##after(             \
        const row_job *job, ptrdiff_t at, ptrdiff_t i, size_t vectors, ptrdiff_t start, float *y)  \
    {                                                                                              \
        whole_tile(job, at, i, vectors, start, y, before, after, taps, stride);                    \
    }
#define MAKE_TILES(taps, stride)                                                                   \
    MAKE_TILE(taps, stride, 0, 0)                                                                  \
    MAKE_TILE(taps, stride, 0, 1)                                                                  \
    MAKE_TILE(taps, stride, 1, 0)                                                                  \
    MAKE_TILE(taps, stride, 1, 1)
#define MAKE_MORE_TILES(taps, stride)                                                              \
    MAKE_TILES(taps, stride)                                                                       \
    MAKE_TILE(taps, stride, 0, 2)                                                                  \
    MAKE_TILE(taps, stride, 1, 2)                                                                  \
    MAKE_TILE(taps, stride, 2, 0)                                                                  \
    MAKE_TILE(taps, stride, 2, 1)                                                                  \
    MAKE_TILE(taps, stride, 2, 2)

MAKE_TILE(1, 1, 0, 0)
MAKE_TILES(2, 1)
MAKE_TILES(3, 1)
MAKE_TILES(3, 2)
MAKE_MORE_TILES(5, 1)
MAKE_MORE_TILES(5, 2)

/* By pixels before and after. */
enum { EDGES = 3 };
typedef tile_function *tile_functions[EDGES][EDGES];

#define TILES(taps, stride)                                                                        \
    {                                                                                              \
        { tile_##taps##_##stride##_0_0, tile_##taps##_##stride##_0_1 },                            \
        {                                                                                          \
            tile_##taps##_##stride##_1_0, tile_##taps##_##stride##_1_1                             \
        }                                                                                          \
    }
#define MORE_TILES(taps, stride)                                                                   \
    {                                                                                              \
        { tile_##taps##_##stride##_0_0, tile_##taps##_##stride##_0_1,                              \
          tile_##taps##_##stride##_0_2 },                                                          \
            { tile_##taps##_##stride##_1_0, tile_##taps##_##stride##_1_1,                          \
              tile_##taps##_##stride##_1_2 },                                                      \
        {                                                                                          \
            tile_##taps##_##stride##_2_0, tile_##taps##_##stride##_2_1,                            \
                tile_##taps##_##stride##_2_2                                                       \
        }                                                                                          \
    }

static const tile_functions tiles_1_1 = { { tile_1_1_0_0 } }, tiles_2_1 = TILES(2, 1),
                            tiles_3_1 = TILES(3, 1), tiles_3_2 = TILES(3, 2),
                            tiles_5_1 = MORE_TILES(5, 1), tiles_5_2 = MORE_TILES(5, 2),
                            no_tiles = { { NULL } };

/* 8 taps + stride where there is a loop made for it. */
static inline int32_t kind(const skc_depthwise *g)
{
    return g->dilation == 1 && g->taps < 8 && g->stride < 8 ? 8 * g->taps + g->stride : 0;
}

static const tile_functions *find_tiles(const skc_depthwise *g)
{
    switch (kind(g)) {
    case 8 * 1 + 1:
        return &tiles_1_1;
    case 8 * 2 + 1:
        return &tiles_2_1;
    case 8 * 3 + 1:
        return &tiles_3_1;
    case 8 * 3 + 2:
        return &tiles_3_2;
    case 8 * 5 + 1:
        return &tiles_5_1;
    case 8 * 5 + 2:
        return &tiles_5_2;
    default:
        return &no_tiles;
    }
}

/* What makes the tile at input pixel x; NULL: nothing of its own. */
ALWAYS_INLINE tile_function *find_tile(const skc_depthwise *g, const tile_functions *tiles,
                                       ptrdiff_t x, ptrdiff_t pixels)
{
    ptrdiff_t before = x < 0 ? -x : 0, after = x + (TILE - 1) * g->stride + g->taps - g->width_in;

    after = after > 0 ? after : 0;
    return pixels >= TILE && before < EDGES && after < EDGES ? (*tiles)[before][after] : NULL;
}

static row_job make_job(const skc_depthwise *g)
{
    row_job job = { .g           = g,
                    .pitch       = g->channels,
                    .weight_step = (ptrdiff_t)g->weight_step * g->channels,
                    .y_step      = (ptrdiff_t)g->out_step * g->channels,
                    .start       = g->bias,
                    .low         = SPLAT(g->low),
                    .high        = SPLAT(g->high) };

    return job;
}

static bool is_streamed(const skc_depthwise *g, const float *y)
{
    return g->stream && sizeof(vec) == LINE * sizeof *y && (uintptr_t)y % sizeof(vec) == 0 &&
           g->channels % LANES == 0;
}

/* Channels i..end - 1 of the tile whose first output is `pixel`. */
static void tile_of(const row_job *job, const tile_functions *tiles, int32_t pixel, size_t i,
                    size_t end, float *y)
{
    const skc_depthwise *g       = job->g;
    const size_t         vectors = (end - i) / LANES;
    const ptrdiff_t      x       = (ptrdiff_t)pixel * g->stride - g->pad_left;
    const ptrdiff_t      start   = pixel * job->start_step;
    tile_function       *tile    = find_tile(g, tiles, x, g->width_out - pixel);

    y += pixel * job->y_step;
    if (tile != NULL && vectors > 0) {
        tile(job, x * job->pitch + (ptrdiff_t)i, (ptrdiff_t)i, vectors, start + (ptrdiff_t)i,
             y + i);
        i += vectors * LANES;
    }
    for (; i < end; i += LANES)
        any_tile(job, x, g->width_out - pixel, i, end - i < LANES ? end - i : LANES,
                 start + (ptrdiff_t)i, y + i);
}

/* Channels of a single row that go along it together. */
static size_t single_group(size_t c)
{
    return c < NARROW ? LANES : c;
}

static void depthwise(const skc_depthwise *g, int32_t n, const float *const *rows,
                      const float *const *weights, float *y)
{
    const tile_functions *tiles = find_tiles(g);
    const size_t          c = (size_t)g->channels, group = single_group(c);
    row_job               job = make_job(g);
    depth_lanes           l   = make_lanes(g, 0, LANES, 1, TILE);

    job.n       = n;
    job.rows    = rows;
    job.weights = weights;
    job.stream  = is_streamed(g, y);
    job.ahead   = l.share[0] > 0 ? &l : NULL;
    if (g->accumulate) {
        job.start      = y;
        job.start_step = job.y_step;
    }
    for (size_t i = 0; i < c; i += group)
        for (int32_t pixel = 0; pixel < g->width_out; pixel += TILE)
            tile_of(&job, tiles, pixel, i, i + group < c ? i + group : c, y);
    if (g->stream)
        STREAM_END();
}

/* For each of many output rows, the input rows that are there and the weights of each. */
typedef struct row_lists {
    int32_t      n[SKC_DEPTHWISE_LIST];
    const float *rows[SKC_DEPTHWISE_LIST], *weights[SKC_DEPTHWISE_LIST];
} row_lists;

static void list_rows(const skc_depthwise *g, int32_t count, int32_t n, const float *const *rows,
                      const float *weights, row_lists *lists)
{
    const size_t kernel_row = (size_t)g->taps * (size_t)g->channels;

    for (int32_t j = 0; j < count; j++) {
        int32_t next = j * n;

        for (int32_t r = 0; r < n; r++)
            if (rows[j * n + r] != NULL) {
                lists->rows[next]      = rows[j * n + r];
                lists->weights[next++] = weights + (size_t)r * kernel_row;
            }
        lists->n[j] = next - j * n;
    }
}

/* Some channels of a few pixels across go down all rows before the next do, so that what two output
 * rows read is still in the first-level cache for the second. */
static void depthwise_rows(const skc_depthwise *g, int32_t count, int32_t n,
                           const float *const *rows, const float *weights, float *y)
{
    const tile_functions *tiles = find_tiles(g);
    const size_t          c = (size_t)g->channels, y_row = (size_t)g->width_out * c;
    const size_t          group = count > 1 ? GROUP_CHANNELS : single_group(c);
    row_job               job   = make_job(g);
    depth_lanes           l     = make_lanes(g, 0, LANES, (size_t)count, TILE);
    row_lists             lists;

    list_rows(g, count, n, rows, weights, &lists);
    job.stream = is_streamed(g, y);
    job.ahead  = l.share[0] > 0 ? &l : NULL;
    for (size_t i = 0; i < c; i += group)
        for (int32_t pixel = 0; pixel < g->width_out; pixel += TILE)
            for (int32_t j = 0; j < count; j++) {
                job.n       = lists.n[j];
                job.rows    = lists.rows + j * n;
                job.weights = lists.weights + j * n;
                tile_of(&job, tiles, pixel, i, i + group < c ? i + group : c,
                        y + (size_t)j * y_row);
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
    depth_lanes     l     = make_lanes(g, i, left, 1, WEIGHTS_TILE);
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
    const depth_lanes l   = make_lanes(g, i, left, 1, 1);
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
    kernels->depthwise_rows    = depthwise_rows;
    kernels->depthwise_weights = depthwise_weights;
}

#endif
