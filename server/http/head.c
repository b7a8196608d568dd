/* head.c - reads the head of a request and refuses one that could be read in two ways. */
#include "http/exchange.h"

#include <string.h>
#include <strings.h>

enum { FORWARDED = 16 };

typedef struct head_check {
    const char *wrong; /* NULL: nothing so far */
    const char *end;   /* of the last line's text */
    unsigned    seen;  /* bits by the list of fields that come once */
    const char *forwarded[FORWARDED];
    size_t      forwarded_count;
} head_check;

/* libmicrohttpd 0.9.75 writes NULs over the ends of lines and leaves the lines where they are. So
 * text that is elsewhere tells of a line that it has read in another way than is meant: a folded
 * one, one with a NUL, or one without a name, where it takes the head to be over. */
static bool is_next(const head_check *head, const char *text, size_t lines)
{
    uintptr_t gap = (uintptr_t)text - (uintptr_t)head->end;

    if (gap < lines || gap > 2 * lines)
        return false;
    for (size_t i = 0; i < gap; i++)
        if (head->end[i] != '\0')
            return false;
    return true;
}

static void note_single(head_check *head, const char *name)
{
    static const char *const single[] = { "Host",         "Content-Length", "Transfer-Encoding",
                                          "Content-Type", "Authorization",  "X-API-Key",
                                          "Origin",       "Expect",         "X-Request-Id" };

    for (unsigned i = 0; i < sizeof single / sizeof single[0]; i++) {
        if (strcasecmp(single[i], name) != 0)
            continue;
        if ((head->seen & 1U << i) != 0)
            head->wrong = "a header field that may come once only came twice";
        head->seen |= 1U << i;
    }
}

/* The nearest proxies' fields are the last ones. */
static void note_forwarded(head_check *head, const char *value)
{
    if (head->forwarded_count == FORWARDED)
        memmove(head->forwarded, head->forwarded + 1, --head->forwarded_count * sizeof(char *));
    head->forwarded[head->forwarded_count++] = value;
}

static enum MHD_Result check_field(void *context, enum MHD_ValueKind kind, const char *name,
                                   size_t name_length, const char *value, size_t value_length)
{
    head_check *head = context;

    (void)kind;
    if (value == NULL || !fields_is_token(name, name_length) ||
        !fields_is_value(value, value_length))
        head->wrong = "a header field's name or value has characters that it must not have";
    else if (!is_next(head, name, 1))
        head->wrong = "a line of the head is folded, or has a NUL";
    else if (strcasecmp(name, "X-Forwarded-For") == 0)
        note_forwarded(head, value);
    else
        note_single(head, name);
    head->end = value != NULL ? value + value_length : NULL;
    return head->wrong == NULL ? MHD_YES : MHD_NO;
}

/* How long the body is to be; NULL, or what is wrong with that. */
static const char *read_length(http_exchange *x, const char *version)
{
    const char *length = http_header(x, "Content-Length");
    const char *coding = http_header(x, "Transfer-Encoding");

    if (coding != NULL && length != NULL)
        return "it has both Transfer-Encoding and Content-Length";
    if (coding != NULL && (strcasecmp(coding, "chunked") != 0 || strcmp(version, "HTTP/1.1") != 0))
        return "the only Transfer-Encoding is chunked, of HTTP/1.1";
    if (length != NULL && !fields_length(length, &x->claimed))
        return "Content-Length is not a number";
    if (coding != NULL)
        x->claimed = UINT64_MAX;
    x->has_body = x->claimed > 0;
    return NULL;
}

static void find_client(http_exchange *x, const head_check *head)
{
    const registry *r = &x->daemon->registry;
    address         client;

    if (!x->connection->proxy || head->forwarded_count == 0)
        return;
    client = address_of_client(&x->connection->peer, head->forwarded, head->forwarded_count,
                               r->trusted, r->trusted_count);
    address_format(&client, x->client);
}

const char *head_read(http_exchange *x, const char *url, const char *version)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    head_check  head = { .end = version + strlen(version) };
    const char *wrong, *value;

    MHD_get_connection_values_n(x->mhd, MHD_HEADER_KIND, check_field, &head);
    value = http_header(x, "X-Request-Id");
    if (value != NULL && identity_allowed(value))
        memcpy(x->id, value, strlen(value) + 1);
    if (head.wrong != NULL)
        return head.wrong;
    if (size == NULL || !is_next(&head, x->method + size->header_size, 2))
        return "a line of the head has a NUL, or no name";
    find_client(x, &head);
    /* unless a NUL cuts one of them short */
    if (url != x->method + strlen(x->method) + 1 || version != url + x->uri_length + 1)
        return "its first line is not a method, a URL and a version with a space between";
    if (!fields_is_token(x->method, strlen(x->method)))
        return "its method is no token";
    wrong = read_length(x, version);
    if (wrong != NULL)
        return wrong;
    value = http_header(x, "Content-Type");
    if (value != NULL)
        fields_media_type(value, x->media_type);
    wrong = target_parse(x->uri, &x->target);
    memcpy(x->segments, x->target.path, strlen(x->target.path) + 1);
    return wrong;
}
