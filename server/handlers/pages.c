/* pages.c - the files of server/web, which are inside the program. */
#include "handlers/handlers.h"
#include "web_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Everything comes from here, nothing is inline, nobody frames it. */
#define CONTENT_POLICY                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "        \
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; font-src 'self'; "                \
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

static const web_file *find(const char *path)
{
    for (const web_file *f = web_files; f->path != NULL; f++)
        if (strcmp(f->path, path) == 0)
            return f;
    return NULL;
}

/* "" and "integrators" stand for index.html and integrators.html. */
static const web_file *find_page(const char *path)
{
    char            name[256];
    const web_file *file = find(path[0] == '\0' ? "index.html" : path);

    if (file == NULL && snprintf(name, sizeof name, "%s.html", path) < (int)sizeof name)
        file = find(name);
    return file;
}

/* By an element of Accept-Encoding, such as "gzip;q=0.5": a weight of 0 is a refusal. */
static bool accepts_gzip(const http_exchange *x)
{
    const char *at = http_header(x, "Accept-Encoding");

    for (; at != NULL && *at != '\0'; at += strspn(at, ", \t")) {
        size_t      length = strcspn(at, ",");
        const char *weight = memchr(at, '=', length);

        if (strcspn(at, ",; \t") == 4 && strncasecmp(at, "gzip", 4) == 0)
            return weight == NULL || strtod(weight + 1, NULL) > 0;
        at += length;
    }
    return false;
}

void handle_page(void *context, http_exchange *x)
{
    const char     *path = http_path(x);
    const web_file *file = find_page(path + (path[0] == '/'));
    bool            gzip;

    (void)context;
    if (file == NULL) {
        http_reply_problem(x, HTTP_NOT_FOUND, "there is no such page");
        return;
    }
    gzip = file->gzip != file->gzip_end && accepts_gzip(x);
    http_add_header(x, "Content-Security-Policy", CONTENT_POLICY);
    http_add_header(x, "Permissions-Policy", "camera=(self), geolocation=(), microphone=()");
    http_add_header(x, "Cross-Origin-Opener-Policy", "same-origin");
    http_add_header(x, "ETag", file->etag);
    http_add_header(x, "Vary", "Accept-Encoding");
    http_add_header(x, "Cache-Control", "no-cache"); /* asked for again, answered by 304 */
    if (gzip)
        http_add_header(x, "Content-Encoding", "gzip");
    http_reply_static(x, 200, file->type, gzip ? file->gzip : file->bytes,
                      (size_t)(gzip ? file->gzip_end - file->gzip : file->bytes_end - file->bytes));
}
