/* lesion.c - finds the lesion in a picture: the blob that differs most from the skin around it. */
#include "image/image.h"

#include <math.h>
#include <string.h>

/* Everything happens on a thumbnail: hairs and pores blur away, and the time does not depend on
 * the camera. */
enum { SIDE = 128, PIXELS = SIDE * SIDE };

typedef struct workspace {
    int32_t  width, height;
    uint8_t  rgb[PIXELS * 3];
    uint8_t  outside[PIXELS];    /* 1: the dark surround of a dermatoscope's round view */
    uint8_t  difference[PIXELS]; /* from the skin */
    uint8_t  smooth[PIXELS];
    uint8_t  seen[PIXELS];
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

/* Collects the 8-connected pixels whose `level` is at least `least`, starting at one of them, and
 * marks them in `seen`. Each pixel enters the stack once. */
static blob flood(workspace *w, const uint8_t *level, int least, int32_t start)
{
    blob    b     = { .left = SIDE, .top = SIDE, .right = -1, .bottom = -1 };
    int32_t depth = 0;

    w->seen[start]    = 1;
    w->stack[depth++] = (uint16_t)start;
    while (depth > 0) {
        int32_t at = w->stack[--depth], x = at % w->width, y = at / w->width;

        b.weight += level[at];
        b.area++;
        b.left   = x < b.left ? x : b.left;
        b.right  = x > b.right ? x : b.right;
        b.top    = y < b.top ? y : b.top;
        b.bottom = y > b.bottom ? y : b.bottom;
        for (int32_t ny = y > 0 ? y - 1 : 0; ny <= y + 1 && ny < w->height; ny++)
            for (int32_t nx = x > 0 ? x - 1 : 0; nx <= x + 1 && nx < w->width; nx++) {
                int32_t next = ny * w->width + nx;

                if (w->seen[next] || level[next] < least)
                    continue;
                w->seen[next]     = 1;
                w->stack[depth++] = (uint16_t)next;
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
    memset(w->seen, 0, sizeof w->seen);
    for (int i = 0; i < 4; i++)
        if (w->difference[corners[i]] && !w->seen[corners[i]])
            (void)flood(w, w->difference, 1, corners[i]);
    memcpy(w->outside, w->seen, sizeof w->outside);
}

static bool in_border(const workspace *w, int32_t i)
{
    int32_t x = i % w->width, y = i / w->width;
    int32_t ring = (w->width < w->height ? w->width : w->height) / 10 + 1;

    return x < ring || y < ring || x >= w->width - ring || y >= w->height - ring;
}

/* Median of each channel over the border, which shows skin even where a hair or the lesion reaches
 * it. Over everything where the whole border is dark surround. */
static void skin_colour(const workspace *w, int32_t skin[3])
{
    int32_t n = w->width * w->height;

    for (int32_t c = 0; c < 3; c++) {
        int32_t histogram[256] = { 0 }, count = 0, below = 0, value = 0;

        for (int pass = 0; pass < 2 && count == 0; pass++)
            for (int32_t i = 0; i < n; i++)
                if (pass == 1 || (!w->outside[i] && in_border(w, i))) {
                    histogram[w->rgb[3 * i + c]]++;
                    count++;
                }
        while (below + histogram[value] <= count / 2)
            below += histogram[value++];
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
    for (int32_t i = 0; i < w->width * w->height; i++) {
        float r     = (float)(w->rgb[3 * i] - skin[0]);
        float g     = (float)(w->rgb[3 * i + 1] - skin[1]);
        float b     = (float)(w->rgb[3 * i + 2] - skin[2]);
        float light = (r + g + b) / 3, red_green = r - g, yellow_blue = (r + g) / 2 - b;
        float x      = ((float)(i % w->width) + 0.5f) / (float)w->width - 0.5f;
        float y      = ((float)(i / w->width) + 0.5f) / (float)w->height - 0.5f;
        float middle = 1 - (x * x + y * y) * 1.6f;
        float d;

        light = light > 0 ? 0 : light;
        d     = middle * sqrtf(light * light + red_green * red_green + yellow_blue * yellow_blue);
        w->difference[i] = w->outside[i] ? 0 : d > 255 ? 255 : (uint8_t)d;
    }
}

/* The levels within a window, which moves along a row. */
typedef struct window {
    int32_t count[256], all;
    int32_t median, below; /* a level, and how many are below it */
} window;

/* Takes in (sign 1) or out (-1) what column x has within two rows of y. */
static void change_column(window *v, const workspace *w, int32_t x, int32_t y, int32_t sign)
{
    for (int32_t ny = y > 1 ? y - 2 : 0; ny <= y + 2 && ny < w->height; ny++) {
        int32_t level = w->difference[ny * w->width + x];

        v->count[level] += sign;
        v->all += sign;
        v->below += level < v->median ? sign : 0;
    }
}

static uint8_t find_median(window *v)
{
    int32_t rank = v->all / 2;

    while (v->below > rank)
        v->below -= v->count[--v->median];
    while (v->below + v->count[v->median] <= rank)
        v->below += v->count[v->median++];
    return (uint8_t)v->median;
}

/* Median of 5 x 5 pixels: takes out hairs and ruler marks, and keeps edges where they are (Huang et
 * al., IEEE Trans. ASSP 27(1), 1979). */
static void smooth_difference(workspace *w)
{
    for (int32_t y = 0; y < w->height; y++) {
        window v = { .all = 0 };

        for (int32_t x = 0; x < 2 && x < w->width; x++)
            change_column(&v, w, x, y, 1);
        for (int32_t x = 0; x < w->width; x++) {
            if (x + 2 < w->width)
                change_column(&v, w, x + 2, y, 1);
            if (x > 2)
                change_column(&v, w, x - 3, y, -1);
            w->smooth[y * w->width + x] = find_median(&v);
        }
    }
}

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

    memset(w->seen, 0, sizeof w->seen);
    for (int32_t i = 0; i < w->width * w->height; i++)
        if (!w->seen[i] && w->smooth[i] >= threshold) {
            blob b = flood(w, w->smooth, threshold, i);

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
