/* cli.c - runs a program from its table: finds the command, reads the options, reports errors. */
#define _POSIX_C_SOURCE 200809L
#include "cli.h"
#include "cli_help.h"
#include "cli_sources.h"
#include "cli_value.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ one option */

static const cli_option *find_long(const cli_option *options, const char *name, size_t length)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (o->kind != CLI_GROUP && strlen(o->name) == length && memcmp(o->name, name, length) == 0)
            return o;
    return NULL;
}

static const cli_option *find_letter(const cli_option *options, char letter)
{
    for (const cli_option *o = options; o->name != NULL; o++)
        if (o->kind != CLI_GROUP && o->letter == letter && letter != 0)
            return o;
    return NULL;
}

/* Levenshtein's distance of two short names. */
static size_t distance(const char *a, const char *b)
{
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1], na = strlen(a), nb = strlen(b);

    if (na > LONGEST || nb > LONGEST)
        return SIZE_MAX;
    for (size_t j = 0; j <= nb; j++)
        row[j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t diagonal = row[0];
        row[0]          = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);
            size_t shorter = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;
            diagonal       = row[j];
            row[j]         = replace < shorter ? replace : shorter;
        }
    }
    return row[nb];
}

static void keep_nearer(const char *wanted, const char *name, const char **best, size_t *least)
{
    size_t d = distance(wanted, name);

    if (d < *least) {
        *least = d;
        *best  = name;
    }
}

static int fail_unknown_option(const cli_call *call, const char *name)
{
    const char *best  = NULL;
    size_t      least = strlen(name) / 3 + 2;

    for (const cli_option *o = call->command->options; o->name != NULL; o++)
        if (o->kind != CLI_GROUP && o->help != NULL)
            keep_nearer(name, o->name, &best, &least);
    for (const cli_option *o = cli_common_options; o->name != NULL; o++)
        if (o->help != NULL)
            keep_nearer(name, o->name, &best, &least);
    if (best != NULL)
        return cli_usage(call, "unknown option '--%s'; did you mean '--%s'?", name, best);
    return cli_usage(call, "unknown option '--%s'", name);
}

/* ------------------------------------------------------------------ the command line */

typedef struct parser {
    cli_call *call;
    char    **argv; /* what is still to be read, NULL at the end */
    char    **rest; /* the arguments that are no options, `call->count` of them */
    bool     *given;
} parser;

static int set_option(parser *p, const cli_option *o, const char *text)
{
    const cli_option *options = p->call->command->options;
    bool             *given   = &p->given[o - options];

    if (!*given && (o->kind == CLI_LIST || o->kind == CLI_REPEAT))
        cli_value_release(o, p->call->settings); /* drops the default */
    *given = true;
    return cli_value_set(o, text, p->call->settings) ? CLI_OK : CLI_FAILED;
}

/* `text` points past the dashes: "name", "name=value" or "no-name". */
static int read_long(parser *p, const char *text)
{
    const cli_option *options = p->call->command->options;
    size_t            length  = strcspn(text, "=");
    const char       *value   = text[length] == '=' ? text + length + 1 : NULL;
    const cli_option *o       = find_long(options, text, length);
    char              name[64];

    if (o == NULL && length > 3 && memcmp(text, "no-", 3) == 0) {
        o = find_long(options, text + 3, length - 3);
        if (o != NULL && o->kind == CLI_FLAG && value == NULL)
            return set_option(p, o, "no");
    }
    snprintf(name, sizeof name, "%.*s", (int)(length < 60 ? length : 60), text);
    if (o == NULL || find_long(options, text, length) == NULL)
        return fail_unknown_option(p->call, name);
    if (o->kind == CLI_FLAG) {
        if (value != NULL)
            return cli_usage(p->call, "--%s takes no value", name);
        return set_option(p, o, "yes");
    }
    if (value == NULL && (value = *p->argv) != NULL)
        p->argv++;
    if (value == NULL)
        return cli_usage(p->call, "--%s needs a value: %s", name, o->metavar);
    return set_option(p, o, value);
}

/* `text` points past the dash: letters of flags, then perhaps one that takes a value. */
static int read_letters(parser *p, const char *text)
{
    for (; *text != '\0'; text++) {
        const cli_option *o = find_letter(p->call->command->options, *text);
        const char       *value;
        int               status;

        if (o == NULL)
            return cli_usage(p->call, "unknown option '-%c'", *text);
        if (o->kind == CLI_FLAG) {
            status = set_option(p, o, "yes");
            if (status != CLI_OK)
                return status;
            continue;
        }
        value = text[1] != '\0' ? text + 1 : *p->argv;
        if (value == NULL)
            return cli_usage(p->call, "-%c needs a value: %s", *text, o->metavar);
        if (text[1] == '\0')
            p->argv++;
        return set_option(p, o, value);
    }
    return CLI_OK;
}

