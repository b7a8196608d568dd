/* base64.h - pictures out of base64 in the forms that people send, over libsodium's decoder. */
#ifndef SKC_SERVER_HANDLERS_BASE64_H
#define SKC_SERVER_HANDLERS_BASE64_H

#include "skincnn.h"

/* RFC 4648: the standard or the URL-safe alphabet (not both), with or without padding, white space
 * anywhere, after "data:<type>;base64," or not. *bytes is released with free. SKC_EFORMAT says
 * what is wrong and where; SKC_EINVAL: nothing in it; `name` begins messages. */
SKC_MUST_CHECK skc_status base64_decode(const char *text, size_t length, const char *name,
                                        unsigned char **bytes, size_t *size, skc_error *err);
/* "data:<type>;base64,..." of bytes; released with free. NULL: out of memory. */
char                     *base64_data_url(const char *type, const void *bytes, size_t size);

#endif
