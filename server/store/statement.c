/* statement.c - one statement at a time, with what went wrong so far. */
#include "store/statement.h"
#include "failure.h"

#include <stdio.h>
#include <string.h>

void store_lock(store *db)
{
    pthread_mutex_lock(&db->mutex);
}

void store_unlock(store *db)
{
    pthread_mutex_unlock(&db->mutex);
}

static skc_status fail(store *db, int code, skc_error *err)
{
    const char *text = sqlite3_errmsg(db->db);
    int         reason; /* errno: "disk I/O error" alone does not say that the disk is full */

    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return failure_memory(err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return failure(err, SKC_EFORMAT, "%s: %s", db->path, text);
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
        return failure(err, SKC_ELIMIT, "%s: %s", db->path, text);
    default:
        reason = (code & 0xff) == SQLITE_IOERR ? sqlite3_system_errno(db->db) : 0;
        return failure(err, SKC_EIO, "%s: %s%s%s", db->path, text, reason == 0 ? "" : ": ",
                       reason == 0 ? "" : strerror(reason));
    }
}

statement statement_begin(store *db, const char *sql)
{
    statement s = { .db = db };

    s.code = sqlite3_prepare_v2(db->db, sql, -1, &s.handle, NULL);
    return s;
}

void statement_int(statement *s, int64_t value)
{
    if (s->code == SQLITE_OK)
        s->code = sqlite3_bind_int64(s->handle, ++s->bound, value);
}

void statement_text(statement *s, const char *value)
{
    if (s->code == SQLITE_OK)
        s->code = sqlite3_bind_text(s->handle, ++s->bound, value, -1, SQLITE_TRANSIENT);
}

void statement_blob(statement *s, const void *bytes, size_t size)
{
    if (s->code == SQLITE_OK)
        s->code = sqlite3_bind_blob64(s->handle, ++s->bound, bytes, size, SQLITE_STATIC);
}

bool statement_row(statement *s)
{
    int code;

    if (s->code != SQLITE_OK)
        return false;
    code = sqlite3_step(s->handle);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        s->code = code;
    return code == SQLITE_ROW;
}

/* SQLite has no text for lack of memory, too: that is the end of the statement. */
void statement_copy_text(statement *s, int column, char *out, size_t room)
{
    const char *text = (const char *)sqlite3_column_text(s->handle, column);

    if (text == NULL && sqlite3_errcode(s->db->db) == SQLITE_NOMEM)
        s->code = SQLITE_NOMEM;
    snprintf(out, room, "%s", text == NULL ? "" : text);
}

skc_status statement_end(statement *s, skc_error *err)
{
    skc_status status = s->code == SQLITE_OK ? SKC_OK : fail(s->db, s->code, err);

    sqlite3_finalize(s->handle);
    s->handle = NULL;
    return status;
}

skc_status store_run(store *db, const char *sql, skc_error *err)
{
    int code = sqlite3_exec(db->db, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? SKC_OK : fail(db, code, err);
}

skc_status store_begin(store *db, skc_error *err)
{
    return store_run(db, "BEGIN IMMEDIATE", err);
}

skc_status store_commit(store *db, skc_status status, skc_error *err)
{
    if (status == SKC_OK)
        status = store_run(db, "COMMIT", err);
    if (status != SKC_OK && sqlite3_get_autocommit(db->db) == 0)
        sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}
