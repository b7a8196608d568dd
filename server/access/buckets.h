/* buckets.h - token buckets and daily counts for many callers, in memory of a fixed size. */
#ifndef SKC_SERVER_ACCESS_BUCKETS_H
#define SKC_SERVER_ACCESS_BUCKETS_H

#include <stdbool.h>
#include <stdint.h>

enum { BUCKET_ID_BYTES = 16 };

typedef struct bucket {
    uint8_t  id[BUCKET_ID_BYTES]; /* all zero: not taken */
    uint64_t seen;                /* nanoseconds at which it was last used */
    double   tokens;
    int64_t  day, used; /* requests of that day (since 1970, UTC) */
    int64_t  unsaved;   /* not stored yet: the end of one day may count as the next */
} bucket;

typedef struct buckets buckets;

typedef struct bucket_limits {
    int32_t rate;  /* a minute */
    int32_t burst; /* at once */
    int32_t quota; /* a day; 0: no end */
} bucket_limits;

typedef enum bucket_verdict { BUCKET_FREE, BUCKET_RATE, BUCKET_QUOTA } bucket_verdict;

/* Room for at least `count` callers; NULL: out of memory. One thread at a time. */
buckets *buckets_create(int32_t count);
void     buckets_free(buckets *table);

/* The bucket of a caller; a new one is full and takes the place of the least recent of those that
 * share its row. */
bucket        *buckets_find(buckets *table, const uint8_t id[BUCKET_ID_BYTES], uint64_t now);
/* Takes a token and counts, or says which limit is reached; *seconds: when to come again. `now` in
 * nanoseconds, `time` in seconds since 1970. */
bucket_verdict bucket_take(bucket *b, const bucket_limits *limits, uint64_t now, int64_t time,
                           unsigned *seconds);
/* Bucket i, for saving; NULL past the end. */
bucket        *buckets_at(buckets *table, int32_t i);

#endif
