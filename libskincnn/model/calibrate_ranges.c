/* calibrate_ranges.c - which range of numbers the bytes of a tensor shall stand for. */
#include "model/calibrate_ranges.h"

#include <math.h>

void skc__observe_range(skc_observed *o, const float *values, size_t count)
{
    float low = o->low, high = o->high;

    for (size_t i = 0; i < count; i++) {
        low  = values[i] < low ? values[i] : low;
        high = values[i] > high ? values[i] : high;
    }
    o->low  = low;
    o->high = high;
}

void skc__observe_bins(skc_observed *o, const float *values, size_t count)
{
    const float per_unit = (float)SKC_RANGE_BINS / fmaxf(o->high - o->low, SKC_INT8_LEAST);

    for (size_t i = 0; i < count; i++) {
        const float at  = (values[i] - o->low) * per_unit;
        const int   bin = at > 0 ? (int)fminf(at, SKC_RANGE_BINS - 1) : 0;

        o->bins[bin] += o->bins[bin] < UINT32_MAX;
    }
}

skc_int8_scale skc__scale_of_range(float low, float high)
{
    const float scale = fminf(fmaxf((high - low) / 255, SKC_INT8_LEAST), SKC_INT8_MOST);

    return (skc_int8_scale){ scale, (int32_t)rintf(skc__int8_clamp(-low / scale, 0, 255)) };
}

/* The middle of a bin. */
static double middle(const skc_observed *o, size_t bin)
{
    const double width = ((double)o->high - (double)o->low) / SKC_RANGE_BINS;

    return (double)o->low + ((double)bin + 0.5) * width;
}

/* Squared error of bytes for [low, high]: of what lies inside that of rounding, of what lies
 * outside that of the bound. */
static double error_of(const skc_observed *o, double low, double high)
{
    const double step = (high - low) / 255, rounding = step * step / 12;
    double       error = 0;

    for (size_t i = 0; i < SKC_RANGE_BINS; i++) {
        const double x = middle(o, i), over = x > high ? x - high : x < low ? low - x : 0;

        error += (double)o->bins[i] * (over > 0 ? over * over : rounding);
    }
    return error;
}

static skc_int8_scale least_error(const skc_observed *o)
{
    enum { STEPS = 64 };
    double best = INFINITY, share = 1;

    for (int i = STEPS; i >= STEPS / 8; i--) {
        const double f     = (double)i / STEPS,
                     error = error_of(o, f * (double)o->low, f * (double)o->high);

        if (error < best) {
            best  = error;
            share = f;
        }
    }
    return skc__scale_of_range((float)(share * (double)o->low), (float)(share * (double)o->high));
}

static skc_int8_scale percentile(const skc_observed *o)
{
    double all = 0, below = 0, above = 0;
    size_t first = 0, last = SKC_RANGE_BINS - 1;

    for (size_t i = 0; i < SKC_RANGE_BINS; i++)
        all += o->bins[i];
    while (first < last && below + o->bins[first] <= all / 20000)
        below += o->bins[first++];
    while (last > first && above + o->bins[last] <= all / 20000)
        above += o->bins[last--];
    return skc__scale_of_range(fminf((float)middle(o, first), 0), fmaxf((float)middle(o, last), 0));
}

skc_int8_scale skc__choose_scale(const skc_observed *o, skc_range_rule rule)
{
    if (!(o->high > o->low))
        return skc__scale_of_range(0, 1); /* nothing but zeros */
    switch (rule) {
    case SKC_RANGE_PERCENTILE:
        return percentile(o);
    case SKC_RANGE_LEAST_ERROR:
        return least_error(o);
    default:
        return skc__scale_of_range(o->low, o->high);
    }
}
