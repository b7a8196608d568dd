/* router.c - which route a path and a method lead to. */
#include "http/router.h"

#include <stdio.h>
#include <string.h>

/* The segment of a route's path behind a slash: what it is, from the most special on. */
typedef enum segment_kind { SPELT, NAMED, REST } segment_kind;

static segment_kind kind_of(const char *segment, size_t length)
{
    if (length < 2 || segment[0] != '{' || segment[length - 1] != '}')
        return SPELT;
    return length > 5 && strncmp(segment + length - 4, "...", 3) == 0 ? REST : NAMED;
}

/* Moves over the segment that begins at `*at`, and the slash behind it; NULL after the last. */
static const char *next_segment(const char **at, size_t *length)
{
    const char *segment = *at;

    *length = strcspn(segment, "/");
    *at     = segment[*length] == '/' ? segment + *length + 1 : NULL;
    return segment;
}

static bool matches(const char *pattern, const char *path)
{
    const char *p = pattern + 1, *t = path + 1;

    while (p != NULL) {
        size_t       p_length, t_length;
        const char  *p_segment = next_segment(&p, &p_length), *t_segment;
        segment_kind kind      = kind_of(p_segment, p_length);

        if (t == NULL)
            return false;
        if (kind == REST)
            return true;
        t_segment = next_segment(&t, &t_length);
        if (kind == NAMED ? t_length == 0
                          : t_length != p_length || memcmp(t_segment, p_segment, p_length) != 0)
            return false;
    }
    return t == NULL;
}

/* Both match one path. */
static bool more_special(const char *a, const char *b)
{
    const char *at_a = a + 1, *at_b = b + 1;

    while (at_a != NULL && at_b != NULL) {
        size_t       a_length, b_length;
        const char  *a_segment = next_segment(&at_a, &a_length);
        const char  *b_segment = next_segment(&at_b, &b_length);
        segment_kind a_kind = kind_of(a_segment, a_length), b_kind = kind_of(b_segment, b_length);

        if (a_kind != b_kind)
            return a_kind < b_kind;
    }
    return false;
}

static bool answers(const http_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void cut(router_match *match, char *text)
{
    const char *p = match->route->path + 1;
    char       *t = text + 1;

    while (p != NULL && match->count < ROUTER_PARAMETERS) {
        size_t            length;
        const char       *segment = next_segment(&p, &length);
        segment_kind      kind    = kind_of(segment, length);
        router_parameter *to      = &match->parameters[match->count];

        if (kind != SPELT) {
            *to = (router_parameter){ segment + 1, length - (kind == REST ? 5 : 2), t };
            match->count++;
        }
        if (kind == REST)
            return;
        t += strcspn(t, "/");
        if (*t == '/')
            *t++ = '\0';
    }
}

void router_find(const http_route *routes, const char *method, char *text, router_match *match)
{
    *match = (router_match){ 0 };
    for (const http_route *route = routes; route->method != NULL; route++)
        if (matches(route->path, text) &&
            (match->other == NULL || more_special(route->path, match->other->path)))
            match->other = route;
    if (match->other == NULL)
        return;
    for (const http_route *route = routes; route->method != NULL && match->route == NULL; route++)
        if (strcmp(route->path, match->other->path) == 0 && answers(route, method))
            match->route = route;
    if (match->route != NULL)
        cut(match, text);
}

const char *router_value(const router_match *match, const char *name)
{
    for (size_t i = 0; i < match->count; i++)
        if (strlen(name) == match->parameters[i].length &&
            memcmp(match->parameters[i].name, name, match->parameters[i].length) == 0)
            return match->parameters[i].value;
    return NULL;
}

void router_allow(const http_route *routes, const router_match *match, char allow[ROUTER_ALLOW])
{
    size_t used = 0;

    for (const http_route *route = routes; route->method != NULL; route++) {
        int length;

        if (strcmp(route->path, match->other->path) != 0)
            continue;
        length = snprintf(allow + used, ROUTER_ALLOW - used, "%s%s, ", route->method,
                          strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
        if (length < 0 || (size_t)length >= ROUTER_ALLOW - used)
            break;
        used += (size_t)length;
    }
    snprintf(allow + used, ROUTER_ALLOW - used, "OPTIONS");
}
