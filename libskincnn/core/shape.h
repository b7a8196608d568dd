/* shape.h - the extents of a tensor, NHWC. */
#ifndef SKC_CORE_SHAPE_H
#define SKC_CORE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct skc_shape {
    int32_t n, h, w, c; /* pictures, rows, columns, channels */
} skc_shape;

/* Elements; 0 when an extent is below 1 or the product over SKC_MAX_ELEMENTS. */
size_t skc__shape_count(skc_shape shape);
bool   skc__shape_equal(skc_shape a, skc_shape b);

/* Keeps every size in bytes, and every index in ptrdiff_t, far from overflow. */
#define SKC_MAX_ELEMENTS ((size_t)1 << 34)

#endif
