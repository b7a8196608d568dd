/* keys.c - API keys and how often they were used. */
#include "store/statement.h"
#include "failure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_A_DAY = 86400 };

#define KEY_COLUMNS                                                                                \
    "id, name, shown, hash, admin, rate, quota, created, revoked, "                                \
    "coalesce((SELECT max(day) FROM key_usage WHERE key = api_key.id), 0)"

static store_key read_key(statement *s)
{
    sqlite3_stmt *row  = s->handle;
    store_key     key  = { .id        = sqlite3_column_int64(row, 0),
                           .admin     = sqlite3_column_int(row, 4) != 0,
                           .rate      = sqlite3_column_int(row, 5),
                           .quota     = sqlite3_column_int(row, 6),
                           .created   = sqlite3_column_int64(row, 7),
                           .revoked   = sqlite3_column_int64(row, 8),
                           .last_used = sqlite3_column_int64(row, 9) * SECONDS_A_DAY };
    const void   *hash = sqlite3_column_blob(row, 3);

    if (hash != NULL && sqlite3_column_bytes(row, 3) == STORE_HASH_BYTES)
        memcpy(key.hash, hash, STORE_HASH_BYTES);
    statement_copy_text(s, 1, key.name, sizeof key.name);
    statement_copy_text(s, 2, key.shown, sizeof key.shown);
    return key;
}

skc_status store_key_add(store *db, const store_key *key, int64_t *id, skc_error *err)
{
    statement  s;
    skc_status status;
    int64_t    added;

    store_lock(db);
    s = statement_begin(db, "INSERT INTO api_key (name, shown, hash, admin, rate, quota, created) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?)");
    statement_text(&s, key->name);
    statement_text(&s, key->shown);
    statement_blob(&s, key->hash, STORE_HASH_BYTES);
    statement_int(&s, key->admin);
    statement_int(&s, key->rate);
    statement_int(&s, key->quota);
    statement_int(&s, key->created);
    statement_row(&s);
    added  = sqlite3_last_insert_rowid(db->db);
    status = statement_end(&s, err);
    store_unlock(db);
    if (status == SKC_OK)
        *id = added;
    return status;
}

skc_status store_key_find(store *db, const uint8_t hash[STORE_HASH_BYTES], store_key *out,
                          skc_error *err)
{
    statement  s;
    skc_status status;
    store_key  key;
    bool       found;

    db = db->reader;
    store_lock(db);
    s = statement_begin(db, "SELECT " KEY_COLUMNS " FROM api_key WHERE hash = ? AND revoked = 0");
    statement_blob(&s, hash, STORE_HASH_BYTES);
    found = statement_row(&s);
    if (found)
        key = read_key(&s);
    status = statement_end(&s, err);
    store_unlock(db);
    if (status == SKC_OK && !found)
        return failure(err, SKC_ENOTFOUND, "there is no such key");
    if (status == SKC_OK)
        *out = key;
    return status;
}

skc_status store_key_revoke(store *db, int64_t id, int64_t now, skc_error *err)
{
    statement  s;
    skc_status status;
    int        changed;

    store_lock(db);
    s = statement_begin(db, "UPDATE api_key SET revoked = ? WHERE id = ? AND revoked = 0");
    statement_int(&s, now);
    statement_int(&s, id);
    statement_row(&s);
    changed = sqlite3_changes(db->db);
    status  = statement_end(&s, err);
    store_unlock(db);
    if (status == SKC_OK && changed == 0)
        return failure(err, SKC_ENOTFOUND, "there is no key %lld in use", (long long)id);
    return status;
}

skc_status store_key_list(store *db, store_key **keys, int32_t *count, skc_error *err)
{
    statement  s;
    store_key *list   = NULL;
    size_t     n      = 0;
    skc_status status = SKC_OK, end;

    store_lock(db);
    s = statement_begin(db, "SELECT " KEY_COLUMNS " FROM api_key ORDER BY id");
    while (status == SKC_OK && statement_row(&s)) {
        store_key *larger = realloc(list, (n + 1) * sizeof *list);

        if (larger == NULL) {
            status = failure_memory(err);
        } else {
            list      = larger;
            list[n++] = read_key(&s);
        }
    }
    end = statement_end(&s, status == SKC_OK ? err : NULL);
    store_unlock(db);
    status = status == SKC_OK ? end : status;
    if (status == SKC_OK) {
        *keys  = list;
        *count = (int32_t)n;
    } else {
        free(list);
    }
    return status;
}

skc_status store_usage_add(store *db, int64_t key, int64_t day, int64_t requests, skc_error *err)
{
    statement  s;
    skc_status status;

    store_lock(db);
    s = statement_begin(db, "INSERT INTO key_usage (key, day, requests) VALUES (?, ?, ?) "
                            "ON CONFLICT (key, day) DO UPDATE SET "
                            "requests = requests + excluded.requests");
    statement_int(&s, key);
    statement_int(&s, day);
    statement_int(&s, requests);
    statement_row(&s);
    status = statement_end(&s, err);
    store_unlock(db);
    return status;
}

skc_status store_usage(store *db, int64_t key, int64_t day, int64_t *requests, skc_error *err)
{
    statement  s;
    skc_status status;
    int64_t    sum;

    db = db->reader;
    store_lock(db);
    s = statement_begin(db, "SELECT requests FROM key_usage WHERE key = ? AND day = ?");
    statement_int(&s, key);
    statement_int(&s, day);
    sum    = statement_row(&s) ? sqlite3_column_int64(s.handle, 0) : 0;
    status = statement_end(&s, err);
    store_unlock(db);
    if (status == SKC_OK)
        *requests = sum;
    return status;
}
