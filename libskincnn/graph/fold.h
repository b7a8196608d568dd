/* fold.h - a graph made ready for inference: batchnorm merged into the layer before it, activations
 * fused behind it, dropout gone. */
#ifndef SKC_GRAPH_FOLD_H
#define SKC_GRAPH_FOLD_H

#include "graph/graph.h"

typedef struct skc_folded {
    skc_graph     graph; /* nodes of its own; node->first_param counts in `param` */
    skc_arena     arena; /* the parameters that changed */
    const float **param; /* by number: in `arena`, or the original's */
} skc_folded;

/* `graph` and `param` must outlive the result. in_place: parameters that change are changed where
 * they are, which saves a copy, and are then of use to the result only. */
skc_status skc__fold(const skc_graph *graph, const float *const *param, bool in_place,
                     const skc_allocator *allocator, skc_folded *out, skc_error *err);
void       skc__folded_free(skc_folded *folded);

#endif
