/* kernel_test.h - buffers against guard pages, and comparisons, for the tests of kernel rows. */
#ifndef KERNEL_TEST_H
#define KERNEL_TEST_H

#define _DEFAULT_SOURCE /* MAP_ANONYMOUS; so this comes before the system's headers */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/random.h"
#include "kernels/kernels.h"

/* Where a buffer lies between two unreadable pages: its end at the upper one, its start at the
 * lower one, or one float above that, so that no vector in it is aligned. */
enum { AT_END, AT_START, UNALIGNED, PLACEMENTS };
enum { SLOTS = 12, SLOT_FLOATS = 1 << 16 };

#define SCALAR (&skc__kernels_scalar)

static float      *slots[SLOTS];
static int         placement;
static skc_random  source;
static skc_kernels tested; /* the set that a test looks at */

static inline int map_slots(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = SLOT_FLOATS * sizeof(float);

    (void)state;
    source = skc__random_stream(20, 11, 23);
    for (int i = 0; i < SLOTS; i++) {
        char *all = mmap(NULL, bytes + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (all == MAP_FAILED || mprotect(all + page, bytes, PROT_READ | PROT_WRITE) != 0)
            return -1;
        slots[i] = (float *)(void *)(all + page);
    }
    return 0;
}

/* Room for n floats where `placement` says. */
static inline float *room(int slot, size_t n)
{
    assert_true(n < SLOT_FLOATS);
    return placement == AT_END     ? slots[slot] + SLOT_FLOATS - n
           : placement == AT_START ? slots[slot]
                                   : slots[slot] + 1;
}

static inline double *room_doubles(int slot, size_t n)
{
    assert_true(2 * n < SLOT_FLOATS);
    return (double *)(void *)(placement == AT_END ? slots[slot] + SLOT_FLOATS - 2 * n
                                                  : slots[slot]);
}

static inline float *fresh(int slot, size_t n)
{
    float *x = room(slot, n);

    for (size_t i = 0; i < n; i++)
        x[i] = skc__random_between(&source, -2, 2);
    return x;
}

static inline float *copied(int slot, size_t n, const float *from)
{
    return memcpy(room(slot, n), from, n * sizeof *from);
}

/* Puts values in that kernels are apt to get wrong. */
static inline void spoil(size_t n, float *x)
{
    const float odd[] = { NAN, INFINITY, -INFINITY, -0.0f, 0, 1, -1, FLT_MAX, FLT_MIN / 4 };

    for (size_t i = 0; i < n; i++)
        if (skc__random_below(&source, 3) == 0)
            x[i] = odd[skc__random_below(&source, sizeof odd / sizeof odd[0])];
}

/* Makes the i-th set of this machine the tested one; false past the end. */
static inline bool pick_set(int32_t i)
{
    const char *name = skc_kernel_set(i);

    return name != NULL && skc__kernels_for(skc__cpu_probe(), name, &tested, NULL) == SKC_OK;
}

#define EACH_SET_AND_PLACEMENT                                                                     \
    for (int32_t set_ = 0; pick_set(set_); set_++)                                                 \
        for (placement = 0; placement < PLACEMENTS; placement++)

/* 0..67, so that every end of a vector is seen, and a few longer. */
#define EACH_LENGTH(n)                                                                             \
    for (size_t l_ = 0, n;                                                                         \
         l_ < 72 && (n = l_ < 68 ? l_ : (size_t[]){ 96, 97, 1000, 4099 }[l_ - 68], true); l_++)

/* The same bits, or both not a number. */
static inline void expect_same(const char *row, size_t n, const float *want, const float *got)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(want + i, got + i, sizeof *got) != 0 && !(isnan(want[i]) && isnan(got[i])))
            fail_msg("%s of %s: [%zu] of %zu is %.9g, not %.9g", row, tested.name, i, n,
                     (double)got[i], (double)want[i]);
}

/* |got - want| <= bound x FLT_EPSILON x size; `size` is the sum of the magnitudes of the terms. */
static inline void expect_close(const char *row, size_t i, double want, double got, double size,
                                double bound)
{
    bool close = fabs(got - want) <= bound * (double)FLT_EPSILON * size + (double)FLT_MIN;

    if (!close && !(isnan(want) && isnan(got)) && !(isinf(want) && want == got))
        fail_msg("%s of %s: [%zu] is %.9g, not %.9g", row, tested.name, i, got, want);
}

static inline double magnitude(float x)
{
    return fabs((double)x);
}

#endif
