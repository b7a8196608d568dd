/* quality_measure.c - the measures of a picture's quality, each on the small copy of it. */
#include "image/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ light */

void skc__quality_light(const skc_quality_copy *copy, skc_quality *out)
{
    enum { BLACK = 12, WHITE = 250 };
    int32_t n = copy->width * copy->height, dark = 0, bright = 0, level = 255;
    int32_t histogram[256] = { 0 };
    double  sum = 0, squares = 0;

    for (int32_t i = 0; i < n; i++) {
        const uint8_t *p = copy->rgb + 3 * i;
        double         y = (double)copy->luma[i];

        dark += p[0] <= BLACK && p[1] <= BLACK && p[2] <= BLACK;
        bright += p[0] >= WHITE && p[1] >= WHITE && p[2] >= WHITE;
        sum += y;
        squares += y * y;
        histogram[(int32_t)(y + 0.5)]++;
    }
    for (int32_t above = histogram[255]; above <= n / 20 && level > 0;)
        above += histogram[--level];
    out->brightness = (float)(sum / n / 255);
    out->contrast   = (float)(sqrt(fmax(0, squares / n - sum / n * (sum / n))) / 255);
    out->dark       = (float)dark / (float)n;
    out->bright     = (float)bright / (float)n;
    out->white      = (float)level / 255;
}

/* ------------------------------------------------------------------ flat areas and edges */

