/* bilingual.h - what people read in both languages, and the names of labels. */
#ifndef SKC_TOOLS_BILINGUAL_H
#define SKC_TOOLS_BILINGUAL_H

#include "skincnn.h"

#include <jansson.h>

/* Traditional Chinese as in Taiwan, and English; UTF-8. */
typedef struct bilingual {
    const char *zh, *en;
} bilingual;

/* {"zh-Hant": ..., "en": ...}; NULL: out of memory. */
json_t *text_json(bilingual t);

/* "mel": 黑色素瘤, melanoma. A label that is not known stands for itself. */
bilingual label_text(const char *label);
bilingual disclaimer_text(void);

#endif
