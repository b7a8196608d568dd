/* terminal.h - what a tool shows to people: progress, tables, durations; and Ctrl-C. */
#ifndef SKC_TOOLS_TERMINAL_H
#define SKC_TOOLS_TERMINAL_H
#include "skincnn.h"

#include <stdio.h>

bool   terminal_is(FILE *stream);
double terminal_seconds(void); /* of a clock that never goes back */

/* From now on the first Ctrl-C (or SIGTERM) only raises a flag; a second one ends the program. */
void terminal_catch_interrupt(void);
bool terminal_interrupted(void);

/* A bar with the share done and the time left on standard error; silent where that is no terminal.
 * One at a time. */
typedef struct progress {
    const char *label;
    uint64_t    total;
    double      started, drawn; /* seconds */
    bool        visible;
} progress;

progress progress_begin(const char *label, uint64_t total);
/* `note` (may be NULL) stands at the end of the line, e.g. "loss 0.531  212 images/s". */
void     progress_update(progress *bar, uint64_t done, const char *note);
void     progress_end(progress *bar); /* wipes the line */
/* Wipes the bar so that a message can be printed; the next update draws it again. */
void     progress_wipe(void);
/* The same before writing to standard output, if that is a terminal, too. */
void     progress_wipe_for_output(void);

/* "0.8 s", "12 s", "3 min 20 s", "2 h 05 min". */
void duration_text(double seconds, char out[32]);
/* "512 B", "1.5 MB" (thousands). */
void bytes_text(uint64_t bytes, char out[32]);

/* Columns of a UTF-8 text on a terminal. */
int32_t text_width(const char *text);

/* A table: cells are added row by row from the left; the columns get the width they need.
 *     table t = table_begin("lrr");
 *     table_cell(&t, "label"); ...
 *     table_end(&t, stdout);
 * The first row is the heading (bold on a terminal). Control characters are shown as '?'. */
typedef struct table {
    const char *align; /* one letter a column: l or r */
    char      **cells;
    size_t      count, capacity;
} table;

table table_begin(const char *align);
void  table_cell(table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void  table_end(table *t, FILE *stream); /* prints and releases */
void  table_free(table *t);

#endif
