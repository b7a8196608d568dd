/* simd_depthwise.h - the depthwise rows, once for every vector width; included after simd_body.h.
 *
 * A vector is LANES channels of one pixel. Inside a row, where every tap meets a pixel, TILE pixels
 * are kept in registers, for the common kernels (3 and 5 wide, stride 1 and 2) with the loops over
 * taps unrolled; the pixels at its ends go through the same sums tap by tap.
 */
#ifndef SKC_KERNELS_SIMD_DEPTHWISE_H
#define SKC_KERNELS_SIMD_DEPTHWISE_H

enum { TILE = 4 };

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

typedef struct span { /* first .. end - 1 */
    int32_t first, end;
} span;

static inline int64_t divide_up(int64_t a, int64_t b)
{
    return a > 0 ? (a + b - 1) / b : -(-a / b);
}

/* a .. b - 1 cut to 0 .. n - 1. */
static inline span cut(int64_t a, int64_t b, int32_t n)
{
    span s = { (int32_t)(a < 0 ? 0 : a > n ? n : a), (int32_t)(b < 0 ? 0 : b > n ? n : b) };

    s.end = s.end < s.first ? s.first : s.end;
    return s;
}

/* The input pixel of tap 0 of output pixel ox; may lie in the padding. */
static inline int64_t first_tap(const skc_depthwise *g, int32_t ox)
{
    return (int64_t)ox * g->stride - g->pad_left;
}

/* The taps of output pixel ox that are inside the row. */
static inline span taps_inside(const skc_depthwise *g, int32_t ox)
{
    int64_t x = first_tap(g, ox);

    return cut(divide_up(-x, g->dilation), divide_up(g->width_in - x, g->dilation), g->kernel_w);
}

/* The output pixels all of whose taps are inside the row. */
static inline span pixels_inside(const skc_depthwise *g)
{
    int64_t reach = (int64_t)(g->kernel_w - 1) * g->dilation;

    return cut(divide_up(g->pad_left, g->stride),
               divide_up((int64_t)g->width_in - reach + g->pad_left, g->stride), g->width_out);
}

/* ------------------------------------------------------------------ forward */

typedef struct forward_job {
    const skc_depthwise *g;
    const float *const  *rows;
    const float         *weights, *bias;
    float                low, high;
    float               *y;
} forward_job;

/* `pixels` output pixels from ox on, taps of each; the last four are constants where it matters. */
ALWAYS_INLINE void forward_lanes(const forward_job *job, int32_t ox, span taps, size_t i,
                                 size_t left, int pixels, ptrdiff_t stride, ptrdiff_t dilation)
{
    const size_t    c     = (size_t)job->g->channels;
    const ptrdiff_t pitch = (ptrdiff_t)c, x = first_tap(job->g, ox) * pitch;
    vec             sum[TILE];

    for (int p = 0; p < pixels; p++)
        sum[p] = job->bias != NULL ? get(job->bias + i, left) : SPLAT(0);
    for (int32_t ky = 0; ky < job->g->kernel_h; ky++) {
        const float *row = job->rows[ky];
        const float *w   = job->weights + (size_t)(ky * job->g->kernel_w) * c + i;

        if (row == NULL)
            continue;
#pragma GCC unroll 5
        for (int32_t kx = taps.first; kx < taps.end; kx++) {
            const vec weight = get(w + kx * pitch, left);

#pragma GCC unroll 4
            for (int p = 0; p < pixels; p++)
                sum[p] =
                    FMA(weight, get(row + (x + (p * stride + kx * dilation) * pitch) + i, left),
                        sum[p]);
        }
    }
    for (int p = 0; p < pixels; p++)
        put(job->y + (size_t)(ox + p) * c + i, left,
            clamped(sum[p], SPLAT(job->low), SPLAT(job->high)));
}

ALWAYS_INLINE void forward_tiles(const forward_job *job, span inside, int32_t kernel_w,
                                 ptrdiff_t stride, ptrdiff_t dilation)
{
    const span all = { 0, kernel_w };

#define DO_LANES(i, left) forward_lanes(job, ox, all, i, left, TILE, stride, dilation)
    for (int32_t ox = inside.first; ox < inside.end; ox += TILE)
        FOR_CHANNELS((size_t)job->g->channels, DO_LANES);
#undef DO_LANES
}

static void forward_pixels(const forward_job *job, span pixels)
{
    const skc_depthwise *g = job->g;

#define DO_LANES(i, left) forward_lanes(job, ox, taps, i, left, 1, g->stride, g->dilation)
    for (int32_t ox = pixels.first; ox < pixels.end; ox++) {
        const span taps = taps_inside(g, ox);

        FOR_CHANNELS((size_t)g->channels, DO_LANES);
    }
#undef DO_LANES
}

