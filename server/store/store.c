/* store.c - opening, migrating, checking and copying the database. */
#define _POSIX_C_SOURCE 200809L
#include "store/statement.h"
#include "failure.h"
#include "store/migrations.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MILLISECONDS = 10000, BACKUP_PAGES = 256 };

/* ------------------------------------------------------------------ opening */

static skc_status read_version(store *db, int64_t *version, skc_error *err)
{
    statement s = statement_begin(db, "PRAGMA user_version");

    *version = statement_row(&s) ? sqlite3_column_int64(s.handle, 0) : 0;
    return statement_end(&s, err);
}

/* Runs the steps that are missing, in a transaction; another program may have run them since the
 * version was read, so it is read again. */
static skc_status run_steps(store *db, int64_t newest, skc_error *err)
{
    int64_t    version;
    char       sql[64];
    skc_status status = read_version(db, &version, err);

    for (; status == SKC_OK && version < newest; version++) {
        status = store_run(db, store_migrations[version], err);
        snprintf(sql, sizeof sql, "PRAGMA user_version = %lld", (long long)version + 1);
        if (status == SKC_OK)
            status = store_run(db, sql, err);
    }
    return status;
}

static skc_status migrate(store *db, skc_error *err)
{
    int64_t    version, newest = 0;
    skc_status status = read_version(db, &version, err);

    while (store_migrations[newest] != NULL)
        newest++;
    if (status == SKC_OK && (version < 0 || version > newest))
        return failure(err, SKC_EUNSUPPORTED,
                       "%s: its schema is version %lld; this program knows up to %lld", db->path,
                       (long long)version, (long long)newest);
    if (status != SKC_OK || version == newest)
        return status;
    status = store_begin(db, err);
    if (status == SKC_OK)
        status = run_steps(db, newest, err);
    return store_commit(db, status, err);
}

/* secure_delete: what is erased is overwritten. trusted_schema off: SQLite's advice for files that
 * others may have had in hands. */
static const char settings_sql[] = "PRAGMA journal_mode = WAL;"
                                   "PRAGMA synchronous = FULL;"
                                   "PRAGMA foreign_keys = ON;"
                                   "PRAGMA secure_delete = ON;"
                                   "PRAGMA trusted_schema = OFF;"
                                   "PRAGMA journal_size_limit = 16777216;";

static skc_status open_connection(store *db, skc_error *err)
{
    int code =
        sqlite3_open_v2(db->path, &db->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL);

    if (code != SQLITE_OK)
        return failure(err, code == SQLITE_NOMEM ? SKC_ENOMEM : SKC_EIO, "%s: %s", db->path,
                       sqlite3_errstr(code));
    if (sqlite3_db_readonly(db->db, "main") != 0)
        return failure(err, SKC_EIO, "%s: it may not be written", db->path);
    sqlite3_busy_timeout(db->db, BUSY_MILLISECONDS);
    return store_run(db, settings_sql, err);
}

static skc_status connect_to(const char *folder, store **out, skc_error *err)
{
    store     *db     = calloc(1, sizeof *db);
    size_t     length = strlen(folder) + sizeof "/skincnn.db";
    skc_status status;

    if (db == NULL || (db->path = malloc(length)) == NULL) {
        free(db);
        return failure_memory(err);
    }
    snprintf(db->path, length, "%s/skincnn.db", folder);
    pthread_mutex_init(&db->mutex, NULL);
    status = open_connection(db, err);
    if (status == SKC_OK)
        *out = db;
    else
        store_close(db);
    return status;
}

skc_status store_open(const char *folder, store **out, skc_error *err)
{
    store     *db;
    skc_status status = connect_to(folder, &db, err);

    if (status != SKC_OK)
        return status;
    status = migrate(db, err);
    if (status == SKC_OK)
        status = connect_to(folder, &db->reader, err);
    if (status == SKC_OK)
        *out = db;
    else
        store_close(db);
    return status;
}

void store_close(store *db)
{
    if (db == NULL)
        return;
    store_close(db->reader);
    sqlite3_close(db->db);
    pthread_mutex_destroy(&db->mutex);
    free(db->path);
    free(db);
}

/* ------------------------------------------------------------------ care */

static const char integrity_sql[] = "PRAGMA integrity_check(1)";

/* What SQLite finds first, in one line; `name` begins the message. `sql` answers "ok", or what is
 * wrong. That it could not be asked, such as for lack of memory, is SKC_EIO. */
