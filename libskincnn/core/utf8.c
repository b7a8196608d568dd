/* utf8.c - is it UTF-8? */
#include "core/utf8.h"

#include <stdint.h>

/* Length of the UTF-8 sequence at `text`, 0 where there is none. */
static int32_t sequence(const unsigned char *text, const unsigned char *end)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    unsigned char         lead       = text[0];
    int32_t               length     = lead < 0x80       ? 1
                                       : lead >> 5 == 6  ? 2
                                       : lead >> 4 == 14 ? 3
                                       : lead >> 3 == 30 ? 4
                                                         : 0;
    uint32_t              code       = lead & (0xffu >> (length + 1));

    if (length <= 1)
        return length;
    if (end - text < length)
        return 0;
    for (int32_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    return code < smallest[length] || code > 0x10ffff || code >> 11 == 0x1b ? 0 : length;
}

const char *skc__utf8_check(const char *text, const char *end)
{
    while (text < end) {
        int32_t length = sequence((const unsigned char *)text, (const unsigned char *)end);
        if (length == 0)
            return text;
        text += length;
    }
    return end;
}
