/* keys.c - making and hashing API keys. */
#include "access/access.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* 32 random bytes are enough that a plain hash of them cannot be turned round. */
void access_key_make(char key[ACCESS_KEY_BYTES], store_key *out)
{
    uint8_t random[32];

    randombytes_buf(random, sizeof random);
    memcpy(key, "skc_", 4);
    sodium_bin2base64(key + 4, ACCESS_KEY_BYTES - 4, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    access_key_hash(key, out->hash);
    snprintf(out->shown, sizeof out->shown, "%.10s", key);
    sodium_memzero(random, sizeof random);
}

void access_key_hash(const char *key, uint8_t hash[STORE_HASH_BYTES])
{
    crypto_hash_sha256(hash, (const unsigned char *)key, strlen(key));
}