static skc_status find_damage(sqlite3 *db, const char *sql, const char *name, skc_error *err)
{
    sqlite3_stmt *check;
    char          finding[200] = "no answer";
    int           code         = sqlite3_prepare_v2(db, sql, -1, &check, NULL);
    bool          answered;

    if (code == SQLITE_OK)
        code = sqlite3_step(check);
    answered = code == SQLITE_ROW || code == SQLITE_DONE;
    if (code == SQLITE_ROW && sqlite3_column_text(check, 0) != NULL)
        snprintf(finding, sizeof finding, "%s", (const char *)sqlite3_column_text(check, 0));
    else if (!answered)
        snprintf(finding, sizeof finding, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(check);
    for (char *c = finding; (c = strchr(c, '\n')) != NULL;)
        *c = ' ';
    if (strcmp(finding, "ok") == 0)
        return SKC_OK;
    code &= 0xff;
    return failure(
        err, answered || code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? SKC_EFORMAT : SKC_EIO,
        "%s: %s", name, finding);
}

skc_status store_check(store *db, skc_error *err)
{
    skc_status status;

    store_lock(db);
    status = find_damage(db->db, integrity_sql, db->path, err);
    store_unlock(db);
    return status;
}

static skc_status read_size(store *db, uint64_t *bytes, skc_error *err)
{
    statement s = statement_begin(db, "SELECT page_count * page_size FROM pragma_page_count, "
                                      "pragma_page_size");

    *bytes = statement_row(&s) ? (uint64_t)sqlite3_column_int64(s.handle, 0) : 0;
    return statement_end(&s, err);
}

skc_status store_check_quickly(store *db, uint64_t most, bool *whole, skc_error *err)
{
    static const char *const all[]   = { "PRAGMA quick_check(1)", NULL };
    static const char *const parts[] = { "PRAGMA quick_check(api_key)",
                                         "PRAGMA quick_check(key_usage)",
                                         "PRAGMA quick_check(spot)",
                                         /* SQLite counts on the smallest index, page by page */
                                         "SELECT iif(count(*) >= 0, 'ok', '') FROM record", NULL };
    uint64_t                 bytes;
    skc_status               status;

    store_lock(db);
    status = read_size(db, &bytes, err);
    *whole = status == SKC_OK && bytes <= most;
    for (const char *const *sql = *whole ? all : parts; *sql != NULL && status == SKC_OK; sql++)
        status = find_damage(db->db, *sql, db->path, err);
    store_unlock(db);
    return status;
}

/* Copies all pages into `target`, page by page, so that others may write meanwhile. */
static skc_status copy_pages(store *db, const char *target, skc_error *err)
{
    sqlite3        *copy   = NULL;
    sqlite3_backup *backup = NULL;
    int             code   = sqlite3_open(target, &copy);
    skc_status      status = SKC_OK;

    if (code == SQLITE_OK && (backup = sqlite3_backup_init(copy, "main", db->db, "main")) == NULL)
        code = sqlite3_errcode(copy);
    while (backup != NULL && code == SQLITE_OK) {
        store_lock(db);
        code = sqlite3_backup_step(backup, BACKUP_PAGES);
        store_unlock(db);
    }
    if (backup != NULL && sqlite3_backup_finish(backup) == SQLITE_OK && code == SQLITE_DONE)
        code = sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        status = failure(err, SKC_EIO, "%s: %s", target,
                         copy == NULL ? "out of memory" : sqlite3_errmsg(copy));
    if (status == SKC_OK) /* a damaged copy must not take the place of the last good one */
        status = find_damage(copy, integrity_sql, target, err);
    sqlite3_close(copy);
    return status;
}

static skc_status sync_file(const char *path, skc_error *err)
{
    int fd   = open(path, O_RDONLY | O_CLOEXEC);
    int code = fd < 0 ? -1 : fsync(fd);

    if (fd >= 0)
        close(fd);
    return code == 0 ? SKC_OK : failure(err, SKC_EIO, "%s: cannot be synced", path);
}

/* A copy may take the place of an older copy: not of a device, nor of what is in use. */
static skc_status check_target(const store *db, const char *path, skc_error *err)
{
    static const char *const parts[] = { "skincnn.db", "skincnn.db-wal", "skincnn.db-shm",
                                         "skincnn.lock" };
    int                      folder  = (int)(strlen(db->path) - strlen("skincnn.db"));
    struct stat              target, source;
    char                     name[4096];

    if (stat(path, &target) != 0)
        return SKC_OK;
    if (!S_ISREG(target.st_mode))
        return failure(err, SKC_EINVAL, "%s: it is not a regular file", path);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        snprintf(name, sizeof name, "%.*s%s", folder, db->path, parts[i]);
        if (stat(name, &source) == 0 && source.st_dev == target.st_dev &&
            source.st_ino == target.st_ino)
            return failure(err, SKC_EINVAL, "%s: it is a part of the database itself", path);
    }
    return SKC_OK;
}

skc_status store_backup(store *db, const char *path, skc_error *err)
{
    size_t     length    = strlen(path) + sizeof ".tmp";
    char      *temporary = malloc(length);
    skc_status status    = check_target(db, path, err);

    if (status != SKC_OK || temporary == NULL) {
        free(temporary);
        return status != SKC_OK ? status : failure_memory(err);
    }
    snprintf(temporary, length, "%s.tmp", path);
    unlink(temporary);
    status = copy_pages(db, temporary, err);
    if (status == SKC_OK)
        status = sync_file(temporary, err);
    if (status == SKC_OK && rename(temporary, path) != 0)
        status = failure(err, SKC_EIO, "%s: cannot be put in place", path);
    if (status != SKC_OK)
        unlink(temporary);
    free(temporary);
    return status;
}
