/* access.c - who may call, and how often: keys, rate limits, daily quotas. */
#include "access/access.h"
#include "access/buckets.h"
#include "failure.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { KEYS_REMEMBERED = 4096, CACHED_KEYS = 256, SECONDS_A_DAY = 86400 };

/* How long a key is believed without asking the store: a revocation takes that long at most. */
#define KEY_LIFE 1000000000ULL

typedef struct cached_key {
    store_key key;
    uint64_t  until; /* nanoseconds */
} cached_key;

struct access_control {
    access_options  options;
    store          *db;
    pthread_mutex_t mutex;
    buckets        *addresses, *keys;
    cached_key      cache[CACHED_KEYS]; /* by the first byte of the hash */
};

skc_status access_create(const access_options *options, store *db, access_control **out,
                         skc_error *err)
{
    access_control *a = calloc(1, sizeof *a);

    if (a == NULL)
        return failure_memory(err);
    a->options   = *options;
    a->db        = db;
    a->addresses = buckets_create(options->addresses);
    a->keys      = buckets_create(KEYS_REMEMBERED);
    pthread_mutex_init(&a->mutex, NULL);
    if (a->addresses == NULL || a->keys == NULL) {
        access_free(a);
        return failure_memory(err);
    }
    *out = a;
    return SKC_OK;
}

void access_free(access_control *a)
{
    if (a == NULL)
        return;
    if (a->keys != NULL)
        access_flush(a);
    buckets_free(a->addresses);
    buckets_free(a->keys);
    pthread_mutex_destroy(&a->mutex);
    free(a);
}

/* ------------------------------------------------------------------ who calls */

/* The key of the request; NULL: there is none. */
static const char *key_of(const http_exchange *x)
{
    const char *text = http_header(x, "Authorization");

    if (text != NULL && strncasecmp(text, "Bearer ", 7) == 0)
        return text + 7 + strspn(text + 7, " ");
    return text != NULL ? text : http_header(x, "X-API-Key");
}

static skc_status find_key(access_control *a, const char *text, store_key *out, skc_error *err)
{
    uint8_t     hash[STORE_HASH_BYTES];
    cached_key *place;
    skc_status  status = SKC_OK;

    access_key_hash(text, hash);
    place = &a->cache[hash[0]];
    pthread_mutex_lock(&a->mutex);
    if (place->until <= http_now() || memcmp(place->key.hash, hash, sizeof hash) != 0) {
        status = store_key_find(a->db, hash, out, err);
        if (status == SKC_OK)
            *place = (cached_key){ *out, http_now() + KEY_LIFE };
    } else {
        *out = place->key;
    }
    pthread_mutex_unlock(&a->mutex);
    return status;
}

/* Finds the caller by the key, if there is one; false: it has replied. */
static bool identify(access_control *a, http_exchange *x, store_key *key)
{
    const char *text = key_of(x);
    skc_error   err;
    skc_status  status;

    *key = (store_key){ 0 };
    if (text == NULL)
        return true;
    status = find_key(a, text, key, &err);
    if (status == SKC_OK)
        return true;
    if (status != SKC_ENOTFOUND) {
        http_reply_problem(x, HTTP_BUSY, "the key cannot be looked up now");
        return false;
    }
    http_add_header(x, "WWW-Authenticate", "Bearer");
    http_reply_problem(x, HTTP_KEY_UNKNOWN, "this key is not one in use");
    return false;
}

