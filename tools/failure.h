/* failure.h - how the tools' own files report failure: the library's way, with its types. */
#ifndef SKC_TOOLS_FAILURE_H
#define SKC_TOOLS_FAILURE_H

#include "skincnn.h"

/* Writes status and message into err (may be NULL) and returns status. Control characters, which a
 * name from an archive or a table may hold, become '?'. */
skc_status failure(skc_error *err, skc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

skc_status failure_memory(skc_error *err);

#endif
