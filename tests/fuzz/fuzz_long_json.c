/* fuzz_long_json.c - any bytes as a body: what is read without its long texts is, with them put
 * back, what jansson reads from the whole. The first byte says how long a long text is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "handlers/long_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* The string with its own text; NULL stays. */
static json_t *whole(const long_json *from, json_t *value)
{
    size_t      length;
    const char *text;

    if (!json_is_string(value))
        return json_incref(value);
    text = long_json_text(from, value, &length);
    return json_stringn_nocheck(text, length);
}

static void put_back(const long_json *from)
{
    json_t *images = json_object_get(from->json, "images"), *image;
    size_t  i;

    if (json_object_get(from->json, "image") != NULL)
        json_object_set_new_nocheck(from->json, "image",
                                    whole(from, json_object_get(from->json, "image")));
    json_array_foreach(images, i, image)
    {
        if (json_object_get(image, "image") != NULL)
            json_object_set_new_nocheck(image, "image",
                                        whole(from, json_object_get(image, "image")));
        json_array_set_new(images, i, whole(from, image));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       least = size > 0 ? data[0] : 0, length = size > 0 ? size - 1 : 0;
    char        *body = malloc(length + (length == 0));
    json_error_t error;
    json_t      *wanted;
    long_json    read;

    require(body != NULL);
    if (length > 0)
        memcpy(body, data + 1, length);
    wanted = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);
    require(long_json_read(body, length, least, &read, &error) == (wanted != NULL));
    if (wanted != NULL) {
        put_back(&read);
        require(json_equal(read.json, wanted) == 1);
    }
    json_decref(wanted);
    json_decref(read.json);
    free(body);
    return 0;
}
