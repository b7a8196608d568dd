/* sample.c - where a network's input comes from in a picture, and fetching it. */
#include "image/image.h"
#include "kernels/picture.h"

#include <math.h>
#include <string.h>

/* The part of a picture that a fit looks at, in pixels. */
typedef struct region {
    float x, y, width, height;
} region;

static region fit_region(int32_t width, int32_t height, skc_fit fit)
{
    int32_t side = width < height ? width : height;

    if (fit == SKC_FIT_SQUASH)
        return (region){ 0, 0, (float)width, (float)height };
    /* Whole pixels, as skc_image_centre_square. */
    return (region){ (float)((width - side) / 2), (float)((height - side) / 2), (float)side,
                     (float)side };
}

/* Symmetries of the unit square: bit 0 mirrors left-right, bit 1 top-bottom, and bit 2 exchanges
 * the axes. Rows: source x and y, from the middle, as sums of the input's u and v in -0.5..0.5. */
static void symmetry_axes(int32_t symmetry, float axes[2][2])
{
    float across = symmetry & 1 ? -1.0f : 1.0f;
    float down   = symmetry & 2 ? -1.0f : 1.0f;
    bool  swap   = (symmetry & 4) != 0;

    axes[0][0] = swap ? 0 : across;
    axes[0][1] = swap ? across : 0;
    axes[1][0] = swap ? down : 0;
    axes[1][1] = swap ? 0 : down;
}

/* Input pixel (column, row) -> (u, v) in -0.5..0.5 -> symmetry -> crop, turned about its middle. */
static skc_sampling compose(region crop, const skc_preprocessing *p, int32_t symmetry,
                            float radians)
{
    float        axes[2][2];
    float        c = cosf(radians), s = sinf(radians);
    float        middle[2]  = { crop.x + 0.5f * crop.width, crop.y + 0.5f * crop.height };
    float        turn[2][2] = { { c * crop.width, -s * crop.height },
                                { s * crop.width, c * crop.height } };
    skc_sampling out;

    symmetry_axes(symmetry, axes);
    for (int i = 0; i < 2; i++) {
        float u = turn[i][0] * axes[0][0] + turn[i][1] * axes[1][0];
        float v = turn[i][0] * axes[0][1] + turn[i][1] * axes[1][1];

        out.matrix[i][0] = u / (float)p->width;
        out.matrix[i][1] = v / (float)p->height;
        out.matrix[i][2] = middle[i] - 0.5f * (u + v);
    }
    return out;
}

skc_sampling skc__sampling_plain(int32_t width, int32_t height, const skc_preprocessing *p,
                                 int32_t symmetry)
{
    return compose(fit_region(width, height, p->fit), p, symmetry, 0);
}

/* The start of a random piece of `length` inside [start, start + room), or centred on it. */
static float place(float start, float room, float length, float uniform)
{
    return start + (room - length) * (length < room ? uniform : 0.5f);
}

skc_sampling skc__sampling_random(int32_t width, int32_t height, const skc_preprocessing *p,
                                  const skc_augmentation *augmentation, skc_random *random)
{
    region  fit     = fit_region(width, height, p->fit);
    float   area    = skc__random_between(random, augmentation->scale_min, augmentation->scale_max);
    float   widest  = logf(augmentation->aspect);
    float   aspect  = expf(skc__random_between(random, -widest, widest));
    float   across  = skc__random_uniform(random);
    float   down    = skc__random_uniform(random);
    int32_t flips   = (int32_t)skc__random_below(random, 4);
    float   degrees = skc__random_between(random, -augmentation->rotation, augmentation->rotation);
    region  crop    = { .width  = fit.width * sqrtf(area * aspect),
                        .height = fit.height * sqrtf(area / aspect) };

    crop.x = place(fit.x, fit.width, crop.width, across);
    crop.y = place(fit.y, fit.height, crop.height, down);
    return compose(crop, p, augmentation->flip ? flips : 0, degrees * 0.017453293f);
}

/* ------------------------------------------------------------------ straight maps */

/* Where axes stay axes, each row of the picture is mixed across once, with lists made once, and
 * rows of the result are mixed down from two of those: the sums of kernels->sample. */

enum { STRIP = 256 }; /* columns at a time, a multiple of 16 */
enum { WINDOW = 16 }; /* bytes, of an skc_row_mix */
enum { AHEAD = 4 };   /* rows that are brought into the caches before they are needed */
enum { LINE = 64 };   /* bytes, of a cache */

/* A place on an axis: `share` of the way from a pixel to the one behind it, both mirrored. */
typedef struct between {
    int32_t first, second;
    float   share;
} between;

/* Columns of the result. Rows of the picture that follow one another, mirrored or not, are in
 * different slots or the same row. */
typedef struct strip {
    _Alignas(64) float row[2][3 * STRIP];
    _Alignas(64) uint32_t left[3 * STRIP];
    _Alignas(64) uint32_t right[3 * STRIP];
    _Alignas(64) float share[3 * STRIP];
    int32_t            at[3 * STRIP / 4];
    between            column[STRIP];
    int32_t            held[2]; /* the row of the picture that row[i] is made from; -1: none */
    int32_t            ahead;   /* AHEAD, negative where the map goes upwards */
    skc_row_mix        mix;
    skc_pixels         source;
    const skc_kernels *kernels;
} strip;

