/* openapi.c - GET /openapi.json: the file of the pages, for other origins too. */
#include "handlers/handlers.h"
#include "web_files.h"

#include <string.h>

void handle_openapi(void *context, http_exchange *x)
{
    (void)context;
    for (const web_file *f = web_files; f->path != NULL; f++)
        if (strcmp(f->path, "openapi.json") == 0) {
            http_reply_static(x, 200, f->type, f->bytes, (size_t)(f->bytes_end - f->bytes));
            return;
        }
    http_reply_problem(x, HTTP_NOT_FOUND, "the description is not in this program");
}
