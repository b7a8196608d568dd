/* address.h - addresses of clients, ranges of them, and who stands behind a proxy. */
#ifndef SKC_SERVER_HTTP_ADDRESS_H
#define SKC_SERVER_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { ADDRESS_TEXT = 46 }; /* as INET6_ADDRSTRLEN */

/* IPv6 in network order; IPv4 as ::ffff:a.b.c.d. */
typedef struct address {
    uint8_t bytes[16];
} address;

typedef struct address_range {
    address  first;
    unsigned bits; /* that count, of 128 */
} address_range;

/* "192.0.2.1", "2001:db8::1", also with a port: "192.0.2.1:80", "[2001:db8::1]:80". */
bool address_parse(const char *text, size_t length, address *out);
void address_of_socket(const struct sockaddr *socket, address *out);
void address_format(const address *a, char text[ADDRESS_TEXT]);
/* Whether both are likely one subscriber: the same IPv4 address, or IPv6 of one /64. */
bool address_same_site(const address *a, const address *b);

/* An address, or one and the number of its leading bits: "10.0.0.0/8". */
bool address_range_parse(const char *text, address_range *out);
bool address_in_any(const address *a, const address_range *ranges, size_t count);

/* The client by the X-Forwarded-For fields, in order, of a request that came from `peer`: as long
 * as whoever spoke is trusted, the one that it names, the last name first. A name that is no
 * address ends the search: what stands before it cannot be trusted. */
address address_of_client(const address *peer, const char *const *fields, size_t count,
                          const address_range *trusted, size_t trusted_count);

#endif