/* In the very steps of kernels->sample, so that the bits are its. */
static between find_place(float scale, float shift, int32_t i, int32_t size)
{
    float x     = scale * ((float)i + 0.5f) + shift - 0.5f;
    float whole = floorf(x);

    return (between){ skc__mirrored((int32_t)whole, size), skc__mirrored((int32_t)whole + 1, size),
                      x - whole };
}

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t largest(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* Values k..k + 3 of the four pixels from `column` on, which are of two pixels; false where what
 * they come from is wider than a window. */
static inline bool fill_four(strip *s, int32_t column, int32_t k)
{
    const between *from = s->column + column, *a = from + k / 3, *b = from + (k + 3) / 3;
    int32_t        low  = least(least(a->first, a->second), least(b->first, b->second));
    int32_t        high = largest(largest(a->first, a->second), largest(b->first, b->second));
    int32_t        at   = least(3 * low, 3 * s->source.width - WINDOW);

    s->at[(3 * column + k) / 4] = at;
    for (int32_t i = 3 * column + k, end = i + 4; i < end; i++, k++) {
        int32_t colour = k % 3 - at;

        s->left[i]  = SKC_ONE_BYTE + (uint32_t)(3 * from[k / 3].first + colour);
        s->right[i] = SKC_ONE_BYTE + (uint32_t)(3 * from[k / 3].second + colour);
        s->share[i] = from[k / 3].share;
    }
    return 3 * high + 3 - at <= WINDOW;
}

/* The lists for `count` columns and some more, up to a multiple of 16; false where they cannot say
 * it. */
static bool fill_strip(strip *s, const float axis[3], int32_t start, int32_t count)
{
    int32_t filled = (count + 15) / 16 * 16;
    bool    fits   = true;

    s->mix     = (skc_row_mix){ (size_t)count * 3, s->at, s->left, s->right, s->share };
    s->held[0] = s->held[1] = -1;
    for (int32_t i = 0; i < filled; i++)
        s->column[i] = find_place(axis[0], axis[2], start + i, s->source.width);
    for (int32_t i = 0; i < filled && fits; i += 4)
        fits = fill_four(s, i, 0) && fill_four(s, i, 4) && fill_four(s, i, 8);
    return fits;
}

static const uint8_t *picture_row(const strip *s, int32_t y)
{
    return s->source.data + (size_t)y * (size_t)s->source.width * 3;
}

/* Brings a later row, too: pictures come from files or were written long ago, and the processor
 * does not foresee rows that are read in part or upwards. (In a function of its own the compiler
 * may take this for nothing.) */
static void mix_row(strip *s, int32_t y, float *out)
{
    size_t  last = (s->mix.n - 1) / 4;
    int32_t from = least(s->at[0], s->at[last]), end = largest(s->at[0], s->at[last]) + WINDOW;
    int32_t next = y + s->ahead;

    if (next >= 0 && next < s->source.height)
        for (int32_t i = from; i < end; i += LINE)
            __builtin_prefetch(picture_row(s, next) + i);
    s->kernels->mix_across(&s->mix, picture_row(s, y), out);
    s->held[y % 2] = y;
}

static const float *row_across(strip *s, int32_t y)
{
    float *out = s->row[y % 2];

    if (s->held[y % 2] != y)
        mix_row(s, y, out);
    return out;
}

/* `step`: values from a row of the result to the next. */
static void sample_strip(strip *s, const float axis[3], int32_t height, size_t step, float *out)
{
    s->ahead = axis[1] < 0 ? -AHEAD : AHEAD;
    for (int32_t row = 0; row < height; row++, out += step) {
        between      y     = find_place(axis[1], axis[2], row, s->source.height);
        const float *above = row_across(s, y.first), *below = row_across(s, y.second);

        s->kernels->mix_down(s->mix.n, y.share, above, below, out);
    }
}

/* False if the map is no such one, looks from too far, or the picture is narrower than a window;
 * `out` is anything then. */
static bool sample_straight(const skc_kernels *kernels, skc_pixels source,
                            const skc_sampling *sampling, int32_t width, int32_t height, float *out)
{
    const float(*m)[3] = sampling->matrix;
    strip s;

    if (m[0][1] != 0 || m[1][0] != 0 || source.width > INT32_MAX / 3 || 3 * source.width < WINDOW)
        return false;
    s.kernels = kernels;
    s.source  = source;
    for (int32_t start = 0; start < width; start += STRIP) {
        if (!fill_strip(&s, m[0], start, least(STRIP, width - start)))
            return false;
        sample_strip(&s, m[1], height, (size_t)width * 3, out + (size_t)start * 3);
    }
    return true;
}

void skc__sample(const skc_kernels *kernels, skc_pixels source, const skc_sampling *sampling,
                 int32_t width, int32_t height, float *out)
{
    skc_sample s = { .pixels = source.data, .width = source.width, .height = source.height };

    if (sample_straight(kernels, source, sampling, width, height, out))
        return;
    memcpy(s.matrix, sampling->matrix, sizeof s.matrix);
    for (int32_t row = 0; row < height; row++)
        kernels->sample(&s, row, width, out + (size_t)row * (size_t)width * 3);
}
