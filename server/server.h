/* server.h - the running service: what every handler can reach. */
#ifndef SKC_SERVER_SERVER_H
#define SKC_SERVER_SERVER_H

#include "access/access.h"
#include "assessment/clinics.h"
#include "decoder/decoder.h"
#include "http/http.h"
#include "inference/inference.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "settings.h"
#include "store/store.h"

#include <stdatomic.h>

typedef struct server {
    const settings    *settings;
    int                claim; /* of the data folder; -1: none */
    store             *db;
    decoder_spawner   *spawner;
    decoders          *decoders;
    inference         *inference;
    access_control    *access;
    metrics           *metrics;
    clinics           *clinics;
    http_route        *routes;
    http_daemon       *http;
    const char *const *proxies, *const *origins; /* lists that NULL ends */
    atomic_bool ready;    /* the models are loaded: before, only inline routes answer */
    atomic_bool draining; /* readiness says no */
} server;

/* The one table of routes; their `context` is a server. */
extern const http_route server_routes[];
/* A copy with the configured limit of a body; released with free. NULL: out of memory. */
http_route             *server_routes_make(uint64_t body_limit);

#endif
