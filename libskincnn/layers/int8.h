/* int8.h - layers of quantised networks: bytes in, bytes out.
 *
 * skc_layer_ops says of a type what it is here (skc_int8_kind); one skc_int8_ops computes each
 * kind. All that does not change between calls is in skc_int8_layer. kernels/int8.h says what
 * bytes mean and how sums become bytes.
 */
#ifndef SKC_LAYERS_INT8_H
#define SKC_LAYERS_INT8_H

#include "core/memory.h"
#include "layers/convolution.h"

/* value = scale (byte - zero) */
typedef struct skc_int8_scale {
    float   scale;
    int32_t zero; /* 0..255 */
} skc_int8_scale;

/* What a scale may be: products and quotients of three of them stay in the range of floats. */
#define SKC_INT8_LEAST 0x1p-40f
#define SKC_INT8_MOST  0x1p40f

typedef struct skc_int8_layer {
    skc_convolution window; /* of layers that have as_convolution */
    int32_t         threads, n_in;
    skc_shape       in, out; /* n: the most pictures */
    skc_int8_scale  in_scale[SKC_MAX_INPUTS], out_scale;
    bool            real;         /* writes floats */
    float           low, high;    /* clamp behind it; -inf, inf: none */
    const float    *weights;      /* whole numbers -127..127 times their channel's scale */
    const float    *weight_scale; /* [channels of out] */
    const float    *bias;         /* [channels of out]; NULL: 0 */
    void           *prepared;
} skc_int8_layer;

/* One call for n pictures. Behind every row that is read are SKC_INT8_SLACK readable bytes. */
typedef struct skc_int8_io {
    const skc_int8_layer   *layer;
    const skc_int8_kernels *kernels;
    skc_pool               *pool;
    int32_t                 n;
    const uint8_t          *in[SKC_MAX_INPUTS];
    uint8_t                *out;
    float                  *real; /* in its place where layer->real */
    void                   *scratch;
} skc_int8_io;

typedef struct skc_int8_ops {
    bool keeps_scale;   /* the output has the scale of the input */
    bool has_weights;   /* parameter 0 is quantised */
    bool channels_last; /* so are its channels, else first */
    bool may_write_real;
    /* Optional: false where the layer must be computed in floats. */
    bool (*suits)(const skc_int8_layer *layer);
    size_t (*prepared_bytes)(const skc_int8_layer *layer); /* optional */
    size_t (*scratch_bytes)(const skc_int8_layer *layer);  /* optional */
    void (*prepare)(const skc_int8_layer *layer, void *prepared, void *scratch);
    void (*forward)(const skc_int8_io *io);
} skc_int8_ops;

/* NULL: in floats. */
const skc_int8_ops *skc__int8_find(skc_int8_kind kind);

extern const skc_int8_ops skc__int8_convolution, skc__int8_depthwise_convolution, skc__int8_adding,
    skc__int8_max_pool, skc__int8_mean, skc__int8_copy;

/* weight / scale as a byte. */
int8_t skc__int8_weight(float weight, float scale);

/* A number of the output, in bytes or as it is where the layer writes floats; finite. */
float skc__int8_bound(const skc_int8_layer *layer, float value);

/* Fills in channel c: the sum of its weights, as bytes, takes back what the input's zero adds. */
void skc__int8_finish_channel(const skc_int8_layer *layer, size_t c, int64_t weight_sum,
                              float *scale, float *shift);

/* Cuts items into parts and calls run(io, begin, end, part) for each, on a thread of its own. */
void skc__int8_split(const skc_int8_io *io, int32_t parts, size_t items,
                     void (*run)(const skc_int8_io *io, size_t begin, size_t end, int32_t part));

/* ---------------------------------------------------------------- bands of padded rows */

/* How a window's input is read: where it stands, or from copied rows with padding around. */
typedef struct skc_int8_band {
    bool   in_place;
    size_t left, right;   /* pixels beside the picture's */
    size_t pixel, row;    /* bytes */
    size_t rows;          /* output rows of a band, at most */
    size_t bytes, pixels; /* of a band: of its copied rows, and output pixels */
} skc_int8_band;

skc_int8_band skc__int8_band(const skc_int8_layer *layer);

/* What output rows begin..end-1 of a picture read, copied to `to` if need be: the first byte under
 * the first window. */
const uint8_t *skc__int8_fetch(const skc_int8_layer *layer, const skc_int8_band *band,
                               const uint8_t *picture, int32_t begin, int32_t end, uint8_t *to);

#endif
