/* cli_help.c - prints --help of a program or a command from its table. */
#include "cli_help.h"
#include "cli_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE_COLUMNS = 79, HELP_COLUMN = 26 };

const cli_option cli_common_options[] = {
    { "help", 'h', CLI_FLAG, .help = "this text" },
    { "version", 'V', CLI_FLAG, .help = "the version of the library" },
    { "man", 0, CLI_FLAG, .help = NULL },
    { .name = NULL },
};

void cli_full_name(const cli_program *program, const cli_command *command, char out[96])
{
    snprintf(out, 96, "%s%s%s", program->name, command->name != NULL ? " " : "",
             command->name != NULL ? command->name : "");
}

/* ------------------------------------------------------------------ parts of a text */

void cli_default_text(const cli_command *c, const cli_option *o, const void *settings, char out[64])
{
    const void *target = (const char *)settings + o->offset;
    bool        known  = o->fallback != NULL || c->init != NULL;

    out[0] = '\0';
    if (!known)
        return;
    if (o->kind == CLI_INT)
        snprintf(out, 64, "%d", (int)*(const int32_t *)target);
    else if (o->kind == CLI_COUNT)
        snprintf(out, 64, "%llu", (unsigned long long)*(const uint64_t *)target);
    else if (o->kind == CLI_FLOAT)
        snprintf(out, 64, "%.6g", (double)*(const float *)target);
    else if (o->kind == CLI_DOUBLE)
        snprintf(out, 64, "%.6g", *(const double *)target);
    else if (o->kind == CLI_TEXT && *(const char *const *)target != NULL)
        snprintf(out, 64, "%s", *(const char *const *)target);
    else if (o->kind == CLI_CHOICE) {
        const char *at = o->metavar;
        for (int32_t i = *(const int32_t *)target; i > 0 && *at != '\0'; i--)
            at += strcspn(at, "|") + 1;
        snprintf(out, 64, "%.*s", (int)strcspn(at, "|"), at);
    }
    if (o->fallback != NULL && o->kind != CLI_FLAG)
        snprintf(out, 64, "%s", o->fallback);
}

bool cli_flag_is_on(const cli_option *o, const void *settings)
{
    return o->kind == CLI_FLAG && *(const bool *)((const char *)settings + o->offset);
}

void *cli_make_defaults(const cli_command *c)
{
    void *settings = cli_memory(NULL, c->settings_size + 1, 1);

    memset(settings, 0, c->settings_size + 1);
    if (c->init != NULL)
        c->init(settings);
    for (const cli_option *o = c->options; o->name != NULL; o++)
        if (o->fallback != NULL && !cli_value_set(o, o->fallback, settings))
            abort(); /* the table contradicts itself */
    return settings;
}

void cli_free_settings(const cli_command *c, void *settings)
{
    for (const cli_option *o = c->options; o->name != NULL; o++)
        cli_value_release(o, settings);
    free(settings);
}

/* Prints words from `column` on, wrapped at the page and continued at `indent`. */
static void print_wrapped(const char *text, int indent, int column)
{
    while (*text != '\0') {
        size_t length = strcspn(text, " \n");
        if (column > indent && column + 1 + (int)length > PAGE_COLUMNS) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)length, text);
        column += (int)length;
        text += length;
        if (text[0] == '\n' && text[1] == '\n') {
            printf("\n\n%*s", indent, "");
            column = indent;
        }
        text += strspn(text, " \n");
    }
    putchar('\n');
}

/* ------------------------------------------------------------------ --help */

static void print_option(const cli_command *c, const cli_option *o, const void *settings)
{
    char left[96], fallback[64], letter[8] = "    ";
    char help[1024];

    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "  %s--%s%s%s%s", letter,
             cli_flag_is_on(o, settings) ? "[no-]" : "", o->name, o->kind == CLI_FLAG ? "" : " ",
             o->kind == CLI_FLAG ? "" : o->metavar);
    cli_default_text(c, o, settings, fallback);
    snprintf(help, sizeof help, "%s%s%s%s%s", o->help,
             o->kind == CLI_REPEAT ? " (may be repeated)" : "",
             fallback[0] != '\0' ? " (default " : "", fallback, fallback[0] != '\0' ? ")" : "");
    printf("%s", left);
    if ((int)strlen(left) > HELP_COLUMN - 2)
        printf("\n%*s", HELP_COLUMN, "");
    else
        printf("%*s", HELP_COLUMN - (int)strlen(left), "");
    print_wrapped(help, HELP_COLUMN, HELP_COLUMN);
}

static void print_options(const cli_command *c)
{
    void *settings = cli_make_defaults(c);
    bool  grouped  = c->options[0].kind == CLI_GROUP;

    if (c->options[0].name != NULL && !grouped)
        printf("\nOptions:\n");
    for (const cli_option *o = c->options; o->name != NULL; o++)
        if (o->kind == CLI_GROUP)
            printf("\n%s:\n", o->name);
        else if (o->help != NULL)
            print_option(c, o, settings);
    printf(grouped || c->options[0].name == NULL ? "\nOther:\n" : "");
    for (const cli_option *o = cli_common_options; o->name != NULL; o++)
        if (o->help != NULL)
            print_option(&(const cli_command){ 0 }, o, &(const bool){ false });
    cli_free_settings(c, settings);
}

static void print_examples(const cli_command *c)
{
    if (c->examples == NULL)
        return;
    printf("\nExamples:\n");
    for (const char *const *e = c->examples; e[0] != NULL; e += 2) {
        printf("  %s\n      ", e[0]);
        print_wrapped(e[1], 6, 6);
    }
}

static void print_end(void)
{
    printf("\nExit status:\n  ");
    print_wrapped(CLI_EXIT_TEXT, 2, 2);
    printf("\n%s\n", SKC_DISCLAIMER);
}

void cli_help_command(const cli_program *program, const cli_command *c)
{
    char        name[96];
    const char *details = c->details;

    cli_full_name(program, c, name);
    printf("%s -", name);
    print_wrapped(c->name != NULL ? c->summary : program->summary, 4, (int)strlen(name) + 2);
    printf("\nUsage: %s [OPTION]...%s%s\n", name, c->arguments != NULL ? " " : "",
           c->arguments != NULL ? c->arguments : "");
    if (details == NULL && c->name == NULL)
        details = program->details;
    if (details != NULL) {
        putchar('\n');
        print_wrapped(details, 0, 0);
    }
    print_options(c);
    print_examples(c);
    print_end();
}

void cli_help_program(const cli_program *program)
{
    int widest = 0;

    printf("%s -", program->name);
    print_wrapped(program->summary, 4, (int)strlen(program->name) + 2);
    printf("\nUsage: %s COMMAND [OPTION]... [ARGUMENT]...\n", program->name);
    if (program->details != NULL) {
        putchar('\n');
        print_wrapped(program->details, 0, 0);
    }
    for (const cli_command *c = program->commands; c->run != NULL; c++)
        widest = (int)strlen(c->name) > widest ? (int)strlen(c->name) : widest;
    printf("\nCommands:\n");
    for (const cli_command *c = program->commands; c->run != NULL; c++) {
        printf("  %-*s  ", widest, c->name);
        print_wrapped(c->summary, widest + 4, widest + 4);
    }
    printf("\n'%s COMMAND --help' tells more about each.\n", program->name);
    print_end();
}
