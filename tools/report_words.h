/* report_words.h - every word of the report's page, in both languages. */
#ifndef SKC_TOOLS_REPORT_WORDS_H
#define SKC_TOOLS_REPORT_WORDS_H

#include "bilingual.h"

#include <stdarg.h>

/* {1} and {2} are filled in; a text has the same of them in both languages. */
/* clang-format off */
#define REPORT_WORDS(X)                                                                            \
    /* the page */                                                                                 \
    X(LANGUAGE, "語言", "Language")                                                                 \
    X(OWN_NAME, "中文", "English")                                                                  \
    X(NO_SCRIPT,                                                                                   \
      "此頁的圖由頁面內的程式繪製。不執行程式時，圖的數值仍列在各圖下方的表格中；"                        \
      "頁面不會從網路載入任何內容。",                                                                 \
      "The plots of this page are drawn by the script inside it. Without it their figures stand "  \
      "in the tables below them; nothing is loaded from the network.")                             \
    X(TITLE_DIAGNOSIS, "診斷分類：「{1}」子集的評估", "Diagnosis on the part “{1}”")                  \
    X(TITLE_MALIGNANCY, "良惡性分類：「{1}」子集的評估", "Malignancy on the part “{1}”")              \
    X(TITLE_OTHER, "{2}：「{1}」子集的評估", "{2} on the part “{1}”")                                \
    X(TITLE_TRAINING, "skincnn-train：訓練結果", "skincnn-train: a training run")                   \
    X(NOTE_SEEN,                                                                                   \
      "清單中有 {1} 個群組（病灶或病患）出現在一個以上的子集：以其他子集訓練的模型已看過這些病灶，"         \
      "因此指標無法比較。",                                                                          \
      "{1} groups are in more than one part of the manifest: a model trained on another part has " \
      "seen these lesions, and the figures are not comparable.")                                   \
    X(NOTE_FLATTERED,                                                                              \
      "無法比較：有 {1} 個病灶或病患出現在一個以上的子集，因此指標過於樂觀。",                            \
      "Not comparable: {1} lesions or patients stand in more than one part, so the figures are "   \
      "flattered.")                                                                                \
    X(NOTE_UNREADABLE, "有 {1} 張影像無法讀取，未計入。",                                             \
      "{1} pictures could not be read and are left out.")                                          \
    X(PAIR, "{1}：{2}", "{1}: {2}")                                                                 \
    X(LIST, "{1}；{2}", "{1}; {2}")                                                                 \
    X(IN_BRACKETS, "{1}（{2}）", "{1} ({2})")                                                        \
    /* key figures, classes, confusion matrix, all figures */                                      \
    X(KEY_FIGURES, "主要指標", "Key figures")                                                       \
    X(KEY_FIGURES_TEXT,                                                                            \
      "「{2}」子集的 {1} 張影像；各指標下方為以病灶為單位重抽樣所得的 95% 信賴區間。",                    \
      "{1} pictures of the part “{2}”; below each figure its 95 % confidence interval over "       \
      "resampled lesions.")                                                                        \
    X(CLASSES, "各類別", "Classes")                                                                 \
    X(CLASSES_TEXT, "各類別的指標與 95% 信賴區間；AUC 為該類別對其餘類別。",                            \
      "Every class with 95 % confidence intervals; AUC is the class against the rest.")            \
    X(CLASS, "類別", "class")                                                                       \
    X(PICTURES, "影像數", "pictures")                                                               \
    X(RECALL, "召回率", "recall")                                                                   \
    X(PRECISION, "精確率", "precision")                                                             \
    X(F1, "F1 分數", "F1")                                                                          \
    X(AUC, "AUC", "AUC")                                                                           \
    X(MALIGNANT, "惡性", "malignant")                                                               \
    X(CONFUSION, "混淆矩陣", "Confusion matrix")                                                    \
    X(CONFUSION_TEXT, "橫列為真實類別，直欄為模型的判定；次數下方為該列中的比例。",                       \
      "Rows: the truth. Columns: the decision. Below each count its share of the row.")            \
    X(TRUTH, "真實類別", "truth")                                                                   \
    X(ALL_FIGURES, "全部指標", "All figures")                                                       \
    X(ALL_FIGURES_TEXT, "各項指標與 95% 信賴區間（拔靴法）。",                                         \
      "Figures with 95 % confidence intervals (bootstrap).")                                       \
    X(OPERATING_POINT, "各項指標與 95% 信賴區間（拔靴法）。操作點：惡性機率達 {1} 時判為惡性。",           \
      "Figures with 95 % confidence intervals (bootstrap). The operating point is a malignant "    \
      "probability of at least {1}.")                                                              \
    X(FIGURE, "指標", "figure")                                                                     \
    X(VALUE, "數值", "value")                                                                       \
    X(INTERVAL, "95% 信賴區間", "95 % interval")                                                    \
    X(MEANING, "說明", "meaning")                                                                   \
    /* plots */                                                                                    \
    X(AS_TABLE, "以表格顯示數值", "The figures as a table")                                          \
    X(CURVES, "曲線", "Curves")                                                                     \
    X(ROC, "ROC 曲線", "ROC curve")                                                                 \
    X(ROC_TEXT, "每一類別對其餘類別；括號內為曲線下面積（AUC）。",                                       \
      "Each class against the rest; the area under the curve (AUC) is in brackets.")               \
    X(FALSE_POSITIVES, "偽陽性率（1 − 特異度）", "false positive rate (1 − specificity)")             \
    X(TRUE_POSITIVES, "真陽性率（敏感度）", "true positive rate (sensitivity)")                       \
    X(CHANCE, "隨機猜測", "chance")                                                                 \
    X(PR, "精確率-召回率曲線", "Precision-recall curve")                                              \
    X(PR_TEXT, "每一類別對其餘類別。", "Each class against the rest.")                                \
    X(CALIBRATION, "校準曲線", "Calibration")                                                       \
    X(CALIBRATION_TEXT,                                                                            \
      "信心度與實際正確比例的對照；點越大，影像越多。落在對角線上時，機率名副其實。",                        \
      "Confidence against the share that is right; larger points are more pictures. On the "       \
      "diagonal a probability means what it says.")                                                \
    X(CALIBRATION_SUMMARY, "期望校準誤差 {1}。", "Expected calibration error {1}.")                  \
    X(DECISIONS, "模型的判定", "decisions")                                                         \
    X(PERFECT, "完美校準", "perfect")                                                               \
    X(CONFIDENCE, "平均信心度", "mean confidence")                                                  \
    X(SHARE_RIGHT, "判定正確的比例", "share right")                                                  \
    X(MALIGNANT_ANY, "惡性（合計）", "malignant (any)")                                              \
    X(AUC_IS, "{1}：AUC {2}", "{1}: AUC {2}")                                                       \
    X(THRESHOLD, "閾值", "threshold")                                                               \
    X(AT_THRESHOLD, "，閾值 {1}", ", threshold {1}")                                                 \
    X(OF_PICTURES, "，{1} 張影像", ", {1} pictures")                                                 \
    X(NONE, "無", "none")                                                                           \
    /* training */                                                                                 \
    X(TRAINING, "訓練過程", "Training")                                                             \
    X(EPOCHS_SUMMARY, "共 {1} 個訓練週期；最後一個：{2}。", "{1} epochs; in the last one {2}.")        \
    X(NAMED_VALUE, "{1} {2}", "{1} {2}")                                                            \
    X(EPOCH, "訓練週期（epoch）", "epoch")                                                           \
    X(LOSS, "損失", "Loss")                                                                         \
    X(LOSS_TEXT, "每個訓練週期的平均損失；標籤平滑與類別權重只計入訓練的損失。",                           \
      "Mean loss of an epoch; smoothing and class weights count in training only.")                \
    X(LOSS_AXIS, "損失", "loss")                                                                    \
    X(LOSS_TRAINING, "訓練", "training")                                                            \
    X(LOSS_VALIDATION, "驗證", "validation")                                                        \
    X(VALIDATION, "驗證子集的指標", "Figures of the validation part")                                \
    X(VALIDATION_TEXT, "每個訓練週期一點。", "One point an epoch.")                                   \
    X(TRAINING_ACCURACY, "訓練準確率", "training accuracy")                                          \
    X(SHARE, "比例", "share")                                                                       \
    X(LEARNING_RATE, "學習率", "Learning rate")                                                     \
    X(LEARNING_RATE_TEXT, "每個訓練週期結束時的值。", "At the end of each epoch.")                     \
    X(LEARNING_RATE_AXIS, "學習率", "learning rate")                                                \
    /* mistakes */                                                                                 \
    X(MISTAKES, "最嚴重的誤判", "Worst mistakes")                                                    \
    X(MISTAKES_TEXT,                                                                               \
      "真實類別 → 模型的判定，以及模型給兩者的機率；真實類別的機率最低者排在最前。",                         \
      "Truth → decision, and the probability that each was given. Those first whose truth was "    \
      "thought the least probable.")                                                               \
    X(BECAME, "{1} → {2}", "{1} → {2}")                                                             \
    X(PROBABILITIES, "真實 {1}，判定 {2}", "truth {1}, decided {2}")                             \
    /* settings */                                                                                 \
    X(SETTINGS, "設定", "Settings")                                                                 \
    X(SETTINGS_TEXT, "產生此頁所用的模型、資料與選項。", "What this was made with.")                   \
    X(SETTING, "項目", "setting")                                                                   \
    X(MODEL, "模型", "model")                                                                       \
    X(MODEL_SHA256, "模型的 SHA-256", "model's SHA-256")                                            \
    X(ARCHITECTURE, "架構", "architecture")                                                         \
    X(INPUT, "輸入大小", "input")                                                                   \
    X(PARAMETERS, "參數數量", "parameters")                                                         \
    X(VIEWS, "每張影像的檢視數", "views of a picture")                                               \
    X(TEMPERATURE, "溫度（校準）", "temperature")                                                    \
    X(MANIFEST, "資料清單", "manifest")                                                             \
    X(PART, "子集", "part")                                                                         \
    X(LABELS, "標籤", "labels")                                                                     \
    X(LABELS_MAPPED, "對應為良性與惡性", "mapped to malignancy")                                     \
    X(LABELS_KEPT, "與資料清單相同", "as in the manifest")                                           \
    X(DECISION, "判定方式", "decision")                                                             \
    X(DECISION_MODEL, "模型自身的規則", "the model's")                                               \
    X(DECISION_ARGMAX, "機率最高的標籤", "the likeliest label")                                      \
    X(RESAMPLES, "重抽樣次數", "resamples")                                                         \
    X(PICTURES_TRAINED, "訓練影像數", "pictures to train")                                           \
    X(PICTURES_VALIDATED, "驗證影像數", "pictures to validate")                                      \
    X(BEST_EPOCH, "最佳訓練週期", "best epoch")                                                      \
    X(TIME, "耗時", "time")                                                                         \
    X(RECIPE, "指令", "recipe")
