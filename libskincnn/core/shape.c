/* shape.c - the extents of a tensor, NHWC. */
#include "core/shape.h"

size_t skc__shape_count(skc_shape shape)
{
    const int32_t extent[4] = { shape.n, shape.h, shape.w, shape.c };
    size_t        count     = 1;

    for (int i = 0; i < 4; i++) {
        if (extent[i] < 1 || count > SKC_MAX_ELEMENTS / (size_t)extent[i])
            return 0;
        count *= (size_t)extent[i];
    }
    return count;
}

bool skc__shape_equal(skc_shape a, skc_shape b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w && a.c == b.c;
}
