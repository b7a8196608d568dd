/* letter.c - the referral letter: what a doctor wants to know, in both languages. */
#define _POSIX_C_SOURCE 200809L
#include "assessment/lines.h"
#include "assessment/words.h"

#include <stdlib.h>
#include <time.h>

/* The same facts in one language; `chinese` chooses it. */
typedef struct writer {
    lines out;
    bool  chinese;
} writer;

static const char *in(const writer *w, bilingual t)
{
    return w->chinese ? t.zh : t.en;
}

static void heading(writer *w, bilingual t)
{
    lines_add(&w->out, "\n%s\n", in(w, t));
}

static void write_answers(writer *w, const assessment_answers *answers)
{
    heading(w, (bilingual){ "病人的回答", "The patient's answers" });
    for (const question *q = questions; q < questions + QUESTIONS; q++)
        lines_add(&w->out, "- %s %s\n", in(w, q->asked),
                  in(w, q->value_text[question_reply(q, answers)]));
}

/* Every label with its probability, as the result's JSON has them. */
static void write_model(writer *w, bilingual title, const json_t *result)
{
    const char   *label;
    const json_t *value, *probabilities = json_object_get(result, "probabilities");
    const json_t *model = json_object_get(result, "model");
    const json_t *point = json_object_get(result, "decision");

    heading(w, title);
    json_object_foreach((json_t *)(uintptr_t)probabilities, label, value) lines_add(
        &w->out, "- %s: %.1f %%\n", in(w, label_text(label)), 100 * json_number_value(value));
    lines_add(&w->out,
              w->chinese ? "（惡性機率 %.1f %%，門檻 %.1f %%；模型 %s）\n"
                         : "(malignant %.1f %%, threshold %.1f %%; model %s)\n",
              100 * json_number_value(json_object_get(point, "probability")),
              100 * json_number_value(json_object_get(point, "threshold")),
              json_string_value(json_object_get(model, "version")));
}

static char *write_letter(bool chinese, const assessment_verdict *v,
                          const assessment_picture *picture, const assessment_answers *answers,
                          const json_t *malignancy, const json_t *diagnosis, const char *date)
{
    writer w = { .chinese = chinese };

    lines_open(&w.out);
    lines_add(&w.out, "%s\n%s\n\n",
              in(&w, (bilingual){ "轉診信：皮膚斑點", "Referral: a spot on the skin" }), date);
    lines_add(
        &w.out, "%s\n",
        in(&w, (bilingual){ "醫師您好：\n這位病人使用 skincnn 檢查了附圖中的斑點，請您協助評估。",
                            "Dear doctor,\nthis patient has checked the spot in the enclosed "
                            "picture with skincnn and asks you to examine it." }));
    heading(&w, (bilingual){ "結果", "Result" });
    lines_add(&w.out, "%s\n", in(&w, level_text(v->level, picture->dermatoscope)));
    lines_add(
        &w.out, "%s\n",
        in(&w, picture->dermatoscope
                   ? (bilingual){ "照片經由皮膚鏡拍攝。", "Taken through a dermatoscope." }
                   : (bilingual){ "照片不是經由皮膚鏡拍攝，模型的結果較不可靠。",
                                  "Taken without a dermatoscope: the models are less certain." }));
    write_model(&w, (bilingual){ "良性／惡性", "Benign or malignant" }, malignancy);
    write_model(&w, (bilingual){ "疾病分類", "Disease" }, diagnosis);
    write_answers(&w, answers);
    lines_add(&w.out, "\n%s\n", in(&w, disclaimer_text()));
    return lines_close(&w.out);
}

json_t *assessment_letter(const assessment_verdict *verdict, const assessment_picture *picture,
                          const assessment_answers *answers, const json_t *malignancy,
                          const json_t *diagnosis, int64_t now)
{
    time_t    time = (time_t)now;
    struct tm utc;
    char      date[16], *zh, *en;
    json_t   *json = NULL;

    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&time, &utc));
    zh = write_letter(true, verdict, picture, answers, malignancy, diagnosis, date);
    en = write_letter(false, verdict, picture, answers, malignancy, diagnosis, date);
    if (zh != NULL && en != NULL)
        json = text_json((bilingual){ zh, en });
    free(zh);
    free(en);
    return json;
}
