/* exchange.h - one request and its answer, from inside. */
#ifndef SKC_SERVER_HTTP_EXCHANGE_H
#define SKC_SERVER_HTTP_EXCHANGE_H

#include "http/daemon.h"
#include "http/fields.h"
#include "http/identity.h"
#include "http/router.h"
#include "http/target.h"

enum { EXCHANGE_FIELDS = 2048 };

typedef struct exchange_answer {
    unsigned             status; /* 0: none yet */
    struct MHD_Response *mhd;    /* NULL: there was no memory for it */
    const void          *body;
    size_t               size, held;              /* `held` of it counts against the budget */
    char                 fields[EXCHANGE_FIELDS]; /* name NUL value NUL ... */
    size_t               used;
} exchange_answer;

/* Belongs to its event thread; from workers_push() to MHD_resume_connection() to a worker. */
struct http_exchange {
    http_daemon           *daemon;
    connection            *connection;
    struct MHD_Connection *mhd;
    http_exchange         *next; /* in the queue */
    uint64_t               started, deadline;
    const char            *method;
    size_t                 uri_length;
    char                  *uri, *segments; /* copies that `target` and `match` point into */
    target                 target;
    router_match           match;
    char                   id[IDENTITY_BYTES], client[ADDRESS_TEXT], media_type[FIELDS_MEDIA_TYPE];
    bool                   head_taken, pushed;
    bool                   close;   /* the connection, after the answer */
    bool                   cut_off; /* answered in the middle of its body */
    bool                   has_body;
    uint64_t               claimed; /* Content-Length; UINT64_MAX: chunked */
    char                  *body;
    size_t                 size, capacity, received;
    void                  *caller;
    exchange_answer        answer;
};

/* NULL: out of memory. */
http_exchange *exchange_create(http_daemon *daemon, connection *c, struct MHD_Connection *mhd,
                               const char *uri);
void           exchange_free(http_exchange *x);
/* Runs the handler and answers for one that did not. */
void           exchange_run(http_exchange *x);

/* Fills in what the head says. NULL, or what is wrong with it. */
const char *head_read(http_exchange *x, const char *url, const char *version);

/* What became of adding to a body. */
typedef enum exchange_growth { GROWTH_OK, GROWTH_LIMIT, GROWTH_BUDGET } exchange_growth;
exchange_growth exchange_grow(http_exchange *x, const char *bytes, size_t size);

/* Writes the answer to the socket past libmicrohttpd, which takes none in the middle of a body. */
void answer_send(http_exchange *x);
void answer_free(http_exchange *x);

#endif
