/* judge.h - one way for all routes: pictures are decoded, looked at, and given to the networks. */
#ifndef SKC_SERVER_HANDLERS_JUDGE_H
#define SKC_SERVER_HANDLERS_JUDGE_H

#include "handlers/pictures.h"

typedef struct judged {
    picture_failure  failure; /* then nothing else is set but the models */
    decoder_result   decoded;
    skc_quality      quality;
    inference_result result; /* its models always; the answers where the quality is good */
} judged;

/* Judges all pictures of the list by the wanted tasks. False: it has replied (the service is busy,
 * or a picture has failed and `several` is not set), and nothing is to be freed. */
bool judge(server *s, http_exchange *exchange, const picture_list *list,
           const bool wanted[INFERENCE_TASKS], judged *out);
void judged_free(judged *all, int32_t count);

bool judged_accepted(const judged *one);

/* The members of a result that docs/http-api.md lists, for one task; NULL: out of memory. */
json_t    *judged_json(const judged *one, inference_task task);
/* {"reason", "text"}, or null where the picture is accepted. */
json_t    *judged_refusal(const judged *one);
/* {"name", "architecture", "version", "sha256"}. */
json_t    *judged_model(const inference_models *models, inference_task task);
/* Adds "request_id", "milliseconds" and "disclaimer". */
bool       judged_frame(const http_exchange *exchange, json_t *answer);
/* The cropped picture as a JPEG without metadata, at most `side` pixels a side. */
skc_status judged_jpeg(const skc_image *image, int32_t side, int32_t quality, uint8_t **bytes,
                       size_t *size, skc_error *err);

#endif
