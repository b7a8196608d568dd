/* assessments.c - one picture and five answers; what is kept of it, and its end. */
#define _POSIX_C_SOURCE 200809L
#include "assessment/assessment.h"
#include "assessment/words.h"
#include "handlers/base64.h"
#include "handlers/handlers.h"
#include "handlers/judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECONDS_A_DAY = 86400, KEPT_SIDE = 800, KEPT_QUALITY = 88, KEPT_MOST = 100 };

static const char *const members[] = {
    "dermatoscope", "answers", "language", "keep", "code", NULL
};

/* What a request asks for, beside its picture. */
typedef struct wish {
    assessment_answers answers;
    bool               dermatoscope, keep;
    const char        *language;                    /* of the reminder */
    char               code[ASSESSMENT_CODE_BYTES]; /* "": a new one */
} wish;

static void moment_text(int64_t seconds, char text[32])
{
    time_t    time = (time_t)seconds;
    struct tm utc;

    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&time, &utc));
}

/* ------------------------------------------------------------------ reading */

static bool wrong(http_exchange *x, const char *what)
{
    http_reply_problem(x, HTTP_BAD_VALUE, "%s", what);
    return false;
}

static bool not_found(http_exchange *x)
{
    http_reply_problem(x, HTTP_NOT_FOUND, "nothing is kept under this code");
    return false;
}

/* The code of an earlier assessment: it must be one, and its spot must be there. */
static bool read_code(server *s, http_exchange *x, const json_t *code, wish *out)
{
    uint8_t spot[STORE_HASH_BYTES];
    int32_t count;

    out->code[0] = '\0';
    if (code == NULL || json_is_null(code))
        return true;
    if (!out->keep)
        return wrong(x, "code is of no use without keep");
    if (!json_is_string(code) || !assessment_code_read(json_string_value(code), out->code))
        return not_found(x);
    assessment_code_spot(out->code, spot);
    if (store_spot_count(s->db, spot, (int64_t)time(NULL), &count, NULL) != SKC_OK)
        return not_found(x);
    if (count >= KEPT_MOST)
        return wrong(x, "this spot has 100 pictures already");
    return true;
}

static bool read_wish(server *s, http_exchange *x, const json_t *json, wish *out)
{
    const json_t *dermatoscope = json_object_get(json, "dermatoscope");
    const json_t *keep         = json_object_get(json, "keep");
    const json_t *language     = json_object_get(json, "language");
    skc_error     err;

    if (!json_is_boolean(dermatoscope))
        return wrong(x, "dermatoscope must be true or false");
    if (keep != NULL && !json_is_boolean(keep))
        return wrong(x, "keep must be true or false");
    if (json_is_true(keep) && !s->settings->keep)
        return wrong(x, "this service keeps nothing: keep must be false");
    out->language = language == NULL ? "zh-Hant" : json_string_value(language);
    if (out->language == NULL ||
        (strcmp(out->language, "zh-Hant") != 0 && strcmp(out->language, "en") != 0))
        return wrong(x, "language must be zh-Hant or en");
    if (assessment_answers_read(json_object_get(json, "answers"), &out->answers, &err) != SKC_OK)
        return wrong(x, err.message);
    out->dermatoscope = json_is_true(dermatoscope);
    out->keep         = json_is_true(keep);
    return read_code(s, x, json_object_get(json, "code"), out);
}

/* ------------------------------------------------------------------ the answer */

static assessment_score score_of(const judged *one, inference_task task)
{
    const inference_models *m = one->result.models;

    return (assessment_score){
        .probability =
            inference_malignant_probability(m, task, one->result.answer[task].probabilities),
        .watch = (double)inference_sensitive_point(m, task).threshold,
        .high  = (double)inference_point(m, task).threshold,
    };
}

static bool add_reminder(json_t *answer, const assessment_verdict *v, int64_t now,
                         const char *language)
{
    char *text = assessment_reminder(v, now, language);
    bool  good = text != NULL && json_object_set_new(answer, "reminder", json_string(text)) == 0;

    free(text);
    return good;
}

