/* test_store.c - what is kept: schema, keys, use, sealed records, their end, copies, damage. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../support.h"
#include "store/migrations.h"
#include "store/statement.h"

enum { THREADS = 8, ROUNDS = 20, DAY = 86400 };

static char folder[] = "/tmp/skincnn-store-XXXXXX";

static const char *file_path(const char *name)
{
    static char path[200];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(strchr(folder, '-') + strlen("-store-"), "XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    static const char *const names[] = { "skincnn.db",   "skincnn.db-wal", "skincnn.db-shm",
                                         "skincnn.lock", "copy",           "copy.tmp" };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(file_path(names[i]));
    return rmdir(folder);
}

static store *open_store(void)
{
    store    *db = NULL;
    skc_error err;

    assert_works(store_open(folder, &db, &err), err);
    return db;
}

/* One value by a connection of its own. */
static int64_t ask(const char *path, const char *sql)
{
    sqlite3      *db;
    sqlite3_stmt *s;
    int64_t       value;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
    value = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
    sqlite3_finalize(s);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

static store_key key_of(uint8_t fill)
{
    store_key key = {
        .name = "clinic", .shown = "skc_abcdef", .rate = 7, .quota = 9, .created = 1000
    };

    memset(key.hash, fill, sizeof key.hash);
    return key;
}

static void spot_of(int number, uint8_t spot[STORE_HASH_BYTES])
{
    memset(spot, 0, STORE_HASH_BYTES);
    memcpy(spot, &number, sizeof number);
}

static void add_record(store *db, int number, const char *text, int64_t now, int64_t expires)
{
    uint8_t   spot[STORE_HASH_BYTES];
    skc_error err;

    spot_of(number, spot);
    assert_works(store_record_add(db, spot, text, strlen(text), now, expires, &err), err);
}

/* -1: there is no such spot. */
static int32_t count_of(store *db, int number, int64_t now)
{
    uint8_t    spot[STORE_HASH_BYTES];
    int32_t    count = -1;
    skc_error  err;
    skc_status status;

    spot_of(number, spot);
    status = store_spot_count(db, spot, now, &count, &err);
    if (status == SKC_ENOTFOUND)
        return -1;
    assert_works(status, err);
    return count;
}

/* ------------------------------------------------------------------ the file */

static void test_open(void **state)
{
    store      *db = open_store();
    struct stat status;
    skc_error   err;

    (void)state;
    assert_works(store_check(db, &err), err);
    store_close(db);
    store_close(NULL);
    assert_int_equal(stat(file_path("skincnn.db"), &status), 0);
    assert_int_equal(ask(file_path("skincnn.db"), "PRAGMA user_version"), 1);
    store_close(open_store());
    assert_fails(store_open("/nowhere/at/all", &db, &err), SKC_EIO, err,
                 "/nowhere/at/all/skincnn.db");
}

/* A database of each older version becomes one of the newest; what is in it stays. */
static void test_migrations(void **state)
{
    sqlite3  *raw;
    store    *db;
    store_key key = key_of(3), found;
    int64_t   id;
    skc_error err;

    (void)state;
    assert_int_equal(sqlite3_open(file_path("skincnn.db"), &raw), SQLITE_OK);
    assert_int_equal(sqlite3_exec(raw, "PRAGMA user_version = 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(raw);
    db = open_store();
    assert_works(store_key_add(db, &key, &id, &err), err);
    store_close(db);
    db = open_store();
    assert_works(store_key_find(db, key.hash, &found, &err), err);
    store_close(db);
}

static void test_newer_schema(void **state)
{
    store    *db = open_store();
    skc_error err;

    (void)state;
    store_close(db);
    ask(file_path("skincnn.db"), "PRAGMA user_version = 99");
    assert_fails(store_open(folder, &db, &err), SKC_EUNSUPPORTED, err, "version 99",
                 "knows up to 1");
    ask(file_path("skincnn.db"), "PRAGMA user_version = -5");
    assert_fails(store_open(folder, &db, &err), SKC_EUNSUPPORTED, err, "version -5");
}

static void *open_and_close(void *argument)
{
    store     *db = NULL;
    skc_error  err;
    skc_status status = store_open(folder, &db, &err);

    (void)argument;
    if (status != SKC_OK)
        print_error("%s\n", err.message);
    store_close(db);
    return (void *)(uintptr_t)(status != SKC_OK);
}

/* All make the same new database. */
static void test_opened_at_once(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void test_damaged(void **state)
{
    static const char garbage[] = "this is not a database, whatever its name may say";
    store            *db;
    uint8_t          *bytes;
    size_t            size;
    skc_error         err;

    (void)state;
    write_bytes(file_path("skincnn.db"), garbage, sizeof garbage);
    assert_fails(store_open(folder, &db, &err), SKC_EFORMAT, err, "skincnn.db", "not a database");
    unlink(file_path("skincnn.db"));
    db = open_store();
    for (int i = 0; i < 50; i++)
        add_record(db, i, "a sealed text", 10, 1000 + i);
    store_close(db);
    bytes = read_bytes(file_path("skincnn.db"), &size);
    assert_true(size > 6 * 4096);
    memset(bytes + 4096, 0xa5, size - 4096);
    write_bytes(file_path("skincnn.db"), bytes, size);
    free(bytes);
    if (store_open(folder, &db, &err) == SKC_OK) { /* found when it is read at the latest */
        assert_fails(store_check(db, &err), SKC_EFORMAT, err, "skincnn.db");
        store_close(db);
    } else {
        assert_int_equal(err.status, SKC_EFORMAT);
    }
}

/* Overwrites the middle of a page, whose numbers begin at 1, of the closed database. */
static void damage_page(int64_t number)
{
    static const char damage[] = "damage damage damage damage damage damage";
    FILE             *file     = fopen(file_path("skincnn.db"), "r+b");

    assert_non_null(file);
    for (long at = 0; at < 4096; at += 512) {
        assert_int_equal(fseek(file, (long)(number - 1) * 4096 + at, SEEK_SET), 0);
        assert_int_equal(fwrite(damage, 1, sizeof damage, file), sizeof damage);
    }
    assert_int_equal(fclose(file), 0);
}

static int64_t root_of(const char *name)
{
    char sql[120];

    snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
    return ask(file_path("skincnn.db"), sql);
}

/* A page that no start would come across is found in a small database; in a large one, those on
 * which all records depend. */
static void test_quick_check(void **state)
{
    static const char *const roots[] = { "api_key", "key_usage", "spot", "spot_expires",
                                         "record_spot" };
    char                     text[20001];
    bool                     whole;
    store                   *db = open_store();
    skc_error                err;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20; i++)
        add_record(db, i, text, 0, 1000);
    assert_works(store_backup(db, file_path("copy"), &err), err);
    assert_works(store_check_quickly(db, 1 << 20, &whole, &err), err);
    assert_true(whole);
    assert_works(store_check_quickly(db, 1 << 18, &whole, &err), err);
    assert_false(whole);
    store_close(db);
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        size_t   size;
        uint8_t *bytes = read_bytes(file_path("copy"), &size);

        write_bytes(file_path("skincnn.db"), bytes, size);
        free(bytes);
        damage_page(root_of(roots[i]));
        db = open_store();
        assert_fails(store_check_quickly(db, 0, &whole, &err), SKC_EFORMAT, err, "skincnn.db");
        assert_fails(store_check_quickly(db, 1 << 20, &whole, &err), SKC_EFORMAT, err,
                     "skincnn.db");
        store_close(db);
    }
}

static void test_quick_check_of_a_record(void **state)
{
    char      text[20001];
    bool      whole;
    store    *db = open_store();
    skc_error err;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20; i++)
        add_record(db, i, text, 0, 1000);
    store_close(db);
    damage_page(ask(file_path("skincnn.db"), "PRAGMA page_count")); /* of the last record */
    db = open_store();
    assert_works(store_check_quickly(db, 0, &whole, &err), err);
    assert_false(whole);
    assert_fails(store_check_quickly(db, 1 << 20, &whole, &err), SKC_EFORMAT, err, "skincnn.db");
    assert_true(whole);
    store_close(db);
}

/* ------------------------------------------------------------------ one service to a folder */

static void test_claim(void **state)
{
    int       claim = -1, second = -1;
    skc_error err;

    (void)state;
    assert_works(store_claim(folder, &claim, &err), err);
    assert_true((fcntl(claim, F_GETFD) & FD_CLOEXEC) != 0);
    assert_fails(store_claim(folder, &second, &err), SKC_EIO, err, folder, "another server");
    assert_int_equal(store_claim(folder, &second, NULL), SKC_EIO);
    assert_int_equal(second, -1);
    store_close(open_store()); /* others may look after the data */
    assert_fails(store_claim(folder, &second, &err), SKC_EIO, err, "another server");
    store_unclaim(claim);
    assert_works(store_claim(folder, &claim, &err), err);
    store_unclaim(claim);
    assert_fails(store_claim("/nowhere/at/all", &claim, &err), SKC_EIO, err,
                 "/nowhere/at/all/skincnn.lock");
    assert_int_equal(store_claim("/nowhere/at/all", &claim, NULL), SKC_EIO);
}

/* No word to the child: it is killed, and the claim is free as soon as it is gone. */
static void test_claim_of_a_killed_process(void **state)
{
    int       claim, ready[2], status;
    char      byte;
    pid_t     child;
    skc_error err;

    (void)state;
    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (store_claim(folder, &claim, NULL) == SKC_OK && write(ready[1], "", 1) == 1)
            pause();
        _exit(1);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_fails(store_claim(folder, &claim, &err), SKC_EIO, err, "another server");
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_works(store_claim(folder, &claim, &err), err);
    store_unclaim(claim);
    close(ready[0]);
}

/* As another user, in a process of its own: root may write everywhere. */
static void test_read_only(void **state)
{
    store *db = open_store();
    int    status;
    pid_t  child;

    (void)state;
    store_close(db);
    chmod(file_path("skincnn.db"), 0444);
    chmod(folder, 0555);
    child = fork();
    if (child == 0) {
        skc_error err = { SKC_OK, "" };

        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(9);
        _exit(store_open(folder, &db, &err) == SKC_EIO && strstr(err.message, "skincnn.db") ? 0
                                                                                            : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    chmod(folder, 0755);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ------------------------------------------------------------------ keys */

static void test_keys(void **state)
{
    store    *db  = open_store();
    store_key key = key_of(1), other = key_of(2), found, *list;
    int64_t   id = 0, second = 0;
    int32_t   count;
    skc_error err;

    (void)state;
    other.admin = true;
    assert_works(store_key_add(db, &key, &id, &err), err);
    assert_works(store_key_add(db, &other, &second, &err), err);
    assert_true(id > 0 && second > id);
    assert_int_equal(store_key_add(db, &key, &id, &err), SKC_EIO); /* the same hash again */
    assert_works(store_key_find(db, key.hash, &found, &err), err);
    assert_int_equal(found.id, id);
    assert_string_equal(found.name, "clinic");
    assert_string_equal(found.shown, "skc_abcdef");
    assert_memory_equal(found.hash, key.hash, sizeof key.hash);
    assert_false(found.admin);
    assert_int_equal(found.rate, 7);
    assert_int_equal(found.quota, 9);
    assert_int_equal(found.created, 1000);
    assert_int_equal(found.last_used, 0);
    assert_works(store_key_revoke(db, id, 2000, &err), err);
    assert_fails(store_key_find(db, key.hash, &found, &err), SKC_ENOTFOUND, err, "no such key");
    assert_fails(store_key_revoke(db, id, 2001, &err), SKC_ENOTFOUND, err, "no key");
    assert_works(store_key_list(db, &list, &count, &err), err);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].revoked, 2000);
    assert_true(list[1].admin && list[1].revoked == 0);
    free(list);
    store_close(db);
}

static void test_usage(void **state)
{
    store    *db  = open_store();
    store_key key = key_of(1), found;
    int64_t   id, used = 5;
    skc_error err;

    (void)state;
    assert_works(store_key_add(db, &key, &id, &err), err);
    assert_works(store_usage(db, id, 20000, &used, &err), err);
    assert_int_equal(used, 0);
    assert_works(store_usage_add(db, id, 20000, 3, &err), err);
    assert_works(store_usage_add(db, id, 20000, 4, &err), err);
    assert_works(store_usage_add(db, id, 20001, 1, &err), err);
    assert_works(store_usage(db, id, 20000, &used, &err), err);
    assert_int_equal(used, 7);
    assert_works(store_key_find(db, key.hash, &found, &err), err);
    assert_int_equal(found.last_used, 20001 * (int64_t)DAY);
    assert_int_equal(store_usage_add(db, 999, 20000, 1, &err), SKC_EIO); /* no such key */
    store_close(db);
}

/* ------------------------------------------------------------------ records */

static void test_records(void **state)
{
    store        *db = open_store();
    store_record *records;
    uint8_t       spot[STORE_HASH_BYTES];
    int32_t       count;
    int64_t       expires;
    skc_error     err;

    (void)state;
    spot_of(1, spot);
    assert_fails(store_records(db, spot, 0, &records, &count, &expires, &err), SKC_ENOTFOUND, err,
                 "nothing is kept");
    add_record(db, 1, "second", 200, 900);
    add_record(db, 1, "first", 100, 800);
    add_record(db, 2, "another's", 100, 800);
    assert_works(store_records(db, spot, 300, &records, &count, &expires, &err), err);
    assert_int_equal(count, 2);
    assert_int_equal(expires, 900);
    assert_int_equal(records[0].created, 100);
    assert_memory_equal(records[0].sealed, "first", 5);
    assert_int_equal(records[1].size, 6);
    store_records_free(records, count);
    assert_int_equal(count_of(db, 1, 300), 2);
    assert_int_equal(count_of(db, 1, 900), -1);
    store_close(db);
}

static void test_expiry(void **state)
{
    store    *db     = open_store();
    int64_t   erased = -1;
    skc_error err;

    (void)state;
    for (int i = 0; i < 10; i++)
        add_record(db, i, "text", 0, 100 + i);
    assert_works(store_expire(db, 99, &erased, &err), err);
    assert_int_equal(erased, 0);
    add_record(db, 3, "put off", 50, 500);
    assert_works(store_expire(db, 104, &erased, &err), err);
    assert_int_equal(erased, 4);
    assert_int_equal(count_of(db, 3, 104), 2);
    assert_int_equal(count_of(db, 4, 104), -1);
    assert_int_equal(count_of(db, 5, 104), 1);
    assert_int_equal(ask(file_path("skincnn.db"), "SELECT count(*) FROM record"), 7);
    add_record(db, 5, "after its end", 200, 300); /* what had expired does not come back */
    assert_int_equal(count_of(db, 5, 200), 1);
    store_close(db);
}

static bool file_holds(const char *name, const char *text)
{
    struct stat status;
    uint8_t    *bytes;
    size_t      size;
    bool        found;

    if (stat(file_path(name), &status) != 0)
        return false;
    bytes = read_bytes(file_path(name), &size);
    found = memmem(bytes, size, text, strlen(text)) != NULL;
    free(bytes);
    return found;
}

/* Of a record that fits a page and of one that needs many, in the database and in its log. */
static void test_erased_for_good(void **state)
{
    store    *db    = open_store();
    char     *large = malloc(100001);
    uint8_t   spot[STORE_HASH_BYTES];
    skc_error err;

    (void)state;
    assert_non_null(large);
    for (int i = 0; i < 10000; i++)
        memcpy(large + 10 * i, "MARKLARGE.", 11);
    add_record(db, 1, "MARKSMALL", 0, 1000);
    add_record(db, 2, large, 0, 1000);
    add_record(db, 3, "STAYS", 0, 1000);
    assert_true(file_holds("skincnn.db-wal", "MARKSMALL") || file_holds("skincnn.db", "MARKSMALL"));
    for (int i = 1; i <= 2; i++) {
        spot_of(i, spot);
        assert_works(store_spot_erase(db, spot, &err), err);
    }
    assert_fails(store_spot_erase(db, spot, &err), SKC_ENOTFOUND, err, "nothing is kept");
    assert_false(file_holds("skincnn.db", "MARKSMALL") ||
                 file_holds("skincnn.db-wal", "MARKSMALL"));
    assert_false(file_holds("skincnn.db", "MARKLARGE") ||
                 file_holds("skincnn.db-wal", "MARKLARGE"));
    assert_int_equal(count_of(db, 3, 1), 1);
    store_close(db);
    assert_true(file_holds("skincnn.db", "STAYS"));
    free(large);
}

/* ------------------------------------------------------------------ several at once */

typedef struct writer {
    store *db;
    int    number, failures;
} writer;

static void *write_and_read(void *argument)
{
    writer *w = argument;

    for (int i = 0; i < ROUNDS; i++) {
        store_key key = { .name = "n", .shown = "s" }, found;
        uint8_t   spot[STORE_HASH_BYTES];
        int64_t   id;
        int32_t   count;

        memset(key.hash, w->number + 1, sizeof key.hash);
        key.hash[0] = (uint8_t)i;
        spot_of(w->number, spot);
        w->failures += store_key_add(w->db, &key, &id, NULL) != SKC_OK;
        w->failures += store_key_find(w->db, key.hash, &found, NULL) != SKC_OK || found.id != id;
        w->failures += store_usage_add(w->db, id, i, 1, NULL) != SKC_OK;
        w->failures += store_record_add(w->db, spot, "text", 4, i, 1000, NULL) != SKC_OK;
        w->failures += store_spot_count(w->db, spot, 0, &count, NULL) != SKC_OK || count != i + 1;
    }
    return NULL;
}

/* Half of the threads by one connection, half by another, and a backup meanwhile. */
static void test_threads(void **state)
{
    store    *db[2] = { open_store(), open_store() };
    writer    w[THREADS];
    pthread_t threads[THREADS];
    skc_error err;

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        w[i] = (writer){ db[i % 2], i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_read, &w[i]), 0);
    }
    for (int i = 0; i < 3; i++)
        assert_works(store_backup(db[0], file_path("copy"), &err), err);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(w[i].failures, 0);
    }
    assert_int_equal(ask(file_path("skincnn.db"), "SELECT count(*) FROM record"), THREADS * ROUNDS);
    assert_int_equal(ask(file_path("skincnn.db"), "SELECT count(*) FROM key_usage"),
                     THREADS * ROUNDS);
    assert_works(store_check(db[1], &err), err);
    store_close(db[0]);
    store_close(db[1]);
    assert_int_equal(ask(file_path("copy"), "SELECT count(*) FROM pragma_integrity_check "
                                            "WHERE integrity_check = 'ok'"),
                     1);
}

