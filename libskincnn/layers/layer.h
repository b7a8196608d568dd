/* layer.h - what a layer type is.
 *
 * Floor 2: uses core/ and kernels/. One file in this folder is one layer type: a `const
 * skc_layer_ops skc__layer_<file name>` with its options, shape inference, forward and backward
 * side by side. The registry is generated from the folder (docs/add-a-layer.md).
 *
 * Shapes in comments: x, y (n, h, w, c); weights (c_out, kernel_h, kernel_w, c_in / groups).
 */
#ifndef SKC_LAYERS_LAYER_H
#define SKC_LAYERS_LAYER_H

#include "core/error.h"
#include "core/parallel.h"
#include "core/random.h"
#include "core/shape.h"
#include "kernels/kernels.h"

enum { SKC_MAX_INPUTS = 8, SKC_MAX_PARAMS = 4 };

typedef enum skc_param_role {
    SKC_TRAINED,
    SKC_STATISTIC /* saved with the model, never given to the optimiser */
} skc_param_role;

typedef struct skc_param_spec {
    const char    *name; /* "weight": unique within the layer */
    int32_t        rank, extent[4];
    skc_param_role role;
    bool           decay;   /* weight decay applies */
    float          initial; /* the constant it starts as, where fan_in is 0 */
    int32_t        fan_in;  /* > 0: starts normal with variance 2 / fan_in (He et al. 2015) */
} skc_param_spec;

/* Filled in by infer: all that the graph must know to allocate, initialise, save and load. */
typedef struct skc_layer_plan {
    skc_shape      out;
    int32_t        param_count;
    skc_param_spec param[SKC_MAX_PARAMS];
    size_t         saved_bytes;    /* from forward to backward; per session */
    size_t         scratch_bytes;  /* within one call; shared by all layers */
    size_t         prepared_bytes; /* what prepare writes; 0 in training */
    uint64_t       macs;           /* multiply-adds of a forward pass */
} skc_layer_plan;

/* What infer may want to know of the run it plans for. */
typedef struct skc_plan_context {
    int32_t     threads;
    bool        training; /* a backward pass will follow */
    bool        compact;  /* no prepared parameters, and the way that takes the least memory */
    int32_t     planned_pictures; /* as in skc_layer_io */
    const void *pooling;          /* options of the max_pool that the layer is to do; NULL: none */
} skc_plan_context;

typedef enum skc_field_kind {
    SKC_FIELD_INT,    /* int32_t */
    SKC_FIELD_FLOAT,  /* float */
    SKC_FIELD_BOOL,   /* bool */
    SKC_FIELD_PAIR,   /* int32_t[2], height then width; one number in JSON means both */
    SKC_FIELD_PADDING /* skc_padding; "same", "valid", a number, [h, w] or [top, bottom, left,
                         right] in JSON */
} skc_field_kind;

typedef enum skc_padding_mode {
    SKC_PADDING_VALID,
    SKC_PADDING_SAME, /* as TensorFlow: out = ceil(in / stride), the odd pixel below and right */
    SKC_PADDING_EXPLICIT
} skc_padding_mode;

typedef struct skc_padding {
    int32_t mode; /* skc_padding_mode */
    int32_t top, bottom, left, right;
} skc_padding;

/* One row per option in an architecture text: drives parsing, range check, saving, `skincnn-model
 * inspect` and the reference page. Ends with name NULL. */
typedef struct skc_field {
    const char    *name;
    skc_field_kind kind;
    size_t         offset; /* into the layer's config struct */
    bool           required;
    double         fallback, min, max; /* of each number */
    const char    *help;               /* one line, with the unit */
} skc_field;

/* How numbers are to be read that are not stored as they are: clamp(x scale[c] + shift[c], low,
 * high), with scale NULL clamp(x, low, high). So a batchnorm and the activation behind it need no
 * pass over memory of their own. */
typedef struct skc_view {
    bool         on;            /* false: numbers are read as they are */
    const float *scale, *shift; /* by channel */
    float        low, high;     /* -inf, inf: no clamp */
} skc_view;

