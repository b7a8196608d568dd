/* quality_json.h - a picture's quality as JSON. */
#ifndef SKC_TOOLS_QUALITY_JSON_H
#define SKC_TOOLS_QUALITY_JSON_H

#include "json_build.h"

json_t *quality_json(const skc_quality *quality);

#endif
