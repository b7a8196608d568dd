/* openblas.c - gemm by OpenBLAS; a build with SKC_WITHOUT_OPENBLAS keeps the row as it is.
 *
 * Our threads call OpenBLAS, it shall start none of its own. A sequential build shares its work
 * buffers between callers without a lock (unless made with USE_LOCKING, which cannot be asked for
 * and which Debian does not set; OpenBLAS issue 2126), so that products of two threads at a time
 * come out wrong: such a build gets one caller at a time. A threaded build locks by itself; it is
 * told to use one thread a call. */
#include "kernels/kernels.h"

#ifndef SKC_WITHOUT_OPENBLAS

#include <cblas.h>
#include <limits.h>
#include <pthread.h>

static pthread_mutex_t one_caller = PTHREAD_MUTEX_INITIALIZER;

static bool fits(size_t a, size_t b, size_t c)
{
    return a <= INT_MAX && b <= INT_MAX && c <= INT_MAX;
}

static void gemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc)
{
    const bool sequential = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;

    if (!fits(m, n, k) || !fits(lda, ldb, ldc)) {
        skc__kernels_scalar.gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    if (sequential)
        pthread_mutex_lock(&one_caller);
    cblas_sgemm(CblasRowMajor, transpose_a ? CblasTrans : CblasNoTrans,
                transpose_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a, (int)lda, b,
                (int)ldb, beta, c, (int)ldc);
    if (sequential)
        pthread_mutex_unlock(&one_caller);
}

void skc__kernels_openblas(skc_kernels *kernels)
{
    /* Told again after a fork, OpenBLAS would start its threads anew. */
    if (openblas_get_parallel() != OPENBLAS_SEQUENTIAL && openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
    kernels->gemm = gemm;
}

#else

void skc__kernels_openblas(skc_kernels *kernels)
{
    (void)kernels;
}

#endif