static uint8_t least(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

static uint8_t most(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Smallest and largest of three values in a row, `step` apart. */
static void extremes(const uint8_t *low_of, const uint8_t *high_of, size_t step, size_t count,
                     uint8_t *restrict low, uint8_t *restrict high)
{
    for (size_t i = 0; i < count; i++) {
        low[i]  = least(least(low_of[i], low_of[i + step]), low_of[i + 2 * step]);
        high[i] = most(most(high_of[i], high_of[i + step]), high_of[i + 2 * step]);
    }
}

/* range[3 x + c]: the largest difference between the 3 x 3 pixels around (x + 1, y) in channel c.
 */
static void find_ranges(const skc_quality_copy *copy, int32_t y, uint8_t *restrict range)
{
    size_t         row = 3 * (size_t)copy->width;
    uint8_t        low[3 * SKC_QUALITY_LONGEST], high[3 * SKC_QUALITY_LONGEST];
    uint8_t        least3[3 * SKC_QUALITY_LONGEST];
    const uint8_t *above = copy->rgb + (size_t)(y - 1) * row;

    extremes(above, above, row, row, low, high);
    extremes(low, high, 3, row - 6, least3, range);
    for (size_t i = 0; i < row - 6; i++)
        range[i] = (uint8_t)(range[i] - least3[i]);
}

/* Without the black around a dermatoscope's round view, which is as flat as a drawing, and its rim.
 */
void skc__quality_flatness(const skc_quality_copy *copy, skc_quality *out)
{
    enum { BLACK = 60, FLAT = 2, HARD = 60 };
    int32_t counted = 0, flat = 0, hard = 0;
    uint8_t ranges[3 * SKC_QUALITY_LONGEST];

    for (int32_t y = 1; y < copy->height - 1 && copy->width > 2; y++) {
        find_ranges(copy, y, ranges);
        for (int32_t x = 1; x < copy->width - 1; x++) {
            const uint8_t *p      = copy->rgb + 3 * ((size_t)y * (size_t)copy->width + (size_t)x);
            const uint8_t *r      = ranges + 3 * (x - 1);
            uint8_t        range  = most(most(r[0], r[1]), r[2]);
            bool           counts = p[0] > BLACK || p[1] > BLACK || p[2] > BLACK;

            counted += counts;
            flat += counts && range <= FLAT;
            hard += counts && range >= HARD;
        }
    }
    out->flat  = counted > 0 ? (float)flat / (float)counted : 1;
    out->edges = counted > 0 ? (float)hard / (float)counted : 0;
}

/* ------------------------------------------------------------------ grid */

static int compare_floats(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;

    return (a > b) - (a < b);
}

/* The median by the mean; 1 where nothing changes at all. */
static float median_by_mean(float *values, int32_t count)
{
    double sum = 0;

    for (int32_t i = 0; i < count; i++)
        sum += (double)values[i];
    if (sum <= 0)
        return 1;
    qsort(values, (size_t)count, sizeof *values, compare_floats);
    return (float)((double)values[count / 2] * count / sum);
}

/* A picture enlarged by repeating pixels changes only at every k-th column and row: there all the
 * energy of its differences lies. A sixth at each side is left out, where the rim of a round view
 * would look the same. */
void skc__quality_grid(const skc_quality_copy *copy, skc_quality *out)
{
    float   columns[SKC_QUALITY_LONGEST] = { 0 }, rows[SKC_QUALITY_LONGEST] = { 0 };
    int32_t width = copy->width, height = copy->height, left = width / 6 + 1, top = height / 6 + 1;

    for (int32_t y = top; y < height - top; y++)
        for (int32_t x = left; x < width - left; x++) {
            const float *p      = copy->luma + (size_t)y * (size_t)width + (size_t)x;
            float        across = p[0] - p[-1], down = p[0] - p[-width];

            columns[x] += across * across;
            rows[y] += down * down;
        }
    out->grid = 1;
    if (width > 2 * left && height > 2 * top)
        out->grid = fmaxf(median_by_mean(columns + left, width - 2 * left),
                          median_by_mean(rows + top, height - 2 * top));
}

/* ------------------------------------------------------------------ noise */

/* The mean over a block of |d|, where d is what the mask 1 -2 1 / -2 4 -2 / 1 -2 1 leaves: of
 * white noise its deviation, of edges little (Immerkaer, CVIU 64(2), 1996). */
static float block_noise(const skc_quality_copy *copy, int32_t left, int32_t top, int32_t side)
{
    const float root_half_pi = 1.2533141f;
    float       sum          = 0;
    ptrdiff_t   w            = copy->width;

    for (int32_t y = top; y < top + side; y++)
        for (int32_t x = left; x < left + side; x++) {
            const float *p = copy->luma + y * w + x;

            sum += fabsf(p[-w - 1] + p[-w + 1] + p[w - 1] + p[w + 1] -
                         2 * (p[-w] + p[-1] + p[1] + p[w]) + 4 * p[0]);
        }
    return sum / (float)(side * side) / 6 * root_half_pi;
}

/* That of the block at the tenth percentile: noise is everywhere, texture is not. */
void skc__quality_noise(const skc_quality_copy *copy, skc_quality *out)
{
    enum { BLOCK = 8, MOST = (SKC_QUALITY_SIDE / BLOCK) * (SKC_QUALITY_LONGEST / BLOCK) };
    float   blocks[MOST];
    int32_t count = 0;

    for (int32_t y = 1; y + BLOCK < copy->height; y += BLOCK)
        for (int32_t x = 1; x + BLOCK < copy->width; x += BLOCK)
            blocks[count++] = block_noise(copy, x, y, BLOCK);
    qsort(blocks, (size_t)count, sizeof *blocks, compare_floats);
    out->noise = count > 0 ? blocks[count / 10] / 255 : 0;
}

/* ------------------------------------------------------------------ sharpness */

static const float binomial[5] = { 1 / 16.0f, 4 / 16.0f, 6 / 16.0f, 4 / 16.0f, 1 / 16.0f };

static void smooth_rows(const skc_quality_copy *copy, int32_t step)
{
    ptrdiff_t width = copy->width;

    for (ptrdiff_t y = 0; y < copy->height; y++) {
        float *line = copy->smooth + y * width, *row = copy->row + SKC_QUALITY_PADDING;

        memcpy(row, line, (size_t)width * sizeof *row);
        for (ptrdiff_t i = 1; i <= SKC_QUALITY_PADDING; i++) {
            row[-i]            = line[0];
            row[width - 1 + i] = line[width - 1];
        }
        for (ptrdiff_t x = 0; x < width; x++)
            line[x] = binomial[0] * (row[x - 2 * step] + row[x + 2 * step]) +
                      binomial[1] * (row[x - step] + row[x + step]) + binomial[2] * row[x];
    }
}

static void smooth_columns(const skc_quality_copy *copy, int32_t step)
{
    ptrdiff_t    width = copy->width;
    int32_t      last  = copy->height - 1;
    const float *in[5];

    for (int32_t y = 0; y <= last; y++) {
        float *out = copy->smooth + y * width;

        for (int32_t k = 0; k < 5; k++) {
            int32_t from = y + (k - 2) * step;

            in[k] = copy->luma + width * (from < 0 ? 0 : from > last ? last : from);
        }
        for (ptrdiff_t x = 0; x < width; x++)
            out[x] = binomial[0] * (in[0][x] + in[4][x]) + binomial[1] * (in[1][x] + in[3][x]) +
                     binomial[2] * in[2][x];
    }
}

/* Mean square of luma - smooth within an ellipse that leaves out the corners, where a round view
 * ends and lenses are weak. */
static double band_energy(const skc_quality_copy *copy)
{
    double  sum     = 0;
    int64_t counted = 0;

    for (int32_t y = 0; y < copy->height; y++) {
        double  down  = 2 * (y + 0.5) / copy->height - 1;
        double  half  = sqrt(fmax(0, 0.81 - down * down)) / 2;
        int32_t left  = (int32_t)ceil(copy->width * (0.5 - half));
        int32_t right = (int32_t)floor(copy->width * (0.5 + half));

        for (int32_t x = left; x < right; x++) {
            ptrdiff_t at = (ptrdiff_t)y * copy->width + x;
            double    d  = (double)(copy->luma[at] - copy->smooth[at]);

            sum += d * d;
        }
        counted += right - left;
    }
    return counted > 0 ? sum / (double)counted : 0;
}

/* Bands of an a trous pyramid: differences of the picture smoothed more and more. Of white noise
 * the second one keeps 0.199 of the deviation. */
void skc__quality_sharpness(skc_quality_copy *copy, skc_quality *out)
{
    enum { BANDS = 4, FINE = 1, COARSE = 3 };
    double energy[BANDS];
    double noise = 0.199 * 255 * (double)out->noise, fine;

    for (int32_t band = 0; band < BANDS; band++) {
        float *swap = copy->luma;

        smooth_columns(copy, 1 << band);
        smooth_rows(copy, 1 << band);
        energy[band] = band_energy(copy);
        copy->luma   = copy->smooth;
        copy->smooth = swap;
    }
    fine           = sqrt(fmax(0, energy[FINE] - noise * noise));
    out->structure = (float)(sqrt(energy[COARSE]) / 255);
    out->sharpness = (float)(fine / (sqrt(energy[COARSE]) + 0.5));
}
