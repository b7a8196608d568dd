/* cli_value.c - turns the text of an option into its value: numbers with ranges, choices, lists. */
#include "cli_value.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int32_t choice_index(const char *choices, const char *text)
{
    size_t  length = strlen(text);
    int32_t index  = 0;

    for (const char *at = choices; *at != '\0'; index++) {
        size_t part = strcspn(at, "|");
        if (part == length && memcmp(at, text, part) == 0)
            return index;
        at += part + (at[part] == '|');
    }
    return -1;
}

static bool in_range(const cli_option *o, double value)
{
    return o->min >= o->max || (value >= o->min && value <= o->max);
}

static bool fail_number(const cli_option *o, const char *text, const char *what)
{
    if (o->min < o->max)
        cli_error("--%s is '%s'; it must be %s from %.12g to %.12g", o->name, text, what, o->min,
                  o->max);
    else
        cli_error("--%s is '%s'; it must be %s", o->name, text, what);
    return false;
}

static bool set_int(const cli_option *o, const char *text, int32_t *target)
{
    char *end;
    long  value;

    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < INT32_MIN || value > INT32_MAX ||
        !in_range(o, (double)value))
        return fail_number(o, text, "a whole number");
    *target = (int32_t)value;
    return true;
}

static bool set_count(const cli_option *o, const char *text, uint64_t *target)
{
    char              *end;
    unsigned long long value, factor = 1;

    errno = 0;
    value = strtoull(text, &end, 10);
    if (end != text && *end != '\0' && end[1] == '\0') {
        factor = *end == 'k' ? 1000 : *end == 'M' ? 1000000 : *end == 'G' ? 1000000000 : 0;
        end++;
    }
    if (end == text || *end != '\0' || errno != 0 || text[0] < '0' || text[0] > '9' ||
        factor == 0 || value > UINT64_MAX / factor || !in_range(o, (double)(value * factor)))
        return fail_number(o, text, "a whole number (k, M or G may follow)");
    *target = value * factor;
    return true;
}

static bool set_real(const cli_option *o, const char *text, double *target)
{
    char  *end;
    double value = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(value) || !in_range(o, value))
        return fail_number(o, text, "a number");
    *target = value;
    return true;
}

static bool set_float(const cli_option *o, const char *text, float *target)
{
    double value;

    if (!set_real(o, text, &value))
        return false;
    if (!isfinite((float)value))
        return fail_number(o, text, "a number");
    *target = (float)value;
    return true;
}

static bool set_choice(const cli_option *o, const char *text, int32_t *target)
{
    int32_t index = choice_index(o->metavar, text);

    if (index < 0) {
        cli_error("--%s is '%s'; it must be one of %s", o->name, text, o->metavar);
        return false;
    }
    *target = index;
    return true;
}

static void append(cli_list *list, const char *text, size_t length)
{
    char *item = cli_memory(NULL, length + 1, 1);

    memcpy(item, text, length);
    item[length]               = '\0';
    list->items                = cli_memory(list->items, (size_t)list->count + 1, sizeof(char *));
    list->items[list->count++] = item;
}

static bool append_parts(const cli_option *o, const char *text, cli_list *list)
{
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0) {
            cli_error("--%s is '%s'; an item of the list is empty", o->name, text);
            return false;
        }
        append(list, at, length);
        at += length;
        if (*at == '\0')
            return true;
    }
}

bool cli_value_set(const cli_option *o, const char *text, void *settings)
{
    void *target = (char *)settings + o->offset;

    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)target = text[0] == 'y';
        return true;
    case CLI_INT:
        return set_int(o, text, target);
    case CLI_COUNT:
        return set_count(o, text, target);
    case CLI_FLOAT:
        return set_float(o, text, target);
    case CLI_DOUBLE:
        return set_real(o, text, target);
    case CLI_TEXT:
        *(const char **)target = text;
        return true;
    case CLI_CHOICE:
        return set_choice(o, text, target);
    case CLI_LIST:
        return append_parts(o, text, target);
    case CLI_REPEAT:
        append(target, text, strlen(text));
        return true;
    case CLI_GROUP:
        break;
    }
    return false;
}

void cli_value_release(const cli_option *o, void *settings)
{
    cli_list *list = (void *)((char *)settings + o->offset);

    if (o->kind != CLI_LIST && o->kind != CLI_REPEAT)
        return;
    for (int32_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (cli_list){ 0 };
}

bool cli_parse_box(const char *option, const char *text, skc_box *box)
{
    int32_t     value[4];
    const char *at = text;

    for (int i = 0; i < 4; i++) {
        char *end;
        long  number = strtol(at, &end, 10);
        if (end == at || *at == ' ' || *end != (i < 3 ? ',' : '\0') || number < (i < 2 ? 0 : 1) ||
            number > 65535) {
            cli_error("%s is '%s'; it must be x,y,w,h in pixels, w and h at least 1", option, text);
            return false;
        }
        value[i] = (int32_t)number;
        at       = end + 1;
    }
    *box = (skc_box){ value[0], value[1], value[2], value[3] };
    return true;
}
