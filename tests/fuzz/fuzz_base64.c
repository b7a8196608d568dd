/* fuzz_base64.c - any bytes as base64: what is decoded is encoded as the same again. */
#include <sodium.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes, *again;
    size_t         decoded, twice;
    char          *url;
    skc_error      err = { SKC_OK, "" };
    skc_status status  = base64_decode((const char *)data, size, "image", &bytes, &decoded, &err);

    if (status != SKC_OK) {
        require(status == SKC_EFORMAT || status == SKC_EINVAL);
        require(strncmp(err.message, "image: ", 7) == 0);
        return 0;
    }
    require(decoded <= size / 4 * 3 + 3);
    url = base64_data_url("image/png", bytes, decoded);
    require(url != NULL);
    if (decoded > 0) {
        require(base64_decode(url, strlen(url), "image", &again, &twice, &err) == SKC_OK);
        require(twice == decoded && memcmp(bytes, again, decoded) == 0);
        free(again);
    }
    free(url);
    free(bytes);
    return 0;
}
