/* cpu.h - what the processor can do and the operating system lets it do. */
#ifndef SKC_CORE_CPU_H
#define SKC_CORE_CPU_H

#include <stdbool.h>

typedef struct skc_cpu {
    bool avx2;   /* AVX2, FMA and F16C, with the upper halves of ymm saved */
    bool avx512; /* AVX-512 F, BW, DQ and VL, with zmm and masks saved */
    bool vnni;   /* AVX-512 VNNI besides */
} skc_cpu;

skc_cpu skc__cpu_probe(void);

#endif
