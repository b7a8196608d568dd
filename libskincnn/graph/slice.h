/* slice.h - how many pictures go through an inference graph together. */
#ifndef SKC_GRAPH_SLICE_H
#define SKC_GRAPH_SLICE_H

#include "graph/graph.h"

/* A power of two, or `most` where that is less. A large batch walked layer by layer leaves its
 * values in main memory, and both threads wait for that; a few pictures at a time stay in the
 * processor's cache. Too few pictures read the weights too often. value_bytes: of one value,
 * weight_bytes: of all weights as they are read. */
int32_t skc__slice(const skc_graph *graph, size_t value_bytes, size_t weight_bytes, int32_t most);

#endif
