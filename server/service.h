/* service.h - starting, running and ending the service. */
#ifndef SKC_SERVER_SERVICE_H
#define SKC_SERVER_SERVICE_H

#include "server.h"

/* Starts everything, the decoders' spawner first; what was started is ended again where it fails.
 */
skc_status service_start(const settings *s, const char *address, uint16_t port, server **out,
                         skc_error *err);
/* Handles signals until one ends the service: SIGHUP reloads the models, SIGTERM and SIGINT end.
 * Once a second it stores counts, once an hour it erases what has expired. */
void       service_run(server *running);
/* Readiness first, then requests under way, the database last. */
void       service_stop(server *running);

#endif
