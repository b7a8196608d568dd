/* lesion.c - finds the lesion in a picture: the blob that differs most from the skin around it. */
#include "image/image.h"

#include <math.h>
#include <string.h>

/* Everything happens on a thumbnail: hairs and pores blur away, and the time does not depend on
 * the camera. */
enum { SIDE = 128, PIXELS = SIDE * SIDE };

/* A map for flood(): with a pixel of zeros all around, so that no neighbour has to be checked. */
enum { STRIDE = SIDE + 2, FRAMED = STRIDE * STRIDE };

typedef struct workspace {
    int32_t  width, height;
    uint8_t  rgb[PIXELS * 3];
    uint8_t  outside[PIXELS];    /* 1: the dark surround of a dermatoscope's round view */
    uint8_t  difference[PIXELS]; /* from the skin */
    uint8_t  smooth[PIXELS];
    uint8_t  left[FRAMED]; /* 1: a pixel that flood() takes, and has not yet */
    uint16_t stack[PIXELS];
} workspace;

typedef struct blob {
    int64_t weight; /* sum of differences */
    int32_t area, left, top, right, bottom;
} blob;

static skc_status make_thumbnail(const skc_image *image, workspace *w, skc_error *err)
{
    int32_t longer = image->width > image->height ? image->width : image->height;

    w->width  = longer > SIDE ? (int32_t)((int64_t)image->width * SIDE / longer) : image->width;
    w->height = longer > SIDE ? (int32_t)((int64_t)image->height * SIDE / longer) : image->height;
    w->width  = w->width > 0 ? w->width : 1;
    w->height = w->height > 0 ? w->height : 1;
    return skc__pixels_resize(&image->kernels,
                              (skc_pixels){ image->pixels, image->width, image->height }, w->width,
                              w->height, &image->allocator, w->rgb, err);
}

static int32_t framed(const workspace *w, int32_t i)
{
    return (i / w->width + 1) * STRIDE + i % w->width + 1;
}

/* Puts the pixels whose `level` is at least `least` on the map. */
static void fill_map(workspace *w, const uint8_t *level, int least)
{
    memset(w->left, 0, sizeof w->left);
    for (int32_t y = 0; y < w->height; y++)
        for (int32_t x = 0; x < w->width; x++)
            w->left[(y + 1) * STRIDE + x + 1] = level[y * w->width + x] >= least;
}

/* Takes the pixels off the map that hang together with `start`, which is on it, by sides or
 * corners. Each enters the stack once. */
static blob flood(workspace *w, const uint8_t *level, int32_t start)
{
    static const int32_t around[8] = { -STRIDE - 1, -STRIDE,    -STRIDE + 1, -1,
                                       1,           STRIDE - 1, STRIDE,      STRIDE + 1 };

    blob    b     = { .left = SIDE, .top = SIDE, .right = -1, .bottom = -1 };
    int32_t depth = 0;

    w->left[start]    = 0;
    w->stack[depth++] = (uint16_t)start;
    while (depth > 0) {
        int32_t at = w->stack[--depth], x = at % STRIDE - 1, y = at / STRIDE - 1;

        b.weight += level[y * w->width + x];
        b.area++;
        b.left   = x < b.left ? x : b.left;
        b.right  = x > b.right ? x : b.right;
        b.top    = y < b.top ? y : b.top;
        b.bottom = y > b.bottom ? y : b.bottom;
        for (int i = 0; i < 8; i++) {
            int32_t next = at + around[i];

            w->stack[depth] = (uint16_t)next;
            depth += w->left[next];
            w->left[next] = 0;
        }
    }
    return b;
}

/* The black around a round field of view: dark pixels that hang together with a dark corner. */
static void mark_outside(workspace *w)
{
    enum { BLACK = 60 };
    int32_t n          = w->width * w->height;
    int32_t corners[4] = { 0, w->width - 1, n - w->width, n - 1 };

    for (int32_t i = 0; i < n; i++) {
        const uint8_t *p = w->rgb + 3 * i;

        w->difference[i] = p[0] < BLACK && p[1] < BLACK && p[2] < BLACK;
    }
    fill_map(w, w->difference, 1);
    for (int i = 0; i < 4; i++)
        if (w->left[framed(w, corners[i])])
            (void)flood(w, w->difference, framed(w, corners[i]));
    for (int32_t i = 0; i < n; i++)
        w->outside[i] = w->difference[i] && !w->left[framed(w, i)];
}

