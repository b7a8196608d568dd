/* digest.h - checksums. SHA-256 is public: skc_sha256 in skincnn.h. */
#ifndef SKC_CORE_DIGEST_H
#define SKC_CORE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 as in zlib and PNG, of `size` bytes. */
uint32_t skc__crc32(const void *bytes, size_t size);

#endif
