/* identity.h - names for requests, by which answers and log lines are found again. */
#ifndef SKC_SERVER_HTTP_IDENTITY_H
#define SKC_SERVER_HTTP_IDENTITY_H

#include <stdbool.h>

enum { IDENTITY_BYTES = 65, IDENTITY_OWN = 26 };

/* A ULID: 48 bits of milliseconds since 1970 and 80 random ones, in Crockford's base32; so names
 * sort by time. False: the system gave no randomness. */
bool identity_make(char id[IDENTITY_BYTES]);
/* A caller's own: 1 to 64 letters, digits, '-', '_'. */
bool identity_allowed(const char *id);

#endif
