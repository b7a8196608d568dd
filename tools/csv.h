/* csv.h - tables as other projects write them: comma or tab, quoted or not, any columns. */
#ifndef SKC_TOOLS_CSV_H
#define SKC_TOOLS_CSV_H

#include "skincnn.h"

typedef struct csv {
    char   *text;  /* owned; the cells point into it */
    char  **cells; /* (rows, columns); row 0 is the heading */
    int32_t columns, rows;
} csv;

/* Splits `text` of `size` bytes, followed by a NUL, into cells in place and takes it over, also
 * when it fails. The separator is a tab if the first line holds one, else a comma. Every row must
 * have as many cells as the first; empty lines are skipped. `name` is for messages. */
SKC_MUST_CHECK skc_status csv_parse(char *text, size_t size, const char *name, csv *out,
                                    skc_error *err);
void                      csv_free(csv *table);

/* The column with that heading, in any case; -1: none. */
int32_t csv_column(const csv *table, const char *heading);

/* "" for column -1. */
const char *csv_cell(const csv *table, int32_t row, int32_t column);

#endif
