/* test_table.c - which kernels a runtime gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernels/kernels.h"

static const skc_cpu plain = { false, false, false }, best = { true, true, true };

/* The same functions under the same name. */
static void assert_same(skc_kernels a, skc_kernels b)
{
    assert_string_equal(a.name, b.name);
    a.name = b.name;
    assert_memory_equal(&a, &b, sizeof a);
}

static void test_plain_processor(void **state)
{
    skc_kernels k;

    (void)state;
    assert_int_equal(skc__kernels_for(plain, "scalar", &k, NULL), SKC_OK);
    assert_same(k, skc__kernels_scalar);
    assert_int_equal(skc__kernels_for(plain, NULL, &k, NULL), SKC_OK);
    k.gemm = skc__kernels_scalar.gemm; /* OpenBLAS's, where there is one */
    assert_same(k, skc__kernels_scalar);
}

static void test_names(void **state)
{
    skc_kernels k;

    (void)state;
#if defined(__x86_64__)
    skc_kernels vnni;

    assert_int_equal(skc__kernels_for(best, NULL, &k, NULL), SKC_OK);
    assert_string_equal(k.name, "avx512");
    assert_int_equal(skc__kernels_for(best, "avx2", &k, NULL), SKC_OK);
    assert_string_equal(k.name, "avx2");
    assert_true(k.depthwise != skc__kernels_scalar.depthwise);
    assert_int_equal(skc__kernels_for((skc_cpu){ true, false, false }, NULL, &k, NULL), SKC_OK);
    assert_string_equal(k.name, "avx2");
    assert_int_equal(skc__kernels_for((skc_cpu){ true, true, false }, NULL, &k, NULL), SKC_OK);
    assert_string_equal(k.name, "avx512");
    assert_int_equal(skc__kernels_for(best, NULL, &vnni, NULL), SKC_OK);
    assert_true(k.int8.product != vnni.int8.product && k.product == vnni.product);
#endif
    assert_int_equal(skc__kernels_for(best, "scalar", &k, NULL), SKC_OK);
    assert_same(k, skc__kernels_scalar);
}

/* Every row of every set is there, and the same question has the same answer. */
static void test_complete_and_pure(void **state)
{
    const char *const names[] = { NULL, "scalar", "avx2", "avx512" };

    (void)state;
    for (int i = 0; i < 4; i++) {
        skc_kernels k, again;
        void       *rows[sizeof k / sizeof(void *)];

        if (skc__kernels_for(best, names[i], &k, NULL) != SKC_OK)
            continue; /* another architecture */
        assert_int_equal(skc__kernels_for(best, names[i], &again, NULL), SKC_OK);
        assert_same(k, again);
        memcpy(rows, &k, sizeof k);
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            assert_non_null(rows[r]);
    }
}

static void test_refused(void **state)
{
    const char *const unknown[] = { "", "Scalar", "avx", "avx2 " };
    skc_kernels       k, before;
    skc_error         err;

    (void)state;
    memset(&k, 0x5a, sizeof k);
    before = k;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(skc__kernels_for(best, unknown[i], &k, &err), SKC_EINVAL);
        assert_int_equal(err.status, SKC_EINVAL);
        assert_non_null(strstr(err.message, unknown[i]));
        assert_non_null(strstr(err.message, "scalar"));
    }
#if defined(__x86_64__)
    assert_int_equal(skc__kernels_for(plain, "avx2", &k, &err), SKC_EUNSUPPORTED);
    assert_non_null(strstr(err.message, "avx2"));
    assert_int_equal(skc__kernels_for((skc_cpu){ true, false, false }, "avx512", &k, &err),
                     SKC_EUNSUPPORTED);
    assert_int_equal(skc__kernels_for(plain, "avx512", &k, NULL), SKC_EUNSUPPORTED);
#endif
    assert_memory_equal(&k, &before, sizeof k);
}

static void test_runtime(void **state)
{
    skc_runtime runtime;
    skc_kernels k;
    const char *last = NULL;

    (void)state;
    skc_runtime_init(&runtime);
    for (int32_t i = 0; skc_kernel_set(i) != NULL; i++) {
        last = runtime.kernels = skc_kernel_set(i);
        assert_int_equal(skc__kernels(&runtime, &k, NULL), SKC_OK);
        assert_string_equal(k.name, last);
    }
    assert_string_equal(skc_kernel_set(0), "scalar");
    assert_null(skc_kernel_set(-1));
    assert_null(skc_kernel_set(INT32_MIN));
    assert_null(skc_kernel_set(INT32_MAX));
    assert_int_equal(skc__kernels(NULL, &k, NULL), SKC_OK);
    assert_string_equal(k.name, last);
    runtime.kernels = "fastest";
    assert_int_equal(skc__kernels(&runtime, &k, NULL), SKC_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_processor),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_complete_and_pure), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_runtime),
    };

    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