static void test_backup(void **state)
{
    store      *db = open_store();
    skc_error   err;
    struct stat status;

    (void)state;
    add_record(db, 1, "text", 0, 1000);
    write_bytes(file_path("copy"), "old", 3);
    assert_works(store_backup(db, file_path("copy"), &err), err);
    assert_int_equal(ask(file_path("copy"), "SELECT count(*) FROM record"), 1);
    assert_int_equal(ask(file_path("copy"), "PRAGMA user_version"), 1);
    assert_int_not_equal(stat(file_path("copy.tmp"), &status), 0);
    assert_fails(store_backup(db, "/nowhere/copy", &err), SKC_EIO, err, "/nowhere/copy");
    store_close(db);
}

/* Nothing but an older copy may be replaced, and not by a damaged one. */
static void test_backup_targets(void **state)
{
    static const char *const own[] = { "skincnn.db", "skincnn.db-wal", "skincnn.db-shm",
                                       "skincnn.lock" };
    store                   *db    = open_store();
    int                      claim;
    skc_error                err;
    struct stat              before, after;

    (void)state;
    assert_works(store_claim(folder, &claim, &err), err);
    store_unclaim(claim);
    add_record(db, 1, "text", 0, 1000);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        assert_int_equal(stat(file_path(own[i]), &before), 0);
        assert_fails(store_backup(db, file_path(own[i]), &err), SKC_EINVAL, err, "itself");
        assert_int_equal(stat(file_path(own[i]), &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
    }
    assert_int_equal(mkfifo(file_path("copy"), 0600), 0);
    assert_fails(store_backup(db, file_path("copy"), &err), SKC_EINVAL, err, "regular");
    assert_int_equal(stat(file_path("copy"), &after), 0);
    assert_true(S_ISFIFO(after.st_mode));
    assert_fails(store_backup(db, "/tmp", &err), SKC_EINVAL, err, "regular");
    store_close(db);
}

static void test_backup_of_damage(void **state)
{
    store    *db = open_store();
    char      text[20001];
    skc_error err;
    FILE     *file;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 20; i++)
        add_record(db, i, text, 0, 1000);
    assert_works(store_backup(db, file_path("copy"), &err), err);
    store_close(db); /* all pages are in the database now */
    file = fopen(file_path("skincnn.db"), "r+b");
    assert_non_null(file);
    for (long at = 3 * 4096; at < 12 * 4096; at += 4096) {
        fseek(file, at, SEEK_SET);
        fwrite("damage damage damage", 1, 20, file);
    }
    fclose(file);
    db = open_store();
    assert_fails(store_check(db, &err), SKC_EFORMAT, err, "skincnn.db");
    assert_null(strchr(err.message, '\n'));
    assert_fails(store_backup(db, file_path("copy"), &err), SKC_EFORMAT, err, "copy");
    store_close(db);
    assert_int_equal(ask(file_path("copy"), "SELECT count(*) FROM record"), 20); /* the old one */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_open),
        CASE(test_migrations),
        CASE(test_newer_schema),
        CASE(test_opened_at_once),
        CASE(test_damaged),
        CASE(test_read_only),
        CASE(test_quick_check),
        CASE(test_quick_check_of_a_record),
        CASE(test_claim),
        CASE(test_claim_of_a_killed_process),
        CASE(test_keys),
        CASE(test_usage),
        CASE(test_records),
        CASE(test_expiry),
        CASE(test_erased_for_good),
        CASE(test_threads),
        CASE(test_backup),
        CASE(test_backup_targets),
        CASE(test_backup_of_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
