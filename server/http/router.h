/* router.h - which route a path and a method lead to. */
#ifndef SKC_SERVER_HTTP_ROUTER_H
#define SKC_SERVER_HTTP_ROUTER_H

#include "http/http.h"

enum { ROUTER_PARAMETERS = 8, ROUTER_ALLOW = 96 };

typedef struct router_parameter {
    const char *name; /* in the route's path, of `length` bytes */
    size_t      length;
    char       *value;
} router_parameter;

typedef struct router_match {
    const http_route *route; /* NULL where the path has no route, or none of this method */
    const http_route *other; /* one of this path, whatever its method; NULL: none */
    router_parameter  parameters[ROUTER_PARAMETERS];
    size_t            count;
} router_match;

/* Of several paths that match, the most special one counts: the one that spells out the first
 * segment in which they differ, or else whose name there stands for one segment. `text` is a copy
 * of the path that is cut into the parameters' values. */
void router_find(const http_route *routes, const char *method, char *text, router_match *match);
/* NULL: no such name. */
const char *router_value(const router_match *match, const char *name);
/* For the Allow field: "GET, HEAD, POST, OPTIONS", those of the path of `match`. */
void router_allow(const http_route *routes, const router_match *match, char allow[ROUTER_ALLOW]);

#endif
