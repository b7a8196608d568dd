/* identity.c - names for requests, by which answers and log lines are found again. */
#define _GNU_SOURCE
#include "http/identity.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

bool identity_make(char id[IDENTITY_BYTES])
{
    uint8_t         random[16]; /* 5 bits of each */
    struct timespec now;
    uint64_t        milliseconds;

    if (getrandom(random, sizeof random, 0) != sizeof random)
        return false;
    clock_gettime(CLOCK_REALTIME, &now);
    milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 9; i >= 0; i--, milliseconds >>= 5)
        id[i] = crockford[milliseconds & 31];
    for (int i = 0; i < 16; i++)
        id[10 + i] = crockford[random[i] & 31];
    id[IDENTITY_OWN] = '\0';
    return true;
}

bool identity_allowed(const char *id)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t length = strspn(id, allowed);

    return length > 0 && length < IDENTITY_BYTES && id[length] == '\0';
}