typedef int32_t levels[3][256]; /* of each channel: how often each value is there */

/* Counts columns first..last - 1 of a row; returns how many were not outside, or all the same. */
static int32_t count_span(const workspace *w, int32_t y, int32_t first, int32_t last,
                          bool everything, levels out)
{
    int32_t count = 0;

    for (int32_t i = y * w->width + first; i < y * w->width + last; i++) {
        if (w->outside[i] && !everything)
            continue;
        for (int32_t c = 0; c < 3; c++)
            out[c][w->rgb[3 * i + c]]++;
        count++;
    }
    return count;
}

/* Over everything, or over the border without what is outside. */
static int32_t count_levels(const workspace *w, bool everything, levels out)
{
    int32_t ring = (w->width < w->height ? w->width : w->height) / 10 + 1, count = 0;
    int32_t right = w->width - ring > ring ? w->width - ring : ring;

    memset(out, 0, sizeof(levels));
    for (int32_t y = 0; y < w->height; y++)
        if (everything || y < ring || y >= w->height - ring)
            count += count_span(w, y, 0, w->width, everything, out);
        else
            count += count_span(w, y, 0, ring, false, out) +
                     count_span(w, y, right, w->width, false, out);
    return count;
}

/* Median of each channel over the border, which shows skin even where a hair or the lesion reaches
 * it. Over everything where the whole border is dark surround. */
static void skin_colour(const workspace *w, int32_t skin[3])
{
    levels  histogram;
    int32_t count = count_levels(w, false, histogram);

    if (count == 0)
        count = count_levels(w, true, histogram);
    for (int32_t c = 0; c < 3; c++) {
        int32_t below = 0, value = 0;

        while (below + histogram[c][value] <= count / 2)
            below += histogram[c][value++];
        skin[c] = value;
    }
}

/* Difference from the skin in lightness and two opponent colours of the gamma-coded values, a rough
 * perceptual space. Lighter than skin does not count: that is mostly a reflection or a scale.
 * Weighted by 1 in the middle down to 0.2 in the corners, where vignetting darkens the skin and
 * lesions are rare. */
static void measure_difference(workspace *w)
{
    int32_t skin[3];

    skin_colour(w, skin);
    for (int32_t row = 0; row < w->height; row++) {
        const uint8_t *rgb  = w->rgb + 3 * row * w->width;
        float          y    = ((float)row + 0.5f) / (float)w->height - 0.5f;
        ptrdiff_t      from = (ptrdiff_t)row * w->width;

        for (int32_t column = 0; column < w->width; column++) {
            float r     = (float)(rgb[3 * column] - skin[0]);
            float g     = (float)(rgb[3 * column + 1] - skin[1]);
            float b     = (float)(rgb[3 * column + 2] - skin[2]);
            float light = (r + g + b) / 3, red_green = r - g, yellow_blue = (r + g) / 2 - b;
            float x      = ((float)column + 0.5f) / (float)w->width - 0.5f;
            float middle = 1 - (x * x + y * y) * 1.6f;
            float d;

            light = light > 0 ? 0 : light;
            d = middle * sqrtf(light * light + red_green * red_green + yellow_blue * yellow_blue);
            w->difference[from + column] = w->outside[from + column] ? 0
                                           : d > 255                 ? 255
                                                                     : (uint8_t)d;
        }
    }
}

/* ------------------------------------------------------------------ median of 5 x 5 */

/* Pixel x of a row has its 25 values at [0..24][x]. */
typedef uint8_t windows[25][SIDE];

/* Collects what is within two pixels of (x, y). At the picture's edge those are fewer: zeros and
 * 255s fill up, as many of each as leaves the median in the middle. */
static void collect(const workspace *w, int32_t x, int32_t y, windows out)
{
    int32_t count = 0, below;

    for (int32_t ny = y > 1 ? y - 2 : 0; ny <= y + 2 && ny < w->height; ny++)
        for (int32_t nx = x > 1 ? x - 2 : 0; nx <= x + 2 && nx < w->width; nx++)
            out[count++][x] = w->difference[ny * w->width + nx];
    for (below = 12 - count / 2; count < 25; below--)
        out[count++][x] = below > 0 ? 0 : 255;
}

