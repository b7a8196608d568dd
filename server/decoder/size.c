/* size.c - how large shared memory and results are, as server and decoder both reckon. */
#include "decoder/parts.h"

size_t decoder_memory_size(const decoder_options *options)
{
    uint64_t pixels = (uint64_t)options->side * (uint64_t)options->side * 3;

    return (size_t)(pixels > options->limits.max_bytes ? pixels : options->limits.max_bytes);
}

static int32_t scaled(int32_t length, int32_t side, int32_t longer)
{
    int32_t result = (int32_t)(((int64_t)length * side + longer / 2) / longer);

    return result > 0 ? result : 1;
}

void decoder_fit(int32_t *width, int32_t *height, int32_t side)
{
    int32_t longer = *width > *height ? *width : *height;

    if (longer <= side)
        return;
    *width  = scaled(*width, side, longer);
    *height = scaled(*height, side, longer);
}
