/* fuzz_request.c - any bytes as what the server itself reads of a request's head: URL, route, media
 * type, length, entity tags, request id, addresses. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/address.h"
#include "http/fields.h"
#include "http/identity.h"
#include "http/router.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static const http_route routes[] = {
    { .method = "GET", .path = "/" },
    { .method = "GET", .path = "/v1/assessments/{code}" },
    { .method = "DELETE", .path = "/v1/assessments/{code}" },
    { .method = "GET", .path = "/v2/models/{model}/versions/{version}/ready" },
    { .method = "POST", .path = "/v2/models/{model}/infer" },
    { .method = "GET", .path = "/files/{name...}" },
    { .method = NULL },
};

static void check_route(const char *path)
{
    char        *text   = strdup(path);
    size_t       length = strlen(path);
    router_match match;
    char         allow[ROUTER_ALLOW];

    require(text != NULL);
    router_find(routes, "GET", text, &match);
    require(match.route == NULL || match.other != NULL);
    for (size_t i = 0; i < match.count; i++) {
        const char *value = match.parameters[i].value;

        require(value > text && value + strlen(value) <= text + length);
        require(strstr(path, value) != NULL);
    }
    if (match.other != NULL) {
        router_allow(routes, &match, allow);
        require(strstr(allow, "OPTIONS") != NULL);
    }
    free(text);
}

static void check_target(char *text)
{
    size_t      length = strlen(text);
    target      t;
    const char *wrong = target_parse(text, &t);

    if (wrong != NULL) {
        require(t.path[0] == '\0' && t.count == 0);
        return;
    }
    require(t.path[0] == '/' && strlen(t.path) <= length && length <= TARGET_BYTES);
    require(strstr(t.path, "/../") == NULL && strchr(t.path, '\\') == NULL);
    require(target_is_text(t.path, strlen(t.path)) && t.count <= TARGET_QUERIES);
    for (size_t i = 0; i < t.count; i++) {
        const char *first = target_find(&t, t.queries[i].name);

        require(first != NULL && first <= t.queries[i].value);
        require(target_is_text(t.queries[i].value, strlen(t.queries[i].value)));
    }
    check_route(t.path);
}

/* What is written is read as the same. */
static void check_address(const char *text)
{
    address       a, again;
    address_range range;
    char          written[ADDRESS_TEXT];

    if (address_parse(text, strlen(text), &a)) {
        address_format(&a, written);
        require(address_parse(written, strlen(written), &again));
        require(memcmp(&a, &again, sizeof a) == 0 && address_same_site(&a, &again));
    }
    if (address_range_parse(text, &range))
        require(range.bits <= 128 && address_in_any(&range.first, &range, 1));
}

static void check_forwarded(char *text)
{
    static const address_range all       = { .bits = 0 };
    const char                *halves[2] = { text, "" };
    char                      *newline   = strchr(text, '\n');
    address                    peer      = { .bytes = { 1 } }, client;

    if (newline != NULL) {
        *newline  = '\0';
        halves[1] = newline + 1;
    }
    client = address_of_client(&peer, halves, 2, &all, 0);
    require(memcmp(&client, &peer, sizeof peer) == 0);
    client = address_of_client(&peer, halves, 2, &all, 1);
    (void)client;
}

static void check_fields(const char *text)
{
    char     type[FIELDS_MEDIA_TYPE], again[FIELDS_MEDIA_TYPE];
    uint64_t number;

    fields_media_type(text, type);
    fields_media_type(type, again);
    require(strcmp(type, again) == 0);
    require(type[0] == '\0' || fields_accepts(type, type));
    fields_accepts(text, "image/png");
    fields_tag_matches(text, "\"a\"");
    if (fields_length(text, &number))
        require(strspn(text, "0123456789") == strlen(text) && number == strtoull(text, NULL, 10));
    require(!identity_allowed(text) || (strlen(text) <= 64 && fields_is_value(text, strlen(text))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);

    require(text != NULL);
    for (int part = 0; part < 4; part++) {
        if (size > 0)
            memcpy(text, data, size);
        text[size] = '\0';
        if (part == 0)
            check_target(text);
        else if (part == 1)
            check_address(text);
        else if (part == 2)
            check_forwarded(text);
        else
            check_fields(text);
    }
    free(text);
    return 0;
}
