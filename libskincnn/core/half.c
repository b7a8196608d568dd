/* half.c - IEEE 754 binary16, round to nearest even. */
#include "core/half.h"

#include <math.h>
#include <string.h>

/* Above 2^-14 the exponent is rebased and 13 bits rounded off; below, adding 0.5 lets the float
 * adder round to multiples of 2^-24, the spacing of the subnormals. */
uint16_t skc__half_from_float(float value)
{
    uint32_t bits, sign;
    uint16_t half;

    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000u;
    bits &= 0x7fffffffu;
    if (bits >= 0x47800000u) { /* 2^16 and above, infinity, NaN */
        half = bits > 0x7f800000u ? 0x7e00 : 0x7c00;
    } else if (bits < 0x38800000u) { /* below 2^-14 */
        float    magnitude;
        uint32_t rounded;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&rounded, &magnitude, sizeof rounded);
        half = (uint16_t)(rounded - 0x3f000000u);
    } else {
        uint32_t odd = bits >> 13 & 1u;
        half         = (uint16_t)((bits - 0x38000000u + 0xfffu + odd) >> 13);
    }
    return (uint16_t)(half | sign);
}

float skc__float_from_half(uint16_t half)
{
    uint32_t exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu;
    float    value = exponent == 0x1f ? (fraction != 0 ? NAN : INFINITY)
                     : exponent == 0  ? ldexpf((float)fraction, -24)
                                      : ldexpf((float)(fraction + 0x400u), (int)exponent - 25);

    return half & 0x8000u ? -value : value;
}
