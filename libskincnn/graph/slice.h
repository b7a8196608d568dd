/* slice.h - how many pictures go through an inference graph together. */
#ifndef SKC_GRAPH_SLICE_H
#define SKC_GRAPH_SLICE_H

#include "graph/graph.h"

/* How many pictures a thread takes through the graph at a time: a power of two, or `most` where
 * that is less. A large batch walked layer by layer leaves its values in main memory, and all
 * threads wait for that; a few pictures at a time stay in the processor's cache. Too few pictures
 * read the weights too often: of these may be as many bytes as of values. value_bytes: of one
 * value, weight_bytes: of all weights as they are read. */
int32_t skc__slice(const skc_graph *graph, size_t value_bytes, size_t weight_bytes, int32_t most);

#endif
