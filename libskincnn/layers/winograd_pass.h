/* winograd_pass.h - one pass of Winograd's algorithm: its tiles, its scratch, and the way of pixels
 * into the transformed world. winograd.c has the passes. */
#ifndef SKC_LAYERS_WINOGRAD_PASS_H
#define SKC_LAYERS_WINOGRAD_PASS_H

#include "layers/pooling.h"

enum {
    SKC_WINOGRAD_CHUNK = 64, /* filters that are packed, and in the deep way worked on, together */
    SKC_WINOGRAD_TAPS  = 9
};

typedef enum skc_winograd_direction {
    SKC_WINOGRAD_FORWARD,
    SKC_WINOGRAD_DATA,
    SKC_WINOGRAD_WEIGHTS
} skc_winograd_direction;

/* The tiles of a pass, and how it is cut. */
typedef struct skc_winograd_grid {
    skc_winograd_direction direction;
    size_t                 k, n;          /* channels read and written; of weights: c_in, c_out */
    int32_t                top, left;     /* zeros before the first row and pixel read */
    size_t                 height, width; /* of a picture that is cut into tiles */
    size_t                 rows, columns; /* tiles down and across a picture */
    size_t                 all_rows;      /* of all pictures */
    bool                   deep, packs;   /* packs: filters were not prepared */
    size_t                 block;         /* rows of tiles that are worked on at a time */
    size_t                 chunks;        /* of the n channels */
    size_t                 band;          /* floats of the rows of pixels that are viewed */
    size_t                 strip;         /* ... of the outputs of a row of tiles, to be pooled */
    int32_t                row_parts, chunk_parts;
} skc_winograd_grid;

/* Where things lie in scratch, in floats. What all parts share comes first, then a room for each
 * part. In the deep way v is shared and filters are in the room, in the wide way the reverse. */
typedef struct skc_winograd_layout {
    size_t v, v_step;   /* (36, tiles, k): windows; step: from a position to the next */
    size_t m, m_step;   /* (36, tiles, n or a chunk's): products; of weights: gradients */
    size_t packed;      /* filters, where they were not prepared */
    size_t du, du_step; /* (36, n or a chunk's, k) */
    size_t band, strip, v_list, m_list;
    size_t shared, room; /* size of either */
} skc_winograd_layout;

typedef struct skc_winograd_pass {
    const skc_layer_io *io;
    skc_winograd_grid   g;
    skc_winograd_layout l;
    skc_source          source;   /* of windows */
    skc_source          gradient; /* of tiles, for weights */
    const float        *prepared; /* filters; NULL: packed in scratch */
    float              *out;      /* y, dx or dw */
    skc_winograd_finish finish;
    skc_pooler          pooler; /* of outputs; y NULL: they go to out */
    const skc_tally    *tally;  /* of out, but for weights */
} skc_winograd_pass;

skc_winograd_grid skc__winograd_grid(const skc_convolution *c, skc_winograd_direction direction,
                                     bool prepared);
skc_winograd_pass skc__winograd_pass(const skc_convolution *c, const skc_layer_io *io,
                                     skc_winograd_direction direction);
/* Of a pass; `prepared`: it has prepared filters. */
size_t skc__winograd_pass_bytes(const skc_convolution *c, skc_winograd_direction direction,
                                bool prepared);

size_t skc__winograd_chunk(const skc_winograd_grid *g, size_t chunk); /* its channels */
/* Floats of a chunk's packed filters at one position, and at all and one more, to pack in place. */
size_t skc__winograd_packed_step(const skc_winograd_grid *g);
size_t skc__winograd_packed_chunk(const skc_winograd_grid *g);

/* What begins `at` in scratch: shared, or in the room of a part. */
float  *skc__winograd_shared(const skc_winograd_pass *p, size_t at);
float  *skc__winograd_own(const skc_winograd_pass *p, int32_t part, size_t at);
/* The list at `list` in a part's room, filled in: `count` pointers, `step` values apart. */
float **skc__winograd_list(const skc_winograd_pass *p, int32_t part, size_t list, float *first,
                           size_t step, size_t count);

/* Transforms rows of tiles begin..end-1: windows of the source to v, tiles of the gradient to m,
 * which are where position 0 of the first tile goes. */
void skc__winograd_windows(const skc_winograd_pass *p, size_t begin, size_t end, int32_t part,
                           float *v);
void skc__winograd_gradients(const skc_winograd_pass *p, size_t begin, size_t end, int32_t part,
                             float *m);
/* Whether so many floats are more than will be found in a cache when they are read again. */
bool skc__winograd_is_far(size_t floats);
/* Asks for the i-th of 36 parts of what rows begin..end-1 will read: products leave the memory
 * idle. */
void skc__winograd_prefetch(const skc_winograd_pass *p, size_t begin, size_t end, size_t i);

#endif
