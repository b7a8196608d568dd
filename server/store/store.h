/* store.h - what the service keeps, behind one interface: the only files that know SQL are here.
 *
 * SQLite in write-ahead mode with synchronous=FULL: what a function has reported as done survives
 * a crash and a power cut. Every function may be called on any thread; writers wait for one
 * another. Times are seconds since 1970, UTC. Strings given out are released with free().
 */
#ifndef SKC_SERVER_STORE_STORE_H
#define SKC_SERVER_STORE_STORE_H

#include "skincnn.h"

typedef struct store store;

/* Makes the caller the one service of `folder`, which must be there: others, also of this process,
 * are refused with SKC_EIO until store_unclaim() or the end of the process, be it kill -9. Programs
 * that only look after the data, such as skincnn-admin, need no claim. To be called after the last
 * fork, whose child would share it. */
skc_status store_claim(const char *folder, int *claim, skc_error *err);
void       store_unclaim(int claim);

/* Opens or makes `folder`/skincnn.db and brings its schema up to date (numbered migrations; a newer
 * schema than this program knows is SKC_EUNSUPPORTED). */
skc_status store_open(const char *folder, store **out, skc_error *err);
void       store_close(store *db);
/* PRAGMA integrity_check: SKC_EFORMAT with its first finding. */
skc_status store_check(store *db, skc_error *err);
/* What the start of a service has time for: PRAGMA quick_check, which reads all pages, where the
 * database has at most `most` bytes; else that of the keys, their use and the spots, and the index
 * of the records, but not the records. *whole says which. SKC_EFORMAT: the first finding. */
skc_status store_check_quickly(store *db, uint64_t most, bool *whole, skc_error *err);
/* An online backup into a new file: written, synced, renamed. */
skc_status store_backup(store *db, const char *path, skc_error *err);

/* ------------------------------------------------------------------ API keys */

enum { STORE_HASH_BYTES = 32, STORE_NAME_BYTES = 100 };

typedef struct store_key {
    int64_t id;
    char    name[STORE_NAME_BYTES + 1]; /* the operator's word for it */
    char    shown[16];                  /* the first characters of the key, to tell keys apart */
    uint8_t hash[STORE_HASH_BYTES];     /* SHA-256 of the key; a key has 256 random bits */
    bool    admin;                      /* scope */
    int32_t rate;                       /* requests a minute; 0: the configured default */
    int32_t quota;                      /* requests a day (UTC); 0: no end */
    int64_t created, revoked;           /* revoked 0: in use */
    int64_t last_used;                  /* day precision; 0: never */
} store_key;

skc_status store_key_add(store *db, const store_key *key, int64_t *id, skc_error *err);
/* SKC_ENOTFOUND: no such key in use. */
skc_status store_key_find(store *db, const uint8_t hash[STORE_HASH_BYTES], store_key *out,
                          skc_error *err);
skc_status store_key_revoke(store *db, int64_t id, int64_t now, skc_error *err);
/* All keys, oldest first. Release *keys with free. */
skc_status store_key_list(store *db, store_key **keys, int32_t *count, skc_error *err);
/* Adds to the count of a day (days since 1970) for a key, and reads it. */
skc_status store_usage_add(store *db, int64_t key, int64_t day, int64_t requests, skc_error *err);
skc_status store_usage(store *db, int64_t key, int64_t day, int64_t *requests, skc_error *err);

/* ------------------------------------------------------------------ spots and assessments */

/* A spot is one place on somebody's skin, seen once or several times, known by the hash of a code
 * that only the person has. The records are sealed with a key made from that code (assessment.h):
 * whoever has the database alone cannot read them. */
typedef struct store_record {
    int64_t  id;
    int64_t  created;
    uint8_t *sealed; /* answer and picture, encrypted */
    size_t   size;
} store_record;

/* Adds a record to the spot, which is made if it is not there; it expires at `expires`, with all of
 * its records. */
skc_status store_record_add(store *db, const uint8_t spot[STORE_HASH_BYTES], const void *sealed,
                            size_t size, int64_t now, int64_t expires, skc_error *err);
/* Records of a spot that has not expired, oldest first; SKC_ENOTFOUND: there is no such spot. */
skc_status store_records(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t now,
                         store_record **records, int32_t *count, int64_t *expires, skc_error *err);
/* How many records a spot has that has not expired; SKC_ENOTFOUND: there is no such spot. */
skc_status store_spot_count(store *db, const uint8_t spot[STORE_HASH_BYTES], int64_t now,
                            int32_t *count, skc_error *err);
void       store_records_free(store_record *records, int32_t count);
/* Erases a spot with all that belongs to it, for good (secure_delete, and the log is truncated). */
skc_status store_spot_erase(store *db, const uint8_t spot[STORE_HASH_BYTES], skc_error *err);
/* Erases spots that have expired; *erased counts them. */
skc_status store_expire(store *db, int64_t now, int64_t *erased, skc_error *err);

#endif