/* How the gradient of a layer's output z is to be read where what follows was not stored:
 * dz = a[c] kept + b[c] z + d[c], kept = dy where low < z scale[c] + shift[c] < high (scale NULL:
 * low < z < high), else 0; with a NULL dz = kept. */
typedef struct skc_gradient_view {
    const float *a, *b, *d; /* by channel */
    skc_view     after;     /* what follows z; not on: dz = dy */
} skc_gradient_view;

/* A buffer and its shape. `view` is on for layers only that say reads_views. */
typedef struct skc_input {
    const float *data;
    skc_shape    shape;
    skc_view     view;
} skc_input;

/* Sums over a tensor's pixels by channel that a batchnorm needs, made by the parts (one a thread)
 * of the layer that writes the tensor (tally.h). */
typedef struct skc_tally {
    int32_t      parts; /* that there is room for; 0: nothing is asked for */
    size_t       channels;
    size_t      *pixels; /* [parts] counted so far */
    double      *sums;   /* [parts][2 channels] */
    float       *about;  /* [parts][channels] what moments are about */
    const float *mean;   /* [channels] what products are about */
} skc_tally;

/* A max_pool behind a layer that the layer does itself, row by row, so that what it pools is never
 * stored: out, out_shape and the gradient of out are then those of the pool, and the view of that
 * gradient does no more than cut. */
typedef struct skc_pooling {
    const void *options; /* the max_pool's; NULL: none */
    uint16_t   *chosen;  /* what the max_pool saves, (shape of out); NULL: no backward follows */
} skc_pooling;

/* The buffers of one call. They do not overlap, but out is in[0].data where the layer allows it
 * (in_place) and the graph chose it. */
typedef struct skc_layer_io {
    const skc_kernels *kernels;
    int32_t            threads; /* that scratch is planned for */
    skc_pool          *pool;    /* which skc__split runs on; NULL: the caller's thread alone */
    bool               compact; /* as it was planned */
    int32_t            planned_pictures; /* that the way is chosen for; 0: those of in[0] */
    bool               training; /* batch statistics, dropout; false for frozen layers too */
    uint64_t           seed;     /* of this layer in this step: dropout */
    int32_t            n_in;
    skc_input          in[SKC_MAX_INPUTS];
    float             *out; /* backward: read only. NULL: unstored, see as_gradient_view */
    skc_shape          out_shape;
    skc_pooling        pooling;   /* for layers only whose absorbs_pool agreed */
    float              low, high; /* clamp fused behind this layer; -inf, inf: none. In backward the
                                     gradient's view says it, but to layers with as_gradient_view */
    const float       *param[SKC_MAX_PARAMS];
    float             *stat[SKC_MAX_PARAMS]; /* new value of a statistic; NULL unless training */
    void              *saved, *scratch;
    const void        *prepared; /* by prepare; NULL in training */
    skc_tally          tally;    /* asks for the moments of out */
    bool tallied; /* a layer with as_tally: its tally was offered to the writer of in[0]
                     or, in backward, of the gradient of out */
} skc_layer_io;

typedef struct skc_layer_gradient {
    const float      *out;      /* (shape of out) incoming */
    skc_gradient_view out_view; /* on for layers only that say reads_gradient_views; z: io->out */
    float            *in[SKC_MAX_INPUTS];         /* NULL: not wanted; see in_place_backward */
    bool              accumulate[SKC_MAX_INPUTS]; /* add to in[i] instead of overwriting it */
    float            *param[SKC_MAX_PARAMS];      /* always added to; NULL: not wanted */
    skc_tally         tally; /* asks for the products of in[0], with io->in[0] and its view */
} skc_layer_gradient;

enum { /* what backward reads besides gradients: the graph keeps these buffers alive */
       SKC_BACKWARD_READS_INPUT  = 1,
       SKC_BACKWARD_READS_OUTPUT = 2
};

/* What a layer is in a quantised network (layers/int8.h). */
typedef enum skc_int8_kind {
    SKC_INT8_NONE, /* computed in floats between bytes */
    SKC_INT8_CONVOLUTION,
    SKC_INT8_DEPTHWISE,
    SKC_INT8_SUM, /* of its inputs, clamped: a layer with as_clamp sums one */
    SKC_INT8_MAX,
    SKC_INT8_MEAN,
    SKC_INT8_COPY
} skc_int8_kind;

