/* multipart.h - the parts of a multipart/form-data body (RFC 7578), which lies in memory.
 *
 * libmicrohttpd's own reader works piece by piece on its connection, on the event thread, and is
 * not used: the body is complete here, and a reader of complete bodies is short and can be fuzzed.
 */
#ifndef SKC_SERVER_HANDLERS_MULTIPART_H
#define SKC_SERVER_HANDLERS_MULTIPART_H

#include "skincnn.h"

enum { MULTIPART_NAME = 64 };

typedef struct multipart_part {
    char        name[MULTIPART_NAME]; /* of the form's field */
    const char *bytes;                /* inside the body */
    size_t      size;
} multipart_part;

/* Finds the parts, `most` of them at most. `type` is the Content-Type with its boundary.
 * SKC_EFORMAT says what is wrong; SKC_ELIMIT: more parts. */
SKC_MUST_CHECK skc_status multipart_read(const char *type, const char *body, size_t size,
                                         multipart_part *parts, int32_t most, int32_t *count,
                                         skc_error *err);

#endif
