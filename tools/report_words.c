/* report_words.c - every word of the report's page, in both languages. */
#define _POSIX_C_SOURCE 200809L /* open_memstream */
#include "report_words.h"
#include "cli.h"
#include "json_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const report_languages[2] = { "zh-Hant", "en" };

bilingual report_words(report_word word)
{
    static const bilingual words[] = {
#define REPORT_WORD(name, zh, en) { zh, en },
        REPORT_WORDS(REPORT_WORD)
#undef REPORT_WORD
    };

    return (unsigned)word < REPORT_WORD_COUNT ? words[word] : (bilingual){ "?", "?" };
}

static const struct {
    bilingual   name;
    const char *meaning;
} metrics[SKC_METRIC_COUNT] = {
    [SKC_ACCURACY]          = { { "準確率", "accuracy" }, "判定正確的影像比例" },
    [SKC_BALANCED_ACCURACY] = { { "平衡準確率", "balanced accuracy" }, "各類別召回率的平均" },
    [SKC_MACRO_PRECISION] = { { "巨觀平均精確率", "macro precision" }, "各類別精確率的平均" },
    [SKC_MACRO_F1]  = { { "巨觀平均 F1 分數", "macro F1" }, "各類別 F1 分數的平均" },
    [SKC_MACRO_AUC] = { { "巨觀平均 AUC", "macro AUC" },
                        "各類別對其餘類別的 ROC 曲線下面積的平均" },
    [SKC_ECE] = { { "期望校準誤差（ECE）", "ECE" }, "期望校準誤差，15 個等寬的區間" },
    [SKC_LOG_LOSS]    = { { "對數損失", "log loss" }, "負對數概似的平均" },
    [SKC_SENSITIVITY] = { { "敏感度", "sensitivity" }, "惡性類別在操作點的召回率" },
    [SKC_SPECIFICITY] = { { "特異度", "specificity" }, "良性類別在操作點的召回率" },
    [SKC_MALIGNANT_AUC] = { { "惡性 AUC", "malignant AUC" }, "惡性對良性的 ROC 曲線下面積" },
};

bilingual report_metric_name(skc_metric metric)
{
    return metrics[metric].name;
}

bilingual report_metric_meaning(skc_metric metric)
{
    return (bilingual){ metrics[metric].meaning, skc_metric_text(metric) };
}

/* ------------------------------------------------------------------ texts */

const char *report_in(const json_t *text, int32_t language)
{
    return json_string_value(
        json_is_string(text) ? text : json_object_get(text, report_languages[language]));
}

json_t *report_both(bilingual text)
{
    return json_checked(strcmp(text.zh, text.en) == 0 ? cli_json_text(text.en) : text_json(text));
}

json_t *report_plain_list(const char *format, va_list arguments)
{
    char   *text = NULL;
    size_t  size = 0;
    FILE   *out  = open_memstream(&text, &size);
    json_t *json = NULL;

    if (out != NULL) {
        vfprintf(out, format, arguments);
        if (fclose(out) == 0)
            json = cli_json_text(text);
    }
    free(text);
    return json_checked(json);
}

json_t *report_plain(const char *format, ...)
{
    va_list arguments;
    json_t *json;

    va_start(arguments, format);
    json = report_plain_list(format, arguments);
    va_end(arguments);
    return json;
}

/* Release with free; NULL when out of memory. */
static char *fill(const char *words, const char *first, const char *second)
{
    char  *text = NULL;
    size_t size = 0;
    FILE  *out  = open_memstream(&text, &size);

    for (; out != NULL && *words != '\0'; words++)
        if (strncmp(words, "{1}", 3) == 0 || strncmp(words, "{2}", 3) == 0) {
            const char *value = words[1] == '1' ? first : second;

            fputs(value != NULL ? value : "", out);
            words += 2;
        } else {
            fputc(*words, out);
        }
    if (out == NULL || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

json_t *report_text(report_word word, json_t *first, json_t *second)
{
    bilingual words = report_words(word);
    char     *zh    = fill(words.zh, report_in(first, 0), report_in(second, 0));
    char     *en    = fill(words.en, report_in(first, 1), report_in(second, 1));
    json_t   *text  = zh == NULL || en == NULL ? NULL : report_both((bilingual){ zh, en });

    free(zh);
    free(en);
    json_decref(first);
    json_decref(second);
    return json_checked(text);
}
