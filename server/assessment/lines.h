/* lines.h - a text that grows line by line. */
#ifndef SKC_SERVER_ASSESSMENT_LINES_H
#define SKC_SERVER_ASSESSMENT_LINES_H

#include <stddef.h>

/* A stream in memory (open_memstream): what fails is found when it is closed. */
typedef struct lines {
    void  *stream;
    char  *bytes;
    size_t size;
} lines;

void  lines_open(lines *text);
void  lines_add(lines *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The text, released with free; NULL: out of memory. */
char *lines_close(lines *text);

#endif
