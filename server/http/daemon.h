/* daemon.h - the running HTTP service: what its parts share. */
#ifndef SKC_SERVER_HTTP_DAEMON_H
#define SKC_SERVER_HTTP_DAEMON_H

#include "http/connection.h"
#include "http/http.h"
#include "http/workers.h"

#include <microhttpd.h>

struct http_daemon {
    http_options       options;
    struct MHD_Daemon *mhd;
    int                listener;
    uint16_t           port;
    registry           registry;
    workers            workers;
    _Atomic uint64_t   body_bytes;
    atomic_bool        stopping, cut; /* no new requests; nobody waits for answers any more */

    pthread_t       reaper;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t  changed;
    int32_t         exchanges; /* under way */
    bool            reaper_ends;
};

/* libmicrohttpd's callbacks of intake.c; `context` is the daemon. */
void           *intake_begin(void *context, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result intake_take(void *context, struct MHD_Connection *mhd, const char *url,
                            const char *method, const char *version, const char *data, size_t *size,
                            void **slot);
void            intake_end(void *context, struct MHD_Connection *mhd, void **slot,
                           enum MHD_RequestTerminationCode code);
/* Ends the exchange of a connection that closes without intake_end() having been called, as
 * libmicrohttpd 0.9.75 does where its memory for a head does not suffice for refusing it either. */
void            intake_close(http_daemon *daemon, connection *c);

#endif
