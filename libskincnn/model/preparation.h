/* preparation.h - pictures to the inputs of a prediction, on several threads. */
#ifndef SKC_MODEL_PREPARATION_H
#define SKC_MODEL_PREPARATION_H

#include "core/parallel.h"
#include "model/input.h"

typedef struct skc_desk skc_desk; /* what a thread works with */

typedef struct skc_preparation {
    skc_allocator      allocator;
    const skc_kernels *kernels; /* must outlive this, and so must the pool */
    skc_pool          *pool;
    skc_preprocessing  preprocessing;
    int32_t            views;
    int32_t            count; /* of desks: no more than inputs at a time */
    skc_desk          *desks;
} skc_preparation;

typedef struct skc_preparation_options {
    const skc_kernels       *kernels;
    skc_pool                *pool;
    const skc_preprocessing *preprocessing;
    int32_t                  views;  /* inputs that a picture becomes */
    int32_t                  inputs; /* at a time, at most */
} skc_preparation_options;

skc_status skc__preparation_create(const skc_preparation_options *options,
                                   const skc_allocator *allocator, skc_preparation *out,
                                   skc_error *err);
void       skc__preparation_free(skc_preparation *preparation);
size_t     skc__preparation_bytes(const skc_preparation *preparation);

/* Writes the inputs (count, views, height, width, 3) of pictures. Allocates nothing where each
 * desk has seen pictures as large. */
skc_status skc__prepare_pictures(skc_preparation *preparation, const skc_image *const *images,
                                 int32_t count, float *inputs, skc_error *err);

#endif