/* Level, reasons, advice, letter and reminder. */
static bool add_verdict(json_t *answer, const judged *one, const wish *w, int64_t now)
{
    assessment_picture picture = { score_of(one, INFERENCE_MALIGNANCY),
                                   score_of(one, INFERENCE_DIAGNOSIS), w->dermatoscope };
    assessment_verdict v       = assessment_judge(&picture, &w->answers);
    json_t            *verdict = assessment_verdict_write(&v, &picture, &w->answers);
    bool               good    = verdict != NULL && json_object_update(answer, verdict) == 0;

    json_decref(verdict);
    return good && add_reminder(answer, &v, now, w->language) &&
           json_object_set_new(answer, "letter",
                               assessment_letter(&v, &picture, &w->answers,
                                                 json_object_get(answer, "malignancy"),
                                                 json_object_get(answer, "diagnosis"), now)) == 0;
}

static bool add_no_verdict(json_t *answer)
{
    static const char *const names[] = {
        "level",        "level_text", "by_picture", "points",
        "certainty",    "reasons",    "advice",     "see_doctor_within_days",
        "recheck_days", "letter",     "reminder"
    };
    bool good = true;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        good = good && json_object_set_new(answer, names[i], json_null()) == 0;
    return good;
}

/* All but the frame and what belongs to keeping. NULL: out of memory. */
static json_t *assessment_json(const judged *one, const wish *w, int64_t now)
{
    char    created[32];
    json_t *answer;
    bool    accepted = judged_accepted(one);

    moment_text(now, created);
    answer = json_pack(
        "{s:b, s:o, s:o, s:o, s:o, s:b, s:s, s:n, s:n}", "accepted", (int)accepted, "refusal",
        judged_refusal(one), "malignancy", judged_json(one, INFERENCE_MALIGNANCY), "diagnosis",
        judged_json(one, INFERENCE_DIAGNOSIS), "answers", assessment_answers_write(&w->answers),
        "dermatoscope", (int)w->dermatoscope, "created", created, "code", "expires");
    if (answer != NULL && !(accepted ? add_verdict(answer, one, w, now) : add_no_verdict(answer))) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

/* ------------------------------------------------------------------ keeping */

/* The answer and the picture, encoded anew, as one sealed text. */
static skc_status seal(const json_t *answer, const skc_image *image, const char *code,
                       uint8_t **sealed, size_t *size, skc_error *err)
{
    uint8_t   *jpeg;
    size_t     jpeg_size;
    char      *url, *text = NULL;
    json_t    *record;
    skc_status status = judged_jpeg(image, KEPT_SIDE, KEPT_QUALITY, &jpeg, &jpeg_size, err);

    if (status != SKC_OK)
        return status;
    url    = base64_data_url("image/jpeg", jpeg, jpeg_size);
    record = json_copy((json_t *)(uintptr_t)answer);
    if (url != NULL && record != NULL &&
        json_object_set_new(record, "picture", json_string_nocheck(url)) == 0)
        text = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
    status =
        text == NULL ? SKC_ENOMEM : assessment_seal(code, text, strlen(text), sealed, size, err);
    skc_free(NULL, jpeg);
    json_decref(record);
    free(url);
    free(text);
    return status;
}

/* Adds "code" and "expires", and puts the record on the disk. */
static skc_status keep(server *s, json_t *answer, const judged *one, const wish *w, int64_t now,
                       skc_error *err)
{
    int64_t    expires = now + (int64_t)s->settings->retention_days * SECONDS_A_DAY;
    char       code[ASSESSMENT_CODE_BYTES], until[32];
    uint8_t    spot[STORE_HASH_BYTES], *sealed;
    size_t     size;
    skc_status status;

    memcpy(code, w->code, sizeof code);
    if (code[0] == '\0')
        assessment_code_make(code);
    assessment_code_spot(code, spot);
    status = seal(answer, one->decoded.image, code, &sealed, &size, err);
    if (status != SKC_OK)
        return status;
    moment_text(expires, until);
    if (json_object_set_new(answer, "code", json_string(code)) != 0 ||
        json_object_set_new(answer, "expires", json_string(until)) != 0)
        status = SKC_ENOMEM;
    if (status == SKC_OK)
        status = store_record_add(s->db, spot, sealed, size, now, expires, err);
    free(sealed);
    return status;
}

static void answer(server *s, http_exchange *x, const judged *one, const wish *w)
{
    int64_t   now  = (int64_t)time(NULL);
    json_t   *json = assessment_json(one, w, now);
    bool      kept = w->keep && judged_accepted(one);
    skc_error err  = { SKC_ENOMEM, "out of memory" };

    if (json != NULL && kept && keep(s, json, one, w, now, &err) != SKC_OK) {
        log_message(LOG_ERROR, "assessment not kept", "%s", err.message);
        json_decref(json);
        http_reply_problem(x, HTTP_BUSY, "the assessment cannot be kept now; nothing was stored");
        return;
    }
    if (json != NULL && !judged_frame(x, json)) {
        json_decref(json);
        json = NULL;
    }
    http_reply_json(x, kept ? 201 : 200, json);
}

void handle_assess(void *context, http_exchange *x)
{
    static const bool both[INFERENCE_TASKS] = { true, true };
    server           *s                     = context;
    picture_list      list;
    judged            one;
    wish              w;

    if (!pictures_read(x, members, 1, &list))
        return;
    if (list.several)
        wrong(x, "one picture is assessed at a time: image must be given");
    else if (read_wish(s, x, list.json, &w) && judge(s, x, &list, both, &one)) {
        answer(s, x, &one, &w);
        judged_free(&one, 1);
    }
    pictures_free(&list);
}

/* ------------------------------------------------------------------ what was kept */

/* The path's code as a spot; false: it has replied. The same answer to what is not a code and to
 * what is not there. */
static bool find_spot(http_exchange *x, char code[ASSESSMENT_CODE_BYTES],
                      uint8_t spot[STORE_HASH_BYTES])
{
    if (!assessment_code_read(http_parameter(x, "code"), code))
        return not_found(x);
    assessment_code_spot(code, spot);
    return true;
}

static json_t *unseal(const char *code, const store_record *record)
{
    uint8_t *text;
    size_t   size;
    json_t  *json;

    if (assessment_unseal(code, record->sealed, record->size, &text, &size, NULL) != SKC_OK)
        return NULL;
    json = json_loadb((const char *)text, size, 0, NULL);
    free(text);
    return json;
}

static json_t *spot_json(const char *code, const store_record *records, int32_t count,
                         int64_t expires)
{
    json_t *list = json_array();
    char    until[32];

    moment_text(expires, until);
    for (int32_t i = 0; i < count; i++)
        if (json_array_append_new(list, unseal(code, &records[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    return json_pack("{s:s, s:s, s:o, s:o}", "code", code, "expires", until, "assessments", list,
                     "disclaimer", text_json(disclaimer_text()));
}

void handle_spot(void *context, http_exchange *x)
{
    server       *s = context;
    char          code[ASSESSMENT_CODE_BYTES];
    uint8_t       spot[STORE_HASH_BYTES];
    store_record *records;
    int32_t       count;
    int64_t       expires;
    skc_error     err;
    skc_status    status;

    if (!find_spot(x, code, spot))
        return;
    status = store_records(s->db, spot, (int64_t)time(NULL), &records, &count, &expires, &err);
    if (status == SKC_ENOTFOUND) {
        not_found(x);
    } else if (status != SKC_OK) {
        log_message(LOG_ERROR, "records not read", "%s", err.message);
        http_reply_problem(x, HTTP_BUSY, "the records cannot be read now");
    } else {
        http_reply_json(x, 200, spot_json(code, records, count, expires));
        store_records_free(records, count);
    }
}

void handle_spot_erase(void *context, http_exchange *x)
{
    server    *s = context;
    char       code[ASSESSMENT_CODE_BYTES];
    uint8_t    spot[STORE_HASH_BYTES];
    skc_error  err;
    skc_status status;

    if (!find_spot(x, code, spot))
        return;
    status = store_spot_erase(s->db, spot, &err);
    if (status == SKC_ENOTFOUND) {
        not_found(x);
    } else if (status != SKC_OK) {
        log_message(LOG_ERROR, "spot not erased", "%s", err.message);
        http_reply_problem(x, HTTP_BUSY, "it cannot be erased now; try again");
    } else {
        http_reply_empty(x, 204);
    }
}

void handle_questions(void *context, http_exchange *x)
{
    (void)context;
    http_reply_json(x, 200, json_pack("{s:o}", "questions", assessment_questions()));
}
