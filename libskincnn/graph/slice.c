/* slice.c - how many pictures go through an inference graph together. */
#include "graph/slice.h"

enum {
    CACHE_BYTES = 8 << 20 /* of the last cache, what one layer's input and output may fill */
};

/* Values that node i reads and writes for one picture. */
static size_t node_values(const skc_graph *graph, int32_t i)
{
    size_t values = skc__shape_count(skc__graph_shape(graph, i + 1, 1));

    for (int32_t k = 0; k < graph->nodes[i].n_in; k++)
        values += skc__shape_count(skc__graph_shape(graph, graph->nodes[i].in[k], 1));
    return values;
}

int32_t skc__slice(const skc_graph *graph, size_t value_bytes, size_t weight_bytes, int32_t most)
{
    size_t  largest = 1, all = 0;
    int32_t slice = 1;

    for (int32_t i = 0; i < graph->node_count; i++) {
        size_t bytes = value_bytes * node_values(graph, i);

        all += bytes;
        largest = bytes > largest ? bytes : largest;
    }
    while (slice < most &&
           (2 * (size_t)slice * largest <= CACHE_BYTES || weight_bytes / (size_t)slice > all))
        slice *= 2;
    return slice < most ? slice : most;
}
