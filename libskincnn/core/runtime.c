/* runtime.c - defaults of the run time. */
#include <string.h>

#include "core/memory.h"

void skc_runtime_init(skc_runtime *runtime)
{
    memset(runtime, 0, sizeof *runtime);
    runtime->struct_size = sizeof *runtime;
    runtime->allocator   = skc__allocator(NULL);
}
