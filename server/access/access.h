/* access.h - who may call, and how often: keys, rate limits, daily quotas. */
#ifndef SKC_SERVER_ACCESS_ACCESS_H
#define SKC_SERVER_ACCESS_ACCESS_H

#include "http/http.h"
#include "store/store.h"

typedef struct access_control access_control;

typedef struct access_options {
    bool    anonymous;       /* callers without a key are served */
    int32_t anonymous_rate;  /* requests a minute of one address (IPv6: of its /64) */
    int32_t anonymous_burst; /* at once */
    int32_t anonymous_quota; /* a day; 0: no end */
    int32_t key_rate;        /* requests a minute of a key that has no rate of its own */
    int32_t addresses;       /* remembered at once; the least recent is forgotten: 65536 */
} access_options;

typedef struct access_caller {
    int64_t key; /* 0: anonymous */
    bool    admin;
    char    name[STORE_NAME_BYTES + 1]; /* "" where anonymous */
} access_caller;

skc_status access_create(const access_options *options, store *db, access_control **out,
                         skc_error *err);
/* Writes what was counted and not yet stored. */
void       access_free(access_control *access);

/* For http_options.admit: finds the caller by "Authorization: Bearer KEY" or "X-API-Key: KEY"; 401
 * for an unknown key, 403 where the route is HTTP_ADMIN and the key is not, 429 over a limit. */
bool access_admit(access_control *access, http_exchange *exchange, const http_route *route);
/* Stores counts; call it every second or so. */
void access_flush(access_control *access);

/* A new key: "skc_" and 43 characters of base64url. Its hash is what is stored. */
enum { ACCESS_KEY_BYTES = 48 };
void access_key_make(char key[ACCESS_KEY_BYTES], store_key *out);
void access_key_hash(const char *key, uint8_t hash[STORE_HASH_BYTES]);

#endif
