/* cors.c - which other origins' pages may call a route (the Fetch standard's CORS protocol). */
#include "http/cors.h"

#include "http/exchange.h"

#include <string.h>

const char *cors_allowed(const char *const *origins, const char *origin)
{
    for (; origins != NULL && *origins != NULL; origins++) {
        if (strcmp(*origins, "*") == 0)
            return "*";
        if (origin != NULL && strcmp(*origins, origin) == 0)
            return origin;
    }
    return NULL;
}

void cors_add_headers(http_exchange *x)
{
    const http_route  *route   = x->match.other;
    const char *const *origins = x->daemon->options.origins;
    bool               open = route != NULL && (route->flags & HTTP_CORS) != 0 && origins != NULL;
    const char        *allowed = open ? cors_allowed(origins, http_header(x, "Origin")) : NULL;

    http_add_header(x, "Cross-Origin-Resource-Policy", open ? "cross-origin" : "same-origin");
    if (allowed != NULL) {
        http_add_header(x, "Access-Control-Allow-Origin", allowed);
        http_add_header(x, "Access-Control-Expose-Headers", "ETag, Retry-After, X-Request-Id");
    }
    if (open && (allowed == NULL || strcmp(allowed, "*") != 0))
        http_add_header(x, "Vary", "Origin"); /* caches must not give one origin's to another */
}

void cors_reply_options(http_exchange *x)
{
    char allow[ROUTER_ALLOW];

    router_allow(x->daemon->options.routes, &x->match, allow);
    http_add_header(x, "Allow", allow);
    if ((x->match.other->flags & HTTP_CORS) != 0 &&
        http_header(x, "Access-Control-Request-Method") != NULL &&
        cors_allowed(x->daemon->options.origins, http_header(x, "Origin")) != NULL) {
        http_add_header(x, "Access-Control-Allow-Methods", allow);
        http_add_header(x, "Access-Control-Allow-Headers",
                        "Authorization, Content-Type, X-API-Key, X-Request-Id");
        http_add_header(x, "Access-Control-Max-Age", "600");
    }
    http_reply_empty(x, 204);
}
