/* text.h - what people read, in Traditional Chinese and English, and the names of labels. */
#ifndef SKC_SERVER_TEXT_H
#define SKC_SERVER_TEXT_H

#include "skincnn.h"

#include <jansson.h>

typedef struct bilingual {
    const char *zh, *en;
} bilingual;

/* {"zh-Hant": ..., "en": ...}; NULL: out of memory. */
json_t *text_json(bilingual t);

/* "mel": 黑色素瘤, melanoma. A label that is not known stands for itself. */
bilingual label_text(const char *label);
/* What is wrong with a picture and what to do. */
bilingual quality_text(skc_quality_reason reason);
bilingual disclaimer_text(void);

#endif
