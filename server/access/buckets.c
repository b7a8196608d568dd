/* buckets.c - token buckets and daily counts for many callers, in memory of a fixed size.
 *
 * A table of rows with eight places: a caller's row is a keyed hash of its address, so that nobody
 * can choose addresses that push others out.
 */
#include "access/buckets.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 8, SECONDS_A_DAY = 86400 };

struct buckets {
    bucket  *place; /* (rows, PLACES) */
    uint64_t rows;  /* a power of two */
    uint8_t  key[crypto_shorthash_KEYBYTES];
};

buckets *buckets_create(int32_t count)
{
    buckets *table = calloc(1, sizeof *table);

    if (table == NULL)
        return NULL;
    table->rows = 1;
    while (count > 0 && table->rows * PLACES < (uint64_t)count)
        table->rows *= 2;
    table->place = calloc(table->rows * PLACES, sizeof *table->place);
    randombytes_buf(table->key, sizeof table->key);
    if (table->place == NULL) {
        free(table);
        return NULL;
    }
    return table;
}

void buckets_free(buckets *table)
{
    if (table != NULL)
        free(table->place);
    free(table);
}

bucket *buckets_find(buckets *table, const uint8_t id[BUCKET_ID_BYTES], uint64_t now)
{
    uint64_t hash;
    bucket  *row, *oldest;

    crypto_shorthash((unsigned char *)&hash, id, BUCKET_ID_BYTES, table->key);
    oldest = row = table->place + (hash & (table->rows - 1)) * PLACES;
    for (int i = 0; i < PLACES; i++) {
        if (memcmp(row[i].id, id, BUCKET_ID_BYTES) == 0)
            return &row[i];
        if (row[i].seen < oldest->seen)
            oldest = &row[i];
    }
    *oldest = (bucket){ .seen = now, .tokens = INFINITY };
    memcpy(oldest->id, id, BUCKET_ID_BYTES);
    return oldest;
}

bucket_verdict bucket_take(bucket *b, const bucket_limits *limits, uint64_t now, int64_t time,
                           unsigned *seconds)
{
    double a_second = limits->rate / 60.0;

    if (b->day != time / SECONDS_A_DAY) {
        b->day  = time / SECONDS_A_DAY;
        b->used = 0;
    }
    if (now > b->seen)
        b->tokens += (double)(now - b->seen) / 1e9 * a_second;
    b->tokens = fmin(b->tokens, limits->burst);
    b->seen   = now;
    if (limits->quota > 0 && b->used >= limits->quota) {
        *seconds = (unsigned)(SECONDS_A_DAY - time % SECONDS_A_DAY);
        return BUCKET_QUOTA;
    }
    if (b->tokens < 1) {
        *seconds = (unsigned)ceil((1 - b->tokens) / a_second);
        return BUCKET_RATE;
    }
    b->tokens -= 1;
    b->used++;
    b->unsaved++;
    return BUCKET_FREE;
}

bucket *buckets_at(buckets *table, int32_t i)
{
    return i >= 0 && (uint64_t)i < table->rows * PLACES ? &table->place[i] : NULL;
}
