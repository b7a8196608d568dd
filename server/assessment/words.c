/* words.c - the texts of an assessment in both languages. */
#include "assessment/words.h"
#include "json_with.h"

#include <string.h>

const char *level_name(assessment_level level)
{
    static const char *const names[] = { "low", "watch", "high" };

    return names[level];
}

bilingual level_text(assessment_level level, bool dermatoscope)
{
    static const bilingual texts[] = { { "低風險：未發現警訊", "Low risk: no warning sign found" },
                                       { "需要留意", "Worth watching" },
                                       { "高風險：請盡快看皮膚科醫師",
                                         "High risk: see a dermatologist soon" } };

    if (level == LEVEL_LOW && !dermatoscope)
        return (bilingual){ "未發現警訊", "No warning sign found" };
    return texts[level];
}

#define NO_UNSURE_YES                                                                              \
    {                                                                                              \
        "no", "unsure", "yes"                                                                      \
    }
#define NO_UNSURE_YES_TEXT                                                                         \
    {                                                                                              \
        { "沒有", "No" }, { "不確定", "Not sure" },                                                \
        {                                                                                          \
            "有", "Yes"                                                                            \
        }                                                                                          \
    }

const question questions[QUESTIONS] = {
    { .name       = "change",
      .asked      = { "最近幾個月有變化嗎？", "Has it changed in recent months?" },
      .explained  = { "大小、形狀或顏色改變，或會流血、發癢、一直不癒合",
                      "In size, shape or colour; or it bleeds, itches or does not heal" },
      .offset     = offsetof(assessment_answers, change),
      .values     = REPLY_COUNT,
      .value      = NO_UNSURE_YES,
      .value_text = NO_UNSURE_YES_TEXT,
      .reason     = { [REPLY_UNSURE] = { "您不確定它最近是否有變化",
                                         "You are not sure whether it has changed" },
                      [REPLY_YES]    = { "它最近有變化：這是最重要的警訊",
                                         "It has changed recently: the most important sign" } } },
    { .name       = "uneven",
      .asked      = { "形狀或顏色不均勻嗎？", "Is its shape or colour uneven?" },
      .explained  = { "兩半不對稱、邊緣不整齊，或有兩種以上顏色",
                      "Halves unlike, a ragged border, or more than one colour" },
      .offset     = offsetof(assessment_answers, uneven),
      .values     = REPLY_COUNT,
      .value      = NO_UNSURE_YES,
      .value_text = NO_UNSURE_YES_TEXT,
      .reason     = { [REPLY_YES] = { "形狀、邊緣或顏色不均勻",
                                      "Its shape, border or colour is uneven" } } },
    { .name  = "large",
      .asked = { "直徑超過 6 毫米嗎？", "Is it wider than 6 mm?" },
      .explained = { "大約是鉛筆尾端橡皮擦的寬度", "About the width of the rubber on a pencil" },
      .offset     = offsetof(assessment_answers, large),
      .values     = REPLY_COUNT,
      .value      = NO_UNSURE_YES,
      .value_text = NO_UNSURE_YES_TEXT,
      .reason     = { [REPLY_YES] = { "直徑超過 6 毫米", "It is wider than 6 mm" } } },
    { .name       = "site",
      .asked      = { "它長在哪裡？", "Where is it?" },
      .explained  = { "在亞洲人身上，黑色素瘤常長在手掌、腳底或指甲",
                      "In people of Asian descent melanoma is often on palms, soles or nails" },
      .offset     = offsetof(assessment_answers, site),
      .values     = SITE_COUNT,
      .value      = { "other", "face", "acral" },
      .value_text = { { "身體其他部位", "Elsewhere" },
                      { "臉或頭皮", "Face or scalp" },
                      { "手掌、腳底或指甲", "Palm, sole or nail" } },
      .reason     = { [SITE_ACRAL] = { "位於手掌、腳底或指甲",
                                       "It is on a palm, a sole or a nail" } } },
    { .name  = "history",
      .asked = { "您或近親曾得過皮膚癌，或您有超過 50 顆痣嗎？",
                 "Have you or close family had skin cancer, or have you over 50 moles?" },
      .explained = { "近親是指父母、兄弟姊妹和子女", "Close family: parents, siblings, children" },
      .offset     = offsetof(assessment_answers, history),
      .values     = REPLY_COUNT,
      .value      = NO_UNSURE_YES,
      .value_text = NO_UNSURE_YES_TEXT,
      .reason     = { [REPLY_YES] = { "個人或家族病史，或有許多痣",
                                      "Personal or family history, or many moles" } } },
};

/* All members of assessment_answers are enumerations, which have the size of an int here. */
_Static_assert(sizeof(assessment_reply) == sizeof(int32_t) &&
                   sizeof(assessment_site) == sizeof(int32_t),
               "replies are read and written as int32_t");

int32_t question_reply(const question *q, const assessment_answers *answers)
{
    int32_t reply;

    memcpy(&reply, (const char *)answers + q->offset, sizeof reply);
    return reply;
}

json_t *assessment_questions(void)
{
    json_t *list = json_array();

    for (const question *q = questions; q < questions + QUESTIONS; q++) {
        json_t *values = json_array();

        for (int32_t i = 0; i < q->values; i++)
            values = json_with_item(values, json_pack("{s:s, s:o}", "value", q->value[i], "text",
                                                      text_json(q->value_text[i])));
        list = json_with_item(list, json_pack("{s:s, s:o, s:o, s:o}", "name", q->name, "text",
                                              text_json(q->asked), "explanation",
                                              text_json(q->explained), "values", values));
    }
    return list;
}
