/* address.c - addresses of clients, ranges of them, and who stands behind a proxy. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const address *a)
{
    return memcmp(a->bytes, mapped, sizeof mapped) == 0;
}

static bool parse_plain(const char *text, size_t length, address *out)
{
    char copy[ADDRESS_TEXT];

    if (length >= sizeof copy || memchr(text, '\0', length) != NULL)
        return false;
    memcpy(copy, text, length);
    copy[length] = '\0';
    memcpy(out->bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, copy, out->bytes + sizeof mapped) == 1)
        return true;
    return inet_pton(AF_INET6, copy, out->bytes) == 1;
}

static bool is_port(const char *text, size_t length)
{
    if (length < 2 || length > 6 || text[0] != ':')
        return false;
    for (size_t i = 1; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

bool address_parse(const char *text, size_t length, address *out)
{
    const char *end, *colon;
    address     parsed;
    bool        good;

    if (length > 0 && text[0] == '[') {
        end  = memchr(text, ']', length);
        good = end != NULL && parse_plain(text + 1, (size_t)(end - text) - 1, &parsed) &&
               (end + 1 == text + length || is_port(end + 1, (size_t)(text + length - end) - 1));
    } else {
        /* one colon stands before a port, two or more are IPv6 */
        colon = memchr(text, ':', length);
        end   = text + length;
        if (colon != NULL && memchr(colon + 1, ':', (size_t)(end - colon) - 1) == NULL &&
            is_port(colon, (size_t)(end - colon)))
            end = colon;
        good = parse_plain(text, (size_t)(end - text), &parsed);
    }
    if (good)
        *out = parsed;
    return good;
}

void address_of_socket(const struct sockaddr *socket, address *out)
{
    memset(out, 0, sizeof *out);
    if (socket->sa_family == AF_INET) {
        struct sockaddr_in v4;

        memcpy(&v4, socket, sizeof v4);
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &v4.sin_addr, 4);
    } else if (socket->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;

        memcpy(&v6, socket, sizeof v6);
        memcpy(out->bytes, &v6.sin6_addr, sizeof out->bytes);
    }
}

void address_format(const address *a, char text[ADDRESS_TEXT])
{
    if (is_v4(a))
        inet_ntop(AF_INET, a->bytes + sizeof mapped, text, ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, a->bytes, text, ADDRESS_TEXT);
}

static bool same_bits(const address *a, const address *b, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    unsigned mask = 0xffU << (8 - rest) & 0xff;

    return memcmp(a->bytes, b->bytes, whole) == 0 &&
           (rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

bool address_same_site(const address *a, const address *b)
{
    return same_bits(a, b, is_v4(a) ? 128 : 64);
}

bool address_range_parse(const char *text, address_range *out)
{
    const char   *slash  = strchr(text, '/');
    size_t        length = slash != NULL ? (size_t)(slash - text) : strlen(text);
    address_range range;
    unsigned      whole, skipped;
    unsigned long bits;

    if (!parse_plain(text, length, &range.first))
        return false;
    skipped = is_v4(&range.first) && memchr(text, ':', length) == NULL ? 96 : 0;
    whole   = 128 - skipped;
    bits    = whole;
    if (slash != NULL) {
        size_t digits = strspn(slash + 1, "0123456789");

        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
            return false;
        bits = strtoul(slash + 1, NULL, 10);
    }
    if (bits > whole)
        return false;
    range.bits = skipped + (unsigned)bits;
    *out       = range;
    return true;
}

bool address_in_any(const address *a, const address_range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (same_bits(a, &ranges[i].first, ranges[i].bits))
            return true;
    return false;
}

/* The last name of a comma-separated list of `*length` bytes, which it is taken off. */
static const char *take_last(const char *list, size_t *length, size_t *name_length)
{
    size_t end = *length, start;

    while (end > 0 && (list[end - 1] == ' ' || list[end - 1] == '\t'))
        end--;
    start = end;
    while (start > 0 && list[start - 1] != ',')
        start--;
    *length = start > 0 ? start - 1 : 0;
    while (start < end && (list[start] == ' ' || list[start] == '\t'))
        start++;
    *name_length = end - start;
    return list + start;
}

address address_of_client(const address *peer, const char *const *fields, size_t count,
                          const address_range *trusted, size_t trusted_count)
{
    address client = *peer;

    while (count-- > 0) {
        size_t left = strlen(fields[count]);

        while (left > 0) {
            size_t      length;
            const char *name;

            if (!address_in_any(&client, trusted, trusted_count))
                return client;
            name = take_last(fields[count], &left, &length);
            if (!address_parse(name, length, &client))
                return client;
        }
    }
    return client;
}
