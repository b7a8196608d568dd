/* routes.c - the one table of routes: what is answered, by whom, and what it takes. */
#include "handlers/handlers.h"

#include <stdlib.h>
#include <string.h>

#define PICTURES "application/json image/jpeg image/png multipart/form-data"

/* Of the query: links to pages, and probes, come with what others have added to them. */
#define NO_QUERY  ""
#define ANY_QUERY NULL

enum {
    PUBLIC  = HTTP_CORS,
    LIMITED = HTTP_CORS | HTTP_LIMITED,
    PROBE   = HTTP_INLINE | HTTP_QUIET,
    ADMIN   = HTTP_ADMIN | HTTP_LIMITED
};

/* Stands for the limit that is configured. */
#define BODY_OF_SETTINGS SIZE_MAX

/* clang-format off */
const http_route server_routes[] = {
    { "POST", "/v1/malignancy", handle_malignancy, LIMITED, BODY_OF_SETTINGS, PICTURES, "crop explain",
      "Benign or malignant: 1 to 16 pictures" },
    { "POST", "/v1/diagnosis", handle_diagnosis, LIMITED, BODY_OF_SETTINGS, PICTURES, "crop explain",
      "One of seven diseases: 1 to 16 pictures" },
    { "POST", "/v1/assessments", handle_assess, LIMITED, BODY_OF_SETTINGS, "application/json", NO_QUERY,
      "One picture and five answers: the risk, the reasons, and what to do" },
    { "GET", "/v1/assessments/{code}", handle_spot, LIMITED, 0, NULL, NO_QUERY,
      "What was kept of a spot, oldest first" },
    { "DELETE", "/v1/assessments/{code}", handle_spot_erase, LIMITED, 0, NULL, NO_QUERY,
      "Erases everything of a spot" },
    { "GET", "/v1/questions", handle_questions, PUBLIC, 0, NULL, NO_QUERY, "The five questions" },
    { "GET", "/v1/clinics", handle_clinics, PUBLIC, 0, NULL, "county", "The directory of clinics" },
    { "GET", "/v1/labels", handle_labels, PUBLIC, 0, NULL, NO_QUERY,
      "Labels of both tasks with their names in both languages" },
    { "GET", "/v1/models", handle_models, PUBLIC, 0, NULL, NO_QUERY, "The models in use and those before" },
    { "POST", "/v1/models/reload", handle_models_reload, ADMIN, 0, NULL, NO_QUERY,
      "Puts the models of the files in place" },
    { "POST", "/v1/models/rollback", handle_models_rollback, ADMIN, 0, NULL, NO_QUERY,
      "Puts the models from before in place" },

    { "GET", "/v2", handle_v2_server, PUBLIC, 0, NULL, ANY_QUERY, "Open Inference Protocol: the server" },
    { "GET", "/v2/health/live", handle_v2_live, PUBLIC | PROBE, 0, NULL, ANY_QUERY,
      "Open Inference Protocol: whether it lives" },
    { "GET", "/v2/health/ready", handle_v2_ready, PUBLIC | HTTP_QUIET, 0, NULL, ANY_QUERY,
      "Open Inference Protocol: whether it is ready" },
    { "GET", "/v2/models/{model}", handle_v2_model, PUBLIC, 0, NULL, ANY_QUERY,
      "Open Inference Protocol: a model's metadata" },
    { "GET", "/v2/models/{model}/versions/{version}", handle_v2_model, PUBLIC, 0, NULL, ANY_QUERY,
      "Open Inference Protocol: the metadata of a version" },
    { "GET", "/v2/models/{model}/ready", handle_v2_model_ready, PUBLIC | HTTP_QUIET, 0, NULL, ANY_QUERY,
      "Open Inference Protocol: whether a model is ready" },
    { "GET", "/v2/models/{model}/versions/{version}/ready", handle_v2_model_ready,
      PUBLIC | HTTP_QUIET, 0, NULL, ANY_QUERY, "Open Inference Protocol: whether a version is ready" },
    { "POST", "/v2/models/{model}/infer", handle_v2_infer, LIMITED, BODY_OF_SETTINGS,
      "application/json", ANY_QUERY, "Open Inference Protocol: inference" },
    { "POST", "/v2/models/{model}/versions/{version}/infer", handle_v2_infer, LIMITED, BODY_OF_SETTINGS,
      "application/json", ANY_QUERY, "Open Inference Protocol: inference by a version" },

    { "GET", "/healthz", handle_health, PROBE, 0, NULL, ANY_QUERY, "Whether the process lives" },
    { "GET", "/readyz", handle_ready, HTTP_QUIET, 0, NULL, ANY_QUERY,
      "Whether it can answer: a real tiny inference" },
    { "GET", "/metrics", handle_metrics, HTTP_QUIET, 0, NULL, ANY_QUERY, "Figures for Prometheus" },
    { "GET", "/version", handle_version, PUBLIC | HTTP_INLINE, 0, NULL, ANY_QUERY, "The version" },
    { "GET", "/openapi.json", handle_openapi, PUBLIC, 0, NULL, ANY_QUERY, "This contract as OpenAPI 3.1" },
    { "GET", "/{page...}", handle_page, HTTP_INLINE | HTTP_QUIET, 0, NULL, ANY_QUERY, "The pages" },
    { .method = NULL },
};
/* clang-format on */

http_route *server_routes_make(uint64_t body_limit)
{
    http_route *routes = malloc(sizeof server_routes);

    if (routes == NULL)
        return NULL;
    memcpy(routes, server_routes, sizeof server_routes);
    for (http_route *r = routes; r->method != NULL; r++)
        if (r->body_limit == BODY_OF_SETTINGS)
            r->body_limit = (size_t)body_limit;
    return routes;
}