static void collect_row(const workspace *w, int32_t y, windows out)
{
    bool    inside = y >= 2 && y < w->height - 2 && w->width > 4;
    int32_t first = inside ? 2 : w->width, last = inside ? w->width - 2 : w->width;

    for (int32_t i = 0; i < 25 && inside; i++)
        memcpy(&out[i][first], w->difference + (y + i / 5 - 2) * w->width + first + i % 5 - 2,
               (size_t)(last - first));
    for (int32_t x = 0; x < first; x++)
        collect(w, x, y, out);
    for (int32_t x = last; x < w->width; x++)
        collect(w, x, y, out);
}

/* Of each pair the smaller value to `low`: all of a row, so that the compiler uses vectors. */
static void exchange(uint8_t *restrict low, uint8_t *restrict high)
{
    for (int i = 0; i < SIDE; i++) {
        uint8_t a = low[i], b = high[i];

        low[i]  = a < b ? a : b;
        high[i] = a < b ? b : a;
    }
}

/* After these exchanges the median stands at 12 (Devillard, "Fast median search", 1998; all 2^25
 * inputs of zeros and ones have been tried). */
static const uint8_t network[99][2] = {
    { 0, 1 },   { 3, 4 },   { 2, 4 },   { 2, 3 },   { 6, 7 },   { 5, 7 },   { 5, 6 },   { 9, 10 },
    { 8, 10 },  { 8, 9 },   { 12, 13 }, { 11, 13 }, { 11, 12 }, { 15, 16 }, { 14, 16 }, { 14, 15 },
    { 18, 19 }, { 17, 19 }, { 17, 18 }, { 21, 22 }, { 20, 22 }, { 20, 21 }, { 23, 24 }, { 2, 5 },
    { 3, 6 },   { 0, 6 },   { 0, 3 },   { 4, 7 },   { 1, 7 },   { 1, 4 },   { 11, 14 }, { 8, 14 },
    { 8, 11 },  { 12, 15 }, { 9, 15 },  { 9, 12 },  { 13, 16 }, { 10, 16 }, { 10, 13 }, { 20, 23 },
    { 17, 23 }, { 17, 20 }, { 21, 24 }, { 18, 24 }, { 18, 21 }, { 19, 22 }, { 8, 17 },  { 9, 18 },
    { 0, 18 },  { 0, 9 },   { 10, 19 }, { 1, 19 },  { 1, 10 },  { 11, 20 }, { 2, 20 },  { 2, 11 },
    { 12, 21 }, { 3, 21 },  { 3, 12 },  { 13, 22 }, { 4, 22 },  { 4, 13 },  { 14, 23 }, { 5, 23 },
    { 5, 14 },  { 15, 24 }, { 6, 24 },  { 6, 15 },  { 7, 16 },  { 7, 19 },  { 13, 21 }, { 15, 23 },
    { 7, 13 },  { 7, 15 },  { 1, 9 },   { 3, 11 },  { 5, 17 },  { 11, 17 }, { 9, 17 },  { 4, 10 },
    { 6, 12 },  { 7, 14 },  { 4, 6 },   { 4, 7 },   { 12, 14 }, { 10, 14 }, { 6, 7 },   { 10, 12 },
    { 6, 10 },  { 6, 17 },  { 12, 17 }, { 7, 17 },  { 7, 10 },  { 12, 18 }, { 7, 12 },  { 10, 18 },
    { 12, 20 }, { 10, 20 }, { 10, 12 },
};

/* Takes out hairs and ruler marks, and keeps edges where they are. */
static void smooth_difference(workspace *w)
{
    windows row = { { 0 } };

    for (int32_t y = 0; y < w->height; y++) {
        collect_row(w, y, row);
        for (size_t i = 0; i < sizeof network / sizeof *network; i++)
            exchange(row[network[i][0]], row[network[i][1]]);
        memcpy(w->smooth + y * w->width, row[12], (size_t)w->width);
    }
}

/* ------------------------------------------------------------------ the blob */

