/* calibrate_ranges.h - which range of numbers the bytes of a tensor shall stand for. */
#ifndef SKC_MODEL_CALIBRATE_RANGES_H
#define SKC_MODEL_CALIBRATE_RANGES_H

#include "layers/int8.h"

enum { SKC_RANGE_BINS = 2048 };

/* Numbers of one tensor: first their range is seen, then how they lie in it. */
typedef struct skc_observed {
    float    low, high; /* low <= 0 <= high */
    uint32_t bins[SKC_RANGE_BINS];
} skc_observed;

/* Ways to choose: all of it; without one number in 10,000; the range, shrunk, whose bytes have the
 * least squared error. */
typedef enum skc_range_rule {
    SKC_RANGE_WHOLE,
    SKC_RANGE_PERCENTILE,
    SKC_RANGE_LEAST_ERROR,
    SKC_RANGE_RULES
} skc_range_rule;

void skc__observe_range(skc_observed *o, const float *values, size_t count);
/* After all of observe_range. */
void skc__observe_bins(skc_observed *o, const float *values, size_t count);

skc_int8_scale skc__scale_of_range(float low, float high);
skc_int8_scale skc__choose_scale(const skc_observed *o, skc_range_rule rule);

#endif
