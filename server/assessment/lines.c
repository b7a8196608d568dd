/* lines.c - a text that grows line by line. */
#define _POSIX_C_SOURCE 200809L
#include "assessment/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void lines_open(lines *text)
{
    text->stream = open_memstream(&text->bytes, &text->size);
}

void lines_add(lines *text, const char *format, ...)
{
    va_list arguments;

    if (text->stream == NULL)
        return;
    va_start(arguments, format);
    vfprintf(text->stream, format, arguments);
    va_end(arguments);
}

char *lines_close(lines *text)
{
    FILE *stream = text->stream;
    int   failed = stream == NULL || ferror(stream) != 0;

    if (stream == NULL)
        return NULL;
    if (fclose(stream) != 0 || failed) {
        free(text->bytes);
        return NULL;
    }
    return text->bytes;
}
