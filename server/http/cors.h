/* cors.h - which other origins' pages may call a route (the Fetch standard's CORS protocol). */
#ifndef SKC_SERVER_HTTP_CORS_H
#define SKC_SERVER_HTTP_CORS_H

#include "http/http.h"

/* The value of Access-Control-Allow-Origin for a page of `origin` (may be NULL), or NULL: none. */
const char *cors_allowed(const char *const *origins, const char *origin);
/* Adds what tells browsers whether the page that asks may read the answer. */
void        cors_add_headers(http_exchange *exchange);
/* Answers OPTIONS: what the path allows and, to a preflight, to whom. */
void        cors_reply_options(http_exchange *exchange);

#endif
