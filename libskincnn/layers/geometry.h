/* geometry.h - where the windows of convolutions and pools lie, and how work is cut into parts. */
#ifndef SKC_LAYERS_GEOMETRY_H
#define SKC_LAYERS_GEOMETRY_H

#include "layers/layer.h"

enum {
    SKC_MAX_KERNEL = 64,      /* pixels of a window's side */
    SKC_MAX_STEP   = 1024,    /* stride, dilation, padding */
    SKC_MAX_PATCH  = 1 << 24, /* values under one window: keeps every product below in 64 bits */
    SKC_MAX_UNITS  = 1 << 20  /* filters, units */
};

/* What an architecture text says of a window. Zeros stand for what a layer has no option for. */
typedef struct skc_window_options {
    int32_t     kernel[2];
    int32_t     stride[2];   /* 0: as kernel */
    int32_t     dilation[2]; /* 0: 1 */
    skc_padding padding;
    bool        ceil_mode; /* a last window may hang over the edge (not with same padding) */
} skc_window_options;

/* One direction of a window that slides over `in` pixels and stops at `out` places. */
typedef struct skc_axis {
    int32_t in, out;
    int32_t kernel, stride, dilation;
    int32_t before, after; /* padding */
} skc_axis;

typedef struct skc_window {
    skc_axis h, w;
} skc_window;

/* The options must have passed skc__window_shape. */
skc_window skc__window(const skc_window_options *options, skc_shape in);

/* The shape (n, out_h, out_w, channels) that a layer's window makes of `in`. */
skc_status skc__window_shape(const char *layer, const skc_window_options *options, skc_shape in,
                             int32_t channels, skc_shape *out, skc_error *err);

/* The same for a pool: every window must hold at least one pixel. */
skc_status skc__pool_shape(const char *layer, const skc_window_options *options, skc_shape in,
                           skc_shape *out, skc_error *err);

/* The taps first..end-1 of the window at place `at` that fall inside the picture, and the pixel
 * that tap 0 falls on (may be negative). first == end: none does. */
typedef struct skc_taps {
    int32_t first, end, origin;
} skc_taps;

skc_taps skc__taps(const skc_axis *axis, int32_t at);

/* Refuses an output shape that is empty or over SKC_MAX_ELEMENTS. */
skc_status skc__check_shape(const char *layer, skc_shape shape, skc_error *err);

size_t skc__pixels(skc_shape shape);  /* n h w */
size_t skc__picture(skc_shape shape); /* h w c */

/* ---------------------------------------------------------------- parts */

/* One forward or backward call, as its parts see it. */
typedef struct skc_call {
    const void               *config;
    const skc_layer_io       *io;
    const skc_layer_gradient *gradient; /* NULL: forward */
} skc_call;

/* How many parts, one thread each, are worth making of `items` of `values` numbers each: below
 * a few thousand numbers a part, starting a thread costs more than it saves. */
int32_t skc__parts(int32_t threads, size_t items, size_t values);

/* Cuts items 0..items-1 into `parts` contiguous ranges, always the same, and calls
 * run(call, begin, end, part) for each, on the threads of io->pool. */
void skc__split(const skc_call *call, int32_t parts, size_t items,
                void (*run)(const skc_call *call, size_t begin, size_t end, int32_t part));

/* How many pixels of so many channels make a block that stays in the first-level cache: 1 at
 * least. */
size_t skc__block(size_t channels);

/* sum += the `parts` partial sums in `partial` (parts, n), in their order. */
void skc__reduce(int32_t parts, size_t n, const double *partial, float *sum);

/* ---------------------------------------------------------------- parameters */

/* Trained: weights start normal (He et al. 2015) and decay; a bias does neither. */
skc_param_spec skc__weight_spec(int32_t rank, const int32_t extent[4], int32_t fan_in);
skc_param_spec skc__vector_spec(const char *name, int32_t extent, skc_param_role role,
                                float initial);

/* Takes y = y scale + shift, per channel, into weights param[0] (channels, fan_in) and bias
 * param[1] (channels). */
void skc__absorb_affine(int32_t channels, size_t fan_in, float *const *param, const float *scale,
                        const float *shift);

#endif
