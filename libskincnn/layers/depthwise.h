/* depthwise.h - what the passes of depthwise convolution have in common. */
#ifndef SKC_LAYERS_DEPTHWISE_H
#define SKC_LAYERS_DEPTHWISE_H

#include "layers/convolution.h"
#include "layers/geometry.h"
#include "layers/row_reader.h"

typedef struct skc_depthwise_options {
    skc_window_options window;
    bool               bias;
} skc_depthwise_options;

/* How one call is cut. */
typedef struct skc_depthwise_tiling {
    skc_window window;
    size_t     c, taps, pictures;
    size_t     x_row, y_row, y_picture; /* values */
    /* Where input rows (forward and for dw) and rows of dz are kept when they must be made. */
    size_t     x_kept, z_kept; /* rows */
    /* Going forward, the output rows that are made at a time where input rows must be made, and
     * the input rows under them, at most. */
    size_t     block, block_kept;
} skc_depthwise_tiling;

skc_depthwise_tiling skc__depthwise_tiling(const skc_depthwise_options *options, skc_shape in);
int32_t              skc__depthwise_backward_parts(const skc_depthwise_tiling *t, int32_t threads);

/* Floats of a part: its rows of x, one of y; going backward also of dz, its sums for the bias in
 * doubles and its weight gradient, and the one row is of dx. */
size_t skc__depthwise_part_floats(const skc_depthwise_tiling *t, bool backward);

/* Whether what a call reads and writes, so many times the size of x and of y, does not stay in a
 * last-level cache of the usual size: rows are then called for before they are needed. */
bool skc__depthwise_is_far(const skc_depthwise_tiling *t, size_t inputs, size_t outputs);

/* Whether an output alone is larger than that cache: it is then written past it. Smaller ones are
 * partly found there by the next layer, and threads that write past the caches hold each other up
 * more than those that write into them. */
bool skc__depthwise_is_past(size_t values);

/* Fetches the input rows under output row `at` and lists them with their kernel rows. */
int32_t skc__depthwise_find_rows(const skc_depthwise_tiling *t, skc_row_reader *x, int32_t at,
                                 const float **rows, int32_t *first);

/* A row of the layer itself: of its forward pass and of its weight gradient. */
skc_depthwise skc__depthwise_row(const skc_depthwise_tiling *t);

/* Rows are tallied while they are in the cache: those to be written past it from a row of scratch,
 * others where they are, but a few at a time, since each time costs a little for each channel. */
bool skc__depthwise_tally_is_due(const skc_depthwise_tiling *t, size_t pixels);

/* All that gradient wants. */
void skc__depthwise_backward(const void *options, const skc_layer_io *io,
                             const skc_layer_gradient *gradient);

#endif
