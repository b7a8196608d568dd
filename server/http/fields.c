/* fields.c - values of header fields: media types, entity tags, names. */
#define _GNU_SOURCE
#include "http/fields.h"

#include <string.h>

static const char token_characters[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool fields_is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] == '\0' || strchr(token_characters, text[i]) == NULL)
            return false;
    return length > 0;
}

bool fields_is_value(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\t') || text[i] == 0x7f)
            return false;
    return true;
}

void fields_media_type(const char *value, char type[FIELDS_MEDIA_TYPE])
{
    size_t      length = strcspn(value, "; \t");
    const char *slash  = memchr(value, '/', length);

    type[0] = '\0';
    if (slash == NULL || length >= FIELDS_MEDIA_TYPE ||
        !fields_is_token(value, (size_t)(slash - value)) ||
        !fields_is_token(slash + 1, (size_t)(value + length - slash) - 1))
        return;
    for (size_t i = 0; i < length; i++)
        type[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] - 'A' + 'a' : value[i]);
    type[length] = '\0';
}

bool fields_accepts(const char *list, const char *type)
{
    size_t length = strlen(type);

    for (const char *at = list; *at != '\0'; at += strspn(at, " ")) {
        size_t one = strcspn(at, " ");

        if ((one == length && memcmp(at, type, one) == 0) || (one == 1 && *at == '*'))
            return true;
        at += one;
    }
    return false;
}

static const char *opaque(const char *tag)
{
    return strncmp(tag, "W/", 2) == 0 ? tag + 2 : tag;
}

bool fields_tag_matches(const char *if_none_match, const char *tag)
{
    const char *wanted = opaque(tag);
    size_t      length = strlen(wanted);

    for (const char *at = if_none_match; *at != '\0';) {
        size_t one;

        at += strspn(at, " \t,");
        at  = opaque(at);
        one = *at == '"' ? strcspn(at + 1, "\"") + 2 : strcspn(at, " \t,");
        if (one == 1 && *at == '*')
            return true;
        if (strnlen(at, one) < one)
            return false;
        if (one == length && memcmp(at, wanted, one) == 0)
            return true;
        at += one;
    }
    return false;
}

bool fields_length(const char *value, uint64_t *out)
{
    uint64_t number = 0;

    for (const char *c = value; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || number > (UINT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (uint64_t)(*c - '0');
    }
    *out = number;
    return value[0] != '\0';
}
