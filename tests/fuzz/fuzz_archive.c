/* fuzz_archive.c - any bytes as an archive: every member is read, within the limits. */
#include "../../tools/archive.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 100000, MAX_MEMBERS = 100 };

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_message(skc_status status, const skc_error *err)
{
    require(err->status == status);
    require(strncmp(err->message, "fuzz.zip", 8) == 0);
}

static void read_member(archive_stream *stream)
{
    unsigned char *bytes  = NULL;
    size_t         length = 0;
    skc_error      err    = { .status = SKC_OK };
    skc_status     status = archive_stream_read(stream, &bytes, &length, &err);

    if (status != SKC_OK)
        require_message(status, &err);
    require((bytes != NULL) == (status == SKC_OK));
    require(length <= MAX_BYTES);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const archive_limits limits = { MAX_BYTES, MAX_MEMBERS };
    archive_stream      *stream = NULL;
    const char          *member = "";
    skc_error            err    = { .status = SKC_OK };
    skc_status           status;
    int32_t              members = 0;

    status = archive_stream_open_memory(data, size, "fuzz.zip", &limits, &stream, &err);
    require((stream != NULL) == (status == SKC_OK));
    while (status == SKC_OK && member != NULL) {
        status = archive_stream_next(stream, &member, &err);
        if (status != SKC_OK || member == NULL)
            break;
        require(member[0] != '.' || member[1] != '/');
        members++;
        read_member(stream);
    }
    if (status != SKC_OK)
        require_message(status, &err);
    require(members <= MAX_MEMBERS);
    archive_stream_close(stream);
    return 0;
}
