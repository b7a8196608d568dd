/* handlers.h - what answers each route; the table is in routes.c. */
#ifndef SKC_SERVER_HANDLERS_HANDLERS_H
#define SKC_SERVER_HANDLERS_HANDLERS_H

#include "server.h"

/* predict.c */
void       handle_malignancy(void *context, http_exchange *exchange);
void       handle_diagnosis(void *context, http_exchange *exchange);
/* assessments.c */
void       handle_assess(void *context, http_exchange *exchange);
void       handle_spot(void *context, http_exchange *exchange);
void       handle_spot_erase(void *context, http_exchange *exchange);
void       handle_questions(void *context, http_exchange *exchange);
/* clinics.c */
void       handle_clinics(void *context, http_exchange *exchange);
/* models.c */
void       handle_labels(void *context, http_exchange *exchange);
void       handle_models(void *context, http_exchange *exchange);
void       handle_models_reload(void *context, http_exchange *exchange);
void       handle_models_rollback(void *context, http_exchange *exchange);
/* protocol.c: the Open Inference Protocol */
void       handle_v2_server(void *context, http_exchange *exchange);
void       handle_v2_live(void *context, http_exchange *exchange);
void       handle_v2_ready(void *context, http_exchange *exchange);
void       handle_v2_model(void *context, http_exchange *exchange);
void       handle_v2_model_ready(void *context, http_exchange *exchange);
void       handle_v2_infer(void *context, http_exchange *exchange);
/* health.c */
/* Whether a tiny picture comes through a decoder and both models. */
skc_status health_check(server *s, uint64_t deadline, skc_error *err);
void       handle_health(void *context, http_exchange *exchange);
void       handle_ready(void *context, http_exchange *exchange);
void       handle_metrics(void *context, http_exchange *exchange);
void       handle_version(void *context, http_exchange *exchange);
/* openapi.c */
void       handle_openapi(void *context, http_exchange *exchange);
/* pages.c */
void       handle_page(void *context, http_exchange *exchange);

#endif
