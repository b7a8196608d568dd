/* records.c - spots and their sealed records. */
#include "store/statement.h"
#include "failure.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ adding */

/* What has expired and is not erased yet does not come back. */
static skc_status drop_expired(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t now,
                               skc_error *err)
{
    statement s = statement_begin(db, "DELETE FROM spot WHERE hash = ? AND expires <= ?");

    statement_blob(&s, spot, STORE_HASH_BYTES);
    statement_int(&s, now);
    statement_row(&s);
    return statement_end(&s, err);
}

/* Makes the spot or puts off its end; *id is its number. */
static skc_status touch_spot(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t expires,
                             int64_t *id, skc_error *err)
{
    statement s = statement_begin(db, "INSERT INTO spot (hash, expires) VALUES (?, ?) "
                                      "ON CONFLICT (hash) DO UPDATE SET "
                                      "expires = max(expires, excluded.expires) RETURNING id");

    statement_blob(&s, spot, STORE_HASH_BYTES);
    statement_int(&s, expires);
    *id = statement_row(&s) ? sqlite3_column_int64(s.handle, 0) : 0;
    while (statement_row(&s))
        ;
    return statement_end(&s, err);
}

static skc_status insert_record(store *db, int64_t spot, const void *sealed, size_t size,
                                int64_t now, skc_error *err)
{
    statement s =
        statement_begin(db, "INSERT INTO record (spot, created, sealed) VALUES (?, ?, ?)");

    statement_int(&s, spot);
    statement_int(&s, now);
    statement_blob(&s, sealed, size);
    statement_row(&s);
    return statement_end(&s, err);
}

skc_status store_record_add(store *db, const uint8_t spot[STORE_HASH_BYTES], const void *sealed,
                            size_t size, int64_t now, int64_t expires, skc_error *err)
{
    int64_t    id = 0;
    skc_status status;

    store_lock(db);
    status = store_begin(db, err);
    if (status == SKC_OK)
        status = drop_expired(db, spot, now, err);
    if (status == SKC_OK)
        status = touch_spot(db, spot, expires, &id, err);
    if (status == SKC_OK)
        status = insert_record(db, id, sealed, size, now, err);
    status = store_commit(db, status, err);
    store_unlock(db);
    return status;
}

/* ------------------------------------------------------------------ reading */

static skc_status copy_record(sqlite3_stmt *row, store_record *out, skc_error *err)
{
    const void *sealed = sqlite3_column_blob(row, 2);

    out->id      = sqlite3_column_int64(row, 0);
    out->created = sqlite3_column_int64(row, 1);
    out->size    = (size_t)sqlite3_column_bytes(row, 2);
    out->sealed  = malloc(out->size + 1);
    if (out->sealed == NULL || (sealed == NULL && out->size > 0)) {
        free(out->sealed);
        return failure_memory(err);
    }
    if (out->size > 0)
        memcpy(out->sealed, sealed, out->size);
    return SKC_OK;
}

static skc_status read_records(store *db, int64_t spot, store_record **records, int32_t *count,
                               skc_error *err)
{
    statement s = statement_begin(
        db, "SELECT id, created, sealed FROM record WHERE spot = ? ORDER BY created, id");
    store_record *list   = NULL;
    int32_t       n      = 0;
    skc_status    status = SKC_OK, end;

    statement_int(&s, spot);
    while (status == SKC_OK && statement_row(&s)) {
        store_record *larger = realloc(list, ((size_t)n + 1) * sizeof *list);

        status = larger == NULL ? failure_memory(err) : copy_record(s.handle, &larger[n], err);
        list   = larger == NULL ? list : larger;
        n += status == SKC_OK;
    }
    end    = statement_end(&s, status == SKC_OK ? err : NULL);
    status = status == SKC_OK ? end : status;
    if (status == SKC_OK) {
        *records = list;
        *count   = n;
    } else {
        store_records_free(list, n);
    }
    return status;
}

skc_status store_records(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t now,
                         store_record **records, int32_t *count, int64_t *expires, skc_error *err)
{
    statement  s;
    int64_t    id = 0, until = 0;
    skc_status status;
    bool       found;

    store_lock(db);
    s = statement_begin(db, "SELECT id, expires FROM spot WHERE hash = ? AND expires > ?");
    statement_blob(&s, spot, STORE_HASH_BYTES);
    statement_int(&s, now);
    found = statement_row(&s);
    if (found) {
        id    = sqlite3_column_int64(s.handle, 0);
        until = sqlite3_column_int64(s.handle, 1);
    }
    status = statement_end(&s, err);
    if (status == SKC_OK && !found)
        status = failure(err, SKC_ENOTFOUND, "nothing is kept under this code");
    if (status == SKC_OK)
        status = read_records(db, id, records, count, err);
    store_unlock(db);
    if (status == SKC_OK)
        *expires = until;
    return status;
}

skc_status store_spot_count(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t now,
                            int32_t *count, skc_error *err)
{
    statement  s;
    int32_t    n = 0;
    skc_status status;
    bool       found;

    store_lock(db);
    s = statement_begin(db, "SELECT (SELECT count(*) FROM record WHERE spot = spot.id) "
                            "FROM spot WHERE hash = ? AND expires > ?");
    statement_blob(&s, spot, STORE_HASH_BYTES);
    statement_int(&s, now);
    found = statement_row(&s);
    if (found)
        n = sqlite3_column_int(s.handle, 0);
    status = statement_end(&s, err);
    store_unlock(db);
    if (status == SKC_OK && !found)
        return failure(err, SKC_ENOTFOUND, "nothing is kept under this code");
    if (status == SKC_OK)
        *count = n;
    return status;
}

void store_records_free(store_record *records, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        free(records[i].sealed);
    free(records);
}

/* ------------------------------------------------------------------ erasing */

/* The log holds pages as they were: they go too. A long reader in another process may delay that
 * until the next time: store_expire does it whether it has erased anything or not. */
static void forget_log(store *db)
{
    sqlite3_exec(db->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

skc_status store_spot_erase(store *db, const uint8_t spot[STORE_HASH_BYTES], skc_error *err)
{
    statement  s;
    skc_status status;
    int        changed;

    store_lock(db);
    s = statement_begin(db, "DELETE FROM spot WHERE hash = ?");
    statement_blob(&s, spot, STORE_HASH_BYTES);
    statement_row(&s);
    changed = sqlite3_changes(db->db);
    status  = statement_end(&s, err);
    if (status == SKC_OK && changed == 0)
        status = failure(err, SKC_ENOTFOUND, "nothing is kept under this code");
    if (status == SKC_OK)
        forget_log(db);
    store_unlock(db);
    return status;
}

skc_status store_expire(store *db, int64_t now, int64_t *erased, skc_error *err)
{
    statement  s;
    skc_status status;
    int64_t    changed;

    store_lock(db);
    s = statement_begin(db, "DELETE FROM spot WHERE expires <= ?");
    statement_int(&s, now);
    statement_row(&s);
    changed = sqlite3_changes(db->db);
    status  = statement_end(&s, err);
    if (status == SKC_OK)
        forget_log(db);
    store_unlock(db);
    if (status == SKC_OK)
        *erased = changed;
    return status;
}
