/* row_reader.h - the rows of a picture one after the other, the last few of a viewed one kept. */
#ifndef SKC_LAYERS_ROW_READER_H
#define SKC_LAYERS_ROW_READER_H

#include "layers/band.h"

/* Floats of whole cache lines. */
static inline size_t skc__lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

/* The rows of a source, one after the other down a picture: where they are stored or, viewed, the
 * last few of them in a ring. */
typedef struct skc_row_reader {
    const skc_kernels *kernels;
    skc_source         source;
    bool               plain;
    size_t             picture, row; /* values of a row */
    float             *ring;
    int32_t            kept, next; /* rows of the ring; the first that is not fetched */
} skc_row_reader;

static inline skc_row_reader skc__row_reader(const skc_kernels *kernels, skc_source source,
                                             float *ring, size_t kept)
{
    return (skc_row_reader){ .kernels = kernels,
                             .source  = source,
                             .plain   = skc__source_is_plain(&source),
                             .row     = (size_t)source.shape.w * (size_t)source.shape.c,
                             .ring    = ring,
                             .kept    = (int32_t)kept };
}

static inline void skc__rows_start(skc_row_reader *r, size_t picture)
{
    r->picture = picture;
    r->next    = 0;
}

static inline float *skc__ring_row(const skc_row_reader *r, int32_t row)
{
    return r->ring + (size_t)(row % r->kept) * skc__lines(r->row);
}

/* Makes rows first..last readable: the last `kept` that were asked for stay so. */
static inline void skc__rows_fetch(skc_row_reader *r, int32_t first, int32_t last)
{
    if (r->next < first)
        r->next = first;
    for (; r->next <= last; r->next++)
        if (!r->plain)
            skc__fetch_rows(r->kernels, &r->source, r->picture, r->next, 1, 0, 0,
                            (size_t)r->source.shape.c, skc__ring_row(r, r->next));
}

static inline const float *skc__row_at(const skc_row_reader *r, int32_t row)
{
    size_t height = (size_t)r->source.shape.h;

    return r->plain ? r->source.data + (r->picture * height + (size_t)row) * r->row
                    : skc__ring_row(r, row);
}

/* Adds the next `rows` stored rows to a list of what will be read soon. */
static inline void skc__rows_ahead(const skc_row_reader *r, int32_t rows, skc_ahead *ahead)
{
    size_t first = r->picture * (size_t)r->source.shape.h + (size_t)r->next;
    size_t left  = (size_t)r->source.shape.n * (size_t)r->source.shape.h - first;
    size_t count = (left < (size_t)rows ? left : (size_t)rows) * r->row;

    while (ahead->count > 0)
        ahead++;
    ahead[0] = (skc_ahead){ r->source.data + first * r->row, count };
    if (!r->plain && r->source.z != NULL)
        ahead[1] = (skc_ahead){ r->source.z + first * r->row, count };
}

#endif