/* Otsu's threshold: the first level of the upper class, and how far apart the two means are. */
static int otsu(const uint8_t *level, int32_t n, double *contrast)
{
    double total = 0, below = 0, sum = 0, best = -1;
    double histogram[256] = { 0 };
    int    threshold      = 0;

    for (int32_t i = 0; i < n; i++) {
        histogram[level[i]]++;
        total += level[i];
    }
    *contrast = 0;
    for (int t = 1; t < 256; t++) {
        double above, apart;

        below += histogram[t - 1];
        sum += histogram[t - 1] * (t - 1);
        above = n - below;
        if (below < 1 || above < 1)
            continue;
        apart = (total - sum) / above - sum / below;
        if (below * above * apart * apart > best) {
            best      = below * above * apart * apart;
            threshold = t;
            *contrast = apart;
        }
    }
    return threshold;
}

static blob heaviest_blob(workspace *w, int threshold)
{
    blob best = { 0 };

    fill_map(w, w->smooth, threshold);
    for (int32_t i = 0; i < FRAMED; i++)
        if (w->left[i]) {
            blob b = flood(w, w->smooth, i);

            best = b.weight > best.weight ? b : best;
        }
    return best;
}

/* [low, high) of a length grown to `wanted`, and moved or cut so that it lies in 0..limit. */
static void grow_span(int32_t *low, int32_t *high, int32_t wanted, int32_t limit)
{
    wanted = wanted < limit ? wanted : limit;
    *low -= (wanted - (*high - *low)) / 2;
    *low  = *low < 0 ? 0 : *low > limit - wanted ? limit - wanted : *low;
    *high = *low + wanted;
}

/* From the thumbnail's blob to a box of the picture: whole blob, margin, square, inside. */
static skc_box box_around(const skc_image *image, const workspace *w, blob b, float margin,
                          bool square)
{
    int32_t left   = (int32_t)((int64_t)b.left * image->width / w->width);
    int32_t top    = (int32_t)((int64_t)b.top * image->height / w->height);
    int32_t right  = (int32_t)(((int64_t)b.right + 1) * image->width / w->width);
    int32_t bottom = (int32_t)(((int64_t)b.bottom + 1) * image->height / w->height);
    int32_t longer = right - left > bottom - top ? right - left : bottom - top;
    int32_t extra  = (int32_t)lrintf(margin * (float)longer);

    if (square) {
        int32_t side = longer + 2 * extra;

        side = side < image->width ? side : image->width;
        side = side < image->height ? side : image->height;
        grow_span(&left, &right, side, image->width);
        grow_span(&top, &bottom, side, image->height);
    } else {
        left   = left > extra ? left - extra : 0;
        top    = top > extra ? top - extra : 0;
        right  = right + extra < image->width ? right + extra : image->width;
        bottom = bottom + extra < image->height ? bottom + extra : image->height;
    }
    return (skc_box){ left, top, right - left, bottom - top };
}

static skc_status find(const skc_image *image, workspace *w, float margin, bool square,
                       skc_box *box, skc_error *err)
{
    enum { LEAST_CONTRAST = 8 }; /* of 255: below that it is the skin's own pattern */
    skc_status status = make_thumbnail(image, w, err);
    double     contrast;
    int        threshold;
    blob       lesion;

    if (status != SKC_OK)
        return status;
    mark_outside(w);
    measure_difference(w);
    smooth_difference(w);
    threshold = otsu(w->smooth, w->width * w->height, &contrast);
    if (contrast < LEAST_CONTRAST)
        return skc__fail(err, SKC_ENOTFOUND, "no lesion found: nothing stands out from the skin");
    /* Otsu cuts halfway to the skin; a lesion's outline includes its fading rim. With 0.65 the box
     * agrees best with HAM10000's masks, and it hardly matters between 0.6 and 0.7. */
    lesion = heaviest_blob(w, (int)lrint(0.65 * threshold));
    *box   = box_around(image, w, lesion, margin, square);
    return SKC_OK;
}

skc_status skc_image_find_lesion(const skc_image *image, float margin, bool square, skc_box *box,
                                 skc_error *err)
{
    workspace *w;
    skc_status status;

    if (image == NULL || box == NULL)
        return skc__fail(err, SKC_EINVAL, "skc_image_find_lesion: image or box is NULL");
    if (!(margin >= 0 && margin <= 1))
        return skc__fail(err, SKC_EINVAL, "margin %g; allowed are 0..1", (double)margin);
    w = skc__allocate(&image->allocator, sizeof *w, err);
    if (w == NULL)
        return SKC_ENOMEM;
    status = find(image, w, margin, square, box, err);
    skc__release(&image->allocator, w);
    return status;
}
