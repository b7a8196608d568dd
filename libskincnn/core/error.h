/* error.h - how every floor reports failure. */
#ifndef SKC_CORE_ERROR_H
#define SKC_CORE_ERROR_H

#include "skincnn.h"

/* Writes status and message into err (may be NULL) and returns status, so that callers can say
 * `return skc__fail(err, SKC_EINVAL, "...", ...)`. Control characters, and bytes
 * that are not UTF-8, become '?'. */
skc_status skc__fail(skc_error *err, skc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before a message that is there already; returns its status. */
skc_status skc__fail_in(skc_error *err, skc_status status, const char *prefix);

#endif
