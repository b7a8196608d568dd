/* settings.h - everything that can be configured, from options, environment and file. */
#ifndef SKC_SERVER_SETTINGS_H
#define SKC_SERVER_SETTINGS_H

#include "cli.h"

typedef struct settings {
    /* Service */
    const char *listen; /* "127.0.0.1:8080", "[::1]:8080" */
    const char *data;   /* folder of the database */
    const char *models; /* folder; NULL: those that ship */
    const char *config; /* file */
    bool        check_config, check_self, next_port;
    int32_t     log_level; /* log_level of log.h */
    /* Work */
    int32_t     threads; /* inference; 0: one for every processor */
    const char *kernels;
    int32_t     event_threads, workers, queue, decoders;
    int32_t     batch, batch_wait; /* pictures, microseconds */
    /* Limits */
    int32_t     connections, connections_each;
    int32_t     idle_seconds, request_seconds, deadline_seconds, linger_seconds, drain_seconds;
    uint64_t    body_limit;  /* bytes of one request */
    uint64_t    body_budget; /* bytes of all that are being received and answered */
    uint64_t    picture_bytes, picture_pixels;
    int32_t     decode_milliseconds;
    /* Callers */
    bool        anonymous;
    int32_t     anonymous_rate, anonymous_burst, anonymous_quota, key_rate;
    cli_list    trusted_proxies, origins;
    /* What is kept */
    bool        keep;           /* people may have their assessments kept */
    int32_t     retention_days; /* then they are erased */
    /* Pages */
    const char *clinics;      /* CSV file; NULL: the marked sample */
    const char *organisation; /* who runs this: shown on the pages; NULL: not said */
} settings;

extern const cli_option settings_options[];

/* Parses "ADDRESS:PORT" and checks what options say together; false after a message. */
bool settings_check(const settings *s, char host[64], uint16_t *port);

/* Prints them as a configuration file. */
void settings_print(const settings *s);

#endif
