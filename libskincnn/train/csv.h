/* csv.h - comma-separated tables as RFC 4180 describes them: a strict reader, and a writer. */
#ifndef SKC_TRAIN_CSV_H
#define SKC_TRAIN_CSV_H

#include "core/file.h"

enum {
    SKC_CSV_FIELDS       = 256,   /* most fields of a record */
    SKC_CSV_RECORD_BYTES = 65536, /* most bytes of a record, a NUL after each field included */
};

/* Reads UTF-8 text that stays where it is. Fields are separated by commas, records by LF or CR LF;
 * a field in double quotes may hold all of these, and "" stands for a quote. Empty lines and a
 * byte-order mark at the start are skipped. Everything else that is not CSV is refused: NUL, bad
 * UTF-8, a quote inside a plain field, a lone CR, a quote without end, a record over the limits. */
typedef struct skc_csv_reader {
    const char *name; /* for messages */
    const char *text, *end, *at;
    int64_t     line;      /* where the current record begins, from 1 */
    int64_t     next_line; /* where `at` is */
    int32_t     count;     /* fields of the current record */
    const char *field[SKC_CSV_FIELDS];
    size_t      used;
    char        record[SKC_CSV_RECORD_BYTES];
} skc_csv_reader;

/* The reader is large: keep it off the stack. */
void skc__csv_start(skc_csv_reader *reader, const char *text, size_t size, const char *name);

/* Reads the next record into count and field, which hold until the next call; *more is false, and
 * there is no record, at the end of the text. */
skc_status skc__csv_next(skc_csv_reader *reader, bool *more, skc_error *err);

/* Fails with "<name> line <line>: " and the message. */
skc_status skc__csv_fail(const skc_csv_reader *reader, skc_error *err, skc_status status,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Writes a table by way of a temporary file. The first failure is kept, and the rest of the calls
 * do nothing, so that only skc__csv_commit needs to be looked at. */
typedef struct skc_csv_writer {
    skc_writer file;
    skc_status status;
    skc_error *err;
    size_t     used;
    char       buffer[16384];
} skc_csv_writer;

void       skc__csv_open(skc_csv_writer *writer, const char *path, skc_error *err);
void       skc__csv_put(skc_csv_writer *writer, const char *const *fields, int32_t count);
skc_status skc__csv_commit(skc_csv_writer *writer);

#endif
