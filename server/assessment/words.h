/* words.h - the texts of an assessment in both languages. */
#ifndef SKC_SERVER_ASSESSMENT_WORDS_H
#define SKC_SERVER_ASSESSMENT_WORDS_H

#include "assessment/assessment.h"
#include "text.h"

/* "low", "watch", "high". */
const char *level_name(assessment_level level);
/* "Low risk", but without a dermatoscope "No warning sign found". */
bilingual   level_text(assessment_level level, bool dermatoscope);

/* One question: member of the JSON, its text, and its values. */
typedef struct question {
    const char *name;
    bilingual   asked, explained;
    size_t      offset; /* of the value in assessment_answers */
    int32_t     values;
    const char *value[3]; /* by number */
    bilingual   value_text[3];
    bilingual   reason[3]; /* why this answer matters; zh NULL: it does not */
} question;

enum { QUESTIONS = 5 };
extern const question questions[QUESTIONS];

int32_t question_reply(const question *q, const assessment_answers *answers);

/* [{"name", "text", "explanation", "values": [{"value", "text"}]}]; NULL: out of memory. */
json_t *assessment_questions(void);

#endif
