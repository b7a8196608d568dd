/* tally.c - sums over a tensor's pixels, by channel, made by whoever writes the tensor. */
#include "layers/tally.h"

#include <math.h>
#include <string.h>

size_t skc__tally_bytes(int32_t parts, size_t channels)
{
    return (size_t)parts * (sizeof(size_t) + channels * (2 * sizeof(double) + sizeof(float)));
}

skc_tally skc__tally_at(void *memory, int32_t parts, size_t channels)
{
    size_t    all   = (size_t)parts;
    skc_tally tally = { .parts = parts, .channels = channels, .sums = memory };

    tally.pixels = (size_t *)(void *)(tally.sums + all * 2 * channels);
    tally.about  = (float *)(void *)(tally.pixels + all);
    return tally;
}

void skc__tally_clear(const skc_tally *tally)
{
    memset(tally->pixels, 0, (size_t)tally->parts * sizeof *tally->pixels);
}

static double *sums_of(const skc_tally *tally, int32_t part)
{
    return tally->sums + (size_t)part * 2 * tally->channels;
}

static float *about_of(const skc_tally *tally, int32_t part)
{
    return tally->about + (size_t)part * tally->channels;
}

/* The part's sums; cleared, and `about` remembered, before its first pixels. */
static double *count(const skc_tally *tally, int32_t part, size_t pixels, const float *about)
{
    double *sums = sums_of(tally, part);

    if (tally->pixels[part] == 0) {
        memset(sums, 0, 2 * tally->channels * sizeof *sums);
        memcpy(about_of(tally, part), about, tally->channels * sizeof *about);
    }
    tally->pixels[part] += pixels;
    return sums;
}

void skc__tally_moments(const skc_tally *tally, const skc_kernels *kernels, int32_t part,
                        size_t pixels, const float *z, const float *about)
{
    double *sums = count(tally, part, pixels, about);

    kernels->column_moments(pixels, tally->channels, z, about_of(tally, part), sums,
                            sums + tally->channels);
}

void skc__tally_products(const skc_tally *tally, const skc_kernels *kernels, int32_t part,
                         size_t pixels, const skc_view *view, const float *z, const float *dy)
{
    const size_t c    = tally->channels;
    double      *sums = count(tally, part, pixels, z);

    if (view->low > -INFINITY || view->high < INFINITY) {
        const skc_masked_affine map = {
            .scale = view->scale, .shift = view->shift, .low = view->low, .high = view->high
        };

        kernels->masked_products(pixels, c, &map, z, tally->mean, dy, sums, sums + c);
    } else {
        kernels->column_products(pixels, c, z, tally->mean, dy, sums, sums + c);
    }
}

size_t skc__tally_pixels(const skc_tally *tally)
{
    size_t pixels = 0;

    for (int32_t part = 0; part < tally->parts; part++)
        pixels += tally->pixels[part];
    return pixels;
}

/* Sums about y become sums about x: with d = y - x, sum(z - x) = sum(z - y) + n d and sum(z - x)^2
 * = sum(z - y)^2 + 2 d sum(z - y) + n d^2. */
static void move(size_t c, double pixels, const float *from, const float *to, double *sums)
{
    for (size_t i = 0; i < c; i++) {
        const double d = (double)from[i] - (double)to[i];

        sums[c + i] += 2 * d * sums[i] + pixels * d * d;
        sums[i] += pixels * d;
    }
}

static void add_part(const skc_tally *tally, int32_t part)
{
    const double *from = sums_of(tally, part);

    for (size_t i = 0; i < 2 * tally->channels; i++)
        tally->sums[i] += from[i];
}

const double *skc__tally_moments_sum(const skc_tally *tally)
{
    for (int32_t part = 1; part < tally->parts; part++) {
        if (tally->pixels[part] == 0)
            continue;
        move(tally->channels, (double)tally->pixels[part], about_of(tally, part), tally->about,
             sums_of(tally, part));
        add_part(tally, part);
    }
    return tally->sums;
}

const double *skc__tally_products_sum(const skc_tally *tally)
{
    for (int32_t part = 1; part < tally->parts; part++)
        if (tally->pixels[part] > 0)
            add_part(tally, part);
    return tally->sums;
}