/* kernel_w x 2 + stride where there is a loop made for it, else 0. */
static inline int32_t special(const skc_depthwise *g)
{
    bool known = (g->kernel_w == 3 || g->kernel_w == 5) && (g->stride == 1 || g->stride == 2);

    return known && g->dilation == 1 ? 2 * g->kernel_w + g->stride : 0;
}

static void depthwise_forward(const skc_depthwise *g, const float *const *rows,
                              const float *weights, const float *bias, float low, float high,
                              float *y)
{
    const forward_job job    = { g, rows, weights, bias, low, high, y };
    span              inside = pixels_inside(g);

    inside.end -= (inside.end - inside.first) % TILE;
    switch (special(g)) {
    case 2 * 3 + 1:
        forward_tiles(&job, inside, 3, 1, 1);
        break;
    case 2 * 3 + 2:
        forward_tiles(&job, inside, 3, 2, 1);
        break;
    case 2 * 5 + 1:
        forward_tiles(&job, inside, 5, 1, 1);
        break;
    case 2 * 5 + 2:
        forward_tiles(&job, inside, 5, 2, 1);
        break;
    default:
        forward_tiles(&job, inside, g->kernel_w, g->stride, g->dilation);
    }
    forward_pixels(&job, (span){ 0, inside.first });
    forward_pixels(&job, (span){ inside.end, g->width_out });
}

/* ------------------------------------------------------------------ backward */

ALWAYS_INLINE void multiply_add(size_t c, const float *x, const float *y, float *out)
{
    for (size_t i = 0; i < c; i += LANES)
        put(out + i, c - i, FMA(get(x + i, c - i), get(y + i, c - i), get(out + i, c - i)));
}

/* dx[p] += sum over kx of w[kx] dy[p, kx], for TILE input pixels whose first is a multiple of the
 * stride from tap 0 of an output pixel; dy points at that pixel. */
ALWAYS_INLINE void data_lanes(size_t c, const float *dy, const float *w, float *dx, size_t left,
                              int32_t kernel_w, int32_t stride)
{
    const ptrdiff_t pitch = (ptrdiff_t)c;
    vec             sum[TILE];

    for (int p = 0; p < TILE; p++)
        sum[p] = get(dx + p * pitch, left);
#pragma GCC unroll 5
    for (int32_t kx = 0; kx < kernel_w; kx++) {
        const vec weight = get(w + kx * pitch, left);

#pragma GCC unroll 4
        for (int p = 0; p < TILE; p++)
            if ((p - kx) % stride == 0)
                sum[p] = FMA(weight, get(dy + (p - kx) / stride * pitch, left), sum[p]);
    }
    for (int p = 0; p < TILE; p++)
        put(dx + p * pitch, left, sum[p]);
}

ALWAYS_INLINE void data_tiles(const skc_depthwise *g, const float *dy, const float *w, float *dx,
                              span inside, int32_t kernel_w, int32_t stride)
{
    const size_t c = (size_t)g->channels;

    for (int32_t ix = inside.first; ix < inside.end; ix += TILE) {
        const float *from = dy + (size_t)((ix + g->pad_left) / stride) * c;
        float       *to   = dx + (size_t)ix * c;

#define DO_LANES(i, left) data_lanes(c, from + (i), w + (i), to + (i), left, kernel_w, stride)
        FOR_CHANNELS(c, DO_LANES);
#undef DO_LANES
    }
}

/* dx[ix] for input pixels one by one: of any geometry. */
static void data_pixels(const skc_depthwise *g, const float *dy, const float *w, float *dx,
                        span pixels)
{
    const size_t c = (size_t)g->channels;

    for (int32_t ix = pixels.first; ix < pixels.end; ix++)
        for (int32_t kx = 0; kx < g->kernel_w; kx++) {
            int64_t t = (int64_t)ix + g->pad_left - (int64_t)kx * g->dilation;

            if (t >= 0 && t % g->stride == 0 && t / g->stride < g->width_out)
                multiply_add(c, w + (size_t)kx * c, dy + (size_t)(t / g->stride) * c,
                             dx + (size_t)ix * c);
        }
}

/* Input pixels in whole tiles that each of kernel_w taps reaches from inside the output row. */
static span data_inside(const skc_depthwise *g)
{
    int64_t first = divide_up(g->kernel_w - 1, g->stride) * g->stride - g->pad_left;
    int64_t end   = (int64_t)(g->width_out - 1) * g->stride - g->pad_left + 1;
    span    s;

    if (first < 0)
        first += divide_up(-first, g->stride) * g->stride;
    s = cut(first, end, g->width_in);
    s.end -= (s.end - s.first) % TILE;
    return s;
}

