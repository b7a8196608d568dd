/* problems.c - counts complaints by kind and prints the first few. */
#include "problems.h"
#include "cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problem_add(problems *list, const char *kind, const char *format, ...)
{
    char    message[1024];
    va_list arguments;
    int32_t i = 0;

    while (i < PROBLEM_KINDS - 1 && list->kinds[i].kind != NULL &&
           strcmp(list->kinds[i].kind, kind) != 0)
        i++;
    list->kinds[i].kind = kind;
    list->total++;
    if (list->kinds[i].count++ >= PROBLEM_EXAMPLES)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    for (char *c = message; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    cli_error("%s", message);
}

int32_t problems_end(const problems *list)
{
    for (int32_t i = 0; i < PROBLEM_KINDS && list->kinds[i].kind != NULL; i++)
        if (list->kinds[i].count > PROBLEM_EXAMPLES)
            cli_error("%s: %d in all, the first %d are shown", list->kinds[i].kind,
                      (int)list->kinds[i].count, PROBLEM_EXAMPLES);
    return list->total;
}
