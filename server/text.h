/* text.h - what people read about their picture, in Traditional Chinese and English. */
#ifndef SKC_SERVER_TEXT_H
#define SKC_SERVER_TEXT_H

#include "bilingual.h"
#include "skincnn.h"

/* What is wrong with a picture and what to do. */
bilingual quality_text(skc_quality_reason reason);

#endif
