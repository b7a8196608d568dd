/* assessment.h - from two models' answers and five answers of a person to a level of risk.
 *
 * The rule is a table, published in docs/risk-rule.md and tested cell by cell. Answers can raise
 * the level, never lower it. Texts are in Traditional Chinese and English.
 */
#ifndef SKC_SERVER_ASSESSMENT_ASSESSMENT_H
#define SKC_SERVER_ASSESSMENT_ASSESSMENT_H

#include "skincnn.h"

#include <jansson.h>

typedef enum assessment_level { LEVEL_LOW, LEVEL_WATCH, LEVEL_HIGH, LEVEL_COUNT } assessment_level;

/* The five questions: id, JSON member. Values of all but the site: "yes", "no", "unsure". */
typedef enum assessment_reply { REPLY_NO, REPLY_UNSURE, REPLY_YES, REPLY_COUNT } assessment_reply;
typedef enum assessment_site { SITE_OTHER, SITE_FACE, SITE_ACRAL, SITE_COUNT } assessment_site;

typedef struct assessment_answers {
    assessment_reply change;  /* size, shape or colour in recent months; bleeds, does not heal */
    assessment_reply uneven;  /* halves unlike, ragged border, or more than one colour */
    assessment_reply large;   /* wider than 6 mm, a pencil's end */
    assessment_site  site;    /* "acral": palm, sole, nail; "face": face or scalp; "other" */
    assessment_reply history; /* the person, parents, siblings or children had skin cancer; or over
                                 50 moles */
} assessment_answers;

/* What one model says: the malignant probability, and the operating points of the model from which
 * it counts as high (the default one) and as worth watching (a more sensitive one). */
typedef struct assessment_score {
    double probability, watch, high;
} assessment_score;

typedef struct assessment_picture {
    assessment_score malignancy, diagnosis;
    bool             dermatoscope;
} assessment_picture;

typedef struct assessment_verdict {
    assessment_level picture; /* by the picture alone */
    assessment_level level;   /* with the answers: never lower */
    int32_t          points;  /* of the answers */
    int32_t          days;    /* within which to see a doctor; 0: no need by itself */
    int32_t          recheck; /* days to the next self-check */
} assessment_verdict;

assessment_level   assessment_score_level(const assessment_score *score);
/* The higher of both models'. */
assessment_level   assessment_picture_level(const assessment_picture *picture);
int32_t            assessment_points(const assessment_answers *answers);
assessment_verdict assessment_judge(const assessment_picture *picture,
                                    const assessment_answers *answers);

/* Reads {"change":"yes",...}: all five are required, others refused; SKC_EINVAL names the member.
 */
skc_status assessment_answers_read(const json_t *json, assessment_answers *out, skc_error *err);
json_t    *assessment_answers_write(const assessment_answers *answers);

/* Members of the answer: "level", "level_text", "by_picture", "points", "certainty", "reasons"
 * (list of {"code","text"}), "advice" (list of texts), "see_doctor_within_days", "recheck_days". A
 * text is {"zh-Hant","en"}. NULL: no memory. */
json_t *assessment_verdict_write(const assessment_verdict *verdict,
                                 const assessment_picture *picture,
                                 const assessment_answers *answers);

/* A calendar file (RFC 5545) with twelve self-checks, `recheck` days apart; release with free.
 * `language` is "zh-Hant" or "en". libsodium must be initialised. NULL: no memory. */
char   *assessment_reminder(const assessment_verdict *verdict, int64_t now, const char *language);
/* The referral letter as {"zh-Hant": text, "en": text}: what a doctor wants to know. */
json_t *assessment_letter(const assessment_verdict *verdict, const assessment_picture *picture,
                          const assessment_answers *answers, const json_t *malignancy,
                          const json_t *diagnosis, int64_t now);

/* ------------------------------------------------------------------ codes */

/* A code has 125 random bits: "ABCDE-FGHJK-..." in Crockford's base 32, five groups of five. From
 * it come, by libsodium's key derivation, what the store knows the spot by, and the key that its
 * records are sealed with. */
enum { ASSESSMENT_CODE_BYTES = 32 };
void       assessment_code_make(char code[ASSESSMENT_CODE_BYTES]);
/* Puts it into the one form (case, spaces, dashes, O/0, I/L/1); false: not a code. */
bool       assessment_code_read(const char *text, char code[ASSESSMENT_CODE_BYTES]);
void       assessment_code_spot(const char *code, uint8_t spot[32]);
/* Encrypts and authenticates; release with free. */
skc_status assessment_seal(const char *code, const void *bytes, size_t size, uint8_t **sealed,
                           size_t *sealed_size, skc_error *err);
skc_status assessment_unseal(const char *code, const void *sealed, size_t sealed_size,
                             uint8_t **bytes, size_t *size, skc_error *err);

#endif
