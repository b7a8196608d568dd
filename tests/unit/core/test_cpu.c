/* test_cpu.c - what is said of the processor agrees with what the operating system says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "core/cpu.h"

/* Is the word in the "flags" line of /proc/cpuinfo? -1: there is no such line. */
static int in_flags(const char *word)
{
    static char line[16384];
    char        padded[64];
    FILE       *file  = fopen("/proc/cpuinfo", "r");
    int         found = -1;

    snprintf(padded, sizeof padded, " %s ", word);
    while (file != NULL && found < 0 && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "flags", 5) == 0) {
            line[strcspn(line, "\n")] = ' ';
            found                     = strstr(line, padded) != NULL;
        }
    if (file != NULL)
        fclose(file);
    return found;
}

static void test_agrees_with_linux(void **state)
{
    skc_cpu cpu = skc__cpu_probe();

    (void)state;
#if defined(__x86_64__)
    if (in_flags("fma") < 0)
        skip();
    assert_int_equal(cpu.avx2, in_flags("avx2") && in_flags("fma") && in_flags("f16c"));
    assert_int_equal(cpu.avx512, cpu.avx2 && in_flags("avx512f") && in_flags("avx512bw") &&
                                     in_flags("avx512dq") && in_flags("avx512vl"));
    assert_int_equal(cpu.vnni, cpu.avx512 && in_flags("avx512_vnni"));
#else
    (void)in_flags;
    assert_false(cpu.avx2 || cpu.avx512 || cpu.vnni);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_agrees_with_linux) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