static void data_row(const skc_depthwise *g, const float *dy, const float *w, float *dx)
{
    span inside = data_inside(g);

    switch (special(g)) {
    case 2 * 3 + 1:
        data_tiles(g, dy, w, dx, inside, 3, 1);
        break;
    case 2 * 3 + 2:
        data_tiles(g, dy, w, dx, inside, 3, 2);
        break;
    case 2 * 5 + 1:
        data_tiles(g, dy, w, dx, inside, 5, 1);
        break;
    case 2 * 5 + 2:
        data_tiles(g, dy, w, dx, inside, 5, 2);
        break;
    default:
        inside = (span){ 0, 0 };
    }
    data_pixels(g, dy, w, dx, (span){ 0, inside.first });
    data_pixels(g, dy, w, dx, (span){ inside.end, g->width_in });
}

static void depthwise_backward_data(const skc_depthwise *g, const float *dy, const float *weights,
                                    float *const *dx_rows)
{
    for (int32_t ky = 0; ky < g->kernel_h; ky++)
        if (dx_rows[ky] != NULL)
            data_row(g, dy, weights + (size_t)(ky * g->kernel_w) * (size_t)g->channels,
                     dx_rows[ky]);
}

/* dw (taps_h, kernel_w, c) += rows x dy over the output pixels inside, their sums in registers. */
ALWAYS_INLINE void weights_lanes(const skc_depthwise *g, const float *const *rows, const float *dy,
                                 float *dw, span inside, size_t i, size_t left, int32_t taps_h,
                                 int32_t kernel_w)
{
    const ptrdiff_t pitch = g->channels, step = g->stride * pitch;
    const ptrdiff_t start = first_tap(g, inside.first) * pitch + (ptrdiff_t)i;
    vec             sum[3][5];

    for (int32_t ky = 0; ky < taps_h; ky++)
        for (int32_t kx = 0; kx < kernel_w; kx++)
            sum[ky][kx] = get(dw + (ky * kernel_w + kx) * pitch + i, left);
    for (ptrdiff_t n = 0; n < inside.end - inside.first; n++) {
        const vec gradient = get(dy + (inside.first + n) * pitch + i, left);

        for (int32_t ky = 0; ky < taps_h; ky++)
            for (int32_t kx = 0; kx < kernel_w; kx++)
                sum[ky][kx] =
                    FMA(get(rows[ky] + start + n * step + kx * pitch, left), gradient, sum[ky][kx]);
    }
    for (int32_t ky = 0; ky < taps_h; ky++)
        for (int32_t kx = 0; kx < kernel_w; kx++)
            put(dw + (ky * kernel_w + kx) * pitch + i, left, sum[ky][kx]);
}

ALWAYS_INLINE void weights_inside(const skc_depthwise *g, const float *const *rows, const float *dy,
                                  float *dw, span inside, int32_t taps_h, int32_t kernel_w)
{
#define DO_LANES(i, left) weights_lanes(g, rows, dy, dw, inside, i, left, taps_h, kernel_w)
    if (inside.first < inside.end)
        FOR_CHANNELS((size_t)g->channels, DO_LANES);
#undef DO_LANES
}

/* dw (kernel_w, c) += row x dy over output pixels one by one: of any geometry. */
static void weights_pixels(const skc_depthwise *g, const float *row, const float *dy, float *dw,
                           span pixels)
{
    const size_t c = (size_t)g->channels;

    for (int32_t ox = pixels.first; ox < pixels.end; ox++) {
        const span taps = taps_inside(g, ox);

        for (int32_t kx = taps.first; kx < taps.end; kx++)
            multiply_add(c, row + (size_t)(first_tap(g, ox) + (int64_t)kx * g->dilation) * c,
                         dy + (size_t)ox * c, dw + (size_t)kx * c);
    }
}

static void depthwise_backward_weights(const skc_depthwise *g, const float *const *rows,
                                       const float *dy, float *dw)
{
    const size_t row_taps = (size_t)g->kernel_w * (size_t)g->channels;
    const bool   made     = g->dilation == 1 && (g->kernel_w == 3 || g->kernel_w == 5);
    const span   inside   = made ? pixels_inside(g) : (span){ 0, 0 };
    const bool   square   = made && g->kernel_w == 3 && g->kernel_h == 3 && rows[0] != NULL &&
                        rows[1] != NULL && rows[2] != NULL;

    if (square)
        weights_inside(g, rows, dy, dw, inside, 3, 3);
    for (int32_t ky = 0; ky < g->kernel_h; ky++, dw += row_taps) {
        if (rows[ky] == NULL)
            continue;
        if (!square && g->kernel_w == 3)
            weights_inside(g, rows + ky, dy, dw, inside, 1, 3);
        else if (!square)
            weights_inside(g, rows + ky, dy, dw, inside, 1, 5);
        weights_pixels(g, rows[ky], dy, dw, (span){ 0, inside.first });
        weights_pixels(g, rows[ky], dy, dw, (span){ inside.end, g->width_out });
    }
}

static void override_depthwise(skc_kernels *kernels)
{
    kernels->depthwise_forward          = depthwise_forward;
    kernels->depthwise_backward_data    = depthwise_backward_data;
    kernels->depthwise_backward_weights = depthwise_backward_weights;
}

#endif
