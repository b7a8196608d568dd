/* answers.c - the five answers as JSON, and what is said about them and the picture. */
#include "assessment/words.h"
#include "failure.h"
#include "json_with.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ reading and writing */

static skc_status read_answer(const question *q, const json_t *json, assessment_answers *out,
                              skc_error *err)
{
    const json_t *given = json_object_get(json, q->name);
    const char   *word  = json_string_value(given);

    for (int32_t i = 0; i < q->values && word != NULL; i++)
        if (strcmp(word, q->value[i]) == 0) {
            memcpy((char *)out + q->offset, &i, sizeof i);
            return SKC_OK;
        }
    return failure(err, SKC_EINVAL, "answers.%s is %s%.30s; it must be one of %s, %s, %s", q->name,
                   given == NULL  ? "missing"
                   : word == NULL ? "not a text"
                                  : "",
                   word == NULL ? "" : word, q->value[0], q->value[1], q->value[2]);
}

skc_status assessment_answers_read(const json_t *json, assessment_answers *out, skc_error *err)
{
    assessment_answers answers = { 0 };
    skc_status         status  = SKC_OK;

    if (!json_is_object(json))
        return failure(err, SKC_EINVAL, "answers must be an object with five members");
    for (const question *q = questions; q < questions + QUESTIONS && status == SKC_OK; q++)
        status = read_answer(q, json, &answers, err);
    if (status == SKC_OK && json_object_size(json) != QUESTIONS)
        status = failure(err, SKC_EINVAL,
                         "answers has members other than change, uneven, large, "
                         "site and history");
    if (status == SKC_OK)
        *out = answers;
    return status;
}

json_t *assessment_answers_write(const assessment_answers *answers)
{
    json_t *json = json_object();

    for (const question *q = questions; q < questions + QUESTIONS; q++)
        json = json_with(json, q->name, json_string(q->value[question_reply(q, answers)]));
    return json;
}

/* ------------------------------------------------------------------ reasons and advice */

static json_t *with_reason(json_t *list, const char *code, bilingual t)
{
    return json_with_item(list, json_pack("{s:s, s:o}", "code", code, "text", text_json(t)));
}

static json_t *with_picture_reasons(json_t *list, const assessment_picture *p)
{
    static const bilingual first[LEVEL_COUNT] = {
        [LEVEL_WATCH] = { "良性／惡性模型無法排除需要檢查的特徵",
                          "The benign-or-malignant model cannot rule out features to examine" },
        [LEVEL_HIGH]  = { "良性／惡性模型認為照片中有需要檢查的特徵",
                          "The benign-or-malignant model sees features that should be examined" },
    };
    static const bilingual second[LEVEL_COUNT] = {
        [LEVEL_WATCH] = { "疾病分類模型無法排除惡性或癌前病變",
                          "The disease model cannot rule out a malignant or precancerous spot" },
        [LEVEL_HIGH]  = { "疾病分類模型認為可能是惡性或癌前病變",
                          "The disease model sees a possible malignant or precancerous spot" },
    };
    assessment_level malignancy = assessment_score_level(&p->malignancy);
    assessment_level diagnosis  = assessment_score_level(&p->diagnosis);

    if (malignancy != LEVEL_LOW)
        list = with_reason(list, "malignancy", first[malignancy]);
    if (diagnosis != LEVEL_LOW)
        list = with_reason(list, "diagnosis", second[diagnosis]);
    if (malignancy == LEVEL_LOW && diagnosis == LEVEL_LOW)
        list = with_reason(list, "picture_clear",
                           (bilingual){ "兩個模型都沒有在照片中看到警訊",
                                        "Neither model sees a warning sign in the picture" });
    return list;
}

static json_t *reasons_json(const assessment_picture *picture, const assessment_answers *answers)
{
    json_t *list = with_picture_reasons(json_array(), picture);

    for (const question *q = questions; q < questions + QUESTIONS; q++) {
        bilingual reason = q->reason[question_reply(q, answers)];

        if (reason.zh != NULL)
            list = with_reason(list, q->name, reason);
    }
    return list;
}

static json_t *advice_json(const assessment_verdict *v, bool dermatoscope)
{
    static const bilingual by_level[LEVEL_COUNT][3] = {
        [LEVEL_LOW]   = { { "每個月檢查一次這個斑點；有任何變化就看醫師。",
                            "Look at the spot once a month; see a doctor if it changes in any way." },
                          { "如果您仍然擔心，請看醫師：您的感覺比這個結果更重要。",
                            "If you still worry, see a doctor: that counts for more than this "
                              "answer." } },
        [LEVEL_WATCH] = { { "請在一個月內讓醫師看看這個斑點。",
                            "Have a doctor look at the spot within a month." },
                          { "如果它在這之前有變化、流血或變大，請立刻就醫。",
                            "If it changes, bleeds or grows before that, go at once." },
                          { "就診時請帶著這張照片。", "Take this picture along." } },
        [LEVEL_HIGH]  = { { "請盡快看皮膚科醫師，最晚在兩週內。",
                            "See a dermatologist as soon as you can, within two weeks at the "
                             "latest." },
                          { "列印轉診信，連同照片一起帶去。",
                            "Print the referral letter and take it along with the picture." },
                          { "在那之前，請不要自行處理或除去它。",
                            "Until then, do not treat or remove it yourself." } },
    };
    json_t *list = json_array();

    for (int i = 0; i < 3 && by_level[v->level][i].zh != NULL; i++)
        list = json_with_item(list, text_json(by_level[v->level][i]));
    if (!dermatoscope)
        list = json_with_item(
            list,
            text_json((bilingual){ "模型是用皮膚鏡照片訓練的；一般照片的結果比較不可靠。",
                                   "The models know pictures taken through a dermatoscope; from a "
                                   "plain photograph the answer is less certain." }));
    return list;
}

json_t *assessment_verdict_write(const assessment_verdict *v, const assessment_picture *picture,
                                 const assessment_answers *answers)
{
    return json_pack("{s:s, s:o, s:s, s:i, s:s, s:o, s:o, s:i, s:i}", "level", level_name(v->level),
                     "level_text", text_json(level_text(v->level, picture->dermatoscope)),
                     "by_picture", level_name(v->picture), "points", v->points, "certainty",
                     picture->dermatoscope ? "usual" : "lower", "reasons",
                     reasons_json(picture, answers), "advice",
                     advice_json(v, picture->dermatoscope), "see_doctor_within_days", v->days,
                     "recheck_days", v->recheck);
}
