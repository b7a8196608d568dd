/* statement.h - what the files of the store share: the connection and one statement at a time. */
#ifndef SKC_SERVER_STORE_STATEMENT_H
#define SKC_SERVER_STORE_STATEMENT_H

#include "store/store.h"

#include <pthread.h>
#include <sqlite3.h>

/* One connection, used by one thread at a time. */
struct store {
    sqlite3        *db;
    char           *path;
    pthread_mutex_t mutex;
    store          *reader; /* a second connection: keys are looked up on threads that must not wait
                               while another writes to the disk; NULL in the reader itself */
};

/* A prepared statement with what went wrong so far: binding and stepping do nothing after the first
 * failure, so that only the end is asked. */
typedef struct statement {
    store        *db;
    sqlite3_stmt *handle;
    int           code; /* SQLite's */
    int           bound;
} statement;

void store_lock(store *db);
void store_unlock(store *db);

/* With the lock held. */
statement  statement_begin(store *db, const char *sql);
void       statement_int(statement *s, int64_t value);
void       statement_text(statement *s, const char *value);
void       statement_blob(statement *s, const void *bytes, size_t size);
/* True: there is a row. */
bool       statement_row(statement *s);
/* Copies a text of the row, cut to fit; "" where there is none. */
void       statement_copy_text(statement *s, int column, char *out, size_t room);
/* Ends it; the status of everything since statement_begin. */
skc_status statement_end(statement *s, skc_error *err);
/* A whole statement without values or rows. */
skc_status store_run(store *db, const char *sql, skc_error *err);
/* BEGIN IMMEDIATE, and COMMIT or, where `status` is a failure, ROLLBACK: returns the first failure.
 */
skc_status store_begin(store *db, skc_error *err);
skc_status store_commit(store *db, skc_status status, skc_error *err);

#endif
