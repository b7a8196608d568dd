/* fuzz_multipart.c - any bytes as a form: the first line is the Content-Type, the rest the body. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 5 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* Parts lie in the body, one behind the other. */
static void check(const multipart_part *parts, int32_t count, const char *body, size_t size)
{
    const char *at = body;

    require(count >= 0 && count <= MOST);
    for (int32_t i = 0; i < count; i++) {
        require(parts[i].name[0] != '\0' && strlen(parts[i].name) < MULTIPART_NAME);
        require(parts[i].bytes >= at && parts[i].bytes + parts[i].size <= body + size);
        at = parts[i].bytes + parts[i].size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end  = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t         line = end == NULL ? 0 : (size_t)(end - data);
    char          *type = calloc(line + 1, 1);
    multipart_part parts[MOST];
    int32_t        count = -1;
    skc_error      err;
    skc_status     status;
    const char    *body = (const char *)data + (end == NULL ? 0 : line + 1);

    require(type != NULL);
    if (line > 0)
        memcpy(type, data, line);
    size -= (size_t)(body - (const char *)data);
    status = multipart_read(type, body, size, parts, MOST, &count, &err);
    require(status == SKC_OK || status == SKC_EFORMAT || status == SKC_ELIMIT);
    if (status == SKC_OK)
        check(parts, count, body, size);
    free(type);
    return 0;
}
