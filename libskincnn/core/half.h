/* half.h - IEEE 754 binary16, round to nearest even. */
#ifndef SKC_CORE_HALF_H
#define SKC_CORE_HALF_H

#include <stdint.h>

uint16_t skc__half_from_float(float value); /* too large becomes infinity */
float    skc__float_from_half(uint16_t half);

#endif
