/* workspace.h - the buffers of a graph's forward and backward walk, planned once.
 *
 * Every value and gradient has a lifetime in steps: node i runs forward at step i, the loss stands
 * at step N, node i runs backward at step 2N - i. Buffers whose lifetimes do not meet share memory.
 */
#ifndef SKC_GRAPH_WORKSPACE_H
#define SKC_GRAPH_WORKSPACE_H

#include "graph/fusion.h"

typedef struct skc_workspace {
    const skc_graph   *graph;
    const skc_kernels *kernels;
    int32_t            threads, max_batch, planned_pictures;
    skc_pool          *pool;
    bool               training, compact;
    skc_arena          arena;
    float            **value;           /* by tensor */
    float            **gradient;        /* by tensor; NULL: not wanted */
    void             **saved;           /* by node */
    bool (*accumulate)[SKC_MAX_INPUTS]; /* by node: gradient of input k is added to */
    bool      *frozen;                  /* by node: no batch statistics, no parameter gradient */
    skc_fused *fused;                   /* by node */
    void     **prepared; /* by node: its parameters as `prepare` wrote them; NULL: not */
    void      *scratch;
} skc_workspace;

typedef struct skc_workspace_options {
    int32_t             max_batch, threads;
    int32_t             planned_pictures; /* that layers choose their ways for; 0: max_batch */
    skc_pool           *pool; /* must outlive the workspace; NULL: the caller's thread alone */
    bool                training;
    bool                compact; /* inference with the least memory: nothing is prepared */
    const skc_kernels  *kernels; /* must outlive the workspace */
    const bool         *frozen;  /* by node; NULL: none */
    /* By number, for layers to prepare; an inference workspace then runs with these only. NULL (as
     * in training): nothing is prepared. */
    const float *const *param;
    /* One of the same graph, parameters and planned pictures, whose prepared parameters are used
     * instead of own ones: it must outlive this one. NULL: none. */
    const struct skc_workspace *prepared;
    bool unfused; /* every layer runs by itself: where each tensor is to be seen, and for tests */
} skc_workspace_options;

/* The graph must outlive the workspace. */
skc_status skc__workspace_create(const skc_graph *graph, const skc_workspace_options *options,
                                 const skc_allocator *allocator, skc_workspace *out,
                                 skc_error *err);
void       skc__workspace_free(skc_workspace *workspace);

/* One walk: parameters by number; `stat` (by parameter number, NULL unless training) takes new
 * values of statistics. */
typedef struct skc_walk {
    int32_t             n;     /* pictures, 1..max_batch */
    const float        *input; /* read where it is; NULL: it stands in value[0] */
    const float *const *param;
    float *const       *stat;
    bool                training;
    uint64_t            seed; /* of this step: dropout */
    /* Optional, in an unfused workspace: sees each tensor that a forward walk has just computed
     * (not the input). */
    void (*see)(void *user, int32_t tensor, const float *values, size_t count);
    void *user;
} skc_walk;

/* What layers write once for options->param; skc__workspace_create calls it. */
void skc__prepare(const skc_workspace *workspace, const float *const *param);

/* From the input to value[node_count]. */
void skc__forward(const skc_workspace *workspace, const skc_walk *walk);

/* From gradient[node_count], filled in by the caller after a training forward walk, to
 * param_gradient (by parameter number, added to). */
void skc__backward(const skc_workspace *workspace, const skc_walk *walk,
                   float *const *param_gradient);

#endif
