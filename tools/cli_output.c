/* cli_output.c - messages, JSON lines and memory for the tools; ends the program where there is no
 * memory, which a library must not do and a tool may. */
#include "cli.h"
#include "cli_help.h"
#include "terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program_name  = "skincnn";
static bool        output_failed = false;

void cli_set_program(const char *name)
{
    program_name = name;
}

/* ------------------------------------------------------------------ messages */

/* File names come from outside: control characters in them must not reach the terminal. */
__attribute__((format(printf, 1, 0))) static void print_message(const char *format,
                                                                va_list     arguments)
{
    char text[2048];

    vsnprintf(text, sizeof text, format, arguments);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    progress_wipe();
    (void)cli_output_ok(); /* what was printed before comes first */
    fprintf(stderr, "%s: %s\n", program_name, text);
}

void cli_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
}

int cli_usage(const cli_call *call, const char *format, ...)
{
    va_list arguments;
    char    name[96];

    va_start(arguments, format);
    print_message(format, arguments);
    va_end(arguments);
    cli_full_name(call->program, call->command, name);
    fprintf(stderr, "Try '%s --help'.\n", name);
    return CLI_FAILED;
}

/* `number` is the errno that the last write left, 0 when it is not known. */
static void note_output(int number)
{
    if (!ferror(stdout) || output_failed)
        return;
    output_failed = true;
    cli_error("standard output: %s", number != 0 ? strerror(number) : "write error");
}

bool cli_output_ok(void)
{
    errno = 0;
    (void)fflush(stdout);
    note_output(errno);
    return !output_failed;
}

/* ------------------------------------------------------------------ memory and text */

void *cli_memory(void *block, size_t count, size_t size)
{
    void *grown = NULL;

    if (size == 0 || count <= SIZE_MAX / size)
        grown = realloc(block, count * size > 0 ? count * size : 1);
    if (grown == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    return grown;
}

char *cli_copy(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(cli_memory(NULL, size, 1), text, size);
}

char *cli_format(const char *format, ...)
{
    va_list arguments;
    int     length;
    char   *text;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return cli_copy("");
    text = cli_memory(NULL, (size_t)length + 1, 1);
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

skc_runtime cli_runtime(int32_t threads, const char *kernels)
{
    skc_runtime runtime;

    skc_runtime_init(&runtime);
    runtime.threads = threads;
    runtime.kernels = kernels;
    return runtime;
}

/* ------------------------------------------------------------------ JSON */

/* The number of bytes of the UTF-8 character at `s`, 0 where there is none (jansson decides). */
static size_t character_bytes(const char *s)
{
    size_t  length = strlen(s);
    json_t *probe;

    for (size_t n = 1; n <= 4 && n <= length; n++) {
        probe = json_stringn(s, n);
        json_decref(probe);
        if (probe != NULL)
            return n;
    }
    return 0;
}

json_t *cli_json_text(const char *text)
{
    json_t *value = json_string(text);
    char   *repaired, *to;

    if (value != NULL)
        return value;
    repaired = to = cli_memory(NULL, strlen(text) + 1, 3); /* U+FFFD has three bytes */
    while (*text != '\0') {
        size_t n = character_bytes(text);
        memcpy(to, n > 0 ? text : "\xEF\xBF\xBD", n > 0 ? n : 3);
        to += n > 0 ? n : 3;
        text += n > 0 ? n : 1;
    }
    *to   = '\0';
    value = json_string(repaired);
    free(repaired);
    return value;
}

void cli_json_line(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(7));

    if (text == NULL) {
        cli_error("out of memory");
        exit(CLI_FAILED);
    }
    errno = 0;
    puts(text);
    note_output(errno);
    free(text);
    json_decref(object);
}