static bool allowed(access_control *a, http_exchange *x, const http_route *route,
                    const store_key *key)
{
    bool needed = (route->flags & HTTP_ADMIN) != 0 ||
                  ((route->flags & HTTP_LIMITED) != 0 && !a->options.anonymous);

    if (key->id == 0 && needed) {
        http_add_header(x, "WWW-Authenticate", "Bearer");
        http_reply_problem(x, HTTP_KEY_REQUIRED, "send it as 'Authorization: Bearer KEY'");
        return false;
    }
    if ((route->flags & HTTP_ADMIN) != 0 && !key->admin) {
        http_reply_problem(x, HTTP_FORBIDDEN, "a key with the scope admin is needed");
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ how often */

/* IPv4 as it is, of IPv6 the network of 64 bits, which is what one caller has. */
static void address_id(const char *text, uint8_t id[BUCKET_ID_BYTES])
{
    struct in6_addr six;

    memset(id, 0, BUCKET_ID_BYTES);
    if (inet_pton(AF_INET6, text, &six) == 1) {
        memcpy(id, &six, 8);
        id[15] = 6;
    } else {
        inet_pton(AF_INET, text, id);
        id[15] = 4;
    }
}

/* The bucket of a key, with what was counted before this process began. With the mutex held. */
static bucket *key_bucket(access_control *a, const store_key *key, int64_t now)
{
    uint8_t id[BUCKET_ID_BYTES] = { 0 };
    bucket *b;

    memcpy(id, &key->id, sizeof key->id);
    id[15] = 1;
    b      = buckets_find(a->keys, id, http_now());
    if (b->day == 0) {
        b->day = now / SECONDS_A_DAY;
        if (store_usage(a->db, key->id, b->day, &b->used, NULL) != SKC_OK)
            b->used = 0;
    }
    return b;
}

static bool within_limits(access_control *a, http_exchange *x, const store_key *key)
{
    bucket_limits  limits  = { a->options.anonymous_rate, a->options.anonymous_burst,
                               a->options.anonymous_quota };
    int64_t        now     = (int64_t)time(NULL);
    unsigned       seconds = 1;
    bucket_verdict verdict;
    bucket        *b;

    pthread_mutex_lock(&a->mutex);
    if (key->id != 0) {
        int32_t rate = key->rate > 0 ? key->rate : a->options.key_rate;

        limits = (bucket_limits){ rate, rate / 4 + 1, key->quota };
        b      = key_bucket(a, key, now);
    } else {
        uint8_t id[BUCKET_ID_BYTES];

        address_id(http_client(x), id);
        b = buckets_find(a->addresses, id, http_now());
    }
    verdict = bucket_take(b, &limits, http_now(), now, &seconds);
    pthread_mutex_unlock(&a->mutex);
    if (verdict == BUCKET_RATE)
        http_reply_retry(x, HTTP_RATE, seconds, "%d requests a minute are allowed", limits.rate);
    else if (verdict == BUCKET_QUOTA)
        http_reply_retry(x, HTTP_QUOTA, seconds, "%d requests a day are allowed", limits.quota);
    return verdict == BUCKET_FREE;
}

bool access_admit(access_control *a, http_exchange *x, const http_route *route)
{
    store_key      key;
    access_caller *caller;

    if (!identify(a, x, &key) || !allowed(a, x, route, &key))
        return false;
    if ((route->flags & HTTP_LIMITED) != 0 && !within_limits(a, x, &key))
        return false;
    caller = calloc(1, sizeof *caller);
    if (caller == NULL) {
        http_reply_problem(x, HTTP_BUSY, "out of memory");
        return false;
    }
    caller->key   = key.id;
    caller->admin = key.admin;
    snprintf(caller->name, sizeof caller->name, "%s", key.name);
    http_set_caller(x, caller);
    return true;
}

/* Takes what bucket i has not stored yet; 0: nothing. */
static int64_t take_unsaved(access_control *a, int32_t i, int64_t *key, int64_t *day)
{
    bucket *b;
    int64_t unsaved;

    pthread_mutex_lock(&a->mutex);
    b = buckets_at(a->keys, i);
    memcpy(key, b->id, sizeof *key);
    *day       = b->day;
    unsaved    = b->unsaved;
    b->unsaved = 0;
    pthread_mutex_unlock(&a->mutex);
    return unsaved;
}

/* Unless the bucket has been given to another key meanwhile. */
static void put_back(access_control *a, int32_t i, int64_t key, int64_t unsaved)
{
    bucket *b = buckets_at(a->keys, i);

    pthread_mutex_lock(&a->mutex);
    if (memcmp(b->id, &key, sizeof key) == 0)
        b->unsaved += unsaved;
    pthread_mutex_unlock(&a->mutex);
}

/* The store waits for the disk: callers are not made to. What cannot be stored is tried again. */
void access_flush(access_control *a)
{
    for (int32_t i = 0; buckets_at(a->keys, i) != NULL; i++) {
        int64_t key, day, unsaved = take_unsaved(a, i, &key, &day);

        if (unsaved == 0 || store_usage_add(a->db, key, day, unsaved, NULL) == SKC_OK)
            continue;
        put_back(a, i, key, unsaved);
    }
}
