/* quantised.h - inference of a folded graph on bytes.
 *
 * Layers that layers/int8.h knows run on bytes; any other runs in floats between bytes: its inputs
 * are widened, its own forward runs, its output is rounded. What only such layers read stays in
 * floats, and so does the graph's output.
 */
#ifndef SKC_GRAPH_QUANTISED_H
#define SKC_GRAPH_QUANTISED_H

#include "graph/graph.h"
#include "layers/int8.h"

/* What makes a folded graph a quantised one. */
typedef struct skc_quantisation {
    skc_int8_scale *tensor;       /* by tensor of the folded graph, where it has one of its own */
    float         **weight_scale; /* by parameter: of its channels; NULL: it stays in floats */
} skc_quantisation;

/* Whether a tensor has a scale of its own: all but the graph's output, and the output of layers
 * that keep their input's. */
bool           skc__has_scale(const skc_graph *graph, int32_t tensor);
/* The scale of a tensor, its own or another's. */
skc_int8_scale skc__tensor_scale(const skc_graph *graph, const skc_int8_scale *own, int32_t tensor);

/* How the numbers of a parameter are scaled: number i by the scale of channel i / inner % channels.
 * No channels: it stays in floats. */
typedef struct skc_scaling {
    size_t count, channels, inner;
} skc_scaling;

skc_scaling skc__scaling(const skc_graph *graph, int32_t p);

static inline size_t skc__scaled_channel(skc_scaling s, size_t i)
{
    return i / s.inner % s.channels;
}

typedef struct skc_quantised_node {
    const skc_int8_ops *ops;   /* NULL: in floats */
    skc_int8_layer      layer; /* where ops is not NULL */
    skc_layer_plan      plan;  /* else */
} skc_quantised_node;

typedef struct skc_quantised {
    const skc_graph    *graph;
    const float *const *param;
    const skc_kernels  *kernels;
    skc_pool           *pool;
    int32_t             threads, planned_pictures;
    skc_arena           arena;
    skc_quantised_node *node;  /* by node */
    skc_int8_scale     *scale; /* by tensor; the graph's output has none */
    bool               *real;  /* by tensor: floats only */
    void              **value; /* by tensor: bytes, or floats where real */
    const float        *output;
    void               *scratch;
} skc_quantised;

typedef struct skc_quantised_options {
    int32_t            max_batch, threads;
    int32_t            planned_pictures; /* that layers choose their ways for; 0: max_batch */
    skc_pool          *pool;    /* must outlive the result; NULL: the caller's thread alone */
    const skc_kernels *kernels; /* must outlive the result */
    /* One of the same graph, parameters and quantisation, whose prepared parameters are used
     * instead of own ones: it must outlive the result. NULL: none. */
    const struct skc_quantised *prepared;
} skc_quantised_options;

/* Graph and parameters must outlive the result; the quantisation need not. */
skc_status skc__quantised_create(const skc_graph *graph, const float *const *param,
                                 const skc_quantisation      *quantisation,
                                 const skc_quantised_options *options,
                                 const skc_allocator *allocator, skc_quantised *out,
                                 skc_error *err);
void       skc__quantised_free(skc_quantised *quantised);

/* From n pictures (n, h, w, c) to `output`. */
void skc__quantised_forward(const skc_quantised *quantised, const float *input, int32_t n);

#endif
