/* layer.c - finds a layer type by its name. */
#include "layers/layer.h"

#include <string.h>

const skc_layer_ops *skc__layer_find(const char *name)
{
    for (const skc_layer_ops *const *ops = skc__layer_registry; *ops != NULL; ops++)
        if (strcmp((*ops)->name, name) == 0)
            return *ops;
    return NULL;
}