struct skc_convolution;

typedef struct skc_layer_ops {
    const char      *name;    /* as written in architecture texts */
    const char      *summary; /* one line for `inspect` and the reference page */
    size_t           config_size;
    const skc_field *fields;
    int32_t          min_inputs, max_inputs;
    int32_t          backward_reads;
    bool             in_place;          /* forward: out may be in[0].data */
    bool             in_place_backward; /* in[0] of the gradient, not accumulated, may be `out` */

    /* Relations between options and shapes; ranges of single options are checked before. */
    skc_status (*infer)(const void *config, const skc_shape *in, int32_t n_in,
                        const skc_plan_context *context, skc_layer_plan *plan, skc_error *err);
    void (*forward)(const void *config, const skc_layer_io *io);
    void (*backward)(const void *config, const skc_layer_io *io,
                     const skc_layer_gradient *gradient);
    bool reads_views;          /* forward and backward apply in[k].view */
    bool reads_gradient_views; /* backward applies gradient->out_view */
    /* Optional: y = clamp(x scale[c] + shift[c]) once forward has run, and dx = a[c] kept + b[c] x
     * + d[c] once backward has (batchnorm). In training forward need not write y then (io->out
     * NULL), nor backward dx: others read x and dy through this view, whose numbers are in `saved`.
     */
    void (*as_gradient_view)(const void *saved, int32_t channels, skc_gradient_view *view);
    /* Optional, with as_gradient_view: in `saved` there is a tally, for the moments of in[0] until
     * forward has run, for the products of its output's gradient until backward has. */
    skc_tally (*as_tally)(void *saved, int32_t channels, int32_t threads);

    /* Optional, for inference: parameters in the order that forward reads them fastest, made once.
     * io has kernels, shapes (of the largest batch) and parameters; no buffers. */
    void (*prepare)(const void *config, const skc_layer_io *io, void *prepared);

    /* Optional, for inference (graph/fold.c). y = x scale[c] + shift[c] (batchnorm has it): */
    void (*as_affine)(const void *config, const float *const *param, int32_t channels, float *scale,
                      float *shift);
    /* ... and a layer before it takes it in (convolutions, dense): give the config a bias, then
     * multiply and shift the parameters of its `channels` outputs. */
    void (*add_bias)(void *config);
    void (*absorb_affine)(const void *config, float *const *param, int32_t channels,
                          const skc_layer_plan *plan, const float *scale, const float *shift);
    /* In training too (graph/fusion.c). y = clamp(x, low, high) (relu, relu6 have it) ... */
    void (*as_clamp)(const void *config, float *low, float *high);
    /* ... and a layer before it applies io->low and io->high itself; in training only where its
     * backward keeps out what they cut: with reads_gradient_views or as_gradient_view. */
    bool absorbs_clamp;
    /* ... and it makes no difference whether the clamp is before or behind the layer (max_pool). */
    bool commutes_with_clamp;
    /* A max_pool, whose options are skc_window_options, and which keeps in `saved` what it chose
     * ... */
    bool is_max_pool;
    /* ... and whether a layer before it does it itself (io->pooling), forward and backward: the one
     * of context->pooling, in the way that it takes for this input and context. */
    bool (*absorbs_pool)(const void *config, skc_shape in, const skc_plan_context *context);
    /* y = x at inference (dropout). */
    bool identity_at_inference;

    skc_int8_kind int8;
    /* The window and the channels of one with weights or of a pool; pictures and threads are not
     * filled in. A dense layer is a convolution of one pixel. */
    void (*as_convolution)(const void *config, skc_shape in, struct skc_convolution *out);

    /* Gradient test probes, at least one: inputs and options as an architecture text writes them,
     * e.g. "{\"inputs\": [[2, 5, 7, 3]], \"filters\": 4, \"kernel\": 3}". Ends with NULL. */
    const char *const *probes;
} skc_layer_ops;

extern const skc_layer_ops *const skc__layer_registry[]; /* ends with NULL */

/* NULL: no layer type of that name. */
const skc_layer_ops *skc__layer_find(const char *name);

#endif