static int check_arguments(const cli_call *call)
{
    const cli_command *c = call->command;

    if (call->count < c->min_arguments)
        return cli_usage(call, "too few arguments; expected: %s", c->arguments);
    if (c->max_arguments >= 0 && call->count > c->max_arguments)
        return cli_usage(call, "unexpected argument '%s'", call->arguments[c->max_arguments]);
    return CLI_OK;
}

static int parse(parser *p)
{
    bool only_arguments = false;

    while (*p->argv != NULL) {
        char *text   = *p->argv++;
        int   status = CLI_OK;

        if (only_arguments || text[0] != '-' || text[1] == '\0')
            p->rest[p->call->count++] = text;
        else if (strcmp(text, "--") == 0)
            only_arguments = true;
        else
            status = text[1] == '-' ? read_long(p, text + 2) : read_letters(p, text + 1);
        if (status != CLI_OK)
            return status;
    }
    return check_arguments(p->call);
}

bool cli_given(const cli_call *call, const char *name)
{
    const cli_option *o = find_long(call->command->options, name, strlen(name));

    return o != NULL && call->given[o - call->command->options];
}

/* ------------------------------------------------------------------ running */

static int run_command(const cli_program *program, const cli_command *command, char **argv)
{
    size_t   rows = 1, words = 1;
    int      status;
    char    *text = NULL; /* of the configuration file */
    cli_call call = { .program = program, .command = command };
    parser   p    = { .call = &call, .argv = argv };

    for (const cli_option *o = command->options; o->name != NULL; o++)
        rows++;
    for (char **word = argv; *word != NULL; word++)
        words++;
    call.settings = cli_make_defaults(command);
    p.given       = cli_memory(NULL, rows, sizeof(bool));
    memset(p.given, 0, rows * sizeof(bool));
    p.rest         = cli_memory(NULL, words, sizeof(char *));
    call.arguments = p.rest;
    call.given     = p.given;
    status         = parse(&p);
    if (status == CLI_OK && command->environment != NULL &&
        !cli_read_sources(command, call.settings, p.given, &text))
        status = CLI_FAILED;
    if (status == CLI_OK)
        status = command->run(&call);
    cli_free_settings(command, call.settings);
    free(text);
    free(p.given);
    free(p.rest);
    return status;
}

/* Options that are obeyed wherever they stand (before "--"): help, version, manual page. */
static const char *find_common(char **argv)
{
    for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++) {
        const char *text = *argv;
        if (strcmp(text, "-h") == 0)
            return "help";
        if (strcmp(text, "-V") == 0)
            return "version";
        if (text[0] == '-' && text[1] == '-' &&
            find_long(cli_common_options, text + 2, strlen(text + 2)) != NULL)
            return text + 2;
    }
    return NULL;
}

static const cli_command *find_command(const cli_program *program, const char *name)
{
    const char *best  = NULL;
    size_t      least = strlen(name) / 3 + 2;

    for (const cli_command *c = program->commands; c->run != NULL; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
        keep_nearer(name, c->name, &best, &least);
    }
    if (best != NULL)
        cli_error("unknown command '%s'; did you mean '%s'?", name, best);
    else
        cli_error("unknown command '%s'", name);
    return NULL;
}

static int dispatch(const cli_program *program, char **argv)
{
    const cli_command *command = program->commands;
    const char        *common  = find_common(argv);
    bool               several = command->name != NULL;

    if (common != NULL && strcmp(common, "help") != 0) {
        if (strcmp(common, "man") == 0)
            cli_man(program);
        else
            printf("%s %s\n", program->name, skc_version());
        return CLI_OK;
    }
    if (several && (argv[0] == NULL || argv[0][0] == '-') && common == NULL) {
        cli_error("a command is missing");
        fprintf(stderr, "Try '%s --help'.\n", program->name);
        return CLI_FAILED;
    }
    if (several && argv[0][0] == '-') {
        cli_help_program(program);
        return CLI_OK;
    }
    if (several && (command = find_command(program, *argv++)) == NULL) {
        fprintf(stderr, "Try '%s --help'.\n", program->name);
        return CLI_FAILED;
    }
    if (common == NULL)
        return run_command(program, command, argv);
    cli_help_command(program, command);
    return CLI_OK;
}

int cli_main(const cli_program *program, int argc, char **argv)
{
    int status;

    cli_set_program(program->name);
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is then an error of the write */
    status = argc > 0 ? dispatch(program, argv + 1) : CLI_FAILED;
    return cli_output_ok() ? status : CLI_FAILED;
}
