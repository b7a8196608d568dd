/* cli_man.c - prints the manual page of a program from its table, as roff for man(7). */
#include "cli_help.h"

#include <ctype.h>
#include <stdio.h>

/* Prints text: backslash, dash, and a full stop or quote at the start of a line mean something to
 * roff, and an empty line becomes a new paragraph. */
static void roff(const char *text)
{
    bool line_start = true;

    for (const char *c = text; *c != '\0'; c++) {
        if (line_start && (*c == '.' || *c == '\''))
            printf("\\&");
        line_start = *c == '\n';
        if (*c == '\n' && c[1] == '\n') {
            printf("\n.PP\n");
            c++;
        } else if (*c == '\\') {
            printf("\\e");
        } else if (*c == '-') {
            printf("\\-");
        } else {
            putchar(*c);
        }
    }
}

static void roff_between(const char *before, const char *text, const char *after)
{
    printf("%s", before);
    roff(text);
    printf("%s", after);
}

static void man_option(const cli_command *c, const cli_option *o, const void *settings)
{
    char fallback[64];

    cli_default_text(c, o, settings, fallback);
    printf(".TP\n");
    if (o->letter != 0)
        printf("\\fB\\-%c\\fR, ", o->letter);
    roff_between(cli_flag_is_on(o, settings) ? "\\fB\\-\\-[no\\-]" : "\\fB\\-\\-", o->name, "\\fR");
    if (o->kind != CLI_FLAG)
        roff_between(" \\fI", o->metavar, "\\fR");
    roff_between("\n", o->help, o->kind == CLI_REPEAT ? " (may be repeated)" : "");
    if (fallback[0] != '\0')
        roff_between(" (default ", fallback, ")");
    putchar('\n');
}

static void man_options(const cli_command *c)
{
    void *settings = cli_make_defaults(c);

    for (const cli_option *o = c->options; o->name != NULL; o++)
        if (o->kind == CLI_GROUP)
            roff_between(".SS ", o->name, "\n");
        else if (o->help != NULL)
            man_option(c, o, settings);
    cli_free_settings(c, settings);
}

static void man_synopsis(const cli_program *program)
{
    char name[96];

    printf(".SH SYNOPSIS\n");
    for (const cli_command *c = program->commands; c->run != NULL; c++) {
        cli_full_name(program, c, name);
        roff_between(c != program->commands ? ".br\n\\fB" : "\\fB", name, "\\fR [OPTION]...");
        roff_between(" \\fI", c->arguments != NULL ? c->arguments : "", "\\fR\n");
    }
}

/* A program without sub-commands has one section, else there is one for each command. */
static void man_command(const cli_command *c)
{
    if (c->name == NULL) {
        printf(".SH OPTIONS\n");
    } else {
        printf(".SH ");
        for (const char *s = c->name; *s != '\0'; s++)
            putchar(toupper((unsigned char)*s));
        roff_between("\n", c->summary, ".\n");
    }
    if (c->details != NULL)
        roff_between(".PP\n", c->details, "\n");
    man_options(c);
}

static void man_examples(const cli_program *program)
{
    printf(".SH EXAMPLES\n");
    for (const cli_command *c = program->commands; c->run != NULL; c++)
        for (const char *const *e = c->examples; e != NULL && e[0] != NULL; e += 2) {
            roff_between(".TP\n\\fB", e[0], "\\fR\n");
            roff_between("", e[1], "\n");
        }
}

void cli_man(const cli_program *program)
{
    printf(".TH ");
    for (const char *s = program->name; *s != '\0'; s++)
        putchar(toupper((unsigned char)*s));
    printf(" 1 \"\" \"skincnn %s\" \"skincnn manual\"\n.SH NAME\n", skc_version());
    roff(program->name);
    roff_between(" \\- ", program->summary, "\n");
    man_synopsis(program);
    if (program->details != NULL)
        roff_between(".SH DESCRIPTION\n", program->details, "\n");
    for (const cli_command *c = program->commands; c->run != NULL; c++)
        man_command(c);
    printf(".SH \"OTHER OPTIONS\"\n");
    for (const cli_option *o = cli_common_options; o->name != NULL; o++)
        if (o->help != NULL)
            man_option(&(const cli_command){ 0 }, o, &(const bool){ false });
    man_examples(program);
    roff_between(".SH \"EXIT STATUS\"\n", CLI_EXIT_TEXT, "\n");
    roff_between(".SH CAVEATS\n", SKC_DISCLAIMER, "\n");
}
