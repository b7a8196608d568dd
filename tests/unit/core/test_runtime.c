/* test_runtime.c - defaults of the run time, and that structs start out as the header says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "skincnn.h"

static void test_defaults(void **state)
{
    skc_runtime runtime;
    void       *block;

    (void)state;
    memset(&runtime, 0xff, sizeof runtime);
    skc_runtime_init(&runtime);
    assert_int_equal(runtime.struct_size, sizeof runtime);
    assert_int_equal(runtime.threads, 0);
    assert_null(runtime.kernels);
    block = runtime.allocator.allocate(runtime.allocator.user, 100);
    assert_non_null(block);
    skc_free(&runtime, block);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_defaults) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
