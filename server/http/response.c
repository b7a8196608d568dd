/* response.c - answers: their header fields, bodies and problems. */
#include "http/cors.h"
#include "http/exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

/* The value of a field that has been added; NULL: none. */
static const char *added(const exchange_answer *a, const char *name)
{
    for (const char *at = a->fields; at < a->fields + a->used;) {
        const char *value = at + strlen(at) + 1;

        if (strcasecmp(at, name) == 0)
            return value;
        at = value + strlen(value) + 1;
    }
    return NULL;
}

void http_add_header(http_exchange *x, const char *name, const char *value)
{
    exchange_answer *a           = &x->answer;
    size_t           name_length = strlen(name), value_length = strlen(value);

    if (value_length == 0 || !fields_is_token(name, name_length) ||
        !fields_is_value(value, value_length) ||
        name_length + value_length + 2 > sizeof a->fields - a->used)
        return;
    memcpy(a->fields + a->used, name, name_length + 1);
    memcpy(a->fields + a->used + name_length + 1, value, value_length + 1);
    a->used += name_length + value_length + 2;
}

static void add_default(http_exchange *x, const char *name, const char *value)
{
    if (added(&x->answer, name) == NULL)
        http_add_header(x, name, value);
}

static void add_defaults(http_exchange *x, const char *type)
{
    if (type != NULL)
        add_default(x, "Content-Type", type);
    http_add_header(x, "X-Request-Id", x->id);
    add_default(x, "X-Content-Type-Options", "nosniff");
    add_default(x, "Referrer-Policy", "no-referrer");
    add_default(x, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    add_default(x, "Cache-Control", "no-store");
    if (x->answer.status == 401)
        add_default(x, "WWW-Authenticate", "Bearer");
    cors_add_headers(x);
    if (x->close || atomic_load(&x->daemon->stopping))
        http_add_header(x, "Connection", "close");
}

/* The client has this already: it gets the same head and no body. */
static bool is_known(const http_exchange *x)
{
    const char *tag    = added(&x->answer, "ETag");
    const char *wanted = http_header(x, "If-None-Match");

    return x->answer.status == 200 && tag != NULL && wanted != NULL && x->match.route != NULL &&
           strcmp(x->match.route->method, "GET") == 0 && fields_tag_matches(wanted, tag);
}

static struct MHD_Response *make_response(const exchange_answer *a, void *body,
                                          enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(a->size, body, mode);

    if (response == NULL && mode == MHD_RESPMEM_MUST_FREE)
        free(body);
    for (const char *at = a->fields; response != NULL && at < a->fields + a->used;) {
        const char *value = at + strlen(at) + 1;

        if (MHD_add_response_header(response, at, value) != MHD_YES) {
            MHD_destroy_response(response);
            return NULL;
        }
        at = value + strlen(value) + 1;
    }
    return response;
}

/* Takes a body over that is to be freed. The first answer counts. */
static void reply(http_exchange *x, unsigned status, const char *type, void *body, size_t size,
                  enum MHD_ResponseMemoryMode mode)
{
    exchange_answer *a = &x->answer;

    if (a->status != 0) {
        if (mode == MHD_RESPMEM_MUST_FREE)
            free(body);
        return;
    }
    a->status = status;
    a->body   = body;
    a->size   = size;
    add_defaults(x, type);
    if (is_known(x))
        a->status = 304;
    a->mhd = make_response(a, body, mode);
    if (a->mhd != NULL && mode == MHD_RESPMEM_MUST_FREE) {
        a->held = size;
        atomic_fetch_add(&x->daemon->body_bytes, size);
    }
}

void answer_free(http_exchange *x)
{
    if (x->answer.mhd != NULL)
        MHD_destroy_response(x->answer.mhd);
    atomic_fetch_sub(&x->daemon->body_bytes, x->answer.held);
}

void answer_send(http_exchange *x)
{
    const exchange_answer *a = &x->answer;
    char                   head[EXCHANGE_FIELDS + 1024];
    size_t                 used;

    if (a->mhd == NULL)
        return;
    used = (size_t)snprintf(head, sizeof head, "HTTP/1.1 %u %s\r\nContent-Length: %zu\r\n",
                            a->status, MHD_get_reason_phrase_for(a->status), a->size);
    for (const char *at = a->fields; at < a->fields + a->used;) {
        const char *value = at + strlen(at) + 1;

        used += (size_t)snprintf(head + used, sizeof head - used, "%s: %s\r\n", at, value);
        at = value + strlen(value) + 1;
    }
    memcpy(head + used, "\r\n", 2);
    if (send(x->connection->fd, head, used + 2, MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE) > 0)
        send(x->connection->fd, a->body, a->size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void http_reply_json(http_exchange *x, unsigned status, json_t *body)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(body);
    if (text != NULL)
        reply(x, status, "application/json", text, strlen(text), MHD_RESPMEM_MUST_FREE);
    else
        http_reply_problem(x, HTTP_INTERNAL, "there was no memory for the answer");
}

void http_reply_bytes(http_exchange *x, unsigned status, const char *type, const void *bytes,
                      size_t size)
{
    void *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL) {
        http_reply_problem(x, HTTP_INTERNAL, "there was no memory for the answer");
        return;
    }
    if (size > 0)
        memcpy(copy, bytes, size);
    reply(x, status, type, copy, size, MHD_RESPMEM_MUST_FREE);
}

void http_reply_static(http_exchange *x, unsigned status, const char *type, const void *bytes,
                       size_t size)
{
    /* libmicrohttpd takes no pointer to const, but does not write */
    reply(x, status, type, (void *)(uintptr_t)bytes, size, MHD_RESPMEM_PERSISTENT);
}

void http_reply_empty(http_exchange *x, unsigned status)
{
    reply(x, status, NULL, NULL, 0, MHD_RESPMEM_PERSISTENT);
}

/* What is not UTF-8, such as a character that a precision cut in two, becomes '?'. */
static json_t *text_of(char *detail)
{
    json_t *text = json_string(detail);

    if (text != NULL)
        return text;
    for (char *c = detail; *c != '\0'; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    return json_string(detail);
}

static void reply_problem(http_exchange *x, http_problem problem, unsigned retry,
                          const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void reply_problem(http_exchange *x, http_problem problem, unsigned retry,
                          const char *format, va_list arguments)
{
    http_problem_info info = http_problem_of(problem);
    char              detail[512], type[64], seconds[16];
    json_t           *body;
    char             *text;

    vsnprintf(detail, sizeof detail, format, arguments);
    snprintf(type, sizeof type, "/docs#%s", info.code);
    body = json_pack("{s:s, s:s, s:i, s:s, s:o, s:s}", "type", type, "title", info.title, "status",
                     (int)info.status, "code", info.code, "detail", text_of(detail), "request_id",
                     x->id);
    /* what the Open Inference Protocol calls an error: RFC 9457 allows further members */
    if (strncmp(http_path(x), "/v2", 3) == 0)
        json_object_set_new(body, "error", text_of(detail));
    text = body != NULL ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(body);
    if (retry == 0)
        retry = info.retry;
    if (retry > 0 && x->answer.status == 0) {
        snprintf(seconds, sizeof seconds, "%u", retry);
        http_add_header(x, "Retry-After", seconds);
    }
    if (text != NULL)
        reply(x, info.status, "application/problem+json", text, strlen(text),
              MHD_RESPMEM_MUST_FREE);
    else
        reply(x, info.status, NULL, NULL, 0, MHD_RESPMEM_PERSISTENT);
}

void http_reply_problem(http_exchange *x, http_problem problem, const char *detail, ...)
{
    va_list arguments;

    va_start(arguments, detail);
    reply_problem(x, problem, 0, detail, arguments);
    va_end(arguments);
}

void http_reply_retry(http_exchange *x, http_problem problem, unsigned retry, const char *detail,
                      ...)
{
    va_list arguments;

    va_start(arguments, detail);
    reply_problem(x, problem, retry, detail, arguments);
    va_end(arguments);
}
