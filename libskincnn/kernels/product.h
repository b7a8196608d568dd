/* product.h - the scalar set's packed products, which stand in a file of their own. */
#ifndef SKC_KERNELS_PRODUCT_H
#define SKC_KERNELS_PRODUCT_H

#include "kernels/kernels.h"

void skc__scalar_pack_right(const skc_right *right, float *packed);
void skc__scalar_product(const skc_product *p);
void skc__scalar_outer(const skc_outer *o);

#endif
