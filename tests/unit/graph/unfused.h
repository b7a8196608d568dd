/* unfused.h - whether a fused walk gives what layers that run one by one give. */
#ifndef UNFUSED_H
#define UNFUSED_H

#include <math.h>

/* Each within `share` of itself and of the root mean square of all, and `floor`. */
static inline void assert_near_unfused(const char *what, const float *unfused, const float *fused,
                                       size_t count, double share, double floor)
{
    double squares = 0;

    for (size_t i = 0; i < count; i++)
        squares += (double)unfused[i] * (double)unfused[i];
    for (size_t i = 0; i < count; i++)
        if (!(fabs((double)unfused[i] - (double)fused[i]) <=
              share * (fabs((double)unfused[i]) + sqrt(squares / (double)count)) + floor))
            fail_msg("%s: value %zu of %zu is %.9g, unfused %.9g", what, i, count, (double)fused[i],
                     (double)unfused[i]);
}

#endif
