/* cpu.c - what the processor can do and the operating system lets it do.
 * CPUID says what the silicon has, XGETBV what the kernel saves at a task switch (Intel SDM vol. 1,
 * 13.3 and 14.3): both must agree before a wide register is touched. */
#include "core/cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdatomic.h>
#include <stdint.h>

static uint64_t enabled_state(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static skc_cpu probe(void)
{
    enum { XMM_YMM = 0x06, ZMM_AND_MASKS = 0xe6 };
    enum { FMA = 1 << 12, OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29 }; /* leaf 1, ecx */
    enum { AVX2 = 1 << 5, F = 1 << 16, DQ = 1 << 17, BW = 1 << 30 };          /* leaf 7, ebx */
    enum { VNNI = 1 << 11 };                                                  /* leaf 7, ecx */
    const unsigned vl = 1u << 31;
    unsigned       a, b, c, d, wanted = FMA | OSXSAVE | AVX | F16C;
    skc_cpu        cpu = { .avx2 = false };
    uint64_t       state;

    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & wanted) != wanted)
        return cpu;
    state = enabled_state();
    if ((state & XMM_YMM) != XMM_YMM || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return cpu;
    cpu.avx2   = (b & AVX2) != 0;
    wanted     = F | DQ | BW | vl;
    cpu.avx512 = cpu.avx2 && (b & wanted) == wanted && (state & ZMM_AND_MASKS) == ZMM_AND_MASKS;
    cpu.vnni   = cpu.avx512 && (c & VNNI) != 0;
    return cpu;
}

/* Asked once for each picture that is decoded, and a virtual machine takes 20 microseconds to
 * answer CPUID: so the answer is kept. Threads that ask at the same time find the same one. */
skc_cpu skc__cpu_probe(void)
{
    enum { AVX2 = 1, AVX512 = 2, VNNI = 4, KNOWN = 8 };
    static atomic_uint answer;
    unsigned           bits = atomic_load_explicit(&answer, memory_order_relaxed);

    if (bits == 0) {
        const skc_cpu cpu = probe();

        bits = (cpu.avx2 ? AVX2 : 0u) | (cpu.avx512 ? AVX512 : 0u) | (cpu.vnni ? VNNI : 0u) | KNOWN;
        atomic_store_explicit(&answer, bits, memory_order_relaxed);
    }
    return (skc_cpu){ (bits & AVX2) != 0, (bits & AVX512) != 0, (bits & VNNI) != 0 };
}
#else
skc_cpu skc__cpu_probe(void)
{
    return (skc_cpu){ .avx2 = false };
}
#endif