/* clang-format on */

typedef enum report_word {
#define REPORT_WORD(name, zh, en) REPORT_##name,
    REPORT_WORDS(REPORT_WORD)
#undef REPORT_WORD
        REPORT_WORD_COUNT
} report_word;

/* A word that is not known is "?" in both. */
bilingual report_words(report_word word);

/* 平衡準確率, balanced accuracy; and what it means, in English as the library says it. Of a metric
 * below SKC_METRIC_COUNT. */
bilingual report_metric_name(skc_metric metric);
bilingual report_metric_meaning(skc_metric metric);

/* A text of the page: a JSON string where both languages have the same, else {"zh-Hant", "en"}.
 * Its values, texts too, are taken over and may be NULL. Ends the program when out of memory. */
json_t *report_text(report_word word, json_t *first, json_t *second);
json_t *report_both(bilingual text);
/* The same in both languages; what is not UTF-8 becomes U+FFFD. */
json_t *report_plain(const char *format, ...) __attribute__((format(printf, 1, 2)));
json_t *report_plain_list(const char *format, va_list arguments)
    __attribute__((format(printf, 1, 0)));

/* One language of a text: 0 is Traditional Chinese, 1 English. Valid as long as the text. */
extern const char *const report_languages[2]; /* as in the attribute lang */
const char              *report_in(const json_t *text, int32_t language);

#endif
