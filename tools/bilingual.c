/* bilingual.c - what people read in both languages, and the names of labels. */
#include "bilingual.h"

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

bilingual disclaimer_text(void)
{
    return (bilingual){ "這不是診斷。對任何讓您擔心的斑點，請就醫檢查。", SKC_DISCLAIMER };
}
