/* problem.h - every error that the service answers with: one table of codes by RFC 9457. */
#ifndef SKC_SERVER_HTTP_PROBLEM_H
#define SKC_SERVER_HTTP_PROBLEM_H

#include "skincnn.h"

/* id, HTTP status, stable code (part of the contract), title, seconds of Retry-After (0: none) */
#define HTTP_PROBLEM_MAP(X)                                                                        \
    X(HTTP_BAD_REQUEST, 400, "bad_request", "The request is malformed", 0)                         \
    X(HTTP_BAD_JSON, 400, "bad_json", "The body is not the JSON that is expected", 0)              \
    X(HTTP_BAD_BASE64, 400, "bad_base64", "The picture is not valid base64", 0)                    \
    X(HTTP_BAD_MULTIPART, 400, "bad_multipart", "The body is not valid multipart/form-data", 0)    \
    X(HTTP_KEY_REQUIRED, 401, "key_required", "A key is needed", 0)                                \
    X(HTTP_KEY_UNKNOWN, 401, "key_unknown", "The key is unknown or revoked", 0)                    \
    X(HTTP_FORBIDDEN, 403, "forbidden", "The key does not allow this", 0)                          \
    X(HTTP_NOT_FOUND, 404, "not_found", "There is nothing here", 0)                                \
    X(HTTP_METHOD, 405, "method_not_allowed", "This method is not allowed here", 0)                \
    X(HTTP_TIMEOUT, 408, "timeout", "The request took too long to arrive", 0)                      \
    X(HTTP_TOO_LARGE, 413, "too_large", "The body is too large", 0)                                \
    X(HTTP_MEDIA_TYPE, 415, "media_type", "The type of the body is not accepted here", 0)          \
    X(HTTP_PICTURE_FORMAT, 415, "picture_format", "Only JPEG and PNG pictures are read", 0)        \
    X(HTTP_BAD_VALUE, 422, "bad_value", "A value is missing or not allowed", 0)                    \
    X(HTTP_BAD_PICTURE, 422, "bad_picture", "The picture is damaged", 0)                           \
    X(HTTP_PICTURE_SIZE, 422, "picture_size", "The picture has too many pixels or bytes", 0)       \
    X(HTTP_RATE, 429, "rate_limited", "Too many requests", 1)                                      \
    X(HTTP_QUOTA, 429, "quota_exceeded", "The quota of the day is used up", 3600)                  \
    X(HTTP_INTERNAL, 500, "internal", "Something went wrong here", 0)                              \
    X(HTTP_BUSY, 503, "busy", "The service is busy", 1)                                            \
    X(HTTP_LOADING, 503, "loading", "The service is starting or stopping", 2)                      \
    X(HTTP_OVERDUE, 503, "overdue", "The answer was not ready in time", 2)

typedef enum http_problem {
#define HTTP_PROBLEM_ENUM(id, status, code, title, retry) id,
    HTTP_PROBLEM_MAP(HTTP_PROBLEM_ENUM)
#undef HTTP_PROBLEM_ENUM
        HTTP_PROBLEM_COUNT
} http_problem;

typedef struct http_problem_info {
    unsigned    status;
    const char *code, *title;
    unsigned    retry; /* seconds */
} http_problem_info;

http_problem_info http_problem_of(http_problem problem);

#endif
