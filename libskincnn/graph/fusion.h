/* fusion.h - which passes over memory a walk does without.
 *
 * A clamp (relu) is applied by the layer before it while that writes, or behind the max_pool after
 * it, where fewer numbers are left. The output of a layer that is an affine map (batchnorm) is not
 * written: its readers apply the map while they read (skc_view). Nor is the gradient of its input:
 * the layer before computes it while reading the gradient of the output (skc_gradient_view). The
 * sums that batchnorm needs are made by the layers that write what is summed (skc_tally).
 * What a convolution writes for a max_pool alone is pooled while it is still in the cache, and
 * never stored, nor is its gradient (skc_pooling); this one at prediction, too.
 *
 * One pure function decides; workspace.c plans buffers by it, walk.c fills in layers' io by it.
 */
#ifndef SKC_GRAPH_FUSION_H
#define SKC_GRAPH_FUSION_H

#include "graph/graph.h"

/* What becomes of a node and its output. */
typedef struct skc_fused {
    int32_t readers; /* how many inputs read the output */
    bool    plain;   /* one of them, or the caller, must find it stored as it is */
    bool skipped; /* a layer before or behind applies this clamp, or one before does this max_pool:
                     output and gradient are those of its input */
    int32_t pool; /* the skipped max_pool that the layer does; -1: none */
    float   low, high;     /* the clamp that the layer applies to its output; -inf, inf: none */
    int32_t view;          /* the node through whose view the output is read; -1: it is stored */
    int32_t gradient_view; /* the node through whose view the output's gradient is; -1: none */
    int32_t tally;         /* the node that wants the moments of the output (skc_tally); -1: none */
    int32_t gradient_tally; /* ... the products of the gradient of the first input; -1: none */
    bool    tallied, gradient_tallied; /* the node's tally is offered to the writers of both */
} skc_fused;

typedef enum skc_fusion {
    SKC_FUSE_NOTHING,
    SKC_FUSE_POOLS, /* for inference: all else is fold.c's */
    SKC_FUSE_ALL    /* for training */
} skc_fusion;

/* Fills in fused[node_count] for walks of so many pictures, planned by `context`. */
void skc__fuse(const skc_graph *graph, skc_fusion fusion, int32_t pictures,
               const skc_plan_context *context, skc_fused *fused);

/* Whether the node's own output is not stored: it is its input's memory, read through its view. */
bool skc__is_unstored(const skc_fused *fused, int32_t node);

/* Whether the gradient of the node's input is not stored: the layer before works it out. */
bool skc__passes_gradient(const skc_graph *graph, const skc_fused *fused, int32_t node);

/* Whether the layer has a clamp fused behind it. */
bool skc__is_clamped(const skc_fused *fused, int32_t node);

#endif
