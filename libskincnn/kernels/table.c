/* table.c - which kernel sets there are and which a runtime gets. */
#include "kernels/kernels.h"

#include <string.h>

/* The sets from the plainest to the fastest; each builds on those before it. */
typedef struct kernel_set {
    const char *name;
    bool (*supported)(skc_cpu cpu);
    void (*override)(skc_kernels *kernels);
} kernel_set;

static bool always(skc_cpu cpu)
{
    (void)cpu;
    return true;
}

static void keep(skc_kernels *kernels)
{
    (void)kernels;
}

#if defined(__x86_64__)
static bool has_avx2(skc_cpu cpu)
{
    return cpu.avx2;
}

static bool has_avx512(skc_cpu cpu)
{
    return cpu.avx512;
}
#endif

/* The int8 rows of the sets that the name stands for. */
static void override_int8(skc_cpu cpu, const char *name, skc_int8_kernels *kernels)
{
#if defined(__x86_64__)
    if (strcmp(name, "scalar") != 0)
        skc__int8_avx2(kernels);
    if (strcmp(name, "avx512") == 0 && cpu.vnni)
        skc__int8_vnni(kernels);
#else
    (void)cpu, (void)name, (void)kernels;
#endif
}

static const kernel_set sets[] = {
    { "scalar", always, keep },
#if defined(__x86_64__)
    { "avx2", has_avx2, skc__kernels_avx2 },
    { "avx512", has_avx512, skc__kernels_avx512 },
#endif
};
enum { SETS = sizeof sets / sizeof sets[0] };

/* The index of the set asked for, or of the best one where name is NULL; -1: unknown. */
static int find_set(skc_cpu cpu, const char *name)
{
    for (int i = SETS - 1; i >= 0; i--)
        if (name != NULL ? strcmp(name, sets[i].name) == 0 : sets[i].supported(cpu))
            return i;
    return -1;
}

skc_status skc__kernels_for(skc_cpu cpu, const char *name, skc_kernels *out, skc_error *err)
{
    int         last   = find_set(cpu, name);
    skc_kernels result = skc__kernels_scalar;

    if (last < 0)
        return skc__fail(err, SKC_EINVAL, "kernels \"%s\" are unknown; scalar, avx2 or avx512",
                         name);
    if (!sets[last].supported(cpu))
        return skc__fail(err, SKC_EUNSUPPORTED,
                         "kernels \"%s\" need a processor or operating system that this is not",
                         name);
    if (name == NULL || last > 0)
        skc__kernels_openblas(&result);
    for (int i = 0; i <= last; i++)
        if (sets[i].supported(cpu))
            sets[i].override(&result);
    override_int8(cpu, sets[last].name, &result.int8);
    result.name = sets[last].name;
    *out        = result;
    return SKC_OK;
}

skc_status skc__kernels(const skc_runtime *runtime, skc_kernels *out, skc_error *err)
{
    return skc__kernels_for(skc__cpu_probe(), runtime != NULL ? runtime->kernels : NULL, out, err);
}

const char *skc_kernel_set(int32_t i)
{
    skc_cpu cpu = skc__cpu_probe();

    for (int32_t k = 0; i >= 0 && k < SETS; k++)
        if (sets[k].supported(cpu) && i-- == 0)
            return sets[k].name;
    return NULL;
}
