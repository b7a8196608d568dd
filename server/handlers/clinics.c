/* clinics.c - GET /v1/clinics. */
#include "handlers/handlers.h"

void handle_clinics(void *context, http_exchange *x)
{
    server *s = context;

    http_reply_json(x, 200, clinics_json(s->clinics, http_query(x, "county")));
}
