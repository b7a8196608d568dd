/* digest.c - checksums, by zlib and libsodium. */
#include "core/digest.h"

#include <sodium.h>
#include <zlib.h>

#include "skincnn.h"

uint32_t skc__crc32(const void *bytes, size_t size)
{
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, size);
}

void skc_sha256(const void *bytes, size_t size, char hex[65])
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, bytes, size);
    sodium_bin2hex(hex, 65, digest, sizeof digest);
}
