/* base64.c - pictures out of base64 in the forms that people send, over libsodium's decoder. */
#include "handlers/base64.h"
#include "failure.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WHITE " \t\r\n\f\v"

enum { LONGEST_TYPE = 100 };

static bool is_white(char c)
{
    return c != '\0' && strchr(WHITE, c) != NULL;
}

/* Skips "data:image/jpeg;base64,", in which capitals are no matter, and white space before it;
 * false: it begins so and does not go on so. */
static bool skip_data_url(const char **text, size_t *length)
{
    static const char begin[] = "data:", end[] = ";base64,";
    size_t            at;

    for (; *length > 0 && is_white(**text); ++*text)
        --*length;
    if (*length < sizeof begin - 1 || strncasecmp(*text, begin, sizeof begin - 1) != 0)
        return true;
    for (at = sizeof begin - 1; at + sizeof end - 1 <= *length && at < LONGEST_TYPE; at++)
        if (strncasecmp(*text + at, end, sizeof end - 1) == 0) {
            *text += at + sizeof end - 1;
            *length -= at + sizeof end - 1;
            return true;
        }
    return false;
}

/* Without white space and padding at the end: at most two '='. That they fill up to a multiple of
 * four is not asked, because many senders get it wrong. */
static size_t trimmed(const char *text, size_t length)
{
    int padding = 0;

    while (length > 0 && (is_white(text[length - 1]) || (text[length - 1] == '=' && padding < 2)))
        padding += text[--length] == '=';
    return length;
}

/* The first byte that libsodium's decoder must not see; NULL: none. It takes a NUL for white space
 * and, where char is signed, every byte from 0x80 on for an 'A'. */
static const char *foreign(const char *text, size_t length)
{
    for (const char *at = text; at < text + length; at++)
        if (*at == '\0' || (unsigned char)*at >= 0x80)
            return at;
    return NULL;
}

static skc_status fail_at(const char *name, const char *begin, const char *at, size_t left,
                          skc_error *err)
{
    if (left == 0)
        return failure(err, SKC_EFORMAT, "%s: the base64 ends in the middle of a byte", name);
    if (*at > ' ' && *at < 0x7f)
        return failure(err, SKC_EFORMAT, "%s: '%c' at character %td is not base64 here", name, *at,
                       at - begin + 1);
    return failure(err, SKC_EFORMAT, "%s: the character with the code %d at %td is not base64",
                   name, (unsigned char)*at, at - begin + 1);
}

/* Decodes groups of four characters as far as they are of the alphabet; where it ends, libsodium
 * goes on. Its decoder takes the same time for all texts, which secrets need and pictures do not:
 * it takes eight times as long. */
static size_t decode_groups(const char *text, size_t length, bool url_safe, unsigned char *to)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    enum { NONE = 0x80 };
    uint8_t value[256];
    size_t  at;

    memset(value, NONE, sizeof value);
    for (size_t i = 0; i < 62; i++)
        value[(unsigned char)alphabet[i]] = (uint8_t)i;
    value[url_safe ? '-' : '+'] = 62;
    value[url_safe ? '_' : '/'] = 63;
    for (at = 0; length - at >= 4; at += 4, to += 3) {
        uint32_t a = value[(unsigned char)text[at]], b = value[(unsigned char)text[at + 1]];
        uint32_t c = value[(unsigned char)text[at + 2]], d = value[(unsigned char)text[at + 3]];

        if (((a | b | c | d) & NONE) != 0)
            break;
        to[0] = (unsigned char)(a << 2 | b >> 4);
        to[1] = (unsigned char)(b << 4 | c >> 2);
        to[2] = (unsigned char)(c << 6 | d);
    }
    return at;
}

/* Into room for length / 4 * 3 + 3 bytes; *end: where it stopped. */
static bool decode_all(const char *text, size_t length, unsigned char *to, size_t *size,
                       const char **end)
{
    bool   url_safe = memchr(text, '-', length) != NULL || memchr(text, '_', length) != NULL;
    size_t fast = decode_groups(text, length, url_safe, to), done = fast / 4 * 3, rest;

    *end = foreign(text + fast, length - fast);
    if (*end != NULL ||
        sodium_base642bin(to + done, length / 4 * 3 + 3 - done, text + fast, length - fast, WHITE,
                          &rest, end,
                          url_safe ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
                                   : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
        return false;
    *size = done + rest;
    return *end == text + length;
}

skc_status base64_decode(const char *text, size_t length, const char *name, unsigned char **bytes,
                         size_t *size, skc_error *err)
{
    const char    *begin = text, *end;
    unsigned char *decoded;
    size_t         found;

    for (; length > 0 && is_white(*text); length--)
        text++;
    if (!skip_data_url(&text, &length))
        return failure(err, SKC_EFORMAT, "%s: a data URL must go on with ';base64,'", name);
    length = trimmed(text, length);
    if (length == 0)
        return failure(err, SKC_EINVAL, "%s: there is nothing in it", name);
    decoded = malloc(length / 4 * 3 + 3);
    if (decoded == NULL)
        return failure_memory(err);
    if (!decode_all(text, length, decoded, &found, &end)) {
        free(decoded);
        return fail_at(name, begin, end, (size_t)(text + length - end), err);
    }
    *bytes = decoded;
    *size  = found;
    return SKC_OK;
}

char *base64_data_url(const char *type, const void *bytes, size_t size)
{
    size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
    size_t head    = strlen(type) + sizeof "data:;base64,";
    char  *url     = malloc(head + encoded);
    int    length;

    if (url == NULL)
        return NULL;
    length = snprintf(url, head, "data:%s;base64,", type);
    sodium_bin2base64(url + length, encoded, bytes, size, sodium_base64_VARIANT_ORIGINAL);
    return url;
}
