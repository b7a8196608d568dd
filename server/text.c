/* text.c - what people read about their picture, in Traditional Chinese and English. */
#include "text.h"

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
