/* error.c - how every floor reports failure. */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

/* What is not UTF-8 may be a file's name, or the character that the end of the buffer cut off. */
static void keep_printable(char *text)
{
    const char *end = text + strlen(text), *bad;

    for (char *c = text; c < end; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c == 0x7f)
            *c = '?';
    while ((bad = skc__utf8_check(text, end)) != end)
        text[bad - text] = '?';
}

skc_status skc__fail(skc_error *err, skc_status status, const char *format, ...)
{
    va_list arguments;

    if (err == NULL)
        return status;
    err->status = status;
    va_start(arguments, format);
    vsnprintf(err->message, sizeof err->message, format, arguments);
    va_end(arguments);
    keep_printable(err->message);
    return status;
}

skc_status skc__fail_in(skc_error *err, skc_status status, const char *prefix)
{
    char message[sizeof err->message];

    if (err == NULL)
        return status;
    memcpy(message, err->message, sizeof message);
    return skc__fail(err, status, "%s: %s", prefix, message);
}

const char *skc_status_text(skc_status status)
{
    static const char *const text[] = {
#define STATUS_TEXT(name, words) words,
        SKC_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    };

    return (unsigned)status < (unsigned)SKC_STATUS_COUNT ? text[status] : "unknown status";
}

const char *skc_version(void)
{
    return SKC_VERSION;
}
