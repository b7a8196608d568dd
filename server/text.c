/* text.c - what people read, in Traditional Chinese and English, and the names of labels. */
#include "text.h"

#include <string.h>

json_t *text_json(bilingual t)
{
    return json_pack("{s:s, s:s}", "zh-Hant", t.zh, "en", t.en);
}

bilingual label_text(const char *label)
{
    static const struct {
        const char *label;
        bilingual   name;
    } names[] = {
        { "benign", { "良性", "benign" } },
        { "malignant", { "惡性", "malignant" } },
        { "akiec", { "日光性角化症／原位鱗狀細胞癌", "actinic keratosis / Bowen's disease" } },
        { "bcc", { "基底細胞癌", "basal cell carcinoma" } },
        { "bkl", { "良性角化病變", "benign keratosis" } },
        { "df", { "皮膚纖維瘤", "dermatofibroma" } },
        { "mel", { "黑色素瘤", "melanoma" } },
        { "nv", { "黑色素細胞痣", "melanocytic nevus" } },
        { "vasc", { "血管病變", "vascular lesion" } },
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].label, label) == 0)
            return names[i].name;
    return (bilingual){ label, label };
}

bilingual quality_text(skc_quality_reason reason)
{
    static const char *const chinese[] = {
        [SKC_QUALITY_GOOD] = "照片清晰，可以判讀。",
        [SKC_QUALITY_SMALL] = "照片的像素太少。請靠近一點拍攝，或傳送原始照片而不是縮圖。",
        [SKC_QUALITY_BLANK] = "照片中看不到任何東西。請移開鏡頭遮蓋物，並對準患處。",
        [SKC_QUALITY_DARK] = "照片太暗。請在日光下或開燈拍攝。",
        [SKC_QUALITY_BRIGHT] = "照片過度曝光。請不要使用閃光燈，也不要在直射陽光下拍攝。",
        [SKC_QUALITY_BLURRED] = "照片模糊。請拿穩相機、稍微離遠一點，讓鏡頭對焦在患處。",
        [SKC_QUALITY_NOISY] = "照片雜訊太多。請在光線較好的地方拍攝。",
        [SKC_QUALITY_TEXT]  = "這看起來像文字頁面或螢幕。請拍攝患處本身。",
        [SKC_QUALITY_DRAWN] = "這看起來像圖畫而不是照片。請拍攝患處本身。",
    };
    bool known = (size_t)reason < sizeof chinese / sizeof *chinese && chinese[reason] != NULL;

    return (bilingual){ known ? chinese[reason] : skc_quality_text(reason),
                        skc_quality_text(reason) };
}

bilingual disclaimer_text(void)
{
    return (bilingual){ "這不是診斷。對任何讓您擔心的斑點，請就醫檢查。", SKC_DISCLAIMER };
}
