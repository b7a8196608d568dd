/* max_pool.h - the scalar set's max pooling. */
#ifndef SKC_KERNELS_MAX_POOL_H
#define SKC_KERNELS_MAX_POOL_H

#include "kernels/kernels.h"

void skc__scalar_max_pool_forward(const skc_max_pool *g, const float *const *rows, float *y,
                                  uint16_t *chosen);
void skc__scalar_max_pool_backward(const skc_max_pool *g, const uint16_t *chosen, const float *y,
                                   const float *dy, float *const *dx_rows);

#endif
