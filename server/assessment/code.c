/* code.c - private codes, and the sealing of what is kept under them. */
#include "assessment/assessment.h"
#include "failure.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { LETTERS = 25, GROUP = 5, SPOT_KEY = 1, SEAL_KEY = 2 };

/* https://www.crockford.com/base32.html: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void write_groups(const char letters[LETTERS], char code[ASSESSMENT_CODE_BYTES])
{
    for (int i = 0; i < LETTERS; i++) {
        *code++ = letters[i];
        if (i % GROUP == GROUP - 1 && i < LETTERS - 1)
            *code++ = '-';
    }
    *code = '\0';
}

void assessment_code_make(char code[ASSESSMENT_CODE_BYTES])
{
    char letters[LETTERS];

    for (int i = 0; i < LETTERS; i++)
        letters[i] = alphabet[randombytes_uniform(32)];
    write_groups(letters, code);
    sodium_memzero(letters, sizeof letters);
}

bool assessment_code_read(const char *text, char code[ASSESSMENT_CODE_BYTES])
{
    char letters[LETTERS];
    int  n = 0;

    for (; *text != '\0'; text++) {
        int c = toupper((unsigned char)*text);

        if (c == '-' || c == ' ')
            continue;
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (n == LETTERS || c < '0' || strchr(alphabet, c) == NULL)
            return false;
        letters[n++] = (char)c;
    }
    if (n < LETTERS)
        return false;
    write_groups(letters, code);
    return true;
}

/* A code has enough random bits that no slow hash is needed to make a key of it. */
static void derive(const char *code, uint64_t number, uint8_t out[32])
{
    uint8_t master[crypto_kdf_KEYBYTES];

    crypto_generichash(master, sizeof master, (const uint8_t *)code, strlen(code), NULL, 0);
    crypto_kdf_derive_from_key(out, 32, number, "skinspot", master);
    sodium_memzero(master, sizeof master);
}

void assessment_code_spot(const char *code, uint8_t spot[32])
{
    derive(code, SPOT_KEY, spot);
}

/* nonce, then what crypto_secretbox makes. */
skc_status assessment_seal(const char *code, const void *bytes, size_t size, uint8_t **sealed,
                           size_t *sealed_size, skc_error *err)
{
    size_t   total = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + size;
    uint8_t *out   = malloc(total), key[32];

    if (out == NULL)
        return failure_memory(err);
    derive(code, SEAL_KEY, key);
    randombytes_buf(out, crypto_secretbox_NONCEBYTES);
    crypto_secretbox_easy(out + crypto_secretbox_NONCEBYTES, bytes, size, out, key);
    sodium_memzero(key, sizeof key);
    *sealed      = out;
    *sealed_size = total;
    return SKC_OK;
}

skc_status assessment_unseal(const char *code, const void *sealed, size_t sealed_size,
                             uint8_t **bytes, size_t *size, skc_error *err)
{
    const uint8_t *in       = sealed;
    size_t         overhead = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
    uint8_t       *out, key[32];
    int            opened;

    if (sealed_size < overhead)
        return failure(err, SKC_EFORMAT, "a record is too short");
    if ((out = malloc(sealed_size - overhead + 1)) == NULL)
        return failure_memory(err);
    derive(code, SEAL_KEY, key);
    opened = crypto_secretbox_open_easy(out, in + crypto_secretbox_NONCEBYTES,
                                        sealed_size - crypto_secretbox_NONCEBYTES, in, key);
    sodium_memzero(key, sizeof key);
    if (opened != 0) {
        free(out);
        return failure(err, SKC_EFORMAT, "a record does not fit its code");
    }
    out[sealed_size - overhead] = '\0';
    *bytes                      = out;
    *size                       = sealed_size - overhead;
    return SKC_OK;
}
