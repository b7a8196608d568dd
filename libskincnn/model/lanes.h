/* lanes.h - ways of inputs through a folded graph: one for all threads, and one for each.
 *
 * A lane has the buffers of a walk. Where there are inputs for every thread, each takes a slice of
 * them through the whole network in a lane of its own and then the next slice: no thread waits for
 * another between layers, and what passes between layers stays near the processor that wrote it.
 * What is left over goes through the lane of all threads, which split every layer. All lanes use
 * the same prepared weights, and an input's scores do not depend on its lane.
 */
#ifndef SKC_MODEL_LANES_H
#define SKC_MODEL_LANES_H

#include "graph/quantised.h"
#include "graph/workspace.h"

typedef struct skc_lanes_options {
    const skc_graph        *graph; /* these must outlive the lanes */
    const float *const     *param;
    const skc_quantisation *quantisation; /* NULL: in floats */
    const skc_kernels      *kernels;
    skc_pool               *pool;
    bool                    compact;
    int32_t                 most; /* inputs that will ever be there at a time */
} skc_lanes_options;

typedef struct skc_lane {
    int32_t       max_batch;
    skc_workspace workspace; /* one of these */
    skc_quantised quantised;
} skc_lane;

typedef struct skc_lanes {
    skc_lanes_options options;
    skc_allocator     allocator;
    int32_t           slice; /* inputs that a thread takes at a time, at most */
    int32_t           count; /* of single lanes: one for each thread, or none */
    skc_lane          all;   /* the lane of all threads */
    skc_lane         *single;
} skc_lanes;

skc_status skc__lanes_create(const skc_lanes_options *options, const skc_allocator *allocator,
                             skc_lanes *out, skc_error *err);
void       skc__lanes_free(skc_lanes *lanes);
size_t     skc__lanes_bytes(const skc_lanes *lanes);

/* Where there is never more than one input: the first buffer of its way, which it may stand in.
 * Else NULL. */
float *skc__lanes_first(const skc_lanes *lanes);

/* Scores (count, labels) of inputs (count, height, width, channels); any count. */
void skc__lanes_run(const skc_lanes *lanes, const float *inputs, int32_t count, float *scores);

#endif
