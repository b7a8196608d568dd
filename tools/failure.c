/* failure.c - fills in skc_error for the tools. */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

skc_status failure(skc_error *err, skc_status status, const char *format, ...)
{
    va_list arguments;

    if (err == NULL)
        return status;
    err->status = status;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    for (char *c = err->message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return status;
}

skc_status failure_memory(skc_error *err)
{
    return failure(err, SKC_ENOMEM, "out of memory");
}
